import Glibc
import Synchronization

/// Messages from one thread to another thread's event loop: a list, and a pipe that wakes the loop.
final class Mailbox: Sendable {
    enum Message: Sendable {
        /// An accepted socket; owned by whoever takes the message.
        case connection(Int32)
        /// Read no further requests.
        case drain
        /// End the loop.
        case stop
    }

    private let messages = Mutex<[Message]>([])
    /// Becomes readable when there are messages.
    let readEnd: Int32
    private let writeEnd: Int32

    init() throws(ServerError) {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw ServerError(.system, "cannot make a pipe: \(errorText(errno))") }
        for end in ends {
            _ = fcntl(end, F_SETFL, fcntl(end, F_GETFL) | O_NONBLOCK)
            _ = fcntl(end, F_SETFD, FD_CLOEXEC)
        }
        (readEnd, writeEnd) = (ends[0], ends[1])
    }

    deinit {
        close(readEnd)
        close(writeEnd)
    }

    func send(_ message: Message) {
        messages.withLock { $0.append(message) }
        var byte: UInt8 = 1
        // A full pipe means that the loop is about to wake anyway.
        _ = write(writeEnd, &byte, 1)
    }

    /// Takes all messages.
    func take() -> [Message] {
        var bytes = [UInt8](repeating: 0, count: 64)
        while read(readEnd, &bytes, bytes.count) > 0 {}
        return messages.withLock { list in
            defer { list = [] }
            return list
        }
    }
}
