import TestKit

extension SplitMix64 {
    /// From 0 to `bound`, not included.
    mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(bound)) }

    /// In 0 ..< 1.
    mutating func unit() -> Double { Double(next() >> 11) * 0x1p-53 }

    /// True with this probability.
    mutating func chance(_ probability: Double) -> Bool { unit() < probability }
}
