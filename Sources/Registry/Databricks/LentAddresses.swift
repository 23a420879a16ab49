import Diagnostics
import HTTPTransport
import JSONText
import Transfers

/// Addresses that the workspace signs for the files of a run or a logged model, many with one request (mlflow 3.17,
/// `databricks_artifact_repo_resources.py`).
///
/// The files that may be read are made known beforehand; the first one that is read asks for all of them.
final class LentAddresses {
    private let client: DatabricksClient
    private let resource: TrackedResource
    /// Known and not read yet, in the order in which they were made known.
    private var waiting: [String] = []
    private var isWaiting: Set<String> = []
    private var addresses: [String: SignedAddress] = [:]

    /// Most paths in one request (`_MAX_CREDENTIALS_REQUEST_SIZE`).
    static let batchLimit = 2_000

    init(_ client: DatabricksClient, _ resource: TrackedResource) {
        self.client = client
        self.resource = resource
    }

    func expect(_ path: String) {
        if isWaiting.insert(path).inserted { waiting.append(path) }
    }

    /// The address of a file; asks for it when there is none.
    func address(of path: String, doing task: String) throws(RegistryError) -> SignedAddress {
        if let address = addresses[path] { return address }
        var batch = [path]
        for next in waiting
        where isWaiting.contains(next) && addresses[next] == nil && !next.utf8.elementsEqual(path.utf8) {
            guard batch.count < Self.batchLimit else { break }
            batch.append(next)
        }
        try ask(batch, task)
        guard let address = addresses[path] else {
            throw RegistryError(
                .notFound, "cannot \(task): the workspace gives no address for it",
                hints: ["it is listed, but there may be nothing behind it; log the model again"])
        }
        return address
    }

    /// Notes that a file was read: no further address is asked for it.
    func started(_ path: String) {
        isWaiting.remove(path)
        if waiting.count > 2 * isWaiting.count + 16 { waiting.removeAll { !isWaiting.contains($0) } }
    }

    /// Throws the addresses away that are as old as one that was refused: all of them.
    func expire() { addresses = [:] }

    private func ask(_ batch: [String], _ task: String) throws(RegistryError) {
        var seen: Set<String> = []
        var token: String?
        repeat {
            var body = resource.question(batch)
            if let token { body["page_token"] = .string(token) }
            let answer = try client.post(resource.credentials, .object(body), about: resource.subject, doing: task)
            let infos = resource.infos(in: answer)
            for (index, info) in infos.enumerated() {
                // A service that names no paths answers in their order.
                let path = info["path"]?.stringValue ?? (infos.count == batch.count ? batch[index] : nil)
                guard let path else { continue }
                addresses[path] = try SignedAddress(
                    info, key: "signed_uri", from: client.endpoint.base.origin, doing: task)
            }
            token = answer["next_page_token"]?.stringValue.flatMap { $0.isEmpty || infos.isEmpty ? nil : $0 }
            if let token, !seen.insert(token).inserted {
                throw RegistryError(.answer, "cannot \(task): the workspace's list of addresses goes in a circle")
            }
        } while token != nil
    }
}

/// A file of a run or a logged model, by an address of `LentAddresses`.
final class LentAccess: ObjectAccess {
    private let addresses: LentAddresses
    private let path: String
    private let task: String
    private var hasRenewed = false

    init(_ addresses: LentAddresses, path: String, doing task: String) {
        self.addresses = addresses
        self.path = path
        self.task = task
        addresses.expect(path)
    }

    func signRequest() throws -> HTTPRequest? { nil }

    func readRequest(signed: HTTPResponse?) throws -> HTTPRequest {
        let request = try addresses.address(of: path, doing: task).request
        addresses.started(path)
        return request
    }

    func judge(_ answer: HTTPResponse, stage: ObjectStage) throws -> ObjectVerdict {
        let storage = StorageAnswer(answer)
        if !storage.isExpired {
            guard answer.head.status == 403, !hasRenewed else { throw storage.error(doing: task) }
            hasRenewed = true
        }
        addresses.expire()
        return .renew
    }
}
