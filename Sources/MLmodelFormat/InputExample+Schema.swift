import JSONText

extension InputExample {
    /// The schema that the example suggests, for a model that was logged without a signature; nil when it suggests none.
    ///
    /// Over all rows: whole numbers → long, other numbers or a mix → double, texts → string, truth values → boolean, lists of
    /// one such type → array; a null or absent value makes the column optional; whatever is not clear is `any`. Arrays
    /// become tensors whose first length is open. Column names and their order are those of the example.
    public func inferredSchema() -> Schema? {
        switch content {
        case .table(let columns, let rows):
            return table(columns, rows)
        case .tensor(let array):
            return TensorShape(array).map { .tensors([$0.spec(name: nil)]) }
        case .tensors(let arrays):
            var specs: [TensorSpec] = []
            for member in arrays.members {
                guard let shape = TensorShape(member.value) else { return nil }
                specs.append(shape.spec(name: member.key))
            }
            return specs.isEmpty ? nil : .tensors(specs)
        case .json(let value):
            return json(value)
        }
    }

    private func table(_ columns: [String]?, _ rows: [[JSONValue]]) -> Schema? {
        let width = columns?.count ?? rows.first?.count ?? 0
        guard width > 0 else { return nil }
        let specs = (0..<width).map { index in
            let inferred = ColumnInference(rows.map { $0[index] })
            // Columns without names count by position, so none can be absent.
            let isRequired = columns == nil || inferred.isRequired
            return ColumnSpec(name: columns?[index], type: inferred.type, required: isRequired)
        }
        return .columns(specs)
    }

    private func json(_ value: JSONValue) -> Schema? {
        if let records {
            var names: [String] = []
            var seen: Set<String> = []
            for record in records { names += record.keys.filter { seen.insert($0).inserted } }
            return table(names, records.map { record in names.map { record[$0] ?? .null } })
        }
        guard let object = value.objectValue, !object.isEmpty else { return nil }
        // A list could be a column of rows or one row's value.
        let isOneRow = object.members.allSatisfy { $0.value.arrayValue == nil }
        guard isOneRow else { return .columns(object.keys.map { ColumnSpec(name: $0, type: .any) }) }
        return table(object.keys, [object.members.map(\.value)])
    }
}

/// The type that all values of a column share.
private struct ColumnInference {
    let type: ColumnType
    let isRequired: Bool

    init(_ values: [JSONValue]) {
        let present = values.filter { !$0.isNull }
        isRequired = present.count == values.count && !values.isEmpty
        let types = present.map(Self.type)
        guard let first = types.first else {
            type = .any
            return
        }
        if types.allSatisfy({ $0 == first }) {
            type = first
        } else {
            type = types.allSatisfy { $0 == .long || $0 == .double } ? .double : .any
        }
    }

    private static func type(_ value: JSONValue) -> ColumnType {
        switch value {
        case .bool: return .boolean
        case .string: return .string
        case .number(let number):
            guard number.isInteger else { return .double }
            return number.int64 == nil ? .any : .long
        case .array(let items):
            let item = ColumnInference(items)
            return item.isRequired && item.type.isScalar ? .array(item.type) : .any
        case .null, .object: return .any
        }
    }
}

/// The lengths and the element type of regular nested lists.
private struct TensorShape {
    private var shape: [Int]
    private var dtype: String?

    /// Nil when lists on one level differ in length, or elements in kind.
    init?(_ value: JSONValue) {
        guard value.arrayValue != nil else { return nil }
        guard let shape = Self.lengths(value) else { return nil }
        self.shape = shape
        var dtypes: Set<String> = []
        guard Self.collect(value, depth: shape.count, into: &dtypes) else { return nil }
        if dtypes.isSubset(of: ["int64", "float64"]) {
            dtype = dtypes.contains("float64") ? "float64" : dtypes.first
        } else {
            dtype = dtypes.count == 1 ? dtypes.first : nil
        }
        guard dtype != nil else { return nil }
    }

    func spec(name: String?) -> TensorSpec {
        TensorSpec(name: name, dtype: dtype ?? "object", shape: [-1] + shape.dropFirst())
    }

    private static func lengths(_ value: JSONValue) -> [Int]? {
        guard let items = value.arrayValue else { return [] }
        guard let first = items.first, let inner = lengths(first) else { return nil }
        for item in items.dropFirst() where lengths(item) != inner { return nil }
        return [items.count] + inner
    }

    private static func collect(_ value: JSONValue, depth: Int, into dtypes: inout Set<String>) -> Bool {
        switch value {
        case .array(let items): return items.allSatisfy { collect($0, depth: depth - 1, into: &dtypes) }
        case .bool: dtypes.insert("bool")
        case .string: dtypes.insert("str")
        // MLflow writes NaN as null, which only an array of floats can hold.
        case .null: dtypes.insert("float64")
        case .number(let number): dtypes.insert(number.int64 == nil ? "float64" : "int64")
        case .object: return false
        }
        return depth == 0
    }
}
