import Glibc

/// Copies what a worker prints to our standard error, each line with the worker's name before it.
final class LineForwarder {
    private let descriptor: Int32
    private let prefix: [UInt8]
    private var watch: EventWatch?
    private var line: [UInt8] = []
    private static let lineLimit = 8 << 10

    /// Takes over `descriptor`, the reading end of a pipe.
    init(descriptor: Int32, prefix: String, on loop: EventLoop) throws(ServerError) {
        self.descriptor = descriptor
        self.prefix = Array(prefix.utf8)
        _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK)
        watch = try EventWatch(.readable(descriptor), on: loop) { [unowned self] in receive() }
        watch?.arm()
    }

    deinit {
        receive()
        flush()
        watch = nil
        close(descriptor)
    }

    private func receive() {
        var buffer = [UInt8](repeating: 0, count: 1 << 14)
        let count = read(descriptor, &buffer, buffer.count)
        if count < 0, errno == EAGAIN || errno == EINTR { return }
        guard count > 0 else {
            watch?.disarm()
            return
        }
        for byte in buffer[..<count] {
            if byte == 10 || line.count >= LineForwarder.lineLimit { flush() }
            if byte != 10 { line.append(byte) }
        }
    }

    private func flush() {
        guard !line.isEmpty else { return }
        let bytes = prefix + line + [10]
        _ = write(2, bytes, bytes.count)
        line.removeAll(keepingCapacity: true)
    }
}
