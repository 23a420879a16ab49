/// "Did you mean …": the nearest of several words.
public enum Suggestion {
    /// The candidate that is nearest to `word`; nil when none is near. The first one wins among equals.
    ///
    /// Near is at most a third of the longer word, in edits, and at least one.
    public static func nearest(to word: String, in candidates: [String]) -> String? {
        // Longer words are pasted text, not slips of the finger, and the table would grow with their square.
        guard word.utf8.count <= 64 else { return nil }
        var best: (word: String, distance: Int)?
        for candidate in candidates {
            let distance = distance(word, candidate)
            let limit = max(1, max(word.count, candidate.count) / 3)
            if distance <= limit, distance < best?.distance ?? .max { best = (candidate, distance) }
        }
        return best?.word
    }

    /// The number of characters to insert, remove, replace or swap with their neighbour (optimal string alignment).
    public static func distance(_ left: String, _ right: String) -> Int {
        let left = Array(left)
        let right = Array(right)
        var beforeLast: [Int] = []
        var last = Array(0...right.count)
        for (row, character) in left.enumerated() {
            var current = [row + 1]
            for (column, other) in right.enumerated() {
                var cost = min(last[column] + (character == other ? 0 : 1), last[column + 1] + 1, current[column] + 1)
                if row > 0, column > 0, character == right[column - 1], left[row - 1] == other {
                    cost = min(cost, beforeLast[column - 1] + 1)
                }
                current.append(cost)
            }
            beforeLast = last
            last = current
        }
        return last[right.count]
    }
}
