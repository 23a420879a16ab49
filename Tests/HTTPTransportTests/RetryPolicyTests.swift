import Diagnostics
import Testing

@testable import HTTPTransport

@Suite struct RetryPolicyTests {
    @Test("waits double up to the longest and end after the last attempt")
    func doubling() {
        var policy = RetryPolicy()
        policy.attempts = 8
        let waits = (1...8).map { policy.wait(afterAttempt: $0, retryAfterSeconds: nil, jitter: 1) }
        #expect(waits == [0.5, 1, 2, 4, 8, 8, 8, nil])
    }

    @Test("jitter takes away at most a half")
    func jitter() {
        #expect(RetryPolicy().wait(afterAttempt: 2, retryAfterSeconds: nil, jitter: 0) == 0.5)
    }

    @Test("a longer Retry-After is waited, a shorter one not, and one beyond the limit ends the tries")
    func retryAfter() {
        let policy = RetryPolicy()
        #expect(policy.wait(afterAttempt: 1, retryAfterSeconds: 7, jitter: 1) == 7)
        #expect(policy.wait(afterAttempt: 3, retryAfterSeconds: 1, jitter: 1) == 2)
        #expect(policy.wait(afterAttempt: 1, retryAfterSeconds: 61, jitter: 1) == nil)
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
