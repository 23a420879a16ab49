import Diagnostics

/// An INI file as Python's `configparser` reads it with its defaults (3.11, `RawConfigParser._read`).
///
/// Supported: `[section]`, `key = value` and `key: value`, keys in any case, whole-line comments with `#` and `;`, values that go
/// on in lines indented deeper than their key, any line ending. `[DEFAULT]` stands apart. Refused, with the line: a key before
/// the first section, a line without `=` and `:`, a section or a key that comes twice, what is not UTF-8.
/// Values come as they are written: what `%` means, and whether `[DEFAULT]` is inherited, is the reader's business.
struct INIFile {
    /// One section; its values are never printed.
    struct Section: CustomStringConvertible, CustomReflectable {
        let name: String
        fileprivate(set) var values: [(key: String, lines: [String], number: Int)] = []

        var keys: [String] { values.map(\.key) }

        /// The value of `key`, which is in lower case; lines are joined by line feeds, white space at the end is cut.
        subscript(_ key: String) -> String? {
            values.first { $0.key.isSameText(as: key) }.map { pair in
                String(pair.lines.joined(separator: "\n").withoutSpaceAtEnd)
            }
        }

        /// The line in which `key` stands, from 1.
        func line(of key: String) -> Int? { values.first { $0.key.isSameText(as: key) }?.number }

        var description: String { "[\(name)] with \(values.count) keys" }
        var customMirror: Mirror { Mirror(self, children: []) }
    }

    /// All but `[DEFAULT]`, in the order of the file.
    private(set) var sections: [Section] = []
    /// `[DEFAULT]`; empty when there is none.
    private(set) var defaults = Section(name: "DEFAULT")

    subscript(_ name: String) -> Section? { sections.first { $0.name.isSameText(as: name) } }

    /// - Parameter file: the path as a person knows it, for messages; no value is ever in one.
    static func parse(_ bytes: [UInt8], file: String) throws(CredentialsError) -> INIFile {
        var bytes = bytes[...]
        if bytes.starts(with: [0xef, 0xbb, 0xbf]) { bytes = bytes.dropFirst(3) }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw CredentialsError(
                .configuration, "cannot read `\(escaped(file))`: it is not UTF-8 text", place: Place(file: file))
        }
        var reader = INIReader(file: file)
        let isLineEnd: (Character) -> Bool = { $0 == "\n" || $0 == "\r\n" || $0 == "\r" }
        for line in text.split(omittingEmptySubsequences: false, whereSeparator: isLineEnd) {
            try reader.take(line)
        }
        return reader.result
    }

    /// The state between two lines.
    private struct INIReader {
        let file: String
        var result = INIFile()
        var number = 0
        var indentation = 0
        /// The section that is being read: an index into `sections`, -1 for `[DEFAULT]`, nil before the first.
        var current: Int?
        /// Whether a value may go on.
        var hasKey = false

        mutating func take(_ line: Substring) throws(CredentialsError) {
            number += 1
            let value = line.withoutOuterSpace
            guard let first = value.first else {
                if hasKey { edit { $0.values[$0.values.count - 1].lines.append("") } }
                return
            }
            guard first != "#", first != ";" else { return }
            let indent = line.prefix(while: \.isWhitespace).unicodeScalars.count
            if hasKey, indent > indentation {
                edit { $0.values[$0.values.count - 1].lines.append(String(value)) }
                return
            }
            indentation = indent
            if first == "[", let end = value.lastIndex(of: "]"), value.index(after: value.startIndex) < end {
                try begin(String(value[value.index(after: value.startIndex)..<end]))
                return
            }
            guard let current else {
                throw refuse(
                    "this line stands before the first section",
                    hints: ["begin the file with the name of a section, as in `[DEFAULT]`"])
            }
            guard let mark = value.firstIndex(where: { $0 == "=" || $0 == ":" }) else {
                throw refuse("there is neither `=` nor `:` in this line")
            }
            let key = value[..<mark].withoutOuterSpace.lowercased()
            guard !key.isEmpty else { throw refuse("there is no key before the `\(value[mark])`") }
            let section = current < 0 ? result.defaults : result.sections[current]
            guard section[key] == nil else {
                throw refuse("`\(escaped(key))` comes a second time in `[\(escaped(section.name))]`")
            }
            let text = String(value[value.index(after: mark)...].withoutOuterSpace)
            let number = number
            edit { $0.values.append((key, [text], number)) }
            hasKey = true
        }

        private mutating func begin(_ name: String) throws(CredentialsError) {
            hasKey = false
            guard name != "DEFAULT" else {
                current = -1
                return
            }
            guard result[name] == nil else { throw refuse("the section `[\(escaped(name))]` comes a second time") }
            result.sections.append(Section(name: name))
            current = result.sections.count - 1
        }

        private mutating func edit(_ change: (inout Section) -> Void) {
            guard let current else { return }
            if current < 0 { change(&result.defaults) } else { change(&result.sections[current]) }
        }

        private func refuse(_ reason: String, hints: [String] = []) -> CredentialsError {
            CredentialsError(
                .configuration, "cannot read `\(escaped(file))`: \(reason)", place: Place(file: file, line: number),
                hints: hints)
        }
    }
}

extension StringProtocol {
    /// Without white space at both ends.
    var withoutOuterSpace: SubSequence {
        var rest = self[...]
        while let first = rest.first, first.isWhitespace { rest = rest.dropFirst() }
        return rest.withoutSpaceAtEnd
    }

    fileprivate var withoutSpaceAtEnd: SubSequence {
        var rest = self[...]
        while let last = rest.last, last.isWhitespace { rest = rest.dropLast() }
        return rest
    }

    /// Whether both are the same bytes; `==` takes canonically equal texts for the same.
    func isSameText(as other: some StringProtocol) -> Bool { utf8.elementsEqual(other.utf8) }
}
