/// How a text is written before it is taken apart: in lower case, without accents, as Python does both.
///
/// Source: `_preprocess`, `strip_accents_ascii` and `strip_accents_unicode` of scikit-learn's `feature_extraction/text.py`, 1.1.3 to
/// 1.9.1; `handle_capital_sigma` of CPython's `Objects/unicodeobject.c`, 3.8 to 3.13.
struct TextFolding: Sendable {
    /// What becomes of accents.
    enum AccentRule: String, Sendable, CaseIterable {
        case keep
        /// Decomposed, and only ASCII kept.
        case ascii
        /// Decomposed, and what combines left out.
        case unicode
    }

    let lowercases: Bool
    let accents: AccentRule

    /// Writes the code points of `text`, folded, to `codes` of the pieces.
    ///
    /// - Returns: a code point that Python's versions differ in, if the text has one; `codes` is then of no use.
    func fold(_ text: UnsafeBufferPointer<UInt8>, _ pieces: inout TextPieces) -> UInt32? {
        pieces.codes.removeAll(keepingCapacity: true)
        if text.allSatisfy({ $0 < 0x80 }) {
            for byte in text {
                let isCapital = lowercases && byte >= UInt8(ascii: "A") && byte <= UInt8(ascii: "Z")
                pieces.codes.append(UInt32(isCapital ? byte | 32 : byte))
            }
            return nil
        }
        let points = CodePoints.shared
        pieces.source.removeAll(keepingCapacity: true)
        var decoder = UTF8.ForwardParser()
        var bytes = text.makeIterator()
        while case .valid(let encoded) = decoder.parseScalar(from: &bytes) {
            let code = UTF8.decode(encoded).value
            if points[code].contains(.unknown) { return code }
            pieces.source.append(code)
        }
        if lowercases {
            lower(pieces.source, into: &pieces.codes, points)
        } else {
            swap(&pieces.source, &pieces.codes)
        }
        if accents != .keep { strip(&pieces) }
        return nil
    }

    private func lower(_ source: [UInt32], into codes: inout [UInt32], _ points: CodePoints) {
        for (index, code) in source.enumerated() {
            if !points[code].contains(.upper) {
                codes.append(code)
            } else if code == CodePoints.sigma {
                codes.append(Self.isFinal(index, source, points) ? 0x3C2 : 0x3C3)
            } else if code == CodePoints.dottedI {
                codes.append(0x69)
                codes.append(0x307)
            } else {
                codes.append(points.lower(code))
            }
        }
    }

    /// Whether the capital sigma at `index` ends a word.
    private static func isFinal(_ index: Int, _ source: [UInt32], _ points: CodePoints) -> Bool {
        guard let before = source[..<index].last(where: { !points[$0].contains(.ignorable) }),
            points[before].contains(.cased)
        else { return false }
        guard let after = source[(index + 1)...].first(where: { !points[$0].contains(.ignorable) }) else { return true }
        return !points[after].contains(.cased)
    }

    private func strip(_ pieces: inout TextPieces) {
        pieces.plain.removeAll(keepingCapacity: true)
        // strip_accents_unicode leaves a text of ASCII alone, which decomposing does too.
        for code in pieces.codes {
            if code < 0x80 {
                pieces.plain.append(code)
            } else {
                Accents.shared.strip(code, into: &pieces.plain)
            }
        }
        if accents == .ascii { pieces.plain.removeAll { $0 >= 0x80 } }
        swap(&pieces.plain, &pieces.codes)
    }
}
