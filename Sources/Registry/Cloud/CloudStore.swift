import CloudStorage
import Diagnostics
import HTTPTransport
import Transfers

/// A folder in a cloud's storage that is read with lent credentials. Everything below it is listed at once.
final class CloudStore: ArtifactStore {
    static let credentialSource = "what the registry lends for this model"
    /// How often a page of a listing is asked again with what was learned from a refusal: another credential, region or
    /// time.
    private static let renewalLimit = 5
    /// Most pages in a row without a file: a storage may send some of them, and a circle of them never ends.
    private static let emptyPageLimit = 100
    private static let answerLimit = 16 << 20

    let place: String
    private let root: String
    private let backend: any CloudBackend
    private let lent: VendedCredentials
    private var session: HTTPSession

    init(
        _ location: CloudLocation, root: String, _ backend: any CloudBackend, _ lent: VendedCredentials,
        _ http: HTTPSettings, doing task: String
    ) throws(RegistryError) {
        place = location.text
        self.root = root
        self.backend = backend
        self.lent = lent
        do { session = try HTTPSession(settings: http) } catch { throw RegistryError(error, doing: task) }
    }

    func list(_ folder: String, doing task: String) throws(RegistryError) -> [ListedEntry] {
        let start = joined(root, folder)
        let prefix = start.isEmpty ? "" : start + "/"
        var entries: [ListedEntry] = []
        var seen: Set<String> = []
        var token: String?
        var emptyPages = 0
        repeat {
            let page = try page(prefix, token, task)
            for object in page.objects {
                entries.append(try entry(object, below: prefix, folder, task))
            }
            for name in page.folders {
                let path = try path(name.hasSuffix("/") ? String(name.dropLast()) : name, below: prefix, folder, task)
                entries.append(ListedEntry(path: path, isFolder: true, size: nil))
            }
            token = page.next
            emptyPages = page.objects.isEmpty && page.folders.isEmpty ? emptyPages + 1 : 0
            let isCircle = token.map { !seen.insert($0).inserted } ?? false
            guard !isCircle, emptyPages <= Self.emptyPageLimit else {
                throw RegistryError(
                    .listing, "cannot \(task): the storage's listing of `\(escaped(place))` goes in a circle")
            }
            guard entries.count <= Listing.entryLimit else { throw Listing.tooMany(task) }
        } while token != nil
        return entries
    }

    func access(to entry: ListedEntry, doing task: String) -> any ObjectAccess {
        CloudAccess(self, joined(root, entry.path), version: entry.version, doing: task)
    }

    // MARK: Listing

    private func entry(
        _ object: StoredObject, below prefix: String, _ folder: String, _ task: String
    ) throws(RegistryError) -> ListedEntry {
        var checksums: [ObjectChecksum] = []
        if let md5 = object.md5 { checksums.append(.md5(md5)) }
        if let crc32c = object.crc32c { checksums.append(.crc32c(crc32c)) }
        return ListedEntry(
            path: try path(object.name, below: prefix, folder, task), isFolder: false, size: object.size,
            checksums: checksums, version: object.version)
    }

    /// The path from the store's root; names are compared byte by byte.
    private func path(
        _ name: String, below prefix: String, _ folder: String, _ task: String
    ) throws(RegistryError) -> String {
        guard name.utf8.starts(with: prefix.utf8) else {
            throw Listing.refusal(name, "it does not lie below the folder that was asked, `\(escaped(prefix))`", task)
        }
        return joined(folder, String(Substring(name.utf8.dropFirst(prefix.utf8.count))))
    }

    private func page(_ prefix: String, _ token: String?, _ task: String) throws(RegistryError) -> StoragePage {
        for _ in 0...Self.renewalLimit {
            let credential = try credential(doing: task)
            let request = try Self.made(doing: task) { () throws(CloudStorageError) in
                try backend.listRequest(prefix, token: token, credential)
            }
            let answer = try send(request, doing: task)
            if answer.head.isSuccess {
                _ = try learn(from: answer, nil, credential, doing: task)
                return try read(answer, doing: task)
            }
            try judge(answer, credential, doing: task)
        }
        throw RegistryError(
            .denied,
            "cannot \(task): the storage of `\(escaped(place))` refuses one lent credential after the other as expired",
            hints: ["is this machine's clock right?"])
    }

    private func read(_ answer: HTTPResponse, doing task: String) throws(RegistryError) -> StoragePage {
        let place = Place(file: answer.request.url.description, note: "GET, status \(answer.head.status)")
        guard answer.head.mediaType != "text/html" else {
            throw RegistryError(
                .answer, "cannot \(task): the storage sends a web page where its listing should be", place: place,
                hints: ["is there a login page or a proxy between?"])
        }
        do { return try backend.page(answer) } catch {
            let kind: RegistryError.Kind = error.kind == .listing ? .listing : .answer
            throw RegistryError(
                kind, "cannot \(task): cannot read the storage's listing: \(error.reason)", place: place)
        }
    }

    private func send(_ request: HTTPRequest, doing task: String) throws(RegistryError) -> HTTPResponse {
        do { return try session.send(request, bodyLimit: Self.answerLimit) } catch {
            throw RegistryError(error, doing: task)
        }
    }

    // MARK: For the objects too

    /// A lent credential that fits the storage.
    func credential(doing task: String) throws(RegistryError) -> CloudCredential {
        let credential = try lent.current()
        let fits =
            switch (backend.service, credential.keys) {
            case (.s3, .aws), (.s3, .r2), (.azure, .azureSAS), (.google, .googleToken): true
            default: false
            }
        guard fits else {
            throw RegistryError(
                .answer,
                "cannot \(task): the registry lends a credential of another kind than `\(escaped(place))` accepts")
        }
        return credential
    }

    func readRequest(
        _ name: String, version: String?, _ credential: CloudCredential, doing task: String
    ) throws(RegistryError) -> HTTPRequest {
        try Self.made(doing: task) { () throws(CloudStorageError) in
            try backend.readRequest(name, version: version, credential)
        }
    }

    private static func made(
        doing task: String, _ make: () throws(CloudStorageError) -> HTTPRequest
    ) throws(RegistryError) -> HTTPRequest {
        do { return try make() } catch {
            throw RegistryError(.answer, "cannot \(task): \(error.diagnostic.summary)")
        }
    }

    /// Returns when the request, made anew, may fare better.
    ///
    /// - Throws: the error for the person otherwise.
    func judge(_ answer: HTTPResponse, _ credential: CloudCredential, doing task: String) throws(RegistryError) {
        let refusal = StorageRefusal(answer, from: backend.service)
        if refusal.meaning == .expired {
            lent.renew(credential)
            return
        }
        guard try learn(from: answer, refusal, credential, doing: task) else {
            throw RegistryError(refusal, answer, credential, doing: task)
        }
    }

    private func learn(
        from answer: HTTPResponse, _ refusal: StorageRefusal?, _ credential: CloudCredential, doing task: String
    ) throws(RegistryError) -> Bool {
        try backend.learn(from: answer, refusal, credential) { request throws(RegistryError) in
            try send(request, doing: task)
        }
    }
}

/// One object of a cloud's storage.
private final class CloudAccess: ObjectAccess {
    private let store: CloudStore
    private let name: String
    private let version: String?
    private let task: String
    private var used: CloudCredential?

    init(_ store: CloudStore, _ name: String, version: String?, doing task: String) {
        self.store = store
        self.name = name
        self.version = version
        self.task = task
    }

    func signRequest() throws -> HTTPRequest? { nil }

    func readRequest(signed: HTTPResponse?) throws -> HTTPRequest {
        let credential = try store.credential(doing: task)
        used = credential
        return try store.readRequest(name, version: version, credential, doing: task)
    }

    func judge(_ answer: HTTPResponse, stage: ObjectStage) throws -> ObjectVerdict {
        let credential = try used ?? store.credential(doing: task)
        try store.judge(answer, credential, doing: task)
        return .renew
    }
}
