import JSONText

/// One step of a program: it reads slots of a block of rows and writes its own.
///
/// A new operator is one file (type, reading with complete checks, evaluation, and the `ModelBuilder` convenience that
/// writes its description) and one line in `OperatorCatalog`.
protocol Operator: Sendable {
    /// The word in the file.
    static var name: String { get }

    /// Reads and checks a description, so completely that `run` needs no checks.
    init(_ fields: inout OperatorFields) throws(ScoringError)

    /// Evaluates the rows of `block`. Throws `.rejectedRow` only.
    func run(_ block: RowBlock) throws(ScoringError)

    /// Bytes that `run` needs beside the slots for a block of `rows` rows.
    func scratchByteCount(rows: Int) -> Int

    /// When every output is a whole number in 0..<bound: the bound. Needed for slots that index a label table.
    var indexBound: Int? { get }

    /// Sizes worth showing to a person, in order.
    var details: [OperatorSummary.Detail] { get }
}

extension Operator {
    func scratchByteCount(rows: Int) -> Int { 0 }
    var indexBound: Int? { nil }
    var details: [OperatorSummary.Detail] { [] }
}

/// The rows that are evaluated together: slot-major, so that slot `s` of row `r` is at `values[s * rows + r]`.
struct RowBlock {
    let values: UnsafeMutablePointer<Double>
    let rows: Int
    /// The number of the block's first row, for error messages.
    let firstRow: Int
    let scratch: UnsafeMutableRawPointer
    /// The texts of all rows, and memory to take one apart.
    let texts: TextRows

    /// The block's values of one slot, `rows` of them.
    @inline(__always)
    subscript(_ slot: Slot) -> UnsafeMutablePointer<Double> { values + slot * rows }
}

/// The float width of an operation. Float32 means: operands are rounded to float32, and so is each result.
public enum FloatWidth: String, Sendable, CaseIterable {
    /// IEEE 754 binary32.
    case float32
    /// IEEE 754 binary64.
    case float64
}
