/// Which parts of a text are words: runs of certain characters, as the usual regular expressions say it.
struct TokenPattern: Sendable, Equatable {
    /// The characters of a word.
    enum Characters: String, Sendable, CaseIterable {
        /// `\w`
        case word
        /// `\S`
        case visible
        /// `[a-z]`
        case smallLetters
        /// `[a-zA-Z]`
        case letters
        /// `[a-z0-9]`
        case smallLettersAndDigits
        /// `[a-zA-Z0-9]`
        case lettersAndDigits
    }

    let characters: Characters
    /// Whether a word has `\b` on both sides: what stands beside it matches no `\w`.
    let isWhole: Bool
    /// The least number of code points of a word.
    let minimum: Int

    @inline(__always)
    func takes(_ code: UInt32, _ traits: CodePoints.Traits) -> Bool {
        switch characters {
        case .word: traits.contains(.word)
        case .visible: !traits.contains(.space)
        case .smallLetters: Self.isSmall(code)
        case .letters: Self.isSmall(code | 32)
        case .smallLettersAndDigits: Self.isSmall(code) || Self.isDigit(code)
        case .lettersAndDigits: Self.isSmall(code | 32) || Self.isDigit(code)
        }
    }

    private static func isSmall(_ code: UInt32) -> Bool { code >= 0x61 && code <= 0x7A }
    private static func isDigit(_ code: UInt32) -> Bool { code >= 0x30 && code <= 0x39 }
}
