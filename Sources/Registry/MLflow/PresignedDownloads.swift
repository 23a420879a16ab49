import HTTPTransport
import JSONText
import Platform
import Transfers

/// Whether an MLflow server (3.x) signs addresses at which its storage gives a file directly. It is asked once, and only for a
/// file that is large enough: a small model costs no request more.
final class PresignedDownloads {
    /// Smaller files come through the server: asking for an address would take as long as sending them.
    static let leastBytes = 8 << 20

    private let client: APIClient
    private var known: Bool?

    /// - Parameter isOffered: nil asks the server.
    init(_ client: APIClient, isOffered: Bool?) {
        self.client = client
        known = isOffered
    }

    /// What the server says, asked once. A server that does not know the question, or is in trouble, offers nothing.
    var isOffered: Bool {
        if let known { return known }
        var answer: JSONObject?
        do throws(RegistryError) {
            answer = try client.get("api/3.0/mlflow/server-info", doing: "ask what the server can do")
        } catch {
            answer = nil
        }
        known = answer?["multipart_downloads_enabled"]?.boolValue ?? false
        return known ?? false
    }

    /// No more addresses are asked for.
    func refuse() { known = false }

    /// The way to a file: by a signed address when it is large and the server offers them, else `proxied`.
    func access(
        _ entry: ListedEntry, else proxied: DirectAccess, _ sign: @escaping () throws -> HTTPRequest
    ) -> any ObjectAccess {
        guard entry.size ?? 0 >= Self.leastBytes else { return proxied }
        return PresignedAccess(downloads: self, proxied: proxied, sign: sign)
    }
}

/// A file at an address that the server signs for us, and through the server when that does not work.
final class PresignedAccess: ObjectAccess {
    private let downloads: PresignedDownloads
    private let proxied: DirectAccess
    private let sign: () throws -> HTTPRequest
    private var isProxied = false
    private var signedNanoseconds: UInt64 = 0

    /// A storage that refuses a fresh address does not refuse it because it has expired.
    private static let freshSeconds = 20.0

    init(downloads: PresignedDownloads, proxied: DirectAccess, sign: @escaping () throws -> HTTPRequest) {
        self.downloads = downloads
        self.proxied = proxied
        self.sign = sign
    }

    func signRequest() throws -> HTTPRequest? {
        if !isProxied, !downloads.isOffered { isProxied = true }
        return isProxied ? nil : try sign()
    }

    func readRequest(signed: HTTPResponse?) throws -> HTTPRequest {
        guard !isProxied, let signed, let request = Self.request(signed) else {
            isProxied = true
            return try proxied.readRequest(signed: nil)
        }
        signedNanoseconds = MonotonicClock.nanoseconds
        return request
    }

    func judge(_ answer: HTTPResponse, stage: ObjectStage) throws -> ObjectVerdict {
        guard !isProxied else { return try proxied.judge(answer, stage: stage) }
        switch stage {
        case .sign:
            if answer.head.status == 401 { return try proxied.judge(answer, stage: stage) }
            // 501 of a storage that cannot sign, 404 of an older server, 400 of a run whose files the proxy has.
            downloads.refuse()
            isProxied = true
        case .read:
            // An address that was good for a while has expired; one that never was is not asked for again.
            isProxied = MonotonicClock.seconds(since: signedNanoseconds) < Self.freshSeconds
        }
        return .renew
    }

    /// The signed address with exactly the headers that belong to it; nil when the answer has none that may be used.
    private static func request(_ answer: HTTPResponse) -> HTTPRequest? {
        guard let object = try? JSONText.parse(answer.body).objectValue,
            let text = (object["url"] ?? object["presigned_url"])?.stringValue, let url = try? HTTPURL(text),
            url.origin.scheme == "https" || answer.request.url.origin.scheme == "http"
        else { return nil }
        let headers = object["headers"]?.objectValue?.members ?? []
        return HTTPRequest(
            .get, url, headers: headers.compactMap { name, value in value.stringValue.map { HTTPHeader(name, $0) } })
    }
}
