public import Diagnostics

/// Why a pickle could not be read: what is wrong, at which byte, and which names came before.
///
/// A pickle is a program, and CPython would have run everything before the damage: so the names met up to there
/// travel with the error.
public struct PickleError: Error, Sendable, Equatable, DiagnosticConvertible {
    /// The family of the fault.
    public enum Kind: Sendable, Equatable {
        /// The bytes are not a pickle that any version of Python writes.
        case malformed
        /// The bytes end too early.
        case truncated
        /// A named limit of `PickleLimits` is exceeded.
        case limit(name: String, value: Int)
        /// A well-formed feature that fitted models never use and that we do not follow.
        case unsupported
        /// A value has another shape than the library writes.
        case shape
    }

    /// The family of the fault.
    public var kind: Kind
    /// Offset in the file of the opcode or value that shows it.
    public var offset: Int
    /// The opcode's name as `pickletools` spells it, when there is one.
    public var opcode: String?
    /// One sentence in the user's words, without a full stop.
    public var reason: String
    /// The file's name for messages.
    public var file: String?
    /// What the offset is counted in when that is not the file itself.
    public var placeNote: String?
    /// The names met before the error, oldest first.
    public var names: [String]

    /// Makes an error.
    public init(
        _ kind: Kind, offset: Int, opcode: String? = nil, reason: String, file: String? = nil,
        placeNote: String? = nil, names: [String] = []
    ) {
        self.kind = kind
        self.offset = offset
        self.opcode = opcode
        self.reason = reason
        self.file = file
        self.placeNote = placeNote
        self.names = names
    }

    /// The same error as something to tell a person.
    public var diagnostic: Diagnostic {
        var details: [String] = []
        if !names.isEmpty {
            let shown = names.prefix(8).map { "`\(escaped($0))`" }.joined(separator: ", ")
            details.append("before that it names \(shown)\(names.count > 8 ? ", …" : "")")
        }
        return Diagnostic(
            "cannot read `\(escaped(file ?? "pickle"))`: \(reason)", place: place, details: details)
    }

    /// Where the fault is.
    public var place: Place {
        PickleGraph.place(file: file, offset, opcode: opcode, note: placeNote)
    }
}
