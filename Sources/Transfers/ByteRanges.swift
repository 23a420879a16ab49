/// Which bytes of a file have been written: ranges in order, none touching another.
struct ByteRanges: Sendable, Equatable {
    private(set) var ranges: [Range<Int>] = []

    /// No bytes.
    init() {}

    /// The bytes of `ranges`, in any order, overlapping or not.
    init(_ ranges: [Range<Int>]) {
        for range in ranges { insert(range) }
    }

    /// How many bytes there are.
    var count: Int { ranges.reduce(0) { $0 + $1.count } }

    /// The end of what is there from byte 0 on without a gap.
    var prefixEnd: Int { ranges.first.map { $0.lowerBound == 0 ? $0.upperBound : 0 } ?? 0 }

    /// The end of the last range.
    var end: Int { ranges.last?.upperBound ?? 0 }

    mutating func insert(_ new: Range<Int>) {
        guard !new.isEmpty else { return }
        let first = ranges.firstIndex { $0.upperBound >= new.lowerBound } ?? ranges.count
        let last = ranges[first...].firstIndex { $0.lowerBound > new.upperBound } ?? ranges.count
        guard first < last else { return ranges.insert(new, at: first) }
        let lower = min(new.lowerBound, ranges[first].lowerBound)
        let upper = max(new.upperBound, ranges[last - 1].upperBound)
        ranges.replaceSubrange(first..<last, with: CollectionOfOne(lower..<upper))
    }

    /// The first bytes below `size` that are not there, at most `limit` of them; nil when there are none.
    func firstGap(below size: Int, limit: Int) -> Range<Int>? {
        let start = prefixEnd
        guard start < size else { return nil }
        let next = ranges.first { $0.lowerBound > start }?.lowerBound ?? size
        return start..<min(next, size, start + min(limit, size - start))
    }
}
