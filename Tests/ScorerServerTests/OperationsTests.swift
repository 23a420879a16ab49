import Glibc
import JSONText
import Platform
import Synchronization
import TestKit
import Testing

@testable import ScorerServer

@Suite("Limits of the control group")
struct ControlGroupTests {
    private func group(_ membership: String, _ files: [String: String]) throws -> ControlGroup {
        let folder = TemporaryDirectory()
        for (path, text) in files { try folder.write("root/\(path)", Array(text.utf8)) }
        let file = try folder.write("membership", Array(membership.utf8))
        return ControlGroup(root: "\(folder.path)/root", membership: file)
    }

    @Test("version 2: the group's own files at the root of the mount, as in a container")
    func container() throws {
        let group = try group("0::/\n", ["cpu.max": "150000 100000\n", "memory.max": "268435456\n"])
        #expect(group.processors == 1.5 && group.memoryBytes == 268_435_456)
        #expect(Processors.available(group) <= 2)
    }

    @Test("version 2: the strictest of the group and those above it")
    func nested() throws {
        let group = try group(
            "0::/system.slice/skiff.service\n",
            [
                "system.slice/cpu.max": "50000 100000\n", "system.slice/memory.max": "1000000\n",
                "system.slice/skiff.service/cpu.max": "max 100000\n",
                "system.slice/skiff.service/memory.max": "2000000\n", "other/memory.max": "5\n",
            ])
        #expect(group.processors == 0.5 && group.memoryBytes == 1_000_000)
        #expect(Processors.available(group) == 1)
    }

    @Test("version 1: cpu and memory have trees of their own; the path of the host is passed over")
    func version1() throws {
        let group = try group(
            "5:memory:/docker/abc\n4:cpu,cpuacct:/docker/abc\n1:name=systemd:/docker/abc\n",
            [
                "cpu,cpuacct/cpu.cfs_quota_us": "200000\n", "cpu,cpuacct/cpu.cfs_period_us": "100000\n",
                "memory/memory.limit_in_bytes": "536870912\n",
            ])
        #expect(group.processors == 2 && group.memoryBytes == 536_870_912)
    }

    @Test("`max`, -1, the largest number and missing files are no limits")
    func none() throws {
        let two = try group("0::/\n", ["cpu.max": "max 100000\n", "memory.max": "max\n"])
        #expect(two.processors == nil && two.memoryBytes == nil)
        let one = try group(
            "5:memory:/\n4:cpu:/\n",
            [
                "cpu/cpu.cfs_quota_us": "-1\n", "cpu/cpu.cfs_period_us": "100000\n",
                "memory/memory.limit_in_bytes": "9223372036854771712\n",
            ])
        #expect(one.processors == nil && one.memoryBytes == nil)
        let empty = try group("0::/../../x\n", [:])
        #expect(empty.processors == nil && empty.memoryBytes == nil)
        #expect(Processors.available(empty) >= 1)
    }

    @Test("`auto` takes a worker for each processor, as far as the memory goes")
    func workers() {
        func workers(_ processors: Int, _ memory: Int?, _ model: Int) -> Int {
            Sizing(processors: processors, memoryBytes: memory, modelBytes: model).workers
        }
        #expect(workers(4, nil, 1 << 30) == 4)
        #expect(workers(4, 1 << 30, 0) == 4)
        #expect(workers(4, 1 << 30, 64 << 20) == 2)
        #expect(workers(4, 1 << 20, 1 << 30) == 1)
    }

    @Test("a model that is larger than the memory limit is told")
    func warning() {
        #expect(Sizing(processors: 1, memoryBytes: nil, modelBytes: 10).warning == nil)
        #expect(Sizing(processors: 1, memoryBytes: 10, modelBytes: 10).warning == nil)
        #expect(
            Sizing(processors: 1, memoryBytes: 9, modelBytes: 10).warning
                == "the model's files have 10 bytes, and the control group allows 9 bytes of memory")
    }
}

@Suite("The end of a server")
struct DrainTests {
    /// Asks on new and on kept connections until nobody answers any more; every request that was sent must be answered.
    private final class Client: Sendable {
        let counts = Mutex<(answered: Int, lost: [String], refused: Int)>((0, [], 0))

        /// Starts a thread that asks.
        func start(port: UInt16, keepsAlive: Bool) { onThread { self.run(port: port, keepsAlive: keepsAlive) } }

        private func run(port: UInt16, keepsAlive: Bool) {
            while true {
                guard let connection = try? TestConnection(port: port) else {
                    counts.withLock { $0.refused += 1 }
                    return
                }
                do {
                    repeat {
                        try connection.request("POST", "/predict", "[\(record)]")
                        let answer = try connection.answer()
                        counts.withLock { counts in
                            if answer.status == 200 { counts.answered += 1 } else { counts.lost.append("\(answer)") }
                        }
                        if answer.fields["connection"] == "close" { break }
                    } while keepsAlive
                } catch { counts.withLock { $0.lost.append("\(error)") } }
            }
        }
    }

    @Test("a drain under load loses no request, on new connections and on kept ones", arguments: 0..<5)
    func load(round: Int) throws {
        let server = try ServerUnderTest.native(
            arguments: ["--threads", "2"], environment: ["SKIFF_ACCESS_LOG": "off"])
        let client = Client()
        for index in 0..<8 { client.start(port: server.port, keepsAlive: index % 2 == 0) }
        #expect(eventually { client.counts.withLock { $0.answered } >= 200 + 37 * round })
        server.process.send(SIGTERM)
        #expect(server.process.wait() == .exited(0))
        #expect(eventually { client.counts.withLock { $0.refused } >= 8 })
        let counts = client.counts.withLock { $0 }
        #expect(counts.lost == [])
        #expect(counts.answered > 200)
    }

    @Test("a closed door lets nobody begin to connect, and lets in who has begun")
    func door() throws {
        let (listener, port) = try ListenAddress(parsing: "127.0.0.1:0").listen()
        defer { close(listener) }
        // The kernel ends the handshake only when the client's first bytes are there; the client is connected before.
        var seconds: Int32 = 30
        setsockopt(listener, Int32(IPPROTO_TCP), TCP_DEFER_ACCEPT, &seconds, socklen_t(MemoryLayout<Int32>.size))
        let early = try TestConnection(port: port)
        try #require(SocketFilter.closeDoor(of: listener))
        try early.send("x")
        var watched = pollfd(fd: listener, events: Int16(POLLIN), revents: 0)
        #expect(poll(&watched, 1, 20_000) == 1)
        let accepted = accept(listener, nil, nil)
        #expect(accepted >= 0)
        close(accepted)

        let late = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0)
        defer { close(late) }
        let address = try ListenAddress(parsing: "127.0.0.1:\(port)")
        #expect(address.connect(late, host: "127.0.0.1") == -1 && errno == EINPROGRESS)
        watched = pollfd(fd: late, events: Int16(POLLOUT), revents: 0)
        #expect(poll(&watched, 1, 200) == 0)
    }

    @Test("SKIFF_DRAIN_DELAY: not ready at once, while new connections are still answered; then the door is closed")
    func delay() throws {
        let server = try ServerUnderTest.native(environment: ["SKIFF_DRAIN_DELAY": "600"])
        server.process.send(SIGTERM)
        _ = try server.event("draining")
        let answer = try server.ask("POST", "/predict", "[\(record)]")
        #expect(answer.status == 200 && answer.fields["connection"] == "close")
        for path in ["/ready", "/ping", "/health"] {
            #expect(try server.ask("GET", path, type: nil).status == 503, "\(path)")
        }
        let short = try ServerUnderTest.native(environment: ["SKIFF_DRAIN_DELAY": "1"])
        let start = MonotonicClock.nanoseconds
        short.process.send(SIGTERM)
        #expect(short.process.wait() == .exited(0))
        #expect(MonotonicClock.seconds(since: start) >= 1)
    }

    @Test("in a container of Kubernetes the door stays open for five seconds, unless told otherwise")
    func kubernetes() throws {
        func delay(_ environment: [String: String]) throws -> Int {
            try ServerOptions(path: "x", listen: nil, threads: nil, workers: nil, environment: environment).drainDelay
        }
        #expect(try delay([:]) == 0)
        #expect(try delay(["KUBERNETES_SERVICE_HOST": "10.0.0.1"]) == 5)
        #expect(try delay(["KUBERNETES_SERVICE_HOST": "10.0.0.1", "SKIFF_DRAIN_DELAY": "0"]) == 0)
    }

    @Test("a second SIGTERM ends a native server at once with 143")
    func second() throws {
        let server = try ServerUnderTest.native(environment: ["SKIFF_DRAIN_DELAY": "600"])
        server.process.send(SIGTERM)
        _ = try server.event("draining")
        server.process.send(SIGTERM)
        #expect(server.process.wait() == .exited(143))
    }
}

@Suite("Settings")
struct SettingTests {
    @Test("every setting is in the list of variables, and what the server reads is a setting")
    func variables() {
        let known = Set(EnvironmentVariable.allCases.map(\.rawValue))
        let settings = ServerSetting.all.map(\.variable)
        #expect(Set(settings).count == settings.count)
        for name in settings where !name.contains("_LIMIT_") { #expect(known.contains(name), "\(name)") }
        let others: Set = ["SKIFF_CACHE", "SKIFF_SCORER", "SKIFF_WORKER_FD"]
        let ours = known.filter { $0.hasPrefix("SKIFF_") && !others.contains($0) }
        #expect(ours.subtracting(settings) == [])
    }

    @Test("the table of examples/operations.md and the help text are those of the code")
    func documents() throws {
        let text = String(
            decoding: try readFile("\(Checkout.root)/examples/operations.md", limit: 1 << 20), as: UTF8.self)
        let rows = text.split(separator: "\n").filter { $0.hasPrefix("| `SKIFF_") || $0.hasPrefix("| `PORT`") }
        let expected = ServerSetting.all.map { setting in
            let option = setting.option.map { ", `--\($0)`" } ?? ""
            return "| `\(setting.variable)`\(option) | \(setting.defaultText) | \(setting.help) |"
        }
        #expect(rows.map(String.init) == expected)
        let help = try CommandTests.scorer(["--help"]).outputText
        for setting in ServerSetting.all {
            #expect(help.contains("  \(setting.variable) "), "\(setting.variable)")
            if let option = setting.option { #expect(help.contains("--\(option) "), "\(option)") }
        }
    }

    @Test("workers get the environment without the key of the log")
    func key() throws {
        let options = try ServerOptions(
            path: "x", listen: nil, threads: nil, workers: "auto", environment: ["SKIFF_LOG_KEY": "k", "A": "b"])
        #expect(options.environment == ["A": "b"])
        #expect(options.workersFollowMachine && options.workers == nil && options.logKey == "k")
    }
}
