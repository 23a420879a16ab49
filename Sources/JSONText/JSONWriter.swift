/// How a JSON document is laid out.
public enum JSONStyle: Sendable {
    /// `{"a":1}`, characters beyond ASCII as they are.
    case compact
    /// `{"a": 1, "b": [1, 2]}`, ASCII only: what Python's `json.dumps` writes.
    case python
    /// For files: two spaces, one member a line, sorted keys, ASCII only, a line feed at the end.
    case pretty
}

/// Writes JSON documents; the same value always gives the same bytes.
public struct JSONWriter {
    /// The text of `value`.
    public static func text(_ value: JSONValue, style: JSONStyle) -> String {
        String(decoding: bytes(value, style: style), as: UTF8.self)
    }

    /// The UTF-8 of the text of `value`.
    public static func bytes(_ value: JSONValue, style: JSONStyle) -> [UInt8] {
        var bytes: [UInt8] = []
        append(value, style: style, to: &bytes)
        return bytes
    }

    /// Appends the text of `value`.
    public static func append(_ value: JSONValue, style: JSONStyle, to bytes: inout [UInt8]) {
        var writer = JSONWriter(style: style, output: bytes)
        bytes = []
        writer.write(value, indent: 0)
        if style == .pretty { writer.output.append(UInt8(ascii: "\n")) }
        bytes = writer.output
    }

    /// Appends `text` as a JSON string with its quotes.
    ///
    /// - Parameter isASCII: whether what lies outside the printable ASCII characters becomes `\uXXXX`, as Python writes it.
    public static func appendString(_ text: String, isASCII: Bool, to bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: "\""))
        var text = text
        let isPlain = text.withUTF8 { utf8 in
            guard utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7f && $0 != 0x22 && $0 != 0x5c }) else { return false }
            bytes.append(contentsOf: utf8)
            return true
        }
        if !isPlain { for scalar in text.unicodeScalars { append(scalar, isASCII: isASCII, to: &bytes) } }
        bytes.append(UInt8(ascii: "\""))
    }

    private static func append(_ scalar: Unicode.Scalar, isASCII: Bool, to bytes: inout [UInt8]) {
        switch scalar {
        case "\"": bytes.append(contentsOf: "\\\"".utf8)
        case "\\": bytes.append(contentsOf: "\\\\".utf8)
        case "\n": bytes.append(contentsOf: "\\n".utf8)
        case "\r": bytes.append(contentsOf: "\\r".utf8)
        case "\t": bytes.append(contentsOf: "\\t".utf8)
        case "\u{8}": bytes.append(contentsOf: "\\b".utf8)
        case "\u{c}": bytes.append(contentsOf: "\\f".utf8)
        case " "..."~": bytes.append(UInt8(truncatingIfNeeded: scalar.value))
        default:
            if isASCII || scalar.value < 0x20 {
                for unit in UTF16.encode(scalar) ?? .init() { appendEscape(unit, to: &bytes) }
            } else {
                bytes.append(contentsOf: UTF8.encode(scalar) ?? .init())
            }
        }
    }

    private static func appendEscape(_ unit: UInt16, to bytes: inout [UInt8]) {
        bytes.append(contentsOf: "\\u".utf8)
        for shift in [12, 8, 4, 0] as [UInt16] {
            let digit = UInt8(truncatingIfNeeded: unit >> shift & 15)
            bytes.append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10)
        }
    }

    private let style: JSONStyle
    private var output: [UInt8]

    private init(style: JSONStyle, output: [UInt8]) {
        self.style = style
        self.output = output
    }

    private mutating func write(_ value: JSONValue, indent: Int) {
        switch value {
        case .null: output.append(contentsOf: "null".utf8)
        case .bool(let bool): output.append(contentsOf: (bool ? "true" : "false").utf8)
        case .number(let number): output.append(contentsOf: number.text.utf8)
        case .string(let string): Self.appendString(string, isASCII: style != .compact, to: &output)
        case .array(let elements):
            writeList(elements, open: "[", close: "]", indent: indent) { $0.write($1, indent: indent + 1) }
        case .object(let object):
            let members = style == .pretty ? object.members.sorted { precedes($0.key, $1.key) } : object.members
            writeList(members, open: "{", close: "}", indent: indent) { writer, member in
                Self.appendString(member.key, isASCII: writer.style != .compact, to: &writer.output)
                writer.output.append(UInt8(ascii: ":"))
                if writer.style != .compact { writer.output.append(UInt8(ascii: " ")) }
                writer.write(member.value, indent: indent + 1)
            }
        }
    }

    private mutating func writeList<Element>(
        _ elements: [Element], open: Unicode.Scalar, close: Unicode.Scalar, indent: Int,
        _ write: (inout JSONWriter, Element) -> Void
    ) {
        output.append(UInt8(ascii: open))
        var isFirst = true
        for element in elements {
            if !isFirst { output.append(contentsOf: style == .python ? ", ".utf8 : ",".utf8) }
            isFirst = false
            if style == .pretty { newLine(indent + 1) }
            write(&self, element)
        }
        if style == .pretty, !elements.isEmpty { newLine(indent) }
        output.append(UInt8(ascii: close))
    }

    private mutating func newLine(_ indent: Int) {
        output.append(UInt8(ascii: "\n"))
        output.append(contentsOf: repeatElement(UInt8(ascii: " "), count: 2 * indent))
    }
}

/// The order of sorted keys: by UTF-8 bytes, which is also the order of Unicode scalars.
func precedes(_ left: String, _ right: String) -> Bool { left.utf8.lexicographicallyPrecedes(right.utf8) }
