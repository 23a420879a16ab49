import Pickle
import Scoring

/// `KNeighborsClassifier` and `KNeighborsRegressor`, fitted on dense tables.
///
/// k-d trees and ball trees are searched as scikit-learn searches them, node by node from the tree of the file, so that of
/// equally near training rows the same ones are taken. The Euclidean distances of brute force are a difference of rounded products, and
/// which of equally near rows it takes depends on the number of threads: the operator refuses rows for which that matters, and a
/// model is refused when it would refuse rows of its own training table, or weights them by such distances.
/// Supported metrics are euclidean, manhattan, chebyshev and minkowski without weights. Rules from
/// `sklearn/neighbors/_base.py`, `_classification.py`, `_regression.py` and `sklearn/utils/extmath.py`, 1.1.3 to 1.9.1.
struct NeighborsConverter: Converter {
    static let classNames = [
        "sklearn.neighbors._classification.KNeighborsClassifier", "sklearn.neighbors._regression.KNeighborsRegressor",
    ]

    static var partNames: [String: PickleUse] { NeighborTreeReader.partNames }

    /// Numbers of a training table in a tree.
    static let largestTree = 1 << 26

    let estimator: Estimator
    private let count: Int
    private let isWeighted: Bool
    let width: Int
    let points: NeighborPoints
    private let isScan: Bool
    // [rows x targets], in the order of the points.
    let targets: [Double]
    let targetCount: Int
    private let isFlat: Bool
    private let labels: LabelTable?

    init(_ estimator: Estimator) throws {
        self.estimator = estimator
        count = try estimator.int("n_neighbors")
        isWeighted = try NeighborsConverter.isWeighted(estimator)
        let metric = try NeighborsConverter.metric(estimator)
        let table = try NeighborsConverter.table(estimator)
        width = table.shape[1]
        let order: [Int]
        switch try estimator.text("_fit_method") {
        case "kd_tree", "ball_tree":
            let isBall = try estimator.text("_fit_method") == "ball_tree"
            let reader = try NeighborTreeReader(estimator, metric: metric, isBall: isBall)
            (points, order, isScan) = (reader.points, reader.order, false)
        case "brute":
            points = try NeighborsConverter.scanned(table, metric, isWeighted, estimator)
            (order, isScan) = (Array(0..<table.shape[0]), true)
        case let other:
            throw estimator.refuse("its search is not known", parameter: "_fit_method", value: other)
        }
        guard width > 0, points.coordinates.count == order.count * width, order.count == table.shape[0],
            (1...max(1, order.count)).contains(count)
        else { throw estimator.refuse("its training table does not fit its parameters", parameter: "_fit_X") }
        let array = try estimator.array("_y")
        let isClassifier = estimator.shortName == "KNeighborsClassifier"
        guard let numbers = array.numbers, array.shape.first == order.count, array.shape.count <= 2,
            array.type.kind != .float || (array.type.itemSize == 8 && !isClassifier),
            numbers.allSatisfy(\.isFinite)
        else { throw estimator.unexpected("_y", "one float64 or whole number per training row and target") }
        let targetCount = array.shape.count == 2 ? array.shape[1] : 1
        self.targetCount = targetCount
        isFlat = array.shape.count == 1
        targets = order.flatMap { numbers[($0 * targetCount)..<(($0 + 1) * targetCount)] }
        labels = isClassifier ? try NeighborsConverter.labels(estimator) : nil
        try check(array)
        if isScan { try requireOwnRows() }
    }

    private func check(_ targets: NumpyArray) throws {
        if let labels {
            guard isFlat, self.targets.allSatisfy({ $0 >= 0 && $0 < Double(labels.count) }) else {
                throw estimator.unexpected("_y", "one class per training row")
            }
        }
        let size = points.coordinates.count
        guard size <= NeighborsConverter.largestTree else {
            throw estimator.refuse(
                "its training table has \(size) numbers; the limit is \(NeighborsConverter.largestTree)",
                parameter: "_fit_X", help: "fit it on fewer rows")
        }
    }

    private static func labels(_ estimator: Estimator) throws -> LabelTable {
        guard try !estimator.bool("outputs_2d_") else {
            throw estimator.refuse("it answers several targets per row, which is not converted")
        }
        return try ClassLabels.read(try estimator.required("classes_"), of: estimator)
    }

    private static func table(_ estimator: Estimator) throws -> NumpyArray {
        let value = try estimator.required("_fit_X")
        if let name = estimator.graph.className(of: value), name.hasPrefix("scipy.") {
            throw estimator.refuse("it was fitted on a sparse table, which is not converted", parameter: "_fit_X")
        }
        let table = try estimator.readArray(value, "_fit_X")
        guard table.shape.count == 2, let numbers = table.numbers, numbers.allSatisfy(\.isFinite) else {
            throw estimator.unexpected("_fit_X", "a table of finite numbers")
        }
        return table
    }

    private static func isWeighted(_ estimator: Estimator) throws -> Bool {
        if estimator.isNone("weights") { return false }
        guard let text = estimator.graph.text(try estimator.required("weights")) else {
            throw estimator.refuse("its weights are a function in Python", parameter: "weights")
        }
        guard text == "uniform" || text == "distance" else {
            throw estimator.refuse("its weights are not known", parameter: "weights", value: text)
        }
        return text == "distance"
    }

    private static func metric(_ estimator: Estimator) throws -> NeighborMetric {
        let graph = estimator.graph
        guard let name = graph.text(try estimator.required("effective_metric_")),
            let parameters = graph.entries(try estimator.required("effective_metric_params_"))
        else { throw estimator.refuse("its metric is an object in Python", parameter: "metric") }
        var power: Double?
        for (key, value) in parameters {
            switch (graph.text(key), PickledScalar(value, graph)) {
            case ("p", .number(let number)): power = number
            case ("w", .null): continue
            default:
                throw estimator.refuse("its metric has parameters that are not converted", parameter: "metric_params")
            }
        }
        switch name {
        case "euclidean", "l2": return .euclidean
        case "manhattan", "l1", "cityblock": return .manhattan
        case "chebyshev": return .chebyshev
        case "minkowski":
            guard let power, power >= 1, power.isFinite else {
                throw estimator.refuse("its metric has no power of at least 1", parameter: "p")
            }
            return .minkowski(power)
        default: throw estimator.refuse("its metric is not converted", parameter: "metric", value: name)
        }
    }

    /// The means or votes of the nearest.
    func found(_ slots: [Slot], _ method: PredictMethod, _ builder: inout ModelBuilder) throws -> [Slot] {
        let answer: NeighborAnswer
        if let labels {
            answer = .votes(
                classes: targets.map { Int($0) }, count: labels.count, pairwise: isWeighted && method == .predict)
        } else {
            answer = .means(targets: targets, count: targetCount)
        }
        return try builder.neighbors(slots, count: count, points: points, weighted: isWeighted, answer: answer)
    }

    func has(_ method: PredictMethod) -> Bool { method == .predict || (method == .predictProba && labels != nil) }

    func answer(_ method: PredictMethod, _ table: Table, into program: inout Program) throws -> Answer {
        try estimator.requireFittedColumns(table)
        try table.requireWidth(width, for: estimator)
        try table.requireNumbers(for: estimator)
        guard !table.isSparse else { throw estimator.refuse("it would get a sparse table") }
        if let lane = table.lanes.first(where: \.isApproximate) {
            throw estimator.refuse(
                "it compares distances in column `\(lane.name)`, and an earlier step gives numbers that differ in the last bits "
                    + "between processors, so that equally near training rows would be others")
        }
        try program.requireFinite(table, width: .float64, allowsMissing: false)
        if isScan {
            guard table.elementType != .float32 else {
                throw estimator.refuse(
                    "it searches by brute force, and its columns are float32", help: "fit the model on float64 columns")
            }
            program.note(
                "\(estimator.shortName) refuses rows whose nearest training rows are too much alike in distance for one answer on "
                    + "every processor")
        }
        let values = try found(table.slots, method, &program.builder)
        guard let labels else { return isFlat ? .numbers(values[0]) : .rows(values) }
        if method == .predict { return .labels(try program.builder.argmax(values), labels) }
        return .rows(try program.builder.link(.normalize, values, width: .float64))
    }
}
