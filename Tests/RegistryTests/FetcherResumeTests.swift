import Diagnostics
import FileTrees
import Glibc
import Hashing
import Platform
import Synchronization
import TestKit
import Testing

@testable import Registry

/// What stays of a download that ends early, and how the next one goes on.
@Suite struct FetcherResumeTests {
    static let filePath = FetcherTests.filePath
    static let partial = ".model.skiff-partial"

    @Test("an error leaves what has come and says so; the next run asks only for the rest")
    func goesOn() throws {
        let isBroken = Mutex(true)
        let fake = FakeMLflow { request in
            request.path == Self.filePath && isBroken.withLock { $0 } ? FakeMLflow.notFound("lost") : nil
        }
        defer { fake.server.stop() }
        let folder = TemporaryDirectory()
        let text = fake.message { try fake.fetch(into: folder, connections: 1) }
        #expect(
            text == """
                error: cannot download `models:/churn/3`: cannot read `data/model.pkl`: the server does not know it
                  --> SERVER\(Self.filePath) (GET, status 404)
                  - the server says: RESOURCE_DOES_NOT_EXIST: lost
                hint: what has come is kept in `\(folder.file(Self.partial))`: the same command goes on from there

                """)
        #expect(try folder.names() == [Self.partial])
        isBroken.withLock { $0 = false }
        let before = fake.server.requests.count
        #expect(try fake.fetch(into: folder).tree.totalSize == 22)
        let paths = fake.server.requests.dropFirst(before).map(\.path)
        #expect(paths.contains(Self.filePath))
        #expect(!paths.contains { $0.hasSuffix("/MLmodel") })
        #expect(try folder.names() == ["model"])
        #expect(try FileStatus.of(folder.file("model"))?.mode == 0o755)
    }

    @Test("an error before anything has come leaves nothing")
    func nothingCame() throws {
        let fake = FakeMLflow { $0.path.contains("/artifacts/1/model/") ? FakeMLflow.notFound("lost") : nil }
        defer { fake.server.stop() }
        let folder = TemporaryDirectory()
        #expect(!fake.message { try fake.fetch(into: folder) }.contains("hint: what has come"))
        #expect(try folder.names() == [])
    }

    @Test("what came of another version is thrown away, whatever its sizes")
    func otherVersion() throws {
        let fake = FakeMLflow { request in
            request.path == Self.filePath ? FakeMLflow.notFound("lost") : nil
        }
        defer { fake.server.stop() }
        let folder = TemporaryDirectory()
        _ = fake.message { try fake.fetch(into: folder, connections: 1) }
        #expect(try folder.names() == [Self.partial])
        let other = FakeMLflow(files: ["MLmodel": "flavors: []\n", "data/model.pkl": "abcdefghij", "data/empty": ""])
        defer { other.server.stop() }
        let model = try other.fetch(into: folder)
        #expect(model.tree["MLmodel"]?.digest == SHA256Digest(of: "flavors: []\n"))
        #expect(try readFile(folder.file("model/MLmodel"), limit: 100) == Array("flavors: []\n".utf8))
    }

    @Test("files that may change unseen are not gone on with: those of a run")
    func mutable() throws {
        let isBroken = Mutex(true)
        let fake = FakeMLflow { request in
            if request.path == Self.filePath, isBroken.withLock({ $0 }) { return FakeMLflow.notFound("lost") }
            return nil
        }
        defer { fake.server.stop() }
        let folder = TemporaryDirectory()
        _ = fake.message { try fake.fetch("mlflow-artifacts:/1/model", into: folder, connections: 1) }
        isBroken.withLock { $0 = false }
        let before = fake.server.requests.count
        _ = try fake.fetch("mlflow-artifacts:/1/model", into: folder)
        #expect(fake.server.requests.dropFirst(before).contains { $0.path.hasSuffix("/MLmodel") })
    }

    @Test("a second process is refused at once, with the number of the first")
    func secondProcess() throws {
        let fake = FakeMLflow()
        defer { fake.server.stop() }
        let folder = TemporaryDirectory()
        let model = try fake.resolve()
        let partial = try PartialFolder.open(for: folder.file("model"), source: nil, doing: "download `x`")
        #expect(
            message {
                try Fetcher.fetch(
                    model, into: folder.file("model"), options: FetchOptions(connections: 1, isDurable: true)
                ) { _ in }
            } == """
                error: cannot download `models:/churn/3`: the process \(getpid()) is downloading to `\(folder.file("model"))`
                hint: wait for it to end, or choose another folder

                """)
        try partial.discard()
    }

    @Test("a lock that nobody holds is no obstacle")
    func staleLock() throws {
        let fake = FakeMLflow()
        defer { fake.server.stop() }
        let folder = TemporaryDirectory()
        try folder.write("\(Self.partial)/lock", "99999\n")
        try folder.write("\(Self.partial)/tree/leftover", "x")
        #expect(try fake.fetch(into: folder).tree.count == 3)
        #expect(try LocalFolder.read(folder.file("model")).tree.count == 3)
        #expect(try folder.names() == ["model"])
    }

    @Test("the lock of a download is given back although a process that is just starting has the open file too")
    func startingProcess() throws {
        let folder = TemporaryDirectory()
        let copy: FileDescriptor
        do {
            let partial = try PartialFolder.open(for: folder.file("model"), source: nil, doing: "download `churn`")
            // Between its fork and its program, a new process holds what its parent had open: a second number of the same open file.
            copy = FileDescriptor(owning: dup(try number(ofOpen: partial.path + "/lock")), path: "lock")
            _ = consume partial
        }
        #expect(copy.number >= 0)
        try PartialFolder.open(for: folder.file("model"), source: nil, doing: "download `churn`").discard()
    }

    /// The number under which this process has the file open.
    private func number(ofOpen path: String) throws -> Int32 {
        var wanted = stat()
        try #require(stat(path, &wanted) == 0)
        return try #require(
            (0..<1024).first { number in
                var status = stat()
                return fstat(number, &status) == 0 && status.st_ino == wanted.st_ino && status.st_dev == wanted.st_dev
            })
    }

    @Test("a link in the place of the partial folder is not followed")
    func link() throws {
        let fake = FakeMLflow()
        defer { fake.server.stop() }
        let folder = TemporaryDirectory()
        try folder.write("elsewhere/keep", "x")
        #expect(symlink("elsewhere", folder.file(Self.partial)) == 0)
        #expect(
            fake.message { try fake.fetch(into: folder) }
                == "error: cannot create `\(folder.file("model"))`: it is a symbolic link, which is not followed here\n"
        )
        #expect(try DirectoryAnchor.open(folder.file("elsewhere")).names() == ["keep"])
    }

    @Test(
        "an existing folder, a missing parent and a folder that cannot be written are told before a byte is asked for")
    func refusedBefore() throws {
        let fake = FakeMLflow()
        defer { fake.server.stop() }
        let model = try fake.resolve()
        let before = fake.server.requests.count
        let folder = TemporaryDirectory()
        try folder.write("model/mine", "x")
        func told(_ path: String) -> String {
            message {
                try Fetcher.fetch(model, into: path, options: FetchOptions(connections: 1, isDurable: true)) { _ in }
            }
        }
        #expect(told(folder.file("model")) == "error: cannot create `\(folder.file("model"))`: it exists already\n")
        #expect(
            told(folder.file("no/model")) == """
                error: cannot create `\(folder.file("no/model"))`: there is no folder `\(folder.file("no"))`
                hint: make it with `mkdir -p \(folder.file("no"))`

                """)
        #expect(told("/proc/model").hasPrefix("error: cannot create `/proc/model`: "))
        #expect(told(folder.file("..")).hasPrefix("error: cannot create `"))
        #expect(fake.server.requests.count == before)
        #expect(try folder.names() == ["model"])
    }

    static let changes: [(name: String, reply: String, detail: String)] = [
        (
            "a new file",
            #"{"path": "MLmodel", "file_size": 12}, {"path": "data", "is_dir": true}, {"path": "z", "file_size": 1}"#,
            "`z` is new"
        ),
        ("a file that is gone", #"{"path": "MLmodel", "file_size": 12}"#, "`data/empty` is gone"),
        (
            "another size", #"{"path": "MLmodel", "file_size": 13}, {"path": "data", "is_dir": true}"#,
            "`MLmodel` had 12 bytes and has 13"
        ),
    ]

    @Test("a listing that is another one in the end is an error, and nothing of it stays", arguments: changes)
    func changed(_ row: (name: String, reply: String, detail: String)) throws {
        let fake = FakeMLflow { request in
            guard request.target.hasSuffix("artifacts?path=1%2Fmodel"), request.earlierCount > 0 else { return nil }
            return .text(200, #"{"files": [\#(row.reply)]}"#)
        }
        defer { fake.server.stop() }
        let folder = TemporaryDirectory()
        #expect(
            fake.message { try fake.fetch(into: folder) } == """
                error: cannot download `models:/churn/3`: its files changed while they were downloaded
                  - \(row.detail)
                hint: try again once nobody writes to it any more; what came was thrown away

                """)
        #expect(try folder.names() == [])
    }

    @Test("ten small files in one folder cost fourteen requests")
    func requests() throws {
        var files = ["MLmodel": "x"]
        for number in 1..<10 { files["f\(number)"] = "\(number)" }
        let fake = FakeMLflow(files: files)
        defer { fake.server.stop() }
        let folder = TemporaryDirectory()
        #expect(try fake.fetch(into: folder).tree.count == 10)
        #expect(fake.server.requests.count == 14)
    }

    @Test("a name that is too long for what is added to it gets a short partial folder")
    func longName() throws {
        let name = String(repeating: "n", count: 255)
        #expect(PartialFolder.partialName(of: name).utf8.count < 100)
        #expect(PartialFolder.partialName(of: "a") == ".a.skiff-partial")
        let fake = FakeMLflow()
        defer { fake.server.stop() }
        let folder = TemporaryDirectory()
        _ = try Fetcher.fetch(
            fake.resolve(), into: folder.file(name), options: FetchOptions(connections: 1, isDurable: true)
        ) { _ in }
        #expect(try folder.names() == [name])
    }

    @Test("SIGINT in the middle: 130, what came is kept, and the next run does not ask for it again")
    func interrupted() async throws {
        let big = String(repeating: "0123456789", count: 100_000)
        let half = big.prefix(500_000)
        let files = ["MLmodel": "flavors: {}\n", "data/model.pkl": big]
        let fake = FakeMLflow(files: files) { request in
            guard request.path == Self.filePath else { return nil }
            let etag = "ETag: \"v1\"\r\nAccept-Ranges: bytes\r\n"
            guard request.earlierCount > 0 else {
                return .hanging(
                    after: "HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\(etag)Connection: close\r\n\r\n\(half)")
            }
            let start = request.headers["range"].flatMap { Int($0.dropFirst(6).prefix { $0 != "-" }) } ?? 0
            let status = start > 0 ? "206 Partial Content\r\nContent-Range: bytes \(start)-999999/1000000" : "200 OK"
            let rest = big.dropFirst(start)
            return .raw(
                "HTTP/1.1 \(status)\r\nContent-Length: \(rest.utf8.count)\r\n\(etag)Connection: close\r\n\r\n\(rest)")
        }
        defer { fake.server.stop() }
        let folder = TemporaryDirectory()
        let result = await #expect(
            processExitsWith: .exitCode(130), observing: [\.standardErrorContent]
        ) { [origin = fake.server.origin as String, path = folder.file("model") as String] in
            try Interruption.watch()
            let surroundings = try Surroundings(environment: ["MLFLOW_TRACKING_URI": origin])
            // A second after the first bytes all that is sent is there.
            let ticks = Atomic<Int>(-1)
            let resolver = ModelResolver(surroundings, userAgent: "t") {
                if ticks.load(ordering: .relaxed) >= 0, ticks.add(1, ordering: .relaxed).newValue == 2 {
                    kill(getpid(), SIGINT)
                }
                return false
            }
            let model = try resolver.resolve(ModelReference.parse("models:/churn/3"))
            _ = try Fetcher.fetch(model, into: path, options: FetchOptions(connections: 1, isDurable: true)) { report in
                guard report.doneBytes > 0 else { return }
                _ = ticks.compareExchange(expected: -1, desired: 0, ordering: .relaxed)
            }
        }
        let said = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
        #expect(said.hasPrefix("interrupted: downloading `models:/churn/3`; "), "\(said)")
        #expect(
            said.hasSuffix(
                """
                 of 1,000,012 bytes are kept in `\(folder.file(Self.partial))`
                hint: the same command goes on from there

                """), "\(said)")
        #expect(try folder.names() == [Self.partial])
        let before = fake.server.requests.count
        let model = try fake.fetch(into: folder)
        #expect(model.tree["data/model.pkl"]?.digest == SHA256Digest(of: big))
        let again = fake.server.requests.dropFirst(before)
        let ranges = again.filter { $0.path == Self.filePath }.map { $0.headers["range"] ?? "none" }
        #expect(ranges.count == 1 && ranges[0] != "none" && !ranges[0].hasPrefix("bytes=0-"), "\(ranges)")
        #expect(try folder.names() == ["model"])
    }
}
