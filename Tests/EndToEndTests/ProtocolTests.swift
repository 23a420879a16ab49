import Foundation
import JSONText
import TestKit
import Testing

/// One request of `Tests/Fixtures/protocol/cases.jsonl` with what MLflow's server answered.
private struct ProtocolCase {
    enum Parity: String, CaseIterable { case must, should, quirk, framework }

    let id: String
    let model: String
    let parity: Parity
    let method: String
    let path: String
    let fields: [String]
    let body: Data?
    let mode: String
    let status: Int
    let errorCode: String?
    let answer: String?

    init(_ line: Substring) throws {
        let value = try JSONText.parse(String(line))
        func text(_ name: String) throws -> String { try #require(value[name]?.stringValue, "\(name)") }
        id = try text("id")
        model = try text("model")
        parity = try #require(Parity(rawValue: try text("parity")))
        method = try text("method")
        path = try text("path")
        fields = (value["headers"]?.objectValue?.members ?? []).map { "\($0.key): \($0.value.stringValue ?? "")" }
        body =
            value["body_base64"]?.stringValue.flatMap { Data(base64Encoded: $0) }
            ?? value["body"]?.stringValue.map { Data($0.utf8) }
        mode = try text("mode")
        status = try #require(value["status"]?.intValue)
        errorCode = value["error_code"]?.stringValue
        answer = value["answer"]?.stringValue
    }

    static func all() throws -> [ProtocolCase] {
        let text = try String(contentsOfFile: Checkout.fixture("protocol/cases.jsonl"), encoding: .utf8)
        return try text.split(separator: "\n").map { try ProtocolCase($0) }
    }

    /// Whether `given` is what MLflow answered, as far as `mode` compares.
    func agrees(with given: Answer) throws -> Bool {
        guard given.status == status else { return false }
        switch mode {
        case "status": return true
        case "error": return try JSONText.parse(given.body)["error_code"]?.stringValue == errorCode
        case "text": return answer == nil || given.body == answer
        default:
            guard given.type == "application/json" else { return false }
            return isSame(try Self.value(answer ?? ""), try Self.value(given.body))
        }
    }

    /// JSON, with Python's three words for what is not finite.
    private static func value(_ text: String) throws -> JSONValue {
        let bytes = Array(text.utf8)
        let outcome: Result<JSONValue, any Error> = bytes.withUnsafeBytes { buffer in
            Result {
                var reader = JSONPullReader(buffer)
                reader.takesNotFinite = true
                return try JSONText.value(startingWith: try reader.next(), &reader)
            }
        }
        return try outcome.get()
    }
}

/// Equality of answers: numbers within 1e-9 of their size, everything else exactly.
private func isSame(_ one: JSONValue, _ other: JSONValue) -> Bool {
    switch (one, other) {
    case (.number(let one), .number(let other)):
        if one == other { return true }
        guard let one = one.double, let other = other.double else { return false }
        return abs(one - other) <= max(1e-12, 1e-9 * max(abs(one), abs(other)))
    case (.array(let ones), .array(let others)):
        return ones.count == others.count && zip(ones, others).allSatisfy { isSame($0, $1) }
    case (.object(let one), .object(let other)):
        return one.count == other.count
            && one.members.allSatisfy { member in other[member.key].map { isSame(member.value, $0) } ?? false }
    default: return one == other
    }
}

@Suite("MLflow's scoring protocol, as its server answered")
struct ProtocolTests {
    /// What is answered otherwise than by MLflow, and why; everything else that must or should agree, agrees.
    private static let exceptions: [String: String] = [
        "sd-seed-path": "/predict is an address of ours"
    ]
    /// The same for converted models alone.
    private static let convertedExceptions: [String: String] = [
        "pq-bad": "Parquet is refused with 415", "pq-narrowing": "Parquet is refused with 415",
    ]
    /// What must be answered as by MLflow is so in the mode `mlflow` alone: JSON has no byte order mark.
    private static let strictExceptions: Set<String> = ["json-bom"]
    /// The quirks that are not followed in the mode `mlflow`, by what they are about.
    private static let refusedQuirks: Set<String> = [
        "str-number", "str-bool", "str-inputs-number", "ty-str-int", "ty-str-float", "ty-str-bool", "ty-str-list",
        "co-long-overflow-int32", "inputs-float-to-long", "ty-bool-str-true", "ty-bool-str-false", "ty-bin-notb64",
        "ty-bin-inputs", "ty-dt-float", "ty-dt-mixed-col", "pa-null",
    ]
    /// Those that are followed in the mode `mlflow` alone.
    private static let compatibleQuirks: Set<String> = [
        "co-numstr-to-double", "ty-double-underscore", "ty-dt-empty", "out-nan", "out-df", "out-df_time",
    ]

    struct Setting: CustomTestStringConvertible {
        var runtime: String
        var mode: String
        /// The models that this backend serves.
        var models: [String]
        var testDescription: String { "\(runtime), \(mode)" }
    }

    private static let all = [
        "clf_str", "nosig", "outputs", "params", "reg_named", "seed_like", "tensor", "types_echo", "unnamed_cols",
    ]
    private static let converted = ["clf_str", "reg_named", "tensor"]

    @Test(
        "every recorded request is answered as MLflow's server did, but for the named ones",
        arguments: [
            Setting(runtime: "native", mode: "strict", models: converted),
            Setting(runtime: "native", mode: "mlflow", models: converted),
            Setting(runtime: "python", mode: "strict", models: all),
            Setting(runtime: "python", mode: "mlflow", models: all),
        ])
    func replay(_ setting: Setting) throws {
        let cases = try ProtocolCase.all()
        let folder = TemporaryDirectory()
        var passed: [ProtocolCase.Parity: Int] = [:]
        var different: [ProtocolCase.Parity: Set<String>] = [:]
        for model in setting.models {
            let context = folder.file(model)
            try pack(
                Checkout.fixture("protocol/models/\(model)"), into: context, "--runtime", setting.runtime, "--compat",
                setting.mode)
            let python = try Workshop.python().deletingLastPathComponent().path
            let path = "\(python):\(Workshop.variable("PATH") ?? "/usr/bin:/bin")"
            let server = try Served(context + "/app", environment: ["PATH": path])
            for example in cases where example.model == model {
                let answer = try ask(
                    example.method, example.path, port: server.port, fields: example.fields, body: example.body)
                #expect(
                    !answer.body.contains("Traceback") && !answer.body.contains("/site-packages/"), "\(example.id)")
                if try example.agrees(with: answer) {
                    passed[example.parity, default: 0] += 1
                } else {
                    different[example.parity, default: []].insert(example.id)
                }
            }
            #expect(try server.stop() == 0)
        }
        let totals = ProtocolCase.Parity.allCases.map { level in
            "\(passed[level, default: 0])/\(passed[level, default: 0] + different[level, default: []].count)"
        }
        let page = try String(
            contentsOf: Workshop.checkout.appendingPathComponent("examples/mlflow-protocol.md"), encoding: .utf8)
        let line = "| \(setting.testDescription) | \(totals.joined(separator: " | ")) |"
        #expect(page.contains(line), "examples/mlflow-protocol.md should have: \(line)")
        let served = Set(cases.filter { setting.models.contains($0.model) }.map(\.id))
        let exceptions = Set(Self.exceptions.keys)
            .union(setting.runtime == "native" ? Self.convertedExceptions.keys.map { $0 } : [])
            .union(setting.mode == "strict" ? Self.strictExceptions : [])
        let firm = different[.must, default: []].union(different[.should, default: []])
        #expect(firm == served.intersection(exceptions))
        let quirks =
            setting.mode == "mlflow" ? Self.refusedQuirks : Self.refusedQuirks.union(Self.compatibleQuirks)
        #expect(different[.quirk, default: []] == served.intersection(quirks))
    }
    @Test("score.py passes its own tests beside the libraries that models need, Parquet's reader included")
    func worker() throws {
        let arguments = ["-B", Checkout.fixture("server/test_score.py"), "\(Checkout.root)/templates/python/score.py"]
        let result = try run(Workshop.python(), arguments)
        #expect(result.status == 0, "\(result.errors)")
    }
}
