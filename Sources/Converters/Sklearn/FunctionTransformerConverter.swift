import Pickle
import Scoring

/// `FunctionTransformer` without a function, which hands its input on; a fitted `"passthrough"` is one from 1.2.
struct FunctionTransformerConverter: Converter {
    static let classNames = ["sklearn.preprocessing._function_transformer.FunctionTransformer"]

    let estimator: Estimator

    init(_ estimator: Estimator) throws {
        self.estimator = estimator
        if let function = estimator["func"], function != .null {
            // The survey of names reports every function that it does not know, with the same path.
            guard let global = estimator.graph.global(function),
                GlobalCatalog(modelTypes: []).verdict(on: global) == .allowed
            else { throw Refused([]) }
            throw estimator.refuse("it calls a function", parameter: "func")
        }
        guard try !estimator.bool("validate", default: false) else {
            throw estimator.refuse("it checks its input", parameter: "validate", value: "True")
        }
    }

    func transform(_ table: Table, into program: inout Program) throws -> Table { table }
}
