import Diagnostics
import HTTPTransport
import JSONText

/// An address that a workspace has signed for one file: who has it may read the file for a while, without any credential.
struct SignedAddress: Equatable {
    let url: HTTPURL
    /// Sent with the request, exactly these.
    let headers: [HTTPHeader]

    /// Reads the part of an answer that holds the address.
    ///
    /// - Parameters:
    ///   - key: of the address: `signed_uri`, `url`.
    ///   - origin: of the workspace; from `https` no address of `http` is taken.
    /// - Throws: `RegistryError` of kind `.answer`.
    init(_ value: JSONObject, key: String, from origin: HTTPOrigin, doing task: String) throws(RegistryError) {
        guard let text = value[key]?.stringValue, !text.isEmpty else {
            throw RegistryError(.answer, "cannot \(task): the workspace gives no address for it")
        }
        do {
            url = try HTTPURL(text)
        } catch {
            throw RegistryError(.answer, "cannot \(task): the workspace gives an address that is none: \(error.reason)")
        }
        guard url.origin.scheme == "https" || origin.scheme == "http" else {
            throw RegistryError(
                .answer, "cannot \(task): the workspace signed an address without encryption",
                place: Place(file: "\(url)"))
        }
        headers = Self.headers(value["headers"])
    }

    /// `[{"name": …, "value": …}]` or `{name: value}`; those that belong to the transfer itself are left out.
    private static func headers(_ value: JSONValue?) -> [HTTPHeader] {
        var headers: [HTTPHeader] = []
        for item in value?.arrayValue ?? [] {
            guard let name = item["name"]?.stringValue, let value = item["value"]?.stringValue else { continue }
            headers.append(HTTPHeader(name, value))
        }
        for (name, value) in value?.objectValue?.members ?? [] {
            guard let value = value.stringValue else { continue }
            headers.append(HTTPHeader(name, value))
        }
        let ours = ["host", "range", "if-range", "connection", "content-length", "transfer-encoding", "user-agent"]
        return headers.filter { !ours.contains($0.name.lowercased()) }
    }

    /// The request that reads the file; it never carries a credential.
    var request: HTTPRequest { HTTPRequest(.get, url, headers: headers) }
}
