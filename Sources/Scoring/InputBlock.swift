/// Rows bound to a model's columns, ready for scoring. Memory is kept between requests.
///
/// A new row's cells are missing until they are set. Row and column numbers out of range are mistakes of the caller and trap.
public struct InputBlock: Sendable {
    /// The model that the rows are for.
    public let model: CompiledModel
    /// The number of rows.
    public private(set) var rowCount = 0
    // Row-major, [rowCount x columns]; NaN is missing, a text is its code.
    private(set) var cells: [Double] = []
    private let columnCount: Int
    // The columns whose missing cells hold the code of an unknown text.
    private let unknownColumns: [Int]
    // The texts of the columns whose words count.
    private(set) var texts: TextCells
    private let columns: [Column]

    /// What the inner loop needs to know of a column; nothing in it counts references.
    private struct Column {
        let isText: Bool
        let isFloat: Bool
        let missing: Double
        /// The column's place among those whose texts are kept; -1 when they are not.
        let textPlace: Int
        /// The texts that the model knows.
        let known: StringTable.Search?
    }

    /// An empty block of rows for `model`.
    public init(model: CompiledModel) {
        self.model = model
        columnCount = model.inputs.columns.count
        unknownColumns = model.inputs.columns.indices.filter { model.inputs.columns[$0].missingIsUnknown }
        let textPlaces = model.inputs.textPlaces
        columns = model.inputs.columns.indices.map { index in
            let column = model.inputs.columns[index]
            return Column(
                isText: column.type == .string, isFloat: column.type == .float,
                missing: column.missingIsUnknown ? -1 : .nan, textPlace: textPlaces[index],
                known: model.strings[index]?.search)
        }
        texts = TextCells(width: textPlaces.count { $0 >= 0 })
    }

    /// Removes all rows; the memory is kept.
    public mutating func removeAll() {
        rowCount = 0
        cells.removeAll(keepingCapacity: true)
        texts.removeAll()
    }

    /// Adds a row whose cells are all missing, and gives its number.
    @discardableResult
    public mutating func appendRow() -> Int {
        appendRows(1)
        return rowCount - 1
    }

    /// Adds rows whose cells are all missing.
    public mutating func appendRows(_ count: Int) {
        precondition(count >= 0, "a number of rows cannot be negative")
        cells.append(contentsOf: repeatElement(.nan, count: count * columnCount))
        for column in unknownColumns {
            for row in rowCount..<(rowCount + count) { cells[row * columnCount + column] = -1 }
        }
        texts.appendRows(count)
        rowCount += count
    }

    /// Sets a cell of a numeric or boolean column. In a column of type `float` the number is rounded to the nearest float32;
    /// NaN makes the cell missing. Whether the number fits an integer or boolean column is the caller's business.
    public mutating func set(_ value: Double, row: Int, column: Int) {
        let cell = index(row, column)
        precondition(!columns[column].isText, "a column of texts takes texts")
        cells[cell] = columns[column].isFloat ? Double(Float(value)) : value
    }

    /// Sets a cell of a text column. Any text is allowed; what the model makes of one that it does not know is its business.
    public mutating func set(_ text: String, row: Int, column: Int) {
        var text = text
        text.withUTF8 { set(utf8: UnsafeRawBufferPointer($0), row: row, column: column) }
    }

    /// The same for the bytes of a text in UTF-8.
    public mutating func set(utf8 bytes: UnsafeRawBufferPointer, row: Int, column: Int) {
        let cell = index(row, column)
        let place = columns[column]
        precondition(place.isText, "a column of numbers takes numbers")
        if let known = place.known { cells[cell] = Double(known.code(of: bytes)) } else { cells[cell] = -1 }
        if place.textPlace >= 0 {
            bytes.withMemoryRebound(to: UInt8.self) { texts.set($0, row: row, place: place.textPlace) }
        }
    }

    /// Makes a cell missing again.
    public mutating func setMissing(row: Int, column: Int) {
        let cell = index(row, column)
        cells[cell] = columns[column].missing
        let place = columns[column].textPlace
        if place >= 0 { texts.setMissing(row: row, place: place) }
    }

    private func index(_ row: Int, _ column: Int) -> Int {
        precondition(row >= 0 && row < rowCount && column >= 0 && column < columnCount, "cell out of range")
        return row * columnCount + column
    }
}

extension InputSchema {
    /// Per column the place of its texts among those that are kept; -1 when they are not.
    var textPlaces: [Int] {
        var next = 0
        return columns.map { column in
            guard column.keepsText else { return -1 }
            next += 1
            return next - 1
        }
    }
}
