/// One scoring request as it came in: its bytes and the way in which they are written.
///
/// Valid during the call that hands it over only.
struct ScoringRequest {
    /// How a body is written.
    enum Form {
        /// MLflow's JSON: an object with one of `dataframe_split`, `dataframe_records`, `inputs`, `instances`.
        case json
        /// The same, or a list of records alone.
        case bareJSON
        /// One record alone, as language models are asked: an object with `messages`, `prompt` or `input`. Declared parameters
        /// stand beside its columns.
        case unified
        /// A table in CSV whose first line has the names.
        case csv
        /// A table in an Apache Parquet file, which only Python can read.
        case parquet
        /// Tensors of Open Inference Protocol v2.
        case openInference(OpenInferenceRequest)

        var isUnified: Bool { if case .unified = self { true } else { false } }
        var isCSV: Bool { if case .csv = self { true } else { false } }
        /// Whether the body is MLflow's JSON, in one form or another.
        var isJSON: Bool {
            switch self {
            case .json, .bareJSON, .unified: true
            case .csv, .parquet, .openInference: false
            }
        }
    }

    var body: UnsafeRawBufferPointer
    var form: Form
    /// Whether the answer has `NaN` and the infinities as Python writes them, and not null.
    var takesNotFinite = false
    /// Who waits for the answer; nil for the self-test.
    var client: HTTPConnection?

    /// Whether a list of records alone is a request.
    var isBare: Bool { if case .bareJSON = form { true } else { false } }

    init(
        _ body: UnsafeRawBufferPointer, _ form: Form, takesNotFinite: Bool = false, client: HTTPConnection? = nil
    ) {
        self.body = body
        self.form = form
        self.takesNotFinite = takesNotFinite
        self.client = client
    }
}

/// Where the time of one request went, in nanoseconds.
struct StageTimes {
    /// Reading the body and checking each value.
    var parse: UInt64 = 0
    /// Checking the whole: required columns, rows, `params`.
    var validate: UInt64 = 0
    /// Waiting for a Python worker.
    var queue: UInt64 = 0
    /// In the model; for Python workers also the way there and back.
    var predict: UInt64 = 0

    var sum: UInt64 { parse &+ validate &+ queue &+ predict }
}
