import Diagnostics
import FileTrees
import Glibc
import Hashing
import JSONText
import Platform
import Synchronization
import TestKit
import Testing

@testable import Registry

/// A cache in a folder of its own, a model for it, and a clock that a test moves.
final class CacheBench: Sendable {
    let folder = TemporaryDirectory()
    let clock = Mutex(1_000_000)
    let downloads = Mutex(0)
    var path: String { folder.file("cache") }

    static let files = [
        ("MLmodel", "flavors: {}\n"), ("data/model.pkl", "0123456789"), ("data/same.pkl", "0123456789"),
    ]

    func open(makes: Bool = true) throws -> ModelCache {
        try ModelCache.open(at: path, makes: makes) { [self] in clock.withLock { $0 } }
    }

    static func identity(_ version: Int = 3, alias: String? = nil) -> SourceIdentity {
        var identity = SourceIdentity(
            kind: .mlflowServer, reference: "models:/churn\(alias.map { "@" + $0 } ?? "/\(version)")")
        identity.server = "https://mlflow.example"
        identity.name = "churn"
        identity.version = "\(version)"
        identity.alias = alias
        return identity
    }

    static func key(_ version: Int = 3) -> CacheKey { CacheKey(SHA256Digest(of: "churn \(version)")) }

    /// Fetches a version; what a download brings is `files`.
    func fetch(
        _ cache: ModelCache, _ version: Int = 3, files: [(String, String)] = CacheBench.files,
        notice: (String) -> Void = { _ in }, during: (ModelCache.Partial) throws -> Void = { _ in }
    ) throws -> LocalModel {
        let list = try files.map { (path: try RelativePath($0.0), size: $0.1.utf8.count) }
        return try cache.fetch(Self.key(version), identity: Self.identity(version), files: list, notice: notice) {
            partial in
            downloads.withLock { $0 += 1 }
            try during(partial)
            return try files.map { path, text in
                let place = try RelativePath(path)
                let folder = try DirectoryAnchor.open(partial.folder)
                if let parent = place.parent {
                    try folder.makeDirectories(at: parent.text).createFile(place.name).write(Array(text.utf8))
                } else {
                    try folder.createFile(place.name).write(Array(text.utf8))
                }
                return SHA256Digest(of: text)
            }
        }
    }

    /// Everything below the cache's folder.
    func entries() throws -> [String] {
        try DirectoryWalk.entries(of: path).filter { $0.status.kind == .file }.map(\.path)
    }

    static func blob(_ text: String) -> String {
        let hex = SHA256Digest(of: text).hex
        return "blobs/sha256/\(hex.prefix(2))/\(hex)"
    }

    /// Changes a byte of the file that `text` is kept in.
    func damage(_ text: String) throws {
        let file = folder.file("cache/\(Self.blob(text))")
        try #require(chmod(file, 0o644) == 0)
        let number = Glibc.open(file, O_WRONLY)
        try #require(number >= 0)
        try FileDescriptor(owning: number, path: file).write(Array("X".utf8))
    }
}

@Suite("The cache of model versions")
struct CacheTests {
    @Test("a version is downloaded once, and read by its contents from then on")
    func once() throws {
        let bench = CacheBench()
        let cache = try bench.open()
        #expect(try cache.lookup(CacheBench.key()) == nil)
        let first = try bench.fetch(cache)
        let second = try bench.fetch(bench.open())
        #expect(bench.downloads.withLock { $0 } == 1)
        #expect(first.tree == second.tree)
        #expect(second.identity == CacheBench.identity())
        for (path, text) in CacheBench.files {
            let entry = try #require(second.tree[RelativePath(path)])
            #expect(entry.digest == SHA256Digest(of: text))
            #expect(
                entry.contents
                    == .file(
                        path: "\(bench.path)/\(CacheBench.blob(text))", size: text.utf8.count, digest: entry.digest))
            // Nothing else is needed by whoever reads a tree.
            var bytes: [UInt8] = []
            try entry.readBytes(named: path) { (piece) throws(FileTreeError) in bytes += piece }
            #expect(bytes == Array(text.utf8))
            #expect(try entry.region().count == text.utf8.count)
        }
        let expected = ["CACHEDIR.TAG", "format", "lock", "versions/\(CacheBench.key()).json"]
        #expect(try Set(bench.entries()) == Set(expected + CacheBench.files.map { CacheBench.blob($0.1) }))
        let status = try #require(try FileStatus.of("\(bench.path)/\(CacheBench.blob("0123456789"))"))
        #expect(status.mode == 0o444)
    }

    @Test("a resolved version has a key by what its server lists, not by the words that asked for it")
    func resolved() throws {
        let fake = FakeMLflow()
        defer { fake.server.stop() }
        let other = FakeMLflow(files: ["MLmodel": "flavors: {}\n", "data/model.pkl": "01234567890"])
        defer { other.server.stop() }
        let key = try #require(try fake.resolve().cacheKey)
        #expect(try fake.resolve("models:/churn@champion").cacheKey == key)
        #expect(try other.resolve().cacheKey != key)
    }

    @Test(
        "damage is seen, named, dropped and mended by a new download",
        arguments: ["changed", "cut", "missing", "record"])
    func damage(kind: String) throws {
        let bench = CacheBench()
        _ = try bench.fetch(bench.open())
        let file = "\(bench.path)/\(CacheBench.blob("0123456789"))"
        switch kind {
        case "changed": try bench.damage("0123456789")
        case "cut": #expect(chmod(file, 0o644) == 0 && truncate(file, 3) == 0)
        case "missing": #expect(unlink(file) == 0)
        default: #expect(truncate("\(bench.path)/versions/\(CacheBench.key()).json", 20) == 0)
        }
        var notices: [String] = []
        let model = try bench.fetch(bench.open()) { notices.append($0) }
        #expect(
            notices == [
                kind == "record"
                    ? "the cache's record of `models:/churn/3` is damaged; it is fetched again"
                    : "the cache's copy of `models:/churn/3` is damaged (`data/model.pkl`, `data/same.pkl`); it is fetched again"
            ])
        #expect(bench.downloads.withLock { $0 } == 2)
        #expect(try bench.open().verify(repairs: false).isSound)
        #expect(model.tree.totalSize == 32)
    }

    @Test("what a failed download has brought stays for the next one, and prune takes it away")
    func partial() throws {
        struct Cut: Error {}
        let bench = CacheBench()
        let cache = try bench.open()
        #expect(throws: Cut.self) {
            try bench.fetch(
                cache,
                during: { partial in
                    try DirectoryAnchor.open(partial.folder).createFile("half").write([1, 2, 3])
                    try AtomicOutput.writeFile(at: partial.journal, existing: .refuse, bytes: [4])
                    throw Cut()
                })
        }
        #expect(try cache.lookup(CacheBench.key()) == nil)
        #expect(try cache.contents().partialCount == 1)
        // The next download finds it.
        _ = try bench.fetch(bench.open()) { _ in
        } during: { partial in
            let left = [try readFile(partial.folder + "/half", limit: 9), try readFile(partial.journal, limit: 9)]
            #expect(left == [[1, 2, 3], [4]])
        }
        #expect(try bench.entries().filter { $0.hasPrefix("partial") } == [])
        #expect(throws: Cut.self) { try bench.fetch(cache, 4, during: { _ in throw Cut() }) }
        let pruning = try cache.prune(CachePolicy(), isDryRun: false)
        #expect(pruning.text == "removed 1 unfinished download\nfreed 0 bytes; 22 bytes are left\n")
        #expect(try bench.entries().filter { $0.hasPrefix("partial") } == [])
    }

    @Test("of two who want the same version one waits, is told so, and finds it there")
    func twoWriters() throws {
        let bench = CacheBench()
        let cache = try bench.open()
        let notices = Mutex<[String]>([])
        let finished = Mutex<Result<Int, any Error>?>(nil)
        let model = try bench.fetch(cache) { _ in
        } during: { _ in
            // The second one, with descriptors of its own, as another process has them.
            onThread {
                let result = Result {
                    let other = try bench.open()
                    return try bench.fetch(other) { notice in notices.withLock { $0.append(notice) } }.tree.count
                }
                finished.withLock { $0 = result }
            }
            #expect(eventually { notices.withLock { !$0.isEmpty } })
            #expect(finished.withLock { $0 == nil })
        }
        #expect(eventually { finished.withLock { $0 != nil } })
        let count = try #require(finished.withLock { $0 }).get()
        #expect(count == model.tree.count)
        #expect(
            notices.withLock { $0 } == ["another process is fetching `models:/churn/3` into the cache; waiting for it"])
        #expect(bench.downloads.withLock { $0 } == 1)
    }

    @Test("a version that somebody reads is not pruned, with all its files")
    func reading() throws {
        let bench = CacheBench()
        let reader = try bench.open()
        let model = try bench.fetch(reader)
        _ = try bench.fetch(bench.open(), 4, files: [("MLmodel", "other"), ("x", "0123456789")])
        var policy = CachePolicy()
        policy.removesAll = true
        let dry = try bench.open().prune(policy, isDryRun: true)
        #expect(dry.text.contains("would free 5 bytes; 22 bytes are left\n"), "\(dry.text)")
        let pruning = try bench.open().prune(policy, isDryRun: false)
        #expect(
            pruning.text == """
                removed models:/churn/4 (version 4): 15 bytes
                kept models:/churn/3 (version 3): it is in use
                freed 5 bytes; 22 bytes are left

                """)
        for (path, entry) in model.tree.files { try entry.readBytes(named: path.text) { (_) throws(FileTreeError) in } }
        reader.release()
        #expect(try bench.open().prune(policy, isDryRun: false).freedByteCount == 22)
        #expect(try bench.entries() == ["CACHEDIR.TAG", "format", "lock"])
    }

    @Test("prune goes by age and size, and a blob that another version needs stays")
    func policies() throws {
        let bench = CacheBench()
        for version in 1...4 {
            bench.clock.withLock { $0 = 1_000_000 + version * 86_400 }
            let cache = try bench.open()
            _ = try bench.fetch(
                cache, version, files: [("MLmodel", "shared"), ("x", String(repeating: "\(version)", count: 100))])
            cache.release()
        }
        let cache = try bench.open()
        // Used again: now it is the youngest.
        bench.clock.withLock { $0 = 1_000_000 + 5 * 86_400 }
        #expect(try cache.lookup(CacheBench.key(1)) != nil)
        cache.release()
        #expect(try cache.contents().versions.map { $0.identity.version } == ["1", "4", "3", "2"])
        var age = CachePolicy()
        age.unusedSeconds = 2 * 86_400 + 1
        #expect(try cache.prune(age, isDryRun: false).removed.map { $0.identity.version } == ["2"])
        var size = CachePolicy()
        size.byteCount = 206
        let pruning = try cache.prune(size, isDryRun: false)
        #expect(pruning.removed.map { $0.identity.version } == ["3"])
        #expect(pruning.freedByteCount == 100 && pruning.keptByteCount == 206)
        size.byteCount = 0
        #expect(try cache.prune(size, isDryRun: false).removed.count == 2)
        #expect(try cache.contents().byteCount == 0)
    }

    @Test("offline a reference means what it meant last, and says when")
    func offline() throws {
        let bench = CacheBench()
        let cache = try bench.open()
        let registry = "https://mlflow.example"
        let asked = CacheBench.identity(3, alias: "champion")
        _ = try bench.fetch(cache)
        try cache.remember(asked.reference, registry: registry, key: CacheBench.key(), identity: asked)
        bench.clock.withLock { $0 = 2_000_000 }
        let found = try bench.open(makes: false).offline(asked.reference, registry: registry)
        #expect(found.date == 1_000_000)
        #expect(found.model.identity == asked)
        #expect(found.model.tree.count == 3)
        #expect(
            message { try cache.offline("models:/other/1", registry: registry) } == """
                error: cannot use `models:/other/1` offline: the cache has never seen it
                  --> \(bench.path)
                  - the registry would be https://mlflow.example
                hint: run the command once without `--offline`; of this registry it knows `models:/churn@champion`

                """)
        #expect(
            message { try cache.offline(asked.reference, registry: "databricks") } == """
                error: cannot use `models:/churn@champion` offline: the cache has never seen it
                  --> \(bench.path)
                  - the registry would be databricks
                hint: it was seen in https://mlflow.example: is the registry the right one?

                """)
        try bench.damage("0123456789")
        #expect(
            message { try cache.offline(asked.reference, registry: registry) } == """
                error: cannot use `models:/churn@champion` offline: its files are no longer in the cache
                  --> \(bench.path)
                hint: run the command once without `--offline`

                """)
    }

    @Test("a copy shares no inode with the cache")
    func materialise() throws {
        let bench = CacheBench()
        let cache = try bench.open()
        let model = try bench.fetch(cache)
        let copy = try cache.materialise(model, at: bench.folder.file("out"))
        #expect(copy.tree == model.tree)
        #expect(try DirectoryReader.read(bench.folder.file("out")) == model.tree)
        let file = bench.folder.file("out/data/model.pkl")
        #expect(try FileStatus.of(file)?.mode == 0o644)
        #expect(
            try FileStatus.of(file)?.identity
                != FileStatus.of("\(bench.path)/\(CacheBench.blob("0123456789"))")?.identity)
        #expect(truncate(file, 0) == 0)
        #expect(try cache.verify(repairs: false).isSound)
        #expect(throws: RegistryError.self) { try cache.materialise(model, at: bench.folder.file("out")) }
    }
}
