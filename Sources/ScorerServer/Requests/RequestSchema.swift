import JSONText

/// What a request must hold, from the signature of the model.
enum RequestSchema: Sendable, Equatable {
    /// A table; columns without names are taken by position.
    case columns([Column])
    /// One nameless tensor or several named ones.
    case tensors([Tensor])
    /// Nothing is known: the request is only checked to be a request.
    case untyped

    struct Column: Sendable, Equatable {
        var name: String?
        var type: CellType
        var required: Bool
    }

    struct Tensor: Sendable, Equatable {
        var name: String?
        /// A NumPy type name, such as `float64`.
        var dtype: String
        /// -1 takes any length.
        var shape: [Int]
    }
}

/// The type of one cell, in MLflow's words.
indirect enum CellType: Sendable, Equatable {
    case boolean, integer, long, float, double, string, binary, datetime, any
    case array(CellType)
    case object([Property])
    case map(CellType)

    struct Property: Sendable, Equatable {
        var name: String
        var type: CellType
        var required: Bool
    }

    private static let scalars: [String: CellType] = [
        "boolean": .boolean, "integer": .integer, "long": .long, "float": .float, "double": .double, "string": .string,
        "binary": .binary, "datetime": .datetime, "any": .any,
    ]

    /// Parses a type as MLflow writes it: a word, or `{"type": "array", "items": …}` and so on; nil when it is none.
    init?(_ value: JSONValue) {
        if let word = value.stringValue ?? value["type"]?.stringValue, let scalar = CellType.scalars[word] {
            self = scalar
            return
        }
        switch value["type"]?.stringValue {
        case "array":
            guard let items = value["items"].flatMap(CellType.init) else { return nil }
            self = .array(items)
        case "map":
            guard let values = value["values"].flatMap(CellType.init) else { return nil }
            self = .map(values)
        case "object":
            guard let members = value["properties"]?.objectValue?.members else { return nil }
            var properties: [Property] = []
            for (name, spec) in members {
                guard let type = CellType(spec) else { return nil }
                properties.append(Property(name: name, type: type, required: spec["required"]?.boolValue ?? true))
            }
            self = .object(properties)
        default: return nil
        }
    }

    /// What a message says is expected.
    var words: String {
        switch self {
        case .boolean: "true or false"
        case .integer: "a whole number from -2147483648 to 2147483647 (integer)"
        case .long: "a whole number of 64 bits (long)"
        case .float: "a number (float)"
        case .double: "a number (double)"
        case .string: "a string"
        case .binary: "a string of base64 (binary)"
        case .datetime: "a date and time as `2024-01-02T03:04:05`, without a zone (datetime)"
        case .any: "a value"
        case .array: "an array"
        case .object: "an object"
        case .map: "an object (map)"
        }
    }

    /// MLflow's word for the type.
    var name: String {
        switch self {
        case .boolean: "boolean"
        case .integer: "integer"
        case .long: "long"
        case .float: "float"
        case .double: "double"
        case .string: "string"
        case .binary: "binary"
        case .datetime: "datetime"
        case .any: "any"
        case .array: "array"
        case .object: "object"
        case .map: "map"
        }
    }

    /// The type as `serving.json` has it, for the worker.
    var json: JSONValue {
        switch self {
        case .array(let items): ["type": "array", "items": items.typed]
        case .map(let values): ["type": "map", "values": values.typed]
        case .object(let properties):
            .object([
                "type": "object",
                "properties": .object(JSONObject(properties.map { (key: $0.name, value: $0.type.typed) })),
            ])
        default: .string(name)
        }
    }

    /// As `json`, but a scalar is `{"type": …}` as it is inside arrays and objects.
    private var typed: JSONValue {
        if case .string(let word) = json { return ["type": .string(word)] }
        return json
    }
}
