public import Bytes

/// Reads whole JSON documents.
///
/// Supported: RFC 8259 in UTF-8. Refused: a byte order mark, duplicate keys, half surrogate pairs, `NaN` and the infinities,
/// comments, anything after the document, and what passes a limit. Numbers keep their text.
public enum JSONText {
    /// The document in `region`.
    public static func parse(_ region: ByteRegion, limits: JSONLimits = .document) throws(JSONError) -> JSONValue {
        var reader = JSONPullReader(region, limits: limits)
        let value = try value(startingWith: try reader.next(), &reader)
        _ = try reader.next()
        return value
    }

    /// The document in `bytes`.
    public static func parse(_ bytes: [UInt8], limits: JSONLimits = .document) throws(JSONError) -> JSONValue {
        try parse(ByteRegion(bytes), limits: limits)
    }

    /// The document in `text`.
    public static func parse(_ text: String, limits: JSONLimits = .document) throws(JSONError) -> JSONValue {
        try parse(ByteRegion(text), limits: limits)
    }

    /// The value that begins with `event`, which `reader` has just given; reads to its end. Recursion is bounded by `maxDepth`.
    public static func value(
        startingWith event: JSONPullReader.Event, _ reader: inout JSONPullReader
    ) throws(JSONError) -> JSONValue {
        switch event {
        case .null: return .null
        case .bool(let bool): return .bool(bool)
        case .number(let range): return .number(JSONNumber(unchecked: reader.text(range)))
        case .string(let string): return .string(string)
        case .beginArray:
            var elements: [JSONValue] = []
            while true {
                let event = try reader.next()
                if case .endArray = event { return .array(elements) }
                elements.append(try value(startingWith: event, &reader))
            }
        case .beginObject:
            var members: [(key: String, value: JSONValue)] = []
            var keys = JSONKeys()
            while case .key(let key) = try reader.next() {
                guard keys.insert(key) else { throw reader.error(.duplicateKey(key)) }
                members.append((key: key, value: try value(startingWith: try reader.next(), &reader)))
            }
            return .object(JSONObject(members))
        case .endArray, .endObject, .key, .endOfDocument:
            throw reader.error(.syntax("expected a value"))
        }
    }
}

/// The keys of one object that were seen so far, for callers of the pull reader, who must refuse duplicates themselves.
///
/// Keys that Unicode holds canonically equal (`é` in one scalar and in two) count as the same, as everywhere in Swift: a
/// dictionary of ours could not hold both.
public struct JSONKeys: Sendable {
    private var few: [String] = []
    private var many: Set<String> = []

    /// No keys.
    public init() {}

    /// Notes `key`; false when it was there already.
    public mutating func insert(_ key: String) -> Bool {
        if many.isEmpty, few.count < 12 {
            guard !few.contains(key) else { return false }
            few.append(key)
            return true
        }
        if many.isEmpty { many.formUnion(few) }
        return many.insert(key).inserted
    }
}
