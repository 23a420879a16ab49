public import Diagnostics
import Platform

/// What went wrong with a path, a tree, an archive or a folder of files.
public struct FileTreeError: DiagnosticConvertible, Sendable, Equatable {
    /// The kinds that callers tell apart.
    public enum Kind: Sendable, Equatable {
        /// The text is not a path that may enter a tree.
        case path
        /// Two paths of one tree cannot both be written everywhere: equal, equal but for case, or a file that is also
        /// a folder.
        case clash
        /// A folder holds something that is neither a plain file nor a folder.
        case specialFile
        /// A named limit was passed.
        case limit
        /// A file's bytes are no longer those of its digest.
        case changed
        /// The output exists and may not be replaced.
        case occupied
        /// An archive is damaged, holds what is not read, or two of its parts disagree.
        case archive
        /// The operating system or libarchive refused.
        case system
    }

    /// Which kind of failure this is.
    public var kind: Kind
    /// The sentence and its hints.
    public var diagnostic: Diagnostic

    /// Makes an error of `kind` that says `summary`.
    public init(_ kind: Kind, _ summary: String, details: [String] = [], hints: [String] = []) {
        self.kind = kind
        diagnostic = Diagnostic(summary, details: details, hints: hints)
    }

    /// Keeps what another module said, as a failure of the system.
    public init(system diagnostic: Diagnostic) {
        kind = .system
        self.diagnostic = diagnostic
    }
}

/// Runs a call of `Platform` and gives its error back as one of trees.
func translating<Value: ~Copyable>(_ body: () throws(FileError) -> Value) throws(FileTreeError) -> Value {
    do throws(FileError) { return try body() } catch { throw FileTreeError(system: error.diagnostic) }
}
