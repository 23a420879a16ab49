/// Puts the cells of a request into the columns of a frame, binary, as they come from the decoder.
struct FrameSink: CellSink {
    private(set) var columns: [FrameColumn]

    init(_ columns: [DecoderColumn]) { self.columns = columns.map(FrameColumn.init) }

    // A tensor's elements would come as binary64, which does not hold every int64.
    var takesTensorElements: Bool { false }

    mutating func removeAll() { for index in columns.indices { columns[index].removeAll() } }

    @inline(__always)
    mutating func set(_ value: Double, literal: UnsafeRawBufferPointer, row: Int, column: Int) {
        columns[column].set(value, literal: literal, row: row)
    }

    mutating func set(_ text: String, row: Int, column: Int) { columns[column].set(text, row: row) }

    mutating func set(json: UnsafeRawBufferPointer, row: Int, column: Int) { columns[column].set(json: json, row: row) }

    mutating func setMissing(row: Int, column: Int) { columns[column].setMissing(row: row) }

    mutating func finish(rows: Int) {
        for index in columns.indices where columns[index].count > 0 { columns[index].fill(to: rows) }
    }
}
