import Pickle

/// A SciPy matrix in compressed rows, as a part of an estimator.
struct SparseMatrix {
    let rowCount: Int
    let columnCount: Int
    let data: [Double]
    let columns: [Int]
    /// Where each row begins, and the end.
    let starts: [Int]

    /// Elements of the full matrix, zeros included.
    static let largestCount = 1 << 26

    /// The names by which pickles know the classes.
    static let partNames: [String: PickleUse] = Dictionary(
        uniqueKeysWithValues: ["scipy.sparse._csr.csr_matrix", "scipy.sparse._csr.csr_array"].map {
            ($0, [.new, .build, .value])
        })

    /// The names of the classes before SciPy 1.8.
    static let formerNames: [String: PickleUse] = ["scipy.sparse.csr.csr_matrix": [.new, .build, .value]]

    /// The diagonal of a square matrix that has no other elements.
    static func diagonal(_ value: PickleValue, _ name: String, of estimator: Estimator) throws -> NumpyArray {
        let graph = estimator.graph
        guard let object = graph.object(value), object.creation == .new, let global = graph.global(object.callable),
            partNames[global.qualifiedName] != nil || formerNames[global.qualifiedName] != nil,
            let state = object.state,
            let shape = graph.value(forKey: "_shape", in: state).flatMap({ graph.elements($0) }), shape.count == 2,
            let dataValue = graph.value(forKey: "data", in: state),
            let columnsValue = graph.value(forKey: "indices", in: state),
            let startsValue = graph.value(forKey: "indptr", in: state)
        else { throw estimator.unexpected(name, "a sparse matrix in compressed rows") }
        let data = try estimator.readArray(dataValue, name)
        let count = data.count
        guard shape.allSatisfy({ PickledScalar($0, graph) == .number(Double(count)) }), data.shape == [count],
            try estimator.readArray(columnsValue, name).integers?.elementsEqual(0..<count) == true,
            try estimator.readArray(startsValue, name).integers?.elementsEqual(0...count) == true
        else { throw estimator.unexpected(name, "a diagonal matrix") }
        return data
    }

    /// Reads it; the columns of a row must ascend, as libsvm's kernels need.
    init(_ value: PickleValue, _ name: String, of estimator: Estimator) throws {
        let graph = estimator.graph
        guard let object = graph.object(value), object.creation == .new, let global = graph.global(object.callable),
            SparseMatrix.partNames[global.qualifiedName] != nil, let state = object.state,
            let shape = graph.value(forKey: "_shape", in: state).flatMap({ graph.elements($0) }), shape.count == 2,
            case .number(let rows) = PickledScalar(shape[0], graph), let rowCount = Int(exactly: rows),
            case .number(let width) = PickledScalar(shape[1], graph), let columnCount = Int(exactly: width),
            let dataValue = graph.value(forKey: "data", in: state),
            let columnsValue = graph.value(forKey: "indices", in: state),
            let startsValue = graph.value(forKey: "indptr", in: state),
            let data = try estimator.readArray(dataValue, name).numbers,
            let columns = try estimator.readArray(columnsValue, name).integers,
            let starts = try estimator.readArray(startsValue, name).integers
        else { throw estimator.unexpected(name, "a sparse matrix in compressed rows") }
        guard rowCount >= 0, columnCount >= 0, starts.count == rowCount + 1, starts[0] == 0,
            starts[rowCount] == data.count, columns.count == data.count
        else { throw estimator.unexpected(name, "a sparse matrix whose parts fit together") }
        let (count, overflow) = rowCount.multipliedReportingOverflow(by: columnCount)
        guard !overflow, count <= SparseMatrix.largestCount else {
            throw estimator.refuse(
                "its `\(name)` has \(rowCount) rows of \(columnCount) columns; the limit is "
                    + "\(SparseMatrix.largestCount) elements", parameter: name, help: "fit it on fewer columns or rows")
        }
        try estimator.budget.take(count, itemSize: 8)
        for row in 0..<rowCount {
            guard starts[row] <= starts[row + 1], starts[row + 1] <= data.count else {
                throw estimator.unexpected(name, "a sparse matrix whose parts fit together")
            }
            var last = -1
            for index in starts[row]..<starts[row + 1] {
                guard columns[index] > last, columns[index] < columnCount else {
                    throw estimator.unexpected(name, "a sparse matrix whose rows are sorted")
                }
                last = columns[index]
            }
        }
        self.rowCount = rowCount
        self.columnCount = columnCount
        self.data = data
        self.columns = columns
        self.starts = starts
    }

    /// All elements, [rows x columns], row-major.
    var dense: [Double] {
        var result = [Double](repeating: 0, count: rowCount * columnCount)
        for row in 0..<rowCount {
            for index in starts[row]..<starts[row + 1] { result[row * columnCount + columns[index]] = data[index] }
        }
        return result
    }
}
