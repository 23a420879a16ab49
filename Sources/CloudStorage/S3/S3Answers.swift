import Diagnostics
import HTTPTransport

/// What S3 answers.
public enum S3Answers {
    /// A `ListBucketResult` (ListObjectsV2).
    ///
    /// - Throws: `CloudStorageError` of kind `.answer` for anything else, of kind `.listing` for an entry without a
    ///   name in UTF-8 or a size.
    public static func page(_ body: [UInt8]) throws(CloudStorageError) -> StoragePage {
        let root = try document(body)
        guard root.name == "ListBucketResult" else {
            throw CloudStorageError(.answer, "it is a document of another kind, and not `ListBucketResult`")
        }
        let isEncoded = root["EncodingType"] == "url"
        var objects: [StoredObject] = []
        var folders: [String] = []
        for element in root.children {
            switch element.name {
            case "Contents":
                let name = try name(element["Key"], isEncoded: isEncoded)
                guard let size = element["Size"].flatMap(byteCount) else {
                    throw CloudStorageError(.listing, "it lists `\(escaped(name))` without a number of bytes")
                }
                if size > 0 || !name.hasSuffix("/") {
                    objects.append(StoredObject(name: name, size: size, version: element["ETag"]))
                }
            case "CommonPrefixes": folders.append(try Self.name(element["Prefix"], isEncoded: isEncoded))
            default: break
            }
        }
        let next = root["NextContinuationToken"]
        switch root["IsTruncated"] {
        case "false": return StoragePage(objects: objects, folders: folders, next: nil)
        case "true":
            guard let next, !next.isEmpty else {
                throw CloudStorageError(.answer, "it is cut short and names no next page")
            }
            return StoragePage(objects: objects, folders: folders, next: next)
        default: throw CloudStorageError(.answer, "it does not say whether it is complete")
        }
    }

    /// The region in the answer to `GET ?location`.
    ///
    /// - Throws: `CloudStorageError` of kind `.answer` when it is no such answer.
    public static func region(_ body: [UInt8]) throws(CloudStorageError) -> S3Bucket.Region {
        let root = try document(body)
        guard root.name == "LocationConstraint", let region = S3Bucket.Region(named: root.text) else {
            throw CloudStorageError(.answer, "it does not name a region")
        }
        return region
    }

    private static func document(_ body: [UInt8]) throws(CloudStorageError) -> XMLElement {
        do { return try XMLElement.parse(body) } catch {
            throw CloudStorageError(.answer, "it is not XML: \(error.reason)")
        }
    }

    /// With `encoding-type=url` a space comes as `+`, and what was a `+` as `%2B`.
    private static func name(_ text: String?, isEncoded: Bool) throws(CloudStorageError) -> String {
        guard let text, !text.isEmpty else { throw CloudStorageError(.listing, "it lists a file without a name") }
        guard isEncoded else { return text }
        guard let name = PercentEncoding.decode(text.replacing("+", with: " ")) else {
            throw CloudStorageError(.listing, "the name `\(escaped(text))` is not percent-encoded UTF-8")
        }
        return name
    }
}
