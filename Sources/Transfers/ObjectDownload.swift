import Diagnostics
import HTTPTransport
import Hashing
import Platform

/// One object on its way: what has come of it, what is under way, and how often it went wrong.
final class ObjectDownload {
    /// Whether the server gives parts of the object.
    enum RangeSupport {
        case unknown
        case proven
        case refused
    }

    /// One request for bytes.
    final class Part {
        /// The range that was asked for; nil for the whole object.
        let asked: Range<Int>?
        /// Where the next byte goes.
        var next: Int
        /// What came before `next` and is not in the file yet.
        let buffer: PartBuffer
        /// No byte may come from here on.
        var end: Int
        /// Parts of an earlier generation are void.
        let generation: Int
        /// Which address it was asked at.
        let addressNumber: Int
        var place: Place?
        /// The answer is a web page.
        var isPage = false
        var ticket: HTTPEngine.Ticket?

        init(asked: Range<Int>?, size: Int, generation: Int, addressNumber: Int, buffer: PartBuffer) {
            self.buffer = buffer
            self.asked = asked
            next = asked?.lowerBound ?? 0
            end = asked?.upperBound ?? size
            self.generation = generation
            self.addressNumber = addressNumber
        }
    }

    let index: Int
    let object: RemoteObject
    /// "download `m`: cannot read `f`".
    let task: String
    let file: FileDescriptor

    var written = ByteRanges()
    var validator: Validator?
    var rangeSupport = RangeSupport.unknown
    /// What answers stated of the whole object.
    var answerChecksums: [ObjectChecksum] = []
    /// A digest of the beginning that an earlier run took.
    var prefix: (offset: Int, digest: SHA256Digest)?
    /// The digest of all of it that an earlier run took.
    var whole: SHA256Digest?
    /// What has come is that of an earlier run: when the server has another version now, nothing is wrong.
    var isFromEarlierRun = false
    /// An empty body whose answer is still to come.
    var needsAnswer: Bool

    var generation = 0
    var parts: [Part] = []
    var signed: HTTPResponse?
    var hasAddress = false
    var addressNumber = 0
    var signTicket: HTTPEngine.Ticket?
    /// Nothing is asked before the time for the next attempt has come.
    var isWaiting = false
    var waitNumber = 0
    var failureCount = 0
    /// The most bytes that there were at a failure. Only more than those are progress: what came twice is none.
    var bytesAtFailure = 0
    var renewalCount = 0
    var restartCount = 0

    var hashNumber: Int?
    /// Bytes that progress was reported of.
    var countedBytes = 0
    /// Bytes that have come since the journal was told.
    var journalLag = 0

    init(index: Int, _ object: RemoteObject, task: String, _ file: consuming FileDescriptor) {
        self.index = index
        self.object = object
        self.task = "\(task): cannot read `\(escaped(object.name))`"
        self.file = file
        needsAnswer = object.size == 0 && !object.isSizeListed
    }

    /// Whether no more bytes are to come.
    var isComplete: Bool { written.count == object.size && !needsAnswer }

    /// Requests that are under way.
    var requestCount: Int { parts.count + (signTicket == nil ? 0 : 1) }

    /// Whether a request can be sent now.
    var wantsRequest: Bool {
        guard !isWaiting, signTicket == nil, !isComplete else { return false }
        guard hasAddress else { return true }
        // Nothing is asked beside the first request before its answer has shown that ranges are honoured.
        if rangeSupport != .proven, !parts.isEmpty { return false }
        return object.size == 0 ? parts.isEmpty : claimed.firstGap(below: object.size, limit: 1) != nil
    }

    /// What has come or is under way.
    private var claimed: ByteRanges {
        var claimed = written
        for part in parts { claimed.insert(part.next - part.buffer.count..<part.end) }
        return claimed
    }

    /// The range to ask for next; nil for the whole object.
    ///
    /// - Precondition: `wantsRequest`.
    func nextRange(_ limits: TransferLimits) -> Range<Int>? {
        let size = object.size
        let isStart = written.count == 0
        if isStart, rangeSupport == .refused || size <= limits.splitBytes { return nil }
        let rest = size - written.count
        let limit = isStart || rest > limits.splitBytes || rangeSupport == .proven ? limits.partBytes : size
        return claimed.firstGap(below: size, limit: limit)
    }

    /// What came cannot be gone on with: the server gives no parts, or nothing tells one version from another.
    var cannotGoOn: Bool { written.count > 0 && (rangeSupport == .refused || validator?.condition == nil) }

    /// All digests that the contents must have.
    var statedChecksums: [ObjectChecksum] { object.checksums + answerChecksums }
}

/// Bytes on their way to a file.
final class PartBuffer {
    private let memory: UnsafeMutableRawBufferPointer
    private(set) var count = 0

    /// Memory is used only as far as it is filled.
    init(byteCount: Int) { memory = .allocate(byteCount: max(1, byteCount), alignment: 4096) }

    deinit { memory.deallocate() }

    /// What is in it; valid until the next change.
    var contents: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: memory[..<count]) }

    /// Appends as much of `bytes` as there is room for.
    ///
    /// - Returns: the rest.
    func fill(from bytes: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        let taken = min(bytes.count, memory.count - count)
        UnsafeMutableRawBufferPointer(rebasing: memory[count...]).copyMemory(
            from: UnsafeRawBufferPointer(rebasing: bytes[..<taken]))
        count += taken
        return UnsafeRawBufferPointer(rebasing: bytes[taken...])
    }

    var isFull: Bool { count == memory.count }

    func clear() { count = 0 }
}
