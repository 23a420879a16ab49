import Pickle
import Scoring

/// `ColumnTransformer`: transformers of some columns each, and their outputs side by side.
///
/// Columns are those of `_transformer_to_input_indices`, in which selectors, slices, masks and names are resolved; a
/// pandas table is asked for them by name. Rules from `sklearn/compose/_column_transformer.py`, 1.1.3 to 1.9.1.
struct ColumnTransformerConverter: Converter {
    static let classNames = ["sklearn.compose._column_transformer.ColumnTransformer"]

    let estimator: Estimator

    private struct Branch {
        var name: String
        /// Nil passes the columns through.
        var converter: (any Converter)?
        var columns: [Int]
        var weight: Double?
        /// Its column was named alone, not in a list.
        var isSeries = false
    }

    private let branches: [Branch]
    private let featureNames: [String]?
    private let makesSparse: Bool
    private let width: Int

    init(_ estimator: Estimator) throws {
        self.estimator = estimator
        featureNames = try estimator.featureNames()
        let width = try estimator.int("n_features_in_")
        self.width = width
        makesSparse = try estimator.bool("sparse_output_")
        let indices = try estimator.required("_transformer_to_input_indices")
        var branches: [Branch] = []
        var collector = RefusalCollector()
        for (index, item) in try estimator.list("transformers_").enumerated() {
            guard let parts = estimator.graph.elements(item), parts.count == 3,
                let name = estimator.graph.text(parts[0])
            else { throw estimator.unexpected("transformers_", "a list of names, transformers and columns") }
            let word = estimator.graph.text(parts[1])
            if word == "drop" { continue }
            let branch = try collector.attempt { () throws -> Branch? in
                let columns = try ColumnTransformerConverter.columns(name, indices, width, estimator)
                if columns.isEmpty { return nil }
                let weight = try estimator.transformerWeight(name)
                if word == "passthrough" { return Branch(name: name, converter: nil, columns: columns, weight: weight) }
                if word != nil { throw estimator.unexpected("transformers_", "a list of known transformers") }
                let part = try estimator.part(parts[1], at: "transformers_[\(index)]")
                let isSeries =
                    switch PickledScalar(parts[2], estimator.graph) {
                    case .text, .number: true
                    case .null, .bool, .other: false
                    }
                let converter = try ConverterCatalog.converter(for: part)
                if isSeries, !converter.takesTexts {
                    throw part.refuse("it gets its column as a list of values instead of a table")
                }
                return Branch(name: name, converter: converter, columns: columns, weight: weight, isSeries: isSeries)
            }
            if let branch = branch ?? nil { branches.append(branch) }
        }
        try collector.finish()
        self.branches = branches
    }

    private static func columns(
        _ name: String, _ indices: PickleValue, _ width: Int, _ estimator: Estimator
    ) throws -> [Int] {
        guard let value = estimator.graph.value(forKey: name, in: indices) else {
            throw estimator.unexpected("_transformer_to_input_indices", "a list of columns for each transformer")
        }
        var result: [Int] = []
        for item in estimator.graph.elements(value) ?? [value] {
            guard case .number(let number) = PickledScalar(item, estimator.graph), let column = Int(exactly: number),
                (0..<width).contains(column)
            else {
                throw estimator.unexpected("_transformer_to_input_indices", "a list of columns for each transformer")
            }
            result.append(column)
        }
        return result
    }

    func usedColumns(names: [String]?, count: Int) throws -> Set<Int> {
        var used: Set<Int> = []
        for branch in branches { for column in branch.columns { used.insert(try position(column, names, count)) } }
        return used
    }

    /// The place in the given table of a column of the fit.
    private func position(_ column: Int, _ names: [String]?, _ count: Int) throws -> Int {
        guard let featureNames, let names else {
            guard count == width else {
                throw estimator.refuse("it was fitted on \(width) columns and would get \(count)")
            }
            return column
        }
        guard featureNames.indices.contains(column), let position = names.firstIndex(of: featureNames[column]) else {
            let name = featureNames.indices.contains(column) ? featureNames[column] : "\(column)"
            throw estimator.refuse(
                "it uses column `\(name)`, which the signature does not have",
                help: "log the model with a signature inferred from the training table")
        }
        return position
    }

    func transform(_ table: Table, into program: inout Program) throws -> Table {
        let names = table.form == .frame ? table.names : nil
        var outputs: [Table] = []
        var collector = RefusalCollector()
        for branch in branches {
            let output = try collector.attempt { () throws -> Table in
                let columns = try branch.columns.map { try position($0, names, table.lanes.count) }
                var selected = table.selecting(columns)
                selected.isSeries = branch.isSeries
                let output = try branch.converter?.transform(selected, into: &program) ?? selected
                return try weighted(output, by: branch, into: &program)
            }
            if let output { outputs.append(output) }
        }
        try collector.finish()
        return try joined(outputs)
    }

    private func weighted(_ table: Table, by branch: Branch, into program: inout Program) throws -> Table {
        guard let weight = branch.weight, !table.lanes.isEmpty else { return table }
        try table.requireNumbers(for: estimator)
        // Zeros that a sparse matrix stores are not missing to XGBoost, other than those it does not store.
        guard weight != 0 || !table.isSparse else {
            throw estimator.refuse("it weights the sparse `\(branch.name)` with 0", parameter: "transformer_weights")
        }
        let type = table.elementType
        // A table whose columns differ in type is weighted column by column, in types of its own.
        guard type != .object, table.form != .frame || table.lanes.allSatisfy({ $0.elementType == type }) else {
            throw estimator.refuse(
                "it weights `\(branch.name)`, whose columns differ in type", parameter: "transformer_weights")
        }
        let isSingle = type == .float32
        if isSingle { try estimator.requirePlainWeight(branch.name) }
        var result = table
        if !isSingle, table.form != .frame { result.form = .array(.float64) }
        let weights = Array(repeating: isSingle ? Double(Float(weight)) : weight, count: table.lanes.count)
        let slots = try program.builder.scale(
            table.slots, steps: [.multiply(weights)], width: isSingle ? .float32 : .float64)
        for (index, slot) in slots.enumerated() {
            result.lanes[index].slot = slot
            result.lanes[index].kind = .number(isSingle ? .float32 : .float64)
            result.lanes[index].isBounded = false
        }
        return result
    }

    private func joined(_ tables: [Table]) throws -> Table {
        let lanes = tables.flatMap(\.lanes)
        guard !lanes.isEmpty else { throw estimator.refuse("it makes no columns") }
        if makesSparse {
            for table in tables { try table.requireNumbers(for: estimator) }
            // scipy.sparse.hstack of arrays that went through check_array, which makes numbers of objects.
            let types = tables.map { $0.elementType == .object ? ElementType.float64 : $0.elementType }
            return Table(
                lanes: lanes, form: .array(ElementType.promoted(types) ?? .float64), names: nil, isSparse: true)
        }
        if estimator.makesPandas, tables.allSatisfy({ !$0.isSparse }) {
            return Table(lanes: tables.flatMap { $0.asFrame().lanes }, form: .frame, names: nil)
        }
        return Table(
            lanes: lanes, form: .array(ElementType.promoted(tables.map(\.stackedType)) ?? .float64), names: nil)
    }
}

extension Estimator {
    /// What `transformer_weights` says of the transformer `name`; nil when nothing.
    func transformerWeight(_ name: String) throws -> Double? {
        guard let weights = self["transformer_weights"], weights != .null,
            let weight = graph.value(forKey: name, in: weights), weight != .null
        else { return nil }
        guard case .number(let number) = PickledScalar(weight, graph), number.isFinite else {
            throw unexpected("transformer_weights", "one number for each transformer")
        }
        return number
    }

    /// A NumPy scalar in place of a Python number makes float64 of float32 columns, or not, as the version of NumPy has it.
    func requirePlainWeight(_ name: String) throws {
        guard let weights = self["transformer_weights"], case .object? = graph.value(forKey: name, in: weights) else {
            return
        }
        throw refuse(
            "it weights the float32 columns of `\(name)` with a NumPy number, which makes float64 of them in some versions of NumPy",
            parameter: "transformer_weights", help: "give the weight as a Python number: `float(…)`")
    }

    /// `set_output(transform="pandas")` was called.
    var makesPandas: Bool {
        guard let config = self["_sklearn_output_config"] else { return false }
        return graph.value(forKey: "transform", in: config).flatMap { graph.text($0) } == "pandas"
    }

    /// Throws when `set_output(transform="polars")` was called, or what a later version knows.
    func requireKnownContainer() throws {
        guard let config = self["_sklearn_output_config"],
            let word = graph.value(forKey: "transform", in: config).flatMap({ graph.text($0) }),
            word != "default", word != "pandas"
        else { return }
        throw refuse("its tables are of a kind that is not converted", parameter: "transform", value: word)
    }
}
