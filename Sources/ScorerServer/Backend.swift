/// What became of one scoring request.
enum ScoringOutcome {
    /// The JSON text of the model's answer, without NaN; valid during the call that hands it over.
    case answer(UnsafeRawBufferPointer, rows: Int)
    case refusal(RequestError, rows: Int?)
}

/// What scores requests on one thread: a native model in process, or Python workers.
protocol Backend: AnyObject {
    /// Where the time of the request went whose `completion` is being called.
    var times: StageTimes { get }

    /// What its workers do; nil when it has none.
    var workers: WorkerStatus? { get }

    /// What the model says of itself.
    var description: ModelDescription { get }

    /// Scores one request.
    ///
    /// - Parameter completion: called once, now or later, on the same thread.
    func score(_ request: ScoringRequest, completion: @escaping (ScoringOutcome) -> Void)
}
