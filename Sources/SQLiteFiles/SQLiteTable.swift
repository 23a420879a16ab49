import Diagnostics

/// A value of a row.
public enum SQLiteValue: Sendable, Equatable {
    /// `NULL`.
    case null
    /// A whole number.
    case integer(Int64)
    /// A number of 64 bits.
    case real(Double)
    /// UTF-8 text.
    case text(String)
    /// Bytes.
    case blob([UInt8])
}

/// The rows of one table, in the order of their numbers.
public struct SQLiteTable {
    let file: SQLiteFile
    let name: String
    let root: Int

    /// Levels of a b-tree; SQLite itself stops at 20.
    private static let depthLimit = 20
    /// Bytes of one row.
    static let rowLimit = 16 << 20

    /// Calls `body` with the row numbers and records; false ends the walk.
    ///
    /// - Throws: `SQLiteError` for pages that contradict each other. A page that is met twice is one of those, so that every walk ends.
    public func forEachRow(_ body: (_ number: Int64, SQLiteRecord) throws(SQLiteError) -> Bool) throws(SQLiteError) {
        var walk = SQLiteWalk()
        _ = try visit(root, nil, 1, &walk, body)
    }

    private func visit(
        _ number: Int, _ parent: SQLitePage?, _ depth: Int, _ walk: inout SQLiteWalk,
        _ body: (Int64, SQLiteRecord) throws(SQLiteError) -> Bool
    ) throws(SQLiteError) -> Bool {
        let page = try file.page(number, from: parent)
        guard walk.visit(number) else { throw page.damage("is part of `\(escaped(name))` twice") }
        guard depth <= Self.depthLimit else { throw page.damage("is nested more than \(Self.depthLimit) deep") }
        let start = page.start
        let kind = try page.byte(start)
        let cells = try page.word(start + 3)
        switch kind {
        case 0x0d:
            var used = 0
            for index in 0..<cells {
                let cell = try page.word(start + 8 + 2 * index)
                var offset = cell
                let count = try page.varint(&offset)
                let row = try page.varint(&offset)
                let local = try localCount(page, offset, count)
                used += offset - cell + local
                // Otherwise a page of a thousand rows in one place would be work without an end.
                guard used <= file.header.usableSize else { throw page.damage("has rows that overlap", at: cell) }
                let payload = try payload(page, offset, local, Int(count), &walk)
                guard try body(row, SQLiteRecord(payload, page: page, offset: offset)) else { return false }
            }
            return true
        case 0x05:
            for index in 0..<cells {
                let offset = try page.word(start + 12 + 2 * index)
                guard try visit(try page.long(offset), page, depth + 1, &walk, body) else { return false }
            }
            return try visit(try page.long(start + 8), page, depth + 1, &walk, body)
        case 0x02, 0x0a:
            throw SQLiteError(
                .unsupported, file.path, "the table `\(escaped(name))` is stored as an index (`WITHOUT ROWID`)")
        default:
            throw page.damage("is no part of a table, although `\(escaped(name))` has it", at: start)
        }
    }

    /// How many bytes of a row are on its own page.
    private func localCount(_ page: SQLitePage, _ offset: Int, _ count: Int64) throws(SQLiteError) -> Int {
        guard count >= 0 else { throw page.damage("has a row of a negative length", at: offset) }
        guard count <= Self.rowLimit else {
            throw SQLiteError(
                .limit, file.path,
                "a row of `\(escaped(name))` has \(grouped(Int(count))) bytes; the limit is \(grouped(Self.rowLimit))",
                offset: (page.number - 1) * page.pageSize + offset)
        }
        let total = Int(count)
        let usable = file.header.usableSize
        let most = usable - 35
        guard total > most else { return total }
        let least = (usable - 12) * 32 / 255 - 23
        let wanted = least + (total - least) % (usable - 4)
        return wanted <= most ? wanted : least
    }

    /// The bytes of a row, those on overflow pages included.
    private func payload(
        _ page: SQLitePage, _ offset: Int, _ local: Int, _ total: Int, _ walk: inout SQLiteWalk
    ) throws(SQLiteError) -> [UInt8] {
        let usable = file.header.usableSize
        guard offset + local <= usable else { throw page.damage("has a row that leads out of it", at: offset) }
        var bytes = Array(page.bytes[offset..<offset + local])
        guard local < total else { return bytes }
        bytes.reserveCapacity(total)
        var next = try page.long(offset + local)
        var source = page
        while bytes.count < total {
            source = try file.page(next, from: source)
            guard walk.visit(next) else { throw source.damage("is part of `\(escaped(name))` twice") }
            next = try source.long(0)
            bytes += source.bytes[4..<4 + min(usable - 4, total - bytes.count)]
        }
        return bytes
    }
}

/// The pages that one walk has met.
struct SQLiteWalk {
    private var pages: Set<Int> = []

    /// - Returns: false when the page was met before.
    mutating func visit(_ page: Int) -> Bool { pages.insert(page).inserted }
}

/// The values of one row (section 2.1). They are decoded when they are asked for.
public struct SQLiteRecord {
    private let bytes: [UInt8]
    private let columns: [(type: Int64, offset: Int)]
    private let page: SQLitePage
    private let offset: Int

    init(_ bytes: [UInt8], page: SQLitePage, offset: Int) throws(SQLiteError) {
        self.bytes = bytes
        self.page = page
        self.offset = offset
        // Varints are read with the bounds checks of a page.
        let reader = SQLitePage(number: page.number, bytes: bytes, path: page.path, pageSize: page.pageSize)
        var position = 0
        let headerSize = try reader.varint(&position)
        guard headerSize >= position, headerSize <= bytes.count else {
            throw page.damage("has a row whose header is longer than it", at: offset)
        }
        var columns: [(type: Int64, offset: Int)] = []
        var end = Int(headerSize)
        while position < headerSize {
            let type = try reader.varint(&position)
            guard let size = Self.size(of: type), size <= bytes.count - end else {
                throw page.damage("has a row whose values are longer than it", at: offset)
            }
            columns.append((type, end))
            end += size
        }
        self.columns = columns
    }

    /// The value of the column `index`, from 0; nil for one that the row does not have, as rows from before a column was added.
    public func value(_ index: Int) throws(SQLiteError) -> SQLiteValue? {
        guard index < columns.count else { return nil }
        let (type, start) = columns[index]
        let size = Self.size(of: type) ?? 0
        switch type {
        case 0: return .null
        case 1...6:
            var value: Int64 = bytes[start] >= 0x80 ? -1 : 0
            for index in start..<start + size { value = value << 8 | Int64(bytes[index]) }
            return .integer(value)
        case 7:
            return .real(Double(bitPattern: bytes[start..<start + 8].reduce(0) { $0 << 8 | UInt64($1) }))
        case 8: return .integer(0)
        case 9: return .integer(1)
        case let type where type % 2 == 0: return .blob(Array(bytes[start..<start + size]))
        default:
            guard let text = String(validating: bytes[start..<start + size], as: UTF8.self) else {
                throw page.damage("has a text that is not UTF-8", at: offset)
            }
            return .text(text)
        }
    }

    /// Bytes of a value of this serial type; nil for a type that does not exist.
    private static func size(of type: Int64) -> Int? {
        switch type {
        case 0, 8, 9: 0
        case 1...4: Int(type)
        case 5: 6
        case 6, 7: 8
        case 12...: Int((type - 12) / 2)
        default: nil
        }
    }
}
