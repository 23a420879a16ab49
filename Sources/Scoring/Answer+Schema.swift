public import JSONText

extension Answer {
    /// The JSON Schema (2020-12) of what the scorer writes for the answer: a number that is not finite is null.
    public var jsonSchema: JSONValue {
        func list(_ items: JSONValue, _ count: Int? = nil) -> JSONValue {
            var schema: JSONObject = ["type": "array", "items": items]
            if let count {
                schema["minItems"] = .int(count)
                schema["maxItems"] = .int(count)
            }
            return .object(schema)
        }
        switch layout {
        case .flat: return list(element(0))
        case .rows: return list(list(mixed(0..<slots.count), slots.count))
        case .groups(let widths):
            let tables = widths.map { list(list(mixed(0..<slots.count), $0)) }
            guard let first = tables.first, !tables.allSatisfy({ $0 == first }) else {
                return list(tables.first ?? [:], widths.count)
            }
            var schema: JSONObject = ["type": "array", "prefixItems": .array(tables)]
            schema["minItems"] = .int(widths.count)
            schema["maxItems"] = .int(widths.count)
            return .object(schema)
        }
    }

    private func element(_ column: Int) -> JSONValue {
        guard labels.indices.contains(column) else { return ["type": ["number", "null"]] }
        return switch labels[column] {
        case .strings: ["type": "string"]
        case .integers: ["type": "integer"]
        case .doubles: ["type": ["number", "null"]]
        case .booleans: ["type": "boolean"]
        }
    }

    /// The schema of the columns' values where they may differ.
    private func mixed(_ columns: Range<Int>) -> JSONValue {
        var different: [JSONValue] = []
        for column in columns where !different.contains(element(column)) { different.append(element(column)) }
        return different.count == 1 ? different[0] : ["anyOf": .array(different)]
    }
}
