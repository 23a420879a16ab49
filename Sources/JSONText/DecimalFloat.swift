/// The nearest binary64 of a decimal `digits` x 10^`exponent`, ties to even.
///
/// Two exact methods cover what people write: one multiplication or division of exact floats (W. Clinger), and a product of
/// 128 bits (D. Lemire, "Number parsing at a gigabyte per second", 2021). The rest answers nil, and the caller asks the C
/// library.
enum DecimalFloat {
    private static let exactPowersOfTen: [Double] = [
        1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19,
        1e20, 1e21, 1e22,
    ]

    /// - Parameter digits: all digits of the number, none cut off.
    @inline(__always)
    static func nearest(digits: UInt64, exponent: Int) -> Double? {
        if digits <= 1 << 53, exponent >= -22, exponent <= 22 {
            // Both are exact, and one operation rounds once.
            let value = Double(digits)
            return exponent < 0 ? value / exactPowersOfTen[-exponent] : value * exactPowersOfTen[exponent]
        }
        if digits == 0 { return 0 }
        return product(digits: digits, exponent: exponent)
    }

    /// Section 6 of the article; the fallback for a product that is cut off exactly at a boundary is kept.
    private static func product(digits: UInt64, exponent: Int) -> Double? {
        guard PowersOfFive.exponents.contains(exponent) else { return nil }
        let row = 2 * (exponent - PowersOfFive.exponents.lowerBound)
        let leadingZeros = digits.leadingZeroBitCount
        let normal = digits << UInt64(leadingZeros)
        var (high, low) = normal.multipliedFullWidth(by: PowersOfFive.words[row])
        if high & 0x1ff == 0x1ff {
            let further = normal.multipliedFullWidth(by: PowersOfFive.words[row + 1]).high
            let (sum, overflow) = low.addingReportingOverflow(further)
            low = sum
            if overflow { high += 1 }
        }
        if low == .max, exponent < -27 || exponent > 55 { return nil }
        let upperBit = high >> 63
        let shift = upperBit + 9
        var mantissa = high >> shift
        // floor(log2(10^exponent)) by a fixed-point product.
        let binaryExponent = ((217_706 * exponent) >> 16) + 63 + Int(upperBit) - leadingZeros
        // A product that is exactly half-way: only possible where 5^exponent fits in 64 bits.
        if low <= 1, exponent >= -4, exponent <= 23, mantissa & 3 == 1, mantissa << shift == high { mantissa &= ~1 }
        mantissa += mantissa & 1
        mantissa >>= 1
        var biased = binaryExponent + 1023
        if mantissa >= 1 << 53 {
            mantissa = 1 << 52
            biased += 1
        }
        // Never reached with this table: 10^-65 and 2^64 x 10^65 are far from the ends of binary64.
        guard biased > 0, biased < 0x7ff else { return nil }
        return Double(bitPattern: mantissa & ~(1 << 52) | UInt64(biased) << 52)
    }
}
