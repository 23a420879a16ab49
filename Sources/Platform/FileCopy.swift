import CLinux
import Glibc

extension FileDescriptor {
    /// Fills this empty file with all bytes of `source`.
    ///
    /// Shares the blocks where the file system can (`FICLONE`: btrfs, XFS, bcachefs), else lets the kernel copy, else copies in pieces.
    public func copyContents(of source: borrowing FileDescriptor) throws(FileError) {
        if skiff_clone(number, source.number) == 0 { return }
        while true {
            let count = retrying { skiff_copy_range(source.number, number, 1 << 30) }
            if count == 0 { break }
            if count < 0 {
                // Other file systems, or a kernel that does not copy between them: from where it stopped, by hand.
                guard [EXDEV, EINVAL, ENOSYS, EOPNOTSUPP, EPERM, EBADF].contains(errno) else {
                    throw FileError("write", path, .system(errno))
                }
                return try copyPieces(of: source)
            }
        }
        // Some file systems say "nothing left" of files that they make up.
        try copyPieces(of: source)
    }

    private func copyPieces(of source: borrowing FileDescriptor) throws(FileError) {
        let piece = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: 64)
        defer { piece.deallocate() }
        while true {
            let count = try source.read(into: piece)
            guard count > 0 else { return }
            try write(UnsafeRawBufferPointer(rebasing: piece[..<count]))
        }
    }
}
