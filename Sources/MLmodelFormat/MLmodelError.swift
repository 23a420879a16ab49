public import Diagnostics
import JSONText
import YAMLText

/// Why a file of a model folder was refused, and where.
public struct MLmodelError: DiagnosticConvertible, Sendable, Equatable {
    /// What kind of thing is wrong, for callers that go on differently.
    public enum Kind: Sendable, Equatable {
        /// There is no `MLmodel` file.
        case missing
        /// The file is not YAML that we read.
        case yaml
        /// A JSON text, in a file of its own or inside `MLmodel`, is not JSON.
        case json
        /// A key is absent or holds something else than it should.
        case field
        /// A signature breaks a rule of MLflow's schemas.
        case schema
        /// No flavor here can be served.
        case flavor
        /// The input example is of a kind that is not read, or does not hold what it says.
        case example
    }

    /// What kind of thing is wrong.
    public let kind: Kind
    /// "read", "serve" or another verb: what could not be done.
    public let verb: String
    /// Why, in words.
    public let reason: String
    /// The name under which the file is shown to people.
    public let file: String
    /// Where in the file, when a part of it is meant.
    public let line: Int?
    /// The column in `line`, from 1.
    public let column: Int?
    /// The line itself, when it is short enough to show.
    public let sourceLine: String?
    /// What the person can do about it.
    public let hints: [String]

    init(
        _ kind: Kind, _ reason: String, file: String, at mark: YAMLMark? = nil, verb: String = "read",
        sourceLine: String? = nil, hints: [String] = []
    ) {
        self.kind = kind
        self.verb = verb
        self.reason = reason
        self.file = file
        line = mark?.line
        column = mark?.column
        self.sourceLine = sourceLine
        self.hints = hints
    }

    init(_ error: YAMLError) {
        let isEmpty = error.kind == .empty
        self.init(
            .yaml, error.reason, file: error.file, at: error.mark, sourceLine: error.sourceLine,
            hints: isEmpty ? ["the file may not have been downloaded or saved completely"] : [])
    }

    init(_ error: JSONError, file: String) {
        self.init(
            .json, "it is not valid JSON (\(error.reason))", file: file,
            at: YAMLMark(line: error.line, column: error.column))
    }

    /// "cannot <verb> `<file>`: <reason>", with line, column and hints.
    public var diagnostic: Diagnostic {
        Diagnostic(
            "cannot \(verb) `\(escaped(file))`: \(reason)",
            place: Place(file: file, line: line, column: column, sourceLine: sourceLine), hints: hints)
    }
}
