import CLinux
import Glibc

extension ChildProcess {
    /// A program that ran to its end.
    public struct Finished: Sendable, Equatable {
        /// How it ended; nil when it was killed because its time was over.
        public let outcome: Outcome?
        /// What it wrote to standard output.
        public let output: [UInt8]
        /// What it wrote to standard error.
        public let error: [UInt8]

        /// Whether it ended by itself with status 0.
        public var isSuccess: Bool { outcome == .exited(0) }
        /// Standard output as text; bytes that are not UTF-8 are repaired.
        public var outputText: String { String(decoding: output, as: UTF8.self) }
        /// Standard error as text; bytes that are not UTF-8 are repaired.
        public var errorText: String { String(decoding: error, as: UTF8.self) }
    }

    /// Runs a program to its end, keeping what it writes to both streams.
    ///
    /// - Parameters:
    ///   - input: what it reads; `request.input`, `output` and `error` are not used.
    ///   - timeoutSeconds: after this it is killed; nil waits forever.
    ///   - outputLimit: bytes of each stream that are kept; what follows is read and dropped.
    /// - Throws: when it cannot be started. Another status than 0 is a result, not an error.
    public static func run(
        _ request: Request, input: [UInt8] = [], timeoutSeconds: Double? = nil, outputLimit: Int = 64 << 20
    ) throws(FileError) -> Finished {
        var request = request
        // A file in memory: unlike a pipe it can be filled before anybody reads.
        let inputFile = try memoryFile(input)
        request.input = input.isEmpty ? .null : .descriptor(inputFile.number)
        request.output = .pipe
        request.error = .pipe
        let child = try spawn(request)
        let start = MonotonicClock.nanoseconds
        var output = Drain(child.outputNumber, limit: outputLimit)
        var error = Drain(child.errorNumber, limit: outputLimit)
        while output.isOpen || error.isOpen {
            var streams = [
                pollfd(fd: output.isOpen ? output.number : -1, events: Int16(POLLIN), revents: 0),
                pollfd(fd: error.isOpen ? error.number : -1, events: Int16(POLLIN), revents: 0),
            ]
            var wait: Int32 = -1
            if let timeoutSeconds {
                let left = timeoutSeconds - MonotonicClock.seconds(since: start)
                guard left > 0 else { break }
                wait = Int32(min(left * 1000 + 1, 1e9))
            }
            guard retrying({ Glibc.poll(&streams, 2, wait) }) >= 0 else { throw .last("read from", child.path) }
            if streams[0].revents != 0 { try output.read(child.path) }
            if streams[1].revents != 0 { try error.read(child.path) }
        }
        let outcome: Outcome?
        if let timeoutSeconds {
            outcome = child.wait(seconds: max(0, timeoutSeconds - MonotonicClock.seconds(since: start)))
        } else {
            outcome = child.wait()
        }
        return Finished(outcome: outcome, output: output.bytes, error: error.bytes)
    }

    private static func memoryFile(_ bytes: [UInt8]) throws(FileError) -> FileDescriptor {
        let number = memfd_create("input", UInt32(SKIFF_MFD_CLOEXEC))
        guard number >= 0 else { throw .last("create", "a file in memory") }
        let file = FileDescriptor(owning: number, path: "a file in memory")
        try file.write(bytes)
        guard lseek(number, 0, SEEK_SET) == 0 else { throw .last("read", "a file in memory") }
        return file
    }
}

/// One stream that is being read to its end.
private struct Drain {
    let number: Int32
    let limit: Int
    var isOpen: Bool
    var bytes: [UInt8] = []

    init(_ number: Int32?, limit: Int) {
        self.number = number ?? -1
        self.limit = limit
        isOpen = number != nil
    }

    mutating func read(_ path: String) throws(FileError) {
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        let count = retrying { Glibc.read(number, &chunk, 1 << 16) }
        guard count >= 0 else { throw .last("read from", path) }
        if count == 0 { isOpen = false }
        bytes.append(contentsOf: chunk[..<min(count, limit - bytes.count)])
    }
}
