/// Every limit of the server, by name. A request beyond one is refused with the limit and the number.
public struct Limits: Sendable, Equatable {
    /// The body of a request, in bytes (413).
    public var bodyBytes = 16 << 20
    /// What all connections together hold of requests and answers, in bytes, beyond 16 KiB each (503); at least `bodyBytes`.
    public var bufferedBytes = 32 << 20
    /// The rows of a request (413).
    public var rows = 100_000
    /// The columns of a table that names them: CSV and `dataframe_split` (400).
    public var columns = 100_000
    /// The nesting of the JSON body (400).
    public var depth = 64
    /// The text of one JSON number, in bytes (400).
    public var numberBytes = 400
    /// The request line and the header fields, in bytes (431).
    public var headerBytes = 16 << 10
    /// The number of header fields (431).
    public var headerFields = 100
    /// The request target, in bytes (414).
    public var targetBytes = 8 << 10
    /// The extensions of a chunk's size line, in bytes; those of a whole body are limited by `headerBytes` (400).
    public var chunkExtensionBytes = 256
    /// From a request's first byte to the end of its header fields (408).
    public var headerSeconds = 10
    /// From the end of the header fields to the end of the body (408).
    public var bodySeconds = 30
    /// What must have come of the body for each second since the header fields (408), as soon as `bodyGraceSeconds` have passed.
    public var bodyBytesPerSecond = 1024
    /// How long a body may be slower than `bodyBytesPerSecond`.
    public var bodyGraceSeconds = 10
    /// Between two requests on one connection; then it is closed.
    public var idleSeconds = 60
    /// For the client to take the answer; then the connection is closed.
    public var answerSeconds = 60
    /// From a whole request to its answer (503, or 504 when a worker was at it).
    public var requestSeconds = 60
    /// Requests of one connection that are answered before other connections have their turn; the others wait unread.
    public var pipelined = 16
    /// Connections at one time (503).
    public var connections = 1024
    /// Requests that wait for a Python worker (503).
    public var queue = 100
    /// From SIGTERM to the end of the process.
    public var drainSeconds = 30
    /// Lines of the log that wait for their reader, in bytes; further ones are dropped and counted.
    public var logBufferBytes = 4 << 20
    /// The body of a request or an answer that is logged, in bytes; of larger ones only the size is.
    public var logDataBytes = 1 << 20

    /// The defaults.
    public init() {}

    /// Every limit under the name that it has in `serving.json`, and in `SKIFF_LIMIT_<NAME>` in upper case, with what it bounds.
    public static var all: [(name: String, path: any WritableKeyPath<Limits, Int> & Sendable, help: String)] {
        [
            ("body_bytes", \.bodyBytes, "the body of a request (413)"),
            ("buffered_bytes", \.bufferedBytes, "what all connections together hold of requests and answers (503)"),
            ("rows", \.rows, "the rows of a request (413)"),
            ("columns", \.columns, "the columns of a table that names them (400)"),
            ("depth", \.depth, "the nesting of a JSON body (400)"),
            ("number_bytes", \.numberBytes, "the text of one JSON number (400)"),
            ("header_bytes", \.headerBytes, "the request line and the header fields (431)"),
            ("header_fields", \.headerFields, "the number of header fields (431)"),
            ("target_bytes", \.targetBytes, "the request target (414)"),
            ("chunk_extension_bytes", \.chunkExtensionBytes, "the extensions of a chunk's size line (400)"),
            ("header_seconds", \.headerSeconds, "from a request's first byte to the end of its header fields (408)"),
            ("body_seconds", \.bodySeconds, "from the end of the header fields to the end of the body (408)"),
            ("body_bytes_per_second", \.bodyBytesPerSecond, "what must come of a body in each second (408)"),
            ("body_grace_seconds", \.bodyGraceSeconds, "how long a body may be slower than that"),
            ("pipelined", \.pipelined, "requests of one connection that are answered before others have their turn"),
            ("idle_seconds", \.idleSeconds, "between two requests on one connection"),
            ("answer_seconds", \.answerSeconds, "for the client to take the answer"),
            ("request_seconds", \.requestSeconds, "from a whole request to its answer (503, 504)"),
            ("connections", \.connections, "connections at one time (503)"),
            ("queue", \.queue, "requests that wait for a Python worker (503)"),
            ("drain_seconds", \.drainSeconds, "from SIGTERM to the end of the process"),
            (
                "log_buffer_bytes", \.logBufferBytes,
                "lines of the log that wait for their reader; further ones are dropped"
            ),
            ("log_data_bytes", \.logDataBytes, "a body that is logged; of larger ones only the size is"),
        ]
    }

    /// Sets the limit called `name`.
    ///
    /// - Throws: `ServerError` of kind `.configuration` for an unknown name or a value below 1.
    public mutating func set(_ name: String, to value: Int) throws(ServerError) {
        guard let entry = Limits.all.first(where: { $0.name == name }) else {
            let known = Limits.all.map(\.name).joined(separator: ", ")
            throw ServerError(
                .configuration, "cannot set the limit `\(name)`: there is no such limit",
                hints: ["the limits are \(known)"])
        }
        guard value > 0, value <= 1 << 40 else {
            throw ServerError(.configuration, "cannot set the limit `\(name)` to \(value): it must be at least 1")
        }
        self[keyPath: entry.path] = value
    }
}
