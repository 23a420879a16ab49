/// One object of a listing.
public struct StoredObject: Sendable, Equatable {
    /// The whole name, from the root of the bucket or file system.
    public let name: String
    /// Bytes.
    public let size: Int
    /// 16 bytes, where the storage has computed or taken over an MD5 of the whole object; S3's ETag is none.
    public let md5: [UInt8]?
    /// Castagnoli's polynomial; Google's storage has it of every object.
    public let crc32c: UInt32?
    /// What changes with the contents: ETag or generation.
    public let version: String?

    init(name: String, size: Int, md5: [UInt8]? = nil, crc32c: UInt32? = nil, version: String?) {
        self.name = name
        self.size = size
        self.md5 = md5
        self.crc32c = crc32c
        self.version = version
    }
}

/// One page of a listing of everything below a prefix.
public struct StoragePage: Sendable, Equatable {
    /// Files; what only marks a folder is left out.
    public let objects: [StoredObject]
    /// Folders whose files are in no page: from servers that list by level although they are not asked to. They end
    /// with `/`.
    public let folders: [String]
    /// Asks for the next page; nil after the last one.
    public let next: String?
}

/// A number of bytes, written as text or as a number; nil for what is none.
func byteCount(_ text: String) -> Int? {
    guard !text.isEmpty, text.utf8.allSatisfy({ UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }) else { return nil }
    return Int(text)
}
