/// Takes texts apart into terms: runs of words, or of characters.
///
/// Source: `_VectorizerMixin` of scikit-learn's `feature_extraction/text.py`, 1.1.3 to 1.9.1.
struct Tokenizer: Sendable {
    /// What terms are made of.
    enum Analyzer: Sendable {
        /// Words, but for those of a list.
        case words(TokenPattern, stopWords: TermIndex?)
        /// Characters, white space among them.
        case characters
        /// Characters of one word, with a space before and after it.
        case charactersInWords
    }

    /// Which terms count, and as what.
    enum Terms: Sendable {
        /// Those of a list, each by its code.
        case known(TermIndex)
        /// All, by their hashes, as so many.
        case hashed(count: Int, alternates: Bool)

        var count: Int {
            switch self {
            case .known(let index): index.table.count
            case .hashed(let count, _): count
            }
        }
    }

    let folding: TextFolding
    let analyzer: Analyzer
    /// How many words or characters a term has.
    let lengths: ClosedRange<Int>
    let terms: Terms

    /// Counts the terms of `text`.
    ///
    /// - Returns: a code point that Python's versions differ in, if the text has one; the counts are then of no use.
    func count(
        _ text: UnsafeBufferPointer<UInt8>, _ pieces: inout TextPieces, into counts: inout TermCounts
    ) -> UInt32? {
        counts.begin(termCount: terms.count)
        let unknown = eachTerm(of: text, &pieces) { add($0, to: &counts) }
        counts.finish()
        return unknown
    }

    /// Calls `visit` with the UTF-8 of each term of `text`, not at all when it has a code point that Python's versions differ in:
    /// then that is the result.
    @inline(__always)
    func eachTerm(
        of text: UnsafeBufferPointer<UInt8>, _ pieces: inout TextPieces, visit: (UnsafeRawBufferPointer) -> Void
    ) -> UInt32? {
        if let unknown = folding.fold(text, &pieces) { return unknown }
        split(&pieces)
        pieces.bytes.withUnsafeBytes { bytes in
            for group in 0..<pieces.groups.count - 1 {
                each(pieces.groups[group]..<pieces.groups[group + 1], pieces.starts, pieces.ends) {
                    visit(UnsafeRawBufferPointer(rebasing: bytes[$0]))
                }
            }
        }
        return nil
    }

    @inline(__always)
    private func add(_ term: UnsafeRawBufferPointer, to counts: inout TermCounts) {
        switch terms {
        case .known(let index):
            if let code = index.code(of: term) { counts.add(code, 1) }
        case .hashed(let count, let alternates):
            // `transform` of scikit-learn's `feature_extraction/_hashing_fast.pyx`.
            let hash = Int32(bitPattern: MurmurHash3.hash(term))
            counts.add(Int(hash.magnitude) % count, hash < 0 && alternates ? -1 : 1)
        }
    }

    /// Calls `visit` with the place of each term of a group.
    @inline(__always)
    private func each(_ group: Range<Int>, _ starts: [Int], _ ends: [Int], visit: (Range<Int>) -> Void) {
        // A word with its spaces that is shorter than all terms is one term.
        if case .charactersInWords = analyzer, group.count < lengths.lowerBound {
            return visit(starts[group.lowerBound]..<ends[group.upperBound - 1])
        }
        for length in lengths {
            guard length <= group.count else { break }
            for first in group.lowerBound...(group.upperBound - length) {
                visit(starts[first]..<ends[first + length - 1])
            }
        }
    }

    /// Makes pieces of the folded text.
    private func split(_ pieces: inout TextPieces) {
        pieces.removePieces()
        switch analyzer {
        case .words(let pattern, let stopWords):
            findWords(pattern, stopWords, &pieces)
            pieces.endGroup()
        case .characters:
            joinSpaces(&pieces)
            for code in pieces.plain { pieces.add(code) }
            pieces.endGroup()
        case .charactersInWords:
            // Joined spaces separate words as each of them does.
            padWords(&pieces)
        }
    }

    private func findWords(_ pattern: TokenPattern, _ stopWords: TermIndex?, _ pieces: inout TextPieces) {
        let points = CodePoints.shared
        let count = pieces.codes.count
        var index = 0
        while index < count {
            guard pattern.takes(pieces.codes[index], points[pieces.codes[index]]) else {
                index += 1
                continue
            }
            let start = index
            while index < count, pattern.takes(pieces.codes[index], points[pieces.codes[index]]) { index += 1 }
            guard index - start >= pattern.minimum else { continue }
            if pattern.isWhole {
                if start > 0, points[pieces.codes[start - 1]].contains(.word) { continue }
                if index < count, points[pieces.codes[index]].contains(.word) { continue }
            }
            addWord(start..<index, stopWords, &pieces)
        }
    }

    private func addWord(_ range: Range<Int>, _ stopWords: TermIndex?, _ pieces: inout TextPieces) {
        let end = pieces.bytes.count
        if end > 0 { pieces.bytes.append(UInt8(ascii: " ")) }
        let start = pieces.bytes.count
        for index in range { pieces.encode(pieces.codes[index]) }
        if let stopWords {
            let isStopWord = pieces.bytes.withUnsafeBytes {
                stopWords.code(of: UnsafeRawBufferPointer(rebasing: $0[start...])) != nil
            }
            if isStopWord { return pieces.bytes.removeLast(pieces.bytes.count - end) }
        }
        pieces.starts.append(start)
        pieces.ends.append(pieces.bytes.count)
    }

    /// Writes `codes` to `plain`, several white spaces in a row as one space; one alone stays what it is.
    private func joinSpaces(_ pieces: inout TextPieces) {
        let points = CodePoints.shared
        pieces.plain.removeAll(keepingCapacity: true)
        let count = pieces.codes.count
        var index = 0
        while index < count {
            let code = pieces.codes[index]
            index += 1
            guard points[code].contains(.space), index < count, points[pieces.codes[index]].contains(.space) else {
                pieces.plain.append(code)
                continue
            }
            while index < count, points[pieces.codes[index]].contains(.space) { index += 1 }
            pieces.plain.append(0x20)
        }
    }

    /// A group for each word, with a space before and after it.
    private func padWords(_ pieces: inout TextPieces) {
        let points = CodePoints.shared
        let count = pieces.codes.count
        var index = 0
        while index < count {
            guard !points[pieces.codes[index]].contains(.space) else {
                index += 1
                continue
            }
            pieces.add(0x20)
            while index < count, !points[pieces.codes[index]].contains(.space) {
                pieces.add(pieces.codes[index])
                index += 1
            }
            pieces.add(0x20)
            pieces.endGroup()
        }
    }
}
