import HTTPTransport

/// The value of `Content-Range` in a 206: `bytes FIRST-LAST/TOTAL` (RFC 9110 14.4). Any other form, a total of `*` included, is
/// nil: such an answer proves nothing.
struct ContentRange: Equatable {
    let range: Range<Int>
    let total: Int

    init?(_ text: String) {
        let words = text.split(separator: " ", omittingEmptySubsequences: false)
        guard words.count == 2, words[0].lowercased() == "bytes" else { return nil }
        let halves = words[1].split(separator: "/", omittingEmptySubsequences: false)
        guard halves.count == 2, let total = Self.number(halves[1]) else { return nil }
        let ends = halves[0].split(separator: "-", omittingEmptySubsequences: false)
        guard ends.count == 2, let first = Self.number(ends[0]), let last = Self.number(ends[1]), first <= last,
            last < total
        else { return nil }
        range = first..<last + 1
        self.total = total
    }

    /// Digits only: `Int` would take a sign.
    private static func number(_ text: Substring) -> Int? {
        text.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) } ? Int(text) : nil
    }
}

/// What tells one version of an object from another (RFC 9110 8.8).
struct Validator: Sendable, Equatable {
    /// `ETag` as it came, weak or strong.
    let tag: String?
    /// `Last-Modified` as it came.
    let date: String?

    init(tag: String?, date: String?) {
        self.tag = tag
        self.date = date
    }

    init(_ head: HTTPResponseHead) {
        tag = head["ETag"].flatMap { $0.isEmpty ? nil : $0 }
        date = head["Last-Modified"].flatMap { $0.isEmpty ? nil : $0 }
    }

    /// The value for `If-Range`: a strong tag, else the date. Without one a file cannot be put together from several answers.
    var condition: String? {
        if let tag, tag.hasPrefix("\"") { return tag }
        return date
    }

    /// Whether a later answer is of the same version, as far as it says.
    ///
    /// A tag must be there again. A date need not: a server that honours `If-Range` may leave it out.
    func accepts(_ later: Validator) -> Bool {
        if let tag { return later.tag.map { $0.utf8.elementsEqual(tag.utf8) } ?? false }
        guard let date, let laterDate = later.date else { return true }
        return laterDate.utf8.elementsEqual(date.utf8)
    }
}
