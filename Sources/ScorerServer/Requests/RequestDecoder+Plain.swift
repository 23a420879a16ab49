import JSONText

// The cells that most tables are made of, many at a time.
extension RequestDecoder {
    /// Takes the next cells of a row, up to one that is not plain or the end of the row.
    @inline(__always)
    mutating func decodePlainCells<Sink: CellSink>(
        _ position: inout Int, _ row: Int, _ reader: inout JSONPullReader, _ sink: inout Sink
    ) throws(RequestError) {
        // Out of the decoder while they are filled and read, so that neither copies them.
        var cells: [JSONPlainCell] = []
        swap(&cells, &plainCells)
        defer { swap(&cells, &plainCells) }
        while true {
            let count = reader.plainCells(into: &cells)
            for number in 0..<count {
                guard position < mapping.count || !hasNames else { throw wrongWidth(row) }
                let column = position < mapping.count ? mapping[position] : -1
                if column >= 0 { try plainCell(cells[number], row, column, &reader, &sink) }
                position += 1
            }
            if count < cells.count { return }
        }
    }

    /// As `cell`, for a value that the reader has passed already.
    @inline(__always)
    private mutating func plainCell<Sink: CellSink>(
        _ value: JSONPlainCell, _ row: Int, _ column: Int, _ reader: inout JSONPullReader, _ sink: inout Sink
    ) throws(RequestError) {
        switch (kinds[column], value.kind) {
        case (.double, .number), (.double, .integer):
            note(row, column)
            sink.set(value.double, literal: slice(value.range), row: row, column: column)
        case (.float, .number) where Float(value.double).isFinite, (.float, .integer):
            note(row, column)
            sink.set(value.double, literal: slice(value.range), row: row, column: column)
        case (.string, .text):
            note(row, column)
            sink.set(ascii: slice(value.range), row: row, column: column)
        case (.long, .integer):
            note(row, column)
            sink.set(Double(value.integer), literal: slice(value.range), row: row, column: column)
        case (.integer, .integer) where Int32(exactly: value.integer) != nil:
            note(row, column)
            sink.set(Double(value.integer), literal: slice(value.range), row: row, column: column)
        default:
            let event: JSONPullReader.Event =
                value.kind == .text
                ? .string(String(decoding: slice(value.range), as: UTF8.self)) : .number(value.range)
            try cell(event, row: row, column: column, &reader, &sink)
        }
    }
}
