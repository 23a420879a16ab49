import Diagnostics
import Testing

@testable import HTTPTransport

@Suite struct RetryPolicyTests {
    @Test("waits double up to the longest and end after the last attempt")
    func doubling() {
        var policy = RetryPolicy()
        policy.attempts = 8
        let waits = (1...8).map { policy.wait(afterAttempt: $0, retryAfterSeconds: nil, jitter: 1) }
        #expect(waits == [0.5, 1, 2, 4, 8, 16, 30, nil])
    }

    @Test("jitter is full: any part of the span, from nothing to the whole")
    func jitter() {
        let waits = [0, 0.25, 1].map { RetryPolicy().wait(afterAttempt: 2, retryAfterSeconds: nil, jitter: $0) }
        #expect(waits == [0, 0.25, 1])
    }

    @Test(
        "Retry-After is read in all its forms, a date by the answer's own clock",
        arguments: [
            ("120", nil, 120.0), ("0", nil, 0), ("99999999999999999999", nil, 1e20), ("-5", nil, nil), ("", nil, nil),
            ("soon", nil, nil), ("1.5", nil, nil),
            ("Sun, 06 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:07 GMT", 30),
            ("Sunday, 06-Nov-94 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:07 GMT", 30),
            ("Sun Nov  6 08:49:37 1994", "Sun, 06 Nov 1994 08:49:07 GMT", 30),
            ("Sun, 06 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 09:00:00 GMT", 0),
            ("Sun, 06 Nov 1994 08:49:37 GMT", nil, 0), ("Sun, 06 Nov 1994 08:49:37 GMT", "today", 0),
        ] as [(String, String?, Double?)])
    func retryAfterForms(value: String, date: String?, expected: Double?) {
        var headers = [HTTPHeader("retry-after", value)]
        if let date { headers.append(HTTPHeader("Date", date)) }
        #expect(HTTPResponseHead(status: 503, headers: headers).retryAfterSeconds == expected)
    }

    @Test("a longer Retry-After is waited, a shorter one not, and one beyond the limit ends the tries")
    func retryAfter() {
        let policy = RetryPolicy()
        #expect(policy.wait(afterAttempt: 1, retryAfterSeconds: 7, jitter: 1) == 7)
        #expect(policy.wait(afterAttempt: 3, retryAfterSeconds: 1, jitter: 1) == 2)
        #expect(policy.wait(afterAttempt: 1, retryAfterSeconds: 301, jitter: 1) == nil)
    }

    @Test("proxies are read as curl reads them: no upper-case HTTP_PROXY")
    func proxies() {
        let settings = ProxySettings(environment: [
            "HTTP_PROXY": "http://evil", "HTTPS_PROXY": "http://u:p@proxy:3128", "no_proxy": "localhost",
        ])
        #expect(settings.http == nil)
        #expect(settings.https?.revealed == "http://u:p@proxy:3128")
        #expect(settings.none == "localhost")
        #expect("\(settings)".contains("u:p") == false)
    }
}
