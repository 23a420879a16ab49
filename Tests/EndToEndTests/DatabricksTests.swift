import Foundation
import JSONText
import TestKit
import Testing

@Suite("`skiff fetch` from Databricks", .besideStandIn, .serialized)
struct DatabricksTests {
    /// The whole model `main.default.churn`, by the Files API.
    static let churn = "models:/main.default.churn/1"

    @Test(
        "ten small files need few requests",
        arguments: [
            ("models:/main.default.ten/1", false, 14), ("models:/ten/1", true, 14),
            // Two requests a file: the workspace registry gives bytes at signed addresses only.
            ("models:/ten/1", false, 25),
        ])
    func requestCount(_ row: (reference: String, isMLflow: Bool, most: Int)) throws {
        let standIn = try BesideStandIn.standIn
        try standIn.reset()
        try standIn.set(#"{"page_size": 1000}"#)
        let folder = TemporaryDirectory()
        let environment = try row.isMLflow ? standIn.mlflow() : standIn.databricks()
        let result = try skiff("fetch", row.reference, folder.file("model"), environment: environment)
        #expect(result.status == 0, "\(result.errors)")
        #expect(try folder.files("model") == standIn.files("ten"))
        let log = try standIn.log()
        #expect(log.count <= row.most, "\(log.map { "\($0.role) \($0.method) \($0.path)" }.joined(separator: "\n"))")
    }

    @Test("`latest` in Unity Catalog is the highest version that is ready")
    func latest() throws {
        let standIn = try BesideStandIn.standIn
        try standIn.reset()
        let folder = TemporaryDirectory()
        let result = try skiff(
            "fetch", "--json", "models:/main.default.churn/latest", folder.file("model"),
            environment: standIn.databricks())
        #expect(result.status == 0, "\(result.errors)")
        #expect(try folder.files("model").filter { !$0.key.hasSuffix("/") } == standIn.files("model"))
        // Version 7 is pending.
        let report = try #require(JSONSerialization.jsonObject(with: result.output) as? [String: Any])
        let source = try #require(report["source"] as? [String: Any])
        #expect(source["version"] as? String == "6", "\(source)")
        // Which registry was asked, and why, is said.
        #expect(result.errors.contains("Unity Catalog"), "\(result.errors)")
    }

    /// What is asked for in vain, and how the stand-in is set for that.
    struct Refusal: Sendable {
        var reference: String
        var environment: [String: String] = [:]
        var settings = "{}"
        /// What is in the heading besides.
        var note = ""
        /// An error of `errors.py` (a name with a blank: a redirect to another origin), and the requests that get it.
        var error: (name: String, match: String)?
    }

    static let refusals: [Refusal] = [
        Refusal(reference: "models:/main.default.churn/Production"),
        Refusal(reference: "models:/churn@champion"),
        Refusal(reference: "models:/nope/1"),
        Refusal(reference: "models:/churn/99"),
        Refusal(reference: "models:/churn/Staging"),
        Refusal(reference: "models:/churn/Nonsense"),
        Refusal(reference: "models:/pending/1"),
        Refusal(reference: "models:/failed/1"),
        Refusal(reference: "models:/main.default.nope/1"),
        Refusal(reference: "models:/main.default.churn/99"),
        Refusal(reference: "models:/main.default.churn@nobody"),
        Refusal(reference: "models:/main.default.churn/7"),
        Refusal(reference: "models:/main.default.churn/6", settings: #"{"files_api": "denied"}"#),
        Refusal(
            reference: "models:/main.default.churn/2", settings: #"{"files_api": "denied", "credentials": "denied"}"#),
        Refusal(
            reference: "models:/churn/1", environment: ["MLFLOW_REGISTRY_URI": "databricks-uc"],
            note: ", MLFLOW_REGISTRY_URI=databricks-uc"),
        Refusal(reference: "models:/m-00000000000000000000000000000000"),
        Refusal(reference: "runs:/00000000000000000000000000000000/model"),
        Refusal(reference: churn, environment: ["DATABRICKS_TOKEN": "dapi-another-token"], note: ", wrong token"),
        Refusal(reference: churn, environment: ["DATABRICKS_TOKEN": ""], note: ", no token"),
        Refusal(
            reference: churn,
            environment: RealClientsTests.secretPair.merging(["DATABRICKS_CLIENT_SECRET": "wrong"]) { _, new in new },
            note: ", wrong secret"),
        Refusal(reference: churn, error: ("no_grant", "unity-catalog|/fs/")),
        Refusal(reference: "models:/churn/1", error: ("no_read", "model-versions")),
        Refusal(reference: churn, error: ("ip_list", "^workspace GET")),
        Refusal(reference: churn, error: ("a page to sign in elsewhere", "^workspace GET /api")),
        Refusal(reference: churn, error: ("html_missing", "^workspace GET /api")),
        Refusal(reference: "models:/churn/1", error: ("no_endpoint", "^workspace GET /api")),
        Refusal(reference: churn, error: ("no_metastore", "unity-catalog")),
        Refusal(reference: churn, error: ("no_catalog", "unity-catalog")),
        Refusal(reference: churn, error: ("no_schema", "unity-catalog")),
        Refusal(reference: "models:/churn/1", error: ("feature_off", "^workspace")),
        Refusal(reference: "models:/churn/1", error: ("invalid_state", "model-versions")),
        Refusal(reference: "models:/churn/1", error: ("bad_parameter", "model-versions")),
        Refusal(reference: "models:/churn/1", error: ("limit_long", "^workspace GET /api")),
        Refusal(reference: "models:/churn/1", error: ("text", "^workspace GET /api")),
        Refusal(reference: "models:/churn/1", error: ("empty", "^workspace GET /api")),
        Refusal(reference: "models:/churn/1", error: ("html", "^workspace GET /api")),
        Refusal(
            reference: "models:/main.default.churn/2", environment: ["MLFLOW_S3_ENDPOINT_URL": "{storage}"],
            settings: #"{"files_api": "denied"}"#, error: ("firewall", "^storage GET")),
    ]

    @Test("what cannot be had is said in whole sentences, with status 2 or 64 and nothing on the disk")
    func refusals() throws {
        let standIn = try BesideStandIn.standIn
        let folder = TemporaryDirectory()
        var text = ""
        for refusal in Self.refusals {
            try standIn.reset()
            try standIn.set(refusal.settings)
            var heading = refusal.reference + refusal.note
            if let error = refusal.error {
                let what = error.name.contains(" ") ? #""redirect": "other""# : #""error": "\#(error.name)""#
                try standIn.fault(#"{"match": "\#(error.match)", \#(what), "times": 1000}"#)
                heading += ", \(error.name)"
            }
            let environment = try standIn.databricks(refusal.environment).mapValues {
                $0.replacingOccurrences(of: "{storage}", with: standIn.origin("storage"))
            }
            let result = try skiff("fetch", refusal.reference, folder.file("model"), environment: environment)
            // 64 for what could not be right with any server.
            #expect([2, 64].contains(result.status), "\(heading): \(result.errors)")
            #expect(result.output.isEmpty)
            #expect(!FileManager.default.fileExists(atPath: folder.file("model")), "\(heading)")
            #expect(try leaks(of: standIn.secrets(), in: Data(result.errors.utf8)) == [], "\(heading)")
            var words = result.errors
            for role in ["workspace", "storage", "azure", "mlflow", "other"] {
                words = words.replacingOccurrences(of: "127.0.0.1:\(standIn.port(role))", with: "\(role.uppercased())")
            }
            words = words.replacingOccurrences(of: folder.path, with: "FOLDER")
            text += "## \(heading): status \(result.status)\n\n\(words)\n"
        }
        let difference = try differenceFromGolden("databricks-errors.txt", text)
        #expect(difference == nil)
    }

    @Test("`skiff auth` says how we sign in, and shows no secret", arguments: [false, true])
    func auth(isJSON: Bool) throws {
        let standIn = try BesideStandIn.standIn
        for environment in [try standIn.databricks(), try standIn.databricks(RealClientsTests.secretPair)] {
            try standIn.reset()
            let result = try run(Workshop.skiff(), ["auth"] + (isJSON ? ["--json"] : []), environment: environment)
            #expect(result.status == 0, "\(result.errors)")
            let isPair = environment["DATABRICKS_TOKEN"] == ""
            #expect(result.text.contains(isPair ? "oauth-m2m" : "pat"), "\(result.text)")
            #expect(result.text.contains("127.0.0.1:\(standIn.port("workspace"))"), "\(result.text)")
            #expect(try leaks(of: standIn.secrets(), in: result.output + Data(result.errors.utf8)) == [])
            if isJSON { _ = try JSONSerialization.jsonObject(with: result.output) }
        }
    }

    @Test("an OAuth token that expires under way is exchanged once each time, and asked for once otherwise")
    func tokens() throws {
        let standIn = try BesideStandIn.standIn
        let folder = TemporaryDirectory()
        let environment = try standIn.databricks(RealClientsTests.secretPair)
        for (uses, most) in [(0, 1), (6, 5)] {
            try standIn.reset()
            try standIn.set(#"{"token_uses": \#(uses)}"#)
            let output = folder.file("model-\(uses)")
            let result = try skiff("fetch", "models:/main.default.ten/1", output, environment: environment)
            #expect(result.status == 0, "\(result.errors)")
            #expect(try folder.files("model-\(uses)") == standIn.files("ten"))
            let exchanges = try standIn.log().count { $0.path == "/oidc/v1/token" }
            #expect((1...most).contains(exchanges), "\(uses) uses: \(exchanges) exchanges")
        }
    }

    @Test("a token that expires and cannot be had again ends with an error that says so")
    func refusedRefresh() throws {
        let standIn = try BesideStandIn.standIn
        try standIn.reset()
        try standIn.set(#"{"token_uses": 3}"#)
        try standIn.fault(
            #"{"match": "/oidc/v1/token", "skip": 1, "status": 401, "body": {"error": "invalid_client"}, "times": 99}"#)
        let folder = TemporaryDirectory()
        let result = try skiff(
            "fetch", "models:/main.default.ten/1", folder.file("model"),
            environment: standIn.databricks(RealClientsTests.secretPair))
        #expect(result.status == 2)
        #expect(result.errors.contains("invalid_client") || result.errors.contains("401"), "\(result.errors)")
        #expect(!FileManager.default.fileExists(atPath: folder.file("model")))
    }

    @Test("a version in the cache is not read again, and `--offline` asks nobody")
    func cache() throws {
        let standIn = try BesideStandIn.standIn
        let folder = TemporaryDirectory()
        let cache = ["SKIFF_CACHE": folder.file("cache")]
        for (reference, environment) in [
            (Self.churn, try standIn.databricks(cache)), ("models:/churn/2", try standIn.databricks(cache)),
            ("models:/ten/1", try standIn.mlflow(cache)),
        ] {
            let tree = reference.contains("churn") ? "model" : "ten"
            for (number, more) in [[], [], ["--offline"]].enumerated() {
                try standIn.reset()
                let output = folder.file("\(tree)-\(number)")
                let result = try run(
                    Workshop.skiff(), ["fetch"] + more + [reference, output], environment: environment)
                #expect(result.status == 0, "\(reference), run \(number): \(result.errors)")
                let files = try folder.files("\(tree)-\(number)").filter { !$0.key.hasSuffix("/") }
                #expect(try files == standIn.files(tree))
                let log = try standIn.log()
                let reads = log.filter {
                    $0.path.contains("/signed/") || $0.path.contains("/fs/files/")
                        || $0.path.contains("/mlflow-artifacts/artifacts/")
                }
                #expect(reads.isEmpty == (number > 0), "\(reference), run \(number): \(reads.map(\.path))")
                if number == 2 { #expect(log.isEmpty, "\(log.map(\.path))") }
                try FileManager.default.removeItem(atPath: output)
            }
        }
    }

    @Test("a model that a job's output names, and an archive of one")
    func otherSources() throws {
        let standIn = try BesideStandIn.standIn
        try standIn.reset()
        let folder = TemporaryDirectory()
        let job = try folder.write(
            "job.json",
            #"{"task_outputs": [{"TaskKey": "train", "Output": {"result": "0.93", "truncated": false}}, "#
                + #"{"TaskKey": "register_model", "Output": {"result": "models:/main.default.churn/1", "truncated": false}}]}"#
        )
        let fetched = try skiff(
            "fetch", "--job-output", job, "--task", "register_model", folder.file("model"),
            environment: standIn.databricks())
        #expect(fetched.status == 0, "\(fetched.errors)")
        #expect(try folder.files("model").filter { !$0.key.hasSuffix("/") } == standIn.files("model"))

        for (name, options) in [("model.tar", "-cf"), ("model.tar.gz", "-czf")] {
            let archive = folder.file(name)
            let made = try run(
                URL(fileURLWithPath: "/usr/bin/env"), ["tar", options, archive, "-C", Example.creditDefault.model, "."])
            #expect(made.status == 0, "\(made.errors)")
            let (inspected, plain) = (
                try skiff("inspect", archive, environment: standIn.mlflow()),
                try skiff("inspect", Example.creditDefault.model, environment: standIn.mlflow())
            )
            #expect(inspected.status == 0, "\(inspected.errors)")
            #expect(!inspected.text.isEmpty && inspected.text.count >= plain.text.count / 2)
        }
    }
}
