import Bytes
import Diagnostics
import HTTPTransport
import JSONText
import Platform
import TestKit
import Testing

@testable import CloudStorage

@Suite struct SignatureV4Tests {
    struct Vector: CustomTestStringConvertible, Sendable {
        let testDescription: String
        let url: String
        let headers: [(name: String, value: String)]
        let signature: String
    }

    // Examples of "Authenticating Requests: Using the Authorization Header (AWS Signature Version 4)", S3 API reference.
    static let amazon: [Vector] = [
        Vector(
            testDescription: "GET object, with a signed range", url: "https://examplebucket.s3.amazonaws.com/test.txt",
            headers: [("Range", "bytes=0-9")],
            signature: "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"),
        Vector(
            testDescription: "GET bucket lifecycle", url: "https://examplebucket.s3.amazonaws.com/?lifecycle",
            headers: [],
            signature: "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"),
        Vector(
            testDescription: "list objects", url: "https://examplebucket.s3.amazonaws.com/?max-keys=2&prefix=J",
            headers: [],
            signature: "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"),
    ]

    @Test("Amazon's examples for S3 come out", arguments: amazon)
    func amazonExamples(_ vector: Vector) throws {
        let time = try #require(CalendarTime(httpText: "Fri, 24 May 2013 00:00:00 GMT"))
        let signature = SignatureV4(
            accessKeyID: "AKIAIOSFODNN7EXAMPLE", secretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
            region: "us-east-1", service: "s3", time: time)
        let url = try HTTPURL(vector.url)
        let headers =
            vector.headers + [
                ("x-amz-content-sha256", SignatureV4.emptyPayload), ("x-amz-date", time.basicText),
                ("Host", SignatureV4.host(url.origin)),
            ]
        let text = signature.authorization("GET", url, headers: headers, payload: SignatureV4.emptyPayload)
        let names = (vector.headers.map { $0.name.lowercased() } + ["x-amz-content-sha256", "x-amz-date"]).joined(
            separator: ";")
        #expect(
            text == "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, "
                + "SignedHeaders=host;\(names), Signature=\(vector.signature)")
    }

    // The cases of Amazon's "Signature Version 4 test suite" that need no normalised path, as its `.authz` files have them.
    static let suite: [Vector] = [
        Vector(
            testDescription: "get-vanilla", url: "https://example.amazonaws.com/", headers: [],
            signature: "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
        Vector(
            testDescription: "get-vanilla-query-order-key-case",
            url: "https://example.amazonaws.com/?Param2=value2&Param1=value1", headers: [],
            signature: "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"),
        Vector(
            testDescription: "get-unreserved",
            url: "https://example.amazonaws.com/-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
            headers: [], signature: "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f"),
        Vector(
            testDescription: "get-utf8", url: "https://example.amazonaws.com/%E1%88%B4", headers: [],
            signature: "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85"),
        Vector(
            testDescription: "get-header-value-trim", url: "https://example.amazonaws.com/",
            headers: [("My-Header1", " value1"), ("My-Header2", " \"a   b   c\"")],
            signature: "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736"),
    ]

    @Test("cases of Amazon's test suite come out", arguments: suite)
    func amazonSuite(_ vector: Vector) throws {
        let time = try #require(CalendarTime(httpText: "Sun, 30 Aug 2015 12:36:00 GMT"))
        let signature = SignatureV4(
            accessKeyID: "AKIDEXAMPLE", secretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
            region: "us-east-1",
            service: "service", time: time)
        let url = try HTTPURL(vector.url)
        let text = signature.authorization(
            "GET", url, headers: vector.headers + [("Host", "example.amazonaws.com"), ("X-Amz-Date", time.basicText)],
            payload: SignatureV4.emptyPayload)
        #expect(text.hasSuffix("Signature=\(vector.signature)"), "\(text)")
    }

    @Test("fifty requests are signed as botocore signs them")
    func botocore() throws {
        let fixture = try JSONText.parse(try readFile(Checkout.fixture("cloud/sigv4.json"), limit: 1 << 20))
        let cases = try #require(fixture["cases"]?.arrayValue)
        #expect(cases.count == 50)
        for item in cases {
            func text(_ key: String) throws -> String { try #require(item[key]?.stringValue) }
            let credential = AWSCredential(
                accessKeyID: "AKIDEXAMPLE", secretAccessKey: Secret(try text("secret")),
                sessionToken: Secret(try text("token")))
            let request = HTTPRequest(try text("method") == "HEAD" ? .head : .get, try HTTPURL(try text("url")))
            let signed = credential.signed(
                request, region: try text("region"),
                at: CalendarTime(seconds: try #require(item["seconds"]?.intValue)), source: "a test")
            #expect(
                signed.headers == [
                    HTTPHeader("x-amz-content-sha256", try text("payload")), HTTPHeader("x-amz-date", try text("date")),
                ])
            #expect(signed.credential?.origin == request.url.origin)
            let secrets = signed.credential?.headers ?? []
            #expect(secrets.map(\.name) == ["x-amz-security-token", "Authorization"])
            #expect(secrets.first?.value.revealed == (try text("token")))
            #expect(secrets.last?.value.revealed == (try text("authorization")), "\(request.url.exactText)")
            #expect(signed.url == request.url)
        }
    }

    @Test("a header of Amazon's that the caller set is signed, and `Range` is not")
    func signedHeaders() throws {
        let credential = AWSCredential(accessKeyID: "A", secretAccessKey: Secret("B"), sessionToken: Secret("C"))
        let request = HTTPRequest(
            .get, try HTTPURL("https://a.example/"),
            headers: [HTTPHeader("Range", "bytes=1-2"), HTTPHeader("X-Amz-Request-Payer", "requester")])
        let signed = credential.signed(request, region: "auto", at: CalendarTime(seconds: 0), source: "a test")
        let names = "host;x-amz-content-sha256;x-amz-date;x-amz-request-payer;x-amz-security-token,"
        #expect(signed.credential?.headers.last?.value.revealed.contains("SignedHeaders=\(names)") == true)
        #expect(!"\(signed)".contains("Signature="))
        // There are as many signatures as requests: nobody looks for them in what is printed.
        let authorization = signed.credential?.headers.last?.value.revealed ?? ""
        #expect(Redaction.clean(authorization) == authorization)
    }
}

@Suite struct CalendarTimeTests {
    @Test(
        "times are written as `date -u` writes them",
        arguments: [
            (0, "19700101T000000Z", "Thu, 01 Jan 1970 00:00:00 GMT"),
            (951_782_399, "20000228T235959Z", "Mon, 28 Feb 2000 23:59:59 GMT"),
            (951_782_400, "20000229T000000Z", "Tue, 29 Feb 2000 00:00:00 GMT"),
            (1_795_377_600, "20261122T200000Z", "Sun, 22 Nov 2026 20:00:00 GMT"),
            (4_107_542_400, "21000301T000000Z", "Mon, 01 Mar 2100 00:00:00 GMT"),
            (253_402_300_799, "99991231T235959Z", "Fri, 31 Dec 9999 23:59:59 GMT"),
        ])
    func known(seconds: Int, basic: String, http: String) {
        let time = CalendarTime(seconds: seconds)
        #expect(time.basicText == basic)
        #expect(time.httpText == http)
        #expect(CalendarTime(httpText: http) == time)
    }

    @Test("every day reads back")
    func days() {
        for day in stride(from: 0, to: 253_402_300_799, by: 86_400 * 411 + 7919) {
            let time = CalendarTime(seconds: day)
            #expect(CalendarTime(httpText: time.httpText) == time, "\(day)")
        }
    }

    @Test(
        "what is no time of HTTP is none",
        arguments: [
            "", "Sun, 22 Nov 2026 20:00:00", "Sun, 22 Nov 2026 20:00:00 CET", "Sun, 32 Nov 2026 20:00:00 GMT",
            "Sun, 22 nov 2026 20:00:00 GMT", "Sunday, 22-Nov-26 20:00:00 GMT", "Sun Nov 22 20:00:00 2026",
            "Sun, +2 Nov 2026 20:00:00 GMT", "Sun, 22 Nov 2026 24:00:00 GMT", "Sun, 22 Nov 99999 20:00:00 GMT",
            "Sun, 22 Nov 2026 20:00 GMT",
        ])
    func noTime(text: String) {
        #expect(CalendarTime(httpText: text) == nil)
    }
}

@Suite struct StorageClockTests {
    @Test("the storage's time is taken once, then no more")
    func once() {
        let clock = StorageClock { 1_000_000 }
        #expect(clock.correct(by: 1_007_200))
        #expect(clock.time.seconds == 1_007_200)
        #expect(clock.correct(by: 1_007_100), "a request that lay too long is signed again")
        #expect(clock.time.seconds == 1_007_200)
        #expect(!clock.correct(by: 1_000_000))
        #expect(clock.time.seconds == 1_007_200)
    }

    @Test("without the storage's time nothing is to be done")
    func noTime() {
        #expect(!StorageClock { 5 }.correct(by: nil))
    }
}
