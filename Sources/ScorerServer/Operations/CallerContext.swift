/// The identifiers that a caller sends along, checked: `X-Request-Id`, and W3C's `traceparent` and `tracestate`.
///
/// What is not well formed is left out, as W3C's Trace Context (level 1, sections 3.2 and 3.3) demands; it never fails a request.
final class CallerContext {
    /// What the caller calls the request; 1 to 128 visible ASCII characters.
    private(set) var requestID: [UInt8]?
    private var parent: [UInt8]?
    private var parents = 0
    private var requestIDs = 0
    private var state: [UInt8] = []
    private var isStateSound = true

    /// Takes one header field; its name in lower case.
    func read(_ name: String, _ value: Slice<UnsafeRawBufferPointer>) {
        switch name {
        case "x-request-id":
            requestIDs += 1
            let isUsable = (1...128).contains(value.count) && value.allSatisfy { $0 > 32 && $0 < 127 }
            requestID = isUsable && requestIDs == 1 ? Array(value) : nil
        case "traceparent":
            parents += 1
            parent = parents == 1 && value.count <= 512 && CallerContext.isTraceParent(value) ? Array(value) : nil
        case "tracestate":
            if !state.isEmpty, !value.isEmpty { state.append(UInt8(ascii: ",")) }
            state.append(contentsOf: value)
            if state.count > 512 || !value.allSatisfy({ $0 == 9 || $0 >= 32 && $0 < 127 }) { isStateSound = false }
        default: break
        }
    }

    /// The well-formed `traceparent`.
    var traceParent: [UInt8]? { parent }

    /// The `tracestate` that belongs to it.
    var traceState: [UInt8]? {
        guard parent != nil, isStateSound, !state.isEmpty, CallerContext.isTraceState(state) else { return nil }
        return state
    }

    /// The trace, 32 hexadecimal digits.
    var traceID: ArraySlice<UInt8>? { parent?[3..<35] }

    /// The caller's span, 16 hexadecimal digits. The server makes no span of its own.
    var spanID: ArraySlice<UInt8>? { parent?[36..<52] }

    /// `version-trace-parent-flags` in lower-case hexadecimal digits; versions beyond 00 may go on after a hyphen.
    private static func isTraceParent(_ text: Slice<UnsafeRawBufferPointer>) -> Bool {
        let text = Array(text.prefix(56))
        guard text.count >= 55, text[2] == 45, text[35] == 45, text[52] == 45 else { return false }
        for (index, byte) in text.prefix(55).enumerated() where index != 2 && index != 35 && index != 52 {
            guard byte >= 48 && byte <= 57 || byte >= 97 && byte <= 102 else { return false }
        }
        let isVersion0 = text[0] == 48 && text[1] == 48
        let isForbidden = text[0] == 102 && text[1] == 102
        guard !isForbidden, text.count == 55 || !isVersion0 && text[55] == 45 else { return false }
        return text[3..<35].contains { $0 != 48 } && text[36..<52].contains { $0 != 48 }
    }

    /// At most 32 members `key=value`; empty ones are allowed between commas.
    private static func isTraceState(_ text: [UInt8]) -> Bool {
        var count = 0
        for member in text.split(separator: 44) {
            let member = member.drop { $0 == 32 || $0 == 9 }
            guard let first = member.first else { continue }
            guard let equals = member.firstIndex(of: 61), equals > member.startIndex, equals + 1 < member.endIndex,
                first >= 97 && first <= 122 || first >= 48 && first <= 57
            else { return false }
            count += 1
        }
        return count >= 1 && count <= 32
    }
}
