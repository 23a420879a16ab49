/// The ranks of one-hot columns, taken from the category: all are those of 0, but for the one of the row's category.
///
/// A column that no tree reads has no lane. A wide encoder costs a row one clearing of neighbouring words and one word, where
/// columns that were made first would each be compared with their thresholds.
struct OneHotLanes: Sendable {
    private let oneHot: OneHot
    private let firstLane: Int
    /// Per lane, the rank of 0.
    private var zeros: [UInt32] = []
    private var areZerosZero = true
    /// Per output of the encoder, its lane in the group and the rank of 1 there; lane -1 when no tree reads it.
    private var ones: [(lane: Int32, rank: UInt32)]

    init(_ oneHot: OneHot, firstLane: Int) {
        self.oneHot = oneHot
        self.firstLane = firstLane
        ones = Array(repeating: (-1, 0), count: oneHot.outputs.count)
    }

    /// Adds the next lane.
    mutating func append(output: Int, zero: Int, one: Int) {
        ones[output] = (Int32(zeros.count), UInt32(one))
        zeros.append(UInt32(zero))
        areZerosZero = areZerosZero && zero == 0
    }

    /// Writes the ranks of the rows from `first` on, as `RankQuantizer.run` lays out a tile of `count` rows.
    @inline(__always)
    func run<Word: FixedWidthInteger & UnsignedInteger>(
        _ block: RowBlock, first: Int, count: Int, _ shift: Word, into tile: UnsafeMutablePointer<Word>
    ) {
        let target = tile + firstLane * count
        if areZerosZero {
            target.update(repeating: 0, count: zeros.count * count)
        } else {
            for lane in zeros.indices {
                let rank = Word(truncatingIfNeeded: zeros[lane]) &<< shift
                for row in 0..<count { target[lane * count + row] = rank }
            }
        }
        let source = block[oneHot.input] + first
        for row in 0..<count {
            guard let output = oneHot.output(of: source[row]) else { continue }
            let (lane, rank) = ones[output]
            if lane >= 0 { target[Int(lane) * count + row] = Word(truncatingIfNeeded: rank) &<< shift }
        }
    }
}
