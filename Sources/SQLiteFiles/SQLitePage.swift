/// One page of a database, read with bounds checks (SQLite file format 3, section 1.6).
struct SQLitePage {
    let number: Int
    let bytes: [UInt8]
    let path: String
    let pageSize: Int

    /// Where the b-tree header begins: behind the file's header on page 1.
    var start: Int { number == 1 ? SQLiteHeader.size : 0 }

    func damage(_ reason: String, at offset: Int = 0) -> SQLiteError {
        SQLiteError(
            .damaged, path, "page \(number) \(reason)", offset: (number - 1) * pageSize + min(max(0, offset), pageSize))
    }

    func byte(_ offset: Int) throws(SQLiteError) -> Int {
        guard offset >= 0, offset < bytes.count else { throw damage("ends inside a value", at: offset) }
        return Int(bytes[offset])
    }

    func word(_ offset: Int) throws(SQLiteError) -> Int {
        try byte(offset) << 8 | byte(offset + 1)
    }

    func long(_ offset: Int) throws(SQLiteError) -> Int {
        try word(offset) << 16 | word(offset + 2)
    }

    /// A variable-length integer of 1 to 9 bytes; moves `offset` behind it.
    func varint(_ offset: inout Int) throws(SQLiteError) -> Int64 {
        var value: UInt64 = 0
        for index in 0..<9 {
            let next = UInt64(try byte(offset))
            offset += 1
            if index == 8 { return Int64(bitPattern: value << 8 | next) }
            value = value << 7 | next & 0x7f
            if next < 0x80 { break }
        }
        return Int64(bitPattern: value)
    }
}

/// The header of a database, 100 bytes (section 1.3).
struct SQLiteHeader: Equatable {
    static let size = 100
    static let magic = Array("SQLite format 3\0".utf8)

    /// Bytes of a page: a power of two from 512 to 65,536.
    let pageSize: Int
    /// Bytes of a page without those at its end that are reserved.
    let usableSize: Int
    /// Pages, as the header has it; nil when it says nothing that can be trusted.
    let pageCount: Int?

    /// - Parameter bytes: the first 100 bytes of page 1.
    init(_ bytes: [UInt8], path: String) throws(SQLiteError) {
        func refuse(_ kind: SQLiteError.Kind, _ reason: String, at offset: Int, _ hints: [String] = []) -> SQLiteError {
            SQLiteError(kind, path, reason, offset: offset, hints: hints)
        }
        guard bytes.count >= Self.size, bytes.starts(with: Self.magic) else {
            throw refuse(.notADatabase, "it is no SQLite 3 database", at: 0)
        }
        func long(_ offset: Int) -> Int { bytes[offset..<offset + 4].reduce(0) { $0 << 8 | Int($1) } }
        let written = Int(bytes[16]) << 8 | Int(bytes[17])
        pageSize = written == 1 ? 65_536 : written
        guard pageSize >= 512, pageSize <= 65_536, pageSize & (pageSize - 1) == 0 else {
            throw refuse(.damaged, "its pages are said to have \(written) bytes", at: 16)
        }
        guard bytes[19] == 1 || bytes[19] == 2 else {
            throw refuse(.unsupported, "its format has the version \(bytes[19])", at: 19)
        }
        usableSize = pageSize - Int(bytes[20])
        guard usableSize >= 480, bytes[21] == 64, bytes[22] == 32, bytes[23] == 32 else {
            throw refuse(.damaged, "its header contradicts itself", at: 20)
        }
        guard (1...4).contains(long(44)) || long(44) == 0 else {
            throw refuse(.unsupported, "its schema has the format \(long(44))", at: 44)
        }
        guard long(56) <= 1 else {
            throw refuse(
                .unsupported, "its text is UTF-16", at: 56,
                ["copy it into a database in UTF-8: `sqlite3 OLD .dump | sqlite3 NEW`"])
        }
        let count = long(28)
        pageCount = count > 0 && long(24) == long(92) ? count : nil
    }
}
