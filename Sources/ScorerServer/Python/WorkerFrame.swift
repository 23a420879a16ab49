/// A message between the server and a Python worker: a 16-byte little-endian header (magic `SKFF`, kind u16, flags u16,
/// request u32, payload length u32), then the payload.
struct WorkerFrame {
    enum Kind: UInt16 {
        /// Worker → server: the model is loaded; JSON with `python`, `loader`, `seconds`, `fork` (whether it may be copied),
        /// `reason` (why not).
        case ready = 1
        /// Worker → server: the model cannot be loaded; JSON with `message`, `traceback`.
        case loadFailed = 2
        /// Server → worker: the rows, as `FrameBuilder` says.
        case request = 3
        /// Worker → server: the model's answer, columnar as `AnswerText` says, or its JSON text.
        case answer = 4
        /// Worker → server: JSON with `kind` (`input` or `model`), `message`, `traceback`, perhaps `error_code` and `status`.
        case error = 5
        /// Server → worker: end.
        case stop = 6
        /// Server → loaded worker: copy yourself; the copy's socket and output come with the first byte (`SCM_RIGHTS`).
        case fork = 7
        /// Loaded worker → server: JSON with `process`, the number of the copy, or `message`, why there is none.
        case forked = 8
        /// Worker → server: how many rows the request has that it works on, where only it can know; JSON with `rows`.
        case rows = 9
    }

    static let headerBytes = 16
    /// The largest payload that is read.
    static let payloadLimit = 1 << 30
    private static let magic: UInt32 = 0x4646_4b53
    private static let columnarFlag: UInt16 = 1

    var kind: Kind
    /// Whether the payload is a `ColumnarPayload`.
    var isColumnar: Bool
    var request: UInt32
    var payload: Range<Int>

    /// The header of a frame.
    static func header(_ kind: Kind, request: UInt32, payloadCount: Int, isColumnar: Bool = false) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(headerBytes)
        func append<Number: FixedWidthInteger>(_ number: Number) {
            withUnsafeBytes(of: number.littleEndian) { bytes.append(contentsOf: $0) }
        }
        append(magic)
        append(kind.rawValue)
        append(isColumnar ? columnarFlag : 0)
        append(request)
        append(UInt32(payloadCount))
        return bytes
    }

    enum Outcome {
        case needsMore(Int)
        case frame(WorkerFrame)
        case garbage
    }

    /// The frame at `start` of `bytes`, or how many bytes there must be before it can be read.
    static func parse(_ bytes: [UInt8], from start: Int) -> Outcome {
        guard bytes.count - start >= headerBytes else { return .needsMore(start + headerBytes) }
        func number<Number: FixedWidthInteger>(_ offset: Int, _ type: Number.Type) -> Number {
            bytes.withUnsafeBytes { Number(littleEndian: $0.loadUnaligned(fromByteOffset: start + offset, as: type)) }
        }
        let count = Int(number(12, UInt32.self))
        let flags = number(6, UInt16.self)
        guard number(0, UInt32.self) == magic, let kind = Kind(rawValue: number(4, UInt16.self)),
            flags == 0 || flags == columnarFlag && (kind == .answer || kind == .request), count <= payloadLimit
        else { return .garbage }
        let payload = (start + headerBytes)..<(start + headerBytes + count)
        guard bytes.count >= payload.upperBound else { return .needsMore(payload.upperBound) }
        return .frame(
            WorkerFrame(
                kind: kind, isColumnar: flags == columnarFlag, request: number(8, UInt32.self), payload: payload))
    }
}
