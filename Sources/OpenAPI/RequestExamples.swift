import JSONText

/// Example bodies: the model's own sample request where there is one, zeros and empty texts otherwise.
struct RequestExamples {
    let model: ServedModel

    /// For `/invocations`.
    var request: JSONValue? {
        if let request = model.request { return request }
        switch model.contents {
        case .unknown: return nil
        case .columns(let columns):
            let row = JSONValue.array(columns.map { zero($0.type) })
            guard columns[0].name != nil else { return ["inputs": [row]] }
            return [
                "dataframe_split": ["columns": .array(columns.map { .optional($0.name) }), "data": [row]]
            ]
        case .tensors(let tensors):
            guard tensors[0].name != nil else { return ["inputs": [zeros(tensors[0])]] }
            return ["inputs": .object(JSONObject(tensors.map { (key: $0.name ?? "", value: [zeros($0)]) }))]
        }
    }

    /// For `/predict`: records where rows have names, else the request itself.
    var bareRequest: JSONValue? { row.map { [.object($0)] } ?? request }

    /// For an inference request of one row.
    var inference: JSONValue? {
        switch model.contents {
        case .unknown: return nil
        case .columns(let columns):
            guard columns[0].name != nil, let row else { return nil }
            var inputs: [JSONValue] = []
            for column in columns {
                guard let name = column.name, let value = row[name], !value.isNull else { continue }
                guard let datatype = datatype(column.type) else { return nil }
                inputs.append(
                    ["name": .string(name), "datatype": datatype, "shape": [1], "data": [value]])
            }
            return ["inputs": .array(inputs)]
        case .tensors(let tensors):
            return ["inputs": .array(tensors.enumerated().map { tensor($1, position: $0) })]
        }
    }

    private func tensor(_ tensor: ServedModel.Tensor, position: Int) -> JSONValue {
        let shape = [1] + tensor.shape.dropFirst().map { max($0, 1) }
        let datatype =
            switch tensor.dtype {
            case "float16": "FP16"
            case "float32": "FP32"
            case "float64": "FP64"
            case "str", "object": "BYTES"
            default: tensor.dtype.uppercased()
            }
        return [
            "name": .string(tensor.name ?? "input-\(position)"), "datatype": .string(datatype),
            "shape": .array(shape.map(JSONValue.int)), "data": [zeros(tensor)],
        ]
    }

    /// The first row with its names; nil when rows have none.
    private var row: JSONObject? {
        guard case .columns(let columns) = model.contents, columns[0].name != nil else { return nil }
        let sample = model.request
        if let split = sample?["dataframe_split"], let names = split["columns"]?.arrayValue,
            let cells = split["data"]?.arrayValue?.first?.arrayValue, cells.count == names.count
        {
            return JSONObject(zip(names, cells).map { (key: $0.stringValue ?? "", value: $1) })
        }
        for key in ["dataframe_records", "inputs", "instances"] {
            if let record = sample?[key]?.arrayValue?.first?.objectValue { return record }
        }
        return JSONObject(columns.filter(\.required).map { (key: $0.name ?? "", value: zero($0.type)) })
    }

    private func zero(_ type: JSONValue) -> JSONValue {
        switch type.stringValue ?? type["type"]?.stringValue {
        case "boolean": return false
        case "integer", "long": return 0
        case "float", "double": return 0.0
        case "datetime": return "2024-01-02T03:04:05"
        case "array": return []
        case "map": return [:]
        case "object":
            let members = type["properties"]?.objectValue?.members ?? []
            return .object(
                JSONObject(
                    members.filter { $0.value["required"]?.boolValue ?? true }.map {
                        (key: $0.key, value: zero($0.value))
                    }))
        default: return ""
        }
    }

    private func datatype(_ type: JSONValue) -> JSONValue? {
        switch type.stringValue ?? type["type"]?.stringValue {
        case "boolean": "BOOL"
        case "integer": "INT32"
        case "long": "INT64"
        case "float": "FP32"
        case "double": "FP64"
        case "string", "binary", "datetime": "BYTES"
        default: nil
        }
    }

    private func zeros(_ tensor: ServedModel.Tensor) -> JSONValue {
        var value: JSONValue =
            switch tensor.dtype {
            case "bool": false
            case "str", "object": ""
            case let name where name.hasPrefix("float"): 0.0
            default: 0
            }
        for length in tensor.shape.dropFirst().reversed() {
            value = .array(Array(repeating: value, count: max(length, 1)))
        }
        return value
    }
}
