import JSONText
import Platform
import Registry
import TestKit
import Testing

@Suite struct JobOutputTests {
    static func reference(_ text: String, task: String? = "register_model") throws -> String {
        "\(try JobOutput.modelReference(in: Array(text.utf8), task: task, file: "output.json"))"
    }

    static func fixture(_ name: String) throws -> String {
        String(
            decoding: try FileDescriptor.open(Checkout.fixture("job-output/\(name)")).readAll(limit: 1 << 20),
            as: UTF8.self)
    }

    /// The CLI's document with one task that handed `result` over.
    static func document(_ result: String, key: String = "register_model") -> String {
        outputs([(key, ["result": .string(result)])])
    }

    static func outputs(_ tasks: [(key: String, output: JSONObject)]) -> String {
        let list = tasks.map { task in
            JSONValue.object([
                "TaskKey": .string(task.key), "Output": .object(task.output), "EndTime": 1_714_890_000_000,
            ])
        }
        return JSONWriter.text(.object(["task_outputs": .array(list)]), style: .compact)
    }

    struct Found: CustomTestStringConvertible, Sendable {
        let name: String
        var task: String? = "register_model"
        let uri: String
        var testDescription: String { "\(name), task \(task ?? "none")" }
    }

    @Test(
        "the model is found in what the CLI and the REST answer hold",
        arguments: [
            Found(name: "bundle-run.json", uri: "models:/credit-default-uci-custom/7"),
            Found(name: "bundle-run.json", task: nil, uri: "models:/credit-default-uci-custom/7"),
            Found(name: "bundle-run-mixed.txt", uri: "models:/credit-default-uci-custom/7"),
            Found(name: "bundle-run-wheel.json", uri: "models:/churn/8"),
            Found(name: "get-run-output.json", uri: "models:/main.ml.churn/12"),
            Found(name: "get-run-output.json", task: nil, uri: "models:/main.ml.churn/12"),
        ])
    func fixtures(_ row: Found) throws {
        #expect(try Self.reference(Self.fixture(row.name), task: row.task) == row.uri)
    }

    @Test(
        "what a task hands over may be the URI, JSON that holds it, or lines of which one is it",
        arguments: [
            ("models:/churn/7", "models:/churn/7"), ("  models:/churn/7\r\n", "models:/churn/7"),
            ("\"models:/churn/7\"", "models:/churn/7"), ("'models:/churn/7'", "models:/churn/7"),
            ("models:/iris demo@champion", "models:/iris demo@champion"),
            ("models://prod@databricks-uc/main.ml.churn/7", "models://prod@databricks-uc/main.ml.churn/7"),
            ("models:/m-0123456789abcdef0123456789abcdef", "models:/m-0123456789abcdef0123456789abcdef"),
            ("runs:/0abc/model", "runs:/0abc/model"), ("dbfs:/mnt/churn", "dbfs:/mnt/churn"),
            ("{\"uri\": \"models:/churn/7\", \"accuracy\": 0.9}", "models:/churn/7"),
            (
                "[[{\"a\": {\"b\": \"models:/churn/7\"}}], \"models:/churn/7\", \"see models:/churn/6\"]",
                "models:/churn/7"
            ),
            ("{\n  \"result\": \"models:/churn/7\"\n}\n", "models:/churn/7"),
            ("done\nmodels:/churn/7\nmodels:/churn/7\n", "models:/churn/7"),
            ("{not json\nmodels:/churn/7", "models:/churn/7"),
        ])
    func results(result: String, uri: String) throws {
        #expect(try Self.reference(Self.document(result)) == uri)
    }

    @Test("two outputs of one task that name the same model are one")
    func twice() throws {
        let both = Self.outputs([
            ("register_model", ["result": "models:/churn/7"]), ("register_model", ["result": "models:/churn/7"]),
            ("register_model", [:]),
        ])
        #expect(try Self.reference(both) == "models:/churn/7")
    }

    @Test("a byte order mark and the small letters of a later CLI are read")
    func variants() throws {
        let text = "\u{feff}{\"task_outputs\": [{\"task_key\": \"a\", \"output\": {\"result\": \"models:/churn/7\"}}]}"
        #expect(try Self.reference(text, task: "a") == "models:/churn/7")
    }

    @Test("the object of an earlier CLI is read")
    func earlier() throws {
        let text = "{\"task_outputs\": {\"train\": null, \"register_model\": {\"result\": \"models:/churn/7\"}}}"
        #expect(try Self.reference(text) == "models:/churn/7")
        #expect(try Self.reference(text, task: nil) == "models:/churn/7")
    }

    struct Refused: CustomTestStringConvertible, Sendable {
        let text: String
        var task: String? = "register_model"
        let message: String
        var testDescription: String { String(message.prefix { $0 != "\n" }) }
    }

    static let start = "error: cannot find a model in the output of the task `register_model`: "
    static let file = "  --> output.json\n"
    static let exit =
        "hint: end the notebook with `dbutils.notebook.exit(\"models:/NAME/VERSION\")`; a run with `--no-wait` has no output\n"
    static let command = "hint: make the file with `databricks bundle run JOB --output json > FILE`\n"

    static let refused = [
        Refused(
            text: " \n",
            message: start + "it is empty\n" + file
                + "hint: the CLI prints no output of a run that failed, or with `--no-wait`\n"),
        Refused(
            text: "Run URL: https://host/\nError: run failed\n",
            message: start + "it is not JSON\n  --> output.json at byte 0\n"
                + "  - cannot read JSON: expected a value, found `R`\n"
                + "hint: make the file with `databricks bundle run JOB --output json > FILE`; without `--output json` the CLI prints words for people\n"
        ),
        Refused(
            text: "{\"task_outputs\": [{\"TaskKey\": \"register_model\", \"Outp",
            message: start + "the file ends inside its JSON, so it was cut off\n  --> output.json at byte 53\n"
                + "hint: make it again; was the disk full, or the run interrupted?\n"),
        Refused(
            text: "RUNNING\n{\"task_outputs\": [",
            message: start + "the file ends inside its JSON, so it was cut off\n  --> output.json at byte 26\n"
                + "hint: make it again; was the disk full, or the run interrupted?\n"),
        Refused(
            text: document("models:/a/1") + "\n" + document("models:/a/2"),
            message: start + "it holds the output of 2 runs\n" + file
                + "hint: write the output of each run to a file of its own\n"),
        Refused(
            text: "null",
            message: start + "it is null and not an object with `task_outputs`\n" + file + command),
        Refused(text: "{\"task_outputs\": null}", message: start + "it holds no output of any task\n" + file + exit),
        Refused(text: "{\"task_outputs\": []}", message: start + "it holds no output of any task\n" + file + exit),
        Refused(
            text: "{\"task_outputs\": 3}", message: start + "its `task_outputs` are a number and not a list\n" + file),
        Refused(text: "{\"task_outputs\": {}}", message: start + "it holds no output of any task\n" + file + exit),
        Refused(
            text: "{\"task_outputs\": [{\"Output\": {}}]}",
            message: start + "one of its `task_outputs` has no `TaskKey`\n" + file + command),
        Refused(
            text: "{\"x\": 1}", message: start + "it is an object without `task_outputs`\n" + file + command),
        Refused(
            text: document("models:/a/1", key: "Register_Model"),
            message: start + "there is no task of this name with an output\n" + file
                + "  - there are outputs of `Register_Model`\nhint: did you mean `Register_Model`?\n"),
        Refused(
            text: outputs([("a", ["result": "models:/a/1"]), ("b", ["result": "models:/b/1"])]),
            message: start + "there is no task of this name with an output\n" + file
                + "  - there are outputs of `a`, `b`\n"),
        Refused(
            text: outputs([("a", ["result": "models:/a/1"]), ("b", ["result": "models:/b/1"])]), task: nil,
            message: "error: cannot find a model in the output of a job: several tasks name one\n" + file
                + "  - `a`: `models:/a/1`\n  - `b`: `models:/b/1`\nhint: name the task: `--task KEY`\n"),
        Refused(
            text: outputs([("a", ["result": "x"]), ("b", [:])]), task: nil,
            message: "error: cannot find a model in the output of a job: no task names one\n" + file
                + "  - there are outputs of `a`, `b`\n" + exit),
        Refused(
            text: outputs([
                ("register_model", ["result": "models:/a/1"]), ("register_model", ["result": "models:/a/2"]),
            ]),
            message: start + "it names several\n" + file
                + "  - `models:/a/1`\n  - `models:/a/2`\nhint: hand over one of them alone, or name it instead of the job's output\n"
        ),
        Refused(
            text: document("{\"model\": \"models:/a/1\", \"run\": \"runs:/0abc/model\"}"),
            message: start + "it names several\n" + file
                + "  - `models:/a/1`\n  - `runs:/0abc/model`\nhint: hand over one of them alone, or name it instead of the job's output\n"
        ),
        Refused(
            text: outputs([("register_model", ["result": "models:/a/1", "truncated": true])]),
            message: start + "Databricks cut it off\n" + file
                + "hint: hand over nothing but the model: `dbutils.notebook.exit(\"models:/NAME/VERSION\")`\n"),
        Refused(
            text: outputs([("register_model", ["logs": "x\nmodels:/a/1", "logs_truncated": true])]),
            message: start + "Databricks cut it off\n" + file
                + "hint: hand over nothing but the model: `dbutils.notebook.exit(\"models:/NAME/VERSION\")`\n"),
        Refused(
            text: outputs([("register_model", ["result": nil])]),
            message: start + "it handed nothing over\n" + file + exit),
        Refused(text: outputs([("register_model", [:])]), message: start + "it handed nothing over\n" + file + exit),
        Refused(text: document("done"), message: start + "its result names none\n" + file + exit),
        Refused(
            text: outputs([("register_model", ["logs": "registered models:/a/1, see runs:/0abc/model."])]),
            message: start + "it names none on a line of its own\n" + file
                + "  - it mentions `models:/a/1`, `runs:/0abc/model.`\n" + exit),
        Refused(
            text: document("models:/churn/None"),
            message: start + "it hands over `models:/churn/None`, whose version is Python's word for none\n" + file
                + "hint: `mlflow.register_model(…).version` is the version; if the stage is meant, name the model itself\n"
        ),
        Refused(
            text: document("models:/churn@"),
            message: start + "it hands over `models:/churn@`\n" + file
                + "  - cannot find `models:/churn@`: there is no alias after the `@`\n"
                + "hint: write `models:/NAME/VERSION`, `models:/NAME@ALIAS`, `models:/NAME/latest` or `models:/m-ID`\n"),
        Refused(
            text: document("s3://bucket/model"), message: start + "its result names none\n" + file + exit),
    ]

    @Test("output from which no single model follows says why and what there is", arguments: refused)
    func refuses(_ row: Refused) {
        #expect(message { try Self.reference(row.text, task: row.task) } == row.message)
    }

    @Test("a task that failed is told in Databricks' own words")
    func failed() throws {
        let text = try Self.fixture("get-run-output-failed.json")
        #expect(
            message { try Self.reference(text) } == Self.start + "it did not end well\n" + Self.file
                + "  - Databricks says: FAILED: RestException: PERMISSION_DENIED: User does not have CREATE MODEL on Schema 'main.ml'.\n"
                + "hint: look at the run in the workspace, and run the job again\n")
    }

    @Test("the state of a run is not its output")
    func states() throws {
        let text = try Self.fixture("get-run.json")
        #expect(
            message { try Self.reference(text) } == Self.start
                + "it tells of a run, but not what its tasks handed over\n" + Self.file
                + "hint: ask for one task's output: `databricks jobs get-run-output RUN_ID_OF_THE_TASK`\n"
                + Self.command)
    }

    @Test("3,000 mutations of real outputs end in a model or an error; seed 21")
    func mutations() throws {
        let texts = try ["bundle-run.json", "bundle-run-mixed.txt", "get-run-output.json"].map {
            Array(try Self.fixture($0).utf8)
        }
        var random = SplitMix64(seed: 21)
        var found = 0
        for round in 0..<3_000 {
            var bytes = texts[round % texts.count]
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                let index = Int.random(in: 0..<bytes.count, using: &random)
                switch Int.random(in: 0..<4, using: &random) {
                case 0: bytes[index] = UInt8.random(in: 0...255, using: &random)
                case 1: bytes.removeSubrange(index..<min(bytes.count, index + Int.random(in: 1...20, using: &random)))
                case 2: bytes.insert(contentsOf: bytes.prefix(index).suffix(30), at: index)
                default: bytes = Array(bytes.prefix(index + 1))
                }
                if bytes.isEmpty { bytes = [0x20] }
            }
            do {
                _ = try JobOutput.modelReference(in: bytes, task: "register_model", file: "x")
                found += 1
            } catch {}
        }
        #expect(found > 100 && found < 2_900)
    }
}
