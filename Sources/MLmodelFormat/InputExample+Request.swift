public import JSONText

extension InputExample {
    /// The example as a body for `POST /invocations`, as MLflow's own `serving_input_example.json` has it: a table becomes
    /// `dataframe_split`, everything else `inputs`; parameters stand beside it.
    ///
    /// A logged object with a key `messages`, `prompt` or `input` is the body itself (MLflow's form for language models).
    public var servingRequest: JSONValue {
        var request: JSONObject
        switch content {
        case .table(let columns, let rows):
            let data = JSONValue.array(rows.map(JSONValue.array))
            guard let columns else {
                request = ["dataframe_split": ["data": data]]
                break
            }
            request = [
                "dataframe_split": ["columns": .array(columnValues ?? columns.map(JSONValue.string)), "data": data]
            ]
        case .tensor(let array):
            request = ["inputs": array]
        case .tensors(let arrays):
            request = ["inputs": .object(arrays)]
        case .json(.object(let object)) where ["messages", "prompt", "input"].contains { object[$0] != nil }:
            request = object
            for member in params?.members ?? [] { request[member.key] = member.value }
            return .object(request)
        case .json(let value):
            request = ["inputs": value]
        }
        if let params { request["params"] = .object(params) }
        return .object(request)
    }

    /// The rows as one object each, for `POST /predict`; nil unless the example is a table with names or a list of objects.
    public var records: [JSONObject]? {
        switch content {
        case .table(let columns?, let rows):
            return rows.map { row in JSONObject(zip(columns, row).map { (key: $0, value: $1) }) }
        case .json(.array(let items)):
            let objects = items.compactMap(\.objectValue)
            return objects.count == items.count && !items.isEmpty ? objects : nil
        case .table, .tensor, .tensors, .json:
            return nil
        }
    }
}
