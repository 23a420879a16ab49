import Bytes

/// A zip archive of stored files, as Python's `zipfile` writes it.
public struct StoredZip {
    /// Names and bytes, in the order of the archive.
    public var files: [(name: String, bytes: [UInt8])]

    /// An archive of `files`.
    public init(files: [(name: String, bytes: [UInt8])]) { self.files = files }

    /// The bytes of the archive.
    public var bytes: [UInt8] {
        func number(_ value: Int, _ count: Int) -> [UInt8] {
            (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
        }
        var result: [UInt8] = []
        var directory: [UInt8] = []
        for file in files {
            let name = Array(file.name.utf8)
            let checksum = Int(Checksum32.crc32(file.bytes))
            let sizes =
                number(checksum, 4) + number(file.bytes.count, 4) + number(file.bytes.count, 4) + number(name.count, 2)
                + number(0, 2)
            let head = number(20, 2) + number(0, 2) + number(0, 2) + number(0, 2) + number(0x21, 2)
            directory +=
                [0x50, 0x4b, 1, 2] + number(20, 2) + head + sizes + number(0, 10) + number(result.count, 4) + name
            result += [0x50, 0x4b, 3, 4] + head + sizes + name + file.bytes
        }
        return result + directory + [0x50, 0x4b, 5, 6] + number(0, 4) + number(files.count, 2) + number(files.count, 2)
            + number(directory.count, 4) + number(result.count, 4) + number(0, 2)
    }
}
