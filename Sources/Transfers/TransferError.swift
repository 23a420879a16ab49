public import Diagnostics
import HTTPTransport

/// Why an object did not arrive as it was listed.
public struct TransferError: DiagnosticConvertible, Sendable, Equatable {
    /// The kinds that callers tell apart.
    public enum Kind: Sendable, Equatable {
        /// The server could not be reached, or went away more often than was tried.
        case connection
        /// What the server sends is not what was listed.
        case content
        /// The disk is full, or will be.
        case disk
    }

    /// Which kind of failure this is.
    public let kind: Kind
    /// The sentence, place and hints.
    public let diagnostic: Diagnostic

    /// What the transport says, under the sentence of what was being done.
    init(_ error: HTTPError, doing task: String) {
        let cause = error.diagnostic
        let reason = cause.summary.hasPrefix("cannot ") ? String(cause.summary.dropFirst(7)) : cause.summary
        kind = .connection
        diagnostic = Diagnostic(
            "cannot \(task): cannot \(reason)", place: cause.place, details: cause.details, hints: cause.hints)
    }

    init(_ kind: Kind, _ summary: String, place: Place? = nil, details: [String] = [], hints: [String] = []) {
        self.kind = kind
        diagnostic = Diagnostic(summary, place: place, details: details, hints: hints)
    }
}

/// An answer that cannot be part of the file: what came of the file is void, and it is read once more from its beginning.
struct ContentFault: Error {
    enum Kind {
        /// Another number of bytes; `isAtLeast` when the rest was not waited for.
        case length(Int, isAtLeast: Bool)
        /// A web page where none is listed.
        case page
        /// A 206 with another range or total than asked for; what it says.
        case range(asked: Range<Int>, answer: String?)
        /// 416 to a range within the listed size.
        case rangeRefused
        /// Another version than that of the first answer.
        case changed
        /// Another digest than stated; its name, and both in hexadecimal digits.
        case checksum(String, stated: String, found: String)
        /// A success that is neither 200 nor 206.
        case status(Int)
    }

    let kind: Kind
    let place: Place?
    /// The answer was a web page.
    var isPage = false

    func error(for object: RemoteObject, doing task: String) -> TransferError {
        TransferError(.content, "cannot \(task): \(reason(object))", place: place, hints: hints)
    }

    private func reason(_ object: RemoteObject) -> String {
        switch kind {
        case .length(let count, let isAtLeast):
            let listed =
                object.isSizeListed ? "lists it with \(grouped(object.size)) bytes" : "lists it as an empty file"
            return "the server \(listed) and sends \(isAtLeast ? "at least " : "")\(grouped(count))"
        case .page: return "the server sends a web page in its place"
        case .range(let asked, let answer):
            let said = answer.map { "`\(escaped($0))`" } ?? "no range"
            return "the server was asked for the bytes \(asked.lowerBound)-\(asked.upperBound - 1)/\(object.size) and "
                + "answers with \(said)"
        case .rangeRefused: return "the server has fewer bytes of it than the \(grouped(object.size)) that it lists"
        case .changed: return "it changes on the server while it is read"
        case .checksum(let name, let stated, let found):
            return "the server states the \(name) `\(stated)`, and what came has `\(found)`"
        case .status(let status): return "the server answers with status \(status) and not 200"
        }
    }

    private var hints: [String] {
        switch kind {
        case .page: ["is there a login page or a proxy between?"]
        case .length where isPage: ["it sends a web page: is there a login page or a proxy between?"]
        case .changed: ["try again once nobody changes it any more"]
        case .status: []
        case .length, .range, .rangeRefused, .checksum:
            ["try again; when it stays so, the file is damaged in the server's storage"]
        }
    }
}
