import Foundation
import Glibc
import Synchronization
import TestKit

/// Where the things under test are on this machine.
///
/// `Tests/run.sh` says so by environment variables; without it the products beside the test bundle and the environment in
/// `.build-python` are taken, so that plain `swift test` works too once `Tests/run.sh` ran.
enum Workshop {
    static let checkout = URL(fileURLWithPath: Checkout.root, isDirectory: true)

    static let examples = checkout.appendingPathComponent("examples", isDirectory: true)
    static let imageScripts = checkout.appendingPathComponent("Tests/Fixtures/images", isDirectory: true)

    /// The folder of the built `skiff` and `skiff-scorer`: `SKIFF_TEST_PRODUCTS`, else where this test bundle lies.
    static let products =
        variable("SKIFF_TEST_PRODUCTS").map { URL(fileURLWithPath: $0, isDirectory: true) }
        ?? URL(fileURLWithPath: CommandLine.arguments[0]).resolvingSymlinksInPath().deletingLastPathComponent()

    static func skiff() throws -> URL { try existing(products.appendingPathComponent("skiff")) }
    static func scorer() throws -> URL { try existing(products.appendingPathComponent("skiff-scorer")) }

    /// A Python that has the pinned MLflow: `SKIFF_TEST_PYTHON`, else the one in `.build-python`.
    static func python() throws -> URL {
        let path = variable("SKIFF_TEST_PYTHON") ?? checkout.appendingPathComponent(".build-python/bin/python").path
        return try existing(URL(fileURLWithPath: path))
    }

    static func variable(_ name: String) -> String? {
        ProcessInfo.processInfo.environment[name].flatMap { $0.isEmpty ? nil : $0 }
    }

    static func existing(_ file: URL) throws -> URL {
        guard FileManager.default.fileExists(atPath: file.path) else {
            throw MissingPart(
                description: "\(file.path) is not there; hint: `sh Tests/run.sh` makes what the tests need")
        }
        return file
    }

    // Below the ports that the system gives to whoever asks for any, each test process at a place of its own.
    private static let ports = 10_000..<30_000
    private static let nextPort = Mutex(ports.lowerBound + Int(getpid()) % 200 * 100)

    /// A port of 127.0.0.1 that was free a moment ago, and that no other test of this process gets.
    static func freePort() throws -> Int {
        for _ in ports {
            let port = nextPort.withLock { next in
                defer { next = next + 1 < ports.upperBound ? next + 1 : ports.lowerBound }
                return next
            }
            if isFree(port) { return port }
        }
        throw MissingPart(description: "no free port on 127.0.0.1 from \(ports.lowerBound) to \(ports.upperBound)")
    }

    private static func isFree(_ port: Int) -> Bool {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = in_addr_t(0x7f00_0001).bigEndian
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                bind(descriptor, generic, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
    }
}

/// Something that the tests need and this machine lacks.
struct MissingPart: Error, CustomStringConvertible {
    var description: String
}

extension TemporaryDirectory {
    var url: URL { URL(fileURLWithPath: path, isDirectory: true) }

    /// Every file below `folder` (a name in this one) with its bytes, by path.
    func files(_ folder: String) throws -> [String: Data] {
        try filesBelow(url.appendingPathComponent(folder, isDirectory: true))
    }
}

/// Every file below `root` with its bytes, by path relative to it. Folders count as names ending in `/`.
func filesBelow(_ root: URL) throws -> [String: Data] {
    var files: [String: Data] = [:]
    for name in try FileManager.default.subpathsOfDirectory(atPath: root.path) {
        let file = root.appendingPathComponent(name)
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: file.path, isDirectory: &isFolder) else { continue }
        files[isFolder.boolValue ? name + "/" : name] = isFolder.boolValue ? Data() : try Data(contentsOf: file)
    }
    return files
}
