/// Puts a chunked body together, strictly (RFC 9112, section 7.1): sizes of at most 16 hexadecimal digits, CR LF everywhere,
/// short extensions, which are ignored, and trailers, which are dropped.
struct ChunkedBody {
    enum Outcome {
        case needsMore
        case complete
        case refused(HTTPRefusal)
    }

    private enum Step { case size, data(Int), dataEnd, trailer }

    private(set) var bytes: [UInt8] = []
    private var step = Step.size
    private var trailerBytes = 0
    private let limits: Limits

    init(limits: Limits) { self.limits = limits }

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
                    bytes.append(contentsOf: input[start..<(start + count)])
                    start += count
                    step = count == left ? .dataEnd : .data(left - count)
                    guard count == left else { return .needsMore }
                case .dataEnd:
                    guard let line = try line(input, &start, limit: 0) else { return .needsMore }
                    guard line.isEmpty else { throw .badRequest("a chunk is longer than its size says") }
                    step = .size
                case .trailer:
                    guard let line = try line(input, &start, limit: limits.headerBytes) else { return .needsMore }
                    if line.isEmpty { return .complete }
                    trailerBytes += line.count + 2
                    guard trailerBytes <= limits.headerBytes else { throw .headerTooLarge(limits) }
                }
            }
        } catch { return .refused(error) }
    }

    /// The next line without its CR LF, or nil when its end has not come yet.
    private func line(
        _ input: UnsafeRawBufferPointer, _ start: inout Int, limit: Int
    ) throws(HTTPRefusal) -> Range<Int>? {
        var index = start
        while index < input.count {
            guard index - start <= limit else { throw .badRequest("a line of the chunked body is too long") }
            if input[index] == 13 {
                guard index + 1 < input.count else { return nil }
                guard input[index + 1] == 10 else {
                    throw .badRequest("a carriage return stands alone in the chunked body")
                }
                defer { start = index + 2 }
                return start..<index
            }
            guard input[index] >= 32 || input[index] == 9 else {
                throw .badRequest("a line of the chunked body does not end in CR LF")
            }
            index += 1
        }
        return nil
    }

    private mutating func readSize(_ line: UnsafeRawBufferPointer) throws(HTTPRefusal) {
        var size = 0
        var digits = 0
        while digits < line.count, digits < 17, let digit = ChunkedBody.hexadecimal(line[digits]) {
            // Sixteen digits fit; a size beyond the limit of the body is refused below.
            size = min(size, 1 << 50) << 4 | digit
            digits += 1
        }
        guard digits > 0, digits <= 16 else { throw .badRequest("a chunk size is not 1 to 16 hexadecimal digits") }
        guard digits == line.count || line[digits] == 59 || line[digits] == 32 || line[digits] == 9 else {
            throw .badRequest("a chunk size is not 1 to 16 hexadecimal digits")
        }
        guard line.count - digits <= limits.chunkExtensionBytes else {
            throw .badRequest("a chunk extension is too long")
        }
        guard size <= limits.bodyBytes - bytes.count else { throw .bodyTooLarge(limits) }
        step = size == 0 ? .trailer : .data(size)
    }

    private static func hexadecimal(_ byte: UInt8) -> Int? {
        switch byte {
        case 48...57: Int(byte) - 48
        case 65...70: Int(byte) - 55
        case 97...102: Int(byte) - 87
        default: nil
        }
    }
}
