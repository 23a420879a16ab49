import Bytes
import Diagnostics
import HTTPTransport
import Hashing
import Platform
import Synchronization
import TestKit
import Testing

@testable import Transfers

/// Reaches an object at one fixed URL, or at the one that a signing request answers with.
final class TestAccess: ObjectAccess {
    struct Refused: Error, DiagnosticConvertible {
        let status: Int
        let attempts: Int
        var diagnostic: Diagnostic {
            Diagnostic("cannot have it: status \(status)", details: attempts > 1 ? ["tried \(attempts) times"] : [])
        }
    }

    private let url: String
    private let signURL: String?
    private let renewed: Set<Int>
    private let credential: HTTPCredential?

    /// - Parameter renewed: the statuses that mean that the address has expired.
    init(_ url: String, signedAt signURL: String? = nil, renewed: Set<Int> = [], credential: HTTPCredential? = nil) {
        self.url = url
        self.signURL = signURL
        self.renewed = renewed
        self.credential = credential
    }

    func signRequest() throws -> HTTPRequest? { try signURL.map { HTTPRequest(.get, try HTTPURL($0)) } }

    func readRequest(signed: HTTPResponse?) throws -> HTTPRequest {
        let query = signed.map { "?token=" + String(decoding: $0.body, as: UTF8.self) } ?? ""
        let headers = credential == nil ? [] : [HTTPHeader("X-Api-Key", "key"), HTTPHeader("Accept", "*/*")]
        return HTTPRequest(.get, try HTTPURL(url + query), headers: headers, credential: credential)
    }

    func judge(_ answer: HTTPResponse, stage: ObjectStage) throws -> ObjectVerdict {
        if renewed.contains(answer.head.status) { return .renew }
        throw Refused(status: answer.head.status, attempts: answer.attempts)
    }
}

/// A download into a new folder, with limits that fit tests: files above 40,000 bytes come in parts of 10,000.
struct TransferKit {
    let directory = TemporaryDirectory()
    var options: TransferOptions
    var http = HTTPSettings(userAgent: "skiff-test", environment: [:])
    var folder: String { directory.file("out") }

    init(journal: Bool = false, connections: Int = 4) throws {
        options = TransferOptions(
            connections: connections, isDurable: false, journal: journal ? directory.file("journal") : nil)
        options.limits.splitBytes = 40_000
        options.limits.partBytes = 10_000
        options.limits.journalBytes = 3_000
        options.limits.bufferBytes = 1_000
        options.limits.checkpointBytes = 8_000
        options.limits.forgivingBytes = 15_000
        http.retry.firstWaitSeconds = 0
        _ = try DirectoryAnchor.open(directory.path).makeDirectory("out")
    }

    static func object(
        _ name: String, _ size: Int, _ access: any ObjectAccess, isSizeListed: Bool = true,
        checksums: [ObjectChecksum] = [], version: String? = nil
    ) -> RemoteObject {
        RemoteObject(
            name: name, destination: name, size: size, isSizeListed: isSizeListed, checksums: checksums,
            version: version, access: access)
    }

    @discardableResult
    func run(_ objects: [RemoteObject], progress: @escaping (TransferProgress) -> Void = { _ in }) throws
        -> [SHA256Digest]
    {
        try Downloader.run(
            objects, into: folder, options: options, http: http, doing: "download `m`", progress: progress)
    }

    /// What a person reads when the download fails, the server's address left out.
    func message(_ objects: [RemoteObject], _ server: FaultServer) -> String {
        TestKit.message { try run(objects) }.replacing(server.origin, with: "SERVER")
    }

    func contents(_ name: String) throws -> [UInt8] { try readFile("\(folder)/\(name)", limit: 1 << 30) }
}

/// Bytes without any pattern.
func noise(_ count: Int, seed: UInt64 = 1) -> [UInt8] {
    var random = SplitMix64(seed: seed)
    var bytes: [UInt8] = []
    bytes.reserveCapacity(count + 8)
    while bytes.count < count { withUnsafeBytes(of: random.next()) { bytes += $0 } }
    return Array(bytes.prefix(count))
}

extension FaultServer {
    /// How many bytes of bodies of 2xx were asked for in all: the sum of the ranges, a whole object counting `size`.
    func askedBytes(of path: String, size: Int) -> Int {
        requests.filter { $0.path == path }.reduce(0) { sum, request in
            sum + (Reply.range(of: request).map { min($0.upperBound, size) - $0.lowerBound } ?? size)
        }
    }
}
