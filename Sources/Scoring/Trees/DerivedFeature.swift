/// A feature that is made of another one before the trees are walked, so that every node is a comparison with a threshold.
public enum DerivedFeature: Hashable, Sendable {
    /// 0 where a row goes left at the split, 1 where it goes right; a node compares it with `TreeForest.splitThreshold`.
    case split(CategorySplit)
    /// 0 where the feature is NaN, else the feature: libraries that replace missing values at some nodes only.
    case zeroForMissing
    /// NaN where the feature is in the range, else the feature, in float64: libraries that take values near 0 as missing.
    case missing(ClosedRange<Double>)

    /// Whether it can be NaN.
    fileprivate var canBeMissing: Bool {
        switch self {
        case .split, .zeroForMissing: false
        case .missing: true
        }
    }
}

/// The derived features of a forest, numbered after its own features in the order of their first use.
struct DerivedFeatures: Sendable {
    struct Entry: Hashable, Sendable {
        var feature: Int
        var rule: DerivedFeature
    }

    private(set) var entries: [Entry] = []
    private var numbers: [Entry: Int] = [:]

    var count: Int { entries.count }

    mutating func number(of entry: Entry) -> Int {
        if let known = numbers[entry] { return known }
        numbers[entry] = entries.count
        entries.append(entry)
        return entries.count - 1
    }

    func canBeMissing(_ number: Int) -> Bool { entries[number].rule.canBeMissing }
}

extension ModelBuilder {
    /// The slots of derived features: as few operators as there are rules, and one for all splits of a feature.
    mutating func derive(
        _ derived: DerivedFeatures, from slots: [Slot], width: FloatWidth
    ) throws(ScoringError) -> [Slot] {
        var result = [Slot](repeating: -1, count: derived.count)
        // Keyed by the operator that they share; in the order of first use.
        var groups: [(key: GroupKey, members: [Int])] = []
        var positions: [GroupKey: Int] = [:]
        for (number, entry) in derived.entries.enumerated() {
            let key = GroupKey(entry)
            if let position = positions[key] {
                groups[position].members.append(number)
            } else {
                positions[key] = groups.count
                groups.append((key, [number]))
            }
        }
        for (key, members) in groups {
            let inputs = members.map { slots[derived.entries[$0].feature] }
            let outputs: [Slot]
            switch key {
            case .zeroForMissing:
                outputs = try impute(inputs, missing: .nan, fill: [Double](repeating: 0, count: inputs.count))
            case .missing(let range): outputs = try blank(inputs, range)
            case .splits:
                var splits: [CategorySplit] = []
                for member in members {
                    if case .split(let split) = derived.entries[member].rule { splits.append(split) }
                }
                outputs = try categorySplits(inputs[0], splits, width: width)
            }
            for (member, output) in zip(members, outputs) { result[member] = output }
        }
        return result
    }

    private enum GroupKey: Hashable {
        case zeroForMissing
        case missing(ClosedRange<Double>)
        case splits(feature: Int, reading: CategoryReading, limit: Int)

        init(_ entry: DerivedFeatures.Entry) {
            switch entry.rule {
            case .split(let split):
                self = .splits(feature: entry.feature, reading: split.reading, limit: split.limit)
            case .zeroForMissing: self = .zeroForMissing
            case .missing(let range): self = .missing(range)
            }
        }
    }
}
