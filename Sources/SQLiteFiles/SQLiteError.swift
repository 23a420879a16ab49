public import Diagnostics
public import Platform

/// Why a database could not be read.
public struct SQLiteError: DiagnosticConvertible, Sendable, Equatable {
    /// The kinds that callers tell apart.
    public enum Kind: Sendable, Equatable {
        /// The operating system refused.
        case file(FileError)
        /// It is something else than a SQLite 3 database.
        case notADatabase
        /// A database with a property that this reader does not know.
        case unsupported
        /// Its pages contradict each other.
        case damaged
        /// Another program is writing it, or was interrupted while it did.
        case busy
        /// It passes a limit of this reader.
        case limit
    }

    /// Which kind of failure this is.
    public let kind: Kind
    /// The database, as it was named.
    public let path: String
    /// Why, without what.
    public let reason: String
    /// The byte offset in the file; nil when no place is meant.
    public internal(set) var offset: Int?
    /// What to do about it.
    public internal(set) var hints: [String] = []

    /// States everything.
    public init(_ kind: Kind, _ path: String, _ reason: String, offset: Int? = nil, hints: [String] = []) {
        self.kind = kind
        self.path = path
        self.reason = reason
        self.offset = offset
        self.hints = hints
    }

    init(_ error: FileError) {
        self.init(.file(error), error.path, error.reason)
    }

    /// "cannot read the database `<path>`: <reason>", with the byte offset.
    public var diagnostic: Diagnostic {
        if case .file(let error) = kind { return error.diagnostic }
        let damage =
            kind == .damaged
            ? ["`sqlite3 FILE 'PRAGMA integrity_check'` tells more; restore the database from a backup"] : []
        return Diagnostic(
            "cannot read the database `\(escaped(path, limit: 1000))`: \(reason)",
            place: offset.map { Place(file: path, byteOffset: $0) }, hints: hints + damage)
    }
}
