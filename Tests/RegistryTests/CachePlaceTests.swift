import Diagnostics
import FileTrees
import Glibc
import Hashing
import JSONText
import Platform
import TestKit
import Testing

@testable import Registry

@Suite("Where the cache is, what it reports, and when it is refused")
struct CachePlaceTests {
    private func surroundings(_ environment: [String: String]) throws -> Surroundings {
        try Surroundings(environment: environment, currentDirectory: "/here")
    }

    @Test("the option goes before SKIFF_CACHE, that before XDG_CACHE_HOME, that before HOME")
    func location() throws {
        let all = ["SKIFF_CACHE": "own", "XDG_CACHE_HOME": "/xdg", "HOME": "/home/a"]
        #expect(try ModelCache.location(surroundings(all), explicit: "given") == "/here/given")
        #expect(try ModelCache.location(surroundings(all), explicit: nil) == "/here/own")
        #expect(
            try ModelCache.location(surroundings(all.filter { $0.key != "SKIFF_CACHE" }), explicit: nil) == "/xdg/skiff"
        )
        #expect(try ModelCache.location(surroundings(["HOME": "/home/a"]), explicit: nil) == "/home/a/.cache/skiff")
        #expect(
            try ModelCache.location(surroundings(["HOME": "/home/a", "XDG_CACHE_HOME": "relative"]), explicit: nil)
                == "/home/a/.cache/skiff")
        #expect(try ModelCache.location(surroundings([:]), explicit: nil) == nil)
        #expect(try ModelCache.isNamed(surroundings(all), explicit: nil))
        #expect(try !ModelCache.isNamed(surroundings(["HOME": "/home/a"]), explicit: nil))
        #expect(try ModelCache.open(surroundings(all), explicit: "x", isDisabled: true) == nil)
    }

    @Test("the usual place is made with the folders above it; one that cannot be had is none")
    func usual() throws {
        let folder = TemporaryDirectory()
        let cache = try ModelCache.open(surroundings(["HOME": folder.path]), explicit: nil, isDisabled: false)
        #expect(cache?.path == folder.file(".cache/skiff"))
        #expect(cache?.isReadOnly == false)
        let tag = try readFile(folder.file(".cache/skiff/CACHEDIR.TAG"), limit: 1000)
        #expect(tag.starts(with: "Signature: 8a477f597d28d172789f06886806bc55\n".utf8))
        try folder.write("file", "")
        #expect(
            try ModelCache.open(surroundings(["HOME": folder.file("file")]), explicit: nil, isDisabled: false) == nil)
        #expect(
            message { try ModelCache.open(surroundings([:]), explicit: folder.file("file/x"), isDisabled: false) }
                == """
                error: cannot use the cache `\(folder.path)/file/x`: cannot open `\(folder.path)/file`: a part of the path is not a folder
                hint: `--cache DIR` takes another folder, `--no-cache` does without

                """)
    }

    @Test("another format, or a folder of other things, is refused plainly")
    func format() throws {
        let bench = CacheBench()
        _ = try bench.open()
        #expect(unlink("\(bench.path)/format") == 0)
        try bench.folder.write("cache/format", "skiff-cache 2\n")
        #expect(
            message { try bench.open() } == """
                error: cannot use the cache `\(bench.path)`: its format is `skiff-cache 2`, and this skiff knows `skiff-cache 1`
                hint: use the version of skiff that made it, or name another folder with `--cache`, or remove it

                """)
        let folder = TemporaryDirectory()
        try folder.write("photo.jpg", "")
        #expect(
            message { try ModelCache.open(surroundings([:]), explicit: folder.path, isDisabled: false) } == """
                error: cannot use `\(folder.path)` as a cache: it holds other things, and no cache of skiff
                hint: name an empty folder, or one that does not exist

                """)
        #expect(try folder.names() == ["photo.jpg"])
    }

    @Test("a process that was killed while it made the cache leaves one that the next completes")
    func halfMade() throws {
        let bench = CacheBench()
        _ = try bench.fetch(bench.open())
        #expect(truncate("\(bench.path)/format", 0) == 0)
        #expect(try bench.open().lookup(CacheBench.key()) != nil)
        #expect(try readFile("\(bench.path)/format", limit: 100) == Array("skiff-cache 1\n".utf8))
    }

    @Test("a cache that was restored without its locks and times still serves")
    func restored() throws {
        let bench = CacheBench()
        _ = try bench.fetch(bench.open())
        #expect(unlink("\(bench.path)/lock") == 0)
        #expect(try bench.open(makes: false).lookup(CacheBench.key()) != nil)
        var policy = CachePolicy()
        policy.removesAll = true
        #expect(try bench.open(makes: false).prune(policy, isDryRun: false).freedByteCount == 22)
    }

    @Test("list shows each version with its references, as text and as JSON")
    func list() throws {
        let bench = CacheBench()
        let cache = try bench.open()
        #expect(try cache.contents().text == "0 versions, 0 bytes in \(bench.path)\n")
        _ = try bench.fetch(cache)
        bench.clock.withLock { $0 += 86_400 }
        _ = try bench.fetch(cache, 12, files: [("MLmodel", String(repeating: "m", count: 1234))])
        let asked = CacheBench.identity(3, alias: "champion")
        try cache.remember(asked.reference, registry: "r", key: CacheBench.key(), identity: asked)
        bench.clock.withLock { $0 += 1 }
        try cache.remember("models:/churn/3", registry: "r", key: CacheBench.key(), identity: CacheBench.identity())
        // Times of files come from the clock only when a version is used again.
        for version in [3, 12] { #expect(try cache.lookup(CacheBench.key(version)) != nil) }
        bench.clock.withLock { $0 += 60 }
        #expect(try cache.lookup(CacheBench.key(12)) != nil)
        let contents = try cache.contents()
        #expect(
            contents.text == """
                MODEL                                    VERSION  FILES  BYTES  LAST USED
                models:/churn/12                         12           1  1,234  1970-01-13 13:47 UTC
                models:/churn/3, models:/churn@champion  3            3     32  1970-01-13 13:46 UTC
                2 versions, 1,256 bytes in \(bench.path)

                """)
        #expect(
            contents.json["versions"]?.arrayValue?.last == [
                "key": .string(CacheBench.key().hex), "references": ["models:/churn/3", "models:/churn@champion"],
                "source": CacheBench.identity().json, "files": 3, "bytes": 32, "stored": 1_000_000,
                "last_used": 1_086_401,
            ])
        #expect(contents.json["bytes"] == 1_256)
    }

    @Test("verify names each damaged file and, when asked, removes what is damaged")
    func verify() throws {
        let bench = CacheBench()
        let cache = try bench.open()
        _ = try bench.fetch(cache)
        _ = try bench.fetch(cache, 4, files: [("MLmodel", "flavors: {}\n")])
        #expect(try cache.verify(repairs: false).text == "sound: 2 versions, 22 bytes\n")
        try bench.damage("0123456789")
        let report = try cache.verify(repairs: false)
        #expect(
            report.text == """
                models:/churn/3: data/model.pkl: its bytes have changed
                models:/churn/3: data/same.pkl: its bytes have changed
                damaged: 2 damages; 2 versions, 22 bytes

                """)
        #expect(!report.isSound)
        #expect(
            report.json["damages"]?.arrayValue?.first == [
                "key": .string(CacheBench.key().hex), "reference": "models:/churn/3", "path": "data/model.pkl",
                "reason": "its bytes have changed",
            ])
        let repaired = try cache.verify(repairs: true)
        #expect(repaired.text.hasSuffix("repaired: 2 damages removed; 2 versions, 22 bytes\n"))
        #expect(try cache.verify(repairs: false).text == "sound: 1 version, 12 bytes\n")
        #expect(try cache.lookup(CacheBench.key(4)) != nil)
        #expect(try !bench.entries().contains(CacheBench.blob("0123456789")))
    }

    @Test("records that lead out of the cache, or are not ours, are damage and never followed")
    func hostileRecords() throws {
        let bench = CacheBench()
        let cache = try bench.open()
        _ = try bench.fetch(cache)
        cache.release()
        let record = "\(bench.path)/versions/\(CacheBench.key()).json"
        let text = String(decoding: try readFile(record, limit: 1 << 20), as: UTF8.self)
        let hex = SHA256Digest(of: "0123456789").hex
        for (old, new) in [
            ("data/model.pkl", "../model.pkl"), ("data/model.pkl", "MLmodel"), (hex, "../../format"),
            ("\"size\":10", "\"size\":-1"),
            ("mlflow", "unheard"), ("{", "["), ("files", "fileS"),
        ] {
            try AtomicOutput.writeFile(
                at: record, existing: .replace, bytes: Array(text.replacing(old, with: new).utf8))
            #expect(try cache.lookup(CacheBench.key()) == nil, "\(new)")
            #expect(try FileStatus.of(record) == nil)
        }
        #expect(try cache.prune(CachePolicy(), isDryRun: false).freedByteCount == 22)
    }

    @Test("a disk without room is named before anything is downloaded")
    func space() throws {
        let bench = CacheBench()
        let cache = try bench.open()
        let error = message {
            try cache.fetch(
                CacheBench.key(), identity: CacheBench.identity(), files: [("MLmodel", 1 << 50)], notice: { _ in }
            ) { _ in [] }
        }
        let lines = error.split(separator: "\n").map(String.init)
        #expect(
            lines.first?.hasPrefix(
                "error: cannot download `models:/churn/3` into the cache: it needs 1,182,194,902,184,755 bytes, and the disk of `\(bench.path)` has "
            ) == true, "\(error)")
        #expect(
            lines.dropFirst() == [
                "hint: remove what is no longer needed: `skiff cache prune`",
                "hint: or do without the cache: `--no-cache`",
                "hint: free some space there (`df -h` shows it), or choose a folder on another disk",
            ])
    }
}
