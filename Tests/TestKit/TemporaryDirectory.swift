import Glibc
import Platform

/// A new empty folder that goes away with its last reference.
public final class TemporaryDirectory: Sendable {
    /// Its absolute path.
    public let path: String

    /// Makes the folder under `TMPDIR`, or `/tmp`.
    public init() {
        let parent = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
        var template = Array("\(parent)/skiff-test-XXXXXX".utf8CString)
        precondition(mkdtemp(&template) != nil, "no temporary folder can be made in \(parent)")
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit {
        let (parent, name) = Self.split(path)
        do { try DirectoryAnchor.open(parent).removeTree(name) } catch { print("left behind: \(path): \(error)") }
    }

    /// The path of `name` in the folder.
    public func file(_ name: String) -> String { "\(path)/\(name)" }

    /// Writes a file at a relative path, makes its folders, and gives its absolute path.
    @discardableResult
    public func write(_ name: String, _ contents: [UInt8], mode: UInt32 = 0o644) throws -> String {
        let (folders, last) = Self.split(name)
        let root = try DirectoryAnchor.open(path)
        if folders == "." {
            try root.createFile(last, mode: mode).write(contents)
        } else {
            try root.makeDirectories(at: folders).createFile(last, mode: mode).write(contents)
        }
        if mode & 0o111 != 0 { Self.waitForWriters(file(name)) }
        return file(name)
    }

    /// Waits until nobody has the program open for writing, or else it could not be run ("text file busy"): a process that another
    /// test starts at this moment has a copy of our descriptor until it becomes its own program.
    private static func waitForWriters(_ path: String) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        // A lease for reading (`F_SETLEASE` of Linux) is given when there is no writer.
        let setLease: Int32 = 1024
        _ = eventually { fcntl(descriptor, setLease, Int32(F_RDLCK)) == 0 || errno != EAGAIN }
        _ = fcntl(descriptor, setLease, Int32(F_UNLCK))
    }

    /// Writes a text file.
    @discardableResult
    public func write(_ name: String, _ contents: String, mode: UInt32 = 0o644) throws -> String {
        try write(name, Array(contents.utf8), mode: mode)
    }

    /// The names of everything in the folder.
    public func names() throws -> [String] { try DirectoryAnchor.open(path).names() }

    private static func split(_ path: String) -> (String, String) {
        guard let slash = path.lastIndex(of: "/") else { return (".", path) }
        return (String(path[..<slash]), String(path[path.index(after: slash)...]))
    }
}
