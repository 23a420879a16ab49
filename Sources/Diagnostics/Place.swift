/// Where something happened: any of a file (or URL), a line and column, a byte offset, and a note in words.
public struct Place: Sendable, Equatable {
    /// A path as the person wrote it, or a URL; the user part, query and fragment of a URL are never shown.
    public var file: String?
    /// The line, from 1.
    public var line: Int?
    /// The column, from 1, counted in Unicode scalars.
    public var column: Int?
    /// The byte offset in the file, from 0.
    public var byteOffset: Int?
    /// More about the place, shown in parentheses: "opcode REDUCE".
    public var note: String?
    /// The text of the line; it is shown with a caret below `column`.
    public var sourceLine: String?

    /// Makes a place of whatever is known.
    public init(
        file: String? = nil, line: Int? = nil, column: Int? = nil, byteOffset: Int? = nil, note: String? = nil,
        sourceLine: String? = nil
    ) {
        self.file = file
        self.line = line
        self.column = column
        self.byteOffset = byteOffset
        self.note = note
        self.sourceLine = sourceLine
    }
}

extension Place: CustomStringConvertible {
    /// `file:line:column`, `file at byte 18,204 (note)`, or what of it is known; empty when nothing is.
    public var description: String {
        var text = file.map(Self.withoutSecrets) ?? ""
        if let line {
            text += text.isEmpty ? "line \(line)" : ":\(line)"
            if let column { text += file == nil ? ", column \(column)" : ":\(column)" }
        }
        if let byteOffset { text += (text.isEmpty ? "" : " ") + "at byte \(grouped(byteOffset))" }
        if let note { text += text.isEmpty ? note : " (\(note))" }
        return text
    }

    /// A URL loses what may carry a secret: user information, query and fragment. A path stays as it is.
    static func withoutSecrets(_ file: String) -> String {
        let bytes = file.utf8
        guard let colon = bytes.firstIndex(of: UInt8(ascii: ":")), file[colon...].hasPrefix("://") else { return file }
        let scheme = file[..<colon]
        guard !scheme.isEmpty, !scheme.utf8.contains(UInt8(ascii: "/")) else { return file }
        var rest = file[file.index(colon, offsetBy: 3)...]
        if let cut = rest.firstIndex(where: { $0 == "?" || $0 == "#" }) { rest = rest[..<cut] }
        let authorityEnd = rest.firstIndex(of: "/") ?? rest.endIndex
        if let at = rest[..<authorityEnd].lastIndex(of: "@") { rest = rest[rest.index(after: at)...] }
        return "\(scheme)://\(rest)"
    }
}

/// A whole number with commas between groups of three digits: `18,204`.
public func grouped(_ number: Int) -> String {
    var result: [UInt8] = []
    for (index, digit) in String(number.magnitude).utf8.reversed().enumerated() {
        if index > 0, index % 3 == 0 { result.append(UInt8(ascii: ",")) }
        result.append(digit)
    }
    if number < 0 { result.append(UInt8(ascii: "-")) }
    return String(decoding: result.reversed(), as: UTF8.self)
}
