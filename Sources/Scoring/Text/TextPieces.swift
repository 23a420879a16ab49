/// One text taken apart. Memory is kept from text to text.
struct TextPieces {
    /// The text's code points as it came.
    var source: [UInt32] = []
    /// The text's code points, folded.
    var codes: [UInt32] = []
    /// Others, on the way to `codes` and from it.
    var plain: [UInt32] = []
    /// The words or characters in UTF-8; neighbours in a group are neighbours here, words with a space between them.
    var bytes: [UInt8] = []
    /// Where in `bytes` each word or character begins and ends.
    var starts: [Int] = []
    var ends: [Int] = []
    /// Where in `starts` each group begins, and the end: a term lies in one group.
    var groups: [Int] = []

    mutating func removePieces() {
        bytes.removeAll(keepingCapacity: true)
        starts.removeAll(keepingCapacity: true)
        ends.removeAll(keepingCapacity: true)
        groups.removeAll(keepingCapacity: true)
        groups.append(0)
    }

    mutating func endGroup() { groups.append(starts.count) }

    /// Adds a code point as a piece.
    mutating func add(_ code: UInt32) {
        starts.append(bytes.count)
        encode(code)
        ends.append(bytes.count)
    }

    /// Adds a code point to `bytes`.
    mutating func encode(_ code: UInt32) {
        if code < 0x80 {
            bytes.append(UInt8(code))
        } else if code < 0x800 {
            bytes.append(UInt8(0xC0 | code >> 6))
            bytes.append(UInt8(0x80 | code & 63))
        } else if code < 0x1_0000 {
            bytes.append(UInt8(0xE0 | code >> 12))
            bytes.append(UInt8(0x80 | code >> 6 & 63))
            bytes.append(UInt8(0x80 | code & 63))
        } else {
            bytes.append(UInt8(0xF0 | code >> 18))
            bytes.append(UInt8(0x80 | code >> 12 & 63))
            bytes.append(UInt8(0x80 | code >> 6 & 63))
            bytes.append(UInt8(0x80 | code & 63))
        }
    }
}

/// How often terms were met in one text. Memory is kept from text to text.
struct TermCounts {
    // Per term 0, or when it was met twice its sum, and 1. All are 0 between texts.
    private var counts: [Int32] = []
    /// The terms that were met, each once, ascending after `finish`.
    private(set) var met: [Int] = []

    /// Makes room for a vocabulary and forgets what was met.
    mutating func begin(termCount: Int) {
        for term in met { counts[term] = 0 }
        met.removeAll(keepingCapacity: true)
        if counts.count < termCount { counts.append(contentsOf: repeatElement(0, count: termCount - counts.count)) }
    }

    /// Adds 1 to a term, or -1. A text has fewer terms than would overflow.
    mutating func add(_ term: Int, _ value: Int32) {
        if counts[term] == 0 {
            met.append(term)
            counts[term] = 1
        }
        counts[term] += 2 * value
    }

    mutating func finish() { met.sort() }

    /// The sum of a term that was met.
    subscript(_ term: Int) -> Int { Int(counts[term] >> 1) }
}
