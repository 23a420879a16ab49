public import Diagnostics
import Glibc

/// Something that the operating system, or one of our own rules about files, refused.
public struct FileError: DiagnosticConvertible, Sendable, Equatable {
    /// Why it was refused.
    public enum Kind: Sendable, Equatable {
        /// The system said so: a value of `errno`.
        case system(Int32)
        /// The file is larger than a limit.
        case tooLarge(limit: Int)
        /// It is a folder, link, device or pipe where a regular file is needed.
        case notARegularFile
        /// A name in a folder is not UTF-8.
        case nameNotUTF8
        /// A name is empty, `.`, `..`, or contains `/` or a zero byte where the name of one entry is needed.
        case notAName
        /// The folder that should hold it does not exist.
        case noFolder(String)
        /// More entries than a limit.
        case tooManyEntries(limit: Int)
        /// Folders nested deeper than a limit.
        case tooDeep(limit: Int)
    }

    /// What was tried: a verb for "cannot <verb> `<path>`".
    public let verb: String
    /// The file or program.
    public let path: String
    /// Why it was refused.
    public let kind: Kind

    /// Makes an error; `verb` fits in "cannot <verb> `<path>`".
    public init(_ verb: String, _ path: String, _ kind: Kind) {
        self.verb = verb
        self.path = path
        self.kind = kind
    }

    /// An error with the `errno` of the call that has just failed.
    static func last(_ verb: String, _ path: String) -> FileError { FileError(verb, path, .system(errno)) }

    /// The value of `errno`; nil when one of our own rules refused.
    public var code: Int32? { if case .system(let code) = kind { code } else { nil } }

    /// Whether there is no such file.
    public var isNotFound: Bool { code == ENOENT }
    /// Whether the file exists already.
    public var isExisting: Bool { code == EEXIST || code == ENOTEMPTY }

    /// The reason in words.
    public var reason: String {
        switch kind {
        case .system(let code): Self.words(code)
        case .tooLarge(let limit): "it is larger than the limit of \(grouped(limit)) bytes"
        case .notARegularFile: "it is not a regular file"
        case .nameNotUTF8: "it holds a name that is not UTF-8"
        case .notAName: "it is not the name of one file"
        case .noFolder(let folder): "there is no folder `\(escaped(folder, limit: 1000))`"
        case .tooManyEntries(let limit): "it holds more than \(grouped(limit)) files and folders"
        case .tooDeep(let limit): "its folders are nested more than \(limit) deep"
        }
    }

    /// "cannot <verb> `<path>`: <reason>", with what can be done about it.
    public var diagnostic: Diagnostic {
        Diagnostic("cannot \(verb) `\(escaped(path, limit: 1000))`: \(reason)", hints: hints)
    }

    private var hints: [String] {
        switch kind {
        case .system(ENOSPC), .system(EDQUOT):
            ["free some space there (`df -h` shows it), or choose a folder on another disk"]
        case .system(EACCES), .system(EPERM):
            ["look at the owner and the mode with `ls -ld`, for the folders above it too"]
        case .system(EROFS): ["choose a folder on a file system that can be written"]
        case .system(EMFILE), .system(ENFILE): ["raise the limit with `ulimit -n`"]
        case .system(ENOENT) where verb == "run": ["install it, or put its folder in PATH"]
        case .noFolder(let folder): ["make it with `mkdir -p \(escaped(folder, limit: 1000))`"]
        case .nameNotUTF8: ["rename it; `ls --quoting-style=escape` shows such names"]
        default: []
        }
    }

    /// A sentence for an `errno`; the C library's own words for those that we never expect.
    static func words(_ code: Int32) -> String {
        switch code {
        case ENOENT: "there is no such file or folder"
        case EACCES: "permission denied"
        case EPERM: "the operation is not permitted"
        case EEXIST: "it exists already"
        case ENOTDIR: "a part of the path is not a folder"
        case EISDIR: "it is a folder"
        case ENOTEMPTY: "the folder is not empty"
        case ELOOP: "it is a symbolic link, which is not followed here"
        case ENOSPC: "no space is left on its disk"
        case EDQUOT: "the disk quota is used up"
        case EROFS: "the file system is read-only"
        case EFBIG: "the file would become too large"
        case EIO: "the disk reports an input/output error"
        case EMFILE, ENFILE: "too many files are open"
        case ENAMETOOLONG: "the name is too long"
        case ENOMEM: "there is not enough memory"
        case ENODEV: "it is of a kind that cannot be used so"
        case EXDEV: "source and target are on different disks"
        case EBUSY: "it is in use"
        case ETXTBSY: "it is being executed or written"
        case ENOEXEC: "it is not a program for this machine"
        case EPIPE: "the reader at the other end is gone"
        case ESRCH, ECHILD: "there is no such process"
        default: String(cString: strerror(code)).lowercased()
        }
    }
}

/// Repeats a call that a signal interrupted.
///
/// - Returns: the result, -1 with `errno` set when it failed for another reason.
@inline(__always)
func retrying<Result: FixedWidthInteger>(_ call: () -> Result) -> Result {
    while true {
        let result = call()
        if result != -1 || errno != EINTR { return result }
    }
}
