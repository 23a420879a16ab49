import Bytes
import Diagnostics

/// Reads UBJSON as XGBoost writes it.
///
/// Supported: null, truth values, integers of all widths, float32, float64, characters, strings, arrays (open, counted, and
/// typed), open objects. Unsupported, because XGBoost does not write them: high-precision numbers, counted objects,
/// typed arrays of anything but numbers.
///
/// Source: https://ubjson.org and `src/common/json.cc` (`UBJReader`, `UBJWriter`), XGBoost 1.6 to 3.2.
struct UBJSONReader {
    private var reader: ByteReader
    private let limits: BoosterLimits
    private var depth = 0
    private var valueCount = 0
    private var partCount = 0
    private let byteCount: Int

    /// The document in `range`, which must end with it.
    static func read(
        _ region: ByteRegion, range: Range<Int>, limits: BoosterLimits
    ) throws(BoostersError) -> BoosterValue {
        var reader = UBJSONReader(
            reader: ByteReader(region, range: range), limits: limits, byteCount: range.count)
        let value = try reader.value()
        guard reader.reader.isAtEnd else {
            throw BoostersError(.malformed, "bytes follow the document", offset: reader.reader.offset)
        }
        return value
    }

    /// The markers of values that are no numbers.
    private static let parts = Array("ZTFCS[{".utf8)

    private func malformed(_ reason: String) -> BoostersError {
        BoostersError(.malformed, reason, offset: reader.offset)
    }

    private mutating func count(_ more: Int) throws(BoostersError) {
        let (sum, overflow) = valueCount.addingReportingOverflow(more)
        guard !overflow, sum <= limits.maxValues else {
            throw BoostersError.beyond(
                "maxValues", limits.maxValues, "values or more", count: sum, offset: reader.offset)
        }
        valueCount = sum
    }

    private mutating func value() throws(BoostersError) -> BoosterValue {
        let offset = reader.offset
        var marker = try byte()
        while marker == UInt8(ascii: "N") { marker = try byte() }
        try count(1)
        if UBJSONReader.parts.contains(marker) {
            partCount += 1
            try limits.check(parts: partCount, byteCount: byteCount, offset: offset)
        }
        let content: BoosterValue.Content
        switch marker {
        case UInt8(ascii: "Z"): content = .null
        case UInt8(ascii: "T"): content = .bool(true)
        case UInt8(ascii: "F"): content = .bool(false)
        case UInt8(ascii: "d"): content = .number(try float32())
        case UInt8(ascii: "D"): content = .number(Float(try float64()))
        case UInt8(ascii: "C"): content = .text(String(UnicodeScalar(try byte() & 0x7f)))
        case UInt8(ascii: "S"): content = .text(try text())
        case UInt8(ascii: "["): content = try nested { reader throws(BoostersError) in try reader.array() }
        case UInt8(ascii: "{"): content = try nested { reader throws(BoostersError) in try reader.object() }
        default:
            guard let integer = try integer(marker) else {
                throw BoostersError(.malformed, "a value has the unknown type \(Self.shown(marker))", offset: offset)
            }
            content = .integer(integer)
        }
        return BoosterValue(content: content, offset: offset)
    }

    private static func shown(_ marker: UInt8) -> String {
        marker > 0x20 && marker < 0x7f ? "`\(UnicodeScalar(marker))`" : "0x" + String(marker, radix: 16)
    }

    private mutating func nested(
        _ read: (inout UBJSONReader) throws(BoostersError) -> BoosterValue.Content
    ) throws(BoostersError) -> BoosterValue.Content {
        guard depth < limits.maxDepth else {
            throw BoostersError(
                .limit(name: "maxDepth", value: limits.maxDepth),
                "arrays and objects are nested more than \(limits.maxDepth) deep", offset: reader.offset)
        }
        depth += 1
        let content = try read(&self)
        depth -= 1
        return content
    }

    private mutating func object() throws(BoostersError) -> BoosterValue.Content {
        var members: [(key: String, value: BoosterValue)] = []
        var seen: Set<String> = []
        while reader.next != UInt8(ascii: "}") {
            guard reader.next != UInt8(ascii: "#"), reader.next != UInt8(ascii: "$") else {
                throw malformed("an object has a count, which XGBoost does not write")
            }
            let key = try text()
            guard seen.insert(key).inserted else {
                throw malformed("the key `\(escaped(key))` appears twice in one object")
            }
            members.append((key, try value()))
        }
        _ = try byte()
        return .object(members)
    }

    private mutating func array() throws(BoostersError) -> BoosterValue.Content {
        if reader.next == UInt8(ascii: "$") {
            _ = try byte()
            let type = try byte()
            guard try byte() == UInt8(ascii: "#") else { throw malformed("a typed array has no count") }
            return try typed(type, count: try length())
        }
        var elements: [BoosterValue] = []
        if reader.next == UInt8(ascii: "#") {
            _ = try byte()
            let size = try length()
            // Each value has a byte at least.
            guard size <= reader.remaining else { throw endsEarly(size) }
            elements.reserveCapacity(min(size, 1 << 16))
            for _ in 0..<size { elements.append(try value()) }
            return Self.compacted(elements)
        }
        while reader.next != UInt8(ascii: "]") { elements.append(try value()) }
        _ = try byte()
        return Self.compacted(elements)
    }

    /// Numbers alone become an array of numbers.
    private static func compacted(_ elements: [BoosterValue]) -> BoosterValue.Content {
        guard !elements.isEmpty else { return .list([]) }
        let integers = elements.compactMap { if case .integer(let number) = $0.content { number } else { nil } }
        if integers.count == elements.count { return .integers(integers) }
        let numbers = elements.compactMap { element -> Float? in
            switch element.content {
            case .number(let number): number
            case .integer(let number): Float(number)
            default: nil
            }
        }
        return numbers.count == elements.count ? .numbers(numbers) : .list(elements)
    }

    private mutating func typed(_ type: UInt8, count size: Int) throws(BoostersError) -> BoosterValue.Content {
        let width: Int
        switch type {
        case UInt8(ascii: "i"), UInt8(ascii: "U"): width = 1
        case UInt8(ascii: "I"): width = 2
        case UInt8(ascii: "l"), UInt8(ascii: "d"): width = 4
        case UInt8(ascii: "L"), UInt8(ascii: "D"): width = 8
        default: throw malformed("an array has the unknown type \(Self.shown(type))")
        }
        guard size <= reader.remaining / width else { throw endsEarly(size) }
        try count(size)
        if type == UInt8(ascii: "d") || type == UInt8(ascii: "D") {
            var numbers: [Float] = []
            numbers.reserveCapacity(size)
            for _ in 0..<size {
                numbers.append(type == UInt8(ascii: "d") ? try float32() : Float(try float64()))
            }
            return .numbers(numbers)
        }
        var integers: [Int64] = []
        integers.reserveCapacity(size)
        for _ in 0..<size {
            guard let number = try integer(type) else { throw malformed("an array has no numbers") }
            integers.append(number)
        }
        return .integers(integers)
    }

    private func endsEarly(_ count: Int) -> BoostersError {
        BoostersError(
            .truncated,
            "it ends too early: an array of \(count) values does not fit the \(reader.remaining) bytes left",
            offset: reader.offset)
    }

    private mutating func length() throws(BoostersError) -> Int {
        let offset = reader.offset
        guard let length = try integer(try byte()), let length = Int(exactly: length), length >= 0 else {
            throw BoostersError(.malformed, "a length is not a whole number from 0", offset: offset)
        }
        return length
    }

    private mutating func text() throws(BoostersError) -> String {
        let size = try length()
        let range: Range<Int>
        do throws(ByteReaderError) { range = try reader.readBytes(size) } catch { throw BoostersError(error) }
        guard let text = reader.region.string(range) else {
            throw BoostersError(.malformed, "a text is not UTF-8", offset: range.lowerBound)
        }
        return text
    }

    private mutating func integer(_ type: UInt8) throws(BoostersError) -> Int64? {
        do throws(ByteReaderError) {
            switch type {
            case UInt8(ascii: "i"): return Int64(try reader.readInt8())
            case UInt8(ascii: "U"): return Int64(try reader.readUInt8())
            case UInt8(ascii: "I"): return Int64(Int16(bitPattern: try reader.readUInt16BigEndian()))
            case UInt8(ascii: "l"): return Int64(Int32(bitPattern: try reader.readUInt32BigEndian()))
            case UInt8(ascii: "L"): return Int64(bitPattern: try reader.readUInt64BigEndian())
            default: return nil
            }
        } catch { throw BoostersError(error) }
    }

    private mutating func byte() throws(BoostersError) -> UInt8 {
        do throws(ByteReaderError) { return try reader.readUInt8() } catch { throw BoostersError(error) }
    }

    private mutating func float32() throws(BoostersError) -> Float {
        do throws(ByteReaderError) {
            return Float(bitPattern: try reader.readUInt32BigEndian())
        } catch { throw BoostersError(error) }
    }

    private mutating func float64() throws(BoostersError) -> Double {
        do throws(ByteReaderError) { return try reader.readFloat64BigEndian() } catch { throw BoostersError(error) }
    }
}

extension BoostersError {
    /// A read that the bytes do not allow.
    init(_ error: ByteReaderError) {
        self.init(error.needed < 0 ? .malformed : .truncated, error.description, offset: error.offset)
    }
}
