import Pickle
import Scoring

/// A fitted array of finite numbers with two dimensions, row-major; one dimension counts as one row.
struct FloatMatrix {
    var rows: Int
    var columns: Int
    var values: [Double]
    /// Its elements are narrower than float64.
    let isSingle: Bool
    private let name: String

    /// Reads the attribute `name`, or an array that is a part of it.
    init(_ name: String, of estimator: Estimator, value: PickleValue? = nil) throws {
        let array = try estimator.readArray(try value ?? estimator.required(name), name)
        guard let values = array.numbers, array.shape.count == 1 || array.shape.count == 2, array.count > 0 else {
            throw estimator.unexpected(name, "an array of numbers")
        }
        guard values.allSatisfy(\.isFinite) else {
            throw estimator.refuse("its numbers are not all finite", parameter: name)
        }
        rows = array.shape.count == 1 ? 1 : array.shape[0]
        columns = array.shape.last ?? 0
        self.values = values
        isSingle = array.type.kind == .float && array.type.itemSize < 8
        self.name = name
    }

    var transposed: FloatMatrix {
        var result = self
        (result.rows, result.columns) = (columns, rows)
        result.values = (0..<columns).flatMap { column in (0..<rows).map { values[$0 * columns + column] } }
        return result
    }

    func row(_ index: Int) -> [Double] { Array(values[index * columns..<(index + 1) * columns]) }

    /// The first rows.
    func prefix(_ count: Int) -> FloatMatrix {
        var result = self
        result.rows = min(rows, count)
        result.values = Array(values.prefix(result.rows * columns))
        return result
    }

    /// Its product with each row's numbers, one number per row of the matrix: sums in column order.
    func times(_ numbers: [Double]) -> [Double] {
        (0..<rows).map { row in
            var sum = 0.0
            for column in 0..<columns { sum += values[row * columns + column] * numbers[column] }
            return sum
        }
    }

    /// Throws when the shape is another one.
    func requireShape(_ rows: Int, _ columns: Int, of estimator: Estimator) throws {
        guard self.rows == rows, self.columns == columns else {
            throw estimator.refuse("it is no [\(rows) x \(columns)] array", parameter: name)
        }
    }

    /// Throws when NumPy would calculate in float32 with `table`: the order of its sums depends on the processor.
    func requireFloat64(with table: Table, of estimator: Estimator) throws {
        guard isSingle, table.elementType == .float32 || table.elementType == .boolean else { return }
        throw estimator.refuse(
            "it would sum float32 numbers in an order that depends on the processor", parameter: name,
            help: "fit the model on float64 columns")
    }
}

extension Estimator {
    /// Throws when the table is sparse: the estimator refuses those.
    func requireDense(_ table: Table) throws {
        guard table.isSparse else { return }
        throw refuse("it takes no sparse matrix, and the step before it makes one")
    }
}

extension Table {
    /// The float64 array that `estimator` makes by sums: new columns of its own.
    init(numbers slots: [Slot], named estimator: Estimator) {
        lanes = slots.enumerated().map { index, slot in
            Lane(
                slot: slot, kind: .number(.float64), name: "\(estimator.shortName) \(index)", mayBeMissing: false,
                isBounded: false, isApproximate: true, hasUncertainZeros: true)
        }
        form = .array(.float64)
    }
}

extension Table {
    /// Throws when a number may differ from scikit-learn's in the last bits, so that a jump of a function shows.
    func requireExact(for estimator: Estimator) throws {
        guard let lane = lanes.first(where: \.isApproximate) else { return }
        throw estimator.refuse(
            "it takes column `\(lane.name)` in steps, and an earlier step gives numbers that differ in the last bits between "
                + "processors")
    }
}

extension Program {
    /// Says once that `estimator` takes its sums in another order than scikit-learn.
    mutating func noteSums(_ estimator: Estimator) {
        note("\(estimator.shortName) sums in column order; scikit-learn's BLAS may differ from it in the last bits")
    }
}
