import Diagnostics

/// The tables of a database, by their names in lower case.
public struct SQLiteSchema {
    private let file: SQLiteFile
    private var tables: [String: (root: Int, sql: String)] = [:]

    /// MLflow has about fifty tables, each with a few indices.
    private static let entryLimit = 10_000

    /// Reads `sqlite_schema`, whose first page is the first of the file.
    public init(_ file: SQLiteFile) throws(SQLiteError) {
        self.file = file
        var tables: [String: (root: Int, sql: String)] = [:]
        var count = 0
        try SQLiteTable(file: file, name: "sqlite_schema", root: 1).forEachRow { _, row throws(SQLiteError) in
            count += 1
            guard count <= Self.entryLimit else {
                throw SQLiteError(.limit, file.path, "its schema has more than \(grouped(Self.entryLimit)) entries")
            }
            guard try row.value(0) == .text("table"), case .text(let name)? = try row.value(1),
                case .integer(let root)? = try row.value(3), case .text(let sql)? = try row.value(4)
            else { return true }
            guard let root = Int(exactly: root) else { return true }
            tables[name.lowercased()] = (root, sql)
            return true
        }
        self.tables = tables
    }

    /// Whether there is a table `name`, in lower case.
    public func has(_ name: String) -> Bool { tables[name] != nil }

    /// The table `name` and its columns; nil when there is none.
    ///
    /// - Throws: `SQLiteError` of kind `.unsupported` for a table whose statement this reader does not understand.
    public func table(_ name: String) throws(SQLiteError) -> (rows: SQLiteTable, columns: [SQLiteColumn])? {
        guard let (root, sql) = tables[name] else { return nil }
        let columns: [SQLiteColumn]
        do throws(SQLiteColumns.Problem) { columns = try SQLiteColumns.read(sql) } catch {
            throw SQLiteError(.unsupported, file.path, "the table `\(escaped(name))` \(error.reason)")
        }
        return (SQLiteTable(file: file, name: name, root: root), columns)
    }
}

/// A column of a table.
public struct SQLiteColumn: Sendable, Equatable {
    /// In lower case.
    public let name: String
    /// What rows from before the column was added have, when it is a plain literal.
    public internal(set) var defaultValue: SQLiteValue = .null
}

/// Reads the columns out of a `CREATE TABLE` statement. Understood: names in any of SQLite's quotes, types, constraints and defaults
/// as far as it takes to pass over them. Refused: `WITHOUT ROWID`, generated columns, and what is no such statement.
enum SQLiteColumns {
    struct Problem: Error { let reason: String }

    private enum Token: Equatable {
        /// Without quotes, as written.
        case word(String)
        /// A name in `"`, `[` or `` ` ``.
        case quoted(String)
        case string(String)
        case mark(UInt8)

        var upper: String? { if case .word(let word) = self { word.uppercased() } else { nil } }
    }

    static func read(_ sql: String) throws(Problem) -> [SQLiteColumn] {
        let tokens = try tokens(Array(sql.utf8))
        guard let open = tokens.firstIndex(of: .mark(UInt8(ascii: "("))), tokens.first?.upper == "CREATE",
            tokens[..<open].contains(where: { $0.upper == "TABLE" })
        else { throw Problem(reason: "is made by a statement that is not understood") }
        var columns: [SQLiteColumn] = []
        var definition: [Token] = []
        var depth = 0
        var index = open
        while true {
            guard index < tokens.count else { throw Problem(reason: "is made by a statement that ends too early") }
            let token = tokens[index]
            index += 1
            if token == .mark(UInt8(ascii: "(")) { depth += 1 }
            if token == .mark(UInt8(ascii: ")")) { depth -= 1 }
            let isEnd = depth == 0
            if isEnd || (depth == 1 && token == .mark(UInt8(ascii: ","))) {
                if let column = try column(definition[...]) { columns.append(column) }
                definition.removeAll(keepingCapacity: true)
            } else if index > open + 1 {
                definition.append(token)
            }
            if isEnd { break }
        }
        guard !tokens[index...].contains(where: { $0.upper == "WITHOUT" }) else {
            throw Problem(reason: "is stored as an index (`WITHOUT ROWID`)")
        }
        guard !columns.isEmpty else { throw Problem(reason: "has no columns") }
        return columns
    }

    /// The column of a definition; nil for a constraint of the whole table.
    private static func column(_ tokens: ArraySlice<Token>) throws(Problem) -> SQLiteColumn? {
        let name: String
        switch tokens.first {
        case .word(let word)?:
            if ["CONSTRAINT", "PRIMARY", "UNIQUE", "CHECK", "FOREIGN"].contains(word.uppercased()) { return nil }
            name = word
        case .quoted(let word)?, .string(let word)?: name = word
        case .mark?, nil: throw Problem(reason: "has a column without a name")
        }
        let rest = tokens.dropFirst()
        guard !rest.contains(where: { $0.upper == "GENERATED" }) else {
            throw Problem(reason: "has a generated column")
        }
        var column = SQLiteColumn(name: name.lowercased())
        if let mark = rest.firstIndex(where: { $0.upper == "DEFAULT" }), mark + 1 < rest.endIndex {
            switch rest[mark + 1] {
            case .string(let text): column.defaultValue = .text(text)
            case .word(let word): column.defaultValue = Int64(word).map(SQLiteValue.integer) ?? .null
            case .quoted, .mark: break
            }
        }
        return column
    }

    private static func tokens(_ bytes: [UInt8]) throws(Problem) -> [Token] {
        var tokens: [Token] = []
        var index = 0
        while index < bytes.count {
            let byte = bytes[index]
            switch byte {
            case 0x20, 0x09, 0x0a, 0x0c, 0x0d: index += 1
            case UInt8(ascii: "-") where index + 1 < bytes.count && bytes[index + 1] == byte:
                while index < bytes.count, bytes[index] != 0x0a { index += 1 }
            case UInt8(ascii: "/") where index + 1 < bytes.count && bytes[index + 1] == UInt8(ascii: "*"):
                index += 2
                while index + 1 < bytes.count,
                    bytes[index] != UInt8(ascii: "*") || bytes[index + 1] != UInt8(ascii: "/")
                {
                    index += 1
                }
                index += 2
            case UInt8(ascii: "\""), UInt8(ascii: "`"), UInt8(ascii: "'"):
                let text = try quoted(bytes, &index, end: byte)
                tokens.append(byte == UInt8(ascii: "'") ? .string(text) : .quoted(text))
            case UInt8(ascii: "["): tokens.append(.quoted(try quoted(bytes, &index, end: UInt8(ascii: "]"))))
            case let byte where isWordByte(byte):
                let start = index
                while index < bytes.count, isWordByte(bytes[index]) { index += 1 }
                tokens.append(.word(String(decoding: bytes[start..<index], as: UTF8.self)))
            default:
                tokens.append(.mark(byte))
                index += 1
            }
        }
        return tokens
    }

    /// A name or string in quotes; a doubled quote stands for one.
    private static func quoted(_ bytes: [UInt8], _ index: inout Int, end: UInt8) throws(Problem) -> String {
        var text: [UInt8] = []
        index += 1
        while index < bytes.count {
            if bytes[index] == end {
                index += 1
                guard index < bytes.count, bytes[index] == end, end != UInt8(ascii: "]") else {
                    return String(decoding: text, as: UTF8.self)
                }
            }
            text.append(bytes[index])
            index += 1
        }
        throw Problem(reason: "is made by a statement with an open quote")
    }

    private static func isWordByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), 0x30...0x39, 0x24, 0x5f,
            0x80...:
            true
        default: false
        }
    }
}
