import Bytes

/// The head of a NumPy file (`.npy`, versions 1 to 3): what one array is, and where its bytes are.
///
/// Grammar: the magic `\x93NUMPY`, two bytes of version, the length of the head (two bytes, from version 2 on four), a Python
/// dict of `descr`, `fortran_order` and `shape`, the bytes of the array. Supported of Python: texts, whole numbers, `True`,
/// `False`, tuples, lists and the dict around them. An array of objects is not read: its bytes would be a pickle.
/// Source: `numpy/lib/_format_impl.py`, NumPy 2.4.
struct NpyHeader {
    /// A value of the head.
    indirect enum Literal {
        case text(String)
        case number(Int)
        case bool(Bool)
        case tuple([Literal])
        case list([Literal])
    }

    /// The type: a text such as `<f8`, or a list of fields.
    let descr: Literal
    let isFortranOrder: Bool
    let shape: [Int]
    /// Where the array's bytes are, in the region.
    let content: Range<Int>

    /// As NumPy: a longer head is not read.
    private static let lengthLimit = 10_000

    /// What is wrong with a file, and where.
    struct Fault: Error {
        var reason: String
        var offset: Int
    }

    /// Reads the file that fills `range` of `region`.
    init(_ region: ByteRegion, _ range: Range<Int>) throws(Fault) {
        func fault(_ reason: String, _ offset: Int) -> Fault { Fault(reason: reason, offset: offset) }
        let start = range.lowerBound
        guard range.count >= 10, region.bytes(start..<start + 6) == [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59] else {
            throw fault("it is not a NumPy array file", start)
        }
        let version = region[start + 6]
        guard (1...3).contains(version), region[start + 7] == 0 else {
            throw fault("it is a NumPy array file of version \(version), and 1 to 3 are known", start + 6)
        }
        let headStart = start + (version == 1 ? 10 : 12)
        guard headStart <= range.upperBound else { throw fault("a NumPy array file ends inside its head", start) }
        var length = 0
        for index in (start + 8..<headStart).reversed() { length = length << 8 | Int(region[index]) }
        guard length <= NpyHeader.lengthLimit else {
            throw fault("the head of a NumPy array file is longer than \(NpyHeader.lengthLimit) bytes", start + 8)
        }
        guard length <= range.upperBound - headStart else {
            throw fault("a NumPy array file ends inside its head", start + 8)
        }
        // Latin-1 in versions 1 and 2; whatever is not ASCII there is in texts, which NumPy writes as escapes.
        guard let text = region.string(headStart..<headStart + length) else {
            throw fault("the head of a NumPy array file is not text", headStart)
        }
        var parser = Parser(text: Array(text.unicodeScalars))
        guard let fields = parser.dictionary(), Set(fields.map(\.key)).count == 3, fields.count == 3,
            let descr = fields.first(where: { $0.key == "descr" })?.value,
            case .bool(let isFortranOrder) = fields.first(where: { $0.key == "fortran_order" })?.value,
            case .tuple(let lengths) = fields.first(where: { $0.key == "shape" })?.value
        else { throw fault("the head of a NumPy array file is not as NumPy writes it", headStart) }
        var shape: [Int] = []
        for length in lengths {
            guard case .number(let number) = length, number >= 0 else {
                throw fault("the shape of a NumPy array file is not one", headStart)
            }
            shape.append(number)
        }
        self.descr = descr
        self.isFortranOrder = isFortranOrder
        self.shape = shape
        content = headStart + length..<range.upperBound
    }

    /// Reads the literals of Python that NumPy writes.
    private struct Parser {
        let text: [Unicode.Scalar]
        var position = 0
        var depth = 0

        private var next: Unicode.Scalar? { position < text.count ? text[position] : nil }

        private mutating func skipSpace() {
            while let next, next == " " || next == "\n" || next == "\t" { position += 1 }
        }

        private mutating func accept(_ scalar: Unicode.Scalar) -> Bool {
            skipSpace()
            guard next == scalar else { return false }
            position += 1
            return true
        }

        /// The dict that is all there is.
        mutating func dictionary() -> [(key: String, value: Literal)]? {
            guard accept("{") else { return nil }
            var fields: [(key: String, value: Literal)] = []
            while !accept("}") {
                guard case .text(let key)? = value(), accept(":"), let value = value() else { return nil }
                fields.append((key, value))
                if !accept(",") {
                    guard accept("}") else { return nil }
                    break
                }
            }
            skipSpace()
            return position == text.count ? fields : nil
        }

        private mutating func value() -> Literal? {
            skipSpace()
            guard let first = next else { return nil }
            switch first {
            case "'", "\"": return string(first).map { .text($0) }
            case "(": return items(until: ")").map { .tuple($0) }
            case "[": return items(until: "]").map { .list($0) }
            case "T": return word("True") ? .bool(true) : nil
            case "F": return word("False") ? .bool(false) : nil
            case "0"..."9": return number().map { .number($0) }
            default: return nil
            }
        }

        private mutating func word(_ word: String) -> Bool {
            let scalars = Array(word.unicodeScalars)
            guard text.count - position >= scalars.count,
                text[position..<position + scalars.count].elementsEqual(scalars)
            else { return false }
            position += scalars.count
            return true
        }

        private mutating func number() -> Int? {
            var digits = ""
            while let digit = next, "0"..."9" ~= digit, digits.utf8.count < 20 {
                digits.unicodeScalars.append(digit)
                position += 1
            }
            if next == "L" { position += 1 }
            return Int(digits)
        }

        private mutating func items(until end: Unicode.Scalar) -> [Literal]? {
            depth += 1
            defer { depth -= 1 }
            guard depth <= 8 else { return nil }
            position += 1
            var items: [Literal] = []
            while !accept(end) {
                guard let value = value() else { return nil }
                items.append(value)
                if !accept(",") {
                    guard accept(end) else { return nil }
                    // `(3)` is no tuple.
                    return end == ")" && items.count == 1 ? nil : items
                }
            }
            return items
        }

        private mutating func string(_ quote: Unicode.Scalar) -> String? {
            position += 1
            var result = ""
            while let scalar = next, scalar != quote {
                position += 1
                guard scalar == "\\" else {
                    result.unicodeScalars.append(scalar)
                    continue
                }
                guard let escape = next else { return nil }
                position += 1
                let count: Int
                switch escape {
                case "\\", "'", "\"":
                    result.unicodeScalars.append(escape)
                    continue
                case "n": count = 0
                case "t": count = -1
                case "x": count = 2
                case "u": count = 4
                case "U": count = 8
                default: return nil
                }
                guard let decoded = count > 0 ? hexadecimal(count) : (count == 0 ? "\n" : "\t") else { return nil }
                result.unicodeScalars.append(decoded)
            }
            guard next == quote else { return nil }
            position += 1
            return result
        }

        private mutating func hexadecimal(_ count: Int) -> Unicode.Scalar? {
            guard text.count - position >= count else { return nil }
            var value: UInt32 = 0
            for scalar in text[position..<position + count] {
                guard let digit = Character(scalar).hexDigitValue, scalar.isASCII else { return nil }
                value = value &* 16 &+ UInt32(digit)
            }
            position += count
            return Unicode.Scalar(value)
        }
    }
}
