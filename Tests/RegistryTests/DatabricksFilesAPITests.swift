import Diagnostics
import HTTPTransport
import Synchronization
import TestKit
import Testing

@testable import Registry

@Suite struct DatabricksFilesAPITests {
    static let root = "/Models/main/default/churn/4"
    static let sign = "POST /api/2.0/fs/create-download-url"
    static let large = String(repeating: "x", count: FilesAPIStore.smallBytes + 1)
    static let largeFiles = ["a.bin": large, "b.bin": large]

    static func store(_ fake: FakeDatabricks, _ root: String = Self.root) -> FilesAPIStore {
        FilesAPIStore(
            fake.client, root: root,
            about: .catalogModel(CatalogName(catalog: "main", schema: "default", model: "churn")))
    }

    /// The requests after the listing.
    static func reads(_ fake: FakeDatabricks) -> [String] {
        Array(fake.asked.drop { $0.contains("/fs/directories") })
    }

    @Test("a large file is read from the storage, which never hears of the token; an address is signed for each")
    func signed() throws {
        let fake = try FakeDatabricks(tree: Self.largeFiles)
        defer { fake.stop() }
        #expect(try fake.contents(Self.store(fake)) == Self.largeFiles)
        #expect(Self.reads(fake) == [Self.sign, Self.sign])
        #expect(
            fake.workspace.requests.dropFirst().map { String(decoding: $0.body, as: UTF8.self) }
                == [#"{"path":"\#(Self.root)/a.bin"}"#, #"{"path":"\#(Self.root)/b.bin"}"#])
        #expect(fake.askedOfStorage == ["GET /signed/a.bin?sig=a%2Bb%2Fc%3D", "GET /signed/b.bin?sig=a%2Bb%2Fc%3D"])
        #expect(fake.storage.requests.allSatisfy { $0.headers["authorization"] == nil })
    }

    struct Refusal: CustomTestStringConvertible, Sendable {
        let name: String
        let reply: FaultServer.Reply
        var testDescription: String { name }
    }

    @Test(
        "where no addresses are signed the workspace is read for all files, and asked for an address only once",
        arguments: [
            Refusal(
                name: "switched off",
                reply: FakeDatabricks.error(403, "PERMISSION_DENIED", "no", reason: "FILES_API_API_IS_NOT_ENABLED")),
            Refusal(
                name: "unknown zone, 500",
                reply: FakeDatabricks.error(
                    500, "INTERNAL_ERROR", "no", reason: "FILES_API_REQUESTER_NETWORK_ZONE_UNKNOWN")),
            Refusal(name: "older workspace", reply: FakeDatabricks.error(404, "ENDPOINT_NOT_FOUND", "No API found")),
            Refusal(name: "another refusal", reply: FakeDatabricks.error(400, "INVALID_PARAMETER_VALUE", "path")),
            Refusal(name: "no address", reply: .text(200, "{}")),
            Refusal(name: "an address that is none", reply: .text(200, #"{"url": "s3://bucket/x"}"#)),
        ])
    func unsigned(row: Refusal) throws {
        let fake = try FakeDatabricks(
            tree: Self.largeFiles, workspace: { $0.path.hasSuffix("create-download-url") ? row.reply : nil })
        defer { fake.stop() }
        #expect(try fake.contents(Self.store(fake)) == Self.largeFiles)
        let files = "GET /api/2.0/fs/files\(Self.root)"
        #expect(Self.reads(fake) == [Self.sign, "\(files)/a.bin", "\(files)/b.bin"])
        #expect(fake.storage.requests.isEmpty)
    }

    @Test("a storage that does not admit this machine is left alone: all further files come through the workspace")
    func firewall() throws {
        let fake = try FakeDatabricks(
            tree: Self.largeFiles,
            storage: { _ in FakeDatabricks.storageError(403, "AuthorizationFailure", "not from here") })
        defer { fake.stop() }
        #expect(try fake.contents(Self.store(fake)) == Self.largeFiles)
        let files = "GET /api/2.0/fs/files\(Self.root)"
        #expect(Self.reads(fake) == [Self.sign, "\(files)/a.bin", "\(files)/b.bin"])
        #expect(fake.askedOfStorage.count == 1)
    }

    @Test("an address that has expired is signed anew")
    func expired() throws {
        let fake = try FakeDatabricks(
            tree: ["a.bin": Self.large],
            storage: {
                $0.earlierCount < 2 ? FakeDatabricks.storageError(403, "AccessDenied", "Request has expired") : nil
            })
        defer { fake.stop() }
        #expect(try fake.contents(Self.store(fake)) == ["a.bin": Self.large])
        #expect(Self.reads(fake) == [Self.sign, Self.sign, Self.sign])
    }

    @Test("addresses that are born expired, of a storage with another clock, are given up for the workspace")
    func bornExpired() throws {
        let fake = try FakeDatabricks(
            tree: ["a.bin": Self.large],
            storage: { _ in FakeDatabricks.storageError(403, "AccessDenied", "Request has expired") })
        defer { fake.stop() }
        #expect(try fake.contents(Self.store(fake)) == ["a.bin": Self.large])
        #expect(
            Self.reads(fake) == [Self.sign, Self.sign, Self.sign, "GET /api/2.0/fs/files\(Self.root)/a.bin"])
    }

    @Test("a small file that the workspace itself does not give is read from the storage")
    func smallSigned() throws {
        let fake = try FakeDatabricks(
            tree: ["a": "1", "b": "2"],
            workspace: {
                $0.path.hasPrefix("/api/2.0/fs/files")
                    ? FakeDatabricks.error(403, "PERMISSION_DENIED", "not here") : nil
            })
        defer { fake.stop() }
        #expect(try fake.contents(Self.store(fake)) == ["a": "1", "b": "2"])
        #expect(fake.askedOfStorage.count == 2)
    }

    @Test("when every way is refused the last refusal is told, with the rights that are needed")
    func refused() throws {
        let fake = try FakeDatabricks(
            tree: ["a": "1"],
            workspace: {
                $0.path.contains("/fs/directories") ? nil : FakeDatabricks.error(403, "PERMISSION_DENIED", "no EXECUTE")
            })
        defer { fake.stop() }
        #expect(
            fake.message { try fake.contents(Self.store(fake)) } == """
                error: cannot read `a`: `WORKSPACE` forbids it
                  --> WORKSPACE/api/2.0/fs/files/Models/main/default/churn/4/a (GET, status 403)
                  - the server says: PERMISSION_DENIED: no EXECUTE
                hint: it needs EXECUTE on the model `main.default.churn`, USE CATALOG on `main` and USE SCHEMA on `main.default`
                hint: the credentials come from `DATABRICKS_TOKEN`; `skiff auth` shows whose they are

                """)
    }

    @Test("a token that is refused is not shown to any other way")
    func signInRefused() throws {
        let fake = try FakeDatabricks(
            tree: ["a": "1"],
            workspace: {
                $0.path.contains("/fs/directories")
                    ? nil : .text(403, #"{"error_code": 403, "message": "Invalid access token."}"#)
            })
        defer { fake.stop() }
        #expect(
            fake.message { try fake.contents(Self.store(fake)) } == """
                error: cannot read `a`: `WORKSPACE` does not accept the credentials
                  --> WORKSPACE/api/2.0/fs/files/Models/main/default/churn/4/a (GET, status 403)
                  - the server says: 403: Invalid access token.
                hint: they come from `DATABRICKS_TOKEN`: they are wrong, have expired, or are for another workspace; `skiff auth` explains them

                """)
        #expect(Self.reads(fake).count == 1)
    }

    @Test("every segment is encoded once, in listings, addresses and files")
    func encoding() throws {
        let tree = ["we ird#dir%41/sp ace+é%41&#.txt": "odd", "we ird#dir%41/large": Self.large]
        let fake = try FakeDatabricks(tree: tree)
        defer { fake.stop() }
        #expect(try fake.contents(Self.store(fake)) == tree)
        let folder = "/we%20ird%23dir%2541"
        #expect(
            fake.asked == [
                "GET /api/2.0/fs/directories\(Self.root)?page_size=1000",
                "GET /api/2.0/fs/directories\(Self.root)\(folder)?page_size=1000",
                Self.sign, "GET /api/2.0/fs/files\(Self.root)\(folder)/sp%20ace%2B%C3%A9%2541%26%23.txt",
            ])
        #expect(
            String(decoding: fake.workspace.requests[2].body, as: UTF8.self)
                == #"{"path":"\#(Self.root)/we ird#dir%41/large"}"#)
    }

    @Test("only a missing token ends a listing, an empty page does not; times of change are kept")
    func pages() throws {
        let fake = try FakeDatabricks(workspace: { request in
            guard request.path.hasPrefix("/api/2.0/fs/directories") else { return nil }
            func entry(_ name: String, _ size: String) -> String {
                #"{"path": "\#(Self.root)/\#(name)", "name": "\#(name)", "is_directory": false, "file_size": \#(size), "last_modified": 17\#(name)}"#
            }
            if request.target.contains("page_token=t%2B1") {
                return .text(200, #"{"contents": [], "next_page_token": "t2"}"#)
            }
            if request.target.contains("page_token=t2") {
                return .text(200, #"{"contents": [\#(entry("2", "\"7\""))]}"#)
            }
            return .text(200, #"{"contents": [\#(entry("1", "5"))], "next_page_token": "t+1"}"#)
        })
        defer { fake.stop() }
        let entries = try Self.store(fake).list("", doing: "find it")
        #expect(entries.map { "\($0.path) \($0.size ?? -1) \($0.version ?? "")" } == ["1 5 171", "2 7 172"])
        #expect(fake.asked.count == 3)
    }

    @Test("a folder that was listed and then does not exist is an error, and no empty folder")
    func vanished() throws {
        let fake = try FakeDatabricks(workspace: { request in
            request.path.hasSuffix("/data") ? FakeDatabricks.error(404, "NOT_FOUND", "no such directory") : nil
        })
        defer { fake.stop() }
        #expect(
            fake.message { try fake.listing(Self.store(fake)) } == """
                error: cannot find it: the workspace does not know it
                  --> WORKSPACE/api/2.0/fs/directories/Models/main/default/churn/4/data (GET, status 404)
                  - the server says: NOT_FOUND: no such directory

                """)
    }

    @Test(
        "paths that are not in the folder that was asked are refused",
        arguments: [
            "/Models/main/default/churn/5/MLmodel", "/Models/main/default/churn/4x", "/Models/main/default/churn/4/",
            "MLmodel", "/Models/main/default/churn/4/a/b", "/etc/passwd", "/Models/main/default/churn/4/../5/MLmodel",
        ])
    func elsewhere(path: String) throws {
        let fake = try FakeDatabricks(workspace: { _ in
            .text(200, #"{"contents": [{"path": "\#(path)", "is_directory": false, "file_size": 1}]}"#)
        })
        defer { fake.stop() }
        #expect(
            fake.message { try fake.listing(Self.store(fake)) } == """
                error: cannot find it: the server lists `\(path)`, which no model may hold: it does not lie in the folder that was asked, `\(Self.root)`
                hint: nothing was written; look at the model's files in MLflow before you use it anywhere

                """)
    }

    @Test("a volume is read by the same service, and the rights are a volume's")
    func volume() throws {
        let fake = try FakeDatabricks(workspace: { request in
            request.path.contains("/secret") ? FakeDatabricks.error(403, "PERMISSION_DENIED", "no READ VOLUME") : nil
        })
        defer { fake.stop() }
        let volume = try fake.tracking.folder("dbfs:/Volumes/main/default/vol/churn", doing: "find it")
        #expect(try fake.contents(volume.stores[0]) == FakeDatabricks.tree)
        #expect(!volume.isImmutable)
        let secret = try fake.tracking.folder("dbfs:/Volumes/main/default/secret", doing: "find it")
        #expect(
            fake.message { try fake.listing(secret.stores[0]) } == """
                error: cannot find it: `WORKSPACE` forbids it
                  --> WORKSPACE/api/2.0/fs/directories/Volumes/main/default/secret (GET, status 403)
                  - the server says: PERMISSION_DENIED: no READ VOLUME
                hint: it needs READ VOLUME on the volume, USE CATALOG and USE SCHEMA above it
                hint: the credentials come from `DATABRICKS_TOKEN`; `skiff auth` shows whose they are

                """)
    }
}
