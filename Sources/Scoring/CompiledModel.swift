public import Bytes
import JSONText

/// A model in the form that is scored: a `.skiff` file that was checked completely.
///
/// Arrays are used in place in the file's memory, so that many evaluators, threads and processes share one mapped file.
public final class CompiledModel: Sendable {
    /// The columns that it takes; column `i` is slot `i`.
    public let inputs: InputSchema
    /// What it answers.
    public let answer: Answer
    /// What it was converted from.
    public let source: SourceArtefact
    /// The number of float64 values of one row's workspace.
    public let slotCount: Int

    let operators: [any Operator]
    /// What runs: the operators, some of them fused.
    let steps: [any Operator]
    /// Per column; nil when the column holds no texts or none are known.
    let strings: [StringTable?]
    /// Per answer slot, each label as it stands in JSON, or empty when the answer is numbers.
    let encodedLabels: [[[UInt8]]]
    private let region: ByteRegion
    private let frameVersion: Int
    private let operatorSizes: [(inputs: Int, outputs: Int)]

    /// Reads a `.skiff` file of format 1 (`Format.md`), without copying its arrays.
    ///
    /// - Parameters:
    ///   - region: the whole file; it is kept alive by the model. It is copied only when it is not aligned to 8 bytes.
    ///   - file: the file's name for error messages.
    /// - Throws: `ScoringError` of kind `.damaged` or `.tooNew`, with the byte offset where one is known. Every offset, length,
    ///   checksum, slot, array and tree is checked: a model that exists cannot read outside its memory, whatever the rows.
    public static func load(_ region: ByteRegion, file: String?) throws(ScoringError) -> CompiledModel {
        do {
            let isAligned = Int(bitPattern: region.base).isMultiple(of: 8)
            return try CompiledModel(isAligned ? region : ByteRegion(region.bytes(region.range)))
        } catch {
            var error = error
            error.file = file
            throw error
        }
    }

    private init(_ region: ByteRegion) throws(ScoringError) {
        let frame = try SkiffFile.decode(region)
        let program = try Self.parse(frame.sections[0])
        let head = try ProgramHead(program, sourceDigest: frame.sourceDigest)
        try ProgramHead.check(head.inputs, kind: .damaged)
        let sections = SectionTable(sections: frame.sections)
        var strings: [StringTable?] = []
        for number in head.stringSections {
            if let number { strings.append(try sections.strings(number)) } else { strings.append(nil) }
        }
        guard let descriptions = program["operators"]?.arrayValue, descriptions.count <= Limits.operators else {
            throw ScoringError(.damaged, "the program has no list of at most \(Limits.operators) operators")
        }
        var operators: [any Operator] = []
        var sizes: [(inputs: Int, outputs: Int)] = []
        var inputSlots: [[Slot]] = []
        var bounds: [Slot: Int] = [:]
        var slotCount = head.inputs.columns.count
        var inputCount = 0
        for (number, description) in descriptions.enumerated() {
            guard let object = description.objectValue else {
                throw ScoringError(.damaged, "operator \(number) is not an object")
            }
            let decoded = try OperatorCatalog.decode(
                object, number: number, slotCount: slotCount, columns: head.inputs.columns, sections: sections)
            if let bound = decoded.0.indexBound { for slot in decoded.outputs { bounds[slot] = bound } }
            inputCount += decoded.inputs.count
            inputSlots.append(decoded.inputs)
            guard inputCount <= Limits.inputs else {
                throw ScoringError(.damaged, "its operators have more than \(Limits.inputs) inputs together")
            }
            operators.append(decoded.0)
            sizes.append((decoded.inputs.count, decoded.outputs.count))
            slotCount = decoded.outputs.upperBound
        }
        guard program["slots"]?.intValue == slotCount else {
            throw ScoringError(.damaged, "the program does not have \(slotCount) slots as it should")
        }
        try head.check(slotCount: slotCount, indexBounds: bounds, kind: .damaged)
        inputs = head.inputs
        answer = head.answer
        source = head.source
        self.slotCount = slotCount
        self.operators = operators
        let answered = head.answer.slots
        let fused = TreeFusion.steps(operators, inputs: inputSlots, answer: answered, slotCount: slotCount)
        steps = TextFusion.steps(fused, of: operators, inputs: inputSlots, answer: answered)
        self.strings = strings
        encodedLabels = head.answer.labels.map(\.encoded)
        operatorSizes = sizes
        frameVersion = frame.formatVersion
        self.region = region
    }

    private static func parse(_ section: Section) throws(ScoringError) -> JSONObject {
        let text = ByteRegion(section.region.bytes(section.range))
        let value: JSONValue
        do {
            value = try JSONText.parse(text, limits: .document)
        } catch {
            throw ScoringError(
                .damaged, "the program is not JSON: \(error.reason)",
                byteOffset: section.range.lowerBound + error.offset)
        }
        guard let object = value.objectValue else {
            throw ScoringError(.damaged, "the program is not an object", byteOffset: section.range.lowerBound)
        }
        return object
    }

    /// The bytes of the `.skiff` file; the same for the same `ModelBuilder` calls, on any machine.
    public func serialized() -> [UInt8] { region.bytes(region.range) }

    /// Sizes and operators, for `skiff inspect`.
    public var summary: ModelSummary {
        var result = ModelSummary(
            formatVersion: frameVersion, byteCount: region.count, columnCount: inputs.columns.count,
            slotCount: slotCount, treeCount: 0, nodeCount: 0, operators: [])
        for (step, size) in zip(operators, operatorSizes) {
            let details = step.details
            if step is TreeEnsemble {
                result.treeCount += details.first { $0.name == "trees" }?.value ?? 0
                result.nodeCount += details.first { $0.name == "nodes" }?.value ?? 0
            }
            result.operators.append(
                OperatorSummary(
                    name: type(of: step).name, inputCount: size.inputs, outputCount: size.outputs, details: details))
        }
        return result
    }
}

extension LabelTable {
    /// Each label as Python's `json.dumps` writes it.
    fileprivate var encoded: [[UInt8]] {
        func bytes(_ value: JSONValue) -> [UInt8] { JSONWriter.bytes(value, style: .python) }
        return switch self {
        case .strings(let values): values.map { bytes(.string($0)) }
        case .integers(let values): values.map { bytes(.int(Int($0))) }
        case .doubles(let values): values.map { bytes(.double($0)) }
        case .booleans(let values): values.map { bytes(.bool($0)) }
        }
    }
}
