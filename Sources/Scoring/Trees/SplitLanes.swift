/// The ranks of categorical splits of one feature, taken from the row's category: one row of a table for each bit of a set.
///
/// Splits that no tree reads have no lane.
struct SplitLanes: Sendable {
    private let splits: CategorySplits
    private let firstLane: Int
    private let laneCount: Int
    // [bits x lanes], row-major.
    private let ranks: NumberArray<UInt8>
    private static let largestTable = 1 << 22

    /// - Parameters:
    ///   - outputs: per lane, the split.
    ///   - zeros, ones: per lane, the rank of 0 and of 1.
    init?(_ splits: CategorySplits, firstLane: Int, outputs: [Int], zeros: [UInt8], ones: [UInt8]) {
        let (size, overflow) = splits.bitCount.multipliedReportingOverflow(by: outputs.count)
        guard !overflow, size <= Self.largestTable else { return nil }
        self.splits = splits
        self.firstLane = firstLane
        laneCount = outputs.count
        var table: [UInt8] = []
        table.reserveCapacity(size)
        for bit in 0..<splits.bitCount {
            for (lane, split) in outputs.enumerated() {
                table.append(splits.goesRight(split: split, bit: bit) ? ones[lane] : zeros[lane])
            }
        }
        ranks = NumberArray(copying: table)
    }

    /// Writes the ranks of the rows from `first` on, as `RankQuantizer.run` lays out a tile of `count` rows.
    @inline(__always)
    func run<Word: FixedWidthInteger & UnsignedInteger>(
        _ block: RowBlock, first: Int, count: Int, _ shift: Word, into tile: UnsafeMutablePointer<Word>
    ) {
        let source = block[splits.input] + first
        let target = tile + firstLane * count
        guard count == 8 else {
            for row in 0..<count {
                let ranks = list(source[row])
                for lane in 0..<laneCount { target[lane * count + row] = Word(ranks[lane]) &<< shift }
            }
            return
        }
        let (r0, r1, r2, r3) = (list(source[0]), list(source[1]), list(source[2]), list(source[3]))
        let (r4, r5, r6, r7) = (list(source[4]), list(source[5]), list(source[6]), list(source[7]))
        for lane in 0..<laneCount {
            let words = target + lane * 8
            words[0] = Word(r0[lane]) &<< shift
            words[1] = Word(r1[lane]) &<< shift
            words[2] = Word(r2[lane]) &<< shift
            words[3] = Word(r3[lane]) &<< shift
            words[4] = Word(r4[lane]) &<< shift
            words[5] = Word(r5[lane]) &<< shift
            words[6] = Word(r6[lane]) &<< shift
            words[7] = Word(r7[lane]) &<< shift
        }
    }

    @inline(__always)
    private func list(_ value: Double) -> UnsafePointer<UInt8> { ranks.base + splits.bit(of: value) * laneCount }
}
