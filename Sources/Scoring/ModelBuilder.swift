import Bytes
import JSONText

/// Describes a model step by step and compiles it; the only way to make a `CompiledModel` besides reading one.
///
/// A row is a vector of float64 slots. Input column `i` is slot `i`; each operator adds new slots and returns them, so that
/// a slot is written once and concatenation is just a list of slots. A missing cell is NaN. A text column holds the code of
/// the cell's text (`code(of:column:)`), -1 when the program does not know the text, NaN when it is missing.
///
/// The operators' conveniences are extensions, one in each file of `Operators/` and `Trees/`. Each checks its arguments at
/// once and throws `ScoringError` of kind `.unsound`. The same calls always give the same bytes.
public struct ModelBuilder: Sendable {
    /// The columns that the model takes.
    public private(set) var inputs: InputSchema
    /// The number of slots so far.
    public private(set) var slotCount: Int
    /// Bytes that all arrays of the model together may have.
    public var arrayByteLimit = Int.max

    private var arrayByteCount = 0
    private var operators: [JSONObject] = []
    private var indexBounds: [Slot: Int] = [:]
    // Per slot, the input column that it was made of, when that is one.
    private var origins: [Int?]
    private var texts: [TextCodes]
    // Section 0 is the program, which does not exist before `finish`.
    private var sections = SectionTable(sections: [Section(kind: .program, region: ByteRegion([]), range: 0..<0)])

    /// Begins a model. Throws when there are no columns, too many, or two of one name.
    public init(inputs: InputSchema) throws(ScoringError) {
        try ProgramHead.check(inputs)
        self.inputs = inputs
        slotCount = inputs.columns.count
        origins = inputs.columns.indices.map { $0 }
        texts = Array(repeating: TextCodes(), count: inputs.columns.count)
    }

    /// The slots of the input columns, in column order.
    public var inputSlots: [Slot] { Array(inputs.columns.indices) }

    /// The code by which text column `column` represents `text`, for use in operators' arguments. Texts are compared by their
    /// UTF-8 bytes. The same text always has the same code; codes count from 0 in each column.
    public mutating func code(of text: String, column: Int) throws(ScoringError) -> Int {
        guard inputs.columns.indices.contains(column), inputs.columns[column].type == .string else {
            throw ScoringError(.unsound, "column \(column) does not hold texts")
        }
        return texts[column].code(of: text)
    }

    /// The codes of several texts, in their order.
    public mutating func codes(of texts: [String], column: Int) throws(ScoringError) -> [Int] {
        var result: [Int] = []
        for text in texts { result.append(try code(of: text, column: column)) }
        return result
    }

    /// Compiles what was described. Throws when the answer names slots or labels that do not fit.
    public func finish(answer: Answer, source: SourceArtefact) throws(ScoringError) -> CompiledModel {
        guard source.sha256.count == 32 else {
            throw ScoringError(.unsound, "the digest of the source has \(source.sha256.count) bytes instead of 32")
        }
        var all = sections.sections
        var stringSections: [Int?] = []
        for (column, texts) in zip(inputs.columns, texts) {
            guard column.type == .string, !texts.inOrder.isEmpty else {
                stringSections.append(nil)
                continue
            }
            stringSections.append(all.count)
            all.append(Self.section(.strings, StringTable.encode(texts.inOrder)))
        }
        let head = ProgramHead(inputs: inputs, stringSections: stringSections, answer: answer, source: source)
        try head.check(slotCount: slotCount, indexBounds: indexBounds, kind: .unsound)
        let program = head.encode(operators: operators, slotCount: slotCount)
        all[0] = Self.section(.program, JSONWriter.bytes(program, style: .compact))
        let bytes = SkiffFile.encode(sections: all, sourceDigest: source.sha256)
        return try CompiledModel.load(bytes, file: nil)
    }

    /// Which input columns an operator's outputs tell of, for refusals that name the column.
    enum Origin {
        /// Output `i` of input `i`.
        case oneToOne
        /// All outputs of the only input.
        case first
        /// No single one.
        case none
    }

    /// The columns that slots were made of, as numbers for an operator's parameters; -1 for a mixture.
    func columnNumbers(_ slots: [Slot]) -> JSONValue {
        .array(slots.map { .int(origins.indices.contains($0) ? origins[$0] ?? -1 : -1) })
    }

    /// Adds an operator: checks its description as a reader of the file would and gives its output slots.
    mutating func add(
        _ name: String, inputs: [Slot], outputCount: Int, _ parameters: JSONObject, origin: Origin
    ) throws(ScoringError) -> [Slot] {
        for slot in inputs where slot < 0 || slot >= slotCount {
            throw ScoringError(.unsound, "`\(name)` reads slot \(slot), but there are only \(slotCount)")
        }
        var object = JSONObject()
        object["op"] = .string(name)
        object["in"] = SlotRuns.encode(inputs)
        object["out"] = .array([.int(slotCount), .int(outputCount)])
        for (key, value) in parameters.members { object[key] = value }
        guard operators.count < Limits.operators else {
            throw ScoringError(.unsound, "there are more than \(Limits.operators) operators")
        }
        guard arrayByteCount <= arrayByteLimit else {
            throw ScoringError(
                .unsound, "the arrays of its program have more than \(arrayByteLimit) bytes, the limit for its size")
        }
        do {
            let decoded = try OperatorCatalog.decode(
                object, number: operators.count, slotCount: slotCount, columns: self.inputs.columns,
                sections: sections)
            if let bound = decoded.0.indexBound { for slot in decoded.outputs { indexBounds[slot] = bound } }
        } catch {
            throw ScoringError(.unsound, error.reason)
        }
        operators.append(object)
        switch origin {
        case .oneToOne: origins.append(contentsOf: inputs.map { origins[$0] })
        case .first: origins.append(contentsOf: repeatElement(origins[inputs[0]], count: outputCount))
        case .none: origins.append(contentsOf: repeatElement(nil, count: outputCount))
        }
        slotCount += outputCount
        return Array((slotCount - outputCount)..<slotCount)
    }

    /// Adds an array and gives its section number for use in an operator's parameters.
    mutating func addArray(_ values: [Double]) -> JSONValue {
        values.withUnsafeBytes { add(.float64, Array($0)) }
    }

    /// Adds an array and gives its section number.
    mutating func addArray(_ values: [Float]) -> JSONValue { values.withUnsafeBytes { add(.float32, Array($0)) } }

    /// Adds an array and gives its section number.
    mutating func addArray(_ values: [UInt32]) -> JSONValue { values.withUnsafeBytes { add(.uint32, Array($0)) } }

    /// Adds an array and gives its section number.
    mutating func addArray(_ values: [UInt64]) -> JSONValue { values.withUnsafeBytes { add(.uint64, Array($0)) } }

    /// Adds a table of texts, whose codes are their positions, and gives its section number. The texts differ in their bytes.
    mutating func addStrings(_ texts: [String]) -> JSONValue { add(.strings, StringTable.encode(texts)) }

    /// Has the texts of a column kept for operators that read them. Throws when it is no column of texts.
    mutating func keepText(of column: Slot) throws(ScoringError) {
        guard inputs.columns.indices.contains(column), inputs.columns[column].type == .string else {
            throw ScoringError(.unsound, "slot \(column) is not a column of texts")
        }
        inputs.columns[column].keepsText = true
    }

    private mutating func add(_ kind: SectionKind, _ bytes: [UInt8]) -> JSONValue {
        arrayByteCount += bytes.count
        sections.sections.append(Self.section(kind, bytes))
        return .int(sections.sections.count - 1)
    }

    private static func section(_ kind: SectionKind, _ bytes: [UInt8]) -> Section {
        Section(kind: kind, region: ByteRegion(bytes), range: 0..<bytes.count)
    }
}

/// The texts of one column in the order of their codes. Keyed by bytes: Swift's strings compare canonically.
private struct TextCodes: Sendable {
    var inOrder: [String] = []
    private var codes: [[UInt8]: Int] = [:]

    mutating func code(of text: String) -> Int {
        let key = Array(text.utf8)
        if let known = codes[key] { return known }
        codes[key] = inOrder.count
        inOrder.append(text)
        return inOrder.count - 1
    }
}
