import Diagnostics
import Registry
import TestKit
import Testing

@Suite struct ModelReferenceTests {
    struct Read: CustomTestStringConvertible, Sendable {
        let text: String
        let target: ModelURI.Target
        var subpath: String?
        var testDescription: String { text }
    }

    // The right column is what mlflow 3.17.2's `split_models_uri` and `_parse_model_uri` give.
    static let models = [
        Read(text: "models:/churn/3", target: .registered(name: "churn", .version("3"))),
        Read(text: "models:/churn/007", target: .registered(name: "churn", .version("007"))),
        Read(text: "models:/churn/3/", target: .registered(name: "churn", .version("3"))),
        Read(text: "models:/churn/3/data/x", target: .registered(name: "churn", .version("3")), subpath: "data/x"),
        Read(text: "models:/churn/latest", target: .registered(name: "churn", .latest)),
        Read(text: "models:/churn/LATEST", target: .registered(name: "churn", .latest)),
        Read(text: "models:/churn/Production", target: .registered(name: "churn", .stage("Production"))),
        Read(text: "models:/churn/3a", target: .registered(name: "churn", .stage("3a"))),
        Read(text: "models:/churn@champion", target: .registered(name: "churn", .alias("champion"))),
        Read(text: "models:/me@home@champion", target: .registered(name: "me@home", .alias("champion"))),
        Read(text: "models:/churn@c/data", target: .registered(name: "churn", .alias("c")), subpath: "data"),
        Read(text: "models:/iris demo/1", target: .registered(name: "iris demo", .version("1"))),
        Read(text: "models:/iris%20demo/1", target: .registered(name: "iris%20demo", .version("1"))),
        Read(text: "models:/main.ml.churn/1", target: .registered(name: "main.ml.churn", .version("1"))),
        Read(text: "models:/m-0123", target: .logged(id: "m-0123")),
        Read(text: "models:///churn/3", target: .registered(name: "churn", .version("3"))),
    ]

    @Test("a models:/ URI means what it means to MLflow", arguments: models)
    func modelURI(_ row: Read) throws {
        guard case .models(let uri) = try ModelReference.parse(row.text) else {
            Issue.record("not read as a models:/ URI")
            return
        }
        #expect(uri.target == row.target)
        #expect(uri.subpath == row.subpath)
    }

    @Test(
        "other forms",
        arguments: [
            ("./churn", "folder"), ("/models/churn", "folder"), ("models", "folder"), ("a:b", "folder"),
            ("./models:/x", "folder"), ("runs:/abc/model", "run"), ("runs:/abc", "run"),
            ("mlflow-artifacts:/1/x", "artifacts"), ("mlflow-artifacts://host:5000/1/x", "artifacts"),
        ])
    func forms(text: String, kind: String) throws {
        let reference = try ModelReference.parse(text)
        let found =
            switch reference {
            case .folder: "folder"
            case .models: "models"
            case .run: "run"
            case .artifacts: "artifacts"
            }
        #expect(found == kind)
        #expect("\(reference)" == text)
    }

    struct Refused: CustomTestStringConvertible, Sendable {
        let text: String
        let message: String
        var status = ExitStatus.misuse
        var testDescription: String { text }
    }

    static let modelForms =
        "hint: write `models:/NAME/VERSION`, `models:/NAME@ALIAS`, `models:/NAME/latest` or `models:/m-ID`\n"
    static let download =
        "hint: download the model with MLflow (`mlflow artifacts download -u URI -d FOLDER`) and name the folder\n"

    static let refused = [
        Refused(
            text: "models:/", message: "error: cannot find `models:/`: it names no model\n" + modelForms),
        Refused(
            text: "models:/churn@",
            message: "error: cannot find `models:/churn@`: there is no alias after the `@`\n" + modelForms),
        Refused(
            text: "models:/@champion",
            message: "error: cannot find `models:/@champion`: there is no name before the `@`\n" + modelForms),
        Refused(
            text: "models:/churn//1", message: "error: cannot find `models:/churn//1`: two slashes follow each other\n"),
        Refused(
            text: "models:/churn/1/../x",
            message: "error: cannot find `models:/churn/1/../x`: it holds the segment `..`\n"),
        Refused(
            text: "models:/churn/1?x=secret",
            message: "error: cannot find `models:/churn/1`: MLflow ignores everything from `?` on\nhint: leave it out\n"
        ),
        Refused(
            text: "models://churn/3",
            message: """
                error: cannot find `models://churn/3`: `churn` stands where only a registry may stand
                hint: write one slash: `models:/churn/3`; the server is named by `MLFLOW_TRACKING_URI`

                """),
        Refused(
            text: "models://prod@databricks/churn/3",
            message:
                "error: cannot find `models://databricks/churn/3`: Databricks registries are not supported by this version\n"
                + download,
            status: .failed),
        Refused(
            text: "models://databricks-uc/a.b.c/3",
            message:
                "error: cannot find `models://databricks-uc/a.b.c/3`: Databricks registries are not supported by this version\n"
                + download,
            status: .failed),
        Refused(
            text: "runs://prod@databricks/r/model",
            message:
                "error: cannot find `runs://databricks/r/model`: Databricks workspaces are not supported by this version\n"
                + download,
            status: .failed),
        Refused(
            text: "dbfs:/databricks/mlflow-registry/x",
            message:
                "error: cannot find `dbfs:/databricks/mlflow-registry/x`: Databricks storage is not supported by this version\n"
                + download,
            status: .failed),
        Refused(
            text: "model:/churn/3",
            message:
                "error: cannot find `model:/churn/3`: there is no scheme `model:`\nhint: did you mean `models:/churn/3`?\n"
        ),
        Refused(
            text: "file:///models/churn",
            message:
                "error: cannot find `file:///models/churn`: `file:` URIs are not read\nhint: name the folder itself, as in `/models/churn`\n"
        ),
        Refused(
            text: "s3://key:secret@bucket/churn?sig=secret",
            message: """
                error: cannot find `s3://bucket/churn`: `s3:` is not read directly
                hint: write `models:/NAME/VERSION`, `models:/NAME@ALIAS`, `models:/NAME/latest`, `models:/m-ID`, `runs:/RUN/path`, `mlflow-artifacts:/path` or the path of a folder with an `MLmodel`

                """),
        Refused(
            text: "runs:/", message: "error: cannot find `runs:/`: it names no run\nhint: write `runs:/RUN_ID/path`\n"),
    ]

    @Test("a reference that cannot be read says why and how to write it", arguments: refused)
    func refuses(_ row: Refused) {
        let error = #expect(throws: RegistryError.self) { try ModelReference.parse(row.text) }
        guard let error else { return }
        #expect(message(of: error) == row.message)
        #expect(error.diagnostic.status == row.status)
    }
}
