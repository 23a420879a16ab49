import Glibc

/// The file that this process runs.
public enum ExecutablePath {
    /// Its absolute path with symbolic links resolved, as `/proc/self/exe` says.
    public static func current() throws(FileError) -> String {
        let link = "/proc/self/exe"
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX) + 1)
        let count = readlink(link, &buffer, buffer.count - 1)
        guard count >= 0 else { throw .last("read", link) }
        return String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
