import CLinux
import Glibc

extension FileDescriptor {
    /// Reserves space for `byteCount` bytes and makes the file that long, where the file system can do so without writing; elsewhere
    /// nothing happens.
    ///
    /// - Throws: when there is no such space.
    public func preallocate(byteCount: Int) throws(FileError) {
        guard byteCount > 0, retrying({ fallocate(number, 0, 0, byteCount) }) != 0 else { return }
        switch errno {
        case ENOSPC, EDQUOT, EFBIG, EIO: throw .last("write", path)
        default: return  // EOPNOTSUPP and its kin
        }
    }

    /// Writes all of `bytes` at `offset`, wherever the file stands.
    public func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(FileError) {
        var done = 0
        while done < bytes.count {
            let rest = UnsafeRawBufferPointer(rebasing: bytes[done...])
            let count = retrying { pwrite(number, rest.baseAddress, rest.count, offset + done) }
            guard count >= 0 else { throw .last("write", path) }
            done += count
        }
    }
}
