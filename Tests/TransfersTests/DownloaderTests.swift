import Bytes
import Diagnostics
import Glibc
import HTTPTransport
import Hashing
import Platform
import Synchronization
import TestKit
import Testing

@testable import Transfers

@Suite struct DownloaderTests {
    @Test("files of all sizes arrive byte for byte, in folders, with their digests and a last report of all")
    func all() throws {
        let files: [String: [UInt8]] = [
            "empty": [], "one": [7], "a/b/small": noise(999), "a/large": noise(123_457), "a/edge": noise(40_000),
            "a/edge1": noise(40_001), "z": noise(20_000),
        ]
        let server = try #require(
            FaultServer { request in .object(files[String(request.path.dropFirst())] ?? [], to: request) })
        defer { server.stop() }
        let kit = try TransferKit()
        let names = files.keys.sorted()
        let objects = names.map {
            TransferKit.object($0, files[$0]?.count ?? 0, TestAccess("\(server.origin)/\($0)"))
        }
        var last: TransferProgress?
        let digests = try kit.run(objects) { last = $0 }
        for (name, digest) in zip(names, digests) {
            #expect(try kit.contents(name) == files[name])
            #expect(digest == SHA256Digest(of: files[name] ?? []))
        }
        let total = files.values.reduce(0) { $0 + $1.count }
        #expect(last?.doneBytes == total && last?.totalBytes == total)
        #expect(last?.doneFiles == files.count && last?.totalFiles == files.count)
        // An empty file that is listed so costs no request; the others no byte too many.
        #expect(server.requests.contains { $0.path == "/empty" } == false)
        for name in names where name != "empty" {
            #expect(server.askedBytes(of: "/" + name, size: files[name]?.count ?? 0) == files[name]?.count)
        }
    }

    @Test("a large file is asked for in parts only after the first answer has shown that parts are given")
    func parts() throws {
        let bytes = noise(95_000)
        let server = try #require(FaultServer { .object(bytes, to: $0) })
        defer { server.stop() }
        let kit = try TransferKit()
        try kit.run([TransferKit.object("f", bytes.count, TestAccess(server.origin + "/f"))])
        let ranges = server.requests.map { $0.headers["range"] ?? "none" }
        #expect(ranges.first == "bytes=0-9999")
        #expect(Set(ranges).count == 10 && ranges.contains("bytes=90000-94999"))
        #expect(
            server.requests.map { $0.headers["if-range"] ?? "none" } == ["none"] + Array(repeating: "\"v1\"", count: 9))
        #expect(try kit.contents("f") == bytes)
    }

    @Test(
        "a server that gives no parts, or nothing to tell versions apart, gets one stream from the start",
        arguments: ["ignores", "untagged"])
    func single(kind: String) throws {
        let bytes = noise(95_000)
        let server = try #require(
            FaultServer { request in
                kind == "ignores"
                    ? .answer(200, bytes, type: "application/octet-stream", headers: ["ETag": "\"v1\""])
                    : .object(bytes, to: request, tag: nil)
            })
        defer { server.stop() }
        let kit = try TransferKit()
        try kit.run([TransferKit.object("f", bytes.count, TestAccess(server.origin + "/f"))])
        let ranges = server.requests.map { $0.headers["range"] ?? "none" }
        #expect(ranges == (kind == "ignores" ? ["bytes=0-9999"] : ["bytes=0-9999", "none"]))
        #expect(try kit.contents("f") == bytes)
    }

    @Test("an object whose size is not listed is asked for and must be empty")
    func unlisted() throws {
        let server = try #require(FaultServer { $0.path == "/full" ? .text(200, "x") : .text(200, "") })
        defer { server.stop() }
        let kit = try TransferKit()
        let digests = try kit.run([
            TransferKit.object("e", 0, TestAccess(server.origin + "/empty"), isSizeListed: false)
        ])
        #expect(digests == [SHA256Digest(of: [])])
        #expect(server.requests.map(\.path) == ["/empty"])
        let full = TransferKit.object("f", 0, TestAccess(server.origin + "/full"), isSizeListed: false)
        #expect(
            kit.message([full], server) == """
                error: cannot download `m`: cannot read `f`: the server lists it as an empty file and sends 1
                  --> SERVER/full (GET)
                hint: try again; when it stays so, the file is damaged in the server's storage

                """)
    }

    @Test("requests are under way at the same time, but never more than asked for")
    func parallel() throws {
        let state = Mutex((now: 0, most: 0))
        let server = try #require(
            FaultServer { request in
                state.withLock {
                    $0.now += 1
                    $0.most = max($0.most, $0.now)
                }
                _ = eventually { state.withLock { $0.most } >= 3 }
                state.withLock { $0.now -= 1 }
                return .object(noise(1000), to: request)
            })
        defer { server.stop() }
        let kit = try TransferKit(connections: 3)
        try kit.run((0..<12).map { TransferKit.object("f\($0)", 1000, TestAccess("\(server.origin)/\($0)")) })
        #expect(state.withLock { $0.most } == 3)
    }

    @Test("the digests of the listing and of the answer are compared; an ETag is none")
    func checksums() throws {
        let bytes = Array("hello, object".utf8)
        var crc = CRC32C()
        bytes.withUnsafeBytes { crc.update($0) }
        guard var md5 = MD5Stream() else {
            Issue.record("this machine has no MD5")
            return
        }
        bytes.withUnsafeBytes { md5.update($0) }
        let sum = md5.finish()
        let server = try #require(
            FaultServer { request in
                .object(
                    bytes, to: request, tag: "\"00000000000000000000000000000000\"",
                    headers: request.path == "/wrong"
                        ? ["Content-MD5": Base64.encode([UInt8](repeating: 1, count: 16))] : [:])
            })
        defer { server.stop() }
        let kit = try TransferKit()
        let right: [ObjectChecksum] = [
            .md5(sum), .crc32c(crc.value), .sha256(SHA256Digest(of: bytes).bytes),
        ]
        try kit.run([TransferKit.object("f", bytes.count, TestAccess(server.origin + "/f"), checksums: right)])
        let rows: [(String, [ObjectChecksum], String)] = [
            ("/wrong", [], "MD5 `01010101010101010101010101010101`, and what came has `\(Hexadecimal.encode(sum))`"),
            ("/f", [.crc32c(1)], "CRC-32C `00000001`, and what came has `\(Hexadecimal.encode(word(crc.value)))`"),
            (
                "/f", [.sha256([UInt8](repeating: 2, count: 32))],
                "SHA-256 `\(String(repeating: "02", count: 32))`, and what came has `\(SHA256Digest(of: bytes))`"
            ),
        ]
        for (number, row) in rows.enumerated() {
            let object = TransferKit.object(
                "g\(number)", bytes.count, TestAccess(server.origin + row.0), checksums: row.1)
            #expect(
                kit.message([object], server) == """
                    error: cannot download `m`: cannot read `g\(number)`: the server states the \(row.2)
                    hint: try again; when it stays so, the file is damaged in the server's storage

                    """)
        }
        // Each was read twice.
        #expect(server.requests.count == 1 + 2 * rows.count)
    }

    private func word(_ value: UInt32) -> [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: value >> (24 - 8 * $0)) } }

    @Test("cancellation ends a download long before any timeout, and what came stays for the journal")
    func cancelled() throws {
        let isCancelled = Mutex(false)
        let bytes = noise(20_000)
        let server = try #require(
            FaultServer { request in
                isCancelled.withLock { $0 = true }
                return FaultServer.Reply.object(bytes, to: request).stalled(after: 12_000)
            })
        defer { server.stop() }
        var kit = try TransferKit(journal: true)
        kit.http.isCancelled = { isCancelled.withLock { $0 } }
        let start = MonotonicClock.nanoseconds
        let object = TransferKit.object("f", bytes.count, TestAccess(server.origin + "/f"))
        let error = #expect(throws: HTTPError.self) { try kit.run([object]) }
        #expect(error?.kind == .cancelled)
        #expect(MonotonicClock.seconds(since: start) < 10)
    }

    @Test("sizes that no disk can hold are refused before anything is asked")
    func overflow() throws {
        let kit = try TransferKit()
        let access = TestAccess("http://127.0.0.1:1/")
        let text = message {
            try kit.run([TransferKit.object("a", .max, access), TransferKit.object("b", .max, access)])
        }
        #expect(text == "error: cannot download `m`: the listed sizes are larger together than any disk\n")
        let large = message { try kit.run([TransferKit.object("a", 1 << 60, access)]) }
        #expect(large.hasPrefix("error: cannot download `m`: it needs 1,210,567,"))
        #expect(
            large.hasSuffix(
                "left\nhint: free some space there (`df -h` shows it), or choose a folder on another disk\n"))
    }
}

/// A millisecond for the other threads.
func waitShortly() { usleep(1000) }
