import Diagnostics
import HTTPTransport

/// Asking, and what the answers mean.
extension Download {
    /// Sends the next request of `file`, which wants one.
    func beginRequest(_ file: ObjectDownload) throws {
        guard file.hasAddress else { return try sign(file) }
        if file.cannotGoOn { try discard(file) }
        var request = try file.object.access.readRequest(signed: file.signed)
        let range = file.nextRange(limits)
        let part = ObjectDownload.Part(
            asked: range, size: file.object.size, generation: file.generation, addressNumber: file.addressNumber,
            buffer: unusedBuffer())
        part.place = Place(file: request.url.description, note: request.method.rawValue)
        if let range {
            request.headers.append(HTTPHeader("Range", "bytes=\(range.lowerBound)-\(range.upperBound - 1)"))
            if let condition = file.validator?.condition { request.headers.append(HTTPHeader("If-Range", condition)) }
        }
        file.parts.append(part)
        part.ticket = engine.start(request, to: PartReceiver(self, file, part)) { [self] outcome in
            file.parts.removeAll { $0 === part }
            isStirred = true
            defer {
                part.buffer.clear()
                idleBuffers.append(part.buffer)
            }
            guard part.generation == file.generation else { return }
            do {
                // Also what came before a failure counts.
                try flush(part, file)
                try finish(part, of: file, outcome)
            } catch { fail(error) }
        }
    }

    private func unusedBuffer() -> PartBuffer {
        idleBuffers.popLast()
            ?? PartBuffer(byteCount: min(limits.bufferBytes, (4 << 20) / max(1, options.connections)))
    }

    private func sign(_ file: ObjectDownload) throws {
        guard let request = try file.object.access.signRequest() else {
            file.hasAddress = true
            isStirred = true
            return
        }
        let collector = BodyCollector(limit: limits.signedAnswerBytes)
        file.signTicket = engine.start(request, to: collector) { [self] outcome in
            file.signTicket = nil
            isStirred = true
            do {
                let answer = try outcome.get()
                guard answer.head.isSuccess else { return try refused(answer, .sign, file) }
                file.signed = answer.with(body: collector.bytes)
                file.hasAddress = true
            } catch let error as HTTPError where error.isTransient {
                do { try tryAgain(file, error) } catch { fail(error) }
            } catch let error as HTTPError where error.kind != .cancelled {
                fail(TransferError(error, doing: file.task))
            } catch {
                fail(error)
            }
        }
    }

    private func finish(_ part: ObjectDownload.Part, of file: ObjectDownload, _ outcome: HTTPEngine.Outcome) throws {
        do {
            let answer = try outcome.get()
            switch answer.head.status {
            case 200..<300:
                // The transport is content with any end of a body without a length.
                guard part.next == part.end else {
                    let count = part.asked == nil ? part.next : file.written.count
                    throw ContentFault(kind: .length(count, isAtLeast: false), place: part.place, isPage: part.isPage)
                }
                file.needsAnswer = false
                if file.object.size == 0 { startHashing(file) }
            case 416 where part.asked != nil: throw ContentFault(kind: .rangeRefused, place: part.place)
            default:
                if part.addressNumber < file.addressNumber, ![408, 429].contains(answer.head.status),
                    answer.head.status < 500
                {
                    return  // the address has been renewed in the meantime
                }
                try refused(answer, .read, file)
            }
        } catch let fault as ContentFault {
            try restart(file, fault)
        } catch is WithoutParts {
            try void(file)
            file.rangeSupport = .refused
        } catch let error as HTTPError where error.isTransient {
            try tryAgain(file, error)
        } catch let error as HTTPError where error.kind != .cancelled {
            throw TransferError(error, doing: file.task)
        }
    }

    /// An answer that is no success.
    private func refused(_ answer: HTTPResponse, _ stage: ObjectStage, _ file: ObjectDownload) throws {
        var answer = answer
        let isTrouble = RetryPolicy.transientStatuses.contains(answer.head.status)
        if isTrouble {
            if waitAndTryAgain(file, retryAfterSeconds: answer.head.retryAfterSeconds) { return }
            answer.attempts = file.failureCount
        }
        let place = Place(file: answer.request.url.description, note: answer.request.method.rawValue)
        // The access finds the words for every answer; but a new address does not help a server that is in trouble.
        switch try file.object.access.judge(answer, stage: stage) {
        case .renew where isTrouble:
            throw TransferError(
                .connection, "cannot \(file.task): the server answers with status \(answer.head.status)", place: place,
                details: answer.attempts > 1 ? ["tried \(answer.attempts) times"] : [])
        case .renew:
            file.renewalCount += 1
            guard file.renewalCount <= limits.renewals else {
                throw TransferError(
                    .connection, "cannot \(file.task): its address or credential expired \(limits.renewals) times",
                    place: place)
            }
            file.addressNumber += 1
            file.hasAddress = false
            file.signed = nil
        }
    }

    private func tryAgain(_ file: ObjectDownload, _ error: HTTPError) throws {
        guard !waitAndTryAgain(file, retryAfterSeconds: nil) else { return }
        var error = error
        error.attempts = file.failureCount
        throw TransferError(error, doing: file.task)
    }

    /// Counts a failure and waits before the next attempt; false when there is none.
    private func waitAndTryAgain(_ file: ObjectDownload, retryAfterSeconds: Double?) -> Bool {
        // Several parts fail together when a server goes away: that is one failure.
        if file.isWaiting, retryAfterSeconds == nil { return true }
        if !file.isWaiting { file.failureCount += 1 }
        file.bytesAtFailure = max(file.bytesAtFailure, file.written.count)
        var policy = http.retry
        policy.attempts = limits.attempts
        guard
            let wait = policy.wait(
                afterAttempt: file.failureCount, retryAfterSeconds: retryAfterSeconds, jitter: .random(in: 0...1))
        else { return false }
        file.isWaiting = true
        file.waitNumber += 1
        let number = file.waitNumber
        engine.after(wait) { [self] in
            // A later answer may have asked for a longer wait.
            guard file.waitNumber == number else { return }
            file.isWaiting = false
            isStirred = true
        }
        return true
    }

    /// What came is void: the object is read once more from its beginning, but only once.
    func restart(_ file: ObjectDownload, _ fault: ContentFault) throws {
        let isOld = file.isFromEarlierRun
        try void(file)
        if case .range = fault.kind { file.rangeSupport = .refused }
        if isOld { return }
        file.restartCount += 1
        guard file.restartCount <= 1 else { throw fault.error(for: file.object, doing: file.task) }
    }

    /// Ends all requests of `file` and forgets what came.
    private func void(_ file: ObjectDownload) throws {
        file.generation += 1
        for ticket in file.parts.compactMap(\.ticket) { engine.cancel(ticket) }
        file.parts = []
        file.rangeSupport = .unknown
        isStirred = true
        try discard(file)
    }
}

/// The server gives parts, but nothing that tells one version from another: parts of two versions could come together.
struct WithoutParts: Error {}
