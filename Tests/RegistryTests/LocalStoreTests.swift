import Bytes
import Diagnostics
import FileTrees
import Glibc
import JSONText
import Platform
import SQLiteFiles
import TestKit
import Testing

@testable import Registry

/// Stores that MLflow 3.17.2, 2.22.1 and 1.30.1 made; `Tests/Fixtures/local-stores` has the scripts.
@Suite struct LocalStoreTests {
    struct Store: CustomTestStringConvertible, Sendable {
        let version: String
        /// `sqlite` or `files`.
        let kind: String
        var testDescription: String { "MLflow \(version), \(kind)" }
        var fixture: String { Checkout.fixture("local-stores/\(version)/\(kind)") }
    }

    static let stores = ["3.17.2", "2.22.1", "1.30.1"].flatMap { version in
        ["sqlite", "files"].map { Store(version: version, kind: $0) }
    }

    /// The folder that stands in the stores.
    static let place =
        "/srv/mlflow/this-name-is-as-long-as-the-folders-of-tests-so-that-they-can-stand-in-its-place-byte-by-byte"

    /// A copy of a store that names the folder it is in: that of the copy, filled up with slashes.
    final class Copy {
        let folder = TemporaryDirectory()
        let kind: String

        init(_ store: Store, isMoved: Bool = false) throws {
            kind = store.kind
            #expect(try run("cp", ["-r", store.fixture, folder.file(store.kind)]).isSuccess)
            guard !isMoved else { return }
            let here = Array(folder.path.utf8)
            try #require(here.count <= LocalStoreTests.place.utf8.count)
            let filled =
                here + [UInt8](repeating: UInt8(ascii: "/"), count: LocalStoreTests.place.utf8.count - here.count)
            for entry in try DirectoryWalk.entries(of: folder.path) where entry.status.kind == .file {
                guard entry.path.hasSuffix("/meta.yaml") || entry.path.hasSuffix(".db") else { continue }
                let path = folder.file(entry.path)
                let bytes = try FileDescriptor.open(path).readAll(limit: 1 << 24)
                _ = try run("rm", [path])
                _ = try folder.write(entry.path, Copy.replacing(bytes, Array(LocalStoreTests.place.utf8), filled))
            }
        }

        static func replacing(_ bytes: [UInt8], _ old: [UInt8], _ new: [UInt8]) -> [UInt8] {
            var result = bytes
            var index = 0
            while index + old.count <= bytes.count {
                if bytes[index] == old[0], bytes[index..<index + old.count].elementsEqual(old) {
                    result.replaceSubrange(index..<index + old.count, with: new)
                    index += old.count
                } else {
                    index += 1
                }
            }
            return result
        }

        var place: RegistryChoice.Place {
            kind == "sqlite"
                ? .sqlite(path: folder.file("sqlite/mlflow.db")) : .fileStore(path: folder.file("files/mlruns"))
        }

        func read(_ text: String, _ environment: [String: String] = [:]) throws -> LocalModel {
            let surroundings = try Surroundings(environment: environment, currentDirectory: "/nowhere")
            return try LocalStore.read(ModelReference.parse(text), at: place, surroundings)
        }

        /// What the model says it is.
        func words(_ text: String) throws -> String {
            let entry = try #require(try read(text).tree[RelativePath("data/which.txt")])
            let region = try entry.region()
            return String(decoding: region.bytes(region.range).dropLast(), as: UTF8.self)
        }
    }

    static func expected(_ store: Store) throws -> [(uri: String, words: String?)] {
        let bytes = try FileDescriptor.open(store.fixture + "/expected.json").readAll(limit: 1 << 20)
        let object = try #require(try JSONText.parse(bytes).objectValue)
        return object.members.map { ($0.key, $0.value.stringValue) }
    }

    @Test(
        "each reference leads to the model that this MLflow downloaded, and to none where it found none",
        arguments: stores)
    func verdicts(_ store: Store) throws {
        let copy = try Copy(store)
        let rows = try Self.expected(store)
        #expect(rows.count > 25)
        for (uri, words) in rows {
            // MLflow before 3.17 knew no alias `latest`, and looked for the folder `version-03`.
            let isLater = ["models:/churn@latest", "models:/churn/03"].contains(uri) && rows[0].words != nil
            if let words = isLater ? "churn 3" : words {
                #expect(try copy.words(uri) == words, "\(uri)")
            } else {
                #expect(throws: RegistryError.self, "\(uri)") { try copy.read(uri) }
            }
        }
    }

    @Test("the identity says which version it is, and no path of this machine", arguments: stores.prefix(4))
    func identity(_ store: Store) throws {
        let copy = try Copy(store)
        let model = try copy.read("models:/churn@champion")
        #expect(model.identity.kind == .localStore)
        #expect(model.identity.name == "churn")
        #expect(model.identity.version == "2")
        #expect(model.identity.alias == "champion")
        #expect(model.identity.runID?.count == 32)
        #expect(model.identity.artifactURI == nil)
        #expect(!JSONWriter.text(model.identity.json, style: .compact).contains(copy.folder.path))
        #expect(model.tree.paths.map(\.text) == ["MLmodel", "data/which.txt"])
    }

    @Test("a version of a logged model names it", arguments: stores.prefix(2))
    func loggedIdentity(_ store: Store) throws {
        let identity = try Copy(store).read("models:/logged/1").identity
        #expect(identity.name == "logged")
        #expect(identity.modelID?.hasPrefix("m-") == true)
    }

    struct Refused: CustomTestStringConvertible, Sendable {
        let uri: String
        let kind: RegistryError.Kind
        /// `STORE` stands for the folder or database.
        let message: String
        var testDescription: String { uri }
    }

    static let refused = [
        Refused(
            uri: "models:/absent/1", kind: .notFound,
            message: """
                error: cannot find `models:/absent/1`: STORE has no model `absent`
                hint: it has the models `churn`, `copied`, `empty`, `far`, `iris demo é`, `logged`

                """),
        Refused(
            uri: "models:/churn/4", kind: .notFound,
            message: """
                error: cannot find `models:/churn/4`: there is no version 4
                hint: the model `churn` exists: its highest version is 3, its aliases are `Challenger`, `champion`

                """),
        Refused(
            uri: "models:/churn/99999999999999999999", kind: .notFound,
            message: """
                error: cannot find `models:/churn/99999999999999999999`: there is no version 99999999999999999999
                hint: the model `churn` exists: its highest version is 3, its aliases are `Challenger`, `champion`

                """),
        Refused(
            uri: "models:/churn/staging", kind: .notFound,
            message: """
                error: cannot find `models:/churn/staging`: no version is in the stage `Staging`
                hint: the model `churn` exists: its highest version is 3, its aliases are `Challenger`, `champion`

                """),
        Refused(
            uri: "models:/churn/nowhere", kind: .reference,
            message: """
                error: cannot find `models:/churn/nowhere`: there is no stage `nowhere`
                hint: the stages are `None`, `Staging`, `Production` and `Archived`

                """),
        Refused(
            uri: "models:/empty/latest", kind: .notFound,
            message: """
                error: cannot find `models:/empty/latest`: `empty` has no version
                hint: the model `empty` exists: it has no versions

                """),
        Refused(
            uri: "models:/churn", kind: .notFound,
            message: """
                error: cannot find `models:/churn`: STORE has no logged model `churn`
                hint: `churn` is a registered model: write `models:/churn/VERSION`

                """),
        Refused(
            uri: "models:/far/1", kind: .unsupported,
            message: """
                error: cannot find `models:/far/1`: its files are not on this machine but in storage elsewhere, at `s3://bucket/models/far`
                hint: or download it with `aws s3 cp --recursive s3://bucket/models/far FOLDER` and name the folder

                """),
        Refused(
            uri: "models:/far/2", kind: .unsupported,
            message: """
                error: cannot find `models:/far/2`: its files are not on this machine but behind the MLflow server that it was logged to, at `mlflow-artifacts:/1/models/far`
                hint: set `MLFLOW_TRACKING_URI` to the address of that server

                """),
        Refused(
            uri: "runs:/0123/model", kind: .notFound,
            message: "error: cannot find `runs:/0123/model`: STORE has no run `0123`\n"),
        Refused(
            uri: "dbfs:/mnt/x", kind: .reference,
            message: """
                error: cannot find `dbfs:/mnt/x`: STORE has registered models, logged models and runs
                hint: write `models:/NAME/VERSION` or `runs:/RUN/path`

                """),
    ]

    @Test("what the store does not have is told with what it has", arguments: stores.prefix(2), refused)
    func refuses(_ store: Store, _ row: Refused) throws {
        let copy = try Copy(store)
        let error = try #require(#expect(throws: RegistryError.self) { try copy.read(row.uri) })
        #expect(error.kind == row.kind)
        let shown =
            store.kind == "sqlite"
            ? "the database `\(copy.folder.file("sqlite/mlflow.db"))`"
            : "the folder `\(copy.folder.file("files/mlruns"))`"
        #expect(
            message(of: error)
                == row.message.split(separator: "STORE", omittingEmptySubsequences: false).joined(separator: shown))
    }

    @Test("a logged model that is not ready is refused", arguments: stores.prefix(2))
    func pending(_ store: Store) throws {
        let copy = try Copy(store)
        let (uri, _) = try #require(try Self.expected(store).first { $0.uri.hasSuffix("/classifier") })
        let pending = uri.dropLast("classifier".count) + "pending"
        let error = try #require(#expect(throws: RegistryError.self) { try copy.read(String(pending)) })
        #expect(error.kind == .notReady)
    }

    @Test("a store that was moved says where its files should be", arguments: stores.prefix(2))
    func moved(_ store: Store) throws {
        let copy = try Copy(store, isMoved: true)
        let run = try #require(try copy.runOf("models:/churn/1", store))
        let folder = Self.place + "/\(store.kind)/mlruns/\(run.experiment)/\(run.id)/artifacts/model"
        #expect(
            message { try copy.read("models:/churn/1") }
                == """
                error: cannot find `models:/churn/1`: the store says that its files are in `\(folder)`, which is no folder here
                hint: was the store moved? name the model's folder itself

                """)
    }

    @Test("relative addresses begin at the current folder, and else where the store is")
    func relative() throws {
        let copy = try Copy(Store(version: "1.30.1", kind: "sqlite"))
        #expect(try copy.words("models:/churn/1") == "churn 1")
        // The same address leads elsewhere from a folder that has it.
        let other = try Copy(Store(version: "1.30.1", kind: "sqlite"))
        let tree = try copy.read("models:/churn/1").tree
        let path = try #require(tree.files.first { $0.path.name == "which.txt" }?.entry.contents)
        guard case .file(let name, _, _) = path else { return }
        let there = other.folder.path + name.dropFirst(copy.folder.path.count)
        _ = try run("sh", ["-c", "echo elsewhere > \"$0\"", there])
        let surroundings = try Surroundings(currentDirectory: other.folder.file("sqlite"))
        let model = try LocalStore.read(ModelReference.parse("models:/churn/1"), at: copy.place, surroundings)
        let entry = try #require(model.tree[RelativePath("data/which.txt")])
        let region = try entry.region()
        #expect(String(decoding: region.bytes(region.range), as: UTF8.self) == "elsewhere\n")
    }

    @Test("models of another workspace are not seen")
    func workspace() throws {
        let copy = try Copy(Store(version: "3.17.2", kind: "sqlite"))
        #expect(throws: RegistryError.self) { try copy.read("models:/churn/1", ["MLFLOW_WORKSPACE": "team"]) }
        #expect(throws: RegistryError.self) {
            try Copy(Store(version: "2.22.1", kind: "sqlite")).read("models:/churn/1", ["MLFLOW_WORKSPACE": "team"])
        }
        #expect(try copy.read("models:/churn/1", ["MLFLOW_WORKSPACE": "default"]).identity.version == "1")
    }

    @Test("files of the run and of its logged model lie over each other, those of the logged model above")
    func overlay() throws {
        let copy = try Copy(Store(version: "3.17.2", kind: "files"))
        let (uri, _) = try #require(
            try Self.expected(Store(version: "3.17.2", kind: "files")).first { $0.uri.hasSuffix("/classifier") })
        let run = String(uri.dropFirst("runs:/".count).prefix { $0 != "/" })
        let experiment = try #require(try FileStoreRecords(copy.folder.file("files/mlruns")).run(run)?.experiment)
        let own = "files/mlruns/\(experiment)/\(run)/artifacts/classifier"
        _ = try TestKit.run("mkdir", ["-p", copy.folder.file(own + "/data")])
        _ = try copy.folder.write(own + "/data/which.txt", "the run's\n")
        _ = try copy.folder.write(own + "/extra.txt", "more\n")
        let model = try copy.read(uri)
        #expect(model.tree.paths.map(\.text) == ["MLmodel", "data/which.txt", "extra.txt"])
        #expect(try copy.words(uri) == "logged 2")
    }

    @Test("versions that lead to each other end")
    func circle() throws {
        let copy = try Copy(Store(version: "3.17.2", kind: "files"))
        let meta = copy.folder.file("files/mlruns/models/churn/version-1/meta.yaml")
        _ = try run("sh", ["-c", "sed -i 's|^storage_location: .*|storage_location: models:/churn/1|' \"$0\"", meta])
        #expect(
            message { try copy.read("models:/churn/1") }
                == "error: cannot find `models:/churn/1`: its addresses lead from one to another without an end\n")
    }

    @Test("a version that is not ready, or whose meta.yaml is broken, is refused")
    func broken() throws {
        let copy = try Copy(Store(version: "3.17.2", kind: "files"))
        let meta = copy.folder.file("files/mlruns/models/churn/version-1/meta.yaml")
        _ = try run("sh", ["-c", "sed -i 's|^status: .*|status: FAILED_REGISTRATION|' \"$0\"", meta])
        #expect(
            message { try copy.read("models:/churn/1") } == """
                error: cannot find `models:/churn/1`: version 1 is not ready, its status is `FAILED_REGISTRATION`
                hint: register it again

                """)
        _ = try run("sh", ["-c", "echo '\"' > \"$0\"", meta])
        let error = try #require(#expect(throws: RegistryError.self) { try copy.read("models:/churn/1") })
        #expect(error.kind == .answer)
        #expect(error.diagnostic.place?.file == meta)
    }

    @Test("200 mutations of MLflow's database end in a model or an error; seed 8")
    func mutations() throws {
        let copy = try Copy(Store(version: "3.17.2", kind: "sqlite"))
        let path = copy.folder.file("sqlite/mlflow.db")
        let bytes = try FileDescriptor.open(path).readAll(limit: 1 << 24)
        let references = ["models:/churn@champion", "models:/iris demo é/1", "models:/logged/1", "models:/absent/1"]
        var random = SplitMix64(seed: 8)
        var found = 0
        for round in 0..<200 {
            var mutated = bytes
            for _ in 0..<60 {
                let page = Int.random(in: 0..<bytes.count / 1_024, using: &random) * 1_024
                mutated[page + Int.random(in: 0..<(round % 2 == 0 ? 14 : 1_024), using: &random)] =
                    UInt8.random(in: 0...255, using: &random)
            }
            unlink(path)
            _ = try copy.folder.write("sqlite/mlflow.db", mutated)
            do {
                _ = try copy.read(references[round % references.count])
                found += 1
            } catch is RegistryError {}
        }
        #expect(found < 150, "\(found)")
    }

    @Test("stores that are not there say so")
    func absent() throws {
        let folder = TemporaryDirectory()
        let surroundings = try Surroundings(currentDirectory: "/nowhere")
        let reference = try ModelReference.parse("models:/churn/1")
        #expect(
            message { try LocalStore.read(reference, at: .sqlite(path: folder.file("x.db")), surroundings) } == """
                error: cannot read the database `\(folder.file("x.db"))`: there is no such file
                hint: `sqlite:///PATH` begins at the current folder; an absolute path has four slashes

                """)
        #expect(
            message { try LocalStore.read(reference, at: .fileStore(path: folder.file("mlruns")), surroundings) }
                == "error: cannot read MLflow's folder `\(folder.file("mlruns"))`: there is no such folder\n")
        let file = try folder.write("mlflow.db", "")
        #expect(
            message { try LocalStore.read(reference, at: .fileStore(path: file), surroundings) } == """
                error: cannot read MLflow's folder `\(file)`: it is a file
                hint: for a database write `sqlite:///PATH`, with a fourth slash for an absolute path

                """)
    }
}

extension LocalStoreTests.Copy {
    /// The run of a version, asked of the records behind the store.
    func runOf(_ text: String, _ store: LocalStoreTests.Store) throws -> LocalRun? {
        func find(_ records: some LocalRecords) throws -> LocalRun? {
            guard let id = try records.versions(of: "churn")?.first(where: { $0.version == 1 })?.runID else {
                return nil
            }
            return try records.run(id)
        }
        if kind == "sqlite" {
            return try find(SQLiteRecords(SQLiteFile(folder.file("sqlite/mlflow.db")), workspace: "default"))
        }
        return try find(FileStoreRecords(folder.file("files/mlruns")))
    }
}
