/// The hot loop: walks trees whose words were checked by `TreeCheck`, without a check or a data-dependent branch.
///
/// A word is rank | lane | delta from the high bits down. A step adds delta, and 1 more when the row's rank in the lane is above
/// the node's rank; at a leaf delta is 0 and lane 0 has rank 0, so a walk that has arrived stays. Eight walks are interleaved,
/// because one alone waits for memory: eight trees of one row, or one tree of eight rows.
struct TreeKernel<Word: FixedWidthInteger & UnsignedInteger & BitwiseCopyable & Sendable> {
    private let words: UnsafePointer<Word>
    private let deltaMask: Word
    private let laneMask: Word
    private let laneShift: Word
    private let rankShift: Word
    private let laneCount: Int
    private let leaves: TreeLeaves

    init(
        _ words: UnsafePointer<Word>, deltaBits: Int, laneBits: Int, laneCount: Int, leaves: TreeLeaves
    ) {
        self.words = words
        self.laneCount = laneCount
        self.leaves = leaves
        deltaMask = (1 &<< Word(deltaBits)) &- 1
        laneMask = (1 &<< Word(laneBits)) &- 1
        laneShift = Word(deltaBits)
        rankShift = Word(deltaBits + laneBits)
    }

    /// Adds the leaf values of all trees, in tree order, to `sums` ([outputs x rows]).
    @_specialize(where Word == UInt32)
    @_specialize(where Word == UInt64)
    func run(_ ranks: UnsafePointer<UInt32>, rows: Int, into sums: UnsafeMutablePointer<Double>) {
        let tiled = rows / 8 * 8
        if tiled > 0 {
            for tree in 0..<leaves.depths.count {
                for first in stride(from: 0, to: tiled, by: 8) {
                    walkEightRows(tree, ranks + first * laneCount, rows: rows, into: sums + first)
                }
            }
        }
        for row in tiled..<rows { walkRow(ranks + row * laneCount, rows: rows, into: sums + row) }
    }

    private func walkRow(_ ranks: UnsafePointer<UInt32>, rows: Int, into sums: UnsafeMutablePointer<Double>) {
        let treeCount = leaves.depths.count
        var tree = 0
        while tree + 8 <= treeCount {
            var nodes = SIMD8<UInt32>()
            var depth: UInt32 = 0
            for index in 0..<8 {
                nodes[index] = leaves.treeStarts[tree + index]
                depth = max(depth, leaves.depths[tree + index])
            }
            walk(&nodes, depth: depth, ranks, stride: 1, step: 0)
            for index in 0..<8 { add(nodes[index], tree: tree + index, rows: rows, to: sums) }
            tree += 8
        }
        while tree < treeCount {
            var node = leaves.treeStarts[tree]
            for _ in 0..<leaves.depths[tree] { node = next(node, ranks, stride: 1) }
            add(node, tree: tree, rows: rows, to: sums)
            tree += 1
        }
    }

    private func walkEightRows(
        _ tree: Int, _ tile: UnsafePointer<UInt32>, rows: Int, into sums: UnsafeMutablePointer<Double>
    ) {
        var nodes = SIMD8<UInt32>(repeating: leaves.treeStarts[tree])
        walk(&nodes, depth: leaves.depths[tree], tile, stride: 8, step: 1)
        for index in 0..<8 { add(nodes[index], tree: tree, rows: rows, to: sums + index) }
    }

    /// Eight walks of `depth` steps; a deep tree is left early when all walks have arrived.
    @inline(__always)
    private func walk(
        _ nodes: inout SIMD8<UInt32>, depth: UInt32, _ ranks: UnsafePointer<UInt32>, stride: Int, step: Int
    ) {
        var (n0, n1, n2, n3) = (nodes[0], nodes[1], nodes[2], nodes[3])
        var (n4, n5, n6, n7) = (nodes[4], nodes[5], nodes[6], nodes[7])
        var remaining = depth
        while remaining > 0 {
            let count = remaining > 16 ? 8 : remaining
            for _ in 0..<count {
                n0 = next(n0, ranks, stride: stride)
                n1 = next(n1, ranks + step, stride: stride)
                n2 = next(n2, ranks + 2 * step, stride: stride)
                n3 = next(n3, ranks + 3 * step, stride: stride)
                n4 = next(n4, ranks + 4 * step, stride: stride)
                n5 = next(n5, ranks + 5 * step, stride: stride)
                n6 = next(n6, ranks + 6 * step, stride: stride)
                n7 = next(n7, ranks + 7 * step, stride: stride)
            }
            remaining &-= count
            if remaining > 0 {
                let low = words[Int(n0)] & deltaMask | words[Int(n1)] & deltaMask | words[Int(n2)] & deltaMask
                let middle = words[Int(n3)] & deltaMask | words[Int(n4)] & deltaMask | words[Int(n5)] & deltaMask
                if low | middle | words[Int(n6)] & deltaMask | words[Int(n7)] & deltaMask == 0 { break }
            }
        }
        nodes = SIMD8(n0, n1, n2, n3, n4, n5, n6, n7)
    }

    @inline(__always)
    private func next(_ node: UInt32, _ ranks: UnsafePointer<UInt32>, stride: Int) -> UInt32 {
        let word = words[Int(node)]
        let lane = Int(truncatingIfNeeded: (word &>> laneShift) & laneMask)
        let isRight = ranks[lane &* stride] > UInt32(truncatingIfNeeded: word &>> rankShift)
        return node &+ UInt32(truncatingIfNeeded: word & deltaMask) &+ (isRight ? 1 : 0)
    }

    @inline(__always)
    private func add(_ node: UInt32, tree: Int, rows: Int, to sums: UnsafeMutablePointer<Double>) {
        let number = Int(leaves.starts[tree]) &+ Int(truncatingIfNeeded: words[Int(node)] &>> rankShift)
        let vector = leaves.values.base + number &* leaves.width
        let target = sums + Int(leaves.firstOutputs[tree]) &* rows
        for index in 0..<leaves.width {
            let sum = target + index &* rows
            if leaves.isFloat32 {
                sum.pointee = Double(Float(sum.pointee) + Float(vector[index]))
            } else {
                sum.pointee += vector[index]
            }
        }
    }
}
