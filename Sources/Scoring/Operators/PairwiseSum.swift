/// Sums in the order of NumPy's `add.reduce` along a contiguous axis (`pairwise_sum` in `loops_utils.h.src`, NumPy 1.20 to 2.4):
/// below 8 numbers one after the other, up to 128 with eight partial sums, beyond that in halves.
enum PairwiseSum {
    static func sum(_ values: UnsafePointer<Double>, count: Int, stride: Int) -> Double {
        sum(count: count, from: 0) { values[$0 * stride] }
    }

    static func sum32(_ values: UnsafePointer<Double>, count: Int, stride: Int) -> Float {
        sum(count: count, from: 0) { Float(values[$0 * stride]) }
    }

    private static func sum<Number: BinaryFloatingPoint & SIMDScalar>(
        count: Int, from start: Int, _ value: (Int) -> Number
    ) -> Number {
        if count < 8 {
            var total: Number = 0
            for index in 0..<count { total += value(start + index) }
            return total
        }
        if count <= 128 { return sumOfEight(count: count, from: start, value) }
        let half = count / 2 / 8 * 8
        return sum(count: half, from: start, value) + sum(count: count - half, from: start + half, value)
    }

    private static func sumOfEight<Number: BinaryFloatingPoint & SIMDScalar>(
        count: Int, from start: Int, _ value: (Int) -> Number
    ) -> Number {
        var parts = SIMD8<Number>()
        for part in 0..<8 { parts[part] = value(start + part) }
        var index = 8
        while index < count - count % 8 {
            for part in 0..<8 { parts[part] += value(start + index + part) }
            index += 8
        }
        var total = ((parts[0] + parts[1]) + (parts[2] + parts[3])) + ((parts[4] + parts[5]) + (parts[6] + parts[7]))
        while index < count {
            total += value(start + index)
            index += 1
        }
        return total
    }
}
