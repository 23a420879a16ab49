/// What Python's `re`, `str.lower` and `str.split` say of code points: `CodePointTables`, in a form for looking up.
struct CodePoints: Sendable {
    /// What is said of one code point.
    struct Traits: OptionSet {
        let rawValue: UInt8
        /// `\w` matches it.
        static let word = Traits(rawValue: 1)
        /// It is white space.
        static let space = Traits(rawValue: 2)
        /// A capital sigma after it is a final one.
        static let cased = Traits(rawValue: 4)
        /// It is skipped to find such a letter.
        static let ignorable = Traits(rawValue: 8)
        /// The versions of Unicode differ in it, or do not know it: nothing else is said of it.
        static let unknown = Traits(rawValue: 16)
        /// Its lower case is another text.
        static let upper = Traits(rawValue: 32)
    }

    /// LATIN CAPITAL LETTER I WITH DOT ABOVE, the only one whose lower case is two code points.
    static let dottedI: UInt32 = 0x130
    /// GREEK CAPITAL LETTER SIGMA, whose lower case depends on its neighbours.
    static let sigma: UInt32 = 0x3A3

    static let shared = CodePoints()

    private static let limit = 0x11_0000
    private static let pageSize = 256
    // Per 256 code points the number of a page; pages that are equal are there once.
    private let pageNumbers: [UInt16]
    private let pages: [Traits]
    private let capitals: [UInt32]
    private let smallLetters: [UInt32]

    private init() {
        var traits = [Traits](repeating: [], count: Self.limit)
        for (table, trait) in [
            (CodePointTables.words, Traits.word), (CodePointTables.spaces, .space), (CodePointTables.cased, .cased),
            (CodePointTables.ignorable, .ignorable), (CodePointTables.unknown, .unknown),
        ] { Self.mark(table, trait, &traits) }
        var capitals: [UInt32] = []
        var smallLetters: [UInt32] = []
        var numbers = PackedNumbers(CodePointTables.lower)
        var first = 0
        while let distance = numbers.nextSigned(), let count = numbers.next(), let step = numbers.next(),
            let shift = numbers.nextSigned()
        {
            first += distance
            for index in 0..<count {
                capitals.append(UInt32(first + index * step))
                smallLetters.append(UInt32(first + index * step + shift))
            }
        }
        let order = capitals.indices.sorted { capitals[$0] < capitals[$1] }
        self.capitals = order.map { capitals[$0] }
        self.smallLetters = order.map { smallLetters[$0] }
        for code in capitals + [Self.dottedI, Self.sigma] { traits[Int(code)].insert(.upper) }
        (pageNumbers, pages) = Self.paged(traits)
    }

    private static func mark(_ table: StaticString, _ trait: Traits, _ traits: inout [Traits]) {
        var numbers = PackedNumbers(table)
        var end = 0
        while let distance = numbers.next() {
            let start = end + distance
            end = min(limit, start + (numbers.next() ?? limit))
            for code in start..<end { traits[code].insert(trait) }
        }
    }

    private static func paged(_ traits: [Traits]) -> ([UInt16], [Traits]) {
        var numbers: [UInt16] = []
        var pages: [Traits] = []
        var known: [[UInt8]: UInt16] = [:]
        for start in stride(from: 0, to: limit, by: pageSize) {
            let page = traits[start..<start + pageSize]
            let key = page.map(\.rawValue)
            if let number = known[key] {
                numbers.append(number)
            } else {
                let number = UInt16(known.count)
                known[key] = number
                numbers.append(number)
                pages += page
            }
        }
        return (numbers, pages)
    }

    /// - Parameter code: a Unicode scalar.
    @inline(__always)
    subscript(_ code: UInt32) -> Traits {
        pages[Int(pageNumbers[Int(code >> 8)]) * Self.pageSize + Int(code & 255)]
    }

    /// The lower case of a code point with `upper`, other than `dottedI` and `sigma`.
    func lower(_ code: UInt32) -> UInt32 {
        var low = 0
        var high = capitals.count
        while low < high {
            let middle = (low + high) / 2
            if capitals[middle] == code { return smallLetters[middle] }
            if capitals[middle] < code { low = middle + 1 } else { high = middle }
        }
        return code
    }
}
