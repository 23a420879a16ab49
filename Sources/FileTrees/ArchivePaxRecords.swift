/// The records `LENGTH KEY=VALUE` of a pax header (POSIX.1-2017, pax, "pax Extended Header").
struct PaxRecords {
    private let records: [(key: [UInt8], value: [UInt8])]

    /// Keys that change what is extracted, and that we do not follow.
    private static let refused = ["linkpath", "SCHILY.realsize", "SCHILY.filetype", "GNU.sparse", "GNU.volume"]
    /// Keys that say which member it is; in a header for all members they make no sense.
    private static let local = ["path", "size"]

    /// nil when a length is wrong, a record has no `=`, or a key comes twice.
    static func parse(_ bytes: [UInt8]) -> PaxRecords? {
        var records: [(key: [UInt8], value: [UInt8])] = []
        var seen: Set<[UInt8]> = []
        var rest = bytes[...]
        while !rest.isEmpty {
            guard let blank = rest.firstIndex(of: 0x20), blank - rest.startIndex <= 7,
                let length = number(Array(rest[..<blank])), length <= rest.count, blank - rest.startIndex < length
            else { return nil }
            let record = rest[blank...].dropFirst().prefix(length - (blank - rest.startIndex) - 1)
            guard record.last == UInt8(ascii: "\n"), let mark = record.firstIndex(of: UInt8(ascii: "=")) else {
                return nil
            }
            let key = Array(record[..<mark])
            guard !key.isEmpty, seen.insert(key).inserted else { return nil }
            records.append((key, Array(record[record.index(after: mark)...].dropLast())))
            rest = rest.dropFirst(length)
        }
        return PaxRecords(records: records)
    }

    /// A number in decimal digits; nil for anything else.
    static func number(_ text: [UInt8]) -> Int? {
        guard !text.isEmpty, text.count <= 19, text.allSatisfy({ UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }) else {
            return nil
        }
        return Int(String(decoding: text, as: UTF8.self))
    }

    /// The value of a key.
    subscript(_ key: String) -> [UInt8]? { records.first { $0.key.elementsEqual(key.utf8) }?.value }

    /// A key that stands in the way; nil when there is none.
    func refusedKey(isGlobal: Bool) -> [UInt8]? {
        let refused = isGlobal ? Self.refused + Self.local : Self.refused
        return records.first { record in
            refused.contains { name in
                record.key.elementsEqual(name.utf8) || record.key.starts(with: (name + ".").utf8)
            }
        }?.key
    }
}
