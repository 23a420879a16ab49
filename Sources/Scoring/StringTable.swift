import Bytes
import Glibc

/// The texts that a program knows in one input column, used in place: Format.md, "String table".
///
/// A text's code is its number in the order in which the builder met it; the file holds the texts sorted for searching.
struct StringTable: @unchecked Sendable {
    // Sound: the memory belongs to `region`, which never changes and lives as long as this value.
    private let codes: UnsafePointer<UInt32>
    private let offsets: UnsafePointer<UInt32>
    private let text: UnsafeRawPointer
    private let region: ByteRegion
    let count: Int

    /// The table without a hold on its memory, for loops: whoever keeps one keeps the model as well.
    struct Search: @unchecked Sendable {
        // Sound: as above, as long as the table's model lives.
        fileprivate let codes: UnsafePointer<UInt32>
        fileprivate let offsets: UnsafePointer<UInt32>
        fileprivate let text: UnsafeRawPointer
        fileprivate let count: Int
    }

    var search: Search { Search(codes: codes, offsets: offsets, text: text, count: count) }

    init(_ section: Section, number: Int) throws(ScoringError) {
        let size = section.range.count
        func damaged(_ reason: String) -> ScoringError {
            ScoringError(.damaged, "string table \(number): \(reason)", byteOffset: section.range.lowerBound)
        }
        guard size >= 8 else { throw damaged("it is shorter than its head") }
        let head = section.start.assumingMemoryBound(to: UInt32.self)
        let count = Int(head[0])
        let textStart = 8 + 4 * count + 4 * (count + 1)
        guard head[1] == 0, textStart <= size else { throw damaged("\(count) texts do not fit in \(size) bytes") }
        region = section.region
        codes = head + 2
        offsets = head + 2 + count
        text = section.start + textStart
        self.count = count
        guard offsets[0] == 0, Int(offsets[count]) == size - textStart else {
            throw damaged("the offsets do not cover the text")
        }
        var seen = [Bool](repeating: false, count: count)
        for index in 0..<count {
            guard offsets[index] <= offsets[index + 1], Int(offsets[index + 1]) <= size - textStart else {
                throw damaged("offset \(index + 1) goes backwards")
            }
            let code = Int(codes[index])
            guard code < count, !seen[code] else { throw damaged("code \(code) is out of range or occurs twice") }
            seen[code] = true
        }
        for index in 0..<count {
            let bytes = self[index]
            guard String(validating: bytes, as: UTF8.self) != nil else { throw damaged("text \(index) is not UTF-8") }
            guard index == 0 || Self.compare(self[index - 1], bytes) < 0 else {
                throw damaged("text \(index) is not in order")
            }
        }
    }

    /// The bytes of the text at `index` in sorted order.
    subscript(_ index: Int) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: text + Int(offsets[index]), count: Int(offsets[index + 1] - offsets[index]))
    }

    /// The code of a text, or -1 when the program does not know it.
    func code(of wanted: UnsafeRawBufferPointer) -> Int { search.code(of: wanted) }

    /// The code of the text at `index` in sorted order.
    func code(at index: Int) -> Int { Int(codes[index]) }

    /// Negative, 0 or positive: how two texts are in order.
    static func compare(_ a: UnsafeRawBufferPointer, _ b: UnsafeRawBufferPointer) -> Int {
        let shared = min(a.count, b.count)
        if shared > 0, let first = a.baseAddress, let second = b.baseAddress {
            let order = memcmp(first, second, shared)
            if order != 0 { return Int(order) }
        }
        return a.count - b.count
    }

    /// The section's bytes for texts in the order of their codes.
    static func encode(_ texts: [String]) -> [UInt8] {
        let sorted = texts.enumerated().sorted { $0.element.utf8.lexicographicallyPrecedes($1.element.utf8) }
        var writer = ByteWriter()
        writer.append(UInt32(texts.count))
        writer.append(UInt32(0))
        for (code, _) in sorted { writer.append(UInt32(code)) }
        var offset: UInt32 = 0
        for (_, text) in sorted {
            writer.append(offset)
            offset += UInt32(text.utf8.count)
        }
        writer.append(offset)
        for (_, text) in sorted { writer.append(text) }
        return writer.bytes
    }
}

extension StringTable.Search {
    func code(of wanted: UnsafeRawBufferPointer) -> Int {
        var low = 0
        var high = count
        while low < high {
            let middle = (low + high) / 2
            let known = UnsafeRawBufferPointer(
                start: text + Int(offsets[middle]), count: Int(offsets[middle + 1] - offsets[middle]))
            let order = StringTable.compare(known, wanted)
            if order == 0 { return Int(codes[middle]) }
            if order < 0 { low = middle + 1 } else { high = middle }
        }
        return -1
    }
}
