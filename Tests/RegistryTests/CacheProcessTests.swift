import FileTrees
import Glibc
import Hashing
import Platform
import TestKit
import Testing

@testable import Registry

@Suite("The cache beside other processes, and after one was killed")
struct CacheProcessTests {
    /// A process that locks a file of the cache until the file `go` is there.
    private func locking(_ bench: CacheBench, _ file: String, _ option: String) throws -> ChildProcess {
        let script = "touch '\(bench.folder.path)/ready'; while [ ! -e '\(bench.folder.path)/go' ]; do sleep 0.02; done"
        let request = ChildProcess.Request(
            "flock", [option, "\(bench.path)/\(file)", "sh", "-c", script],
            environment: try Surroundings.current().environment, workingDirectory: bench.folder.path)
        let process = try ChildProcess.spawn(request)
        try #require(try eventually { try FileStatus.of(bench.folder.file("ready")) != nil })
        return process
    }

    @Test("a lock is given back although a process that is just starting has the open file too")
    func startingProcess() throws {
        let folder = TemporaryDirectory()
        try folder.write("lock", "")
        // Between its fork and its program, a new process holds what its parent had open: a second number of the same open file.
        let file = try FileDescriptor.open(folder.file("lock"))
        let copy = FileDescriptor(owning: dup(file.number), path: file.path)
        do {
            let lock = CacheLock.take(file, .exclusive, waits: false)
            #expect(lock != nil)
            #expect(try CacheLock.take(FileDescriptor.open(folder.file("lock")), .shared, waits: false) == nil)
        }
        #expect(copy.number >= 0)
        #expect(try CacheLock.take(FileDescriptor.open(folder.file("lock")), .exclusive, waits: false) != nil)
    }

    @Test("a version that another process reads stays")
    func reader() throws {
        let bench = CacheBench()
        let cache = try bench.open()
        _ = try bench.fetch(cache)
        cache.release()
        let process = try locking(bench, "versions/\(CacheBench.key()).json", "-s")
        var policy = CachePolicy()
        policy.removesAll = true
        #expect(try cache.prune(policy, isDryRun: false).inUse.count == 1)
        #expect(try cache.verify(repairs: false).isSound)
        try bench.folder.write("go", "")
        #expect(process.wait(seconds: 60) == .exited(0))
        #expect(try cache.prune(policy, isDryRun: false).removed.count == 1)
    }

    @Test("a download of another process is waited for, and its partial files are not pruned")
    func writer() throws {
        let bench = CacheBench()
        let cache = try bench.open()
        let key = CacheBench.key()
        try bench.folder.write("cache/partial/\(key)/files/half", "abc")
        let process = try locking(bench, "partial/\(key).lock", "-x")
        #expect(try cache.prune(CachePolicy(), isDryRun: false).partialCount == 0)
        var notices: [String] = []
        var writes: Int32 = 0
        _ = try bench.fetch(cache) { words in
            notices.append(words)
            // Now the other one ends.
            writes += Glibc.creat(bench.folder.file("go"), 0o644) >= 0 ? 1 : 0
        }
        #expect(notices == ["another process is fetching `models:/churn/3` into the cache; waiting for it"])
        #expect(writes == 1)
        #expect(process.wait(seconds: 60) == .exited(0))
        #expect(try bench.entries().filter { $0.hasPrefix("partial") } == [])
    }

    @Test(
        "a process that was killed while its files moved in leaves a cache that the next one completes",
        arguments: 0...4)
    func killed(step: Int) throws {
        let bench = CacheBench()
        let key = CacheBench.key()
        _ = try bench.open()
        try bench.folder.write("cache/partial/\(key).lock", "")
        // What was there at each step: some files moved, the record half written, or all but the tidying done.
        for (index, file) in CacheBench.files.enumerated() where index < step {
            let blob = "\(bench.path)/\(CacheBench.blob(file.1))"
            if try FileStatus.of(blob) == nil {
                try bench.folder.write("cache/\(CacheBench.blob(file.1))", file.1, mode: 0o444)
            }
        }
        try bench.folder.write("cache/partial/\(key)/files/rest", "rest")
        if step == 3 { try bench.folder.write("cache/versions/.\(key).json-1.partial", "{\"identity\"") }
        if step == 4 {
            let other = CacheBench()
            _ = try other.fetch(other.open())
            let record = try readFile("\(other.path)/versions/\(key).json", limit: 1 << 20)
            try bench.folder.write("cache/versions/\(key).json", record)
        }
        let cache = try bench.open()
        let model = try bench.fetch(cache)
        #expect(model.tree.totalSize == 32)
        #expect(bench.downloads.withLock { $0 } == (step == 4 ? 0 : 1))
        #expect(try cache.verify(repairs: false).isSound)
        _ = try cache.prune(CachePolicy(), isDryRun: false)
        let expected =
            ["CACHEDIR.TAG", "format", "lock", "versions/\(key).json"] + CacheBench.files.map { CacheBench.blob($0.1) }
        #expect(try Set(bench.entries()) == Set(expected))
    }

    @Test("a cache on a file system that is read-only, or of another person, is read")
    func readOnly() throws {
        let bench = CacheBench()
        let cache = try bench.open()
        _ = try bench.fetch(cache)
        try cache.remember("models:/churn/3", registry: "r", key: CacheBench.key(), identity: CacheBench.identity())
        cache.release()
        let made = try run("sh", ["-c", "chmod -R a-w '\(bench.path)'"])
        #expect(made.isSuccess)
        defer { _ = try? run("sh", ["-c", "chmod -R u+w '\(bench.path)'"]) }
        // The superuser may write everywhere: then nothing is read-only, but all of it still works.
        let other = try bench.open()
        #expect(other.isReadOnly == (getuid() != 0))
        #expect(try other.offline("models:/churn/3", registry: "r").model.tree.count == 3)
        #expect(try other.contents().versions.count == 1)
        if other.isReadOnly {
            #expect(
                message { try other.prune(CachePolicy(), isDryRun: false) } == """
                    error: cannot remove anything from the cache `\(bench.path)`: it cannot be written
                    hint: look at the owner and the mode with `ls -ld`, for the folders above it too

                    """)
        }
    }
}
