import Diagnostics
import HTTPTransport
import Hashing
import Platform

/// One run of `Downloader`: which objects are waiting, under way and done. All of it happens on the calling thread, but hashing.
final class Download {
    let objects: [RemoteObject]
    let folder: DirectoryAnchor
    let options: TransferOptions
    let http: HTTPSettings
    let task: String
    let engine: HTTPEngine
    var limits: TransferLimits { options.limits }

    /// Positions of objects that have not begun, the next one last.
    private var waiting: [Int] = []
    /// Positions of objects that an earlier run completed, the next one last.
    private var toVerify: [Int] = []
    var active: [ObjectDownload] = []
    private(set) var digests: [SHA256Digest?]
    private var doneFiles = 0
    private let totalBytes: Int
    private var doneBytes = 0
    private let progress: (TransferProgress) -> Void
    private var lastReport: UInt64 = 0

    /// Requests under way, of all objects.
    var requestCount: Int { active.reduce(0) { $0 + $1.requestCount } }
    var idleBuffers: [PartBuffer] = []
    /// Something happened after which another request may be possible.
    var isStirred = true
    private(set) var failure: (any Error)?
    private var hashing: HashThread?
    /// The numbers of the hash worker.
    var hashed: [Int: ObjectDownload] = [:]
    var journal: Journal?
    var remembered: [Int: Journal.Memory] = [:]
    /// Bytes that files of an earlier run hold beyond what has come of them.
    var reservedBytes = 0

    /// Objects that are hashed a second time at once.
    private static let verifyLimit = 4

    init(
        _ objects: [RemoteObject], _ folder: String, _ options: TransferOptions, _ http: HTTPSettings, _ task: String,
        _ progress: @escaping (TransferProgress) -> Void
    ) throws {
        self.objects = objects
        self.folder = try DirectoryAnchor.open(folder)
        self.options = options
        self.http = http
        self.task = task
        self.progress = progress
        digests = Array(repeating: nil, count: objects.count)
        var total = 0
        for object in objects {
            let (sum, overflow) = total.addingReportingOverflow(object.size)
            guard !overflow, object.size >= 0 else {
                throw TransferError(.content, "cannot \(task): the listed sizes are larger together than any disk")
            }
            total = sum
        }
        totalBytes = total
        engine = try HTTPEngine(settings: http, connectionsPerHost: max(1, options.connections))
    }

    /// - Returns: the digests in the order of the objects.
    func run() throws -> [SHA256Digest] {
        defer {
            engine.cancelAll()
            // The thread reads from files of `active`: it goes first.
            hashing = nil
            active = []
            hashed = [:]
        }
        do {
            try prepareFolder()
            try checkSpace()
            hashing = try HashThread(waker: engine.waker)
            // Keeps the engine waiting while nothing but hashing is left to do.
            engine.after(.infinity) {}
            if objects.count > 0 { try engine.run { isOver() } }
            if let failure { throw failure }
        } catch {
            engine.cancelAll()
            rememberAll()
            throw explained(error)
        }
        return digests.compactMap { $0 }
    }

    var worker: HashWorker? { hashing?.worker }

    /// Looks after each step of the engine at what there is to do.
    private func isOver() -> Bool {
        do {
            for event in worker?.takeEvents() ?? [] { try take(event) }
            if isStirred {
                isStirred = false
                try beginRequests()
            }
        } catch {
            fail(error)
        }
        return failure != nil || doneFiles == objects.count
    }

    /// Ends the run at the next look.
    func fail(_ error: any Error) { failure = failure ?? error }

    private func beginRequests() throws {
        while active.count(where: { $0.whole != nil }) < Self.verifyLimit, let index = toVerify.popLast() {
            try activate(index)
        }
        var count = requestCount
        while count < max(1, options.connections), let file = try nextFile() {
            try beginRequest(file)
            count = requestCount
        }
    }

    /// The object that may send the next request: one under way with fewer than its share, a new one, or any.
    private func nextFile() throws -> ObjectDownload? {
        let share = waiting.isEmpty ? options.connections : max(1, options.connections / 2)
        while true {
            if let file = active.first(where: { $0.requestCount < share && $0.wantsRequest }) { return file }
            // Each has a file open, so there is a limit.
            guard active.count < 2 * options.connections + 16, let index = waiting.popLast() else {
                return active.first { $0.wantsRequest }
            }
            try activate(index)
        }
    }

    /// Puts what is still to do in order: large objects first, so that none of them begins when all others are done.
    func schedule() {
        let order = objects.indices.sorted { (objects[$0].size, $1) < (objects[$1].size, $0) }
        waiting = order.filter { remembered[$0]?.whole == nil }
        toVerify = order.filter { remembered[$0]?.whole != nil }
        for memory in remembered.values { doneBytes += memory.written.count }
    }

    /// Bytes that are still to come.
    var missingBytes: Int { totalBytes - doneBytes }

    /// Counts bytes of `file`; a negative number when what came is void.
    func count(_ byteCount: Int, of file: ObjectDownload) {
        doneBytes += byteCount
        report(file.object.name, isLast: false)
    }

    /// `file` is complete.
    func complete(_ file: ObjectDownload, _ digest: SHA256Digest) {
        digests[file.index] = digest
        active.removeAll { $0 === file }
        doneFiles += 1
        isStirred = true
        report(file.object.name, isLast: doneFiles == objects.count)
    }

    private func report(_ name: String, isLast: Bool) {
        guard isLast || MonotonicClock.seconds(since: lastReport) >= limits.reportSeconds else { return }
        lastReport = MonotonicClock.nanoseconds
        progress(
            TransferProgress(
                name: name, doneBytes: doneBytes, totalBytes: totalBytes, doneFiles: doneFiles,
                totalFiles: objects.count))
    }
}
