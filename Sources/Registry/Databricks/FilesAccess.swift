import Diagnostics
import HTTPTransport
import JSONText
import Transfers

/// One file behind the Files API: by a signed address or through the workspace, and by the other way when the first is refused.
final class FilesAccess: ObjectAccess {
    private enum Way {
        case signed
        case direct
    }

    private let store: FilesAPIStore
    private let path: String
    private let task: String
    /// Those that have not failed yet, the preferred one first.
    private var ways: [Way]
    /// The one that the last request for bytes took.
    private var used = Way.direct
    private var prepared: SignedAddress?
    private var expiryCount = 0

    /// So many addresses that were too old are enough: either the clocks differ, or the file needs longer than an address lives.
    private static let expiryLimit = 3

    init(_ store: FilesAPIStore, path: String, size: Int?, doing task: String) {
        self.store = store
        self.path = path
        self.task = task
        let isSmall = size ?? 0 <= FilesAPIStore.smallBytes
        ways = isSmall ? [.direct, .signed] : [.signed, .direct]
    }

    private var client: DatabricksClient { store.client }

    private var way: Way {
        if store.signing == .off { ways.removeAll { $0 == .signed } }
        return ways.first ?? .direct
    }

    func signRequest() throws -> HTTPRequest? {
        prepared = nil
        guard way == .signed else { return nil }
        if store.signing == .untried { try probe() }
        guard prepared == nil, way == .signed else { return nil }
        return try signing()
    }

    private func signing() throws -> HTTPRequest {
        try client.request(posting: ["path": .string(path)], to: "api/2.0/fs/create-download-url")
    }

    /// Asks for the first signed address without patience: one kind of refusal has the status 500 and stays however often one asks.
    private func probe() throws {
        let answer: HTTPResponse
        do throws(RegistryError) {
            answer = try client.sendOnce(signing, doing: task)
        } catch {
            guard error.kind == .cancelled || error.kind == .configuration else { return }
            throw error
        }
        if answer.head.isSuccess {
            store.signing = .works
            prepared = address(in: answer)
            if prepared == nil { store.signing = .off }
            return
        }
        let refusal = DatabricksAnswer(answer, about: store.subject)
        if refusal.isSigningRefused || (!answer.isTrouble && refusal.leavesOtherWays) { store.signing = .off }
    }

    private func address(in answer: HTTPResponse) -> SignedAddress? {
        guard let object = DatabricksClient.object(answer) else { return nil }
        return try? SignedAddress(object, key: "url", from: client.endpoint.base.origin, doing: task)
    }

    func readRequest(signed: HTTPResponse?) throws -> HTTPRequest {
        if let address = prepared ?? signed.flatMap(address) {
            store.signing = .works
            used = .signed
            return address.request
        }
        // An answer without an address that can be used.
        if signed != nil { store.signing = .off }
        used = .direct
        var request = try client.endpoint.request(client.endpoint.url("api/2.0/fs/files" + path))
        request.headers.append(HTTPHeader("Accept", "application/octet-stream"))
        return request
    }

    func judge(_ answer: HTTPResponse, stage: ObjectStage) throws -> ObjectVerdict {
        stage == .read && used == .signed ? try judgeStorage(answer) : try judgeWorkspace(answer, stage)
    }

    private func judgeWorkspace(_ answer: HTTPResponse, _ stage: ObjectStage) throws -> ObjectVerdict {
        if try client.hasRenewed(after: answer) { return .renew }
        let refusal = DatabricksAnswer(answer, about: store.subject)
        guard refusal.leavesOtherWays, !answer.isTrouble else { throw refusal.error(doing: task) }
        if stage == .sign, refusal.isSigningRefused || refusal.isUnknownAddress { store.signing = .off }
        return try abandon(stage == .sign ? .signed : .direct) { refusal.error(doing: task) }
    }

    private func judgeStorage(_ answer: HTTPResponse) throws -> ObjectVerdict {
        let storage = StorageAnswer(answer)
        guard !answer.isTrouble else { throw storage.error(doing: task) }
        if storage.isExpired {
            expiryCount += 1
            if expiryCount < Self.expiryLimit { return .renew }
        } else if [400, 401, 403].contains(answer.head.status) {
            // A firewall: it refuses the other files as well.
            store.signing = .off
        }
        return try abandon(.signed) { storage.error(doing: task) }
    }

    /// Goes on by another way.
    ///
    /// - Throws: `failure` when there is none.
    private func abandon(_ failed: Way, _ failure: () -> RegistryError) throws -> ObjectVerdict {
        ways.removeAll { $0 == failed || $0 == .signed && store.signing == .off }
        guard !ways.isEmpty else { throw failure() }
        return .renew
    }
}

extension HTTPResponse {
    /// Whether this is trouble that may pass, which whoever sends requests has waited for in vain.
    var isTrouble: Bool { [408, 429, 500, 502, 503, 504].contains(head.status) }
}
