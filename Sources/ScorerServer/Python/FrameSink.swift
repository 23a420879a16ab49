import JSONText

/// Puts cells into the columns of a request frame, as JSON text.
struct FrameSink: CellSink {
    private var columns: [[UInt8]] = []
    private var counts: [Int] = []

    init(columnCount: Int) {
        columns = Array(repeating: [], count: columnCount)
        counts = Array(repeating: 0, count: columnCount)
    }

    var takesTensorElements: Bool { false }

    mutating func removeAll() {
        for index in columns.indices {
            if columns[index].capacity > 1 << 20 {
                columns[index] = []
            } else {
                columns[index].removeAll(keepingCapacity: true)
            }
            counts[index] = 0
        }
    }

    mutating func set(_ value: Double, literal: UnsafeRawBufferPointer, row: Int, column: Int) {
        begin(row, column)
        columns[column].append(contentsOf: literal)
    }

    mutating func set(_ text: String, row: Int, column: Int) {
        begin(row, column)
        JSONWriter.appendString(text, isASCII: false, to: &columns[column])
    }

    mutating func set(json: UnsafeRawBufferPointer, row: Int, column: Int) {
        begin(row, column)
        columns[column].append(contentsOf: json)
    }

    mutating func setMissing(row: Int, column: Int) {
        begin(row, column)
        columns[column].append(contentsOf: "null".utf8)
    }

    mutating func finish(rows: Int) {
        for column in columns.indices where counts[column] > 0 && counts[column] < rows {
            setMissing(row: rows - 1, column: column)
        }
    }

    /// Appends the column as a JSON array.
    func appendColumn(_ index: Int, to bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: "["))
        bytes.append(contentsOf: columns[index])
        bytes.append(UInt8(ascii: "]"))
    }

    /// Fills the rows that were passed over, and separates the next cell.
    private mutating func begin(_ row: Int, _ column: Int) {
        while counts[column] < row {
            if counts[column] > 0 { columns[column].append(UInt8(ascii: ",")) }
            columns[column].append(contentsOf: "null".utf8)
            counts[column] += 1
        }
        if counts[column] > 0 { columns[column].append(UInt8(ascii: ",")) }
        counts[column] += 1
    }
}
