import JSONText

/// One value of a request that does not fit: one entry of `details` in the answer.
struct RequestProblem: Equatable {
    /// Where the value stands: a JSON pointer (RFC 6901) into the body, or a place in a CSV text.
    enum Place: Equatable {
        case pointer(String)
        /// Both from 1; a field is what stands between two commas.
        case field(line: Int, field: Int)

        var words: String {
            switch self {
            case .pointer(let pointer): pointer
            case .field(let line, let field): "line \(line), field \(field)"
            }
        }
    }

    var place: Place
    /// The column's name, or its position where it has none.
    var column: String?
    var expected: String
    /// What came instead, shortened.
    var got: String

    /// As it stands in `details`.
    var json: JSONValue {
        var object = JSONObject()
        switch place {
        case .pointer(let pointer): object["pointer"] = .string(pointer)
        case .field(let line, let field):
            object["line"] = .int(line)
            object["field"] = .int(field)
        }
        if let column { object["column"] = .string(column) }
        object["expected"] = .string(expected)
        object["got"] = .string(got)
        return .object(object)
    }
}

/// What is wrong with the values of a request, as far as it is told: all are counted, the first ten kept.
struct RequestProblems {
    static let limit = 10

    private(set) var count = 0
    private var first: RequestError?
    private var details: [RequestProblem] = []

    /// Whether the next problem is told, and not only counted.
    var takesMore: Bool { details.count < Self.limit }

    /// Notes a problem, or only that there is one more.
    mutating func add(_ error: RequestError?) {
        count += 1
        guard let error else { return }
        if first == nil { first = error }
        if takesMore { details.append(contentsOf: error.details.prefix(1)) }
    }

    mutating func removeAll() {
        count = 0
        first = nil
        details.removeAll(keepingCapacity: true)
    }

    /// The refusal that tells them all; nil when there are none.
    var error: RequestError? {
        guard var error = first else { return nil }
        error.details = details
        if count > 1 {
            let rest = count > details.count ? "`details` has the first \(details.count)" : "`details` has them all"
            error.message += " This is the first of \(count) problems; \(rest)."
        }
        return error
    }
}
