/// The hot loop: walks trees whose words were checked by `TreeCheck`, without a check or a data-dependent branch.
///
/// A word is rank | lane | delta from the high bits down. The row's ranks come shifted to the place of the rank field, so that
/// `rank of the row > rank of the node` is `shifted rank > word`: the fields below only make the word larger within its rank.
/// A step adds delta, and 1 more when that holds. At a leaf delta is 0 and lane 0 has rank 0, so a walk that has arrived stays.
/// Eight walks are interleaved, because one alone waits for memory: eight trees of one row, or one tree of eight rows.
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
                while first < tiled {
                    walkEightRows(tree, ranks + first &* laneCount, rows: rows, into: sums + first)
                    first &+= 8
                }
            }
        }
        for row in tiled..<rows { walkEightTrees(ranks + row &* laneCount, rows: rows, into: sums + row) }
    }

    private func walkEightTrees(_ ranks: UnsafePointer<Word>, rows: Int, into sums: UnsafeMutablePointer<Double>) {
        let step = Step(words: words, deltaMask: deltaMask, laneMask: laneMask, laneShift: deltaBits)
        var tree = 0
        while tree &+ 8 <= leaves.treeCount {
            let roots = leaves.treeStarts.base + tree
            var (n0, n1, n2, n3) = (roots[0], roots[1], roots[2], roots[3])
            var (n4, n5, n6, n7) = (roots[4], roots[5], roots[6], roots[7])
            let depths = leaves.depths.base + tree
            let low = max(max(depths[0], depths[1]), max(depths[2], depths[3]))
            let high = max(max(depths[4], depths[5]), max(depths[6], depths[7]))
            var remaining = max(low, high)
            while remaining > 0 {
                // A deep tree is left as soon as all walks have arrived.
                var count = remaining > 16 ? 8 : remaining
                remaining &-= count
                while count > 0 {
                    n0 = step.next(n0, ranks)
                    n1 = step.next(n1, ranks)
                    n2 = step.next(n2, ranks)
                    n3 = step.next(n3, ranks)
                    n4 = step.next(n4, ranks)
                    n5 = step.next(n5, ranks)
                    n6 = step.next(n6, ranks)
                    n7 = step.next(n7, ranks)
                    count &-= 1
                }
                if remaining > 0, step.areLeaves(n0, n1, n2, n3, n4, n5, n6, n7) { break }
            }
            add(n0, tree, rows, sums)
            add(n1, tree &+ 1, rows, sums)
            add(n2, tree &+ 2, rows, sums)
            add(n3, tree &+ 3, rows, sums)
            add(n4, tree &+ 4, rows, sums)
            add(n5, tree &+ 5, rows, sums)
            add(n6, tree &+ 6, rows, sums)
            add(n7, tree &+ 7, rows, sums)
            tree &+= 8
        }
        while tree < leaves.treeCount {
            var node = leaves.treeStarts.base[tree]
            var remaining = leaves.depths.base[tree]
            while remaining > 0 {
                node = step.next(node, ranks)
                remaining &-= 1
            }
            add(node, tree, rows, sums)
            tree &+= 1
        }
    }

    private func walkEightRows(
        _ tree: Int, _ tile: UnsafePointer<Word>, rows: Int, into sums: UnsafeMutablePointer<Double>
    ) {
        // Lanes of a tile are eight words apart: the lane field is taken times 8.
        let step = Step(
            words: words, deltaMask: deltaMask, laneMask: laneMask &<< 3, laneShift: deltaBits &- 3)
        let root = leaves.treeStarts.base[tree]
        var (n0, n1, n2, n3, n4, n5, n6, n7) = (root, root, root, root, root, root, root, root)
        var remaining = leaves.depths.base[tree]
        while remaining > 0 {
            var count = remaining > 16 ? 8 : remaining
            remaining &-= count
            while count > 0 {
                n0 = step.next(n0, tile)
                n1 = step.next(n1, tile + 1)
                n2 = step.next(n2, tile + 2)
                n3 = step.next(n3, tile + 3)
                n4 = step.next(n4, tile + 4)
                n5 = step.next(n5, tile + 5)
                n6 = step.next(n6, tile + 6)
                n7 = step.next(n7, tile + 7)
                count &-= 1
            }
            if remaining > 0, step.areLeaves(n0, n1, n2, n3, n4, n5, n6, n7) { break }
        }
        add(n0, tree, rows, sums)
        add(n1, tree, rows, sums + 1)
        add(n2, tree, rows, sums + 2)
        add(n3, tree, rows, sums + 3)
        add(n4, tree, rows, sums + 4)
        add(n5, tree, rows, sums + 5)
        add(n6, tree, rows, sums + 6)
        add(n7, tree, rows, sums + 7)
    }

    private struct Step {
        let words: UnsafePointer<Word>
        let deltaMask: Word
        let laneMask: Word
        let laneShift: Word

        @inline(__always)
        func next(_ node: UInt32, _ ranks: UnsafePointer<Word>) -> UInt32 {
            let word = words[Int(node)]
            let rank = ranks[Int(truncatingIfNeeded: (word &>> laneShift) & laneMask)]
            // A bit cast, because `? 1 : 0` became a branch in the last of the eight.
            let right = UInt32(unsafeBitCast(rank > word, to: UInt8.self))
            return node &+ UInt32(truncatingIfNeeded: word & deltaMask) &+ right
        }

        @inline(__always)
        func areLeaves(
            _ n0: UInt32, _ n1: UInt32, _ n2: UInt32, _ n3: UInt32, _ n4: UInt32, _ n5: UInt32, _ n6: UInt32,
            _ n7: UInt32
        ) -> Bool {
            let low = words[Int(n0)] | words[Int(n1)] | words[Int(n2)] | words[Int(n3)]
            let high = words[Int(n4)] | words[Int(n5)] | words[Int(n6)] | words[Int(n7)]
            return (low | high) & deltaMask == 0
        }
    }

    @inline(__always)
    private func add(_ node: UInt32, _ tree: Int, _ rows: Int, _ sums: UnsafeMutablePointer<Double>) {
        let rank = Int(truncatingIfNeeded: words[Int(node)] &>> rankShift)
        let vector = leaves.values.base + (Int(leaves.starts.base[tree]) &+ rank) &* leaves.width
        var target = sums + Int(leaves.firstOutputs.base[tree]) &* rows
        var index = 0
        while index < leaves.width {
            if leaves.isFloat32 {
                target.pointee = Double(Float(target.pointee) + Float(vector[index]))
            } else {
                target.pointee += vector[index]
            }
            target += rows
            index &+= 1
        }
    }
}
