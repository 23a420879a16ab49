import Pickle
import Scoring

/// `FunctionTransformer` with a NumPy function of one number, or without one, which hands its input on; a fitted `"passthrough"` is
/// the latter from 1.2.
///
/// Elementary functions are done in float64 by glibc; NumPy's differ by up to 3 units in the last place, depending on the processor.
/// In float32 only exact ones (`sqrt`, `absolute`, …) are converted. Rules from
/// `sklearn/preprocessing/_function_transformer.py`, 1.1.3 to 1.9.1.
struct FunctionTransformerConverter: Converter {
    static let classNames = ["sklearn.preprocessing._function_transformer.FunctionTransformer"]

    /// The functions as NumPy 1, 2.0 to 2.2 and later ones name them.
    static let partNames: [String: PickleUse] = {
        var names: [String: PickleUse] = [:]
        for function in ElementaryFunction.allCases {
            for module in modules { names["\(module).\(function.rawValue)"] = [.value] }
        }
        return names
    }()

    private static let modules = ["numpy", "numpy._core._multiarray_umath", "numpy.core._multiarray_umath"]

    let estimator: Estimator
    private let function: ElementaryFunction?
    private let checks: Bool

    init(_ estimator: Estimator) throws {
        self.estimator = estimator
        checks = try estimator.bool("validate", default: false)
        guard let value = estimator["func"], value != .null else {
            function = nil
            return
        }
        // The survey of names reports every function that it does not know, with the same path.
        guard let global = estimator.graph.global(value), ConverterCatalog.names.verdict(on: global) == .allowed else {
            throw Refused([])
        }
        guard FunctionTransformerConverter.modules.contains(global.module),
            let function = ElementaryFunction(rawValue: global.name)
        else {
            throw estimator.refuse(
                "it calls `\(global.qualifiedName)`, which is no function of a number", parameter: "func")
        }
        if let keywords = estimator["kw_args"], keywords != .null, estimator.graph.entries(keywords)?.isEmpty != true {
            throw estimator.refuse("it gives its function further arguments", parameter: "kw_args")
        }
        self.function = function
    }

    func transform(_ table: Table, into program: inout Program) throws -> Table {
        var table = table
        if checks {
            try estimator.requireFittedColumns(table)
            try table.requireNumbers(for: estimator)
            guard !table.isSparse else { throw estimator.refuse("it gets a sparse matrix") }
            try program.requireFinite(table, width: .float64, allowsMissing: false)
            let type = table.elementType == .object ? .float64 : table.elementType
            table = table.asArray(type)
            for index in table.lanes.indices { table.lanes[index].kind = .number(type) }
        }
        guard let function else { return table }
        try table.requireNumbers(for: estimator)
        guard !table.isSparse else { throw estimator.refuse("it gets a sparse matrix") }
        if table.form == .array(.object) { throw estimator.refuse("it gets an array of objects") }
        // A sign jumps at 0 only, which elementary functions meet exactly, and sums do not.
        if [.ceil, .floor, .rint, .trunc].contains(function)
            || (function == .sign && table.lanes.contains(where: \.hasUncertainZeros))
        {
            try table.requireExact(for: estimator)
        }
        var results: [ElementType] = []
        for index in table.lanes.indices {
            let type = table.form == .frame ? table.lanes[index].elementType : table.elementType
            let result = try resultType(function, of: type, column: table.lanes[index].name)
            let slots = try program.builder.function(
                function, [table.lanes[index].slot], width: result == .float32 ? .float32 : .float64)
            table.lanes[index].slot = slots[0]
            table.lanes[index].kind = .number(result)
            table.lanes[index].isBounded = false
            table.lanes[index].mayBeMissing = true
            table.lanes[index].isApproximate = table.lanes[index].isApproximate || !function.isExact
            results.append(result)
        }
        if table.form != .frame { table.form = .array(results.first ?? table.elementType) }
        if !function.isExact {
            program.note(
                "`\(function.rawValue)` is glibc's; NumPy's differs from it in the last bits, depending on the processor"
            )
        }
        return table
    }

    /// The type that NumPy's function gives for a column.
    private func resultType(_ function: ElementaryFunction, of type: ElementType, column: String) throws -> ElementType
    {
        switch type {
        case .float64: return .float64
        case .float32:
            guard function.isExact else {
                throw estimator.refuse(
                    "column `\(column)` is float32, in which NumPy's function depends on the processor",
                    parameter: "func",
                    value: function.rawValue, help: "fit the model on float64 columns")
            }
            return .float32
        case .integer32, .integer64:
            switch function {
            case .absolute, .negative, .positive, .sign: return type
            case .square, .reciprocal, .ceil, .floor, .trunc:
                throw estimator.refuse(
                    "column `\(column)` holds whole numbers, which NumPy's function treats in a way of its own",
                    parameter: "func", value: function.rawValue, help: "fit the model on float64 columns")
            default: return .float64
            }
        case .boolean, .object:
            throw estimator.refuse(
                "column `\(column)` holds truth values", parameter: "func", value: function.rawValue,
                help: "fit the model on float64 columns")
        }
    }
}
