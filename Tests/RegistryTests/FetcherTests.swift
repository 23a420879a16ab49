import Diagnostics
import FileTrees
import Hashing
import Platform
import Synchronization
import TestKit
import Testing

@testable import Registry

@Suite struct FetcherTests {
    static let filePath = "/api/2.0/mlflow-artifacts/artifacts/1/model/data/model.pkl"

    @Test("a model comes whole: bytes, digests, paths, and nothing else in the folder")
    func whole() throws {
        let fake = FakeMLflow()
        defer { fake.server.stop() }
        let folder = TemporaryDirectory()
        let model = try fake.fetch(into: folder)
        for (path, text) in FakeMLflow.files {
            let entry = try #require(model.tree[RelativePath(path)])
            #expect(entry.size == text.utf8.count)
            #expect(entry.digest == SHA256Digest(of: text))
            #expect(try readFile(folder.file("model/\(path)"), limit: 100) == Array(text.utf8))
            #expect(entry.mode == .regular)
        }
        #expect(try folder.names() == ["model"])
        #expect(try LocalFolder.read(folder.file("model")).tree == model.tree)
        #expect(model.identity.version == "3")
    }

    @Test("progress ends at all bytes and all files, also when an attempt was void")
    func progress() throws {
        let fake = FakeMLflow { request in
            request.path == Self.filePath && request.earlierCount == 0 ? .short("01234", declared: 10) : nil
        }
        defer { fake.server.stop() }
        let folder = TemporaryDirectory()
        let seen = Mutex<[FetchProgress]>([])
        _ = try Fetcher.fetch(
            fake.resolve(), into: folder.file("model"), options: FetchOptions(connections: 3, isDurable: false)
        ) { progress in seen.withLock { $0.append(progress) } }
        let last = try #require(seen.withLock { $0.last })
        #expect(last.doneBytes == 22 && last.totalBytes == 22 && last.doneFiles == 3 && last.totalFiles == 3)
        #expect(try readFile(folder.file("model/data/model.pkl"), limit: 100) == Array("0123456789".utf8))
    }

    @Test("one answer of a wrong size is forgiven")
    func secondTry() throws {
        let fake = FakeMLflow { request in
            request.path == Self.filePath && request.earlierCount == 0 ? .text(200, "other") : nil
        }
        defer { fake.server.stop() }
        let folder = TemporaryDirectory()
        #expect(try fake.fetch(into: folder).tree.totalSize == 22)
    }

    struct Failure: CustomTestStringConvertible, Sendable {
        let name: String
        let reply: FaultServer.Reply
        let message: String
        var testDescription: String { name }
    }

    static let start = "error: cannot download `models:/churn/3`: cannot read `data/model.pkl`: "
    static let damaged = "hint: try again; when it stays so, the file is damaged in the server's storage\n"

    static let failures = [
        Failure(
            name: "too short, with its own length", reply: .text(200, "01234"),
            message: start + "the server lists it with 10 bytes and sends 5\n  --> SERVER\(filePath) (GET)\n" + damaged),
        Failure(
            name: "too short, without a length", reply: .raw("HTTP/1.1 200 OK\r\n\r\n01234"),
            message: start + "the server lists it with 10 bytes and sends 5\n  --> SERVER\(filePath) (GET)\n" + damaged),
        Failure(
            name: "too long, without a length", reply: .raw("HTTP/1.1 200 OK\r\n\r\n0123456789ABC"),
            message: start + "the server lists it with 10 bytes and sends at least 13\n  --> SERVER\(filePath) (GET)\n"
                + damaged),
        Failure(
            name: "a login page", reply: .text(200, "<html>Please sign in</html>", type: "text/html; charset=utf-8"),
            message: start
                + "the server lists it with 10 bytes and sends 27\n  --> SERVER\(filePath) (GET)\nhint: it sends a web page: is there a login page or a proxy between?\n"
        ),
        Failure(
            name: "404", reply: FakeMLflow.notFound("No such artifact: '1/model/data/model.pkl'"),
            message: start
                + "the server does not know it\n  --> SERVER\(filePath) (GET, status 404)\n  - the server says: RESOURCE_DOES_NOT_EXIST: No such artifact: '1/model/data/model.pkl'\n"
        ),
        Failure(
            name: "always cut", reply: .short("01234", declared: 10),
            message: start
                + "cannot reach `SERVER`: it closed the connection before the answer was complete\n  --> SERVER\(filePath) (GET)\n  - tried 10 times\nhint: check that the address is right and the server is running; proxies are taken from `HTTPS_PROXY` and `NO_PROXY`\n"
        ),
        Failure(
            name: "no content", reply: .raw("HTTP/1.1 204 No Content\r\n\r\n"),
            message: start + "the server answers with status 204 and not 200\n  --> SERVER\(filePath) (GET)\n"),
    ]

    @Test("a file that does not arrive is named, and nothing stays on the disk", arguments: failures)
    func failure(_ row: Failure) throws {
        let fake = FakeMLflow { $0.path == Self.filePath ? row.reply : nil }
        defer { fake.server.stop() }
        let folder = TemporaryDirectory()
        #expect(fake.message { try fake.fetch(into: folder, isDurable: false) } == row.message)
        #expect(try folder.names() == [])
    }

    @Test("a download is not repeated elsewhere with our token")
    func redirectedFile() throws {
        let other = FakeMLflow { _ in .text(200, "0123456789") }
        let fake = FakeMLflow { $0.path == Self.filePath ? .redirect(307, to: other.server.origin + "/x?sig=1") : nil }
        defer {
            fake.server.stop()
            other.server.stop()
        }
        let folder = TemporaryDirectory()
        let model = try Fetcher.fetch(
            fake.resolve("models:/churn/3", ["MLFLOW_TRACKING_TOKEN": "sesame"]), into: folder.file("m"),
            options: FetchOptions(connections: 1, isDurable: false)
        ) { _ in }
        #expect(model.tree.totalSize == 22)
        #expect(other.server.requests.count == 1)
        #expect(other.server.requests.first?.headers["authorization"] == nil)
    }

    @Test("an existing folder is refused before anything is downloaded")
    func existing() throws {
        let fake = FakeMLflow()
        defer { fake.server.stop() }
        let folder = TemporaryDirectory()
        try folder.write("model/mine", "kept")
        let text = fake.message { try fake.fetch(into: folder) }
        #expect(text == "error: cannot create `\(folder.file("model"))`: it exists already\n")
        #expect(try readFile(folder.file("model/mine"), limit: 10) == Array("kept".utf8))
    }

    @Test("a model larger than the disk is refused before it begins")
    func noSpace() throws {
        let size = 1 << 43
        let fake = FakeMLflow(FakeMLflow.topListing(#"{"path": "MLmodel", "file_size": \#(size)}"#))
        defer { fake.server.stop() }
        let folder = TemporaryDirectory()
        let text = fake.message { try fake.fetch(into: folder) }
        #expect(
            text.hasPrefix(
                "error: cannot download `models:/churn/3`: it needs 9,235,897,673,318 bytes, and the disk of `"))
        #expect(text.hasSuffix("hint: free some space there (`df -h` shows it), or choose a folder on another disk\n"))
        #expect(try folder.names() == [])
    }

    @Test("cancellation ends a download that leaves nothing, and exits as an interruption does")
    func cancelled() throws {
        let isCancelled = Mutex(false)
        let fake = FakeMLflow { request in
            guard request.path == Self.filePath else { return nil }
            isCancelled.withLock { $0 = true }
            return .hanging(after: "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n01")
        }
        defer { fake.server.stop() }
        let folder = TemporaryDirectory()
        let resolver = try ModelResolver(fake.surroundings(), userAgent: "t") { isCancelled.withLock { $0 } }
        let model = try resolver.resolve(ModelReference.parse("models:/churn/3"))
        let error = #expect(throws: RegistryError.self) {
            try Fetcher.fetch(model, into: folder.file("m"), options: FetchOptions(connections: 2, isDurable: false)) {
                _ in
            }
        }
        #expect(error?.kind == .cancelled)
        #expect(error?.diagnostic.status == .interrupted)
        #expect(try folder.names() == [])
    }

    @Test("many files come over few connections, each to its own place")
    func many() throws {
        var files = ["MLmodel": "x"]
        for index in 0..<120 {
            files["d\(index % 7)/e\(index % 3)/f\(index)"] = String(repeating: "\(index)", count: index)
        }
        let fake = FakeMLflow(files: files)
        defer { fake.server.stop() }
        let folder = TemporaryDirectory()
        let model = try Fetcher.fetch(
            fake.resolve(), into: folder.file("m"), options: FetchOptions(connections: 8, isDurable: false)
        ) { _ in }
        #expect(model.tree.count == 121)
        for (path, text) in files { #expect(try model.tree[RelativePath(path)]?.digest == SHA256Digest(of: text)) }
        #expect(try LocalFolder.read(folder.file("m")).tree == model.tree)
    }

    @Test("a folder that goes away during the download is named, not the temporary names in it")
    func folderGone() throws {
        let folder = TemporaryDirectory()
        let fake = FakeMLflow { request in
            guard request.path == Self.filePath else { return nil }
            do {
                for name in try folder.names() { try DirectoryAnchor.open(folder.path).removeTree(name) }
            } catch {
                return .text(500, "\(error)")
            }
            return nil
        }
        defer { fake.server.stop() }
        let model = try fake.resolve()
        let text = message {
            try Fetcher.fetch(
                model, into: folder.file("model"), options: FetchOptions(connections: 1, isDurable: false)
            ) { _ in }
        }
        #expect(
            text == """
                error: cannot create `\(folder.file("model"))`: there is no such file or folder
                  - the model has 22 bytes in 3 files

                """)
    }

    @Test("200 downloads with seeded faults end in the right folder, at once or after going on", arguments: [1, 2])
    func seededFaults(seed: UInt64) throws {
        let random = Mutex(SplitMix64(seed: seed))
        let fake = FakeMLflow { request in
            let isFile = request.path.hasSuffix("model.pkl")
            return switch random.withLock({ Int.random(in: 0..<12, using: &$0) }) {
            case 0: .reset
            case 1: .text(503, "busy", headers: ["Retry-After": "0"])
            case 2: .raw("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n012")
            case 3: .raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n012\r\n")
            case 4 where isFile: .text(200, "<html>", type: "text/html")
            case 5 where isFile: .raw("HTTP/1.1 200 OK\r\n\r\n0123")
            case 6: .text(429, "slow down")
            case 7 where isFile: .text(404, "gone")
            default: nil
            }
        }
        defer { fake.server.stop() }
        var failed = 0
        for _ in 0..<100 {
            let folder = TemporaryDirectory()
            for attempt in 0... {
                do {
                    let model = try fake.fetch(into: folder)
                    #expect(model.tree.count == FakeMLflow.files.count, "seed \(seed)")
                    break
                } catch is RegistryError {
                    #expect(try folder.names().allSatisfy { $0 == ".model.skiff-partial" }, "seed \(seed)")
                    failed += 1
                    guard attempt < 200 else { throw Endless() }
                }
            }
            for (path, text) in FakeMLflow.files {
                #expect(try readFile(folder.file("model/\(path)"), limit: 100) == Array(text.utf8), "seed \(seed)")
            }
            #expect(try folder.names() == ["model"], "seed \(seed)")
        }
        #expect(failed > 10, "seed \(seed): \(failed) failed")
    }

    struct Endless: Error {}
}
