import Glibc

/// Writes to a non-blocking socket: what it takes now at once, the rest when it takes more.
struct SocketWriter {
    enum Outcome {
        /// Everything is with the system.
        case done
        /// Something waits for `flush`.
        case waiting
        /// The client has gone, or too many clients do not take their answers.
        case failed
    }

    private let descriptor: Int32
    private let rest: ByteQueue

    init(descriptor: Int32, budget: ByteBudget) {
        self.descriptor = descriptor
        rest = ByteQueue(budget)
    }

    var isDone: Bool { rest.isEmpty }

    /// Sends `head` and `body` after what waits already.
    func send(_ head: UnsafeRawBufferPointer, _ body: UnsafeRawBufferPointer) -> Outcome {
        var done = 0
        if rest.isEmpty {
            done = write(head, body)
            if done < 0, errno != EAGAIN, errno != EINTR { return .failed }
            done = max(0, done)
        }
        guard done < head.count + body.count else { return .done }
        let isKept =
            rest.append(UnsafeRawBufferPointer(rebasing: head[min(done, head.count)...]))
            && rest.append(UnsafeRawBufferPointer(rebasing: body[max(0, done - head.count)...]))
        return isKept ? .waiting : .failed
    }

    /// Goes on with what waits.
    func flush() -> Outcome {
        guard !rest.isEmpty else { return .done }
        let bytes = rest.bytes
        let count = Glibc.send(descriptor, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL))
        if count < 0, errno == EAGAIN || errno == EINTR { return .waiting }
        guard count > 0 else { return .failed }
        rest.consume(count)
        return rest.isEmpty ? .done : .waiting
    }

    /// One system call for both; SIGPIPE is ignored by the process.
    private func write(_ head: UnsafeRawBufferPointer, _ body: UnsafeRawBufferPointer) -> Int {
        guard !body.isEmpty else { return Glibc.send(descriptor, head.baseAddress, head.count, Int32(MSG_NOSIGNAL)) }
        var parts = (
            iovec(iov_base: UnsafeMutableRawPointer(mutating: head.baseAddress), iov_len: head.count),
            iovec(iov_base: UnsafeMutableRawPointer(mutating: body.baseAddress), iov_len: body.count)
        )
        return withUnsafeBytes(of: &parts) {
            writev(descriptor, $0.assumingMemoryBound(to: iovec.self).baseAddress, 2)
        }
    }
}
