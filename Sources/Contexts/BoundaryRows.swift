import JSONText
import MLmodelFormat
import Scoring

/// Rows to compare a converted model with the original on: its own example, then rows at the boundaries of the program.
///
/// The same model always gives the same rows. Each boundary row takes one value of `ColumnProbes` in every column that the answer
/// depends on, so that a few rows reach many boundaries; the last third keeps to an example's row in two columns of three.
struct BoundaryRows {
    /// All rows together.
    static let rowLimit = 200
    /// Rows of the model's own example.
    static let exampleLimit = 50
    /// Bytes of all rows together, as text.
    static let byteLimit = 1 << 20
    /// Rows to try in any case, where some columns have few values.
    private static let leastBoundaryRows = 64
    /// Attempts to repair a row that the model refuses.
    private static let repairLimit = 64

    /// The rows, each with one cell for each column of the schema.
    private(set) var rows: [[JSONValue]] = []
    /// How many of them, from the first, are the example's.
    private(set) var exampleCount = 0

    /// The columns of a row.
    let names: [String]
    /// Whether a row is one of a table with named columns.
    let isTable: Bool
    /// Per column of the model, the position of its cell in a row.
    let targets: [Int]
    private let judge: RowJudge
    // Per column of the schema: what to try there. Empty where the model reads nothing.
    private var probes: [[JSONValue]]
    private var seen: Set<[UInt8]> = []
    private var byteCount = 0

    /// Chooses the rows for a converted model. None when the schema and the model do not fit together.
    ///
    /// - Parameter example: a request that was logged with the model.
    init?(
        _ compiled: CompiledModel, schema: Schema, outline: ProgramOutline, tolerance: ParityTolerance,
        example: JSONValue?
    ) {
        let columns = SchemaColumns(schema, isExact: tolerance.isExact)
        guard let columns, let targets = columns.targets(of: compiled) else { return nil }
        names = columns.names
        isTable = columns.isTable
        self.targets = targets
        judge = RowJudge(compiled, targets: targets, outline: outline, tolerance: tolerance)
        probes = columns.names.map { _ in [] }
        let examples = columns.rows(of: example).evenlySpaced(Self.exampleLimit)
        for row in examples { if case .answered = judge.judge(row) { _ = add(row) } }
        exampleCount = rows.count
        let base = rows.first ?? columns.zeros
        for (column, place) in zip(outline.columns, targets) where column.isUsed {
            guard let probe = columns.probes[place] else { continue }
            probes[place] = shuffled(probe.values(column, examples: examples.map { $0[place] }), seed: UInt64(place))
        }
        addBoundaries(base)
    }

    private mutating func addBoundaries(_ base: [JSONValue]) {
        let budget = Self.rowLimit - rows.count
        let examples = rows
        let wanted = max(Self.leastBoundaryRows, probes.map(\.count).max() ?? 0)
        let all = min(examples.isEmpty ? budget : budget * 2 / 3, wanted)
        for index in 0..<all { guard tryRow(base, index, where: { _ in true }) else { return } }
        guard !examples.isEmpty else { return }
        for index in 0..<(budget - all) {
            let row = examples[index % examples.count]
            guard tryRow(row, index, where: { ($0 + index) % 3 == 0 }) else { return }
        }
    }

    /// Puts probes into the columns of `base` that `isChosen` chooses, until the model answers the row. False when there is no
    /// room for more.
    private mutating func tryRow(_ base: [JSONValue], _ index: Int, where isChosen: (Int) -> Bool) -> Bool {
        var row = base
        for column in row.indices where isChosen(column) { row[column] = probe(column, index) ?? base[column] }
        for attempt in 0..<Self.repairLimit {
            switch judge.judge(row) {
            case .answered: return add(row)
            case .useless: return true
            case .refused(let name):
                guard let name, let column = names.firstIndex(where: { $0.utf8.elementsEqual(name.utf8) }),
                    let wrong = probes[column].firstIndex(of: row[column])
                else { return true }
                // What is refused once is refused always: the column is not asked about it again.
                probes[column].remove(at: wrong)
                row[column] = probe(column, index + attempt) ?? base[column]
            }
        }
        return true
    }

    // Columns with as many probes as their neighbours meet other probes of these with each round.
    private func probe(_ column: Int, _ index: Int) -> JSONValue? {
        let list = probes[column]
        // Not `nil` beside a value: that would be JSON's null.
        guard !list.isEmpty else { return .none }
        return list[(index + index / list.count * column) % list.count]
    }

    private mutating func add(_ row: [JSONValue]) -> Bool {
        let text = JSONWriter.bytes(.array(row), style: .compact)
        guard byteCount + text.count <= Self.byteLimit, rows.count < Self.rowLimit else { return false }
        guard seen.insert(text).inserted else { return true }
        byteCount += text.count
        rows.append(row)
        return true
    }

    // So that neighbours of one column do not always meet the same neighbours of the next one.
    private func shuffled(_ values: [JSONValue], seed: UInt64) -> [JSONValue] {
        var values = values
        var state = seed
        for last in values.indices.dropFirst().reversed() {
            // SplitMix64.
            state &+= 0x9E37_79B9_7F4A_7C15
            var mixed = (state ^ (state >> 30)) &* 0xBF58_476D_1CE4_E5B9
            mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
            values.swapAt(last, Int((mixed ^ (mixed >> 31)) % UInt64(last + 1)))
        }
        return values
    }
}

/// The columns of a request as rows need them.
private struct SchemaColumns {
    let names: [String]
    let probes: [ColumnProbes?]
    /// A row of zeros, false and empty texts.
    let zeros: [JSONValue]
    private let optional: [Bool]
    let isTable: Bool

    init?(_ schema: Schema, isExact: Bool) {
        guard let request = schema.zeroRequest,
            let zeros = (request["dataframe_split"]?["data"] ?? request["inputs"])?.arrayValue?.first?.arrayValue
        else { return nil }
        self.zeros = zeros
        switch schema {
        case .columns(let columns):
            names = columns.compactMap(\.name)
            probes = columns.map { ColumnProbes($0.type, isExact: isExact) }
            optional = columns.map { !$0.required }
            isTable = true
        case .tensors(let tensors):
            guard tensors.count == 1, tensors[0].name == nil else { return nil }
            names = zeros.indices.map(String.init)
            probes = zeros.map { _ in ColumnProbes(dtype: tensors[0].dtype, isExact: isExact) }
            optional = zeros.map { _ in false }
            isTable = false
        }
        guard names.count == zeros.count else { return nil }
    }

    func targets(of compiled: CompiledModel) -> [Int]? {
        let inputs = compiled.inputs.columns
        guard isTable else { return inputs.count == names.count ? Array(names.indices) : nil }
        var places: [[UInt8]: Int] = [:]
        for (place, name) in names.enumerated() { places[Array(name.utf8)] = place }
        let targets = inputs.compactMap { places[Array($0.name.utf8)] }
        return targets.count == inputs.count ? targets : nil
    }

    /// The example's rows that leave nothing out which must be there.
    func rows(of example: JSONValue?) -> [[JSONValue]] {
        guard let example, let rows = SampleBinding.rows(of: example, names: names, isOptional: { optional[$0] }) else {
            return []
        }
        return rows.filter { row in
            zip(row, probes).allSatisfy { cell, probe in !cell.isNull || probe?.takesMissing ?? true }
        }
    }
}
