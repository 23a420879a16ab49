import Bytes
import HTTPTransport
import Hashing

/// Amazon's Signature Version 4 in its header form ("Authenticating Requests: Using the Authorization Header", S3 API
/// reference).
///
/// The path counts as it goes on the wire: encoded once, not normalised, as S3 has it and other services of Amazon have
/// not.
struct SignatureV4 {
    let accessKeyID: String
    let secretAccessKey: String
    let region: String
    let service: String
    let time: CalendarTime

    static let emptyPayload = SHA256Digest(of: [UInt8]()).hex

    /// The value of `Authorization`.
    ///
    /// - Parameters:
    ///   - headers: all that are signed, with `host` and, where it is sent, the session token; names in any case.
    ///   - payload: the SHA-256 of the body in hexadecimal digits, or `UNSIGNED-PAYLOAD`.
    func authorization(_ method: String, _ url: HTTPURL, headers: [(name: String, value: String)], payload: String)
        -> String
    {
        let date = String(time.basicText.prefix(8))
        let scope = "\(date)/\(region)/\(service)/aws4_request"
        let (request, names) = Self.canonicalRequest(method, url, headers, payload)
        let text = "AWS4-HMAC-SHA256\n\(time.basicText)\n\(scope)\n\(SHA256Digest(of: request).hex)"
        var key = Array("AWS4\(secretAccessKey)".utf8)
        for part in [date, region, service, "aws4_request"] { key = HMACSHA256.code(of: Array(part.utf8), key: key) }
        let signature = Hexadecimal.encode(HMACSHA256.code(of: Array(text.utf8), key: key))
        return "AWS4-HMAC-SHA256 Credential=\(accessKeyID)/\(scope), SignedHeaders=\(names), Signature=\(signature)"
    }

    /// The text whose digest is signed, and the names of the signed headers.
    static func canonicalRequest(
        _ method: String, _ url: HTTPURL, _ headers: [(name: String, value: String)], _ payload: String
    ) -> (text: String, names: String) {
        let sorted =
            headers.map { (name: $0.name.lowercased(), value: trimmed($0.value)) }.sorted { precedes($0.name, $1.name) }
        let names = sorted.map(\.name).joined(separator: ";")
        let lines = sorted.map { "\($0.name):\($0.value)\n" }.joined()
        let path = url.path.isEmpty ? "/" : url.path
        return ("\(method)\n\(path)\n\(canonicalQuery(url.query ?? ""))\n\(lines)\n\(names)\n\(payload)", names)
    }

    /// `host` with the port that is sent, which is none for the scheme's own.
    static func host(_ origin: HTTPOrigin) -> String {
        String(origin.description.dropFirst(origin.scheme.utf8.count + 3))
    }

    private static func canonicalQuery(_ query: String) -> String {
        let pairs = query.split(separator: "&").map { pair in
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            return (name: encodedOnce(parts[0]), value: encodedOnce(parts.count > 1 ? parts[1] : ""))
        }
        let sorted = pairs.sorted { left, right in
            left.name.utf8.elementsEqual(right.name.utf8)
                ? precedes(left.value, right.value) : precedes(left.name, right.name)
        }
        return sorted.map { "\($0.name)=\($0.value)" }.joined(separator: "&")
    }

    /// What is not percent-encoded UTF-8 is taken as it stands.
    private static func encodedOnce(_ text: String) -> String {
        PercentEncoding.decode(text).map(PercentEncoding.encode) ?? text
    }

    private static func precedes(_ left: String, _ right: String) -> Bool {
        left.utf8.lexicographicallyPrecedes(right.utf8)
    }

    private static func trimmed(_ value: String) -> String {
        value.split(separator: " ").joined(separator: " ")
    }
}
