/// Finds terms of a string table by their bytes.
struct TermIndex: Sendable {
    let table: StringTable
    // By hash: 0, or 1 + a text's number in the table's order. At most half of it is used.
    private let buckets: [UInt32]
    private let mask: Int

    init(_ table: StringTable) {
        self.table = table
        var size = 2
        while size < 2 * table.count { size *= 2 }
        mask = size - 1
        var buckets = [UInt32](repeating: 0, count: size)
        for number in 0..<table.count {
            var bucket = Self.hash(table[number]) & mask
            while buckets[bucket] != 0 { bucket = (bucket + 1) & mask }
            buckets[bucket] = UInt32(number + 1)
        }
        self.buckets = buckets
    }

    /// The code of a text, nil when the table does not have it.
    func code(of text: UnsafeRawBufferPointer) -> Int? {
        var bucket = Self.hash(text) & mask
        while buckets[bucket] != 0 {
            let number = Int(buckets[bucket]) - 1
            if StringTable.compare(table[number], text) == 0 { return table.code(at: number) }
            bucket = (bucket + 1) & mask
        }
        return nil
    }

    // Seeded anew in each process, so that nobody can prepare texts that meet in few buckets.
    private static func hash(_ text: UnsafeRawBufferPointer) -> Int {
        var hasher = Hasher()
        hasher.combine(bytes: text)
        return hasher.finalize()
    }
}
