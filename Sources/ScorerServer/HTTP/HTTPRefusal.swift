/// A request that is refused before it reaches a route; its connection is closed after the answer.
struct HTTPRefusal: Error, Equatable {
    var status: Int
    var message: String

    static func badRequest(_ message: String) -> HTTPRefusal { HTTPRefusal(status: 400, message: message) }

    static func headerTooLarge(_ limits: Limits) -> HTTPRefusal {
        let fields = "\(limits.headerBytes) bytes or \(limits.headerFields) fields"
        return HTTPRefusal(status: 431, message: "the header is longer than \(fields)")
    }

    static func targetTooLong(_ limits: Limits) -> HTTPRefusal {
        HTTPRefusal(status: 414, message: "the request target is longer than \(limits.targetBytes) bytes")
    }

    static func bodyTooLarge(_ limits: Limits) -> HTTPRefusal {
        HTTPRefusal(status: 413, message: "the body is longer than \(limits.bodyBytes) bytes")
    }

    static let tooManyBytes = HTTPRefusal(
        status: 503, message: "the server holds as many bytes of requests and answers as it may")
}
