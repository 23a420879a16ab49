public import JSONText

/// What the document of a model is made from: the members of `serving.json` of the same names, and what else is known.
public struct ServedModel: Sendable {
    /// The name under which the model is served.
    public var name: String
    /// The registered version, if there is one.
    public var version: String?
    /// `schema` of `serving.json`: `{"kind": "columns"|"tensors", …}`; null when nothing is known of requests.
    public var schema: JSONValue
    /// `params` of `serving.json`.
    public var params: JSONValue
    /// Whether the server itself evaluates the model; else a Python worker, whose model may refuse with statuses of its own.
    public var isNative: Bool
    /// A request for `/invocations`.
    public var request: JSONValue?
    /// The JSON Schema of what the model answers; null when anything may come.
    public var answer: JSONValue

    /// A model; see the members.
    public init(
        name: String, version: String?, schema: JSONValue, params: JSONValue, isNative: Bool, request: JSONValue?,
        answer: JSONValue
    ) {
        self.name = name
        self.version = version
        self.schema = schema
        self.params = params
        self.isNative = isNative
        self.request = request
        self.answer = answer
    }

    /// One column of a table.
    struct Column {
        var name: String?
        var type: JSONValue
        var required: Bool
    }

    /// One tensor.
    struct Tensor {
        var name: String?
        var dtype: String
        var shape: [Int]
    }

    /// What requests hold.
    enum Contents {
        case columns([Column])
        case tensors([Tensor])
        case unknown
    }

    var contents: Contents {
        if let specs = schema["columns"]?.arrayValue, !specs.isEmpty {
            return .columns(
                specs.map { spec in
                    Column(
                        name: spec["name"]?.stringValue, type: spec["type"] ?? "any",
                        required: spec["required"]?.boolValue ?? true)
                })
        }
        if let specs = schema["tensors"]?.arrayValue, !specs.isEmpty {
            return .tensors(
                specs.map { spec in
                    Tensor(
                        name: spec["name"]?.stringValue, dtype: spec["dtype"]?.stringValue ?? "object",
                        shape: spec["shape"]?.arrayValue?.compactMap(\.intValue) ?? [-1])
                })
        }
        return .unknown
    }
}
