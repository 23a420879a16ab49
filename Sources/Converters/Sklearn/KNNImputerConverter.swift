import Pickle
import Scoring

/// `KNNImputer` with NaN-Euclidean distances: a missing cell becomes the mean of the nearest training rows.
///
/// scikit-learn's distances are rounded differently from processor to processor, so the operator refuses rows for which that matters; a
/// model is refused when it would refuse rows of its own training table. Up to 1.5 uniform weights count rows without a common cell
/// too: then the row is refused. `weights="distance"` is refused. Rules from `sklearn/impute/_knn.py` and `sklearn/metrics/pairwise.py`, 1.1.3 to 1.9.1.
struct KNNImputerConverter: Converter {
    static let classNames = ["sklearn.impute._knn.KNNImputer"]

    let estimator: Estimator
    private let table: [Double]
    private let means: [Double]
    private let neighbours: Int
    private let width: Int
    private let keepsEmpty: Bool
    private let indicated: [Int]

    init(_ estimator: Estimator) throws {
        self.estimator = estimator
        guard try estimator.text("metric") == "nan_euclidean" else {
            throw estimator.refuse("its distance is not `nan_euclidean`", parameter: "metric")
        }
        let word = estimator.isNone("weights") ? "uniform" : try estimator.text("weights")
        guard word == "uniform" else {
            throw estimator.refuse(
                "near a training row its weights are rounding errors, which differ between processors",
                parameter: "weights", value: word, help: "use `weights=\"uniform\"`")
        }
        guard case .number(let missing) = PickledScalar(try estimator.required("missing_values"), estimator.graph),
            missing.isNaN
        else { throw estimator.refuse("only NaN can stand for a missing value", parameter: "missing_values") }
        let array = try estimator.array("_fit_X")
        guard let table = array.numbers, array.shape.count == 2, array.count > 0,
            array.type.kind == .float, array.type.itemSize == 8
        else {
            throw estimator.refuse(
                "its training table is not one of float64 numbers", parameter: "_fit_X",
                help: "fit the model on float64 columns")
        }
        guard table.allSatisfy({ !$0.isInfinite }) else { throw estimator.unexpected("_fit_X", "finite") }
        let (rows, width) = (array.shape[0], array.shape[1])
        self.table = table
        self.width = width
        neighbours = min(try estimator.int("n_neighbors"), rows)
        guard neighbours >= 1 else { throw estimator.unexpected("n_neighbors", "a positive number") }
        means = (0..<width).map { column in
            let cells = stride(from: column, to: table.count, by: width).map { table[$0] }.filter { !$0.isNaN }
            return cells.isEmpty ? .nan : cells.reduce(0, +) / Double(cells.count)
        }
        keepsEmpty = try estimator.bool("keep_empty_features", default: false)
        indicated = try KNNImputerConverter.indicated(estimator, width)
        try probe(rows)
    }

    private static func indicated(_ estimator: Estimator, _ width: Int) throws -> [Int] {
        guard try estimator.bool("add_indicator", default: false) else { return [] }
        guard estimator.has(.imputerKeepsIndicators) else {
            throw estimator.refuse(
                "its indicators are left out of a request without missing values", parameter: "add_indicator",
                help: "use scikit-learn 1.3 or later")
        }
        let indicator = try estimator.part(try estimator.required("indicator_"), at: "indicator_")
        guard let features = try indicator.array("features_").integers, features.allSatisfy((0..<width).contains) else {
            throw indicator.unexpected("features_", "an array of columns")
        }
        return features
    }

    /// Fills the training table itself, or some rows of it, and refuses the model when a row is refused.
    private func probe(_ rows: Int) throws {
        let incomplete = (0..<rows).filter { row in
            (0..<width).contains { table[row * width + $0].isNaN && !means[$0].isNaN }
        }
        let trials = RowTrials(table: table, width: width, rows: incomplete)
        let refused = try trials.refusedCount(estimator.budget) { try fill($0, &$1) }
        guard refused == 0 else {
            throw estimator.refuse(
                "for \(refused) of \(trials.rows.count) rows of its training table the nearest rows are too much alike in distance for one "
                    + "answer on every processor", parameter: "n_neighbors",
                help: "use SimpleImputer, or scale the columns")
        }
    }

    private func fill(_ slots: [Slot], _ builder: inout ModelBuilder) throws -> [Slot] {
        try builder.nearestFill(
            slots, table: table, means: means, neighbours: neighbours,
            needsAll: !estimator.has(.imputerSkipsUnrelated))
    }

    func transform(_ table: Table, into program: inout Program) throws -> Table {
        try estimator.requireFittedColumns(table)
        try table.requireWidth(width, for: estimator)
        guard !table.isSparse else { throw estimator.refuse("it gets a sparse matrix") }
        guard try table.floatType(for: estimator) == .float64 else {
            throw estimator.refuse("its columns are float32", help: "fit the model on float64 columns")
        }
        try program.requireFinite(table, width: .float64, allowsMissing: true)
        let slots = try fill(table.slots, &program.builder)
        var lanes: [Lane] = []
        for (column, lane) in table.lanes.enumerated() {
            let isEmpty = means[column].isNaN
            if isEmpty, !keepsEmpty { continue }
            var lane = lane
            lane.slot = slots[column]
            if isEmpty {
                let filled = try program.builder.impute([lane.slot], missing: .nan, fill: [0])
                lane.slot = try program.builder.scale(filled, steps: [.multiply([0])], width: .float64)[0]
            }
            lane.kind = .number(.float64)
            lane.mayBeMissing = false
            lane.isApproximate = !isEmpty
            lanes.append(lane)
        }
        if !indicated.isEmpty {
            let sources = indicated.map { table.lanes[$0] }
            let indicators = try program.builder.missingIndicator(sources.map(\.slot), missing: .nan)
            lanes += zip(sources, indicators).map { source, slot in
                Lane(slot: slot, kind: .number(.boolean), name: source.name, mayBeMissing: false, isBounded: true)
            }
        }
        program.note(
            "KNNImputer refuses rows whose nearest training rows are too much alike in distance for one answer on every processor"
        )
        return Table(lanes: lanes, form: .array(.float64), names: nil)
    }
}
