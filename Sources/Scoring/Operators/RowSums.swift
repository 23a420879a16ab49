/// Sums over the inputs of a row and a constant vector: dot products and squares of distances.
///
/// Each sum begins at 0 and goes in the order of the inputs, every product and sum rounded. Several sums are made at once, because
/// each alone waits for its last addition: those of eight rows and two vectors, or of one row and four vectors.
struct RowSums {
    // No bounds to check: they were when the operator was read.
    private let inputs: NumberArray<Int>
    private let isDistance: Bool

    init(_ inputs: [Slot], isDistance: Bool) {
        self.inputs = NumberArray(copying: inputs)
        self.isDistance = isDistance
    }

    /// Writes [vectors x rows] sums for the vectors from `vectors` on ([vectors x inputs], row-major).
    func run(
        _ block: RowBlock, _ vectors: UnsafePointer<Double>, count: Int, into sums: UnsafeMutablePointer<Double>
    ) {
        if isDistance {
            run(block, vectors, count, into: sums, { ($0 - $1) * ($0 - $1) }) { ($0 - $1) * ($0 - $1) }
        } else {
            run(block, vectors, count, into: sums, { $0 * $1 }) { $0 * $1 }
        }
    }

    @inline(__always)
    private func run(
        _ block: RowBlock, _ vectors: UnsafePointer<Double>, _ count: Int, into sums: UnsafeMutablePointer<Double>,
        _ eightTerms: (SIMD8<Double>, SIMD8<Double>) -> SIMD8<Double>, term: (Double, Double) -> Double
    ) {
        let tiled = block.rows / 8 * 8
        for first in stride(from: 0, to: tiled, by: 8) {
            var vector = 0
            while vector < count {
                // The last one of an odd number twice, for the sake of one loop.
                let other = min(vector &+ 1, count &- 1)
                let numbers = vectors + vector &* inputs.count
                let others = vectors + other &* inputs.count
                var sum = SIMD8<Double>.zero
                var otherSum = SIMD8<Double>.zero
                var index = 0
                while index < inputs.count {
                    let values = UnsafeRawPointer(block[inputs[index]] + first).loadUnaligned(as: SIMD8<Double>.self)
                    sum += eightTerms(values, SIMD8(repeating: numbers[index]))
                    otherSum += eightTerms(values, SIMD8(repeating: others[index]))
                    index &+= 1
                }
                store(sum, sums + (vector &* block.rows &+ first))
                store(otherSum, sums + (other &* block.rows &+ first))
                vector &+= 2
            }
        }
        for row in tiled..<block.rows { sumRow(block, row, vectors, count, into: sums + row, term) }
    }

    @inline(__always)
    private func store(_ values: SIMD8<Double>, _ target: UnsafeMutablePointer<Double>) {
        UnsafeMutableRawPointer(target).storeBytes(of: values, as: SIMD8<Double>.self)
    }

    @inline(__always)
    private func sumRow(
        _ block: RowBlock, _ row: Int, _ vectors: UnsafePointer<Double>, _ count: Int,
        into sums: UnsafeMutablePointer<Double>, _ term: (Double, Double) -> Double
    ) {
        let width = inputs.count
        var vector = 0
        while vector &+ 4 <= count {
            let numbers = vectors + vector &* width
            var (s0, s1, s2, s3) = (0.0, 0.0, 0.0, 0.0)
            var index = 0
            while index < width {
                let value = block[inputs[index]][row]
                s0 += term(value, numbers[index])
                s1 += term(value, numbers[width &+ index])
                s2 += term(value, numbers[2 &* width &+ index])
                s3 += term(value, numbers[3 &* width &+ index])
                index &+= 1
            }
            sums[vector &* block.rows] = s0
            sums[(vector &+ 1) &* block.rows] = s1
            sums[(vector &+ 2) &* block.rows] = s2
            sums[(vector &+ 3) &* block.rows] = s3
            vector &+= 4
        }
        while vector < count {
            let numbers = vectors + vector &* width
            var sum = 0.0
            var index = 0
            while index < width {
                sum += term(block[inputs[index]][row], numbers[index])
                index &+= 1
            }
            sums[vector &* block.rows] = sum
            vector &+= 1
        }
    }
}
