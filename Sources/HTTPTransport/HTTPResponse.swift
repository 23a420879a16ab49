/// Status and headers of an answer.
public struct HTTPResponseHead: Sendable, Equatable {
    /// The status code, for instance 404.
    public let status: Int
    /// In the order in which they came.
    public let headers: [HTTPHeader]

    /// States both.
    public init(status: Int, headers: [HTTPHeader]) {
        self.status = status
        self.headers = headers
    }

    /// The value of the first header of that name, in any case.
    public subscript(_ name: String) -> String? {
        headers.first { $0.name.lowercased() == name.lowercased() }?.value
    }

    /// Whether the status is 2xx.
    public var isSuccess: Bool { (200..<300).contains(status) }

    /// `Content-Length` when it is a number.
    public var contentLength: Int? { self["Content-Length"].flatMap { Int($0) } }

    /// The media type without parameters, in lower case, for instance `application/json`.
    public var mediaType: String? {
        self["Content-Type"].map { value in
            let type = value.prefix { $0 != ";" }
            return String(type.filter { !$0.isWhitespace }).lowercased()
        }
    }
}

/// An answer, of whatever status.
public struct HTTPResponse: Sendable {
    /// Status and headers.
    public let head: HTTPResponseHead
    /// The body; empty when it went to a receiver; cut after `HTTPSession.errorBodyLimit` bytes when the status is not 2xx.
    public let body: [UInt8]
    /// The request as it was sent last: another URL than the caller's after redirects.
    public let request: HTTPRequest
    /// How often it was sent, redirects not counted.
    public var attempts: Int
    /// Whether the last request carried the credential of the caller's request.
    public let credentialWasSent: Bool

    /// States everything.
    public init(
        head: HTTPResponseHead, body: [UInt8], request: HTTPRequest, attempts: Int, credentialWasSent: Bool
    ) {
        self.head = head
        self.body = body
        self.request = request
        self.attempts = attempts
        self.credentialWasSent = credentialWasSent
    }

    /// The same answer with another body: that of a receiver.
    public func with(body: [UInt8]) -> HTTPResponse {
        HTTPResponse(
            head: head, body: body, request: request, attempts: attempts, credentialWasSent: credentialWasSent)
    }
}

/// Takes the body of a 2xx answer in pieces.
public protocol BodyReceiver: AnyObject {
    /// A 2xx answer begins. Called again when the request is repeated: everything received before is void then.
    func begin(_ head: HTTPResponseHead) throws
    /// The next bytes of the body, valid during the call only.
    func receive(_ bytes: UnsafeRawBufferPointer) throws
}
