/// The payload of a frame whose cells stand in binary columns; the same in both directions.
///
///     uint32  bytes of the head, JSON that does not change from one request to the next
///     uint32  bytes of the parameters, JSON; 0 for none
///     uint32  columns
///     uint32  0
///     uint64  rows
///     for each column: uint16 encoding, uint16 flags (1: a validity bitmap), uint32 rank, uint64 bytes
///     for each column: `rank` times uint64, the lengths of a cell's dimensions
///     head, parameters
///     for each column, at a multiple of its alignment: the bitmap (bit `row % 8` of byte `row / 8` is set where there is a
///     cell; padded to a multiple of 8 bytes), then the cells as `ColumnEncoding` says
///
/// Gaps are zeros, and nothing follows the last column.
struct ColumnarPayload {
    static let fixedBytes = 24
    static let columnBytes = 16
    /// The most columns of a payload that is read.
    static let columnLimit = 1 << 20
    /// The most dimensions of a cell, in a payload that is read.
    static let rankLimit = 32
    /// The most rows of a payload that is read.
    static let rowLimit = 1 << 30

    struct Column {
        var encoding: ColumnEncoding
        /// The lengths of a cell's dimensions; empty for a single value.
        var shape: [Int]
        /// The bitmap; nil when no cell is missing.
        var validity: Range<Int>?
        var cells: Range<Int>
    }

    var head: Range<Int>
    var parameters: Range<Int>
    var rows: Int
    var columns: [Column] = []

    /// Reads a payload and checks every length in it; nil when something is wrong.
    init?(_ bytes: UnsafeRawBufferPointer) {
        guard bytes.count >= Self.fixedBytes else { return nil }
        func number<Number: FixedWidthInteger>(_ offset: Int, _ type: Number.Type) -> Int? {
            Int(exactly: Number(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: type)))
        }
        guard let headCount = number(0, UInt32.self), let parameterCount = number(4, UInt32.self),
            let columnCount = number(8, UInt32.self), number(12, UInt32.self) == 0,
            let rows = number(16, UInt64.self), rows <= Self.rowLimit, columnCount <= Self.columnLimit,
            columnCount * Self.columnBytes <= bytes.count - Self.fixedBytes
        else { return nil }
        self.rows = rows
        var position = Self.fixedBytes + columnCount * Self.columnBytes
        var sizes: [(count: Int, hasValidity: Bool)] = []
        for index in 0..<columnCount {
            let start = Self.fixedBytes + index * Self.columnBytes
            let flags = number(start + 2, UInt16.self)
            guard let encoding = number(start, UInt16.self).flatMap({ ColumnEncoding(rawValue: UInt16($0)) }),
                flags == 0 || flags == 1, let rank = number(start + 4, UInt32.self), rank <= Self.rankLimit,
                let count = number(start + 8, UInt64.self), count <= bytes.count, rank * 8 <= bytes.count - position
            else { return nil }
            var shape: [Int] = []
            for dimension in 0..<rank {
                guard let length = number(position + 8 * dimension, UInt64.self) else { return nil }
                shape.append(length)
            }
            position += 8 * rank
            sizes.append((count, flags == 1))
            columns.append(Column(encoding: encoding, shape: shape, validity: nil, cells: 0..<0))
        }
        guard headCount <= bytes.count - position, parameterCount <= bytes.count - position - headCount else {
            return nil
        }
        head = position..<(position + headCount)
        parameters = head.upperBound..<(head.upperBound + parameterCount)
        position = parameters.upperBound
        for index in columns.indices {
            let (count, hasValidity) = sizes[index]
            position = Self.aligned(position, columns[index].encoding.alignment(hasValidity: hasValidity))
            guard position <= bytes.count, count <= bytes.count - position else { return nil }
            let end = position + count
            if hasValidity {
                let bitmap = Self.bitmapBytes(rows: rows)
                guard bitmap <= count else { return nil }
                columns[index].validity = position..<(position + bitmap)
                position += bitmap
            }
            columns[index].cells = position..<end
            position = end
            guard isWhole(columns[index], bytes) else { return nil }
        }
        guard position == bytes.count else { return nil }
    }

    static func aligned(_ offset: Int, _ alignment: Int) -> Int { (offset + alignment - 1) & ~(alignment - 1) }

    static func bitmapBytes(rows: Int) -> Int { aligned((rows + 7) / 8, 8) }

    /// Whether the cells are as many as there should be.
    private func isWhole(_ column: Column, _ bytes: UnsafeRawBufferPointer) -> Bool {
        if let width = column.encoding.width {
            var count = rows
            for length in column.shape {
                let (product, overflow) = count.multipliedReportingOverflow(by: length)
                guard !overflow else { return false }
                count = product
            }
            let (size, overflow) = count.multipliedReportingOverflow(by: width)
            return !overflow && size == column.cells.count
        }
        guard column.shape.isEmpty else { return false }
        return column.encoding == .json || hasOrderedOffsets(column, bytes)
    }

    private func hasOrderedOffsets(_ column: Column, _ bytes: UnsafeRawBufferPointer) -> Bool {
        let start = (rows + 1) * 4
        guard start <= column.cells.count else { return false }
        var last = 0
        for row in 0...rows {
            let offset = bytes.loadUnaligned(fromByteOffset: column.cells.lowerBound + 4 * row, as: UInt32.self)
            guard row > 0 ? offset >= last : offset == 0 else { return false }
            last = Int(UInt32(littleEndian: offset))
        }
        return last == column.cells.count - start
    }
}

/// Puts a columnar payload together: descriptors first, then the columns in the same order.
struct ColumnarWriter {
    private(set) var bytes: [UInt8]
    private let start: Int

    /// - Parameter reserved: bytes to leave free before the payload, for the header of the frame.
    init(reserved: Int, capacity: Int, head: [UInt8], parameters: [UInt8], columns: [FrameColumn], rows: Int) {
        bytes = []
        bytes.reserveCapacity(capacity)
        bytes.append(contentsOf: repeatElement(0, count: reserved))
        start = reserved
        append(UInt32(head.count))
        append(UInt32(parameters.count))
        append(UInt32(columns.count))
        append(UInt32(0))
        append(UInt64(rows))
        for column in columns {
            append(column.encoding.rawValue)
            append(UInt16(column.hasMissing ? 1 : 0))
            append(UInt32(column.shape.count))
            append(UInt64(column.byteCount(rows: rows)))
        }
        for column in columns { for length in column.shape { append(UInt64(length)) } }
        bytes.append(contentsOf: head)
        bytes.append(contentsOf: parameters)
        for column in columns {
            pad(to: column.encoding.alignment(hasValidity: column.hasMissing))
            column.append(to: &bytes, rows: rows)
        }
    }

    private mutating func append<Number: FixedWidthInteger>(_ number: Number) {
        withUnsafeBytes(of: number.littleEndian) { bytes.append(contentsOf: $0) }
    }

    private mutating func pad(to alignment: Int) {
        let offset = bytes.count - start
        let gap = ColumnarPayload.aligned(offset, alignment) - offset
        if gap > 0 { bytes.append(contentsOf: repeatElement(0, count: gap)) }
    }
}
