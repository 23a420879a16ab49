import Bytes
import Diagnostics
import JSONText
import YAMLText

/// Reads the JSON texts inside `signature` under the rules of MLflow's `Schema`, `ColSpec`, `TensorSpec` and `ParamSpec`
/// (`mlflow/types/schema.py`, 1.30 to 3.17).
struct SchemaReader {
    private let field: String
    private let file: String
    private let mark: YAMLMark
    private let items: [JSONValue]

    init(text: String, field: String, file: String, mark: YAMLMark) throws(MLmodelError) {
        self.field = field
        self.file = file
        self.mark = mark
        let value: JSONValue
        do {
            value = try JSONText.parse(ByteRegion(text))
        } catch {
            throw MLmodelError(
                .json, "`\(field)` is not valid JSON (\(error.reason), at byte \(error.offset) of the text)",
                file: file,
                at: mark)
        }
        guard let items = value.arrayValue else {
            throw MLmodelError(
                .schema, "`\(field)` should be a JSON array, and is \(value.kindInWords)", file: file, at: mark)
        }
        self.items = items
    }

    func schema() throws(MLmodelError) -> Schema {
        guard !items.isEmpty else { throw error("is an empty list") }
        let tensorCount = items.count { $0["type"]?.stringValue == "tensor" }
        guard tensorCount == 0 || tensorCount == items.count else { throw error("mixes columns and tensors") }
        return tensorCount == 0 ? .columns(try columns()) : .tensors(try tensors())
    }

    func params() throws(MLmodelError) -> [ParamSpec] {
        var params: [ParamSpec] = []
        for index in items.indices { params.append(try param(items[index], at: "[\(index)]")) }
        if let name = repeated(params.map(\.name)) { throw error("has two parameters named `\(escaped(name))`") }
        return params
    }

    private func columns() throws(MLmodelError) -> [ColumnSpec] {
        var columns: [ColumnSpec] = []
        for index in items.indices { columns.append(try column(items[index], at: "[\(index)]")) }
        if let unnamed = withoutDefaultNames(columns) { return unnamed }
        let names = columns.compactMap(\.name)
        guard names.isEmpty || names.count == columns.count else { throw error("mixes named and unnamed columns") }
        if names.isEmpty, columns.contains(where: { !$0.required }) {
            throw error("has unnamed columns that are optional, so their positions are not clear")
        }
        if let name = repeated(names) { throw error("has two columns named `\(escaped(name))`") }
        return columns
    }

    /// The columns by position when their names are the numbers 0, 1, 2, …: pandas made those up for data without names,
    /// and MLflow's server makes them up again for a request without names.
    private func withoutDefaultNames(_ columns: [ColumnSpec]) -> [ColumnSpec]? {
        for index in columns.indices where items[index]["name"]?.intValue != index { return nil }
        return columns.map { ColumnSpec(name: nil, type: $0.type, required: $0.required) }
    }

    private func column(_ item: JSONValue, at path: String) throws(MLmodelError) -> ColumnSpec {
        let type = try ColumnTypeReader(fail: error).type(item, at: path)
        return ColumnSpec(
            name: try name(item, at: path), type: type, required: try required(item, type: type, at: path))
    }

    /// `required` (MLflow 2.9 and later) or its older opposite `optional`.
    private func required(_ item: JSONValue, type: ColumnType, at path: String) throws(MLmodelError) -> Bool {
        for (key, meaning) in [("required", true), ("optional", false)] {
            guard let value = item[key], !value.isNull else { continue }
            guard let flag = value.boolValue else {
                throw error("should hold true or false at `\(path).\(key)`, and holds \(value.kindInWords)")
            }
            return flag == meaning
        }
        // MLflow's `ColSpec.from_json_dict` takes a scalar column without the key as required, and every other as optional;
        // its `Schema` has no optional columns without names.
        return type.isScalar || item["name"] == nil
    }

    private func name(_ item: JSONValue, at path: String) throws(MLmodelError) -> String? {
        switch item["name"] {
        case nil, .null: return nil
        case .string(let name): return name
        // A pandas table whose columns are numbers.
        case .number(let number): return number.text
        case let value?: throw error("should hold a text at `\(path).name`, and holds \(value.kindInWords)")
        }
    }

    private func tensors() throws(MLmodelError) -> [TensorSpec] {
        var tensors: [TensorSpec] = []
        for index in items.indices { tensors.append(try tensor(items[index], at: "[\(index)]")) }
        let names = tensors.compactMap(\.name)
        guard names.count == tensors.count || (names.isEmpty && tensors.count == 1) else {
            throw error("has several tensors, and not all have a name")
        }
        if let name = repeated(names) { throw error("has two tensors named `\(escaped(name))`") }
        return tensors
    }

    private func tensor(_ item: JSONValue, at path: String) throws(MLmodelError) -> TensorSpec {
        guard let spec = item["tensor-spec"], let dtype = spec["dtype"]?.stringValue else {
            throw error("should hold a text at `\(path).tensor-spec.dtype`")
        }
        guard let shape = try shape(spec["shape"], at: "\(path).tensor-spec.shape") else {
            throw error("should hold a list of lengths at `\(path).tensor-spec.shape`")
        }
        return TensorSpec(name: try name(item, at: path), dtype: dtype, shape: shape)
    }

    private func shape(_ value: JSONValue?, at path: String) throws(MLmodelError) -> [Int]? {
        guard let value, !value.isNull else { return nil }
        let lengths = (value.arrayValue ?? [.null]).map(\.intValue)
        guard lengths.count <= 32, lengths.allSatisfy({ $0.map { $0 >= -1 && $0 <= Int(Int32.max) } ?? false }) else {
            throw error("should hold at most 32 lengths, each a whole number or -1, at `\(path)`")
        }
        return lengths.compactMap(\.self)
    }

    private func param(_ item: JSONValue, at path: String) throws(MLmodelError) -> ParamSpec {
        guard let name = try name(item, at: path) else { throw error("should hold a text at `\(path).name`") }
        let type = try ColumnTypeReader(fail: error).type(item, at: path, key: item["type"] == nil ? "dtype" : "type")
        switch type {
        case .boolean, .integer, .long, .float, .double, .string, .datetime, .object: break
        case .binary, .array, .map, .any, .sparkVector:
            throw error("has a parameter `\(escaped(name))` of a type that parameters cannot have")
        }
        guard let defaultValue = item["default"] else { throw error("has no default at `\(path).default`") }
        let shape = try shape(item["shape"], at: "\(path).shape")
        guard shape == nil || shape == [-1] else {
            throw error("has a parameter `\(escaped(name))` whose shape is neither null nor [-1]")
        }
        return ParamSpec(name: name, type: type, default: defaultValue, shape: shape)
    }

    private func repeated(_ names: [String]) -> String? {
        var seen: Set<String> = []
        return names.first { !seen.insert($0).inserted }
    }

    private func error(_ words: String) -> MLmodelError {
        MLmodelError(.schema, "`\(field)` \(words)", file: file, at: mark)
    }
}
