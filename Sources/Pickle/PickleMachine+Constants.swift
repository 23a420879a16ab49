import Bytes

// Opcodes that push numbers, texts and byte strings, and the checked reads below them.
extension PickleMachine {
    mutating func number() throws(PickleError) {
        switch opcode {
        case .binInt: stack.append(.int(Int(Int32(truncatingIfNeeded: try unsigned(bytes: 4)))))
        case .binInt1: stack.append(.int(Int(try unsigned(bytes: 1))))
        case .binInt2: stack.append(.int(Int(try unsigned(bytes: 2))))
        case .long1: stack.append(try twosComplement(Int(try unsigned(bytes: 1))))
        case .long4:
            let count = Int(Int32(truncatingIfNeeded: try unsigned(bytes: 4)))
            guard count >= 0 else { throw fault("the length of an integer is negative") }
            stack.append(try twosComplement(count))
        case .binFloat: stack.append(.float(Double(bitPattern: try unsigned(bytes: 8).byteSwapped)))
        case .float:
            guard let value = Double(try asciiLine()) else { throw fault("a float is not a number") }
            stack.append(.float(value))
        default: try textInteger()
        }
    }

    private mutating func textInteger() throws(PickleError) {
        var digits = try asciiLine()[...]
        if opcode == .int, digits == "00" || digits == "01" { return stack.append(.bool(digits == "01")) }
        if opcode == .long, digits.hasSuffix("L") { digits = digits.dropLast() }
        guard digits.utf8.count <= limits.digits else { throw limit("digits of an integer", limits.digits) }
        let body = digits.hasPrefix("-") || digits.hasPrefix("+") ? digits.dropFirst() : digits
        guard !body.isEmpty, body.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }) else {
            throw fault("an integer is not written as decimal digits")
        }
        stack.append(Int(digits).map { .int($0) } ?? .bigInteger)
    }

    private mutating func twosComplement(_ count: Int) throws(PickleError) -> PickleValue {
        let range = try take(count)
        if count > 8 {
            // The value is not kept, so an excess of sign bytes need not be seen: Python never writes one.
            return .bigInteger
        }
        var value: Int64 = 0
        for (index, byte) in region.slice(range).enumerated() { value |= Int64(byte) << Int64(8 * index) }
        if count > 0, count < 8, region[range.upperBound - 1] & 0x80 != 0 { value -= Int64(1) << Int64(8 * count) }
        return .int(Int(value))
    }

    mutating func text() throws(PickleError) {
        switch opcode {
        case .shortBinUnicode: try pushText(try take(Int(try unsigned(bytes: 1))))
        case .binUnicode: try pushText(try take(Int(try unsigned(bytes: 4))))
        case .binUnicode8: try pushText(try take(try length64()))
        case .shortBinString: try pushASCII(try take(Int(try unsigned(bytes: 1))))
        case .binString:
            let count = Int(Int32(truncatingIfNeeded: try unsigned(bytes: 4)))
            guard count >= 0 else { throw fault("the length of a string is negative") }
            try pushASCII(try take(count))
        case .string:
            let bytes = try unescapedString(try line())
            guard bytes.allSatisfy({ $0 < 0x80 }) else { throw fault("a string of Python 2 is not ASCII") }
            pushOwned(bytes)
        default:
            guard let bytes = TextEscapes.rawUnicode(region.slice(try line())) else {
                throw fault("a text has a wrong escape")
            }
            pushOwned(bytes)
        }
    }

    private mutating func unescapedString(_ range: Range<Int>) throws(PickleError) -> [UInt8] {
        let bytes = region.slice(range)
        guard bytes.count >= 2, let first = bytes.first, first == bytes.last, first == 0x22 || first == 0x27,
            let result = TextEscapes.string(UnsafeRawBufferPointer(rebasing: bytes[1..<bytes.count - 1]))
        else { throw fault("a string is not quoted as Python writes it") }
        return result
    }

    private mutating func pushText(_ range: Range<Int>) throws(PickleError) {
        let bytes = region.slice(range)
        if !isASCII(bytes), String(validating: bytes, as: UTF8.self) == nil {
            throw fault("a text is not UTF-8, or holds half of a surrogate pair")
        }
        pushSpan(start: range.lowerBound, count: range.count, source: PickleGraph.Span.fileRegion) { .text($0) }
    }

    private mutating func pushASCII(_ range: Range<Int>) throws(PickleError) {
        guard isASCII(region.slice(range)) else { throw fault("a string of Python 2 is not ASCII") }
        pushSpan(start: range.lowerBound, count: range.count, source: PickleGraph.Span.fileRegion) { .text($0) }
    }

    private mutating func pushOwned(_ bytes: [UInt8]) {
        let start = owned.count
        owned.append(contentsOf: bytes)
        pushSpan(start: start, count: bytes.count, source: PickleGraph.Span.ownedRegion) { .text($0) }
    }

    private mutating func pushSpan(start: Int, count: Int, source: Int32, _ value: (PickleID) -> PickleValue) {
        stack.append(value(PickleID(graph.spans.count)))
        graph.spans.append(PickleGraph.Span(start: start, count: count, source: source, offset: opcodeOffset))
    }

    mutating func byteString() throws(PickleError) {
        let count: Int
        switch opcode {
        case .shortBinBytes: count = Int(try unsigned(bytes: 1))
        case .binBytes: count = Int(try unsigned(bytes: 4))
        default: count = try length64()
        }
        let range = try take(count)
        pushSpan(start: range.lowerBound, count: count, source: PickleGraph.Span.fileRegion) { .bytes($0) }
    }

    /// The text of a `.text` while the graph is being made.
    func currentText(_ value: PickleValue) -> String? {
        guard case .text(let id) = value else { return nil }
        let span = graph.spans[id.position]
        if span.source == PickleGraph.Span.ownedRegion {
            return String(decoding: owned[span.start..<span.start + span.count], as: UTF8.self)
        }
        return String(decoding: region.slice(span.start..<span.start + span.count), as: UTF8.self)
    }
}

// Checked reads: none leaves the file or the frame.
extension PickleMachine {
    mutating func take(_ count: Int) throws(PickleError) -> Range<Int> {
        guard count <= region.count - position else {
            throw PickleError(
                .truncated, offset: opcodeOffset, opcode: opcode.name,
                reason: "it ends inside the argument of \(opcode.name): \(count) bytes are announced, "
                    + "\(region.count - position) are left")
        }
        if let end = frameEnd, count > end - position { throw fault("an argument crosses the end of its frame") }
        defer { position += count }
        return position..<position + count
    }

    mutating func unsigned(bytes count: Int) throws(PickleError) -> UInt64 {
        var value: UInt64 = 0
        for (index, byte) in region.slice(try take(count)).enumerated() { value |= UInt64(byte) << UInt64(8 * index) }
        return value
    }

    private mutating func length64() throws(PickleError) -> Int {
        let length = try unsigned(bytes: 8)
        return length > UInt64(Int.max) ? Int.max : Int(length)
    }

    mutating func line() throws(PickleError) -> Range<Int> {
        let end = min(region.count, position + limits.line)
        var index = position
        while index < end, region[index] != 0x0a { index += 1 }
        guard index < end else {
            if end < region.count { throw limit("bytes in a line", limits.line) }
            throw PickleError(
                .truncated, offset: opcodeOffset, opcode: opcode.name,
                reason: "it ends inside the argument of \(opcode.name)")
        }
        let range = try take(index - position + 1)
        return range.lowerBound..<range.upperBound - 1
    }

    mutating func asciiLine() throws(PickleError) -> String {
        let bytes = region.slice(try line())
        guard let text = String(validating: bytes, as: UTF8.self) else { throw fault("a name or number is not text") }
        return text
    }

    private func isASCII(_ bytes: UnsafeRawBufferPointer) -> Bool {
        var index = 0
        while index + 8 <= bytes.count {
            if bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self) & 0x8080_8080_8080_8080 != 0 { return false }
            index += 8
        }
        return bytes[index...].allSatisfy { $0 < 0x80 }
    }
}
