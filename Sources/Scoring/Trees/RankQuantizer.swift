/// Replaces a row's values by ranks among the thresholds of their feature, so that a node compares small integers.
///
/// The rank of x is the number of thresholds t with `t < x` (comparison `<=`) or `t <= x` (comparison `<`): a node with
/// threshold number k goes left exactly when rank <= k. NaN has rank 0 where it goes left and the number of thresholds where it
/// goes right; a feature whose nodes differ in that has two lanes.
struct RankQuantizer: Sendable {
    private struct Feature {
        var slot: Slot
        var start: Int
        var count: Int
        var lanes: MissingLanes
        /// Its first lane.
        var lane: Int
    }

    private enum Thresholds {
        case float32(NumberArray<Float>)
        case float64(NumberArray<Double>)
    }

    /// Per lane, the number of its thresholds; lane 0 is the leaves' and always has rank 0.
    let laneSizes: [UInt32]
    private var features: [Feature]
    /// One-hot columns whose ranks come straight from the category.
    private var groups: [OneHotLanes] = []
    /// Categorical splits whose ranks come straight from the category.
    private var splitGroups: [SplitLanes] = []
    private let thresholds: Thresholds
    private let isStrict: Bool

    /// The number of distinct thresholds over all features.
    var thresholdCount: Int {
        switch thresholds {
        case .float32(let values): values.count
        case .float64(let values): values.count
        }
    }

    init(_ fields: inout OperatorFields) throws(ScoringError) {
        isStrict = try fields.choice("compare", TreeForest.Comparison.self) == .less
        let isFloat32 = try fields.choice("inputWidth", FloatWidth.self) == .float32
        thresholds =
            isFloat32 ? .float32(try fields.float32("thresholds")) : .float64(try fields.float64("thresholds"))
        let table = try fields.uint32("features")
        guard table.count.isMultiple(of: 4) else { throw fields.error("`features` are not whole rows") }
        var features: [Feature] = []
        var laneSizes: [UInt32] = [0]
        var end = 0
        for index in stride(from: 0, to: table.count, by: 4) {
            let (input, start, count) = (Int(table[index]), Int(table[index + 1]), Int(table[index + 2]))
            guard input < fields.inputs.count, start == end, count > 0,
                let lanes = MissingLanes(rawValue: Int(table[index + 3]))
            else { throw fields.error("feature \(index / 4) is out of range") }
            features.append(
                Feature(slot: fields.inputs[input], start: start, count: count, lanes: lanes, lane: laneSizes.count))
            laneSizes += repeatElement(UInt32(count), count: lanes == .perNode ? 2 : 1)
            end = start + count
        }
        self.features = features
        self.laneSizes = laneSizes
        guard end == thresholdCount else { throw fields.error("the features do not cover the thresholds") }
        let isAscending =
            switch thresholds {
            case .float32(let values): features.allSatisfy { Self.isAscending(values.base + $0.start, $0.count) }
            case .float64(let values): features.allSatisfy { Self.isAscending(values.base + $0.start, $0.count) }
            }
        guard isAscending else { throw fields.error("the thresholds of a feature are not ascending") }
    }

    private static func isAscending<Number: BinaryFloatingPoint>(_ values: UnsafePointer<Number>, _ count: Int) -> Bool
    {
        for index in 1..<max(1, count) where !(values[index - 1] < values[index]) { return false }
        return !values[0].isNaN
    }

    /// Writes the ranks of all rows, each shifted by `rankShift`. Eight neighbouring rows form a tile: lane `l` of row `8t + j` is
    /// at `8t * laneCount + 8l + j`. Rows beyond the last whole tile follow one after the other, [rows x laneCount].
    @inline(__always)
    func run<Word: FixedWidthInteger & UnsignedInteger>(
        _ block: RowBlock, rankShift: Word, into ranks: UnsafeMutablePointer<Word>
    ) {
        switch (thresholds, isStrict) {
        case (.float32(let values), false):
            run(block, ThresholdSearch<_, Below>(values.base), rankShift, into: ranks) { Float($0) }
        case (.float32(let values), true):
            run(block, ThresholdSearch<_, NotAbove>(values.base), rankShift, into: ranks) { Float($0) }
        case (.float64(let values), false):
            run(block, ThresholdSearch<_, Below>(values.base), rankShift, into: ranks) { $0 }
        case (.float64(let values), true):
            run(block, ThresholdSearch<_, NotAbove>(values.base), rankShift, into: ranks) { $0 }
        }
    }

    @inline(__always)
    private func run<Word: FixedWidthInteger & UnsignedInteger, Number: BinaryFloatingPoint, Rule: RankRule>(
        _ block: RowBlock, _ search: ThresholdSearch<Number, Rule>, _ shift: Word,
        into ranks: UnsafeMutablePointer<Word>,
        rounding: (Double) -> Number
    ) {
        let tiled = block.rows / 8 * 8
        var first = 0
        while first < block.rows {
            let count = first < tiled ? 8 : 1
            let tile = ranks + first * laneSizes.count
            for row in 0..<count { tile[row] = 0 }
            for feature in features {
                let target = tile + feature.lane * count
                let source = block[feature.slot] + first
                if count == 8 {
                    search.rankFour(source, feature.start, feature.count, shift, into: target, rounding)
                    search.rankFour(source + 4, feature.start, feature.count, shift, into: target + 4, rounding)
                } else {
                    target[0] =
                        Word(truncatingIfNeeded: search.rank(rounding(source[0]), feature.start, feature.count))
                        &<< shift
                }
                // The rank of NaN is 0 so far.
                guard feature.lanes != .left else { continue }
                let end = Word(truncatingIfNeeded: feature.count) &<< shift
                let right = feature.lanes == .perNode ? target + count : target
                for row in 0..<count { right[row] = source[row].isNaN ? end : target[row] }
            }
            for group in groups { group.run(block, first: first, count: count, shift, into: tile) }
            for group in splitGroups { group.run(block, first: first, count: count, shift, into: tile) }
            first += count
        }
    }

    /// The same ranks without the columns of `oneHot`, whose category gives them: for one-hot columns that nothing else reads.
    ///
    /// - Returns: nil when the trees read none of its columns, or not as neighbouring lanes.
    func fusing(_ oneHot: OneHot) -> RankQuantizer? {
        guard let taken = neighbours(oneHot.outputs) else { return nil }
        var lanes = OneHotLanes(oneHot, firstLane: taken[0].lane)
        for feature in taken {
            lanes.append(
                output: feature.slot - oneHot.outputs.lowerBound, zero: rank(of: 0, feature), one: rank(of: 1, feature))
        }
        var result = self
        result.features.removeAll { oneHot.outputs.contains($0.slot) }
        result.groups.append(lanes)
        return result
    }

    /// The same ranks without the answers of `splits`, which the category gives: for splits that nothing else reads.
    ///
    /// - Returns: nil when the trees read none, or not as neighbouring lanes, or when the table would be large.
    func fusing(_ splits: CategorySplits) -> RankQuantizer? {
        guard let taken = neighbours(splits.outputs), taken.allSatisfy({ $0.count <= Int(UInt8.max) }),
            let lanes = SplitLanes(
                splits, firstLane: taken[0].lane, outputs: taken.map { $0.slot - splits.outputs.lowerBound },
                zeros: taken.map { UInt8(rank(of: 0, $0)) }, ones: taken.map { UInt8(rank(of: 1, $0)) })
        else { return nil }
        var result = self
        result.features.removeAll { splits.outputs.contains($0.slot) }
        result.splitGroups.append(lanes)
        return result
    }

    /// The features of `slots`, at least two, when each has one lane and their lanes are neighbours.
    private func neighbours(_ slots: Range<Slot>) -> [Feature]? {
        let taken = features.filter { slots.contains($0.slot) }
        guard let first = taken.first, taken.count > 1, Set(taken.map(\.slot)).count == taken.count,
            taken.enumerated().allSatisfy({ $1.lanes != .perNode && $1.lane == first.lane + $0 })
        else { return nil }
        return taken
    }

    private func rank(of value: Double, _ feature: Feature) -> Int {
        switch thresholds {
        case .float32(let list):
            let value = Float(value)
            return (feature.start..<feature.start + feature.count)
                .count { isStrict ? list[$0] <= value : list[$0] < value }
        case .float64(let list):
            return (feature.start..<feature.start + feature.count)
                .count { isStrict ? list[$0] <= value : list[$0] < value }
        }
    }
}

/// Which thresholds count for a rank.
private protocol RankRule {
    static func counts<Number: BinaryFloatingPoint>(_ threshold: Number, _ value: Number) -> Bool
}

private enum Below: RankRule {
    @inline(__always)
    static func counts<Number: BinaryFloatingPoint>(_ threshold: Number, _ value: Number) -> Bool { threshold < value }
}

private enum NotAbove: RankRule {
    @inline(__always)
    static func counts<Number: BinaryFloatingPoint>(_ threshold: Number, _ value: Number) -> Bool { threshold <= value }
}

/// Counts the thresholds of an ascending list that count for a value, by halving without a branch on the value: which way it goes
/// cannot be foreseen. The rank of NaN is 0.
private struct ThresholdSearch<Number: BinaryFloatingPoint, Rule: RankRule> {
    private let thresholds: UnsafePointer<Number>

    init(_ thresholds: UnsafePointer<Number>) { self.thresholds = thresholds }

    /// `amount`, below 2^32, when the threshold counts, else 0. By a shift, because a choice, a product and a mask became branches.
    @inline(__always)
    private func step(_ threshold: Number, _ value: Number, _ amount: Int) -> Int {
        let isOut = unsafeBitCast(!Rule.counts(threshold, value), to: UInt8.self)
        return amount &>> (Int(isOut) &<< 5)
    }

    @inline(__always)
    func rank(_ value: Number, _ start: Int, _ count: Int) -> Int {
        let list = thresholds + start
        var rank = 0
        var remaining = count
        while remaining > 1 {
            let half = remaining &>> 1
            rank &+= step(list[rank &+ half &- 1], value, half)
            remaining &-= half
        }
        return rank &+ step(list[rank], value, 1)
    }

    /// The same for four neighbouring values at once: one search alone waits for memory.
    @inline(__always)
    func rankFour<Word: FixedWidthInteger>(
        _ values: UnsafePointer<Double>, _ start: Int, _ count: Int, _ shift: Word,
        into target: UnsafeMutablePointer<Word>, _ rounding: (Double) -> Number
    ) {
        let list = thresholds + start
        let (v0, v1, v2, v3) = (rounding(values[0]), rounding(values[1]), rounding(values[2]), rounding(values[3]))
        var (r0, r1, r2, r3) = (0, 0, 0, 0)
        var remaining = count
        while remaining > 1 {
            let half = remaining &>> 1
            let probes = list + (half &- 1)
            r0 &+= step(probes[r0], v0, half)
            r1 &+= step(probes[r1], v1, half)
            r2 &+= step(probes[r2], v2, half)
            r3 &+= step(probes[r3], v3, half)
            remaining &-= half
        }
        target[0] = Word(truncatingIfNeeded: r0 &+ step(list[r0], v0, 1)) &<< shift
        target[1] = Word(truncatingIfNeeded: r1 &+ step(list[r1], v1, 1)) &<< shift
        target[2] = Word(truncatingIfNeeded: r2 &+ step(list[r2], v2, 1)) &<< shift
        target[3] = Word(truncatingIfNeeded: r3 &+ step(list[r3], v3, 1)) &<< shift
    }
}
