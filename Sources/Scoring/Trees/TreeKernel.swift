/// The hot loop: walks trees whose words were checked by `TreeCheck`, without a check or a data-dependent branch.
///
/// A word is rank | lane | delta from the high bits down. The row's ranks come shifted to the place of the rank field, so that
/// `rank of the row > rank of the node` is `shifted rank > word`: the fields below only make the word larger within its rank.
/// A step adds delta, and 1 more when that holds. At a leaf delta is 0 and lane 0 has rank 0, so a walk that has arrived stays.
/// Walks are interleaved, because one alone waits for memory: one tree of sixteen or eight rows, or eight trees of one row.
struct TreeKernel<Word: FixedWidthInteger & UnsignedInteger & BitwiseCopyable & Sendable> {
    private let words: UnsafePointer<Word>
    private let deltaMask: Word
    private let laneMask: Word
    private let deltaBits: Word
    private let rankShift: Word
    private let laneCount: Int
    private let leaves: TreeLeaves

    init(_ words: UnsafePointer<Word>, deltaBits: Int, laneBits: Int, laneCount: Int, leaves: TreeLeaves) {
        self.words = words
        self.laneCount = laneCount
        self.leaves = leaves
        deltaMask = (1 &<< Word(deltaBits)) &- 1
        laneMask = (1 &<< Word(laneBits)) &- 1
        self.deltaBits = Word(deltaBits)
        rankShift = Word(deltaBits + laneBits)
    }

    /// Adds the leaf values of all trees, in tree order, to `sums` ([outputs x rows]); `ranks` as `RankQuantizer` lays them out.
    func run(_ ranks: UnsafePointer<Word>, rows: Int, into sums: UnsafeMutablePointer<Double>) {
        let tiled = rows / 8 * 8
        if tiled > 0 {
            for tree in 0..<leaves.treeCount {
                var first = 0
                while first &+ 16 <= tiled {
                    walkSixteenRows(tree, ranks + first &* laneCount, rows: rows, into: sums + first)
                    first &+= 16
                }
                if first < tiled {
                    walkEightRows(tree, ranks + first &* laneCount, rows: rows, into: sums + first)
                }
            }
        }
        for row in tiled..<rows { walkTrees(ranks + row &* laneCount, rows: rows, into: sums + row) }
    }

    private func walkSixteenRows(
        _ tree: Int, _ tile: UnsafePointer<Word>, rows: Int, into sums: UnsafeMutablePointer<Double>
    ) {
        var low = Walks(root: leaves.treeStarts.base[tree])
        var high = low
        let step = tileStep
        var remaining = leaves.depths.base[tree]
        while remaining > 0 {
            var count = Self.stepsUntilCheck(remaining)
            remaining &-= count
            while count > 0 {
                low.advance(step, tile, stride: 1)
                high.advance(step, tile + 8 &* laneCount, stride: 1)
                count &-= 1
            }
            if remaining > 0, low.areLeaves(words, deltaMask), high.areLeaves(words, deltaMask) { break }
        }
        addRows(low, tree, rows: rows, into: sums)
        addRows(high, tree, rows: rows, into: sums + 8)
    }

    private func walkEightRows(
        _ tree: Int, _ tile: UnsafePointer<Word>, rows: Int, into sums: UnsafeMutablePointer<Double>
    ) {
        var walks = Walks(root: leaves.treeStarts.base[tree])
        let step = tileStep
        var remaining = leaves.depths.base[tree]
        while remaining > 0 {
            var count = Self.stepsUntilCheck(remaining)
            remaining &-= count
            while count > 0 {
                walks.advance(step, tile, stride: 1)
                count &-= 1
            }
            if remaining > 0, walks.areLeaves(words, deltaMask) { break }
        }
        addRows(walks, tree, rows: rows, into: sums)
    }

    /// All trees of one row.
    private func walkTrees(_ ranks: UnsafePointer<Word>, rows: Int, into sums: UnsafeMutablePointer<Double>) {
        let step = Step(words: words, deltaMask: deltaMask, laneMask: laneMask, laneShift: deltaBits)
        var tree = 0
        while tree &+ 8 <= leaves.treeCount {
            var walks = Walks(roots: leaves.treeStarts.base + tree)
            var remaining = leaves.depths.base[tree]
            for other in 1..<8 { remaining = max(remaining, leaves.depths.base[tree &+ other]) }
            while remaining > 0 {
                var count = Self.stepsUntilCheck(remaining)
                remaining &-= count
                while count > 0 {
                    walks.advance(step, ranks, stride: 0)
                    count &-= 1
                }
                if remaining > 0, walks.areLeaves(words, deltaMask) { break }
            }
            addTrees(walks, tree, rows: rows, into: sums)
            tree &+= 8
        }
        while tree < leaves.treeCount {
            var node = Int(leaves.treeStarts.base[tree])
            var remaining = leaves.depths.base[tree]
            while remaining > 0 {
                node = step.next(node, ranks)
                remaining &-= 1
            }
            add(node, tree, rows, sums)
            tree &+= 1
        }
    }

    /// A deep tree is left as soon as all walks have arrived.
    @inline(__always)
    private static func stepsUntilCheck(_ remaining: UInt32) -> UInt32 { remaining > 12 ? 8 : remaining }

    /// Lanes of a tile are eight words apart: the lane field is taken times 8.
    private var tileStep: Step {
        Step(words: words, deltaMask: deltaMask, laneMask: laneMask &<< 3, laneShift: deltaBits &- 3)
    }

    private struct Step {
        let words: UnsafePointer<Word>
        let deltaMask: Word
        let laneMask: Word
        let laneShift: Word

        @inline(__always)
        func next(_ node: Int, _ ranks: UnsafePointer<Word>) -> Int {
            let word = words[node]
            let rank = ranks[Int(truncatingIfNeeded: (word &>> laneShift) & laneMask)]
            // A bit cast, because `? 1 : 0` became a branch in the last of the eight.
            let right = Int(unsafeBitCast(rank > word, to: UInt8.self))
            return node &+ Int(truncatingIfNeeded: word & deltaMask) &+ right
        }
    }

    /// The nodes of eight walks.
    private struct Walks {
        var n0, n1, n2, n3, n4, n5, n6, n7: Int

        @inline(__always)
        init(root: UInt32) {
            let root = Int(root)
            (n0, n1, n2, n3, n4, n5, n6, n7) = (root, root, root, root, root, root, root, root)
        }

        @inline(__always)
        init(roots: UnsafePointer<UInt32>) {
            (n0, n1, n2, n3) = (Int(roots[0]), Int(roots[1]), Int(roots[2]), Int(roots[3]))
            (n4, n5, n6, n7) = (Int(roots[4]), Int(roots[5]), Int(roots[6]), Int(roots[7]))
        }

        /// One step each; the ranks of a walk are `stride` after those of the walk before.
        @inline(__always)
        mutating func advance(_ step: Step, _ ranks: UnsafePointer<Word>, stride: Int) {
            n0 = step.next(n0, ranks)
            n1 = step.next(n1, ranks + stride)
            n2 = step.next(n2, ranks + 2 &* stride)
            n3 = step.next(n3, ranks + 3 &* stride)
            n4 = step.next(n4, ranks + 4 &* stride)
            n5 = step.next(n5, ranks + 5 &* stride)
            n6 = step.next(n6, ranks + 6 &* stride)
            n7 = step.next(n7, ranks + 7 &* stride)
        }

        @inline(__always)
        func areLeaves(_ words: UnsafePointer<Word>, _ deltaMask: Word) -> Bool {
            let low = words[n0] | words[n1] | words[n2] | words[n3]
            let high = words[n4] | words[n5] | words[n6] | words[n7]
            return (low | high) & deltaMask == 0
        }
    }

    // MARK: Leaf values

    /// The values of the leaf at which a walk through a tree has arrived; `start` is the tree's first leaf vector.
    @inline(__always)
    private func vector(_ node: Int, _ start: UInt32) -> UnsafePointer<Double> {
        leaves.values.base + (Int(start) &+ Int(truncatingIfNeeded: words[node] &>> rankShift)) &* leaves.width
    }

    /// Adds the leaves of one tree to the sums of eight neighbouring rows.
    @inline(__always)
    private func addRows(_ walks: Walks, _ tree: Int, rows: Int, into sums: UnsafeMutablePointer<Double>) {
        let start = leaves.starts.base[tree]
        let (v0, v1) = (vector(walks.n0, start), vector(walks.n1, start))
        let (v2, v3) = (vector(walks.n2, start), vector(walks.n3, start))
        let (v4, v5) = (vector(walks.n4, start), vector(walks.n5, start))
        let (v6, v7) = (vector(walks.n6, start), vector(walks.n7, start))
        var target = sums + Int(leaves.firstOutputs.base[tree]) &* rows
        var index = 0
        while index < leaves.width {
            target[0] = leaves.adding(v0[index], to: target[0])
            target[1] = leaves.adding(v1[index], to: target[1])
            target[2] = leaves.adding(v2[index], to: target[2])
            target[3] = leaves.adding(v3[index], to: target[3])
            target[4] = leaves.adding(v4[index], to: target[4])
            target[5] = leaves.adding(v5[index], to: target[5])
            target[6] = leaves.adding(v6[index], to: target[6])
            target[7] = leaves.adding(v7[index], to: target[7])
            target += rows
            index &+= 1
        }
    }

    /// Adds the leaves of eight neighbouring trees, in their order, to the sums of one row.
    @inline(__always)
    private func addTrees(_ walks: Walks, _ tree: Int, rows: Int, into sums: UnsafeMutablePointer<Double>) {
        let starts = leaves.starts.base + tree
        guard leaves.isUniform else {
            add(walks.n0, tree, rows, sums)
            add(walks.n1, tree &+ 1, rows, sums)
            add(walks.n2, tree &+ 2, rows, sums)
            add(walks.n3, tree &+ 3, rows, sums)
            add(walks.n4, tree &+ 4, rows, sums)
            add(walks.n5, tree &+ 5, rows, sums)
            add(walks.n6, tree &+ 6, rows, sums)
            add(walks.n7, tree &+ 7, rows, sums)
            return
        }
        let (v0, v1) = (vector(walks.n0, starts[0]), vector(walks.n1, starts[1]))
        let (v2, v3) = (vector(walks.n2, starts[2]), vector(walks.n3, starts[3]))
        let (v4, v5) = (vector(walks.n4, starts[4]), vector(walks.n5, starts[5]))
        let (v6, v7) = (vector(walks.n6, starts[6]), vector(walks.n7, starts[7]))
        var target = sums + Int(leaves.firstOutputs.base[0]) &* rows
        var index = 0
        while index < leaves.width {
            // In a register: through memory each sum would wait for the one before.
            var sum = leaves.adding(v0[index], to: target.pointee)
            sum = leaves.adding(v1[index], to: sum)
            sum = leaves.adding(v2[index], to: sum)
            sum = leaves.adding(v3[index], to: sum)
            sum = leaves.adding(v4[index], to: sum)
            sum = leaves.adding(v5[index], to: sum)
            sum = leaves.adding(v6[index], to: sum)
            target.pointee = leaves.adding(v7[index], to: sum)
            target += rows
            index &+= 1
        }
    }

    @inline(__always)
    private func add(_ node: Int, _ tree: Int, _ rows: Int, _ sums: UnsafeMutablePointer<Double>) {
        let vector = vector(node, leaves.starts.base[tree])
        var target = sums + Int(leaves.firstOutputs.base[tree]) &* rows
        var index = 0
        while index < leaves.width {
            target.pointee = leaves.adding(vector[index], to: target.pointee)
            target += rows
            index &+= 1
        }
    }
}
