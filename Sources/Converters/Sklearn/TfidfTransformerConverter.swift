import Pickle
import Scoring

/// `TfidfTransformer`: counts of terms weighted by how rare the terms are, and divided by the length of the row.
///
/// Rules from `sklearn/feature_extraction/text.py` and `sklearn/utils/sparsefuncs_fast.pyx`, 1.1.3 to 1.9.1:
/// - below 1.5 the weights are a diagonal matrix, `_idf_diag`, which counts when `use_idf` says so; SciPy's product with it stores a row
///   from its last column to its first, and in that order the length is summed. From 1.5 they are an array, `idf_`, and the order
///   stays;
/// - the length is a sum in float64 of numbers of the matrix's type.
struct TfidfTransformerConverter: Converter {
    static let classNames = ["sklearn.feature_extraction.text.TfidfTransformer"]
    static let partNames: [String: PickleUse] = SparseMatrix.partNames.merging(SparseMatrix.formerNames) {
        $0.union($1)
    }

    /// No weight of a fit comes near; its products with counts are finite even in float32.
    private static let largestWeight = 1e30

    let estimator: Estimator
    private let isSublinear: Bool
    private let norm: TermNorm
    private let idf: [Double]?
    private let isSingle: Bool
    private let descends: Bool

    init(_ estimator: Estimator) throws {
        self.estimator = estimator
        isSublinear = try estimator.bool("sublinear_tf")
        norm = try TermNorm(of: estimator)
        if estimator.makesPandas {
            throw estimator.refuse(
                "it makes a sparse matrix and is asked for a pandas table, which scikit-learn refuses")
        }
        let isDiagonal = !estimator.has(.idfIsArray)
        descends = isDiagonal && !estimator.isNone("_idf_diag")
        let usesIdf = isDiagonal ? try estimator.bool("use_idf") : estimator["idf_"] != nil
        guard usesIdf else {
            (idf, isSingle) = (nil, false)
            return
        }
        let array =
            isDiagonal
            ? try SparseMatrix.diagonal(try estimator.required("_idf_diag"), "_idf_diag", of: estimator)
            : try estimator.array("idf_")
        guard let numbers = array.numbers, array.shape.count == 1, array.type.kind == .float, array.type.itemSize >= 4,
            numbers.allSatisfy({ abs($0) <= TfidfTransformerConverter.largestWeight })
        else { throw estimator.unexpected(isDiagonal ? "_idf_diag" : "idf_", "an array of floats of usual size") }
        idf = numbers
        isSingle = array.type.itemSize == 4
    }

    func transform(_ table: Table, into program: inout Program) throws -> Table {
        guard table.isSparse else {
            throw estimator.refuse("it gets a table that is not sparse", help: "put it behind a CountVectorizer")
        }
        try estimator.requireFittedColumns(table)
        return try weighted(table, into: &program)
    }

    /// The weights of a sparse matrix of counts.
    func weighted(_ table: Table, into program: inout Program) throws -> Table {
        if let idf { try table.requireWidth(idf.count, for: estimator) }
        let type = try table.floatType(for: estimator)
        guard idf == nil || isSingle == (type == .float32) else {
            throw estimator.refuse("it was fitted on numbers of another type than it would get")
        }
        guard !isSublinear || (type == .float64 && table.isTermCounts) else {
            throw estimator.refuse(
                "it takes logarithms of float32 numbers, or of numbers that are not counts of a vectorizer",
                parameter: "sublinear_tf", value: "True", help: "fit it on float64 counts")
        }
        try program.requireFinite(table, width: type == .float32 ? .float32 : .float64, allowsMissing: false)
        let slots = try program.builder.termWeights(
            table.slots, isSublinear: isSublinear, idf: idf, norm: norm, descends: descends && idf != nil,
            width: type == .float32 ? .float32 : .float64)
        let hasZeros = idf?.contains(0) ?? false
        // NumPy's logarithm differs in the last bit between processors, and the order of other tables is not known.
        let isApproximate = isSublinear || (norm != .none && !table.isTermCounts)
        var result = table.asArray(type)
        for (index, slot) in slots.enumerated() {
            result.lanes[index].slot = slot
            result.lanes[index].kind = .number(type)
            result.lanes[index].isBounded = table.isTermCounts
            if isApproximate { result.lanes[index].isApproximate = true }
            if hasZeros { result.lanes[index].hasUncertainZeros = true }
        }
        return result
    }
}

extension TermNorm {
    /// What the parameter `norm` says.
    init(of estimator: Estimator) throws {
        if estimator.isNone("norm") {
            self = .none
            return
        }
        let text = try estimator.text("norm")
        guard let norm = TermNorm(rawValue: text), norm != .none else {
            throw estimator.refuse("its norm is not one of the known ones", parameter: "norm", value: text)
        }
        self = norm
    }
}
