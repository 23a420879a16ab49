import Glibc
import HTTPTransport
import Hashing
import Platform
import Synchronization

/// The digests of a whole file.
struct FileDigests: Sendable, Equatable {
    let sha256: SHA256Digest
    let md5: [UInt8]?
    let crc32c: UInt32?
}

/// Hashes files on one thread of its own, from their beginnings on, as far as they have been written: mostly out of the system's
/// memory, and in any order of arrival.
///
/// The descriptor of a file must stay open until its end or failure has been told, or until the worker has stopped.
final class HashWorker: Sendable {
    /// What has been found out about the file that `add` got a number for.
    enum Event: Sendable {
        /// The digest of the first `offset` bytes.
        case checkpoint(Int, offset: Int, SHA256Digest)
        /// The first bytes are others than they were when a digest was taken of them.
        case differs(Int)
        /// All of the file has been hashed, and is on the disk if that was asked for.
        case finished(Int, FileDigests)
        /// The file cannot be read back, or not be brought to the disk.
        case failed(Int, FileError)
    }

    /// A file to hash.
    struct Job: Sendable {
        let file: Int32
        let path: String
        let byteCount: Int
        let wantsMD5: Bool
        let wantsCRC32C: Bool
        /// Bring it to the disk in the end.
        let isDurable: Bool
        /// Bytes between two checkpoints.
        let checkpointBytes: Int
        /// A digest of the beginning that must come out again.
        let expectation: (offset: Int, digest: SHA256Digest)?
    }

    private struct Entry {
        let job: Job
        var available = 0
        var taken = 0
        var isOver = false
    }

    private struct State {
        var entries: [Int: Entry] = [:]
        /// Numbers of entries with work, the next first.
        var waiting: [Int] = []
        var events: [Event] = []
        var nextNumber = 0
        var isStopping = false
    }

    /// Bytes between two looks at what else there is to do.
    private static let stepBytes = 2 << 20
    private static let bufferBytes = 256 << 10

    private let state = Mutex(State())
    private let signal: Semaphore
    private let waker: HTTPEngine.Waker

    /// - Parameter waker: of the engine that runs while events are waited for.
    init(waker: HTTPEngine.Waker) {
        self.waker = waker
        signal = Semaphore()
    }

    /// Takes a file of which nothing is there yet.
    func add(_ job: Job) -> Int {
        let number = state.withLock { state in
            state.nextNumber += 1
            state.entries[state.nextNumber] = Entry(job: job)
            if job.byteCount == 0 { state.waiting.append(state.nextNumber) }
            return state.nextNumber
        }
        if job.byteCount == 0 { signal.post() }
        return number
    }

    /// Says that the first `byteCount` bytes of a file are there.
    func extend(_ number: Int, to byteCount: Int) {
        let isNews = state.withLock { state in
            guard var entry = state.entries[number], byteCount > entry.available else { return false }
            let wasIdle = entry.available == entry.taken
            entry.available = byteCount
            state.entries[number] = entry
            if wasIdle { state.waiting.append(number) }
            return wasIdle
        }
        if isNews { signal.post() }
    }

    /// Forgets a file; no event of it comes any more.
    func forget(_ number: Int) {
        state.withLock { state in
            state.entries[number] = nil
            state.waiting.removeAll { $0 == number }
        }
    }

    /// What has been found out since the last call.
    func takeEvents() -> [Event] {
        state.withLock { state in
            defer { state.events = [] }
            return state.events.filter { state.entries[$0.number] != nil }
        }
    }

    fileprivate func stop() {
        state.withLock { $0.isStopping = true }
        signal.post()
    }

    /// The thread's whole life.
    fileprivate func work() {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: Self.bufferBytes, alignment: 4096)
        defer { buffer.deallocate() }
        var hashers: [Int: Hasher] = [:]
        while true {
            signal.wait()
            while let (number, job, range) = next() {
                let hasher = hashers[number] ?? Hasher(job)
                hashers[number] = hasher
                let event = hasher.hash(range, buffer) { state.withLock { $0.entries[number] == nil } }
                if hasher.isOver { hashers[number] = nil }
                if tell(number, range, hasher.takeCheckpoint(number), event.map { $0.with(number) }) { waker.wake() }
            }
            let (isStopping, known) = state.withLock { ($0.isStopping, Set($0.entries.keys)) }
            if isStopping { return }
            hashers = hashers.filter { known.contains($0.key) }
        }
    }

    private func next() -> (Int, Job, Range<Int>)? {
        state.withLock { state in
            guard !state.isStopping else { return nil }
            while !state.waiting.isEmpty {
                let number = state.waiting.removeFirst()
                guard let entry = state.entries[number], !entry.isOver else { continue }
                return (number, entry.job, entry.taken..<min(entry.available, entry.taken + Self.stepBytes))
            }
            return nil
        }
    }

    private func tell(_ number: Int, _ range: Range<Int>, _ checkpoint: Event?, _ event: Event?) -> Bool {
        state.withLock { state in
            guard var entry = state.entries[number] else { return false }
            entry.taken = range.upperBound
            entry.isOver = event != nil
            state.entries[number] = entry
            if !entry.isOver, entry.available > entry.taken { state.waiting.append(number) }
            if let checkpoint { state.events.append(checkpoint) }
            if let event { state.events.append(event) }
            return event != nil
        }
    }
}

extension HashWorker.Event {
    fileprivate var number: Int {
        switch self {
        case .checkpoint(let number, _, _), .differs(let number), .finished(let number, _), .failed(let number, _):
            number
        }
    }
}

/// The streams of one file; used by the worker's thread only.
private final class Hasher {
    enum End {
        case differs
        case finished(FileDigests)
        case failed(FileError)

        func with(_ number: Int) -> HashWorker.Event {
            switch self {
            case .differs: .differs(number)
            case .finished(let digests): .finished(number, digests)
            case .failed(let error): .failed(number, error)
            }
        }
    }

    private let job: HashWorker.Job
    private var sha256: SHA256Stream? = SHA256Stream()
    private var md5: MD5Stream?
    private var crc32c: CRC32C?
    private var checkpoint: (offset: Int, digest: SHA256Digest)?
    private(set) var isOver = false

    init(_ job: HashWorker.Job) {
        self.job = job
        md5 = job.wantsMD5 ? MD5Stream() : nil
        crc32c = job.wantsCRC32C ? CRC32C() : nil
    }

    /// The last digest of a beginning, once.
    func takeCheckpoint(_ number: Int) -> HashWorker.Event? {
        defer { checkpoint = nil }
        return checkpoint.map { .checkpoint(number, offset: $0.offset, $0.digest) }
    }

    func hash(_ range: Range<Int>, _ buffer: UnsafeMutableRawBufferPointer, _ isForgotten: () -> Bool) -> End? {
        var offset = range.lowerBound
        while offset < range.upperBound {
            var end = min(range.upperBound, offset + buffer.count)
            if let expectation = job.expectation, offset < expectation.offset { end = min(end, expectation.offset) }
            let nextMark = (offset / job.checkpointBytes + 1) * job.checkpointBytes
            end = min(end, nextMark)
            let count = pread(job.file, buffer.baseAddress, end - offset, offset)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else {
                // Nobody but us writes the file: when its end comes early, somebody else has cut it.
                return over(.failed(FileError("read", job.path, .system(count < 0 ? errno : EIO))))
            }
            let bytes = UnsafeRawBufferPointer(rebasing: buffer[..<count])
            sha256?.update(bytes)
            md5?.update(bytes)
            crc32c?.update(bytes)
            offset += count
            if let expectation = job.expectation, offset == expectation.offset,
                sha256?.digestSoFar() != expectation.digest
            {
                return over(.differs)
            }
            if offset == nextMark, offset < job.byteCount {
                checkpoint = (offset, digestSoFar())
            }
        }
        return offset == job.byteCount && !isForgotten() ? finish() : nil
    }

    private func digestSoFar() -> SHA256Digest {
        guard let digest = sha256?.digestSoFar() else { preconditionFailure("a file is hashed after its end") }
        return digest
    }

    private func finish() -> End {
        if job.isDurable {
            while fsync(job.file) != 0 {
                guard errno == EINTR else { return over(.failed(FileError("write", job.path, .system(errno)))) }
            }
        }
        guard let stream = sha256.take() else { preconditionFailure("a file is hashed after its end") }
        return over(.finished(FileDigests(sha256: stream.finish(), md5: md5.take()?.finish(), crc32c: crc32c?.value)))
    }

    private func over(_ end: End) -> End {
        isOver = true
        return end
    }
}

/// The thread of a worker; gone when its owner is.
struct HashThread: ~Copyable {
    let worker: HashWorker
    private let threads: JoinedThreads

    /// Starts the thread.
    init(waker: HTTPEngine.Waker) throws(FileError) {
        let worker = HashWorker(waker: waker)
        var threads = JoinedThreads()
        try threads.start { worker.work() }
        self.worker = worker
        self.threads = threads
    }

    // The thread is waited for after that.
    deinit { worker.stop() }
}

/// A POSIX semaphore.
private final class Semaphore: Sendable {
    // A semaphore is made for use by several threads; the pointer itself never changes.
    nonisolated(unsafe) private let pointer: UnsafeMutablePointer<sem_t>

    init() {
        pointer = .allocate(capacity: 1)
        pointer.initialize(to: sem_t())
        // It can only fail for a value beyond SEM_VALUE_MAX.
        _ = sem_init(pointer, 0, 0)
    }

    deinit {
        _ = sem_destroy(pointer)
        pointer.deallocate()
    }

    func post() { _ = sem_post(pointer) }

    func wait() {
        while sem_wait(pointer) != 0 && errno == EINTR {}
    }
}
