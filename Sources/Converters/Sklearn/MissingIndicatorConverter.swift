import Pickle
import Scoring

/// `MissingIndicator` as a step of its own: 1 where a value is missing.
///
/// Rules from `sklearn/impute/_base.py`, 1.1.3 to 1.9.1.
struct MissingIndicatorConverter: Converter {
    static let classNames = ["sklearn.impute._base.MissingIndicator"]

    let estimator: Estimator
    private let missing: Double
    private let columns: [Int]
    private let width: Int
    private let refusesNew: Bool
    /// Nil for "auto": as the table.
    private let makesSparse: Bool?

    init(_ estimator: Estimator) throws {
        self.estimator = estimator
        guard case .number(let missing) = PickledScalar(try estimator.required("missing_values"), estimator.graph)
        else {
            throw estimator.refuse(
                "only NaN or a number can stand for a missing value", parameter: "missing_values",
                help: "use `missing_values=numpy.nan`")
        }
        self.missing = missing
        width = try estimator.int("n_features_in_")
        let isAll = try estimator.text("features") == "all"
        let fitted = try estimator.array("features_").integers ?? []
        guard fitted.allSatisfy((0..<width).contains) else {
            throw estimator.unexpected("features_", "an array of columns")
        }
        columns = isAll ? Array(0..<width) : fitted
        refusesNew = try !isAll && estimator.bool("error_on_new") && columns.count < width
        if case .bool(let flag) = PickledScalar(try estimator.required("sparse"), estimator.graph) {
            makesSparse = flag
        } else {
            makesSparse = nil
        }
        if refusesNew, !missing.isNaN {
            throw estimator.refuse(
                "it refuses the number \(missing) in columns that did not hold it in training",
                parameter: "error_on_new",
                help: "use `error_on_new=False`")
        }
    }

    func transform(_ table: Table, into program: inout Program) throws -> Table {
        try estimator.requireFittedColumns(table)
        guard !table.isSparse || missing != 0 else {
            throw estimator.refuse(
                "it gets a sparse matrix, whose zeros cannot be missing", parameter: "missing_values")
        }
        for lane in table.lanes {
            if case .unusable = lane.kind { try table.requireNumbers(for: estimator) }
        }
        let type = table.elementType
        if type == .boolean { throw estimator.refuse("it takes no columns of truth values alone") }
        if !missing.isNaN {
            try table.requireNumbers(for: estimator)
            if table.lanes.contains(where: \.isApproximate) {
                throw estimator.refuse(
                    "it looks for a number in columns that differ in the last bits between processors")
            }
        }
        try program.requireFinite(table, width: .float64, allowsMissing: missing.isNaN)
        if refusesNew {
            let rest = (0..<width).filter { !columns.contains($0) }
            try program.builder.requireFinite(
                rest.map { table.lanes[$0].slot }, width: .float64, allowsMissing: false)
        }
        let sources = columns.map { table.lanes[$0] }
        let slots = try program.builder.missingIndicator(sources.map(\.slot), missing: missing)
        let lanes = zip(sources, slots).map { source, slot in
            Lane(slot: slot, kind: .number(.boolean), name: source.name, mayBeMissing: false, isBounded: true)
        }
        return Table(lanes: lanes, form: .array(.boolean), names: nil, isSparse: makesSparse ?? table.isSparse)
    }
}
