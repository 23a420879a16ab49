import Glibc
import Synchronization

/// Standard output behind a buffer of its own thread: whoever reads the log slowly, or not at all, holds up no request.
///
/// Lines stay whole and in order. What finds no room in the buffer is dropped and counted.
final class LogWriter: Sendable {
    private struct Buffer {
        var bytes: [UInt8] = []
        /// Those that wait.
        var lines: UInt64 = 0
        var taken: UInt64 = 0
        var dropped: UInt64 = 0
        var isWriting = false
    }

    private let buffer = Mutex(Buffer())
    private let descriptor: Int32
    private let limit: Int
    private let wakeEnd: Int32

    /// Starts the thread that writes to `descriptor`, which stays the caller's.
    ///
    /// - Parameter limit: bytes that may wait.
    init(descriptor: Int32, limit: Int) throws(ServerError) {
        self.descriptor = descriptor
        self.limit = limit
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw ServerError(.system, "cannot make a pipe: \(errorText(errno))") }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        _ = fcntl(ends[1], F_SETFL, fcntl(ends[1], F_GETFL) | O_NONBLOCK)
        wakeEnd = ends[1]
        let readEnd = ends[0]
        try Thread.start { [self] in run(readEnd) }
    }

    /// Hands over whole lines; all of them are taken, or none.
    func append(_ text: [UInt8], lines: Int = 1) {
        let wakes = buffer.withLock { buffer in
            guard buffer.bytes.count + text.count <= limit else {
                buffer.dropped += UInt64(lines)
                return false
            }
            buffer.bytes.append(contentsOf: text)
            buffer.lines += UInt64(lines)
            buffer.taken += UInt64(lines)
            return buffer.bytes.count == text.count
        }
        guard wakes else { return }
        var byte: UInt8 = 1
        // A full pipe means that the thread is about to wake anyway.
        _ = write(wakeEnd, &byte, 1)
    }

    /// Lines that were taken, and lines that were dropped before or after that.
    var counts: (taken: UInt64, dropped: UInt64) { buffer.withLock { ($0.taken, $0.dropped) } }

    /// Waits until all is written, but not long: at the end nobody may be there any more to read it.
    func flush(milliseconds: Int = 1000) {
        for _ in 0..<milliseconds {
            if buffer.withLock({ $0.bytes.isEmpty && !$0.isWriting }) { return }
            usleep(1000)
        }
    }

    // MARK: The thread

    private func run(_ readEnd: Int32) {
        var bytes: [UInt8] = []
        var signals = [UInt8](repeating: 0, count: 64)
        while true {
            let count = read(readEnd, &signals, signals.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return }
            // A moment, so that a busy server's lines go out together.
            usleep(1000)
            while let lines = take(&bytes) {
                let isWritten = writeAll(bytes)
                buffer.withLock { buffer in
                    buffer.isWriting = false
                    if !isWritten { buffer.dropped += lines }
                }
                if bytes.capacity > 1 << 18 { bytes = [] } else { bytes.removeAll(keepingCapacity: true) }
            }
        }
    }

    /// Exchanges `bytes`, which is empty, for what waits; nil when nothing does.
    private func take(_ bytes: inout [UInt8]) -> UInt64? {
        buffer.withLock { buffer in
            guard !buffer.bytes.isEmpty else { return nil }
            swap(&buffer.bytes, &bytes)
            defer { buffer.lines = 0 }
            buffer.isWriting = true
            return buffer.lines
        }
    }

    /// Blocks until it is written; false when there is nobody to read it.
    private func writeAll(_ bytes: [UInt8]) -> Bool {
        var start = 0
        while start < bytes.count {
            let count = bytes.withUnsafeBytes {
                write(descriptor, $0.baseAddress?.advanced(by: start), $0.count - start)
            }
            if count > 0 {
                start += count
            } else if count < 0, errno == EAGAIN {
                // Somebody else made the pipe non-blocking.
                var watched = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                poll(&watched, 1, 1000)
            } else if count == 0 || errno != EINTR {
                return false
            }
        }
        return true
    }
}
