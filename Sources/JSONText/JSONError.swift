public import Diagnostics

/// A text that is not JSON as RFC 8259 has it, or that passes a limit.
public struct JSONError: DiagnosticConvertible, Sendable, Equatable {
    /// What is wrong.
    public enum Kind: Sendable, Equatable {
        /// Something else was expected; the words say what and what was found.
        case syntax(String)
        /// The text ends inside a value.
        case endsEarly
        /// More arrays and objects inside each other than `JSONLimits.maxDepth`.
        case depth(limit: Int)
        /// More bytes than `JSONLimits.maxBytes`.
        case size(limit: Int, count: Int)
        /// A number of more bytes than `JSONLimits.maxNumberLength`.
        case numberTooLong(limit: Int)
        /// An object has the key twice.
        case duplicateKey(String)
        /// A string holds bytes that are not UTF-8.
        case invalidUTF8
        /// A `\u` escape is half of a surrogate pair.
        case loneSurrogate
        /// The text begins with a byte order mark.
        case byteOrderMark
        /// `NaN`, `Infinity` or `-Infinity`, which Python writes and JSON does not have.
        case notFinite(String)
    }

    /// What is wrong.
    public let kind: Kind
    /// The byte offset, in the region or buffer that is read.
    public let offset: Int
    /// The line, from 1.
    public let line: Int
    /// The column, from 1, counted in Unicode scalars.
    public let column: Int

    /// Makes an error at a known place.
    public init(kind: Kind, offset: Int, line: Int, column: Int) {
        self.kind = kind
        self.offset = offset
        self.line = line
        self.column = column
    }

    /// Finds line and column of `offset` by counting from `start`.
    init(kind: Kind, offset: Int, base: UnsafeRawPointer, start: Int) {
        var line = 1
        var column = 1
        var index = start
        while index < offset {
            let byte = base.load(fromByteOffset: index, as: UInt8.self)
            if byte == 0x0a {
                line += 1
                column = 1
            } else if byte & 0xc0 != 0x80 {
                column += 1
            }
            index += 1
        }
        self.init(kind: kind, offset: offset, line: line, column: column)
    }

    /// What is wrong in words, without the place: "expected `,` or `]`, found `}`".
    public var reason: String {
        switch kind {
        case .syntax(let words): words
        case .endsEarly: "it ends too early"
        case .depth(let limit): "arrays and objects are nested more than \(limit) deep"
        case .size(let limit, let count): "it has \(grouped(count)) bytes; the limit is \(grouped(limit))"
        case .numberTooLong(let limit): "a number is longer than \(grouped(limit)) bytes"
        case .duplicateKey(let key): "the key `\(escaped(key))` appears twice in one object"
        case .invalidUTF8: "a string is not UTF-8"
        case .loneSurrogate: "a `\\u` escape is half of a surrogate pair"
        case .byteOrderMark: "it begins with a byte order mark, which JSON does not allow"
        case .notFinite(let word): "`\(word)` is not JSON"
        }
    }

    /// "cannot read JSON: …" with line and column.
    public var diagnostic: Diagnostic { diagnostic(file: nil) }

    /// The diagnostic for a text that came from `file`.
    public func diagnostic(file: String?) -> Diagnostic {
        var hints: [String] = []
        if case .notFinite(let word) = kind, word == "NaN" { hints = ["write `null` for a missing value"] }
        return Diagnostic(
            file.map { "cannot read `\(escaped($0))`: \(reason)" } ?? "cannot read JSON: \(reason)",
            place: Place(file: file, line: line, column: column), hints: hints)
    }
}
