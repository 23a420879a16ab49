import Diagnostics
public import JSONText

extension ColumnType {
    /// The scalar types by MLflow's name.
    static let scalars: [(name: String, type: ColumnType)] = [
        ("boolean", .boolean), ("integer", .integer), ("long", .long), ("float", .float), ("double", .double),
        ("string", .string), ("binary", .binary), ("datetime", .datetime),
    ]

    /// True for the types that a single JSON value holds: boolean to datetime.
    public var isScalar: Bool { Self.scalars.contains { $0.type == self } }

    /// The name of a scalar type, as MLflow writes it; nil for the others.
    public var scalarName: String? { Self.scalars.first { $0.type == self }?.name }

    /// The type as MLflow writes it: a string for scalars, an object such as `{"type": "array", "items": {…}}` for others.
    public var json: JSONValue {
        guard let scalarName else { return .object(specification) }
        return .string(scalarName)
    }

    /// The type as an object with the key `type`, the form in which types are nested.
    var specification: JSONObject {
        switch self {
        case .boolean, .integer, .long, .float, .double, .string, .binary, .datetime:
            return ["type": json]
        case .array(let element):
            return ["type": "array", "items": .object(element.specification)]
        case .map(let value):
            return ["type": "map", "values": .object(value.specification)]
        case .object(let properties):
            let members = properties.map { property in
                var specification = property.type.specification
                specification["required"] = .bool(property.required)
                return (key: property.name, value: JSONValue.object(specification))
            }
            return ["type": "object", "properties": .object(JSONObject(members))]
        case .any:
            return ["type": "any"]
        case .sparkVector:
            return ["type": "sparkml_vector"]
        }
    }

    /// The type for people: `double`, `array of string`.
    public var words: String {
        switch self {
        case .array(let element): "array of \(element.words)"
        case .map(let value): "map to \(value.words)"
        case .object: "object"
        case .any: "any"
        case .sparkVector: "vector"
        case .boolean, .integer, .long, .float, .double, .string, .binary, .datetime: scalarName ?? ""
        }
    }
}

/// Reads `{"type": …}` of columns, properties, items and values; nesting is bounded by the JSON reader.
struct ColumnTypeReader {
    let fail: (_ words: String) -> MLmodelError

    func type(_ item: JSONValue, at path: String, key: String = "type") throws(MLmodelError) -> ColumnType {
        guard let name = item[key]?.stringValue else { throw fail("should hold a text at `\(path).\(key)`") }
        switch name {
        case "array":
            return .array(try nested(item, "items", at: path))
        case "map":
            return .map(try nested(item, "values", at: path))
        case "object":
            return .object(try properties(item, at: path))
        case "any":
            return .any
        case "sparkml_vector":
            return .sparkVector
        default:
            guard let scalar = ColumnType.scalars.first(where: { $0.name == name }) else {
                let known = ColumnType.scalars.map { "`\($0.name)`" }.joined(separator: ", ")
                throw fail("names the type `\(escaped(name, limit: 60))`, which is none of \(known)")
            }
            return scalar.type
        }
    }

    private func nested(_ item: JSONValue, _ key: String, at path: String) throws(MLmodelError) -> ColumnType {
        guard let value = item[key] else { throw fail("has no `\(path).\(key)`") }
        return try type(value, at: "\(path).\(key)")
    }

    private func properties(_ item: JSONValue, at path: String) throws(MLmodelError) -> [ColumnType.Property] {
        guard let members = item["properties"]?.objectValue?.members, !members.isEmpty else {
            throw fail("should hold an object of at least one property at `\(path).properties`")
        }
        var properties: [ColumnType.Property] = []
        for member in members {
            let place = "\(path).properties.\(escaped(member.key, limit: 60))"
            properties.append(
                ColumnType.Property(
                    name: member.key, type: try type(member.value, at: place),
                    required: member.value["required"]?.boolValue ?? true))
        }
        return properties
    }
}
