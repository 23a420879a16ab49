import Bytes
public import Diagnostics
public import HTTPTransport
import JSONText

/// A file system of Azure Data Lake Storage Gen2 that is read with a shared access signature.
///
/// Everything goes to the host that the address names (`dfs`), never to the `blob` one beside it, which a private
/// network may not let through. The signature is appended as it was lent; there is no `Authorization`.
public struct DataLakeFileSystem: Sendable, Equatable {
    /// Its name, the first segment of every path.
    public let name: String
    /// Scheme, host and port.
    public let host: HTTPURL

    static let version = "2023-11-03"

    /// States both.
    public init(name: String, host: HTTPURL) {
        self.name = name
        self.host = host
    }

    /// One page of everything below `folder`; empty for the whole file system.
    ///
    /// - Parameters:
    ///   - token: from the header `x-ms-continuation` of the page before.
    ///   - signature: without a `?` before it.
    ///   - time: now.
    /// - Throws: `CloudStorageError` of kind `.location` when the signature holds characters that no URL may have.
    public func listRequest(
        _ folder: String, token: String?, signature: Secret, at time: CalendarTime
    ) throws(CloudStorageError) -> HTTPRequest {
        var query = "resource=filesystem&recursive=true"
        if !folder.isEmpty { query += "&directory=\(PercentEncoding.encode(folder))" }
        if let token { query += "&continuation=\(PercentEncoding.encode(token))" }
        return try request([name], "\(query)&", signature, time)
    }

    /// The bytes of a file.
    ///
    /// - Throws: as `listRequest`.
    public func readRequest(
        _ path: String, signature: Secret, at time: CalendarTime
    ) throws(CloudStorageError) -> HTTPRequest {
        try request([name] + segments(of: path), "", signature, time)
    }

    private func request(
        _ segments: [String], _ query: String, _ signature: Secret, _ time: CalendarTime
    ) throws(CloudStorageError) -> HTTPRequest {
        let base = host.appending(segments: segments)
        let lent = signature.revealed
        guard let url = try? HTTPURL("\(base)?\(query)\(lent.hasPrefix("?") ? String(lent.dropFirst()) : lent)"),
            !lent.contains("#")
        else {
            throw CloudStorageError(location: base.description, "the shared access signature is not percent-encoded")
        }
        return HTTPRequest(
            .get, url,
            headers: [HTTPHeader("x-ms-version", Self.version), HTTPHeader("x-ms-date", time.httpText)])
    }

    /// The answer to `listRequest` (Path - List): booleans and sizes are texts, `isDirectory` is left out of files.
    ///
    /// - Parameter token: the header `x-ms-continuation`.
    /// - Throws: `CloudStorageError` of kind `.answer` when it is no listing, of kind `.listing` for an entry without a
    ///   name or a size.
    public static func page(_ body: [UInt8], token: String?) throws(CloudStorageError) -> StoragePage {
        let object = try listing(body)
        guard let paths = object["paths"]?.arrayValue else {
            throw CloudStorageError(.answer, "it has no list `paths`")
        }
        var objects: [StoredObject] = []
        for path in paths {
            guard let name = path["name"]?.stringValue, !name.isEmpty else {
                throw CloudStorageError(.listing, "it lists a file without a name")
            }
            let isFolder = path["isDirectory"]
            if isFolder?.stringValue?.lowercased() == "true" || isFolder?.boolValue == true { continue }
            guard let size = path["contentLength"].flatMap(number) else {
                throw CloudStorageError(.listing, "it lists `\(escaped(name))` without a number of bytes")
            }
            let md5 = path["contentMD5"]?.stringValue.flatMap(Base64.decode)
            objects.append(
                StoredObject(
                    name: name, size: size, md5: md5?.count == 16 ? md5 : nil,
                    version: path["etag"]?.stringValue ?? path["lastModified"]?.stringValue))
        }
        return StoragePage(objects: objects, folders: [], next: token.flatMap { $0.isEmpty ? nil : $0 })
    }
}

/// A size as text or as a number.
func number(_ value: JSONValue) -> Int? {
    value.stringValue.flatMap(byteCount) ?? value.intValue.flatMap { $0 >= 0 ? $0 : nil }
}

/// The object of a listing in JSON.
func listing(_ body: [UInt8]) throws(CloudStorageError) -> JSONObject {
    let value: JSONValue
    do { value = try JSONText.parse(ByteRegion(body), limits: JSONLimits(maxBytes: 16 << 20)) } catch {
        throw CloudStorageError(.answer, "it is not JSON: \(error.diagnostic.summary)")
    }
    guard let object = value.objectValue else {
        throw CloudStorageError(.answer, "it is \(value.kindInWords) where an object should be")
    }
    return object
}
