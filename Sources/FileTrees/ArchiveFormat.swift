import Diagnostics
import Platform

/// The archives that we read, told apart by their bytes; the name of a file plays no part.
public enum ArchiveFormat: String, Sendable, CaseIterable {
    /// POSIX ustar and pax, GNU tar, and the tar of Unix version 7.
    case tar
    /// A tar archive in gzip (RFC 1952), in one or several members.
    case tarGzip = "tar.gz"
    /// A tar archive in Zstandard (RFC 8878), in one or several frames.
    case tarZstandard = "tar.zst"
    /// A tar archive in xz, in one or several streams.
    case tarXZ = "tar.xz"
    /// A zip archive with stored and deflated members.
    case zip

    /// What the first bytes of a file say.
    public enum Recognition: Sendable, Equatable {
        /// An archive that we read, or something compressed that may hold one.
        case supported(ArchiveFormat)
        /// An archive or compressed file of a kind that we do not read: its usual name.
        case unsupported(String)
        /// Nothing that looks like an archive.
        case none
    }

    /// How many bytes `recognise` wants to see, when there are as many.
    public static let headByteCount = 512

    /// Which archive begins with `head`.
    public static func recognise(_ head: [UInt8]) -> Recognition {
        for (magic, recognition) in magics where head.starts(with: magic) { return recognition }
        if head.count >= 4, 0x50...0x5f ~= head[0], head[1...3].elementsEqual([0x2a, 0x4d, 0x18]) {
            return .supported(.tarZstandard)
        }
        return TarHeader.isHeader(head) ? .supported(.tar) : .none
    }

    /// Which archive the regular file at `path` is; `.none` for anything else, a folder for instance.
    ///
    /// - Throws: `FileTreeError` of kind `.system` when it cannot be read.
    public static func recognise(at path: String) throws(FileTreeError) -> Recognition {
        let status = try translating { () throws(FileError) in try FileStatus.of(path) }
        guard status?.kind == .file else { return .none }
        let file = try translating { () throws(FileError) in try FileDescriptor.open(path) }
        var input = ArchiveInput(file, size: status?.size ?? 0, path: path)
        return recognise(try input.bytes(at: 0, count: min(headByteCount, input.size)))
    }

    private static let magics: [(magic: [UInt8], recognition: Recognition)] = [
        ([0x1f, 0x8b], .supported(.tarGzip)),
        ([0x28, 0xb5, 0x2f, 0xfd], .supported(.tarZstandard)),
        ([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00], .supported(.tarXZ)),
        (Array("PK\u{3}\u{4}".utf8), .supported(.zip)),
        (Array("PK\u{5}\u{6}".utf8), .supported(.zip)),
        (Array("PK\u{7}\u{8}".utf8), .unsupported("a zip archive in several parts")),
        (Array("BZh".utf8), .unsupported("bzip2")),
        (Array("7z\u{BC}\u{AF}\u{27}\u{1C}".unicodeScalars.map { UInt8($0.value) }), .unsupported("7-Zip")),
        (Array("Rar!".utf8), .unsupported("RAR")),
        ([0x04, 0x22, 0x4d, 0x18], .unsupported("lz4")),
        ([0x1f, 0x9d], .unsupported("compress (.Z)")),
        ([0x5d, 0x00, 0x00], .unsupported("lzma")),
        (Array("LZIP".utf8), .unsupported("lzip")),
        (Array("!<arch>\n".utf8), .unsupported("ar")),
        (Array("070701".utf8), .unsupported("cpio")),
    ]
}
