/// The start of an answer: everything before its body.
struct HTTPResponse {
    var status = 200
    var contentType = "application/json"
    /// Further fields, each with its CR LF.
    var extraFields = ""
    /// The same, as bytes.
    var fields: [UInt8] = []

    /// Appends status line, fields and empty line.
    func appendHead(to bytes: inout [UInt8], bodyCount: Int, connection: String?, date: String) {
        bytes.append(contentsOf: "HTTP/1.1 ".utf8)
        bytes.append(contentsOf: HTTPResponse.statusLine(status).utf8)
        bytes.append(contentsOf: "\r\nDate: ".utf8)
        bytes.append(contentsOf: date.utf8)
        bytes.append(contentsOf: "\r\nContent-Type: ".utf8)
        bytes.append(contentsOf: contentType.utf8)
        bytes.append(contentsOf: "\r\nContent-Length: ".utf8)
        bytes.append(contentsOf: String(bodyCount).utf8)
        if let connection {
            bytes.append(contentsOf: "\r\nConnection: ".utf8)
            bytes.append(contentsOf: connection.utf8)
        }
        bytes.append(contentsOf: "\r\n".utf8)
        bytes.append(contentsOf: extraFields.utf8)
        bytes.append(contentsOf: fields)
        bytes.append(contentsOf: "\r\n".utf8)
    }

    private static func statusLine(_ status: Int) -> String {
        switch status {
        case 200: "200 OK"
        case 400: "400 Bad Request"
        case 404: "404 Not Found"
        case 405: "405 Method Not Allowed"
        case 408: "408 Request Timeout"
        case 413: "413 Content Too Large"
        case 414: "414 URI Too Long"
        case 415: "415 Unsupported Media Type"
        case 417: "417 Expectation Failed"
        case 426: "426 Upgrade Required"
        case 431: "431 Request Header Fields Too Large"
        case 500: "500 Internal Server Error"
        case 501: "501 Not Implemented"
        case 503: "503 Service Unavailable"
        case 504: "504 Gateway Timeout"
        case 505: "505 HTTP Version Not Supported"
        // Statuses that a model's own MLflow exception asks for.
        default: "\(status) Error"
        }
    }
}
