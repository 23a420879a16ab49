public import Bytes
import Diagnostics

/// Reads a JSON text event by event, without building values: for large documents and for requests.
///
/// Everything of RFC 8259 is checked while reading, except that an object may repeat a key: callers keep a `JSONKeys`. After an
/// error the reader must not be used further.
public struct JSONPullReader {
    /// One step through the text.
    public enum Event: Sendable, Equatable {
        /// `null`
        case null
        /// `true` or `false`
        case bool(Bool)
        /// A number; the range of its literal in the region or buffer, for `double`, `int64` and `text`.
        case number(Range<Int>)
        /// A string, decoded.
        case string(String)
        /// `[`
        case beginArray
        /// `]`
        case endArray
        /// `{`
        case beginObject
        /// A key, decoded; its value follows.
        case key(String)
        /// `}`
        case endObject
        /// Nothing but white space was left; further calls give the same.
        case endOfDocument
    }

    enum State { case start, value, firstElement, firstMember, afterValue }

    /// Keeps the bytes alive; nil when the caller does.
    private let region: ByteRegion?
    let base: UnsafeRawPointer
    let start: Int
    let end: Int
    let limits: JSONLimits
    /// The next byte to read.
    public internal(set) var position: Int
    /// The first byte of the event that `next` gave last.
    public internal(set) var offset: Int
    var state = State.start
    /// One entry for each open array (false) or object (true), except the innermost, which is `isInObject`.
    var outer: [Bool] = []
    var isInObject = false
    /// The number of open arrays and objects.
    public internal(set) var depth = 0
    /// Whether `NaN`, `Infinity` and `-Infinity`, which JSON does not have and Python writes, are numbers; by default they are errors.
    /// Their `double` and `int64` are nil; `notFinite` tells which it is.
    public var takesNotFinite = false
    /// Whether strings are decoded, or only checked.
    var decodesStrings = true
    var scratch: [UInt8] = []
    var lastNumber = NumberParts()

    /// A reader of `range` of `region`, by default all of it; the range must lie within the region.
    public init(_ region: ByteRegion, range: Range<Int>? = nil, limits: JSONLimits = .document) {
        let range = range ?? region.range
        precondition(range.lowerBound >= 0 && range.upperBound <= region.count, "byte range out of bounds")
        self.init(region: region, base: region.base, range: range, limits: limits)
    }

    /// A reader of `buffer`, which the caller keeps valid and unchanged while the reader is used.
    public init(_ buffer: UnsafeRawBufferPointer, limits: JSONLimits = .request) {
        // An empty buffer may have no address; its bytes are never read.
        let base = buffer.baseAddress ?? UnsafeRawPointer(bitPattern: 1).unsafelyUnwrapped
        self.init(region: nil, base: base, range: 0..<buffer.count, limits: limits)
    }

    private init(region: ByteRegion?, base: UnsafeRawPointer, range: Range<Int>, limits: JSONLimits) {
        self.region = region
        self.base = base
        self.limits = limits
        start = range.lowerBound
        end = range.upperBound
        position = start
        offset = start
    }

    /// Reads the next event.
    public mutating func next() throws(JSONError) -> Event {
        skipSpace()
        switch state {
        case .afterValue:
            guard depth > 0 else {
                offset = position
                guard position == end else { throw unexpected("the end") }
                return .endOfDocument
            }
            guard position < end else { throw error(.endsEarly, at: position) }
            switch byte(position) {
            case UInt8(ascii: ","):
                position += 1
                skipSpace()
                if isInObject { return try readKey() }
                return try readValue()
            case UInt8(ascii: "]") where !isInObject: return close(.endArray)
            case UInt8(ascii: "}") where isInObject: return close(.endObject)
            default: throw unexpected(isInObject ? "`,` or `}`" : "`,` or `]`")
            }
        case .value: return try readValue()
        case .firstElement:
            if position < end, byte(position) == UInt8(ascii: "]") { return close(.endArray) }
            return try readValue()
        case .firstMember:
            if position < end, byte(position) == UInt8(ascii: "}") { return close(.endObject) }
            return try readKey()
        case .start:
            try checkStart()
            return try readValue()
        }
    }

    /// Passes over the next value, checking it; strings are not built.
    ///
    /// - Returns: the range of the value's text.
    /// - Throws: also when no value comes next, as at the end of an array.
    @discardableResult
    public mutating func skipValue() throws(JSONError) -> Range<Int> {
        decodesStrings = false
        let event = try next()
        let first = offset
        switch event {
        case .endArray, .endObject, .key, .endOfDocument: throw unexpected("a value", at: offset)
        case .beginArray, .beginObject, .null, .bool, .number, .string: try skipRest(of: event)
        }
        decodesStrings = true
        return first..<position
    }

    /// Passes over the value of the key that came last when it is, byte for byte, `text`: a whole array or object that a reader with the
    /// same limits has read at the same depth.
    ///
    /// - Returns: whether it is; if not, nothing is passed over.
    public mutating func skip(known text: [UInt8]) -> Bool {
        guard state == .value, !text.isEmpty else { return false }
        skipSpace()
        guard end - position >= text.count else { return false }
        let (base, position) = (base, position)
        let isSame = text.withUnsafeBytes { known in
            var index = 0
            while known.count - index >= 8 {
                let (one, other) = (
                    known.loadUnaligned(fromByteOffset: index, as: UInt64.self),
                    base.loadUnaligned(fromByteOffset: position + index, as: UInt64.self)
                )
                guard one == other else { return false }
                index += 8
            }
            while index < known.count {
                guard known[index] == base.load(fromByteOffset: position + index, as: UInt8.self) else { return false }
                index += 1
            }
            return true
        }
        guard isSame else { return false }
        offset = position
        self.position = position + text.count
        state = .afterValue
        return true
    }

    /// After `beginArray` or `beginObject`: passes over everything up to its end. After any other event: nothing.
    public mutating func skipRest(of event: Event) throws(JSONError) {
        guard event == .beginArray || event == .beginObject else { return }
        let outside = depth - 1
        let wasDecoding = decodesStrings
        decodesStrings = false
        while depth > outside { _ = try next() }
        decodesStrings = wasDecoding
    }

    /// The literal of a number event.
    public func text(_ range: Range<Int>) -> String {
        precondition(range.lowerBound >= start && range.upperBound <= end, "byte range out of bounds")
        return String(
            decoding: UnsafeRawBufferPointer(start: base + range.lowerBound, count: range.count), as: UTF8.self)
    }

    /// An error at the event that `next` gave last, or at another offset.
    public func error(_ kind: JSONError.Kind, at place: Int? = nil) -> JSONError {
        JSONError(kind: kind, offset: place ?? offset, base: base, start: start)
    }
}

extension JSONPullReader {
    @inline(__always)
    func byte(_ index: Int) -> UInt8 { base.load(fromByteOffset: index, as: UInt8.self) }

    @inline(__always)
    mutating func skipSpace() {
        while position < end {
            let next = byte(position)
            guard next <= 0x20, next == 0x20 || next == 0x0a || next == 0x0d || next == 0x09 else { return }
            position += 1
        }
    }

    private func checkStart() throws(JSONError) {
        guard end - start <= limits.maxBytes else {
            throw error(.size(limit: limits.maxBytes, count: end - start), at: start)
        }
        if end - start >= 3, byte(start) == 0xef, byte(start + 1) == 0xbb, byte(start + 2) == 0xbf {
            throw error(.byteOrderMark, at: start)
        }
    }

    @inline(__always)
    private mutating func readValue() throws(JSONError) -> Event {
        guard position < end else { throw error(.endsEarly, at: position) }
        offset = position
        switch byte(position) {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"):
            state = .afterValue
            return .number(try readNumber())
        case UInt8(ascii: "\""):
            state = .afterValue
            return .string(try readString())
        case UInt8(ascii: "["):
            try open(isObject: false)
            return .beginArray
        case UInt8(ascii: "{"):
            try open(isObject: true)
            return .beginObject
        default: return try readWord()
        }
    }

    private mutating func readWord() throws(JSONError) -> Event {
        state = .afterValue
        if accept("true") { return .bool(true) }
        if accept("false") { return .bool(false) }
        if accept("null") { return .null }
        for word in ["NaN", "Infinity"] as [StaticString] where accept(word) {
            guard takesNotFinite else { throw error(.notFinite("\(word)")) }
            lastNumber = NumberParts()
            return .number(offset..<position)
        }
        throw unexpected("a value")
    }

    mutating func accept(_ word: StaticString) -> Bool {
        let count = word.utf8CodeUnitCount
        guard end - position >= count else { return false }
        for index in 0..<count where byte(position + index) != word.utf8Start[index] { return false }
        position += count
        return true
    }

    private mutating func readKey() throws(JSONError) -> Event {
        offset = position
        guard position < end else { throw error(.endsEarly, at: position) }
        guard byte(position) == UInt8(ascii: "\"") else { throw unexpected("a key in double quotes") }
        let key = try readString()
        skipSpace()
        guard position < end else { throw error(.endsEarly, at: position) }
        guard byte(position) == UInt8(ascii: ":") else { throw unexpected("`:`") }
        position += 1
        state = .value
        return .key(key)
    }

    private mutating func open(isObject: Bool) throws(JSONError) {
        guard depth < limits.maxDepth else { throw error(.depth(limit: limits.maxDepth)) }
        position += 1
        outer.append(isInObject)
        depth += 1
        isInObject = isObject
        state = isObject ? .firstMember : .firstElement
    }

    private mutating func close(_ event: Event) -> Event {
        offset = position
        position += 1
        depth -= 1
        isInObject = outer.removeLast()
        state = .afterValue
        return event
    }

    /// "expected …, found …" at the next byte, or at `place`.
    func unexpected(_ expected: String, at place: Int? = nil) -> JSONError {
        let place = place ?? position
        guard place < end else { return error(.endsEarly, at: place) }
        let first = byte(place)
        var found = "byte 0x" + String(first, radix: 16)
        if first >= 0x21, first < 0x7f {
            found = "`\(Unicode.Scalar(first))`"
        } else if first >= 0xc2 {
            let tail = UnsafeRawBufferPointer(start: base + place, count: min(4, end - place))
            var decoder = UTF8()
            var bytes = tail.makeIterator()
            if case .scalarValue(let scalar) = decoder.decode(&bytes) { found = "`\(escaped(String(scalar)))`" }
        }
        return error(.syntax("expected \(expected), found \(found)"), at: place)
    }
}
