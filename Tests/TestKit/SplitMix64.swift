/// A generator of seeded random numbers: the same seed gives the same numbers everywhere (S. Vigna, splitmix64.c).
public struct SplitMix64: RandomNumberGenerator {
    /// The seed, to print when a test fails.
    public let seed: UInt64
    private var state: UInt64

    /// A generator with its seed.
    public init(seed: UInt64) {
        self.seed = seed
        state = seed
    }

    /// The next 64 bits.
    public mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ mixed >> 27) &* 0x94d0_49bb_1331_11eb
        return mixed ^ mixed >> 31
    }

    /// A finite binary64 of any magnitude: all finite bit patterns are equally likely.
    public mutating func anyDouble() -> Double {
        while true {
            let value = Double(bitPattern: next())
            if value.isFinite { return value }
        }
    }
}
