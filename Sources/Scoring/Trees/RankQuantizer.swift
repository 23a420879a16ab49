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
        switch thresholds {
        case .float32(let values): run(block, values.base, rankShift, into: ranks) { Float($0) }
        case .float64(let values): run(block, values.base, rankShift, into: ranks) { $0 }
        }
    }

    @inline(__always)
    private func run<Word: FixedWidthInteger & UnsignedInteger, Number: BinaryFloatingPoint>(
        _ block: RowBlock, _ thresholds: UnsafePointer<Number>, _ shift: Word,
        into ranks: UnsafeMutablePointer<Word>, rounding: (Double) -> Number
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
                let list = thresholds + feature.start
                for row in 0..<count {
                    let value = rounding(source[row])
                    if value.isNaN {
                        target[row] = feature.lanes == .right ? Word(truncatingIfNeeded: feature.count) &<< shift : 0
                    } else {
                        target[row] =
                            Word(truncatingIfNeeded: Self.rank(of: value, list, feature.count, isStrict)) &<< shift
                    }
                }
                if feature.lanes == .perNode {
                    for row in 0..<count {
                        target[count + row] =
                            source[row].isNaN ? Word(truncatingIfNeeded: feature.count) &<< shift : target[row]
                    }
                }
            }
            for group in groups { group.run(block, first: first, count: count, shift, into: tile) }
            first += count
        }
    }

    /// The same ranks without the columns of `oneHot`, whose category gives them: for one-hot columns that nothing else reads.
    ///
    /// - Returns: nil when the trees read none of its columns, or not as neighbouring lanes.
    func fusing(_ oneHot: OneHot) -> RankQuantizer? {
        let taken = features.filter { oneHot.outputs.contains($0.slot) }
        guard let first = taken.first, taken.count > 1, Set(taken.map(\.slot)).count == taken.count,
            taken.enumerated().allSatisfy({ $1.lanes != .perNode && $1.lane == first.lane + $0 })
        else { return nil }
        var lanes = OneHotLanes(oneHot, firstLane: first.lane)
        for feature in taken {
            lanes.append(
                output: feature.slot - oneHot.outputs.lowerBound, zero: rank(of: 0, feature), one: rank(of: 1, feature))
        }
        var result = self
        result.features.removeAll { oneHot.outputs.contains($0.slot) }
        result.groups.append(lanes)
        return result
    }

    private func rank(of value: Double, _ feature: Feature) -> Int {
        switch thresholds {
        case .float32(let list): Self.rank(of: Float(value), list.base + feature.start, feature.count, isStrict)
        case .float64(let list): Self.rank(of: value, list.base + feature.start, feature.count, isStrict)
        }
    }

    /// The number of thresholds below `value` (or, when strict, not above it), by halving without a branch on the value.
    @inline(__always)
    private static func rank<Number: BinaryFloatingPoint>(
        of value: Number, _ list: UnsafePointer<Number>, _ count: Int, _ isStrict: Bool
    ) -> Int {
        var base = list
        var remaining = count
        while remaining > 1 {
            let half = remaining / 2
            let probe = base[half &- 1]
            let isAbove = isStrict ? probe <= value : probe < value
            base = isAbove ? base + half : base
            remaining &-= half
        }
        let isAbove = isStrict ? base.pointee <= value : base.pointee < value
        return base - list + (isAbove ? 1 : 0)
    }
}
