import Pickle
import Scoring

/// `IterativeImputer`: missing values are filled by statistics, then in rounds by regressors on the other columns.
///
/// A row without any value gets the statistics when the whole request is so, else what the regressors say: such rows are refused.
/// Rules from `sklearn/impute/_iterative.py`, 1.1.3 to 1.9.1.
struct IterativeImputerConverter: Converter {
    static let classNames = ["sklearn.impute._iterative.IterativeImputer"]
    static let partNames: [String: PickleUse] = [
        "sklearn.impute._base.MissingIndicator": [.new, .build, .value],
        "sklearn.impute._iterative._ImputerTriplet": [.new, .value],
    ]

    /// One regressor's turn.
    private struct Turn {
        var column: Int
        var others: [Int]
        var regressor: any Converter
    }

    let estimator: Estimator
    private let initial: SimpleImputerConverter
    private let turns: [Turn]
    /// The columns that are not dropped.
    private let kept: [Int]
    private let lowest: [Double]
    private let highest: [Double]
    private let indicated: [Int]

    init(_ estimator: Estimator) throws {
        self.estimator = estimator
        guard case .number(let missing) = PickledScalar(try estimator.required("missing_values"), estimator.graph),
            missing.isNaN
        else { throw estimator.refuse("only NaN can stand for a missing value", parameter: "missing_values") }
        guard try !estimator.bool("sample_posterior") else {
            throw estimator.refuse("it draws random numbers", parameter: "sample_posterior", value: "True")
        }
        let part = try estimator.part(try estimator.required("initial_imputer_"), at: "initial_imputer_")
        initial = try SimpleImputerConverter(part)
        let width = try estimator.int("n_features_in_")
        let kept = try IterativeImputerConverter.kept(estimator, part, width)
        self.kept = kept
        indicated = try IterativeImputerConverter.indicated(estimator, width)
        guard try estimator.int("n_iter_") > 0 else {
            (turns, lowest, highest) = ([], [], [])
            return
        }
        lowest = try estimator.numbers("_min_value")
        highest = try estimator.numbers("_max_value")
        guard lowest.count == kept.count, highest.count == kept.count,
            !(lowest + highest).contains(where: \.isNaN)
        else { throw estimator.unexpected("_min_value", "one number for each column") }
        var collector = RefusalCollector()
        turns = try estimator.list("imputation_sequence_").enumerated().compactMap { index, value in
            try collector.attempt { try IterativeImputerConverter.turn(value, index, kept.count, estimator) }
        }
        try collector.finish()
    }

    /// The columns that are not dropped: those that were not missing throughout in training, and all before 1.6 when a constant fills
    /// them.
    private static func kept(_ estimator: Estimator, _ initial: Estimator, _ width: Int) throws -> [Int] {
        let isConstant = try initial.text("strategy") == "constant"
        let keepsEmpty = try estimator.bool("keep_empty_features", default: false)
        let isEmpty = try estimator["_is_empty_feature"].map { _ in try estimator.numbers("_is_empty_feature") }
        guard isEmpty.map({ $0.contains(1) && (keepsEmpty || isConstant) }) ?? keepsEmpty else {
            if isConstant { return Array(0..<width) }
            let statistics = try initial.numbers("statistics_")
            return statistics.indices.filter { !statistics[$0].isNaN }
        }
        throw estimator.refuse(
            "a column was missing throughout in training, or may have been",
            parameter: isConstant ? "initial_strategy" : "keep_empty_features",
            help: "leave the column out, and `keep_empty_features` as it is by default")
    }

    private static func turn(_ value: PickleValue, _ index: Int, _ width: Int, _ estimator: Estimator) throws -> Turn {
        let graph = estimator.graph
        guard let triplet = graph.object(value),
            graph.global(triplet.callable)?.qualifiedName == "sklearn.impute._iterative._ImputerTriplet",
            let parts = graph.elements(triplet.arguments), parts.count == 3,
            case .number(let number) = PickledScalar(parts[0], graph), let column = Int(exactly: number),
            let others = try estimator.readArray(parts[1], "imputation_sequence_").integers,
            (others + [column]).allSatisfy((0..<width).contains)
        else { throw estimator.unexpected("imputation_sequence_", "a list of columns and regressors") }
        let regressor = try ConverterCatalog.converter(
            for: try estimator.part(parts[2], at: "imputation_sequence_[\(index)].estimator"))
        try regressor.requireDoubles(.predict)
        return Turn(column: column, others: others, regressor: regressor)
    }

    private static func indicated(_ estimator: Estimator, _ width: Int) throws -> [Int] {
        guard try estimator.bool("add_indicator", default: false) else { return [] }
        let indicator = try estimator.part(try estimator.required("indicator_"), at: "indicator_")
        guard let features = try indicator.array("features_").integers, features.allSatisfy((0..<width).contains) else {
            throw indicator.unexpected("features_", "an array of columns")
        }
        return features
    }

    func transform(_ table: Table, into program: inout Program) throws -> Table {
        try estimator.requireFittedColumns(table)
        guard !table.isSparse else { throw estimator.refuse("it gets a sparse matrix") }
        guard try table.floatType(for: estimator) == .float64 else {
            throw estimator.refuse("its columns are float32", help: "fit the model on float64 columns")
        }
        var filled = try initial.transform(table.asArray(.float64), into: &program)
        try filled.requireWidth(kept.count, for: estimator)
        for index in filled.lanes.indices { filled.lanes[index].kind = .number(.float64) }
        let given = kept.map { table.lanes[$0].slot }
        if !turns.isEmpty {
            try program.builder.requirePresent(given)
            program.note("IterativeImputer refuses rows without any value: what it makes of them depends on the others")
        }
        for turn in turns {
            let value = try turn.regressor.number(filled.selecting(turn.others), into: &program)
            var steps: [ScaleStep] = []
            if lowest[turn.column].isFinite { steps.append(.atLeast([lowest[turn.column]])) }
            if highest[turn.column].isFinite { steps.append(.atMost([highest[turn.column]])) }
            let limited = steps.isEmpty ? value : try program.builder.scale([value], steps: steps, width: .float64)[0]
            filled.lanes[turn.column].slot = try program.builder.merge([(given[turn.column], limited)])[0]
            filled.lanes[turn.column].isApproximate = true
            filled.lanes[turn.column].isBounded = false
        }
        if !indicated.isEmpty {
            let sources = indicated.map { table.lanes[$0] }
            let slots = try program.builder.missingIndicator(sources.map(\.slot), missing: .nan)
            filled.lanes += zip(sources, slots).map { source, slot in
                Lane(slot: slot, kind: .number(.boolean), name: source.name, mayBeMissing: false, isBounded: true)
            }
        }
        return Table(lanes: filled.lanes, form: .array(.float64), names: nil)
    }
}
