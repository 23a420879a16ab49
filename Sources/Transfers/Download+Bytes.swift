import Diagnostics
import HTTPTransport
import Platform

/// Takes the body of one answer for an object.
final class PartReceiver: BodyReceiver {
    private let download: Download
    private let file: ObjectDownload
    private let part: ObjectDownload.Part

    init(_ download: Download, _ file: ObjectDownload, _ part: ObjectDownload.Part) {
        self.download = download
        self.file = file
        self.part = part
    }

    func begin(_ head: HTTPResponseHead) throws {
        part.isPage = head.mediaType == "text/html"
        try download.accept(head, part, file)
    }

    func receive(_ bytes: UnsafeRawBufferPointer) throws { try download.take(bytes, part, file) }
}

/// What comes, on its way to the disk.
extension Download {
    private func fault(_ kind: ContentFault.Kind, _ part: ObjectDownload.Part) -> ContentFault {
        ContentFault(kind: kind, place: part.place, isPage: part.isPage)
    }

    /// A 2xx answer begins.
    func accept(_ head: HTTPResponseHead, _ part: ObjectDownload.Part, _ file: ObjectDownload) throws {
        guard part.generation == file.generation else { throw CancellationOfPart() }
        let validator = Validator(head)
        switch (head.status, part.asked) {
        case (206, let asked?): try acceptPart(head, asked, validator, part, file)
        case (200, _): try acceptWhole(head, validator, part, file)
        default: throw fault(.status(head.status), part)
        }
        let name = file.object.destination.lowercased()
        if part.isPage, !name.hasSuffix(".html"), !name.hasSuffix(".htm") { throw fault(.page, part) }
        if file.validator == nil { file.validator = validator }
        for checksum in AnswerChecksums.read(head) where !file.answerChecksums.contains(checksum) {
            file.answerChecksums.append(checksum)
        }
        if file.object.size > 0 { startHashing(file) }
    }

    private func acceptPart(
        _ head: HTTPResponseHead, _ asked: Range<Int>, _ validator: Validator, _ part: ObjectDownload.Part,
        _ file: ObjectDownload
    ) throws {
        let text = head["Content-Range"]
        guard let range = text.flatMap({ ContentRange($0) }), range.range == asked, range.total == file.object.size
        else { throw fault(.range(asked: asked, answer: text), part) }
        if let length = head.contentLength, length != asked.count {
            throw fault(.range(asked: asked, answer: "Content-Length: \(length)"), part)
        }
        if let known = file.validator {
            guard known.accepts(validator) else { throw fault(.changed, part) }
        } else {
            guard validator.condition != nil else { throw WithoutParts() }
        }
        file.rangeSupport = .proven
        isStirred = true
    }

    /// The whole object, asked for or in answer to a range.
    private func acceptWhole(
        _ head: HTTPResponseHead, _ validator: Validator, _ part: ObjectDownload.Part, _ file: ObjectDownload
    ) throws {
        if let length = head.contentLength, length != file.object.size {
            throw fault(.length(length, isAtLeast: false), part)
        }
        guard part.asked != nil else { return }
        // The stream can take the place of everything, unless other parts are coming.
        guard file.parts.count == 1 else {
            // The server gave parts before, but does not like our condition.
            if file.validator == validator { throw WithoutParts() }
            throw fault(.changed, part)
        }
        if let known = file.validator, known != validator, !file.isFromEarlierRun {
            file.restartCount += 1
            guard file.restartCount <= 1 else { throw fault(.changed, part) }
        }
        try discard(file)
        file.rangeSupport = .refused
        part.next = 0
        part.end = file.object.size
    }

    /// The next bytes of `part`.
    func take(_ bytes: UnsafeRawBufferPointer, _ part: ObjectDownload.Part, _ file: ObjectDownload) throws {
        guard part.generation == file.generation else { throw CancellationOfPart() }
        guard bytes.count <= part.end - part.next else {
            throw fault(.length(part.next + bytes.count, isAtLeast: true), part)
        }
        var rest = bytes
        while !rest.isEmpty {
            let count = rest.count
            rest = part.buffer.fill(from: rest)
            part.next += count - rest.count
            if part.buffer.isFull || part.next == part.end { try flush(part, file) }
        }
        file.countedBytes += bytes.count
        count(bytes.count, of: file)
    }

    /// Writes what is in the buffer of `part`.
    func flush(_ part: ObjectDownload.Part, _ file: ObjectDownload) throws {
        let bytes = part.buffer.contents
        guard !bytes.isEmpty else { return }
        if file.written.count == 0, file.object.size > limits.splitBytes {
            try file.file.preallocate(byteCount: file.object.size)
        }
        let start = part.next - bytes.count
        try file.file.write(bytes, at: start)
        part.buffer.clear()
        file.written.insert(start..<part.next)
        if file.failureCount > 0, file.written.count >= file.bytesAtFailure + limits.forgivingBytes {
            file.failureCount = 0
        }
        if let number = file.hashNumber { worker?.extend(number, to: file.written.prefixEnd) }
        file.journalLag += bytes.count
        if file.journalLag >= limits.journalBytes { try remember(file) }
    }

    /// Forgets what came of `file`.
    func discard(_ file: ObjectDownload) throws {
        if let number = file.hashNumber {
            worker?.forget(number)
            hashed[number] = nil
            file.hashNumber = nil
        }
        for part in file.parts { part.buffer.clear() }
        count(-file.countedBytes, of: file)
        file.countedBytes = 0
        file.written = ByteRanges()
        file.validator = nil
        file.answerChecksums = []
        file.prefix = nil
        file.whole = nil
        file.isFromEarlierRun = false
        file.journalLag = 0
        // Before new bytes overwrite the old ones.
        try journal?.forget(file.index)
    }
}

/// The part belongs to what is void already.
private struct CancellationOfPart: Error {}
