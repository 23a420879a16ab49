import Glibc

/// Copies what a worker prints to our standard error, each line with the worker's name before it; our own lines of JSON have
/// standard output for themselves.
///
/// Nothing here waits: each piece is one write of at most 4096 bytes, which a pipe takes whole or not at all, and what nobody reads
/// is kept up to a limit and then counted and dropped. A carriage return ends a line too, as of progress bars; a line
/// without an end is written after a second.
final class LineForwarder {
    var prefix: String
    private let descriptor: Int32
    private var watch: EventWatch?
    private var line: [UInt8] = []
    private var lastByte: UInt64 = 0
    private let output: ErrorLines

    /// Takes over `descriptor`, the reading end of a pipe.
    init(descriptor: Int32, prefix: String, output: ErrorLines, on loop: EventLoop) throws(ServerError) {
        self.descriptor = descriptor
        self.prefix = prefix
        self.output = output
        _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK)
        watch = try EventWatch(.readable(descriptor), on: loop) { [unowned self] in _ = receive() }
        watch?.arm()
    }

    deinit {
        // What the worker said last; a process of its own that still holds the pipe does not keep us.
        for _ in 0..<64 where receive() {}
        flush()
        watch = nil
        close(descriptor)
    }

    /// Writes a line that has waited for its end for a second.
    func checkTime(_ now: UInt64) { if !line.isEmpty, now &- lastByte > Clock.seconds(1) { flush() } }

    private func receive() -> Bool {
        let count = withUnsafeTemporaryAllocation(byteCount: 1 << 16, alignment: 16) { buffer in
            let count = read(descriptor, buffer.baseAddress, buffer.count)
            if count > 0 {
                lastByte = Clock.now()
                for byte in buffer[..<count] {
                    if byte == 10 || byte == 13 || line.count >= ErrorLines.textLimit { flush() }
                    if byte != 10, byte != 13 { line.append(byte) }
                }
            }
            return count
        }
        if count < 0, errno == EAGAIN || errno == EINTR { return false }
        if count <= 0 { watch?.disarm() }
        return count > 0
    }

    private func flush() {
        guard !line.isEmpty else { return }
        output.write(line, prefix: prefix)
        line.removeAll(keepingCapacity: true)
    }
}

/// Our standard error, for the words of workers, which must never keep the server from its work.
final class ErrorLines {
    /// The most of a line that is written as one piece; with a prefix it is less than PIPE_BUF, 4096.
    static let textLimit = 4000
    /// What is kept while nobody reads.
    private static let pendingLimit = 1 << 18

    private var pending: [[UInt8]] = []
    private var pendingBytes = 0
    private var dropped = 0

    deinit { flush() }

    /// Writes one line, now or by a later `flush`.
    func write(_ text: some Sequence<UInt8>, prefix: String) {
        guard pendingBytes < Self.pendingLimit else {
            dropped += 1
            return
        }
        let piece = Array(prefix.utf8) + text + [10]
        pending.append(piece)
        pendingBytes += piece.count
        if pending.count == 1 || pendingBytes > 1 << 14 { flush() }
    }

    /// Writes what waits, as far as somebody reads.
    func flush() {
        var done = 0
        while done < pending.count, isWritable {
            _ = Glibc.write(2, pending[done], pending[done].count)
            pendingBytes -= pending[done].count
            done += 1
        }
        pending.removeFirst(done)
        if dropped > 0, pending.isEmpty, isWritable {
            let text = "[workers] \(dropped) lines were left out: standard error was not read fast enough\n"
            dropped = 0
            _ = Glibc.write(2, text, text.utf8.count)
        }
    }

    // A pipe that is writable has room for PIPE_BUF bytes.
    private var isWritable: Bool {
        var subject = pollfd(fd: 2, events: Int16(POLLOUT), revents: 0)
        return poll(&subject, 1, 0) == 1 && subject.revents & Int16(POLLOUT) != 0
    }
}
