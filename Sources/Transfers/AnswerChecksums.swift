import Bytes
import HTTPTransport

/// The digests that a storage sends along with an object.
enum AnswerChecksums {
    /// What `head`, a 200 or 206, states of the whole object; a header that cannot be read is left out.
    ///
    /// `ETag` is no digest, whatever it looks like. `Content-MD5` and its kin are those of the part in a 206, so only
    /// `x-goog-hash` counts there; it is that of the stored bytes, which are others when the storage compressed them.
    static func read(_ head: HTTPResponseHead) -> [ObjectChecksum] {
        var found: [ObjectChecksum] = []
        func add(_ checksum: ObjectChecksum?) {
            if let checksum, !found.contains(checksum) { found.append(checksum) }
        }
        if isPlainlyStored(head) {
            for header in head.headers where header.name.lowercased() == "x-goog-hash" {
                for part in header.value.split(separator: ",") { add(googleHash(part)) }
            }
        }
        guard head.status == 200 else { return found }
        for name in ["Content-MD5", "x-ms-content-md5"] { add(decoded(head[name], 16).map { .md5($0) }) }
        guard head["x-amz-checksum-type"]?.uppercased() != "COMPOSITE" else { return found }
        add(decoded(head["x-amz-checksum-sha256"], 32).map { .sha256($0) })
        add(decoded(head["x-amz-checksum-crc32c"], 4).map { .crc32c(bigEndian($0)) })
        return found
    }

    private static func isPlainlyStored(_ head: HTTPResponseHead) -> Bool {
        (head["x-goog-stored-content-encoding"] ?? "identity").lowercased() == "identity"
    }

    private static func googleHash(_ part: Substring) -> ObjectChecksum? {
        let text = part.drop { $0 == " " }
        guard let equals = text.firstIndex(of: "=") else { return nil }
        let value = String(text[text.index(after: equals)...])
        switch text[..<equals].lowercased() {
        case "crc32c": return decoded(value, 4).map { .crc32c(bigEndian($0)) }
        case "md5": return decoded(value, 16).map { .md5($0) }
        default: return nil
        }
    }

    private static func decoded(_ text: String?, _ count: Int) -> [UInt8]? {
        text.flatMap { Base64.decode($0) }.flatMap { $0.count == count ? $0 : nil }
    }

    private static func bigEndian(_ bytes: [UInt8]) -> UInt32 { bytes.reduce(0) { $0 << 8 | UInt32($1) } }
}
