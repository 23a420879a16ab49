import Diagnostics
import Templates

/// Puts values into the `{{name}}` places of a template.
enum TemplateFilling {
    /// The text of `template` with every place filled.
    ///
    /// - Throws: `ContextsError` of kind `.template` for a place without a value, a value without a place, a brace pair
    ///   that is no place, and a value that is not one plain word of a Dockerfile.
    static func fill(_ template: Template, _ values: [String: String]) throws(ContextsError) -> String {
        try fill(template.text, named: template.rawValue, values)
    }

    static func fill(_ text: String, named name: String, _ values: [String: String]) throws(ContextsError) -> String {
        var result = ""
        var used: Set<String> = []
        var rest = text[...]
        while let open = rest.firstRange(of: "{{") {
            result += rest[..<open.lowerBound]
            guard let close = rest[open.upperBound...].firstRange(of: "}}") else {
                throw error(name, "`{{` is not closed")
            }
            let key = String(rest[open.upperBound..<close.lowerBound])
            guard let value = values[key] else { throw error(name, "there is no value for `{{\(escaped(key))}}`") }
            guard isPlainWord(value) else {
                throw error(name, "the value of `{{\(key)}}` is not a plain word: `\(escaped(value))`")
            }
            result += value
            used.insert(key)
            rest = rest[close.upperBound...]
        }
        if let unused = values.keys.filter({ !used.contains($0) }).min() {
            throw error(name, "it has no place for `\(escaped(unused))`")
        }
        return result + rest
    }

    // What a Dockerfile takes literally everywhere: no blank, quote, `$`, backslash, `#`, brace or control character.
    // Escaping would have to know the instruction; refusing does not.
    private static func isPlainWord(_ value: String) -> Bool {
        !value.isEmpty
            && value.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"):
                    true
                default: "._-:/@+".utf8.contains(byte)
                }
            }
    }

    private static func error(_ name: String, _ reason: String) -> ContextsError {
        ContextsError(.template, "cannot fill `templates/\(name)`: \(reason)")
    }
}
