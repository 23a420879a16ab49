import Bytes
import Diagnostics
public import HTTPTransport
import JSONText

/// A bucket of Google Cloud Storage, read through its JSON API.
public struct GoogleBucket: Sendable, Equatable {
    /// The bucket's name.
    public let name: String
    /// `https://storage.googleapis.com`, or the emulator's.
    public let host: HTTPURL

    /// A bucket of Google, or of the emulator at `emulator`.
    ///
    /// - Throws: nothing that can happen: the address of Google is one.
    public init(name: String, emulator: HTTPURL?) throws(CloudStorageError) {
        self.name = name
        if let emulator {
            host = emulator
        } else {
            host = try url("https://storage.googleapis.com")
        }
    }

    /// One page of everything below `prefix`.
    public func listRequest(prefix: String, token: String?) -> HTTPRequest {
        var query = [
            (name: "fields", value: "items(name,size,md5Hash,crc32c,generation,contentEncoding),nextPageToken"),
            (name: "prefix", value: prefix),
        ]
        if let token { query.append((name: "pageToken", value: token)) }
        return HTTPRequest(.get, host.appending(segments: ["storage", "v1", "b", name, "o"], query: query))
    }

    /// The bytes of an object, of that generation where one is known: what was written since gives 404.
    public func readRequest(_ object: String, generation: String?) -> HTTPRequest {
        var query = [(name: "alt", value: "media")]
        if let generation { query.append((name: "generation", value: generation)) }
        let segments = ["download", "storage", "v1", "b", name, "o", object]
        return HTTPRequest(.get, host.appending(segments: segments, query: query))
    }

    /// The answer to `listRequest`.
    ///
    /// - Throws: `CloudStorageError` of kind `.answer` when it is no listing, of kind `.listing` for an entry without a
    ///   name or a size, with a digest that is none, or stored compressed: such an object's bytes are not those that
    ///   the listing describes.
    public static func page(_ body: [UInt8]) throws(CloudStorageError) -> StoragePage {
        let object = try listing(body)
        var objects: [StoredObject] = []
        for item in try list(object, "items") {
            guard let name = item["name"]?.stringValue, !name.isEmpty else {
                throw CloudStorageError(.listing, "it lists a file without a name")
            }
            guard let size = item["size"].flatMap(number) else {
                throw CloudStorageError(.listing, "it lists `\(escaped(name))` without a number of bytes")
            }
            guard item["contentEncoding"]?.stringValue ?? "identity" == "identity" else {
                throw CloudStorageError(
                    .listing,
                    "`\(escaped(name))` is stored compressed (`contentEncoding`), which this version does not read")
            }
            if size == 0, name.hasSuffix("/") { continue }
            let md5 = try digest(item["md5Hash"], 16, of: name)
            let crc = try digest(item["crc32c"], 4, of: name)
            objects.append(
                StoredObject(
                    name: name, size: size, md5: md5, crc32c: crc.map { $0.reduce(0) { $0 << 8 | UInt32($1) } },
                    version: item["generation"].flatMap { $0.stringValue ?? $0.intValue.map(String.init) }))
        }
        var folders: [String] = []
        for prefix in try list(object, "prefixes") {
            guard let name = prefix.stringValue, !name.isEmpty else {
                throw CloudStorageError(.listing, "it lists a folder without a name")
            }
            folders.append(name)
        }
        let next = object["nextPageToken"]?.stringValue
        return StoragePage(objects: objects, folders: folders, next: next.flatMap { $0.isEmpty ? nil : $0 })
    }

    /// An empty list is left out.
    private static func list(_ object: JSONObject, _ key: String) throws(CloudStorageError) -> [JSONValue] {
        guard let value = object[key] else { return [] }
        guard let list = value.arrayValue else { throw CloudStorageError(.answer, "`\(key)` is \(value.kindInWords)") }
        return list
    }

    private static func digest(_ value: JSONValue?, _ count: Int, of name: String) throws(CloudStorageError) -> [UInt8]?
    {
        guard let value else { return nil }
        guard let bytes = value.stringValue.flatMap(Base64.decode), bytes.count == count else {
            throw CloudStorageError(
                .listing, "it lists `\(escaped(name))` with a digest of another form than its kind has")
        }
        return bytes
    }
}
