/// What code points become without their accents: decomposed by compatibility (NFKD), and what combines left out. The order in which
/// NFKD puts accents does not matter, because none is kept.
struct Accents: Sendable {
    static let shared = Accents()

    private let keys: [UInt32]
    // Where the letters of each key begin, and the end.
    private let starts: [UInt32]
    private let letters: [UInt32]

    private init() {
        var keys: [UInt32] = []
        var starts: [UInt32] = []
        var letters: [UInt32] = []
        var numbers = PackedNumbers(AccentTable.letters)
        var key = 0
        var letter = 0
        while let distance = numbers.next(), let count = numbers.next() {
            key += distance
            keys.append(UInt32(key))
            starts.append(UInt32(letters.count))
            for _ in 0..<count {
                letter += numbers.nextSigned() ?? 0
                letters.append(UInt32(letter))
            }
        }
        starts.append(UInt32(letters.count))
        (self.keys, self.starts, self.letters) = (keys, starts, letters)
    }

    /// Adds what a code point becomes.
    func strip(_ code: UInt32, into output: inout [UInt32]) {
        if (0xAC00...0xD7A3).contains(code) { return Self.takeApart(code, into: &output) }
        var low = 0
        var high = keys.count
        while low < high {
            let middle = (low + high) / 2
            if keys[middle] == code {
                output.append(contentsOf: letters[Int(starts[middle])..<Int(starts[middle + 1])])
                return
            }
            if keys[middle] < code { low = middle + 1 } else { high = middle }
        }
        output.append(code)
    }

    /// A Hangul syllable: Unicode, section 3.12.
    private static func takeApart(_ syllable: UInt32, into output: inout [UInt32]) {
        let index = syllable - 0xAC00
        output.append(0x1100 + index / 588)
        output.append(0x1161 + index % 588 / 28)
        if index % 28 != 0 { output.append(0x11A7 + index % 28) }
    }
}
