/// What became of one scoring request.
enum ScoringOutcome {
    /// The JSON text of the model's answer, without NaN; valid during the call that hands it over.
    case answer(UnsafeRawBufferPointer, rows: Int)
    case refusal(RequestError, rows: Int?)
}

/// What scores requests on one thread: a native model in process, or Python workers.
protocol Backend: AnyObject {
    /// Scores the body of one request.
    ///
    /// - Parameters:
    ///   - body: valid during the call only.
    ///   - isBare: whether a list of records alone is a request.
    ///   - completion: called once, now or later, on the same thread.
    func score(_ body: UnsafeRawBufferPointer, isBare: Bool, completion: @escaping (ScoringOutcome) -> Void)
}
