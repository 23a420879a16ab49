import Bytes
import Diagnostics
import JSONText

/// Reads a JSON document of XGBoost. Numbers with a point or an exponent become the nearest float32, as XGBoost reads them.
///
/// Up to 2.1 a split on categories has the threshold `NaN`, which is no JSON: the word is read as an empty text of the same length, and
/// an empty text in a list as NaN.
struct BoosterJSONReader {
    private var reader: JSONPullReader
    private let limits: BoosterLimits
    private let hasWordNaN: Bool
    private var valueCount = 0
    private var partCount = 0
    private let byteCount: Int

    /// The document in `range`, which must end with it (white space may follow).
    static func read(
        _ region: ByteRegion, range: Range<Int>, limits: BoosterLimits
    ) throws(BoostersError) -> BoosterValue {
        let json = JSONLimits(maxDepth: limits.maxDepth, maxBytes: limits.maxBytes)
        do throws(JSONError) {
            var check = JSONPullReader(region, range: range, limits: json)
            try check.skipValue()
        } catch {
            guard error.kind == .notFinite("NaN") else { throw BoostersError(error, limits) }
            return try read(withoutNaN(region, range), range: range, json, limits, hasWordNaN: true)
        }
        return try read(region, range: range, json, limits, hasWordNaN: false)
    }

    private static func read(
        _ region: ByteRegion, range: Range<Int>, _ json: JSONLimits, _ limits: BoosterLimits, hasWordNaN: Bool
    ) throws(BoostersError) -> BoosterValue {
        var reader = BoosterJSONReader(
            reader: JSONPullReader(region, range: range, limits: json), limits: limits, hasWordNaN: hasWordNaN,
            byteCount: range.count)
        let value = try reader.value(try reader.next())
        guard case .endOfDocument = try reader.next() else {
            throw BoostersError(.malformed, "more follows the document", offset: reader.reader.offset)
        }
        return value
    }

    /// The bytes up to the end of `range`, every `NaN` outside of texts an empty text and a space.
    private static func withoutNaN(_ region: ByteRegion, _ range: Range<Int>) -> ByteRegion {
        var bytes = region.bytes(0..<range.upperBound)
        var isInText = false
        var index = range.lowerBound
        while index < bytes.count {
            switch bytes[index] {
            case UInt8(ascii: "\""): isInText.toggle()
            case UInt8(ascii: "\\") where isInText: index += 1
            case UInt8(ascii: "N") where !isInText && bytes[index...].starts(with: "NaN".utf8):
                bytes.replaceSubrange(index..<index + 3, with: "\"\" ".utf8)
                index += 2
            default: break
            }
            index += 1
        }
        return ByteRegion(bytes)
    }

    private mutating func next() throws(BoostersError) -> JSONPullReader.Event {
        do throws(JSONError) { return try reader.next() } catch { throw BoostersError(error, limits) }
    }

    private mutating func value(_ event: JSONPullReader.Event) throws(BoostersError) -> BoosterValue {
        valueCount += 1
        guard valueCount <= limits.maxValues else {
            throw BoostersError.beyond(
                "maxValues", limits.maxValues, "values or more", count: valueCount, offset: reader.offset)
        }
        let offset = reader.offset
        if case .number = event {
        } else {
            partCount += 1
            try limits.check(parts: partCount, byteCount: byteCount, offset: offset)
        }
        let content: BoosterValue.Content
        switch event {
        case .null: content = .null
        case .bool(let flag): content = .bool(flag)
        case .string(let text): content = .text(text)
        case .number(let range): content = try number(range)
        case .beginArray: content = try array()
        case .beginObject: content = try object()
        case .endArray, .endObject, .key, .endOfDocument:
            throw BoostersError(.malformed, "a value is missing", offset: offset)
        }
        return BoosterValue(content: content, offset: offset)
    }

    private func number(_ range: Range<Int>) throws(BoostersError) -> BoosterValue.Content {
        if let integer = reader.int64(range) { return .integer(integer) }
        guard let number = Float(reader.text(range)), number.isFinite else {
            throw BoostersError(.malformed, "a number is too large for a float32", offset: range.lowerBound)
        }
        return .number(number)
    }

    private mutating func object() throws(BoostersError) -> BoosterValue.Content {
        var members: [(key: String, value: BoosterValue)] = []
        var seen: Set<String> = []
        while true {
            guard case .key(let key) = try next() else { return .object(members) }
            guard seen.insert(key).inserted else {
                throw BoostersError(
                    .malformed, "the key `\(escaped(key))` appears twice in one object", offset: reader.offset)
            }
            members.append((key, try value(try next())))
        }
    }

    private mutating func array() throws(BoostersError) -> BoosterValue.Content {
        var integers: [Int64] = []
        var numbers: [Float] = []
        var elements: [BoosterValue] = []
        while true {
            let event = try next()
            if case .endArray = event { break }
            var element = try value(event)
            if hasWordNaN, case .text("") = element.content { element.content = .number(.nan) }
            switch element.content {
            case .integer(let number) where elements.isEmpty && numbers.isEmpty: integers.append(number)
            case .integer(let number) where elements.isEmpty: numbers.append(Float(number))
            case .number(let number) where elements.isEmpty:
                numbers += integers.map { Float($0) }
                integers = []
                numbers.append(number)
            default:
                guard integers.isEmpty, numbers.isEmpty else {
                    throw BoostersError(.malformed, "a list mixes numbers with other values", offset: element.offset)
                }
                elements.append(element)
            }
        }
        if !integers.isEmpty { return .integers(integers) }
        if !numbers.isEmpty { return .numbers(numbers) }
        return .list(elements)
    }
}

extension BoostersError {
    fileprivate init(_ error: JSONError, _ limits: BoosterLimits) {
        let kind: Kind =
            switch error.kind {
            case .endsEarly: .truncated
            case .depth: .limit(name: "maxDepth", value: limits.maxDepth)
            case .size: .limit(name: "maxBytes", value: limits.maxBytes)
            default: .malformed
            }
        self.init(kind, error.reason, offset: error.offset)
    }
}
