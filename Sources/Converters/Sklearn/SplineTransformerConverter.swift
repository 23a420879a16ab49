import Pickle
import Scoring

/// `SplineTransformer`: the values of B-splines at each column.
///
/// With `extrapolation="linear"` and splines of degree 1, scikit-learn counts the degree up while it goes through the columns, so that
/// the ends of all columns but the first lie one knot further in; this does the same. Rules from
/// `sklearn/preprocessing/_polynomial.py`, 1.1.3 to 1.9.1, and SciPy's `BSpline`.
struct SplineTransformerConverter: Converter {
    static let classNames = ["sklearn.preprocessing._polynomial.SplineTransformer"]
    static let partNames: [String: PickleUse] = [
        "scipy.interpolate._bsplines.BSpline": [.new, .build, .value],
        "scipy._lib.array_api_compat.numpy._aliases.asarray": [.value],
    ]

    let estimator: Estimator
    private let degree: Int
    private let outside: SplineOutside
    private let knots: [[Double]]
    private let hasBias: Bool
    private let takesMissing: Bool
    private let makesSparse: Bool

    init(_ estimator: Estimator) throws {
        self.estimator = estimator
        let degree = try estimator.int("degree")
        self.degree = degree
        let extrapolation = try estimator.text("extrapolation")
        switch extrapolation {
        case "constant": outside = .constant
        case "linear": outside = .linear
        case "continue": outside = .proceed
        case "periodic": outside = .wrap
        case "error": outside = .refuse
        default:
            throw estimator.refuse(
                "its way beyond the knots is not known", parameter: "extrapolation", value: extrapolation)
        }
        guard (1...25).contains(degree) else {
            throw estimator.refuse("only degrees from 1 to 25 are converted", parameter: "degree", value: "\(degree)")
        }
        hasBias = try estimator.bool("include_bias")
        makesSparse = try estimator.bool("sparse_output", default: false)
        takesMissing = estimator["handle_missing"] == nil ? false : try estimator.text("handle_missing") == "zeros"
        var knots: [[Double]] = []
        for value in try estimator.list("bsplines_") {
            knots.append(try SplineTransformerConverter.knots(value, degree, isPeriodic: outside == .wrap, estimator))
        }
        self.knots = knots
    }

    /// Reads a `scipy.interpolate.BSpline` whose coefficients are those of the single splines.
    private static func knots(
        _ value: PickleValue, _ degree: Int, isPeriodic: Bool, _ estimator: Estimator
    ) throws -> [Double] {
        let graph = estimator.graph
        guard graph.className(of: value) == "scipy.interpolate._bsplines.BSpline",
            let state = graph.object(value)?.state,
            let knotsValue = graph.value(forKey: "_t", in: state) ?? graph.value(forKey: "t", in: state),
            let coefficientsValue = graph.value(forKey: "_c", in: state) ?? graph.value(forKey: "c", in: state),
            let order = graph.value(forKey: "k", in: state),
            PickledScalar(order, graph) == .number(Double(degree)),
            let knots = try estimator.readArray(knotsValue, "bsplines_").numbers,
            knots.count >= 2 * (degree + 1), knots.allSatisfy(\.isFinite)
        else { throw estimator.unexpected("bsplines_", "a list of splines as SciPy writes them") }
        let coefficients = try estimator.readArray(coefficientsValue, "bsplines_")
        let basis = knots.count - degree - 1
        let count = isPeriodic ? basis - degree : basis
        guard count >= max(1, isPeriodic ? degree : 1), coefficients.shape == [basis, count],
            let numbers = coefficients.numbers,
            numbers.indices.allSatisfy({ numbers[$0] == ($0 / count % count == $0 % count ? 1 : 0) })
        else { throw estimator.unexpected("bsplines_", "a list of the single splines") }
        guard zip(knots, knots.dropFirst()).allSatisfy({ $0 <= $1 }), knots[degree] < knots[basis] else {
            throw estimator.refuse("the knots of a column are all equal, or not in order", parameter: "bsplines_")
        }
        return knots
    }

    func transform(_ table: Table, into program: inout Program) throws -> Table {
        try estimator.requireFittedColumns(table)
        try table.requireWidth(knots.count, for: estimator)
        guard !table.isSparse else { throw estimator.refuse("it gets a sparse matrix") }
        guard try table.floatType(for: estimator) == .float64 else {
            throw estimator.refuse(
                "its columns are float32, which older versions of NumPy compare with its knots in another way",
                help: "fit the model on float64 columns")
        }
        try program.requireFinite(table, width: .float64, allowsMissing: takesMissing)
        var lanes: [Lane] = []
        // What scikit-learn's own variable `degree` is when a column's turn comes.
        var counted = degree
        for (lane, knots) in zip(table.lanes, knots) {
            let first = counted
            if outside == .linear, counted <= 1 { counted += 1 }
            let count = knots.count - degree - 1
            guard outside != .constant && outside != .linear || (counted <= count && first < knots.count) else {
                throw estimator.refuse("it has too few knots", parameter: "n_knots")
            }
            let isOpen = outside == .constant || outside == .linear
            let slots = try program.builder.spline(
                lane.slot, degree: degree, knots: knots, outside: outside, first: isOpen ? first : degree,
                span: isOpen ? counted : 0)
            for slot in hasBias ? slots : slots.dropLast() {
                lanes.append(
                    Lane(
                        slot: slot, kind: .number(.float64), name: lane.name, mayBeMissing: false, isBounded: false,
                        isApproximate: lane.isApproximate, hasUncertainZeros: makesSparse))
            }
        }
        return Table(lanes: lanes, form: .array(.float64), names: nil, isSparse: makesSparse)
    }
}
