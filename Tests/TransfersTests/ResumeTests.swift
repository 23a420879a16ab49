import Bytes
import Glibc
import HTTPTransport
import Hashing
import Platform
import Synchronization
import TestKit
import Testing

@testable import Transfers

@Suite struct ResumeTests {
    /// A small, a middling and a large file, honestly served.
    struct Model {
        let files: [String: [UInt8]] = [
            "d/large": noise(90_000), "d/one": noise(30_000, seed: 2), "s": noise(500, seed: 3), "none": [],
        ]
        var names: [String] { files.keys.sorted() }
        var byteCount: Int { files.values.reduce(0) { $0 + $1.count } }

        func objects(_ server: FaultServer, version: String? = "1") -> [RemoteObject] {
            names.map {
                TransferKit.object(
                    $0, files[$0]?.count ?? 0, TestAccess("\(server.origin)/\($0)?signature=topsecret"),
                    version: version)
            }
        }

        func askedBytes(_ server: FaultServer) -> Int {
            names.reduce(0) { $0 + server.askedBytes(of: "/" + $1, size: files[$1]?.count ?? 0) }
        }

        func reply(_ request: FaultServer.Request, tag: String = "\"v1\"") -> FaultServer.Reply {
            .object(files[String(request.path.dropFirst())] ?? [], to: request, tag: tag)
        }

        func check(_ kit: TransferKit, _ digests: [SHA256Digest], _ note: Comment) throws {
            for (name, digest) in zip(names, digests) {
                #expect(try kit.contents(name) == files[name], note)
                #expect(digest == SHA256Digest(of: files[name] ?? []), note)
            }
        }
    }

    /// What a `kill -9` leaves: the files and the journal as they are.
    static func copy(_ kit: TransferKit, to other: TransferKit) throws {
        for entry in try DirectoryWalk.entries(of: kit.directory.path) {
            let target = other.directory.file(entry.path)
            if entry.status.kind == .directory {
                mkdir(target, 0o755)
            } else {
                try AtomicOutput.writeFile(
                    at: target, existing: .refuse, bytes: readFile(kit.directory.file(entry.path), limit: 1 << 20))
            }
        }
    }

    @Test("a run that is killed at any point is gone on with, and asks again for little more than what is missing")
    func killed() throws {
        let model = Model()
        let server = try #require(FaultServer { model.reply($0) })
        defer { server.stop() }
        for point in [1, 2, 5, 9, 14, 20, 30, 60] {
            var kit = try TransferKit(journal: true)
            kit.options.limits.reportSeconds = 0
            let next = try TransferKit(journal: true)
            var count = 0
            var done = 0
            try kit.run(model.objects(server)) { progress in
                count += 1
                guard count == point else { return }
                done = progress.doneBytes
                do { try Self.copy(kit, to: next) } catch { Issue.record(error) }
            }
            guard count >= point else { continue }
            let before = model.askedBytes(server)
            let digests = try next.run(model.objects(server))
            try model.check(next, digests, "killed at report \(point)")
            let asked = model.askedBytes(server) - before
            // Up to `journalBytes` of each of the two larger files were not in the journal, and a buffer of each part not written.
            let lost = 2 * kit.options.limits.journalBytes + 4 * kit.options.limits.bufferBytes
            #expect(asked <= model.byteCount - done + lost, "killed at report \(point)")
        }
    }

    @Test("a run that ends with an error loses nothing; a complete one is not read again")
    func failed() throws {
        let model = Model()
        let isBroken = Mutex(true)
        let server = try #require(
            FaultServer { request in
                guard isBroken.withLock({ $0 }) else { return model.reply(request) }
                return request.path == "/d/one" ? model.reply(request).cut(after: 17_001) : model.reply(request)
            })
        defer { server.stop() }
        var kit = try TransferKit(journal: true, connections: 1)
        kit.options.limits.attempts = 1
        #expect(throws: TransferError.self) { try kit.run(model.objects(server)) }
        isBroken.withLock { $0 = false }
        let before = server.requests.count
        try model.check(kit, try kit.run(model.objects(server)), "second run")
        let asked = server.requests.dropFirst(before).filter { $0.path == "/d/one" }
        #expect(asked.map { $0.headers["range"] } == ["bytes=17001-29999"])
        #expect(asked.map { $0.headers["if-range"] } == ["\"v1\""])
        let third = server.requests.count
        try model.check(kit, try kit.run(model.objects(server)), "third run")
        #expect(server.requests.count == third)
    }

    @Test("neither URL nor query nor credential is in the journal")
    func secrets() throws {
        let model = Model()
        let server = try #require(FaultServer { model.reply($0) })
        defer { server.stop() }
        let kit = try TransferKit(journal: true)
        try kit.run(model.objects(server))
        let text = String(decoding: try readFile(kit.directory.file("journal"), limit: 1 << 20), as: UTF8.self)
        #expect(text.contains("whole"))
        for word in ["topsecret", "signature", "http", "127.0.0.1", "?"] { #expect(text.contains(word) == false) }
    }

    @Test(
        "what an earlier run left is not used when the listing, the server's version or the files have changed",
        arguments: ["listing", "server", "prefix", "shorter", "longer", "link", "hard link", "journal", "other files"])
    func changed(what: String) throws {
        let model = Model()
        let tag = Mutex("\"v0\"")
        let isBroken = Mutex(true)
        let old = noise(90_000, seed: 77)
        let server = try #require(
            FaultServer { request in
                let tag = tag.withLock { $0 }
                guard isBroken.withLock({ $0 }) else { return model.reply(request, tag: tag) }
                let range = FaultServer.Reply.range(of: request)?.lowerBound ?? 0
                if request.path == "/d/large", range >= 50_000 { return .reset }
                return request.path == "/d/large" && what == "server"
                    ? .object(old, to: request, tag: tag) : model.reply(request, tag: tag)
            })
        defer { server.stop() }
        var kit = try TransferKit(journal: true)
        kit.options.limits.attempts = 1
        #expect(throws: TransferError.self) { try kit.run(model.objects(server)) }
        let large = "\(kit.folder)/d/large"
        let text = try readFile(large, limit: 1 << 20)
        #expect(text.count > 0)
        isBroken.withLock { $0 = false }
        if what == "server" { tag.withLock { $0 = "\"v1\"" } }
        switch what {
        case "prefix": try write(large, [text[0] ^ 1] + text.dropFirst())
        case "shorter": try write(large, Array(text.prefix(100)))
        case "longer": try write(large, text + [UInt8](repeating: 0, count: 100_000))
        case "link":
            rename(large, kit.directory.file("elsewhere"))
            symlink(kit.directory.file("elsewhere"), large)
        case "hard link": link(large, kit.directory.file("elsewhere"))
        case "journal": try write(kit.directory.file("journal"), noise(3000))
        case "other files":
            mkdir("\(kit.folder)/old", 0o755)
            try write("\(kit.folder)/old/file", [1])
            try write("\(kit.folder)/d/old", [1])
        default: break
        }
        let elsewhere = what.hasSuffix("link") ? try readFile(kit.directory.file("elsewhere"), limit: 1 << 20) : []
        let before = server.requests.count
        let digests = try kit.run(model.objects(server, version: what == "listing" ? "2" : "1"))
        try model.check(kit, digests, "\(what)")
        let names = try DirectoryWalk.entries(of: kit.folder).map(\.path)
        #expect(names == ["d", "d/large", "d/one", "none", "s"])
        if what.hasSuffix("link") {
            // Nothing outside was touched.
            #expect(try readFile(kit.directory.file("elsewhere"), limit: 1 << 20) == elsewhere)
        }
        // All of it was asked for again, unless only other files were in the way.
        let asked = server.requests.dropFirst(before).filter { $0.path == "/d/large" }
            .contains { FaultServer.Reply.range(of: $0)?.lowerBound == 0 }
        #expect(asked == !["server", "other files"].contains(what))
    }

    private func write(_ path: String, _ bytes: [UInt8]) throws {
        try AtomicOutput.writeFile(at: path, existing: .replace, bytes: bytes)
    }

    @Test("space that an earlier run reserved is not asked for again")
    func reserved() throws {
        let size = 4 << 20
        let server = try #require(
            FaultServer { request in
                FaultServer.Reply.range(of: request)?.lowerBound == 0 ? .object(noise(size), to: request) : .reset
            })
        defer { server.stop() }
        var kit = try TransferKit(journal: true)
        kit.options.limits.attempts = 1
        let object = TransferKit.object("f", size, TestAccess(server.origin + "/f"))
        #expect(throws: TransferError.self) { try kit.run([object]) }
        let next = try Download([object], kit.folder, kit.options, kit.http, "download `m`") { _ in }
        try next.prepareFolder()
        #expect(next.missingBytes > 3 << 20)
        var status = stat()
        #expect(stat("\(kit.folder)/f", &status) == 0)
        // Where the file system reserves space at all.
        let held = Int(status.st_blocks) * 512
        #expect(next.neededBytes <= (size - held + 20_000) * 21 / 20)
    }

    @Test("a complete file whose bytes were changed is fetched again")
    func changedWhole() throws {
        let model = Model()
        let server = try #require(FaultServer { model.reply($0) })
        defer { server.stop() }
        let kit = try TransferKit(journal: true)
        try kit.run(model.objects(server))
        try write("\(kit.folder)/d/one", noise(30_000, seed: 99))
        let before = server.requests.count
        try model.check(kit, try kit.run(model.objects(server)), "again")
        #expect(server.requests.dropFirst(before).map(\.path) == ["/d/one"])
    }

    @Test(
        "60 downloads with seeded faults: right bytes or an error each time, and right in the end", arguments: [11, 12])
    func campaign(seed: UInt64) throws {
        let model = Model()
        for round in 0..<30 {
            let random = Mutex(SplitMix64(seed: seed &* 1000 &+ UInt64(round)))
            // Later runs meet fewer faults, so that each download ends.
            let faultCount = Mutex(25)
            let server = try #require(
                FaultServer { request in
                    let (kind, place) = random.withLock {
                        (Int.random(in: 0..<16, using: &$0), Int.random(in: 0..<40_000, using: &$0))
                    }
                    let isSpent = faultCount.withLock { count in
                        if kind < 11 { count -= 1 }
                        return count < 0
                    }
                    return isSpent ? model.reply(request) : Self.faulty(kind, place, request, model)
                })
            defer { server.stop() }
            var kit = try TransferKit(journal: true)
            kit.options.limits.attempts = 3
            var runs = 0
            while true {
                runs += 1
                do {
                    let digests = try kit.run(model.objects(server))
                    try model.check(kit, digests, "seed \(seed), round \(round)")
                    break
                } catch {
                    guard runs < 40 else {
                        Issue.record("seed \(seed), round \(round): \(message(of: error))")
                        break
                    }
                }
            }
        }
    }

    static func faulty(_ kind: Int, _ place: Int, _ request: FaultServer.Request, _ model: Model) -> FaultServer.Reply {
        let honest = model.reply(request)
        switch kind {
        case 0: return .reset
        case 1: return honest.cut(after: place)
        case 2: return honest.cut(after: place, isReset: true)
        case 3: return honest.chunked(isEnded: false).cut(after: place)
        case 4: return .text(503, "busy", headers: ["Retry-After": "0"])
        case 5: return .text(500, "oops")
        case 6: return .text(200, "<html>sign in</html>", type: "text/html")
        case 7: return model.reply(request.without("range"))
        case 8: return .answer(206, noise(10), headers: ["Content-Range": "bytes 0-9/10", "ETag": "\"v1\""])
        case 9: return model.reply(request, tag: "\"v2\"")
        case 10: return FaultServer.Reply.raw("HTTP/1.1 200 OK\r\nETag: \"v1\"\r\n\r\nshort")
        default: return honest
        }
    }
}
