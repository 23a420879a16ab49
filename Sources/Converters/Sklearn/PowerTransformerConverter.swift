import Pickle
import Scoring

/// `PowerTransformer`: Yeo-Johnson or Box-Cox, then perhaps a `StandardScaler`.
///
/// Up to 1.8 Yeo-Johnson is scikit-learn's own formula with NumPy's `power`; from 1.9 it is SciPy's, with `expm1`. Rules from
/// `sklearn/preprocessing/_data.py`, 1.1.3 to 1.9.1, and `scipy/stats/_morestats.py`, 1.17.
struct PowerTransformerConverter: Converter {
    static let classNames = ["sklearn.preprocessing._data.PowerTransformer"]

    let estimator: Estimator
    private let method: PowerMethod
    private let lambdas: [Double]
    private let scaler: ScalerConverter?
    /// An error in a power's last bit is magnified by no more than this.
    private static let mostMagnified = 1e-12

    init(_ estimator: Estimator) throws {
        self.estimator = estimator
        let text = try estimator.text("method")
        switch text {
        case "box-cox": method = .boxCox
        case "yeo-johnson": method = estimator.has(.yeoJohnsonByExponentials) ? .yeoJohnson : .yeoJohnsonByPower
        default: throw estimator.refuse("its method is not one of the known ones", parameter: "method", value: text)
        }
        guard try estimator.array("lambdas_").type.itemSize == 8 else {
            throw estimator.refuse(
                "it was fitted on float32 columns", parameter: "lambdas_", help: "fit the model on float64 columns")
        }
        let lambdas = try estimator.numbers("lambdas_")
        self.lambdas = lambdas
        guard lambdas.allSatisfy(\.isFinite) else {
            throw estimator.refuse("its exponents are not all finite", parameter: "lambdas_")
        }
        guard try estimator.bool("standardize") else {
            scaler = nil
            return
        }
        let part = try estimator.part(try estimator.required("_scaler"), at: "_scaler")
        scaler = try ScalerConverter(part)
        guard method == .yeoJohnsonByPower else { return }
        let scales = try part.numbers("scale_")
        for (lambda, scale) in zip(lambdas, scales)
        where lambda != 1
            && Double.ulpOfOne > PowerTransformerConverter.mostMagnified * abs(scale)
                * max(min(abs(lambda), abs(2 - lambda)), Double.ulpOfOne)
        {
            throw estimator.refuse(
                "it divides powers by \(scale), which magnifies the last bit of NumPy's `power`, and that depends on the "
                    + "processor", parameter: "lambdas_",
                help: "scale the columns before this step, or use scikit-learn 1.9")
        }
    }

    func transform(_ table: Table, into program: inout Program) throws -> Table {
        try estimator.requireFittedColumns(table)
        try table.requireWidth(lambdas.count, for: estimator)
        guard !table.isSparse else { throw estimator.refuse("it gets a sparse matrix") }
        guard try table.floatType(for: estimator) == .float64 else {
            throw estimator.refuse(
                "its columns are float32, in which NumPy's `power` and `log1p` depend on the processor",
                help: "fit the model on float64 columns")
        }
        try program.requireFinite(table, width: .float64, allowsMissing: true)
        if method == .boxCox { try program.builder.requireAbove(table.slots, limit: 0) }
        var result = table.asArray(.float64)
        let slots = try program.builder.powerTransform(table.slots, method: method, lambdas: lambdas)
        for (index, slot) in slots.enumerated() {
            result.lanes[index].slot = slot
            result.lanes[index].kind = .number(.float64)
            result.lanes[index].isBounded = false
            result.lanes[index].isApproximate = true
        }
        program.note(
            "PowerTransformer uses glibc's functions; NumPy's differ from them in the last bits, depending on the processor"
        )
        return try scaler?.transform(result, into: &program) ?? result
    }
}
