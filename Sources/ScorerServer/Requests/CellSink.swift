/// Takes the checked cells of a request: the input block of a native model, or the frame for a Python worker.
///
/// Rows of one column arrive in ascending order; a row that is passed over is missing.
protocol CellSink {
    /// Whether a tensor arrives as its numbers, [rows x width], and not as JSON text.
    var takesTensorElements: Bool { get }

    /// Forgets the last request; memory is kept.
    mutating func removeAll()
    /// A number of a float, double, integer, long or boolean column; `literal` is JSON that says the same.
    mutating func set(_ value: Double, literal: UnsafeRawBufferPointer, row: Int, column: Int)
    /// A string, binary or datetime cell.
    mutating func set(_ text: String, row: Int, column: Int)
    /// A string cell whose text is ASCII, at hand as bytes for the time of the call.
    mutating func set(ascii: UnsafeRawBufferPointer, row: Int, column: Int)
    /// An array, object or map, or a tensor's part, as JSON that was checked.
    mutating func set(json: UnsafeRawBufferPointer, row: Int, column: Int)
    /// `null`, where that is allowed.
    mutating func setMissing(row: Int, column: Int)
    /// All cells were set.
    mutating func finish(rows: Int)
}

extension CellSink {
    @inline(__always)
    mutating func set(ascii: UnsafeRawBufferPointer, row: Int, column: Int) {
        set(String(decoding: ascii, as: UTF8.self), row: row, column: column)
    }
}
