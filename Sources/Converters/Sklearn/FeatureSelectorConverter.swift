import Pickle
import Scoring

/// The selectors of `sklearn.feature_selection`: some of the columns, unchanged. `RFE` and `RFECV` predict with them too.
///
/// Rules from `sklearn/feature_selection/_base.py`, `_univariate_selection.py`, `_variance_threshold.py`, `_rfe.py` and
/// `_sequential.py`, 1.1.3 to 1.9.1; `SelectFromModel` in `ModelImportances`.
struct FeatureSelectorConverter: Converter {
    static let classNames =
        ["GenericUnivariateSelect", "SelectFdr", "SelectFpr", "SelectFwe", "SelectKBest", "SelectPercentile"]
        .map { "sklearn.feature_selection._univariate_selection.\($0)" } + [
            "sklearn.feature_selection._from_model.SelectFromModel", "sklearn.feature_selection._rfe.RFE",
            "sklearn.feature_selection._rfe.RFECV",
            "sklearn.feature_selection._sequential.SequentialFeatureSelector",
            "sklearn.feature_selection._variance_threshold.VarianceThreshold",
        ]

    static let partNames: [String: PickleUse] = {
        var names: [String: PickleUse] = [:]
        for name in ["chi2", "f_classif", "f_oneway", "f_regression", "r_regression"] {
            names["sklearn.feature_selection._univariate_selection.\(name)"] = [.value]
        }
        for name in ["mutual_info_classif", "mutual_info_regression"] {
            names["sklearn.feature_selection._mutual_info.\(name)"] = [.value]
        }
        return names
    }()

    let estimator: Estimator
    private let width: Int
    private let support: [Int]
    private let takesMissing: Bool
    /// The estimator that `RFE` fitted on the columns that it keeps.
    private let predictor: (any Converter)?

    init(_ estimator: Estimator) throws {
        self.estimator = estimator
        let mask = try FeatureSelectorConverter.mask(estimator)
        width = mask.count
        support = mask.indices.filter { mask[$0] }
        guard !support.isEmpty else { throw estimator.refuse("it keeps no column") }
        takesMissing = try MissingTag.isSet(forSelector: estimator)
        let isEliminator = estimator.shortName == "RFE" || estimator.shortName == "RFECV"
        predictor =
            isEliminator
            ? try ConverterCatalog.converter(
                for: try estimator.part(try estimator.required("estimator_"), at: "estimator_"))
            : nil
    }

    /// Which columns are kept.
    private static func mask(_ estimator: Estimator) throws -> [Bool] {
        switch estimator.shortName {
        case "VarianceThreshold":
            guard let threshold = try estimator.number("threshold") else {
                throw estimator.unexpected("threshold", "a number")
            }
            return try estimator.numbers("variances_").map { $0 > threshold }
        case "RFE", "RFECV", "SequentialFeatureSelector":
            let array = try estimator.array("support_")
            guard array.type.kind == .boolean, let flags = array.integers else {
                throw estimator.unexpected("support_", "an array of truth values")
            }
            return flags.map { $0 == 1 }
        case "SelectFromModel": return try ModelImportances.mask(estimator)
        case "SelectKBest": return try best(estimator, "k")
        case "SelectPercentile": return try percentile(estimator, "percentile")
        case "SelectFpr", "SelectFdr", "SelectFwe": return try significant(estimator, estimator.shortName, "alpha")
        default:
            let mode = try estimator.text("mode")
            switch mode {
            case "k_best": return try best(estimator, "param")
            case "percentile": return try percentile(estimator, "param")
            case "fpr": return try significant(estimator, "SelectFpr", "param")
            case "fdr": return try significant(estimator, "SelectFdr", "param")
            case "fwe": return try significant(estimator, "SelectFwe", "param")
            default: throw estimator.refuse("its rule is not known", parameter: "mode", value: mode)
            }
        }
    }

    /// The scores; NaN counts as the smallest number.
    private static func scores(_ estimator: Estimator, isDouble: Bool) throws -> [Double] {
        let array = try estimator.array("scores_")
        guard let scores = array.numbers, array.type.kind == .float, array.type.itemSize == 8 || !isDouble else {
            throw estimator.unexpected("scores_", isDouble ? "an array of float64" : "an array of floats")
        }
        return scores.map { $0.isNaN ? -Double.greatestFiniteMagnitude : $0 }
    }

    private static func best(_ estimator: Estimator, _ parameter: String) throws -> [Bool] {
        let scores = try scores(estimator, isDouble: false)
        if estimator[parameter].flatMap({ estimator.graph.text($0) }) == "all" { return scores.map { _ in true } }
        let count = try estimator.int(parameter)
        guard count >= 0 else { throw estimator.unexpected(parameter, "a number of columns") }
        let order = scores.indices.sorted { (scores[$0], $0) < (scores[$1], $1) }
        let kept = Set(order.suffix(count))
        return scores.indices.map { kept.contains($0) }
    }

    private static func percentile(_ estimator: Estimator, _ parameter: String) throws -> [Bool] {
        let scores = try scores(estimator, isDouble: true)
        guard let percentile = try estimator.number(parameter), (0...100).contains(percentile) else {
            throw estimator.unexpected(parameter, "a number from 0 to 100")
        }
        if percentile == 100 { return scores.map { _ in true } }
        if percentile == 0 { return scores.map { _ in false } }
        let threshold = quantile(scores.sorted(), (100 - percentile) / 100)
        var mask = scores.map { $0 > threshold }
        let room = Int(Double(scores.count) * percentile / 100) - mask.count { $0 }
        let ties = scores.indices.filter { scores[$0] == threshold }
        // A negative end of a Python slice counts from the end.
        let kept = room >= 0 ? ties.prefix(room) : ties.dropLast(-room)
        for index in kept { mask[index] = true }
        return mask
    }

    /// `numpy.percentile` of ascending numbers: `_lerp` of `numpy/lib/_function_base_impl.py`.
    private static func quantile(_ sorted: [Double], _ fraction: Double) -> Double {
        let position = Double(sorted.count - 1) * fraction
        let low = Int(position.rounded(.down))
        guard low + 1 < sorted.count else { return sorted[sorted.count - 1] }
        let part = position - position.rounded(.down)
        let step = sorted[low + 1] - sorted[low]
        return part >= 0.5 ? sorted[low + 1] - step * (1 - part) : sorted[low] + step * part
    }

    private static func significant(_ estimator: Estimator, _ rule: String, _ parameter: String) throws -> [Bool] {
        let values = try estimator.numbers("pvalues_")
        guard let alpha = try estimator.number(parameter) else { throw estimator.unexpected(parameter, "a number") }
        switch rule {
        case "SelectFpr": return values.map { $0 < alpha }
        case "SelectFwe": return values.map { $0 < alpha / Double(values.count) }
        default:
            let sorted = values.filter { !$0.isNaN }.sorted()
            let step = alpha / Double(values.count)
            let selected = sorted.indices.filter { sorted[$0] <= step * Double($0 + 1) }
            guard let last = selected.last else { return values.map { _ in false } }
            return values.map { $0 <= sorted[last] }
        }
    }

    func transform(_ table: Table, into program: inout Program) throws -> Table {
        try table.requireWidth(width, for: estimator)
        try table.requireNames(try estimator.featureNames(), for: estimator)
        if estimator.makesPandas, table.form == .frame, estimator.has(.selectorsKeepTables) {
            return table.selecting(support)
        }
        try table.requireNumbers(for: estimator)
        if !takesMissing { try program.requireFinite(table, width: .float64, allowsMissing: false) }
        var result = table.asArray(table.stackedType).selecting(support)
        if !takesMissing { for index in result.lanes.indices { result.lanes[index].mayBeMissing = false } }
        return result
    }

    func has(_ method: PredictMethod) -> Bool { predictor?.has(method) ?? false }

    func labels() throws -> LabelTable { try predictor?.labels() ?? estimator.classLabels() }

    func answerType(_ method: PredictMethod) -> ElementType { predictor?.answerType(method) ?? .float64 }

    func answer(_ method: PredictMethod, _ table: Table, into program: inout Program) throws -> Answer {
        guard let predictor else { throw estimator.refuse("it has no `\(method.rawValue)`") }
        return try predictor.answer(to: method, try transform(table, into: &program), into: &program)
    }
}
