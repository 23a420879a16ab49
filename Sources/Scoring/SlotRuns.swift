import JSONText

/// Lists of slots as runs: `[first, count, first, count, …]`.
enum SlotRuns {
    static func encode(_ slots: [Slot]) -> JSONValue {
        var runs: [JSONValue] = []
        var index = 0
        while index < slots.count {
            var end = index + 1
            while end < slots.count, slots[end] == slots[end - 1] + 1 { end += 1 }
            runs.append(.int(slots[index]))
            runs.append(.int(end - index))
            index = end
        }
        return .array(runs)
    }

    static func decode(_ value: JSONValue?, below limit: Int, what: String) throws(ScoringError) -> [Slot] {
        guard let runs = value?.arrayValue, runs.count.isMultiple(of: 2) else {
            throw ScoringError(.damaged, "\(what) are not a list of runs")
        }
        var slots: [Slot] = []
        for index in stride(from: 0, to: runs.count, by: 2) {
            guard let first = runs[index].intValue, let count = runs[index + 1].intValue, first >= 0, first < limit,
                count > 0, count <= limit - first, slots.count + count <= Limits.slots
            else { throw ScoringError(.damaged, "\(what) name slots outside 0..<\(limit)") }
            slots.append(contentsOf: first..<(first + count))
        }
        return slots
    }
}
