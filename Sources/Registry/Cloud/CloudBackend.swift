import CloudStorage
import Diagnostics
import HTTPTransport

/// How one kind of storage is spoken to. Requests are signed when they are made.
protocol CloudBackend: AnyObject {
    var service: StorageRefusal.Service { get }
    /// A page of everything below `prefix`, a whole name that ends with `/` or is empty.
    func listRequest(_ prefix: String, token: String?, _ lent: CloudCredential) throws(CloudStorageError) -> HTTPRequest
    /// The bytes of an object, of the listing's version where the storage can be asked for that.
    func readRequest(_ name: String, version: String?, _ lent: CloudCredential) throws(CloudStorageError) -> HTTPRequest
    /// The answer to `listRequest`.
    func page(_ answer: HTTPResponse) throws(CloudStorageError) -> StoragePage
    /// Learns from an answer, whatever its status.
    ///
    /// - Parameters:
    ///   - refusal: its meaning; nil for a success.
    ///   - send: sends a further request of ours.
    /// - Returns: whether the same request, made anew, may fare better.
    func learn(
        from answer: HTTPResponse, _ refusal: StorageRefusal?, _ lent: CloudCredential,
        send: (HTTPRequest) throws(RegistryError) -> HTTPResponse
    ) throws(RegistryError) -> Bool
}

/// S3 and what speaks like it.
final class S3Backend: CloudBackend {
    let service = StorageRefusal.Service.s3
    private let bucket: S3Bucket
    private let clock: StorageClock
    private var region: S3Bucket.Region

    init(_ bucket: S3Bucket, _ clock: StorageClock) {
        self.bucket = bucket
        self.clock = clock
        region = bucket.firstRegion
    }

    func listRequest(
        _ prefix: String, token: String?, _ lent: CloudCredential
    ) throws(CloudStorageError) -> HTTPRequest {
        signed(try bucket.listRequest(prefix: prefix, token: token, in: region), lent)
    }

    func readRequest(
        _ name: String, version: String?, _ lent: CloudCredential
    ) throws(CloudStorageError) -> HTTPRequest {
        signed(try bucket.readRequest(name, in: region), lent)
    }

    /// Without a signature for keys of another kind of storage, which `CloudStore` does not let through.
    private func signed(_ request: HTTPRequest, _ lent: CloudCredential) -> HTTPRequest {
        switch lent.keys {
        case .aws(let keys), .r2(let keys):
            keys.signed(request, region: region.name, at: clock.time, source: CloudStore.credentialSource)
        case .azureSAS, .googleToken: request
        }
    }

    func page(_ answer: HTTPResponse) throws(CloudStorageError) -> StoragePage { try S3Answers.page(answer.body) }

    func learn(
        from answer: HTTPResponse, _ refusal: StorageRefusal?, _ lent: CloudCredential,
        send: (HTTPRequest) throws(RegistryError) -> HTTPResponse
    ) throws(RegistryError) -> Bool {
        switch refusal?.meaning {
        case .otherRegion(let named?): return move(to: named)
        case .otherRegion(nil):
            if let named = Self.region(answer) { return move(to: named) }
            guard let request = try? bucket.regionRequest(in: region) else { return false }
            let answer = try send(signed(request, lent))
            return move(to: Self.region(answer) ?? (try? S3Answers.region(answer.body)))
        case .wrongClock(let time): return clock.correct(by: time)
        case nil, .noRight, .other:
            // A guess is given up for what any answer says.
            return !region.isKnown && move(to: Self.region(answer))
        case .expired, .unknownCredential, .otherNetwork, .notFound, .twoCredentials, .trouble: return false
        }
    }

    private func move(to named: S3Bucket.Region?) -> Bool {
        guard let named, named != region else { return false }
        region = named
        return true
    }

    private static func region(_ answer: HTTPResponse) -> S3Bucket.Region? {
        answer.head["x-amz-bucket-region"].flatMap(S3Bucket.Region.init(named:))
    }
}

/// Azure Data Lake Storage Gen2.
final class DataLakeBackend: CloudBackend {
    let service = StorageRefusal.Service.azure
    private let fileSystem: DataLakeFileSystem
    private let clock: StorageClock

    init(_ fileSystem: DataLakeFileSystem, _ clock: StorageClock) {
        self.fileSystem = fileSystem
        self.clock = clock
    }

    func listRequest(
        _ prefix: String, token: String?, _ lent: CloudCredential
    ) throws(CloudStorageError) -> HTTPRequest {
        let folder = prefix.hasSuffix("/") ? String(prefix.dropLast()) : prefix
        return try fileSystem.listRequest(folder, token: token, signature: signature(lent), at: clock.time)
    }

    func readRequest(
        _ name: String, version: String?, _ lent: CloudCredential
    ) throws(CloudStorageError) -> HTTPRequest {
        try fileSystem.readRequest(name, signature: signature(lent), at: clock.time)
    }

    private func signature(_ lent: CloudCredential) -> Secret {
        if case .azureSAS(let signature) = lent.keys { signature } else { Secret("") }
    }

    func page(_ answer: HTTPResponse) throws(CloudStorageError) -> StoragePage {
        try DataLakeFileSystem.page(answer.body, token: answer.head["x-ms-continuation"])
    }

    func learn(
        from answer: HTTPResponse, _ refusal: StorageRefusal?, _ lent: CloudCredential,
        send: (HTTPRequest) throws(RegistryError) -> HTTPResponse
    ) throws(RegistryError) -> Bool { false }
}

/// Google Cloud Storage.
final class GoogleBackend: CloudBackend {
    let service = StorageRefusal.Service.google
    private let bucket: GoogleBucket

    init(_ bucket: GoogleBucket) {
        self.bucket = bucket
    }

    func listRequest(
        _ prefix: String, token: String?, _ lent: CloudCredential
    ) throws(CloudStorageError) -> HTTPRequest {
        signed(bucket.listRequest(prefix: prefix, token: token), lent)
    }

    func readRequest(
        _ name: String, version: String?, _ lent: CloudCredential
    ) throws(CloudStorageError) -> HTTPRequest {
        signed(bucket.readRequest(name, generation: version), lent)
    }

    private func signed(_ request: HTTPRequest, _ lent: CloudCredential) -> HTTPRequest {
        guard case .googleToken(let token) = lent.keys else { return request }
        var request = request
        request.credential = HTTPCredential(
            origin: bucket.host.origin, headerName: "Authorization",
            headerValue: Secret("Bearer \(token.revealed)"), source: CloudStore.credentialSource)
        return request
    }

    func page(_ answer: HTTPResponse) throws(CloudStorageError) -> StoragePage { try GoogleBucket.page(answer.body) }

    func learn(
        from answer: HTTPResponse, _ refusal: StorageRefusal?, _ lent: CloudCredential,
        send: (HTTPRequest) throws(RegistryError) -> HTTPResponse
    ) throws(RegistryError) -> Bool { false }
}
