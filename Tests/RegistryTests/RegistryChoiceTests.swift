import HTTPTransport
import JSONText
import Platform
import Registry
import TestKit
import Testing

@Suite struct RegistryChoiceTests {
    typealias Place = RegistryChoice.Place

    static func choose(
        _ text: String, _ environment: [String: String] = [:], in folder: String = "/nowhere", explicit: String? = nil
    ) throws -> RegistryChoice {
        try RegistryChoice.choose(
            for: ModelReference.parse(text),
            Surroundings(environment: environment, currentDirectory: folder), explicit: explicit)
    }

    /// A folder with what MLflow looks for when nothing is named.
    static func folder(_ kind: String) throws -> TemporaryDirectory {
        let folder = TemporaryDirectory()
        if kind == "mlruns" || kind == "both" {
            _ = try run("mkdir", ["-p", folder.file("mlruns/0")])
            _ = try folder.write("mlruns/0/meta.yaml", "x")
        }
        if kind == "database" || kind == "both" { _ = try folder.write("mlflow.db", "") }
        return folder
    }

    /// MLflow's store and registry URI as a place; nil when it refuses them, or when we do by a documented rule.
    static func expected(_ row: JSONValue, in folder: String) throws -> Place? {
        let tracking = row["MLFLOW_TRACKING_URI"]?.stringValue ?? ""
        let named = row["MLFLOW_REGISTRY_URI"]?.stringValue ?? ""
        // A secret scope, a folder that is named almost like Databricks, Unity Catalog as a tracking server.
        if [tracking, named].contains(where: { $0.hasSuffix("scope:key") || $0 == "Databricks" }) { return nil }
        if tracking.hasPrefix("databricks-uc") || tracking.hasPrefix("uc:") { return nil }
        // Nothing is named and nothing is there: no empty database is made.
        if tracking.isEmpty, named.isEmpty, row["folder"] == "empty" { return nil }
        guard let uri = row["registry"]?.stringValue, let store = row["store"]?.stringValue else { return nil }
        func rest(_ prefix: String) -> String {
            let path = String(uri.dropFirst(prefix.count))
            return path.hasPrefix("CWD/")
                ? folder + path.dropFirst(3) : path.hasPrefix("/") ? path : folder + "/" + path
        }
        var profile = uri.firstRange(of: "://").map { String(uri[$0.upperBound...]) }
        if profile?.hasSuffix("/") == true { profile?.removeLast() }
        switch store {
        case "databricks": return .workspace(profile: profile)
        case "databricks_uc": return .unityCatalog(profile: profile)
        case "rest":
            return .mlflow(uri: uri, variable: named.isEmpty ? "MLFLOW_TRACKING_URI" : "MLFLOW_REGISTRY_URI")
        case "UnityCatalogOssStore": return .openUnityCatalog(try HTTPURL(String(uri.dropFirst(3))))
        case "file": return .fileStore(path: uri.hasPrefix("file:") ? rest("file://") : rest(""))
        case "sqlalchemy":
            guard uri.hasPrefix("sqlite") else { return nil }
            return .sqlite(path: rest(uri.hasPrefix("sqlite+") ? "sqlite+pysqlite:///" : "sqlite:///"))
        default: return nil
        }
    }

    @Test("58 settings choose the registry that MLflow 3.17.2 opens, or are refused by a documented rule")
    func verdicts() throws {
        let bytes = try FileDescriptor.open(Checkout.fixture("references/choices.json")).readAll(limit: 1 << 20)
        let rows = try #require(try JSONText.parse(bytes).arrayValue)
        #expect(rows.count == 58)
        var agreed = 0
        for row in rows {
            let folder = try Self.folder(row["folder"]?.stringValue ?? "")
            var environment: [String: String] = [:]
            for name in ["MLFLOW_TRACKING_URI", "MLFLOW_REGISTRY_URI"] { environment[name] = row[name]?.stringValue }
            let choice = try? Self.choose("models:/main.ml.churn/1", environment, in: folder.path)
            #expect(choice?.registry == (try Self.expected(row, in: folder.path)), "\(environment)")
            agreed += choice == nil ? 0 : 1
        }
        #expect(agreed > 30)
    }

    struct Row: CustomTestStringConvertible, Sendable {
        let text: String
        var environment: [String: String] = [:]
        var explicit: String?
        let registry: Place
        let tracking: Place?
        let reason: String
        var testDescription: String { "\(text) \(environment) \(explicit ?? "")" }
    }

    static let tracking = ["MLFLOW_TRACKING_URI": "databricks://prod"]
    static let server = Place.mlflow(uri: "https://me:secret@host/ml", variable: "MLFLOW_TRACKING_URI")

    static let rows = [
        Row(
            text: "models:/main.ml.churn/1", environment: tracking, registry: .unityCatalog(profile: "prod"),
            tracking: .workspace(profile: "prod"),
            reason:
                "asking Unity Catalog of the profile `prod`: `main.ml.churn` is a name of three parts, and `MLFLOW_TRACKING_URI` is `databricks://prod`"
        ),
        Row(
            text: "models:/churn@champion", environment: tracking, registry: .workspace(profile: "prod"),
            tracking: .workspace(profile: "prod"),
            reason:
                "asking the Databricks workspace of the profile `prod`: `churn` is a name of one part, and `MLFLOW_TRACKING_URI` is `databricks://prod`"
        ),
        Row(
            text: "models:/main.ml.churn/1",
            environment: ["MLFLOW_TRACKING_URI": "databricks", "MLFLOW_REGISTRY_URI": "databricks"],
            registry: .workspace(profile: nil), tracking: .workspace(profile: nil),
            reason: "asking the Databricks workspace: `MLFLOW_REGISTRY_URI` is `databricks`"),
        Row(
            text: "models:/main.ml.churn/1", environment: ["MLFLOW_REGISTRY_URI": "databricks-uc://dev"],
            registry: .unityCatalog(profile: "dev"), tracking: .workspace(profile: "dev"),
            reason: "asking Unity Catalog of the profile `dev`: `MLFLOW_REGISTRY_URI` is `databricks-uc://dev`"),
        Row(
            text: "models:/main.ml.churn/1", environment: ["MLFLOW_TRACKING_URI": "https://me:secret@host/ml"],
            explicit: "databricks-uc", registry: .unityCatalog(profile: nil), tracking: server,
            reason: "asking Unity Catalog: `--registry` is `databricks-uc`"),
        Row(
            text: "models://dev@databricks-uc/main.ml.churn/1",
            environment: tracking.merging(["MLFLOW_REGISTRY_URI": "http://other"]) { $1 },
            registry: .unityCatalog(profile: "dev"), tracking: .workspace(profile: "dev"),
            reason: "asking Unity Catalog of the profile `dev`: `dev@databricks-uc` in its URI"),
        Row(
            text: "models://databricks/churn/1", explicit: "databricks", registry: .workspace(profile: nil),
            tracking: .workspace(profile: nil), reason: "asking the Databricks workspace: `databricks` in its URI"),
        Row(
            text: "models:/churn/1", environment: ["MLFLOW_TRACKING_URI": "https://me:secret@host/ml"],
            registry: server,
            tracking: server,
            reason: "asking the MLflow server https://host/ml: `MLFLOW_TRACKING_URI` is `https://host/ml`"),
        Row(
            text: "models:/m-0123", environment: tracking, registry: .workspace(profile: "prod"),
            tracking: .workspace(profile: "prod"),
            reason:
                "asking the Databricks workspace of the profile `prod`: `MLFLOW_TRACKING_URI` is `databricks://prod`"),
        Row(
            text: "models:/m-0123", environment: ["MLFLOW_REGISTRY_URI": "databricks-uc"],
            registry: .workspace(profile: nil), tracking: .workspace(profile: nil),
            reason: "asking the Databricks workspace: `MLFLOW_REGISTRY_URI` is `databricks-uc`"),
        Row(
            text: "runs:/abc/model",
            environment: ["MLFLOW_TRACKING_URI": "https://me:secret@host/ml", "MLFLOW_REGISTRY_URI": "databricks"],
            registry: server, tracking: server,
            reason: "asking the MLflow server https://host/ml: `MLFLOW_TRACKING_URI` is `https://host/ml`"),
        Row(
            text: "runs:/abc/model", environment: tracking, explicit: "databricks-uc",
            registry: .workspace(profile: "prod"), tracking: .workspace(profile: "prod"),
            reason:
                "asking the Databricks workspace of the profile `prod`: `MLFLOW_TRACKING_URI` is `databricks://prod`; `--registry` counts for registered models only"
        ),
        Row(
            text: "runs://dev@databricks/abc/model", environment: tracking, registry: .workspace(profile: "dev"),
            tracking: .workspace(profile: "dev"),
            reason: "asking the Databricks workspace of the profile `dev`: `dev@databricks` in its URI"),
        Row(
            text: "dbfs:/mnt/x", environment: ["MLFLOW_TRACKING_URI": "http://host"],
            registry: .workspace(profile: nil),
            tracking: .workspace(profile: nil),
            reason: "asking the Databricks workspace: `dbfs:` is the storage of Databricks"),
        Row(
            text: "dbfs:/mnt/x", environment: tracking, registry: .workspace(profile: "prod"),
            tracking: .workspace(profile: "prod"),
            reason:
                "asking the Databricks workspace of the profile `prod`: `MLFLOW_TRACKING_URI` is `databricks://prod`"),
        Row(
            text: "http://host:5000/api/2.0/mlflow-artifacts/artifacts/1",
            environment: ["MLFLOW_TRACKING_URI": "https://me:secret@host/ml"],
            registry: .mlflow(uri: "http://host:5000", variable: "the address"), tracking: server,
            reason: "asking the MLflow server http://host:5000: its address names it"),
        Row(
            text: "models:/churn/1", environment: ["DATABRICKS_HOST": "https://adb-1.2.azuredatabricks.net"],
            registry: .workspace(profile: nil), tracking: .workspace(profile: nil),
            reason:
                "asking the Databricks workspace: `churn` is a name of one part, and `DATABRICKS_HOST` names a workspace, and neither `MLFLOW_TRACKING_URI` nor `MLFLOW_REGISTRY_URI` is set"
        ),
    ]

    @Test("a reference and the settings choose a registry, and say why", arguments: rows)
    func chooses(_ row: Row) throws {
        let choice = try Self.choose(row.text, row.environment, explicit: row.explicit)
        #expect(choice.registry == row.registry)
        #expect(choice.tracking == row.tracking)
        #expect(choice.reason == row.reason)
        #expect(!"\(choice)".contains("secret") && !String(reflecting: choice).contains("secret"))
        #expect(!JSONWriter.text(choice.json, style: .compact).contains("secret"))
    }

    @Test("a store in the current folder counts before a workspace of the environment, which is mentioned")
    func localFirst() throws {
        let folder = try Self.folder("both")
        let choice = try Self.choose("models:/churn/1", ["DATABRICKS_HOST": "https://x"], in: folder.path)
        #expect(choice.registry == .fileStore(path: folder.file("mlruns")))
        #expect(
            choice.reason
                == "asking the folder `\(folder.file("mlruns"))`: it is in the current folder, and neither `MLFLOW_TRACKING_URI` nor `MLFLOW_REGISTRY_URI` is set; for Databricks, which `DATABRICKS_HOST` names, write `--registry databricks`"
        )
    }

    @Test("a database with an encoded name is found under its own name")
    func encoded() throws {
        let folder = TemporaryDirectory()
        let path = try folder.write("a b.db", "")
        let choice = try Self.choose("models:/churn/1", ["MLFLOW_TRACKING_URI": "sqlite:///a%20b.db"], in: folder.path)
        #expect(choice.registry == .sqlite(path: path))
    }

    struct Refused: CustomTestStringConvertible, Sendable {
        let text: String
        var environment: [String: String] = [:]
        var explicit: String?
        let message: String
        var testDescription: String { "\(text) \(environment) \(explicit ?? "")" }
    }

    static let workspaceHint =
        "hint: for the workspace's own registry write `--registry databricks` or set `MLFLOW_REGISTRY_URI=databricks`\n"
    static let trackingHint =
        "hint: set `MLFLOW_TRACKING_URI`, as in `export MLFLOW_TRACKING_URI=http://localhost:5000`\n"

    static let refused = [
        Refused(
            text: "models:/ml.churn/1", environment: tracking,
            message: """
                error: cannot find `models:/ml.churn/1`: `ml.churn` is neither a name of Unity Catalog (`CATALOG.SCHEMA.MODEL`) nor one of the workspace's registry, which has no dots
                hint: put the catalog before it: `CATALOG.ml.churn`
                \(workspaceHint)
                """),
        Refused(
            text: "models:/churn/1", environment: ["MLFLOW_REGISTRY_URI": "databricks-uc"],
            message: """
                error: cannot find `models:/churn/1`: `churn` is no name of Unity Catalog, which has three parts: `CATALOG.SCHEMA.MODEL`
                \(workspaceHint)
                """),
        Refused(
            text: "models://databricks-uc/churn/1", explicit: "databricks",
            message: """
                error: cannot find `models://databricks-uc/churn/1`: it names one registry, and `--registry` another
                hint: leave out one of them

                """),
        Refused(
            text: "models:/churn/1",
            message: """
                error: cannot find `models:/churn/1`: neither `MLFLOW_TRACKING_URI` nor `MLFLOW_REGISTRY_URI` is set, and the current folder has neither `mlruns` nor `mlflow.db`
                hint: for an MLflow server set `MLFLOW_TRACKING_URI`, as in `export MLFLOW_TRACKING_URI=http://localhost:5000`
                hint: for Databricks set `MLFLOW_TRACKING_URI=databricks`, with `DATABRICKS_HOST` or a profile in `~/.databrickscfg`

                """),
        Refused(
            text: "mlflow-artifacts:/1/x", environment: tracking,
            message: """
                error: cannot find `mlflow-artifacts:/1/x`: `mlflow-artifacts:` is storage behind an MLflow server, and `MLFLOW_TRACKING_URI` is `databricks://prod`
                \(trackingHint)
                """),
        Refused(
            text: "runs:/abc/model", environment: ["MLFLOW_REGISTRY_URI": "uc:http://host:8080"],
            message: """
                error: cannot find `runs:/abc/model`: the Unity Catalog server http://host:8080 has no runs and no logged models
                \(trackingHint)
                """),
        Refused(
            text: "models:/churn/1", environment: ["MLFLOW_TRACKING_URI": "databricks-uc"],
            message: """
                error: cannot use `databricks-uc` as `MLFLOW_TRACKING_URI`: Unity Catalog has no runs
                hint: set it to `databricks`, and leave `MLFLOW_REGISTRY_URI` to Unity Catalog

                """),
        Refused(
            text: "models:/churn/1", environment: ["MLFLOW_TRACKING_URI": "Databricks"],
            message: """
                error: cannot use `Databricks` as `MLFLOW_TRACKING_URI`: it is written in small letters
                hint: did you mean `databricks`?

                """),
        Refused(
            text: "models:/churn/1", explicit: "databricks:prod",
            message: """
                error: cannot use `databricks:prod` as `--registry`: two slashes must follow `databricks:`
                hint: write `databricks` or `databricks://PROFILE`

                """),
        Refused(
            text: "models:/churn/1", environment: ["MLFLOW_TRACKING_URI": "postgresql://me:secret@host/db?x=secret"],
            message: """
                error: cannot use `postgresql://host/db` as `MLFLOW_TRACKING_URI`: a database is asked by the MLflow server in front of it
                hint: name the server's address; `mlflow server --backend-store-uri …` starts one

                """),
        Refused(
            text: "models:/churn/1", environment: ["MLFLOW_TRACKING_URI": "sqlite://"],
            message: """
                error: cannot use `sqlite://` as `MLFLOW_TRACKING_URI`: a database in memory holds nothing
                hint: write `sqlite:///PATH`, or `sqlite:////PATH` for an absolute one

                """),
        Refused(
            text: "models:/churn/1", environment: ["MLFLOW_TRACKING_URI": "azureml://x"],
            message: """
                error: cannot use `azureml://x` as `MLFLOW_TRACKING_URI`: there is no registry of this scheme
                hint: write `databricks`, `databricks-uc`, `http://HOST:PORT`, `sqlite:///PATH` or the path of a folder `mlruns`

                """),
        Refused(
            text: "./churn", message: "error: cannot ask a registry for `./churn`: it is on this machine\n"),
    ]

    @Test("what cannot be asked anywhere says why and what to do", arguments: refused)
    func refuses(_ row: Refused) {
        #expect(message { try Self.choose(row.text, row.environment, explicit: row.explicit) } == row.message)
    }
}
