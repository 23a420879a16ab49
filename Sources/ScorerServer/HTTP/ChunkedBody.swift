/// Puts a chunked body together, strictly (RFC 9112, section 7.1): sizes of at most 16 hexadecimal digits, CR LF everywhere,
/// short extensions, which are checked and ignored, and trailers, which are checked and dropped.
struct ChunkedBody {
    enum Outcome {
        case needsMore
        case complete
        case refused(HTTPRefusal)
    }

    private enum Step { case size, data(Int), dataEnd, trailer }

    /// The body so far.
    let content: ByteQueue
    private var step = Step.size
    private var extensionBytes = 0
    private var trailerBytes = 0
    private var trailers = 0
    private let limits: Limits

    init(limits: Limits, budget: ByteBudget) {
        self.limits = limits
        content = ByteQueue(budget)
    }

    /// Reads as much as there is of `input` from `start`, which is moved past what was read.
    mutating func read(_ input: UnsafeRawBufferPointer, from start: inout Int) -> Outcome {
        do throws(HTTPRefusal) {
            while true {
                switch step {
                case .size:
                    guard let line = try line(input, &start, limit: 16 + limits.chunkExtensionBytes) else {
                        return .needsMore
                    }
                    try readSize(UnsafeRawBufferPointer(rebasing: input[line]))
                case .data(let left):
                    let count = min(left, input.count - start)
                    guard content.append(UnsafeRawBufferPointer(rebasing: input[start..<(start + count)])) else {
                        throw .tooManyBytes
                    }
                    start += count
                    step = count == left ? .dataEnd : .data(left - count)
                    guard count == left else { return .needsMore }
                case .dataEnd:
                    guard let line = try line(input, &start, limit: 0) else { return .needsMore }
                    guard line.isEmpty else { throw .badRequest("a chunk is longer than its size says") }
                    step = .size
                case .trailer:
                    guard let line = try line(input, &start, limit: nil) else { return .needsMore }
                    if line.isEmpty { return .complete }
                    try checkTrailer(UnsafeRawBufferPointer(rebasing: input[line]))
                }
            }
        } catch { return .refused(error) }
    }

    /// The next line without its CR LF, or nil when its end has not come yet.
    ///
    /// - Parameter limit: nil for a line of the trailers.
    private func line(
        _ input: UnsafeRawBufferPointer, _ start: inout Int, limit: Int?
    ) throws(HTTPRefusal) -> Range<Int>? {
        var index = start
        while index < input.count {
            if let limit {
                guard index - start <= limit else { throw .badRequest("a line of the chunked body is too long") }
            } else {
                guard index - start <= limits.headerBytes else { throw .headerTooLarge(limits) }
            }
            if input[index] == 13 {
                guard index + 1 < input.count else { return nil }
                guard input[index + 1] == 10 else {
                    throw .badRequest("a carriage return stands alone in the chunked body")
                }
                defer { start = index + 2 }
                return start..<index
            }
            guard input[index] >= 32 && input[index] != 127 || input[index] == 9 else {
                throw .badRequest("a line of the chunked body does not end in CR LF")
            }
            index += 1
        }
        return nil
    }

    private mutating func readSize(_ line: UnsafeRawBufferPointer) throws(HTTPRefusal) {
        var size = 0
        var digits = 0
        while digits < line.count, digits < 17, let digit = HTTPSyntax.hexadecimal(line[digits]) {
            // Sixteen digits fit; a size beyond the limit of the body is refused below.
            size = min(size, 1 << 50) << 4 | digit
            digits += 1
        }
        guard digits > 0, digits <= 16 else { throw .badRequest("a chunk size is not 1 to 16 hexadecimal digits") }
        let rest = line.count - digits
        extensionBytes += rest
        guard rest <= limits.chunkExtensionBytes, extensionBytes <= limits.headerBytes else {
            throw .badRequest("the extensions of the chunks are too long")
        }
        var parser = ChunkExtensions(line, from: digits)
        guard parser.areSound() else {
            throw .badRequest("after a chunk size comes neither the end of the line nor an extension")
        }
        guard size <= limits.bodyBytes - content.count else { throw .bodyTooLarge(limits) }
        step = size == 0 ? .trailer : .data(size)
    }

    private mutating func checkTrailer(_ line: UnsafeRawBufferPointer) throws(HTTPRefusal) {
        trailerBytes += line.count + 2
        trailers += 1
        guard trailerBytes <= limits.headerBytes, trailers <= limits.headerFields else {
            throw .headerTooLarge(limits)
        }
        guard let colon = line.firstIndex(of: 58), colon > 0, line[..<colon].allSatisfy(HTTPSyntax.isToken) else {
            throw .badRequest("a trailer is not `name: value`")
        }
    }
}

/// chunk-ext = *( BWS ";" BWS token [ BWS "=" BWS ( token / quoted-string ) ] ) (RFC 9112, section 7.1.1)
private struct ChunkExtensions {
    private let line: UnsafeRawBufferPointer
    private var index: Int

    init(_ line: UnsafeRawBufferPointer, from start: Int) {
        self.line = line
        index = start
    }

    mutating func areSound() -> Bool {
        while index < line.count {
            guard skip(UInt8(ascii: ";")), skipToken() else { return false }
            let before = index
            guard skip(UInt8(ascii: "=")) else {
                index = before
                continue
            }
            guard skipToken() || skipQuoted() else { return false }
        }
        return true
    }

    /// Blanks, `character`, blanks.
    private mutating func skip(_ character: UInt8) -> Bool {
        skipBlanks()
        guard index < line.count, line[index] == character else { return false }
        index += 1
        skipBlanks()
        return true
    }

    private mutating func skipBlanks() {
        while index < line.count, line[index] == 32 || line[index] == 9 { index += 1 }
    }

    private mutating func skipToken() -> Bool {
        let first = index
        while index < line.count, HTTPSyntax.isToken(line[index]) { index += 1 }
        return index > first
    }

    private mutating func skipQuoted() -> Bool {
        guard index < line.count, line[index] == UInt8(ascii: "\"") else { return false }
        index += 1
        while index < line.count, line[index] != UInt8(ascii: "\"") {
            index += line[index] == UInt8(ascii: "\\") ? 2 : 1
        }
        guard index < line.count else { return false }
        index += 1
        return true
    }
}
