/// How a program runs whose columns of terms are mostly zeros: what only sums read is kept as a few numbers for each row.
///
/// The file says nothing of it, and the answers are the same bits: a zero changes no sum, as long as its weight is finite.
enum TextFusion {
    /// What runs in place of `steps`, the steps of `operators`.
    ///
    /// - Parameters:
    ///   - inputs: per operator, the slots that it reads.
    ///   - answer: the slots that are answered.
    static func steps(
        _ steps: [any Operator], of operators: [any Operator], inputs: [[Slot]], answer: [Slot]
    ) -> [any Operator] {
        guard operators.contains(where: { $0 is Tokens }) else { return steps }
        var steps = steps
        var place = 0
        for (number, step) in operators.enumerated() {
            guard let tokens = step as? Tokens else { continue }
            let readers = Self.readers(of: tokens.outputs, inputs, answer)
            var outputs = tokens.outputs
            var weights: TermWeights?
            var next = readers
            if let readers, readers.count == 1, let reader = operators[readers[0]] as? TermWeights,
                reader.inputs.elementsEqual(tokens.outputs)
            {
                weights = reader
                outputs = reader.outputs
                next = Self.readers(of: outputs, inputs, answer)
            }
            let sums = next.flatMap { Self.sums($0, steps, outputs, place) }
            guard weights != nil || sums != nil else { continue }
            steps[number] = SparseTerms(
                tokens: tokens, weights: weights, place: place, target: sums == nil ? outputs : nil)
            if weights != nil, let reader = readers?.first { steps[reader] = Nothing() }
            for (number, sum) in sums ?? [:] { steps[number] = sum }
            place += 1
        }
        return steps
    }

    /// The operators that read these slots; nil when the answer does.
    private static func readers(of slots: Range<Slot>, _ inputs: [[Slot]], _ answer: [Slot]) -> [Int]? {
        if answer.contains(where: slots.contains) { return nil }
        return inputs.indices.filter { inputs[$0].contains(where: slots.contains) }
    }

    /// For each reader the sum that takes its place; nil when one of them is no sum that can.
    private static func sums(
        _ readers: [Int], _ steps: [any Operator], _ slots: Range<Slot>, _ place: Int
    ) -> [Int: SparseLinear]? {
        var sums: [Int: SparseLinear] = [:]
        for reader in readers {
            // Another column of texts may have changed the sum before.
            let before = steps[reader] as? SparseLinear ?? (steps[reader] as? Linear).flatMap { SparseLinear($0) }
            guard let sum = before?.reading(slots, place: place) else { return nil }
            sums[reader] = sum
        }
        return sums.isEmpty ? nil : sums
    }
}

/// The numbers of a block's rows that are not zero.
struct SparseRows {
    /// Per row where its numbers begin, and the end.
    var starts: [Int] = []
    /// The positions among the terms, ascending in each row.
    var terms: [Int] = []
    var values: [Double] = []

    mutating func removeAll() {
        starts.removeAll(keepingCapacity: true)
        terms.removeAll(keepingCapacity: true)
        values.removeAll(keepingCapacity: true)
        starts.append(0)
    }
}

/// Counts of terms with their weights: kept as they are, or written to the slots of `target`.
private struct SparseTerms: Operator {
    static let name = Tokens.name
    let tokens: Tokens
    let weights: TermWeights?
    let place: Int
    let target: Range<Slot>?

    init(tokens: Tokens, weights: TermWeights?, place: Int, target: Range<Slot>?) {
        (self.tokens, self.weights, self.place, self.target) = (tokens, weights, place, target)
    }

    init(_ fields: inout OperatorFields) throws(ScoringError) {
        self.init(tokens: try Tokens(&fields), weights: nil, place: 0, target: nil)
    }

    func run(_ block: RowBlock) throws(ScoringError) {
        while block.texts.sparse.count <= place { block.texts.sparse.append(SparseRows()) }
        block.texts.sparse[place].removeAll()
        for row in 0..<block.rows {
            try tokens.count(block, row)
            add(block.texts.counts, to: &block.texts.sparse[place])
        }
        if let target { write(block.texts.sparse[place], to: block, target) }
    }

    private func add(_ counts: TermCounts, to rows: inout SparseRows) {
        let start = rows.terms.count
        for term in counts.met {
            rows.terms.append(term)
            rows.values.append(tokens.isBinary ? 1 : Double(counts[term]))
        }
        weights?.weigh(&rows, from: start)
        rows.starts.append(rows.terms.count)
    }

    private func write(_ rows: SparseRows, to block: RowBlock, _ target: Range<Slot>) {
        let base = block[target.lowerBound]
        for index in 0..<(target.count * block.rows) { base[index] = 0 }
        for row in 0..<block.rows {
            for index in rows.starts[row]..<rows.starts[row + 1] {
                base[rows.terms[index] * block.rows + row] = rows.values[index]
            }
        }
    }
}

/// A step that another one does.
private struct Nothing: Operator {
    static let name = TermWeights.name

    init() {}

    init(_ fields: inout OperatorFields) throws(ScoringError) { _ = try TermWeights(&fields) }

    func run(_ block: RowBlock) {}
}

extension TermWeights {
    /// Weighs the numbers of a row, which begin at `start`.
    fileprivate func weigh(_ rows: inout SparseRows, from start: Int) {
        let places = start..<rows.values.count
        for place in places { rows.values[place] = weight(rows.values[place], rows.terms[place]) }
        let length = length(places.count) { rows.values[start + $0] }
        guard length != 0 else { return }
        for place in places { rows.values[place] = divided(rows.values[place], by: length) }
    }
}
