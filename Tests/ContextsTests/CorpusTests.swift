import Bytes
import Contexts
import Converters
import Glibc
import JSONText
import Platform
import Registry
import Scoring
import TestKit
import Testing

/// One recorded model: what MLflow logged, a request, and what the estimator itself answered in its process.
struct RecordedModel: CustomTestStringConvertible, Sendable {
    let folder: String
    /// The largest difference that is allowed, relative; 0 demands the same bits, nil a refusal.
    let limit: Double?
    var name: String { folder.split(separator: "/").last.map(String.init) ?? folder }
    var testDescription: String { name }

    /// Those in the repository, of `Tests/Fixtures/corpus/cases.txt`.
    static let committed: [RecordedModel] = {
        let path = Checkout.fixture("corpus/cases.txt")
        let text = (try? readFile(path, limit: 1 << 20)).map { String(decoding: $0, as: UTF8.self) } ?? ""
        return text.split(separator: "\n").map { line in
            let parts = line.split(separator: " ").map(String.init)
            return RecordedModel(
                folder: Checkout.fixture("corpus/\(parts[0])"), limit: parts[1] == "exact" ? 0 : Double(parts[1]))
        }
    }()

    /// All of the folder that `SKIFF_CORPUS` names; none without it.
    static let whole: [RecordedModel] = {
        guard let path = getenv("SKIFF_CORPUS").map({ String(cString: $0) }),
            let folder = try? DirectoryAnchor.open(path), let names = try? folder.names()
        else { return [] }
        return names.sorted().map { RecordedModel(folder: "\(path)/\($0)", limit: 1e-12) }
            .filter { (try? FileStatus.of($0.folder + "/expected.json")) ?? nil != nil }
    }()

    func json(_ file: String) throws -> JSONValue {
        try JSONText.parse(ByteRegion(try readFile("\(folder)/\(file)", limit: 1 << 28)))
    }

    /// The model, converted; nil when it is not, with the reasons.
    func converted() throws -> (model: CompiledModel?, refusals: [String]) {
        let local = try LocalFolder.read(folder + "/model")
        let described = try DescribedModel(local.tree, shownName: name, identity: local.identity)
        let plan = try ServingPlanner.plan(described, options: Workbench.options())
        return (plan.compiled, plan.refusals.map(\.sentence))
    }

    /// The recorded request, its rows several times over.
    func block(of model: CompiledModel, copies: Int = 1) throws -> InputBlock {
        var block = InputBlock(model: model)
        let records = try json("inputs.json")["dataframe_records"]?.arrayValue ?? []
        for record in (0..<copies).flatMap({ _ in records }) {
            let row = block.appendRow()
            for (index, column) in model.inputs.columns.enumerated() {
                switch record[column.name] ?? .null {
                case .string(let text): block.set(text, row: row, column: index)
                case .number(let number): block.set(number.double ?? .nan, row: row, column: index)
                case .bool(let flag): block.set(flag ? 1 : 0, row: row, column: index)
                case .null, .array, .object: block.setMissing(row: row, column: index)
                }
            }
        }
        return block
    }

    /// The answer to the recorded request, as MLflow lays it out.
    func answer(of model: CompiledModel) throws -> JSONValue {
        let block = try block(of: model)
        var answers = AnswerBlock(model: model)
        try Evaluator(model: model).evaluate(block, into: &answers)
        // Python writes words for what JSON has no numbers for.
        guard answers.values.allSatisfy(\.isFinite) else {
            return .array(
                (0..<answers.rowCount).map { row in
                    let values = answers.values[row * answers.width..<(row + 1) * answers.width].map {
                        $0.isFinite ? JSONValue.double($0) : .null
                    }
                    return model.answer.layout == .flat ? values[0] : .array(values)
                })
        }
        var bytes: [UInt8] = []
        answers.appendPythonJSON(to: &bytes)
        return try JSONText.parse(ByteRegion(bytes))
    }

    /// What the library answered to the method that is served, and whether in float32.
    func expected() throws -> (answer: JSONValue?, isFloat32: Bool) {
        let method = try json("meta.json")["predict_fn"]?.stringValue ?? "predict"
        let raw = try json("expected.json")["raw"]
        return (raw?[method], raw?["\(method)_dtype"]?.stringValue == "float32")
    }
}

/// How far two answers are apart.
struct AnswerDifference {
    /// Labels or shapes that differ.
    private(set) var mismatches = 0
    private var relativeEach = 0.0
    private var absolute = 0.0
    private var largest = 0.0

    init(_ found: JSONValue, _ wanted: JSONValue) { compare(found, wanted) }

    /// Of two numbers, relative to the larger one; or relative to the largest number of all, because what cancels out in a sum has
    /// no digits of its own.
    var relative: Double { min(relativeEach, largest > 0 ? absolute / largest : relativeEach) }

    private mutating func compare(_ found: JSONValue, _ wanted: JSONValue) {
        switch (found, wanted) {
        case (.array(let ours), .array(let theirs)) where ours.count == theirs.count:
            for (one, two) in zip(ours, theirs) { compare(one, two) }
        case (.string(let one), .string(let two)) where one == two: break
        case (.bool(let one), .bool(let two)) where one == two: break
        case (.null, .string("NaN")), (.null, .string("Infinity")), (.null, .string("-Infinity")): break
        case (.number(let one), .number(let two)):
            let (one, two) = (one.double ?? .nan, two.double ?? .nan)
            largest = max(largest, abs(two))
            guard one != two else { return }
            relativeEach = max(relativeEach, abs(one - two) / max(abs(one), abs(two), 1e-300))
            absolute = max(absolute, abs(one - two))
        default: mismatches += 1
        }
    }
}

@Suite("Recorded models of every family")
struct CorpusTests {
    /// Compares a converted model; nil when it was refused.
    private func difference(_ recorded: RecordedModel) throws -> AnswerDifference? {
        let (model, refusals) = try recorded.converted()
        guard let model else {
            #expect(!refusals.isEmpty)
            return nil
        }
        let isFallback = try recorded.json("meta.json")["fallback_expected"]?.boolValue == true
        #expect(!isFallback, "a model that only Python can serve was converted")
        return AnswerDifference(try recorded.answer(of: model), try #require(recorded.expected().answer))
    }

    private func limit(_ recorded: RecordedModel, _ stated: Double) throws -> Double {
        // Where the library itself works in float32, its last bit is no better.
        try stated > 0 && recorded.expected().isFloat32 ? 1e-6 : stated
    }

    @Test("a recorded model answers as its library did, as closely as promised", arguments: RecordedModel.committed)
    func committed(_ recorded: RecordedModel) throws {
        let difference = try difference(recorded)
        guard let stated = recorded.limit else {
            #expect(difference == nil, "it was promised to be refused")
            return
        }
        let found = try #require(difference, "it was refused")
        #expect(try found.mismatches == 0 && found.relative <= limit(recorded, stated), "\(found)")
    }

    @Test("every family and every generation of the libraries is among the recorded models")
    func complete() throws {
        let names = RecordedModel.committed.map { $0.name.split(separator: "_").first.map(String.init) ?? "" }
        #expect(names.count >= 290)
        #expect(
            Set(names).isSuperset(of: ["c132", "c152", "c172", "c191", "sk113", "sk132", "sk152", "sk172", "sk191"]))
        #expect(RecordedModel.committed.count { $0.limit == 0 } >= 210)
    }

    @Test("of the corpus that SKIFF_CORPUS names nothing answers wrong, and 97 of 100 convertible models convert")
    func whole() throws {
        var (convertible, converted) = (0, 0)
        for recorded in RecordedModel.whole {
            let isFallback = try recorded.json("meta.json")["fallback_expected"]?.boolValue == true
            let found = try difference(recorded)
            convertible += isFallback ? 0 : 1
            converted += found == nil ? 0 : 1
            guard let found else { continue }
            #expect(
                try found.mismatches == 0 && found.relative <= limit(recorded, 1e-12), "\(recorded.name): \(found)")
        }
        #expect(converted * 100 >= convertible * 97, "\(converted) of \(convertible)")
    }
}
