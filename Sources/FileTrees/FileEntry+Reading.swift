public import Bytes
import Diagnostics
import Hashing
import Platform

extension FileEntry {
    /// Hands the bytes to `body` in pieces, in order; an empty file gives no piece.
    ///
    /// The bytes of a file on disk are compared with size and digest on the way; `body` has then already seen them, so
    /// whoever writes them elsewhere must throw the copy away when this throws.
    ///
    /// - Parameter name: how errors call the file.
    /// - Throws: what `body` throws; `FileTreeError` of kind `.system` when the file cannot be read, of kind `.changed`
    ///   when its bytes are no longer those of the digest.
    public func readBytes(
        named name: String, _ body: (UnsafeRawBufferPointer) throws(FileTreeError) -> Void
    ) throws(FileTreeError) {
        switch contents {
        case .bytes(let bytes):
            guard !bytes.isEmpty else { return }
            // The closure gives the error back as a value, because `withUnsafeBytes` loses its type.
            let failure: FileTreeError? = bytes.withUnsafeBytes { buffer in
                do throws(FileTreeError) { try body(buffer) } catch { return error }
                return nil
            }
            if let failure { throw failure }
        case .file(let path, let size, let digest):
            let actual = try DirectoryReader.hash(path, body)
            guard actual.size == size, actual.digest == digest else {
                throw FileTreeError(
                    .changed, "cannot use `\(escaped(name))`: the file changed while it was being packed",
                    hints: ["run the command again when nothing writes to the folder"])
            }
        }
    }

    /// The bytes as a region: mapped when they are in a file, which nobody may then shorten.
    ///
    /// Size and digest are not compared again.
    ///
    /// - Throws: `FileTreeError` of kind `.system` when the file cannot be opened.
    public func region() throws(FileTreeError) -> ByteRegion {
        switch contents {
        case .bytes(let bytes): return ByteRegion(bytes)
        case .file(let path, _, _):
            do { return try MappedFile.open(path) } catch { throw FileTreeError(system: error.diagnostic) }
        }
    }
}
