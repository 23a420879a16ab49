import Synchronization

/// Every secret that this process knows, and texts without them.
///
/// Each `Secret` is learnt when it is made. What is printed goes through `clean` at the very end, so that a secret that came back
/// in the words of a server, a path or another program's output is blotted out too: as it is, in base 64 (also inside a longer
/// text, as in `user:password`), percent-encoded, and with JSON's escapes.
public enum Redaction {
    /// What stands in place of a secret.
    public static let mark = "[hidden]"

    /// Shorter secrets are not looked for: they would be found everywhere.
    public static let shortestByteCount = 8

    private struct Known {
        var seen: Set<[UInt8]> = []
        /// The forms to look for, the longest first.
        var forms: [[UInt8]] = []
        /// For every byte whether a form begins with it: most places of a text need no comparison.
        var isStart = [Bool](repeating: false, count: 256)
    }

    private static let known = Mutex(Known())

    /// Notes a secret; what is shorter than `shortestByteCount` bytes is not noted. Of `Bearer x` and `Basic x` the second word.
    public static func learn(_ secret: String) {
        var value = secret[...]
        for word in ["Bearer ", "Basic "] where value.hasPrefix(word) { value = value.dropFirst(word.count) }
        guard value.utf8.count >= shortestByteCount else { return }
        let bytes = Array(value.utf8)
        known.withLock { known in
            guard known.seen.insert(bytes).inserted else { return }
            let fresh = RedactionForms.all(of: bytes).filter { !known.forms.contains($0) }
            known.forms = (known.forms + fresh).sorted { $0.count > $1.count }
            for form in fresh { known.isStart[Int(form[0])] = true }
        }
    }

    /// `bytes` with every form of every known secret replaced by `mark`.
    public static func clean(_ bytes: [UInt8]) -> [UInt8] {
        let (forms, isStart) = known.withLock { ($0.forms, $0.isStart) }
        guard !forms.isEmpty, bytes.count >= shortestByteCount else { return bytes }
        var result: [UInt8] = []
        var kept = 0
        var index = 0
        while index < bytes.count {
            if isStart[Int(bytes[index])], let form = forms.first(where: { begins(bytes, at: index, with: $0) }) {
                result += bytes[kept..<index]
                result += mark.utf8
                index += form.count
                kept = index
            } else {
                index += 1
            }
        }
        if kept == 0 { return bytes }
        return result + bytes[kept...]
    }

    /// `text` with every form of every known secret replaced by `mark`.
    public static func clean(_ text: String) -> String {
        let bytes = Array(text.utf8)
        let cleaned = clean(bytes)
        return cleaned.count == bytes.count && cleaned == bytes ? text : String(decoding: cleaned, as: UTF8.self)
    }

    private static func begins(_ bytes: [UInt8], at index: Int, with form: [UInt8]) -> Bool {
        guard bytes.count - index >= form.count else { return false }
        for offset in form.indices where bytes[index + offset] != form[offset] { return false }
        return true
    }
}

/// The texts in which a secret can appear.
enum RedactionForms {
    static func all(of secret: [UInt8]) -> [[UInt8]] {
        var forms = [secret, percentEncoded(secret, upper: true), percentEncoded(secret, upper: false), json(secret)]
        for offset in 0..<3 {
            let core = base64Core(secret, offset: offset)
            guard core.count >= Redaction.shortestByteCount else { continue }
            forms.append(core)
            forms.append(
                core.map {
                    $0 == UInt8(ascii: "+") ? UInt8(ascii: "-") : $0 == UInt8(ascii: "/") ? UInt8(ascii: "_") : $0
                })
        }
        var distinct: [[UInt8]] = []
        for form in forms where !distinct.contains(form) { distinct.append(form) }
        return distinct
    }

    /// Every byte but the unreserved ones of RFC 3986 as `%XX`.
    private static func percentEncoded(_ bytes: [UInt8], upper: Bool) -> [UInt8] {
        bytes.flatMap { byte -> [UInt8] in
            switch byte {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                return [byte]
            default:
                let digits = String(byte, radix: 16, uppercase: upper)
                return Array("%\(digits.utf8.count == 1 ? "0" : "")\(digits)".utf8)
            }
        }
    }

    /// As it stands in a JSON string.
    private static func json(_ bytes: [UInt8]) -> [UInt8] {
        bytes.flatMap { byte -> [UInt8] in
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): [UInt8(ascii: "\\"), byte]
            case 0x0a: Array(#"\n"#.utf8)
            case 0x0d: Array(#"\r"#.utf8)
            case 0x09: Array(#"\t"#.utf8)
            default: [byte]
            }
        }
    }

    /// The characters of base 64 that `secret` alone decides when `offset` bytes stand before it in a group of three.
    private static func base64Core(_ secret: [UInt8], offset: Int) -> [UInt8] {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        // Bit `position` of the secret, counted from the first one that begins a character of its own.
        let firstBit = (6 - offset * 8 % 6) % 6
        let bitCount = secret.count * 8
        return stride(from: firstBit, through: bitCount - 6, by: 6).map { position in
            var value: UInt8 = 0
            for bit in position..<position + 6 { value = value << 1 | secret[bit / 8] >> UInt8(7 - bit % 8) & 1 }
            return alphabet[Int(value)]
        }
    }
}
