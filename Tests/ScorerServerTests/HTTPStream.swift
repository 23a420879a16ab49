@testable import ScorerServer

/// Reads bytes as a connection does, without a connection: what requests there are, and how it ends. For tests and `Tests/Fuzz/http.swift`.
struct HTTPStream: Equatable {
    struct Request: Equatable {
        var method: String
        var path: String
        var body: [UInt8]
    }

    enum End: Equatable {
        case needsMore
        case refused(Int)
        case closed
    }

    private(set) var requests: [Request] = []
    private(set) var end = End.needsMore

    /// - Parameter pieces: how many bytes come at a time, one after the other and then again from the first.
    init(_ bytes: [UInt8], pieces: [Int], limits: Limits) {
        var arrived = 0
        var turn = 0
        var reader = Reader(limits: limits)
        while end == .needsMore, arrived < bytes.count {
            arrived = min(bytes.count, arrived + max(1, pieces[turn % pieces.count]))
            turn += 1
            bytes.withUnsafeBytes { whole in
                // As long as what came, so that the sanitizer sees every step beyond it.
                let fresh = UnsafeMutableRawBufferPointer.allocate(byteCount: arrived, alignment: 1)
                fresh.copyMemory(from: UnsafeRawBufferPointer(rebasing: whole[..<arrived]))
                reader.read(UnsafeRawBufferPointer(fresh), into: &self)
                fresh.deallocate()
            }
        }
    }

    private struct Reader {
        let limits: Limits
        let budget: ByteBudget
        var position = 0
        var headReader = HTTPHeadReader()
        var head: HTTPHead?
        var chunks: ChunkedBody?

        init(limits: Limits) {
            self.limits = limits
            budget = ByteBudget(limit: limits.bufferedBytes)
        }

        mutating func read(_ bytes: UnsafeRawBufferPointer, into stream: inout HTTPStream) {
            while stream.end == .needsMore, position < bytes.count || head != nil {
                guard let head else {
                    switch headReader.read(UnsafeRawBufferPointer(rebasing: bytes[position...]), limits: limits) {
                    case .needsMore: return
                    case .refused(let refusal): stream.end = .refused(refusal.status)
                    case .complete(let head): begin(head)
                    }
                    continue
                }
                switch head.framing {
                case .length(let count):
                    guard count <= limits.bodyBytes else { return stream.end = .refused(413) }
                    guard bytes.count - position >= count else { return }
                    let body = Array(bytes[position..<(position + count)])
                    position += count
                    finish(head, body, &stream)
                case .chunked:
                    guard var decoder = chunks else { return }
                    let outcome = decoder.read(bytes, from: &position)
                    chunks = decoder
                    switch outcome {
                    case .needsMore: return
                    case .refused(let refusal): stream.end = .refused(refusal.status)
                    case .complete: finish(head, Array(decoder.content.bytes), &stream)
                    }
                }
            }
        }

        private mutating func begin(_ head: HTTPHead) {
            position += head.byteCount
            self.head = head
            headReader = HTTPHeadReader()
            chunks = head.framing == .chunked ? ChunkedBody(limits: limits, budget: budget) : nil
        }

        private mutating func finish(_ head: HTTPHead, _ body: [UInt8], _ stream: inout HTTPStream) {
            stream.requests.append(Request(method: head.methodText, path: head.path, body: body))
            if !head.keepsAlive { stream.end = .closed }
            self.head = nil
            chunks = nil
        }
    }
}
