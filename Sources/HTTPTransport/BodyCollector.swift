/// Keeps the body of an answer in memory.
public final class BodyCollector: BodyReceiver {
    /// What has come of the last answer.
    public private(set) var bytes: [UInt8] = []
    private let limit: Int

    /// Takes at most `limit` bytes; more are the error `HTTPError.Kind.tooLong`.
    public init(limit: Int) {
        self.limit = limit
    }

    /// Forgets what came before.
    public func begin(_ head: HTTPResponseHead) throws {
        bytes = []
    }

    /// Appends a copy of `piece`.
    public func receive(_ piece: UnsafeRawBufferPointer) throws {
        guard bytes.count + piece.count <= limit else { throw HTTPError(.tooLong(limit: limit)) }
        bytes += piece
    }
}
