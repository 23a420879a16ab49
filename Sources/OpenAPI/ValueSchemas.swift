import JSONText

/// JSON Schema (2020-12) of single values, as strict as the server is: what a schema takes, the server takes, and nothing is
/// changed silently on the way.
enum ValueSchemas {
    private static let dateTime =
        "^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
        + "([T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\\.[0-9]{1,9})?)?)?$"

    // Numbers as texts, which MLflow's clients send.
    private static let integerText: JSONValue = "^[+-]?[0-9]+$"
    private static let numberText: JSONValue =
        "^[+-]?(([0-9]+(\\.[0-9]*)?|\\.[0-9]+)([eE][+-]?[0-9]+)?|[nN][aA][nN]|[iI][nN][fF]([iI][nN][iI][tT][yY])?)$"

    /// One cell of a column.
    ///
    /// - Parameter takesMissingIntegers: whether whole numbers and truth values of an optional column may be null.
    static func cell(_ column: ServedModel.Column, takesMissingIntegers: Bool) -> JSONValue {
        let isOptional = !column.required
        switch column.type.stringValue ?? column.type["type"]?.stringValue {
        case "boolean":
            let forms: [JSONValue] = [["type": "boolean"], ["type": "integer", "enum": [0, 1]]]
            return ["anyOf": .array(forms + (isOptional && takesMissingIntegers ? [["type": "null"]] : []))]
        case "integer", "long":
            let others: [JSONValue] = ["boolean", "string"] + (isOptional && takesMissingIntegers ? ["null"] : [])
            return number(column.type, others: others, text: integerText)
        case "float", "double": return number(column.type, others: ["boolean", "string", "null"], text: numberText)
        case "string": return ["type": ["string", "null"]]
        case "datetime":
            let stamp: JSONValue = [
                "type": "integer", "minimum": .int(Int.min), "maximum": .int(Int.max),
                "description": "Nanoseconds since 1970",
            ]
            return ["anyOf": [inner("datetime"), stamp, ["type": "null"]]]
        case "binary": return inner("binary")
        default: return isOptional ? orNull(inner(column.type)) : inner(column.type)
        }
    }

    /// A number of a cell, where other types of JSON stand for numbers too.
    private static func number(_ type: JSONValue, others: [JSONValue], text: JSONValue) -> JSONValue {
        guard var object = inner(type).objectValue, let word = object["type"] else { return [:] }
        object["type"] = .array([word] + others)
        object["pattern"] = text
        return .object(object)
    }

    private static func orNull(_ schema: JSONValue) -> JSONValue {
        guard var object = schema.objectValue, let word = object["type"] else { return schema }
        object["type"] = [word, "null"]
        return .object(object)
    }

    /// A value inside an array, an object or a map, or a parameter: nothing stands for anything else there.
    static func inner(_ type: JSONValue) -> JSONValue {
        switch type.stringValue ?? type["type"]?.stringValue {
        case "boolean": return ["type": "boolean"]
        case "integer":
            return [
                "type": "integer", "format": "int32", "minimum": .int(Int(Int32.min)), "maximum": .int(Int(Int32.max)),
            ]
        case "long":
            return ["type": "integer", "format": "int64", "minimum": .int(Int.min), "maximum": .int(Int.max)]
        case "float":
            let limit = Double(Float.greatestFiniteMagnitude)
            return ["type": "number", "format": "float", "minimum": .double(-limit), "maximum": .double(limit)]
        case "double": return ["type": "number", "format": "double"]
        case "string": return ["type": "string"]
        case "binary":
            return ["type": "string", "contentEncoding": "base64", "pattern": "^[A-Za-z0-9+/\\r\\n]*={0,2}$"]
        case "datetime": return ["type": "string", "pattern": .string(dateTime)]
        case "array": return ["type": "array", "items": element(of: type["items"])]
        case "map": return ["type": "object", "additionalProperties": nested(type["values"])]
        case "object": return object(type["properties"]?.objectValue?.members ?? [])
        default: return [:]
        }
    }

    private static func object(_ members: [(key: String, value: JSONValue)]) -> JSONValue {
        var properties: JSONObject = [:]
        var required: [JSONValue] = []
        for (name, spec) in members {
            let isRequired = spec["required"]?.boolValue ?? true
            properties[name] = isRequired ? nested(spec) : orNull(nested(spec))
            if isRequired { required.append(.string(name)) }
        }
        return [
            "type": "object", "properties": .object(properties), "required": .array(required),
            "additionalProperties": false,
        ]
    }

    /// As `inner`; arrays, objects and maps inside others may be null.
    private static func nested(_ type: JSONValue?) -> JSONValue {
        let schema = inner(type ?? "any")
        return ["array", "map", "object"].contains(type?["type"]?.stringValue) ? orNull(schema) : schema
    }

    /// As `nested`; a missing number of an array is null.
    private static func element(of type: JSONValue?) -> JSONValue {
        let schema = nested(type)
        return ["double", "float"].contains(type?.stringValue ?? type?["type"]?.stringValue) ? orNull(schema) : schema
    }

    // MARK: Tensors

    /// One row of a tensor.
    static func row(_ tensor: ServedModel.Tensor) -> JSONValue {
        var schema = element(tensor.dtype)
        for length in tensor.shape.dropFirst().reversed() {
            var list: JSONObject = ["type": "array", "items": schema]
            if length >= 0 {
                list["minItems"] = .int(length)
                list["maxItems"] = .int(length)
            }
            schema = .object(list)
        }
        return schema
    }

    private static func element(_ dtype: String) -> JSONValue {
        func integer(_ minimum: Int, _ maximum: Int) -> JSONValue {
            [
                "type": ["integer", "boolean", "string"], "minimum": .int(minimum), "maximum": .int(maximum),
                "pattern": integerText,
            ]
        }
        switch dtype {
        case "float16", "float32", "float64":
            return ["type": ["number", "boolean", "string", "null"], "pattern": numberText]
        case "bool": return ["type": "boolean"]
        case "str": return ["type": "string"]
        case "int8": return integer(-128, 127)
        case "int16": return integer(-32768, 32767)
        case "int32": return integer(Int(Int32.min), Int(Int32.max))
        case "int64": return integer(Int.min, Int.max)
        case "uint8": return integer(0, 255)
        case "uint16": return integer(0, 65535)
        case "uint32": return integer(0, 4_294_967_295)
        case "uint64": return ["type": ["integer", "boolean", "string"], "minimum": 0, "pattern": integerText]
        default: return ["type": ["string", "number", "boolean", "null"]]
        }
    }
}
