import FileTrees
import Hashing
import TestKit
import Testing

@testable import Registry

/// Large files at addresses of the storage that an MLflow server signs (mlflow 3.17).
@Suite struct PresignedDownloadsTests {
    static let big = String(repeating: "0123456789abcdef", count: (8 << 20) / 16)
    static let files = ["MLmodel": "flavors: {}\n", "data/model.pkl": big]
    static let presigned = "/api/2.0/mlflow-artifacts/presigned/1/model/data/model.pkl"
    static let info = "/api/3.0/mlflow/server-info"

    /// The storage: wants the signature byte for byte, the header that belongs to it, and no credential.
    private func storage(_ fault: @escaping @Sendable (FaultServer.Request) -> FaultServer.Reply? = { _ in nil })
        throws -> FaultServer
    {
        try #require(
            FaultServer { request in
                if let reply = fault(request) { return reply }
                guard request.target == "/bucket/model.pkl?sig=a%2Bb%2Fc%3D&x=1", request.headers["x-extra"] == "yes",
                    request.headers["authorization"] == nil
                else { return .text(400, "<Error><Code>InvalidRequest</Code><Message>no</Message></Error>") }
                return .text(200, Self.big, type: "application/octet-stream")
            })
    }

    private func server(
        storage: FaultServer, offers: Bool = true,
        _ fault: @escaping @Sendable (FaultServer.Request) -> FaultServer.Reply? = { _ in nil }
    ) -> FakeMLflow {
        let address = storage.origin + "/bucket/model.pkl?sig=a%2Bb%2Fc%3D&x=1"
        return FakeMLflow(files: Self.files) { request in
            if let reply = fault(request) { return reply }
            switch request.path {
            case Self.info: return .text(200, #"{"multipart_downloads_enabled": \#(offers)}"#)
            case Self.presigned:
                return .text(200, #"{"url": "\#(address)", "headers": {"X-Extra": "yes"}, "file_size": 8388608}"#)
            default: return nil
            }
        }
    }

    private func fetch(_ fake: FakeMLflow, _ variables: [String: String] = [:]) throws -> LocalModel {
        let folder = TemporaryDirectory()
        return try Fetcher.fetch(
            fake.resolve("models:/churn/3", variables), into: folder.file("m"),
            options: FetchOptions(connections: 2, isDurable: false)
        ) { _ in }
    }

    private func check(_ model: LocalModel) {
        #expect(model.tree["data/model.pkl"]?.digest == SHA256Digest(of: Self.big))
        #expect(model.tree["MLmodel"]?.digest == SHA256Digest(of: "flavors: {}\n"))
    }

    @Test("a large file comes from the storage: the signature and its headers go there, our token does not")
    func direct() throws {
        let storage = try storage()
        let fake = server(storage: storage)
        defer {
            storage.stop()
            fake.server.stop()
        }
        check(try fetch(fake, ["MLFLOW_TRACKING_TOKEN": "sesame"]))
        #expect(storage.requests.count == 1)
        #expect(!fake.server.requests.contains { $0.path.hasSuffix("artifacts/1/model/data/model.pkl") })
        #expect(fake.server.requests.filter { $0.path == Self.info }.count == 1)
        #expect(fake.server.requests.first { $0.path == Self.presigned }?.headers["authorization"] == "Bearer sesame")
    }

    @Test("a model of small files costs no request more")
    func small() throws {
        let fake = FakeMLflow()
        defer { fake.server.stop() }
        let folder = TemporaryDirectory()
        _ = try fake.fetch(into: folder)
        #expect(!fake.server.requests.contains { $0.path == Self.info })
        #expect(!fake.server.requests.contains { $0.path.contains("presigned") })
    }

    struct Fallback: CustomTestStringConvertible, Sendable {
        let name: String
        var offers = true
        var variables: [String: String] = [:]
        let path: String
        let reply: FaultServer.Reply
        var testDescription: String { name }
    }

    static let fallbacks = [
        Fallback(name: "the server offers none", offers: false, path: presigned, reply: .text(200, "unasked")),
        Fallback(name: "an older server", path: info, reply: .text(404, "<html></html>", type: "text/html")),
        Fallback(name: "the question is answered with words", path: info, reply: .text(200, "yes")),
        Fallback(
            name: "501", path: presigned,
            reply: .text(
                501, #"{"error_code": "NOT_IMPLEMENTED", "message": "Multipart download is not supported"}"#)),
        Fallback(name: "an answer without an address", path: presigned, reply: .text(200, "{}")),
        Fallback(name: "an address that is none", path: presigned, reply: .text(200, #"{"url": "ftp://x/y"}"#)),
        Fallback(
            name: "the variable says no", variables: ["MLFLOW_ENABLE_PROXY_MULTIPART_DOWNLOAD": "false"], path: info,
            reply: .text(200, "unasked")),
    ]

    @Test("what cannot be had from the storage comes through the server", arguments: fallbacks)
    func fallback(_ row: Fallback) throws {
        let storage = try storage()
        let fake = server(storage: storage, offers: row.offers) { $0.path == row.path ? row.reply : nil }
        defer {
            storage.stop()
            fake.server.stop()
        }
        check(try fetch(fake, row.variables))
        #expect(storage.requests.isEmpty)
        #expect(fake.server.requests.filter { $0.path.hasSuffix("artifacts/1/model/data/model.pkl") }.count >= 1)
    }

    @Test("a storage that refuses a fresh address is not asked again", arguments: [400, 403, 404])
    func refused(status: Int) throws {
        let storage = try storage { _ in
            .text(status, "<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>")
        }
        let fake = server(storage: storage)
        defer {
            storage.stop()
            fake.server.stop()
        }
        check(try fetch(fake))
        #expect(storage.requests.count == 1)
    }

    @Test("a storage that sends less than is listed is never believed")
    func short() throws {
        let storage = try storage { _ in .raw("HTTP/1.1 200 OK\r\n\r\n0123") }
        let fake = server(storage: storage)
        defer {
            storage.stop()
            fake.server.stop()
        }
        #expect(fake.message { try fetch(fake) }.contains("lists it with 8,388,608 bytes and sends 4"))
    }

    @Test("a run in a cloud: its large files come from addresses that the server signs, the others through it")
    func run() throws {
        let storage = try storage()
        let address = storage.origin + "/bucket/model.pkl?sig=a%2Bb%2Fc%3D&x=1"
        let fake = FakeMLflow { request in
            switch request.path {
            case "/api/2.0/mlflow/runs/get":
                return .text(200, #"{"run": {"info": {"artifact_uri": "s3://b/1/r/artifacts", "experiment_id": "1"}}}"#)
            case "/api/2.0/mlflow/artifacts/list":
                return .text(
                    200,
                    #"{"files": [{"path": "m/MLmodel", "file_size": 12}, {"path": "m/big", "file_size": 8388608}]}"#)
            case "/api/2.0/mlflow/artifacts/presigned-download-url":
                guard String(decoding: request.body, as: UTF8.self) == #"{"run_id":"r","path":"m/big"}"# else {
                    return .text(400, "")
                }
                return .text(200, #"{"presigned_url": "\#(address)", "headers": {"X-Extra": "yes"}}"#)
            case "/get-artifact": return .text(200, "flavors: {}\n", type: "text/plain")
            default: return FakeMLflow.notFound("nothing")
            }
        }
        defer {
            storage.stop()
            fake.server.stop()
        }
        let folder = TemporaryDirectory()
        let model = try fake.fetch("runs:/r/m", into: folder)
        #expect(model.tree["big"]?.digest == SHA256Digest(of: Self.big))
        #expect(storage.requests.count == 1)
        #expect(
            fake.server.requests.filter { $0.path == "/get-artifact" }.map(\.target) == [
                "/get-artifact?path=m%2FMLmodel&run_id=r"
            ])
    }
}
