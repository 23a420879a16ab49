import Diagnostics
import Registry
import TestKit
import Testing

@Suite struct ModelReferenceTests {
    struct Read: CustomTestStringConvertible, Sendable {
        let text: String
        let target: ModelURI.Target
        var subpath: String?
        var authority: DatabricksAuthority?
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
        Read(text: "MODELS:/churn/3", target: .registered(name: "churn", .version("3"))),
        Read(
            text: "models://databricks/churn/3", target: .registered(name: "churn", .version("3")),
            authority: DatabricksAuthority(.workspace, profile: nil)),
        Read(
            text: "models://prod@databricks/churn@c/data", target: .registered(name: "churn", .alias("c")),
            subpath: "data", authority: DatabricksAuthority(.workspace, profile: "prod")),
        Read(
            text: "models://databricks-uc/main.ml.churn/3", target: .registered(name: "main.ml.churn", .version("3")),
            authority: DatabricksAuthority(.unityCatalog, profile: nil)),
        Read(
            text: "models://Prod@DATABRICKS-UC/main.ml.churn/latest",
            target: .registered(name: "main.ml.churn", .latest),
            authority: DatabricksAuthority(.unityCatalog, profile: "Prod")),
        Read(
            text: "models://prod@databricks/m-0123", target: .logged(id: "m-0123"),
            authority: DatabricksAuthority(.workspace, profile: "prod")),
    ]

    @Test("a models:/ URI means what it means to MLflow", arguments: models)
    func modelURI(_ row: Read) throws {
        guard case .models(let uri) = try ModelReference.parse(row.text) else {
            Issue.record("not read as a models:/ URI")
            return
        }
        #expect(uri.target == row.target)
        #expect(uri.subpath == row.subpath)
        #expect(uri.authority == row.authority)
    }

    @Test(
        "other forms",
        arguments: [
            ("./churn", "folder"), ("/models/churn", "folder"), ("models", "folder"), ("a:b", "folder"),
            ("./models:/x", "folder"), ("runs:/abc/model", "run"), ("runs:/abc", "run"),
            ("mlflow-artifacts:/1/x", "artifacts"), ("mlflow-artifacts://host:5000/1/x", "artifacts"),
            ("runs://prod@databricks/abc/model", "run"), ("runs://databricks/abc", "run"),
            ("models://prod@databricks/churn/3", "models"), ("models://databricks-uc/a.b.c@champion", "models"),
            ("dbfs:/mnt/x", "dbfs"), ("dbfs://prod@databricks/mnt/x", "dbfs"),
            ("https://host/ml/api/2.0/mlflow-artifacts/artifacts/1/x%20y", "served"),
            ("churn.tar", "archive"), ("./churn.tar.gz", "archive"), ("churn.TGZ", "archive"),
            ("churn.tar.zst", "archive"), ("/a/churn.zip", "archive"), ("churn.tar.xz", "folder"), (".tar/x", "folder"),
        ])
    func forms(text: String, kind: String) throws {
        let reference = try ModelReference.parse(text)
        #expect(Self.kind(of: reference) == kind)
        #expect("\(reference)" == text)
    }

    static func kind(of reference: ModelReference) -> String {
        switch reference {
        case .folder: "folder"
        case .archive: "archive"
        case .models: "models"
        case .run: "run"
        case .artifacts: "artifacts"
        case .served: "served"
        case .dbfs: "dbfs"
        }
    }

    @Test("a folder with the ending of an archive is a folder")
    func archiveFolder() throws {
        let folder = TemporaryDirectory()
        _ = try run("mkdir", [folder.file("v1.tar")])
        #expect(try ModelReference.parse(folder.file("v1.tar")) == .folder(folder.file("v1.tar")))
    }

    @Test(
        "a file: URI is the path that it encodes",
        arguments: [
            ("file:///models/churn", "/models/churn"), ("file:/models/a%20b%3F", "/models/a b?"),
            ("FILE://localhost/models/%C3%A9", "/models/é"),
        ])
    func fileURI(text: String, path: String) throws {
        #expect(try ModelReference.parse(text) == .folder(path))
    }

    @Test("a file: URI of an archive is that archive")
    func fileURIOfArchive() throws {
        #expect(try ModelReference.parse("file:///models/churn.zip") == .archive("/models/churn.zip"))
    }

    @Test(
        "the first folders of a dbfs: URI say by which service it is read",
        arguments: [
            (
                "dbfs:/databricks/mlflow-tracking/12/0abc/artifacts/model",
                DBFSURI.Target.run(experiment: "12", id: "0abc", path: "artifacts/model")
            ),
            ("dbfs:/databricks/mlflow-tracking/12/0abc", .run(experiment: "12", id: "0abc", path: "")),
            (
                "dbfs:/databricks/mlflow-tracking/12/logged_models/m-1/artifacts/x",
                .loggedModel(experiment: "12", id: "m-1", path: "artifacts/x")
            ),
            (
                "dbfs:/databricks/mlflow-registry/7f/models/churn",
                .registry(path: "/databricks/mlflow-registry/7f/models/churn")
            ),
            ("dbfs:/Volumes/main/default/vol/churn", .volume(path: "/Volumes/main/default/vol/churn")),
            ("dbfs:/volume/main/default/vol", .volume(path: "/Volumes/main/default/vol")),
            ("dbfs:/mnt/models/a b%20", .file(path: "/mnt/models/a b%20")),
        ])
    func dbfs(text: String, target: DBFSURI.Target) throws {
        guard case .dbfs(let uri) = try ModelReference.parse(text) else {
            Issue.record("not read as a dbfs: URI")
            return
        }
        #expect(uri.target == target)
    }

    @Test("the address of artifacts on a server is its prefix and a decoded path")
    func served() throws {
        let text = "http://host:5000/ml/ajax-api/2.0/mlflow-artifacts/artifacts/1/a%20b%2523/"
        guard case .served(let uri) = try ModelReference.parse(text) else {
            Issue.record("not read as an address of artifacts")
            return
        }
        #expect("\(uri.base)" == "http://host:5000/ml")
        #expect(uri.path == "1/a b%23")
        #expect("\(uri)" == "http://host:5000/ml/api/2.0/mlflow-artifacts/artifacts/1/a%20b%2523")
    }

    struct Refused: CustomTestStringConvertible, Sendable {
        let text: String
        let message: String
        var status = ExitStatus.misuse
        var testDescription: String { text }
    }

    static let modelForms =
        "hint: write `models:/NAME/VERSION`, `models:/NAME@ALIAS`, `models:/NAME/latest` or `models:/m-ID`\n"
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
            text: "models://scope:key@databricks/churn/3",
            message: """
                error: cannot find `models://databricks/churn/3`: `scope:key` names a secret scope, which can be read only inside Databricks
                hint: name a profile of `~/.databrickscfg`, as in `prod@databricks`

                """),
        Refused(
            text: "models://@databricks/churn/3",
            message: """
                error: cannot find `models://databricks/churn/3`: there is no profile before the `@`
                hint: leave the `@` out, or name a profile

                """),
        Refused(
            text: "models://databricks:443/churn/3",
            message: """
                error: cannot find `models://databricks:443/churn/3`: a port after `databricks` means nothing
                hint: leave it out

                """),
        Refused(
            text: "runs://databricks-uc/r/model",
            message: """
                error: cannot find `runs://databricks-uc/r/model`: a run has no server of its own
                hint: write `runs:/RUN_ID/path`; the server is named by `MLFLOW_TRACKING_URI`

                """),
        Refused(
            text: "dbfs://cluster/mnt/x",
            message: """
                error: cannot find `dbfs://cluster/mnt/x`: `cluster` is no Databricks workspace
                hint: write `dbfs:/PATH` or `dbfs://PROFILE@databricks/PATH`

                """),
        Refused(
            text: "dbfs:/Volumes/main/default",
            message: """
                error: cannot find `dbfs:/Volumes/main/default`: it names no volume
                hint: write `dbfs:/Volumes/CATALOG/SCHEMA/VOLUME/PATH`

                """),
        Refused(
            text: "dbfs:/databricks/mlflow-tracking/12/tr-0abc",
            message: """
                error: cannot find `dbfs:/databricks/mlflow-tracking/12/tr-0abc`: it names no run and no logged model
                hint: write `dbfs:/databricks/mlflow-tracking/EXPERIMENT/RUN/artifacts/PATH`, or `runs:/RUN/PATH`

                """),
        Refused(
            text: "models:/churn/١",
            message: "error: cannot find `models:/churn/١`: a version is written in the digits 0 to 9\n" + modelForms),
        Refused(
            text: "dbfs:/", message: "error: cannot find `dbfs:/`: it names no folder\nhint: write `dbfs:/PATH`\n"),
        Refused(
            text: "https://host/models/churn",
            message: """
                error: cannot find `https://host/models/churn`: it is not the address of artifacts on an MLflow server, which ends in `/api/2.0/mlflow-artifacts/artifacts/PATH`
                hint: for a registered model write `models:/NAME/VERSION` and set `MLFLOW_TRACKING_URI`; download an archive first and name its file

                """),
        Refused(
            text: "https://me:secret@host/api/2.0/mlflow-artifacts/artifacts/1",
            message: """
                error: cannot find `https://host/api/2.0/mlflow-artifacts/artifacts/1`: a name and a password in an address end up in logs
                hint: set `MLFLOW_TRACKING_USERNAME` and `MLFLOW_TRACKING_PASSWORD`, and `MLFLOW_TRACKING_URI` to the server's address

                """),
        Refused(
            text: "https://host/api/2.0/mlflow-artifacts/artifacts/1?token=secret",
            message: """
                error: cannot find `https://host/api/2.0/mlflow-artifacts/artifacts/1`: the address of a folder has no `?` and no `#`
                hint: write `%3F` and `%23` for those in a name

                """),
        Refused(
            text: "https://host/api/2.0/mlflow-artifacts/artifacts/1/%2e%2e/x",
            message:
                "error: cannot find `https://host/api/2.0/mlflow-artifacts/artifacts/1/%2e%2e/x`: it holds the segment `..`\n"
        ),
        Refused(
            text: "model:/churn/3",
            message:
                "error: cannot find `model:/churn/3`: there is no scheme `model:`\nhint: did you mean `models:/churn/3`?\n"
        ),
        Refused(
            text: "file://server/models/churn",
            message: """
                error: cannot find `file://server/models/churn`: it names a file of the host `server`
                hint: write `file:///PATH` for this one

                """),
        Refused(
            text: "file:///models/churn?x",
            message: """
                error: cannot find `file:///models/churn`: the path in a `file:` URI has no `?` and no `#`
                hint: write `%3F` and `%23`, or the bare path

                """),
        Refused(
            text: "s3://key:secret@bucket/churn?sig=secret",
            message: """
                error: cannot find `s3://bucket/churn`: `s3:` is not read directly
                hint: name the registered model or the run instead, as in `models:/NAME/VERSION`: its registry lends the right to read there
                hint: or download it with `aws s3 cp --recursive s3://bucket/churn FOLDER` and name the folder

                """),
        Refused(
            text: "abfss://container@account.dfs.core.windows.net/churn",
            message: """
                error: cannot find `abfss://account.dfs.core.windows.net/churn`: `abfss:` is not read directly
                hint: name the registered model or the run instead, as in `models:/NAME/VERSION`: its registry lends the right to read there
                hint: or download it with `azcopy copy --recursive URL FOLDER` and name the folder

                """),
        Refused(
            text: "gopher://x/churn",
            message: """
                error: cannot find `gopher://x/churn`: `gopher:` is not read directly
                hint: write `models:/NAME/VERSION`, `models:/NAME@ALIAS`, `models:/NAME/latest`, `models:/m-ID`, `runs:/RUN/path`, `mlflow-artifacts:/path`, `dbfs:/path` or the path of a folder with an `MLmodel` or of an archive of one

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
