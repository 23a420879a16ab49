/// What is known of a request that the backend has scored or refused, for the report of its answer.
struct ScoredRequest {
    var times: StageTimes
    /// The body, when it was chosen for the log.
    var body: [UInt8]?
}

extension ServerThread {
    /// Scores with the backend; the answer that is given during `completion` is reported as that of a scoring request.
    func score(_ request: ScoringRequest, completion: @escaping (ScoringOutcome) -> Void) {
        let body = bodyToLog(request.body)
        counters.add(to: .scoringBegun)
        backend.score(request) { [unowned self] outcome in
            counters.add(to: .scoringEnded)
            scored = ScoredRequest(times: backend.times, body: body)
            completion(outcome)
            scored = nil
        }
    }

    /// The request whose answer is being given. An answer can lead to the next request, so it is taken only once.
    func takeScored() -> ScoredRequest? {
        guard let request = scored else { return nil }
        scored = nil
        return request
    }

    /// A copy of the body for one of the requests that are logged.
    private func bodyToLog(_ body: UnsafeRawBufferPointer) -> [UInt8]? {
        guard let logging = state.dataLog?.logging else { return nil }
        guard logging.rate >= 1 || random.fraction() < logging.rate else { return nil }
        return Array(body)
    }
}
