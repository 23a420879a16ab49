import Diagnostics

/// Reads XML 1.0 piece by piece, as far as storages write it.
///
/// Supported: UTF-8 with or without its mark, the declaration, elements, attributes (checked and dropped), text,
/// `CDATA`, comments, the five named references and the numeric ones; names are compared as written, with their prefix.
/// Refused: document types, other references, processing instructions, other encodings, characters that XML forbids.
struct XMLPullReader {
    enum Event: Equatable {
        case start(String)
        /// Part of the text of the element that is open; there may be several in a row.
        case text(String)
        case end(String)
        case endOfDocument
    }

    private let bytes: [UInt8]
    private let limits: XMLLimits
    private var position = 0
    private var open: [String] = []
    private var elementCount = 0
    /// An element without content has begun.
    private var isEmptyElement = false

    init(_ bytes: [UInt8], limits: XMLLimits = XMLLimits()) throws(XMLError) {
        self.bytes = bytes
        self.limits = limits
        guard bytes.count <= limits.maxBytes else {
            throw XMLError(
                "it has \(grouped(bytes.count)) bytes, more than the limit of \(grouped(limits.maxBytes))", at: 0)
        }
        guard let text = String(validating: bytes, as: UTF8.self) else { throw XMLError("it is not UTF-8", at: 0) }
        var offset = 0
        for scalar in text.unicodeScalars {
            guard Self.isAllowed(scalar.value) else {
                throw XMLError("the character U+\(Self.hexadecimal(scalar.value)) is not allowed", at: offset)
            }
            offset += UTF8.width(scalar)
        }
        if bytes.starts(with: [0xef, 0xbb, 0xbf]) { position = 3 }
        try readDeclaration()
    }

    /// The next event. After `.endOfDocument` it comes again and again.
    mutating func next() throws(XMLError) -> Event {
        if isEmptyElement {
            isEmptyElement = false
            return .end(open.removeLast())
        }
        while position < bytes.count {
            if bytes[position] != UInt8(ascii: "<") {
                let text = try readText()
                if !open.isEmpty { return .text(text) }
            } else if skip("<!--") {
                try skipComment()
            } else if skip("<![CDATA[") {
                guard !open.isEmpty else { throw error("text stands outside of the root element") }
                return .text(normalised(bytes[try range(before: "]]>", of: "a CDATA section")]))
            } else if starts("<!") {
                throw error("document types are not read")
            } else if starts("<?") {
                throw error("processing instructions are not read")
            } else if skip("</") {
                return try readEnd()
            } else {
                return try readStart()
            }
        }
        if let name = open.last { throw error("it ends inside of the element `\(escaped(name))`") }
        guard elementCount > 0 else { throw error("it has no element") }
        return .endOfDocument
    }

    // MARK: Tags

    private mutating func readStart() throws(XMLError) -> Event {
        position += 1
        let name = try readName()
        guard !open.isEmpty || elementCount == 0 else { throw error("it has a second root element") }
        elementCount += 1
        guard elementCount <= limits.maxElements else {
            throw error("it has more than the limit of \(grouped(limits.maxElements)) elements")
        }
        open.append(name)
        guard open.count <= limits.maxDepth else {
            throw error("its elements are nested deeper than the limit of \(limits.maxDepth)")
        }
        var attributes: [String] = []
        while true {
            let hasSpace = skipSpace()
            if skip(">") { return .start(name) }
            if skip("/>") {
                isEmptyElement = true
                return .start(name)
            }
            guard hasSpace else { throw error("the tag of `\(escaped(name))` is malformed") }
            let attribute = try readAttribute()
            guard !attributes.contains(where: { $0.utf8.elementsEqual(attribute.utf8) }) else {
                throw error("the attribute `\(escaped(attribute))` stands twice in one tag")
            }
            attributes.append(attribute)
            guard attributes.count <= limits.maxAttributes else {
                throw error("a tag has more than the limit of \(limits.maxAttributes) attributes")
            }
        }
    }

    private mutating func readAttribute() throws(XMLError) -> String {
        let name = try readName()
        skipSpace()
        guard skip("=") else { throw error("the attribute `\(escaped(name))` has no value") }
        skipSpace()
        let quote = skip("\"") ? "\"" : skip("'") ? "'" : ""
        guard !quote.isEmpty else { throw error("the value of `\(escaped(name))` stands in no quotation marks") }
        let value = bytes[try range(before: quote, of: "a value")]
        guard !value.contains(UInt8(ascii: "<")) else { throw error("a value holds a `<`") }
        _ = try decoded(value)
        return name
    }

    private mutating func readEnd() throws(XMLError) -> Event {
        let name = try readName()
        skipSpace()
        guard skip(">") else { throw error("the end tag of `\(escaped(name))` is malformed") }
        guard let last = open.popLast(), last.utf8.elementsEqual(name.utf8) else {
            throw error("the end tag of `\(escaped(name))` has no start tag")
        }
        return .end(name)
    }

    private mutating func readName() throws(XMLError) -> String {
        let start = position
        while position < bytes.count, Self.isName(bytes[position], isFirst: position == start) { position += 1 }
        guard position > start else { throw error("a name is missing") }
        guard position - start <= limits.maxNameBytes else {
            throw error("a name is longer than the limit of \(limits.maxNameBytes) bytes")
        }
        return String(decoding: bytes[start..<position], as: UTF8.self)
    }

    private mutating func readDeclaration() throws(XMLError) {
        let start = position
        guard skip("<?xml"), position < bytes.count, Self.isSpace(bytes[position]) else {
            position = start
            return
        }
        let words = String(decoding: bytes[try range(before: "?>", of: "the declaration")], as: UTF8.self)
            .lowercased().filter { $0 != "'" && $0 != "\"" && $0 != " " }
        guard words.contains("version=1.") else { throw error("its declaration names no version 1") }
        guard !words.contains("encoding=") || words.contains("encoding=utf-8") else {
            throw error("its declaration names another encoding than UTF-8")
        }
    }

    private mutating func skipComment() throws(XMLError) {
        let range = try range(before: "--", of: "a comment")
        guard skip(">") else { throw XMLError("a comment holds `--`", at: range.upperBound) }
    }

    // MARK: Text

    private mutating func readText() throws(XMLError) -> String {
        let start = position
        while position < bytes.count, bytes[position] != UInt8(ascii: "<") { position += 1 }
        let text = bytes[start..<position]
        if open.isEmpty {
            guard text.allSatisfy(Self.isSpace) else {
                throw XMLError("text stands outside of the root element", at: start)
            }
        }
        return try decoded(text)
    }

    private func normalised(_ slice: ArraySlice<UInt8>) -> String {
        guard slice.contains(UInt8(ascii: "\r")) else { return String(decoding: slice, as: UTF8.self) }
        var result: [UInt8] = []
        var isAfterReturn = false
        for byte in slice {
            if byte == UInt8(ascii: "\r") { result.append(UInt8(ascii: "\n")) }
            if byte != UInt8(ascii: "\r"), byte != UInt8(ascii: "\n") || !isAfterReturn { result.append(byte) }
            isAfterReturn = byte == UInt8(ascii: "\r")
        }
        return String(decoding: result, as: UTF8.self)
    }

    /// References resolved, line ends normalised; what a reference stands for is not touched again.
    private func decoded(_ slice: ArraySlice<UInt8>) throws(XMLError) -> String {
        var result = ""
        var rest = slice
        while let mark = rest.firstIndex(of: UInt8(ascii: "&")) {
            result += normalised(rest[..<mark])
            // The longest is `&#x10FFFF;`, but zeros may stand before the digits.
            guard let end = rest[mark...].prefix(16).firstIndex(of: UInt8(ascii: ";")),
                let scalar = Self.referenced(String(decoding: rest[(mark + 1)..<end], as: UTF8.self))
            else {
                throw XMLError(
                    "it holds a reference that is not read: only the five named ones and numbers are", at: mark)
            }
            result.unicodeScalars.append(scalar)
            rest = rest[(end + 1)...]
        }
        return result + normalised(rest)
    }

    private static func referenced(_ name: String) -> Unicode.Scalar? {
        switch name {
        case "amp": return "&"
        case "lt": return "<"
        case "gt": return ">"
        case "quot": return "\""
        case "apos": return "'"
        default:
            guard name.hasPrefix("#") else { return nil }
            let isHexadecimal = name.hasPrefix("#x")
            let digits = name.dropFirst(isHexadecimal ? 2 : 1)
            // `UInt32` would take a sign.
            guard digits.allSatisfy({ $0.isASCII && $0.isHexDigit }),
                let value = UInt32(digits, radix: isHexadecimal ? 16 : 10), isAllowed(value)
            else { return nil }
            return Unicode.Scalar(value)
        }
    }

    // MARK: Characters

    /// `Char` of XML 1.0, production 2.
    private static func isAllowed(_ value: UInt32) -> Bool {
        switch value {
        case 0x9, 0xa, 0xd, 0x20...0xd7ff, 0xe000...0xfffd, 0x1_0000...0x10_ffff: true
        default: false
        }
    }

    /// All of what is not ASCII counts as a letter.
    private static func isName(_ byte: UInt8, isFirst: Bool) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "_"),
            UInt8(ascii: ":"), 0x80...0xff:
            true
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."): !isFirst
        default: false
        }
    }

    private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x9 || byte == 0xa || byte == 0xd }

    private static func hexadecimal(_ value: UInt32) -> String {
        let digits = String(value, radix: 16, uppercase: true)
        return String(repeating: "0", count: max(0, 4 - digits.utf8.count)) + digits
    }

    // MARK: Steps

    private func starts(_ text: StaticString) -> Bool {
        let count = text.utf8CodeUnitCount
        guard bytes.count - position >= count else { return false }
        return (0..<count).allSatisfy { bytes[position + $0] == text.utf8Start[$0] }
    }

    private mutating func skip(_ text: StaticString) -> Bool {
        guard starts(text) else { return false }
        position += text.utf8CodeUnitCount
        return true
    }

    @discardableResult
    private mutating func skipSpace() -> Bool {
        let start = position
        while position < bytes.count, Self.isSpace(bytes[position]) { position += 1 }
        return position > start
    }

    /// What stands before the next `mark`, which is skipped.
    private mutating func range(before mark: String, of what: String) throws(XMLError) -> Range<Int> {
        let start = position
        guard let found = bytes[start...].firstRange(of: Array(mark.utf8)) else {
            throw error("\(what) has no end")
        }
        position = found.upperBound
        return start..<found.lowerBound
    }

    private func error(_ reason: String) -> XMLError { XMLError(reason, at: position) }
}
