/// Reads the head of a request as its bytes arrive: each line is read once, and refused as soon as that is certain.
struct HTTPHeadReader {
    enum Outcome {
        case needsMore
        case complete(HTTPHead)
        case refused(HTTPRefusal)
    }

    private var head = HTTPHead()
    /// Where the next line begins.
    private var start = 0
    /// How far that line was searched for its end.
    private var searched = 0
    private var hasRequestLine = false

    /// Goes on with `bytes`, which begin at the first byte of the head, however often this is called.
    mutating func read(_ bytes: UnsafeRawBufferPointer, limits: Limits) -> Outcome {
        do throws(HTTPRefusal) {
            while let end = try lineEnd(seen(bytes, limits)) {
                let line = UnsafeRawBufferPointer(rebasing: bytes[start..<end])
                let isEmptyBefore = start == 0 && line.isEmpty
                start = end + 2
                searched = start
                if hasRequestLine {
                    if line.isEmpty {
                        try head.finish(byteCount: start)
                        return .complete(head)
                    }
                    try head.readField(line, limits: limits)
                } else if !isEmptyBefore {
                    // One empty line before a request is allowed (RFC 9112, section 2.2).
                    try head.readRequestLine(line, limits: limits)
                    hasRequestLine = true
                }
            }
            try checkBeginning(seen(bytes, limits), limits: limits)
            return .needsMore
        } catch { return .refused(error) }
    }

    /// As much of `bytes` as may be looked at: what comes beyond a limit does not matter, so that the answer is the same however much
    /// has come already.
    private func seen(_ bytes: UnsafeRawBufferPointer, _ limits: Limits) -> UnsafeRawBufferPointer {
        let end = hasRequestLine ? limits.headerBytes : min(limits.headerBytes, start + Self.longestLine(limits))
        return UnsafeRawBufferPointer(rebasing: bytes.prefix(end))
    }

    /// The longest request line, with its CR LF.
    private static func longestLine(_ limits: Limits) -> Int {
        HTTPHead.longestMethod + 1 + limits.targetBytes + " HTTP/1.1\r\n".utf8.count
    }

    /// The offset of the CR LF that ends the line at `start`; nil when it has not come yet.
    private mutating func lineEnd(_ bytes: UnsafeRawBufferPointer) throws(HTTPRefusal) -> Int? {
        var index = searched
        while true {
            index = HTTPSyntax.firstControl(bytes, from: index)
            guard index < bytes.count else { break }
            switch bytes[index] {
            case 13:
                guard index + 1 < bytes.count else {
                    searched = index
                    return nil
                }
                guard bytes[index + 1] == 10 else { throw .badRequest("a carriage return stands alone") }
                return index
            case 10: throw .badRequest("a line of the header does not end in CR LF")
            // Allowed in values; names and the request line are checked for it.
            case 9: index += 1
            default: throw .badRequest("the header holds a control character")
            }
        }
        searched = index
        return nil
    }

    /// What has come of an unfinished head must be able to become one.
    private func checkBeginning(_ bytes: UnsafeRawBufferPointer, limits: Limits) throws(HTTPRefusal) {
        if !hasRequestLine {
            let line = bytes[start...]
            let method = line.prefix(HTTPHead.longestMethod + 1).prefix(while: HTTPSyntax.isToken).count
            let hasEnded = method < line.count && (line[start + method] == 32 || line[start + method] == 13)
            // Otherwise noise would wait for a line end until the time limit.
            guard method <= HTTPHead.longestMethod, method == line.count || hasEnded else {
                throw .badRequest("the request does not begin with a method")
            }
            if line.count >= Self.longestLine(limits) { throw .targetTooLong(limits) }
        }
        if bytes.count >= limits.headerBytes { throw .headerTooLarge(limits) }
    }
}
