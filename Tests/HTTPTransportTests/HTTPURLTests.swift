import Diagnostics
import Testing

@testable import HTTPTransport

@Suite struct HTTPURLTests {
    struct Accepted: CustomTestStringConvertible {
        let text: String
        let origin: String
        let path: String
        var query: String?
        var testDescription: String { text }
    }

    static let accepted = [
        Accepted(text: "http://127.0.0.1:5000", origin: "http://127.0.0.1:5000", path: ""),
        Accepted(text: "HTTPS://Example.COM/ml/", origin: "https://example.com", path: "/ml/"),
        Accepted(text: "https://example.com:443/a", origin: "https://example.com", path: "/a"),
        Accepted(text: "http://[::1]:8080/x?y=1", origin: "http://[::1]:8080", path: "/x", query: "y=1"),
        Accepted(text: "https://h/p%2Fq?sig=a%2Bb+c&x#f", origin: "https://h", path: "/p%2Fq", query: "sig=a%2Bb+c&x"),
        Accepted(text: "http://h?q", origin: "http://h", path: "", query: "q"),
    ]

    @Test("a URL keeps its path and query byte for byte", arguments: accepted)
    func parses(_ row: Accepted) throws {
        let url = try HTTPURL(row.text)
        #expect(url.origin.description == row.origin)
        #expect(url.path == row.path)
        #expect(url.query == row.query)
    }

    struct Refused: CustomTestStringConvertible {
        let text: String
        let message: String
        var testDescription: String { text }
    }

    static let refused = [
        Refused(
            text: "databricks",
            message: "cannot use `databricks` as a URL: it does not begin with `http://` or `https://`"),
        Refused(
            text: "file:///etc/passwd",
            message: "cannot use `file:///etc/passwd` as a URL: its scheme is not `http` or `https`"),
        Refused(
            text: "https://u:p@h/a b?token=1",
            message:
                "cannot use `https://h/a b` as a URL: it holds a space or another character that must be percent-encoded"
        ),
        Refused(
            text: "http://h:99999/",
            message:
                "cannot use `http://h:99999/` as a URL: `h:99999` is not a host name or address with an optional port"),
        Refused(
            text: "http:///x",
            message: "cannot use `http:///x` as a URL: `` is not a host name or address with an optional port"),
    ]

    @Test("text that is no URL is refused with the reason and without its secrets", arguments: refused)
    func refuses(_ row: Refused) {
        let error = #expect(throws: HTTPError.self) { try HTTPURL(row.text) }
        #expect(error?.diagnostic.summary == row.message)
    }

    @Test("user information is split off, decoded and hidden")
    func userInformation() throws {
        let (url, user) = try HTTPURL.parse("https://me%40home:p%3Aw@host/x?signature=s")
        #expect(url.exactText == "https://host/x?signature=s")
        #expect(user?.user == "me@home")
        #expect(user?.password.revealed == "p:w")
        #expect("\(url) \(String(describing: user))".contains("p:w") == false)
        #expect("\(url)" == "https://host/x")
    }

    @Test("segments and query values are encoded once, everything but unreserved characters")
    func appending() throws {
        let url = try HTTPURL("http://h/ml/").appending(
            segments: ["api", "a/b c#é%41", ".."], query: [("name", "a+b &=é"), ("path", "")])
        #expect(url.exactText == "http://h/ml/api/a%2Fb%20c%23%C3%A9%2541/..?name=a%2Bb%20%26%3D%C3%A9&path=")
    }

    struct Location: CustomTestStringConvertible {
        let location: String
        let result: String
        var testDescription: String { location }
    }

    @Test(
        "a redirect's target is read relative to the URL that answered",
        arguments: [
            Location(location: "https://other/x?s=1", result: "https://other/x?s=1"),
            Location(location: "//other/x", result: "http://other/x"),
            Location(location: "/x?s=1", result: "http://h:1/x?s=1"),
            Location(location: "y", result: "http://h:1/a/y"),
            Location(location: "?q=2", result: "http://h:1/a/b?q=2"),
        ])
    func resolving(_ row: Location) throws {
        #expect(try HTTPURL("http://h:1/a/b?q=1").resolving(row.location).exactText == row.result)
    }

    @Test("percent-decoding goes back once and refuses what is not UTF-8", arguments: ["%", "%4", "%zz", "%ff"])
    func undecodable(text: String) {
        #expect(PercentEncoding.decode(text) == nil)
        #expect(PercentEncoding.decode("a%2541+%C3%A9") == "a%41+é")
    }
}
