import JSONText

/// JSON Schema of whole requests, from the schema of a model.
struct RequestSchemas {
    let model: ServedModel

    private static let rowLimit = 100_000

    /// The schemas of the document, by name; `Record` only when requests are tables or rows of named tensors.
    var named: [(key: String, value: JSONValue)] {
        var schemas: [(key: String, value: JSONValue)] = [
            ("BareRequest", ["anyOf": [records, ["$ref": "#/components/schemas/Request"]]]),
            ("InferenceRequest", OpenInferenceSchemas.request(model)), ("Request", request),
        ]
        if let record { schemas.append(("Record", record)) }
        return schemas
    }

    /// One row with names; nil when rows have none.
    private var record: JSONValue? {
        let members: [(name: String?, schema: JSONValue, required: Bool)]
        switch model.contents {
        case .columns(let columns): members = columns.map { ($0.name, cell($0), $0.required) }
        case .tensors(let tensors): members = tensors.map { ($0.name, ValueSchemas.row($0), true) }
        case .unknown: return nil
        }
        guard members[0].name != nil else { return nil }
        return object(members)
    }

    private func object(_ members: [(name: String?, schema: JSONValue, required: Bool)]) -> JSONValue {
        var properties: JSONObject = [:]
        for member in members { properties[member.name ?? ""] = member.schema }
        let required = members.filter(\.required).compactMap(\.name).map(JSONValue.string)
        return [
            "type": "object", "properties": .object(properties), "required": .array(required),
            "additionalProperties": true,
        ]
    }

    private func cell(_ column: ServedModel.Column) -> JSONValue {
        ValueSchemas.cell(column, takesMissingIntegers: model.isNative)
    }

    // MARK: The four forms

    private var request: JSONValue {
        var properties: JSONObject = [
            "dataframe_split": split, "dataframe_records": records, "inputs": inputs, "instances": inputs,
        ]
        let keys = properties.keys
        properties["params"] = params
        return [
            "type": "object", "properties": .object(properties),
            "oneOf": .array(keys.map { ["required": [.string($0)]] }),
        ]
    }

    /// Rows in the order of `columns`, which JSON Schema cannot say; the example does.
    private var split: JSONValue {
        var properties: JSONObject = [:]
        var required: [JSONValue] = ["data"]
        if case .columns(let columns) = model.contents, columns[0].name != nil {
            let needed = columns.filter(\.required).compactMap(\.name)
            properties["columns"] = [
                "type": "array", "items": ["type": ["string", "number"]], "minItems": .int(max(1, needed.count)),
            ]
            required.insert("columns", at: 0)
        } else {
            if case .unknown = model.contents {
                properties["columns"] = [:]
            } else {
                properties["columns"] = ["type": ["array", "null"]]
            }
        }
        properties["data"] = rows(["type": "array"])
        properties["index"] = [:]
        if case .columns(let columns) = model.contents, columns.count == 1 { properties["data"] = rows([:]) }
        if case .unknown = model.contents { properties["data"] = rows([:]) }
        if case .tensors(let tensors) = model.contents, tensors[0].shape.count == 1 { properties["data"] = rows([:]) }
        return [
            "type": "object", "properties": .object(properties), "required": .array(required),
            "additionalProperties": false,
        ]
    }

    private func tensor(_ tensor: ServedModel.Tensor) -> JSONValue { rows(ValueSchemas.row(tensor)) }

    /// Python models decide themselves what no rows are to them.
    private func rows(_ items: JSONValue) -> JSONValue {
        ["type": "array", "minItems": .int(model.isNative ? 1 : 0), "maxItems": .int(Self.rowLimit), "items": items]
    }

    private var records: JSONValue {
        guard record == nil else { return rows(["$ref": "#/components/schemas/Record"]) }
        switch model.contents {
        case .unknown: return rows([:])
        case .columns(let columns):
            let values: JSONValue = ["anyOf": .array(columns.map { cell($0) })]
            return rows(columns.count == 1 ? [:] : anyOf(["type": "object"], ["type": "array", "items": values]))
        case .tensors(let tensors):
            return rows(anyOf(["type": "object"], ValueSchemas.row(tensors[0])))
        }
    }

    private var inputs: JSONValue {
        switch model.contents {
        case .unknown: return [:]
        case .columns(let columns) where columns[0].name == nil: return records
        case .tensors(let tensors) where tensors[0].name == nil: return tensor(tensors[0])
        case .columns(let columns):
            let lists = object(columns.map { ($0.name, anyOf(rows(cell($0)), cell($0)), $0.required) })
            return columns.count == 1
                ? .object(["anyOf": [records, lists, rows(cell(columns[0]))]]) : anyOf(records, lists)
        case .tensors(let tensors):
            let whole = object(
                tensors.map {
                    (
                        $0.name,
                        $0.shape.count > 1
                            ? tensor($0) : anyOf(tensor($0), ValueSchemas.row($0)), true
                    )
                })
            return tensors.count == 1
                ? .object(["anyOf": [records, whole, tensor(tensors[0])]]) : anyOf(records, whole)
        }
    }

    private func anyOf(_ one: JSONValue, _ other: JSONValue) -> JSONValue { ["anyOf": [one, other]] }

    private var params: JSONValue {
        let declared = model.params.arrayValue ?? []
        guard !declared.isEmpty else {
            return ["description": "The model has no parameters; what is given is passed over."]
        }
        var properties: JSONObject = [:]
        for param in declared {
            let one = ValueSchemas.inner(param["type"] ?? "any")
            let isList = param["shape"].map { !$0.isNull } ?? false
            var described = isList ? ["type": "array", "items": one] : one.objectValue ?? [:]
            described["default"] = param["default"] ?? .null
            properties[param["name"]?.stringValue ?? ""] = .object(described)
        }
        return ["type": ["object", "null"], "properties": .object(properties), "additionalProperties": true]
    }
}
