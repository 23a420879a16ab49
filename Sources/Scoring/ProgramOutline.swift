import Bytes
import JSONText

/// What a program says of each input column: where answers may change, for choosing rows to compare.
///
/// Read from the program's text (Format.md, "Operators"). Of an operator that is not named here it is only known that it
/// reads its inputs.
public struct ProgramOutline: Sendable, Equatable {
    /// A number at which a tree goes another way.
    public struct Threshold: Sendable, Equatable {
        /// The number; a float32 when `width` is.
        public var value: Double
        /// The width to which the column is rounded before it is compared.
        public var width: FloatWidth
    }

    /// One input column.
    public struct Column: Sendable, Equatable {
        /// Whether the answer depends on it.
        public var isUsed = false
        /// The split thresholds of trees that read the column itself (as it comes, rounded or with missing values filled);
        /// ascending and distinct for each width.
        public var thresholds: [Threshold] = []
        /// Other numbers that the program holds about the column, ascending and distinct: what imputers fill in, means and
        /// scales around them, categories that are numbers.
        public var landmarks: [Double] = []
        /// The operators that read the column itself, or its values with gaps filled: their words in the file, in order.
        public var readers: [String] = []
        /// The texts that the program knows in the column, in the order of their bytes.
        public var texts: [String] = []
        /// Terms that the program counts in the column's texts, evenly spaced over all of them.
        public var terms: [String] = []
    }

    /// The most terms of a column.
    public static let termLimit = 256

    /// One operator.
    public struct Step: Sendable, Equatable {
        /// Its word in the file.
        public var name: String
        /// The width that it says it works in.
        public var width: FloatWidth?

        /// Makes a step.
        public init(name: String, width: FloatWidth?) {
            self.name = name
            self.width = width
        }
    }

    /// Per input column.
    public var columns: [Column]
    /// The program, in order.
    public var steps: [Step]
}

extension CompiledModel {
    /// What the program says of its columns.
    ///
    /// - Throws: never for a model that was loaded or built, because its bytes were checked then.
    public func outline() throws(ScoringError) -> ProgramOutline {
        let frame = try SkiffFile.decode(ByteRegion(serialized()))
        let section = frame.sections[0]
        let program: JSONValue
        do {
            program = try JSONText.parse(ByteRegion(section.region.bytes(section.range)), limits: .document)
        } catch {
            throw ScoringError(.damaged, "the program is not JSON: \(error.reason)")
        }
        var reader = OutlineReader(columns: inputs.columns, sections: SectionTable(sections: frame.sections))
        for operation in program["operators"]?.arrayValue ?? [] { try reader.read(operation) }
        for slot in answer.slots { reader.use(slot) }
        for (column, table) in strings.enumerated() {
            guard let table else { continue }
            reader.columns[column].texts = (0..<table.count).map { String(decoding: table[$0], as: UTF8.self) }
        }
        return reader.outline
    }
}

/// Follows each slot back to the input column that it was made of.
private struct OutlineReader {
    /// A slot that holds `factor * column + offset`.
    struct Source {
        var column: Int
        var factor = 1.0
        var offset = 0.0
        /// The column as it came, but for rounding and filled gaps.
        var isStraight = true

        /// The column's value at which the slot has this one; nil when there is none.
        func column(at value: Double) -> Double? {
            let result = (value - offset) / factor
            return result.isFinite ? result : nil
        }
    }

    var columns: [ProgramOutline.Column]
    private var steps: [ProgramOutline.Step] = []
    private var sources: [Source?]
    private var landmarks: [Set<Double>]
    private let types: [ValueType]
    private let sections: SectionTable
    // Thresholds that lie behind a transformation are landmarks; more than these help nobody.
    private static let landmarksPerFeature = 32
    // Around the middle of a scaled column.
    private static let scaledValues = [-2.0, -1, 0, 1, 2]

    init(columns: [InputColumn], sections: SectionTable) {
        self.columns = columns.map { _ in ProgramOutline.Column() }
        self.sections = sections
        types = columns.map(\.type)
        sources = columns.indices.map { Source(column: $0) }
        landmarks = columns.map { _ in [] }
    }

    var outline: ProgramOutline {
        var columns = columns
        for index in columns.indices {
            columns[index].landmarks = landmarks[index].sorted()
            columns[index].thresholds = FloatWidth.allCases.flatMap { width in
                Set(columns[index].thresholds.filter { $0.width == width }.map(\.value)).sorted()
                    .map { ProgramOutline.Threshold(value: $0, width: width) }
            }
        }
        return ProgramOutline(columns: columns, steps: steps)
    }

    mutating func use(_ slot: Slot) {
        if let source = sources[slot] { columns[source.column].isUsed = true }
    }

    mutating func read(_ operation: JSONValue) throws(ScoringError) {
        let name = operation["op"]?.stringValue ?? ""
        let inputs = try SlotRuns.decode(operation["in"], below: sources.count, what: "the inputs of `\(name)`")
        let outputCount = operation["out"]?.arrayValue?.last?.intValue ?? 0
        steps.append(.init(name: name, width: Self.width(operation)))
        if name != RequireFinite.name {
            for slot in inputs {
                use(slot)
                if let source = sources[slot] { columns[source.column].readers.append(name) }
            }
        }
        var outputs = [Source?](repeating: nil, count: outputCount)
        switch name {
        case Impute.name:
            outputs = inputs.map { sources[$0] }
            note(operation["missing"].flatMap(DoubleText.decode).map { [$0] } ?? [], for: inputs)
            note(one: array(operation["fill"]), for: inputs)
        case Scale.name:
            outputs = scaled(inputs, operation["steps"]?.arrayValue ?? [])
        case Match.name:
            note(array(operation["values"]), for: inputs)
        case Threshold.name:
            note(operation["above"].flatMap(DoubleText.decode).map { [$0] } ?? [], for: inputs)
        case Tokens.name:
            noteTerms(operation["vocabulary"]?.intValue, inputs)
        case TreeEnsemble.name:
            readTrees(operation, inputs)
        default: break
        }
        sources += outputs
    }

    private static func width(_ operation: JSONValue) -> FloatWidth? {
        (operation["width"] ?? operation["sumWidth"])?.stringValue.flatMap(FloatWidth.init(rawValue:))
    }

    // The arrays of known operators exist: the program was checked when it was loaded.
    private func array(_ number: JSONValue?) -> [Double] {
        guard let number = number?.intValue else { return [] }
        if let values = try? sections.float64(number) { return Array(values.buffer) }
        if let values = try? sections.float32(number) { return values.buffer.map(Double.init) }
        return []
    }

    private mutating func note(_ values: [Double], for inputs: [Slot]) {
        for slot in inputs { note(values, at: sources[slot]) }
    }

    private mutating func note(one values: [Double], for inputs: [Slot]) {
        for (slot, value) in zip(inputs, values) { note([value], at: sources[slot]) }
    }

    private mutating func note(_ values: [Double], at source: Source?) {
        guard let source, types[source.column] != .string else { return }
        for value in values { if let value = source.column(at: value) { landmarks[source.column].insert(value) } }
    }

    private mutating func scaled(_ inputs: [Slot], _ steps: [JSONValue]) -> [Source?] {
        let constants = steps.map { array($0["with"]) }
        return inputs.enumerated().map { index, slot in
            guard var source = sources[slot] else { return nil }
            for (step, constants) in zip(steps, constants) where constants.indices.contains(index) {
                apply(step["do"]?.stringValue ?? "", constants[index], to: &source)
            }
            if !source.isStraight { note(Self.scaledValues, at: source) }
            return source
        }
    }

    private mutating func apply(_ action: String, _ constant: Double, to source: inout Source) {
        switch action {
        case "add": source.offset += constant
        case "subtract": source.offset -= constant
        case "multiply":
            source.factor *= constant
            source.offset *= constant
        case "divide":
            source.factor /= constant
            source.offset /= constant
        default: return note([constant], at: source)
        }
        source.isStraight = false
    }

    private mutating func noteTerms(_ number: Int?, _ inputs: [Slot]) {
        guard let number, let table = try? sections.strings(number), let column = inputs.first else { return }
        let terms = (0..<table.count).evenlySpaced(ProgramOutline.termLimit)
        columns[column].terms += terms.map { String(decoding: table[$0], as: UTF8.self) }
    }

    private mutating func readTrees(_ operation: JSONValue, _ inputs: [Slot]) {
        guard let number = operation["features"]?.intValue, let table = try? sections.uint32(number),
            let width = operation["inputWidth"]?.stringValue.flatMap(FloatWidth.init(rawValue:))
        else { return }
        let thresholds = array(operation["thresholds"])
        for row in stride(from: 0, to: table.count - 3, by: 4) {
            let (input, start, count) = (Int(table[row]), Int(table[row + 1]), Int(table[row + 2]))
            guard inputs.indices.contains(input), start + count <= thresholds.count,
                let source = sources[inputs[input]], types[source.column] != .string
            else { continue }
            let list = thresholds[start..<(start + count)]
            if source.isStraight {
                columns[source.column].thresholds += list.map { .init(value: $0, width: width) }
            } else {
                note(list.evenlySpaced(Self.landmarksPerFeature), at: source)
            }
        }
    }
}

extension RandomAccessCollection {
    /// At most `count` elements, evenly spaced, the first and the last among them.
    public func evenlySpaced(_ count: Int) -> [Element] {
        guard self.count > count, count > 1 else { return Array(prefix(Swift.max(0, count))) }
        return (0..<count).map { self[index(startIndex, offsetBy: $0 * (self.count - 1) / (count - 1))] }
    }
}
