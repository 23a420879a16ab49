import Pickle
import Scoring

/// The columns that `SelectFromModel` keeps: those whose importance in a fitted model is not below a threshold.
///
/// Importances are coefficients, or computed from trees, whose last bits may differ from scikit-learn's: a column that is that
/// close to the threshold is refused. Rules from `sklearn/feature_selection/_from_model.py` and `_base.py`,
/// `sklearn/tree/_tree.pyx` (`compute_feature_importances`), `sklearn/ensemble/_forest.py` and `_gb.py`, 1.1.3 to 1.9.1.
enum ModelImportances {
    private struct Scores {
        var values: [Double]
        /// No arithmetic was done but taking magnitudes.
        var isExact: Bool
    }

    static func mask(_ selector: Estimator) throws -> [Bool] {
        let isPrefit = try selector.bool("prefit", default: false)
        let name = isPrefit && selector["estimator_"] == nil ? "estimator" : "estimator_"
        let model = try selector.part(try selector.required(name), at: name)
        if selector["importance_getter"].flatMap({ selector.graph.text($0) }) != "auto" {
            throw selector.refuse("it asks for importances in a way of its own", parameter: "importance_getter")
        }
        let scores = try scores(model, selector)
        let (threshold, isExactThreshold) = try threshold(scores.values, model, selector)
        var mask = try scores.values.map { score in
            if score != threshold || !(scores.isExact && isExactThreshold) {
                try requireApart(score, threshold, scores.isExact && isExactThreshold, selector)
            }
            return !(score < threshold)
        }
        guard let limit = try maximum(selector), limit < mask.count else { return mask }
        let order = mask.indices.sorted { (-scores.values[$0], $0) < (-scores.values[$1], $1) }
        if limit > 0 {
            try requireApart(scores.values[order[limit - 1]], scores.values[order[limit]], scores.isExact, selector)
        }
        for index in order.dropFirst(limit) { mask[index] = false }
        return mask
    }

    private static func requireApart(_ a: Double, _ b: Double, _ isExact: Bool, _ selector: Estimator) throws {
        if isExact || a.isInfinite || b.isInfinite || abs(a - b) > 1e-10 * max(abs(a), abs(b)) || (a == 0 && b == 0) {
            return
        }
        throw selector.refuse("the importance of a column is too close to the limit to be sure that it is kept")
    }

    private static func maximum(_ selector: Estimator) throws -> Int? {
        if selector.isNone("max_features") { return nil }
        let name = selector["max_features_"] == nil ? "max_features" : "max_features_"
        return try selector.int(name)
    }

    private static func scores(_ model: Estimator, _ selector: Estimator) throws -> Scores {
        if model["coef_"] != nil, model.className.hasPrefix("sklearn.linear_model.") || isLinearSVM(model) {
            let array = try model.array("coef_")
            guard let numbers = array.numbers else { throw model.unexpected("coef_", "an array of numbers") }
            if array.shape.count == 1 { return Scores(values: numbers.map { abs($0) }, isExact: true) }
            guard array.shape.count == 2 else { throw model.unexpected("coef_", "an array of numbers") }
            let order = try selector.number("norm_order") ?? 2
            let columns = (0..<array.shape[1]).map { column in
                stride(from: column, to: numbers.count, by: array.shape[1]).map { abs(numbers[$0]) }
            }
            if array.shape[0] == 1, order == 1 || order == .infinity {
                return Scores(values: columns.map { $0[0] }, isExact: true)
            }
            switch order {
            case 1: return Scores(values: columns.map { $0.reduce(0, +) }, isExact: false)
            case 2:
                let norms = columns.map { $0.reduce(0) { $0 + $1 * $1 }.squareRoot() }
                return Scores(values: norms, isExact: false)
            case .infinity: return Scores(values: columns.map { $0.max() ?? 0 }, isExact: true)
            default: throw selector.refuse("its norm is not converted", parameter: "norm_order", value: "\(order)")
            }
        }
        if DecisionTreeConverter.classNames.contains(model.className) {
            return Scores(values: try importances(model), isExact: false)
        }
        if GradientBoostingConverter.classNames.contains(model.className) {
            return Scores(values: try boostingImportances(model), isExact: false)
        }
        guard ForestConverter.classNames.contains(model.className) else {
            throw selector.refuse("it selects by the importances of \(model.shortName), which are not converted")
        }
        return Scores(values: try forestImportances(model), isExact: false)
    }

    private static func isLinearSVM(_ model: Estimator) -> Bool {
        ["sklearn.svm._classes.LinearSVC", "sklearn.svm._classes.LinearSVR"].contains(model.className)
    }

    private static func forestImportances(_ forest: Estimator) throws -> [Double] {
        var sums: [Double]?
        for (index, value) in try forest.list("estimators_").enumerated() {
            let tree = try forest.part(value, at: "estimators_[\(index)]")
            guard try FittedTree(tree).count > 1 else { continue }
            let own = try importances(tree)
            sums = sums.map { sums in zip(sums, own).map { $0 + $1 } } ?? own
        }
        guard let sums else { return Array(repeating: 0, count: try forest.int("n_features_in_")) }
        let total = sums.reduce(0, +)
        return sums.map { $0 / total }
    }

    /// Trees count by what they gain, not all the same.
    private static func boostingImportances(_ boosting: Estimator) throws -> [Double] {
        guard let values = try boosting.array("estimators_").values else {
            throw boosting.unexpected("estimators_", "an array of trees")
        }
        var sums = [Double](repeating: 0, count: try boosting.int("n_features_in_"))
        var count = 0.0
        for (index, value) in values.enumerated() {
            let tree = try boosting.part(value, at: "estimators_[\(index)]")
            guard try FittedTree(tree).count > 1 else { continue }
            let own = try importances(tree, isNormalized: false)
            guard own.count == sums.count else { throw tree.refuse("it has another number of columns than the whole") }
            sums = zip(sums, own).map { $0 + $1 }
            count += 1
        }
        guard count > 0 else { return sums }
        let total = sums.reduce(0) { $0 + $1 / count }
        return sums.map { $0 / count / total }
    }

    private static func importances(_ estimator: Estimator, isNormalized: Bool = true) throws -> [Double] {
        let tree = try FittedTree(estimator)
        var sums = [Double](repeating: 0, count: try estimator.int("n_features_in_"))
        for node in 0..<tree.count where tree.left[node] != -1 {
            let (left, right) = (Int(tree.left[node]), Int(tree.right[node]))
            guard (0..<tree.count).contains(left), (0..<tree.count).contains(right),
                sums.indices.contains(Int(tree.feature[node]))
            else { throw estimator.refuse("its tree is damaged", parameter: "tree_") }
            let parts = [node, left, right].map { tree.sampleWeight.number($0) * tree.impurity.number($0) }
            sums[Int(tree.feature[node])] += parts[0] - parts[1] - parts[2]
        }
        let rootWeight = tree.sampleWeight.number(0)
        sums = sums.map { $0 / rootWeight }
        guard isNormalized else { return sums }
        let total = sums.reduce(0, +)
        return total > 0 ? sums.map { $0 / total } : sums
    }

    private static func threshold(
        _ scores: [Double], _ model: Estimator, _ selector: Estimator
    ) throws -> (Double, isExact: Bool) {
        var word = "mean"
        if let value = selector["threshold"], value != .null {
            if let text = selector.graph.text(value) {
                word = text
            } else if let number = try selector.number("threshold") {
                return (number, true)
            }
        } else if try isLasso(model, selector) {
            return (1e-5, true)
        }
        var scale = 1.0
        let parts = word.split(separator: "*", maxSplits: 1)
        if parts.count == 2 {
            guard let number = Double(trimmed(parts[0])) else { throw unknown(word, selector) }
            scale = number
            word = trimmed(parts[1])
        }
        switch word {
        case "mean":
            let mean = NumpySum.sum(scores[...]) / Double(scores.count)
            return (scale * mean, scores.count == 1)
        case "median":
            let sorted = scores.sorted()
            let middle = sorted.count / 2
            if sorted.count.isMultiple(of: 2) { return (scale * ((sorted[middle - 1] + sorted[middle]) / 2), false) }
            return (scale * sorted[middle], true)
        default: throw unknown(word, selector)
        }
    }

    private static func trimmed(_ text: Substring) -> String {
        var text = text
        while text.first == " " { text.removeFirst() }
        while text.last == " " { text.removeLast() }
        return String(text)
    }

    private static func unknown(_ word: String, _ selector: Estimator) -> Refused {
        selector.refuse("its threshold is not known", parameter: "threshold", value: word)
    }

    /// Whether a threshold that is not given is 1e-5: for models with an L1 penalty. Which they are differs between versions.
    private static func isLasso(_ model: Estimator, _ selector: Estimator) throws -> Bool {
        if model["penalty"].flatMap({ model.graph.text($0) }) == "l1" || model.shortName.contains("Lasso") {
            return true
        }
        let ratios = [try? model.numbers("l1_ratio_"), try? model.numbers("l1_ratio")].compactMap { $0 ?? nil }
        guard ratios.contains(where: { $0.contains { abs($0 - 1) <= 1.001e-5 } }) else { return false }
        if model.shortName == "ElasticNet" { return true }
        throw selector.refuse(
            "its threshold depends on the version of scikit-learn", parameter: "threshold", value: "None",
            help: "give the threshold as a number")
    }
}

/// Whether scikit-learn says of an estimator that it takes missing values (`allow_nan`), which is what a selector asks.
enum MissingTag {
    static func isSet(forSelector selector: Estimator) throws -> Bool {
        if selector.shortName == "VarianceThreshold" { return true }
        guard ["SelectFromModel", "RFE", "RFECV", "SequentialFeatureSelector"].contains(selector.shortName) else {
            return false
        }
        let name = selector["estimator"] == nil ? "estimator_" : "estimator"
        let value = try selector.required(name)
        guard let className = selector.graph.className(of: value) else {
            throw selector.unexpected(name, "an estimator")
        }
        if className.hasPrefix("sklearn.linear_model.") || className.hasPrefix("sklearn.svm.") { return false }
        if className.hasPrefix("sklearn.ensemble._gb.") || className.hasPrefix("sklearn.ensemble._weight_boosting.") {
            return false
        }
        if className.hasPrefix("xgboost.") || className.hasPrefix("lightgbm.") { return true }
        let isTree = DecisionTreeConverter.classNames.contains(className)
        guard isTree || ForestConverter.classNames.contains(className) else {
            throw selector.refuse("it selects for a model of which it is not known whether it takes missing values")
        }
        return try isSet(forTrees: try selector.part(value, at: name), isTree: isTree)
    }

    /// Source: `_more_tags` and `__sklearn_tags__` of `sklearn/tree/_classes.py` and `sklearn/ensemble/_forest.py`.
    private static func isSet(forTrees model: Estimator, isTree: Bool) throws -> Bool {
        let isExtra = model.shortName.hasPrefix("Extra")
        guard model.has(isTree ? .treesTakeMissing : .forestsTakeMissing) else { return false }
        // A forest asks a tree with its criterion and otherwise default parameters.
        let splitter = isTree ? try model.text("splitter") : isExtra ? "random" : "best"
        if model.has(.everyTreeTakesMissing) { return isExtra ? splitter == "random" : true }
        let takesRandom = model.has(.randomSplitsTakeMissing)
        if !takesRandom || isExtra {
            guard splitter == (takesRandom ? "random" : "best") else { return false }
        }
        let criteria = ["gini", "log_loss", "entropy", "squared_error", "friedman_mse", "poisson"]
        return criteria.contains(try model.text("criterion"))
    }
}
