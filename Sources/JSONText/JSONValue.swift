/// A JSON document, or a part of one.
public enum JSONValue: Sendable, Equatable {
    /// `null`
    case null
    /// `true` or `false`
    case bool(Bool)
    /// A number, kept as its text.
    case number(JSONNumber)
    /// A string, decoded.
    case string(String)
    /// Values in order.
    case array([JSONValue])
    /// Members in order.
    case object(JSONObject)

    /// A whole number.
    public static func int(_ value: Int) -> JSONValue { .number(JSONNumber(value)) }

    /// A float, by its shortest text; see `JSONNumber.init(_: Double)` for values that are not finite.
    public static func double(_ value: Double) -> JSONValue { .number(JSONNumber(value)) }

    /// The string or `null`.
    public static func optional(_ value: String?) -> JSONValue { value.map(JSONValue.string) ?? .null }

    /// The object; nil for anything else.
    public var objectValue: JSONObject? { if case .object(let object) = self { object } else { nil } }
    /// The array; nil for anything else.
    public var arrayValue: [JSONValue]? { if case .array(let array) = self { array } else { nil } }
    /// The string; nil for anything else.
    public var stringValue: String? { if case .string(let string) = self { string } else { nil } }
    /// The value of an integer literal that fits; nil for anything else, also for `3.0`.
    public var intValue: Int? { if case .number(let number) = self { number.int64.map(Int.init) } else { nil } }
    /// The nearest binary64 of a number; nil for anything else, and when it is infinite.
    public var doubleValue: Double? { if case .number(let number) = self { number.double } else { nil } }
    /// The truth value; nil for anything else.
    public var boolValue: Bool? { if case .bool(let bool) = self { bool } else { nil } }
    /// Whether it is `null`.
    public var isNull: Bool { self == .null }

    /// The member of an object; nil when it has none of that key or this is no object.
    public subscript(_ key: String) -> JSONValue? { objectValue?[key] }

    /// The kind in words for messages: "an object", "a number", "null".
    public var kindInWords: String {
        switch self {
        case .null: "null"
        case .bool: "a boolean"
        case .number: "a number"
        case .string: "a string"
        case .array: "an array"
        case .object: "an object"
        }
    }
}

extension JSONValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral,
    ExpressibleByFloatLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral, ExpressibleByNilLiteral
{
    /// A string.
    public init(stringLiteral value: String) { self = .string(value) }
    /// A whole number.
    public init(integerLiteral value: Int) { self = .int(value) }
    /// `true` or `false`.
    public init(booleanLiteral value: Bool) { self = .bool(value) }
    /// A float by its shortest text.
    public init(floatLiteral value: Double) { self = .double(value) }
    /// An array.
    public init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
    /// An object with its members in the order written.
    public init(dictionaryLiteral elements: (String, JSONValue)...) {
        self = .object(JSONObject(elements.map { (key: $0.0, value: $0.1) }))
    }
    /// `null`
    public init(nilLiteral: ()) { self = .null }
}
