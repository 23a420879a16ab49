/// A stable sort by unsigned keys, one byte at a time from the low end; bytes in which all keys agree cost one pass of reading.
enum RadixSort {
    /// A key and what it belongs to.
    struct Item {
        var key: UInt64
        var index: UInt32
    }

    /// Sorts `items` by `key`; equal ones keep their order.
    static func sort(_ items: inout [Item], by key: (Item) -> UInt64) {
        var all: UInt64 = 0
        var common = UInt64.max
        for item in items {
            all |= key(item)
            common &= key(item)
        }
        let varying = all & ~common
        for shift in stride(from: UInt64(0), to: 64, by: 8) where (varying >> shift) & 255 != 0 {
            items = [Item](unsafeUninitializedCapacity: items.count) { buffer, count in
                var next = [Int](repeating: 0, count: 257)
                for item in items { next[Int((key(item) >> shift) & 255) + 1] += 1 }
                for digit in 0..<256 { next[digit + 1] += next[digit] }
                for item in items {
                    let digit = Int((key(item) >> shift) & 255)
                    buffer.initializeElement(at: next[digit], to: item)
                    next[digit] += 1
                }
                count = items.count
            }
        }
    }
}
