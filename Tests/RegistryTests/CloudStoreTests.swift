import CloudStorage
import Diagnostics
import HTTPTransport
import Platform
import Synchronization
import TestKit
import Testing
import Transfers

@testable import Registry

/// A storage that is scripted, and the store that reads `models/1` of the bucket `b` in it.
final class ScriptedCloud {
    let server: FaultServer
    let store: CloudStore
    let lender: CloudLender

    enum Service { case s3, s3Unguessed, azure, google }

    init(_ service: Service, _ handler: @escaping @Sendable (FaultServer.Request) -> FaultServer.Reply) throws {
        server = try #require(FaultServer(handler))
        lender = CloudLender(service)
        let host = try HTTPURL(server.origin)
        let clock = StorageClock { 1_795_377_600 }
        let backend: any CloudBackend
        let location: CloudLocation
        switch service {
        case .s3, .s3Unguessed:
            location = .s3(bucket: "b", prefix: "models/1")
            let region = service == .s3 ? "eu-west-1" : nil
            backend = S3Backend(S3Bucket(amazon: "b", endpoint: host, region: region), clock)
        case .azure:
            location = .dataLake(fileSystem: "b", host: host, prefix: "models/1")
            backend = DataLakeBackend(DataLakeFileSystem(name: "b", host: host), clock)
        case .google:
            location = .google(bucket: "b", prefix: "models/1")
            backend = GoogleBackend(try GoogleBucket(name: "b", emulator: host))
        }
        var http = HTTPSettings(userAgent: "skiff/test", environment: [:])
        http.retry.attempts = 1
        store = try CloudStore(location, root: "models/1", backend, lender.credentials, http, doing: "start")
    }

    deinit { server.stop() }

    func list() throws(RegistryError) -> [ListedEntry] { try store.list("", doing: "download `models:/m/1`") }

    /// What a person reads when the listing fails; the port is taken out.
    func message() -> String {
        TestKit.message { try list() }.replacing(":\(server.port)", with: ":PORT")
    }
}

/// Lends numbered credentials of the kind that a service accepts.
final class CloudLender {
    private(set) var count = 0
    private let service: ScriptedCloud.Service

    init(_ service: ScriptedCloud.Service) {
        self.service = service
    }

    var credentials: VendedCredentials {
        VendedCredentials(now: { 0 }) { () throws(RegistryError) in
            self.count += 1
            let keys: CloudCredential.Keys =
                switch self.service {
                case .s3, .s3Unguessed:
                    .aws(
                        AWSCredential(
                            accessKeyID: "ASIA", secretAccessKey: Secret("secret-key"),
                            sessionToken: Secret("session-\(self.count)")))
                case .azure: .azureSAS(Secret("sv=1&sig=azure%2Fsig\(self.count)"))
                case .google: .googleToken(Secret("ya29-\(self.count)"))
                }
            return CloudCredential(keys, expiration: nil)
        }
    }
}

/// A `ListBucketResult`.
func listBucket(_ keys: [(String, Int)], next: String? = nil) -> FaultServer.Reply {
    let contents = keys.map { "<Contents><Key>\($0.0)</Key><ETag>&quot;e&quot;</ETag><Size>\($0.1)</Size></Contents>" }
        .joined()
    let token = next.map { "<NextContinuationToken>\($0)</NextContinuationToken>" } ?? ""
    return .text(
        200,
        "<ListBucketResult><EncodingType>url</EncodingType><IsTruncated>\(next != nil)</IsTruncated>\(token)\(contents)</ListBucketResult>",
        type: "application/xml")
}

private func s3Error(
    _ status: Int, _ code: String, _ message: String, _ more: String = "", _ headers: [String: String] = [:]
)
    -> FaultServer.Reply
{
    .text(
        status, "<Error><Code>\(code)</Code><Message>\(message)</Message>\(more)</Error>", type: "application/xml",
        headers: headers)
}

@Suite struct CloudStoreS3Tests {
    @Test("everything below the folder is listed, page after page, by paths from the store's root")
    func pages() throws {
        let cloud = try ScriptedCloud(.s3) { request in
            request.target.contains("continuation-token=t%2B1")
                ? listBucket([("models/1/data/b%2Bc+d", 2)])
                : listBucket([("models/1/", 0), ("models/1/MLmodel", 3)], next: "t+1")
        }
        let entries = try cloud.list()
        #expect(
            entries == [
                ListedEntry(path: "MLmodel", isFolder: false, size: 3, version: "\"e\""),
                ListedEntry(path: "data/b+c d", isFolder: false, size: 2, version: "\"e\""),
            ])
        let first = try #require(cloud.server.requests.first)
        #expect(first.target == "/b?encoding-type=url&list-type=2&prefix=models%2F1%2F")
        #expect(first.headers["x-amz-security-token"] == "session-1")
        #expect(first.headers["x-amz-date"] == "20261122T200000Z")
        #expect(
            first.headers["authorization"]?.hasPrefix("AWS4-HMAC-SHA256 Credential=ASIA/20261122/eu-west-1/s3/") == true
        )
        #expect(cloud.store.place == "s3://b/models/1")
    }

    @Test("a storage that lists by level is walked")
    func levels() throws {
        let cloud = try ScriptedCloud(.s3) { request in
            request.target.hasSuffix("prefix=models%2F1%2Fdata%2F")
                ? listBucket([("models/1/data/x", 1)])
                : .text(
                    200,
                    "<ListBucketResult><IsTruncated>false</IsTruncated><CommonPrefixes><Prefix>models/1/data/</Prefix>"
                        + "</CommonPrefixes></ListBucketResult>", type: "application/xml")
        }
        #expect(try cloud.list() == [ListedEntry(path: "data", isFolder: true, size: nil)])
        #expect(try Listing.files(of: [cloud.store], doing: "x").map(\.path.text) == ["data/x"])
    }

    @Test(
        "the bucket's region is learned from whatever the storage answers",
        arguments: [
            (400, "AuthorizationHeaderMalformed", "<Region>ap-south-1</Region>", [:]),
            (400, "AuthorizationHeaderMalformed", "<Region>ap-south-1</Region>", ["x-amz-bucket-region": "us-west-2"]),
            (301, "PermanentRedirect", "", ["x-amz-bucket-region": "ap-south-1"]),
            (403, "AccessDenied", "", ["x-amz-bucket-region": "ap-south-1"]),
        ] as [(Int, String, String, [String: String])])
    func region(status: Int, code: String, more: String, headers: [String: String]) throws {
        let cloud = try ScriptedCloud(.s3Unguessed) { request in
            request.headers["authorization"]?.contains("/ap-south-1/") == true
                ? listBucket([]) : s3Error(status, code, "Elsewhere", more, headers)
        }
        #expect(try cloud.list() == [])
        #expect(cloud.server.requests.count == 2)
        #expect(cloud.server.requests.first?.headers["authorization"]?.contains("/us-east-1/s3/") == true)
        #expect(cloud.lender.count == 1)
    }

    @Test("when no answer names the region, the bucket itself is asked")
    func head() throws {
        let cloud = try ScriptedCloud(.s3Unguessed) { request in
            if request.method == "HEAD" { return .answer(403, headers: ["x-amz-bucket-region": "ap-south-1"]) }
            return request.headers["authorization"]?.contains("/ap-south-1/") == true
                ? listBucket([]) : s3Error(400, "AuthorizationHeaderMalformed", "the region is wrong")
        }
        #expect(try cloud.list() == [])
        #expect(cloud.server.requests.map(\.method) == ["GET", "HEAD", "GET"])
    }

    @Test("a region that is nobody's is an error, not a circle")
    func unknownRegion() throws {
        let cloud = try ScriptedCloud(.s3) { _ in
            s3Error(301, "PermanentRedirect", "Elsewhere", "<Region>evil.example/</Region>")
        }
        #expect(
            cloud.message() == """
                error: cannot download `models:/m/1`: the storage `http://127.0.0.1:PORT` says that the bucket is elsewhere, and not where
                  --> http://127.0.0.1:PORT/b (GET, status 301)
                  - the storage says: PermanentRedirect: Elsewhere
                hint: name the bucket's region in `AWS_REGION`

                """)
    }

    @Test("an expired token is asked for again", arguments: ["ExpiredToken", "TokenRefreshRequired"])
    func expired(code: String) throws {
        let cloud = try ScriptedCloud(.s3) { request in
            request.headers["x-amz-security-token"] == "session-1"
                ? s3Error(400, code, "The provided token has expired.") : listBucket([("models/1/a", 1)])
        }
        #expect(try cloud.list().count == 1)
        #expect(cloud.lender.count == 2)
    }

    @Test("tokens that are all refused as expired end in an error")
    func alwaysExpired() throws {
        let cloud = try ScriptedCloud(.s3) { _ in s3Error(400, "ExpiredToken", "The provided token has expired.") }
        #expect(
            cloud.message() == """
                error: cannot download `models:/m/1`: the storage of `s3://b/models/1` refuses one lent credential after the other as expired
                hint: is this machine's clock right?

                """)
        #expect(cloud.lender.count == 6)
    }

    @Test("the storage's clock is taken over once")
    func clock() throws {
        let cloud = try ScriptedCloud(.s3) { request in
            request.headers["x-amz-date"] == "20261122T220000Z"
                ? listBucket([])
                : s3Error(
                    403, "RequestTimeTooSkewed", "The difference is too large.", "",
                    ["Date": "Sun, 22 Nov 2026 22:00:00 GMT"])
        }
        #expect(try cloud.list() == [])
        #expect(cloud.server.requests.count == 2)

        let liar = try ScriptedCloud(.s3) { request in
            s3Error(
                403, "RequestTimeTooSkewed", "The difference is too large.", "",
                ["Date": "Sun, 22 Nov 2026 \(request.earlierCount + 1)0:00:00 GMT"])
        }
        #expect(
            liar.message() == """
                error: cannot download `models:/m/1`: the storage `http://127.0.0.1:PORT` finds this machine's clock too far from its own
                  --> http://127.0.0.1:PORT/b (GET, status 403)
                  - the storage says: RequestTimeTooSkewed: The difference is too large.
                hint: set the clock; a difference of up to 15 minutes does no harm

                """)
        #expect(liar.server.requests.count == 2)
    }

    @Test(
        "a name outside of the folder is refused, also one that only begins like it",
        arguments: ["models/10/a", "other", "models/1"])
    func outside(key: String) throws {
        let cloud = try ScriptedCloud(.s3) { _ in listBucket([(key, 1)]) }
        #expect(
            cloud.message() == """
                error: cannot download `models:/m/1`: the server lists `\(key)`, which no model may hold: it does not lie below the folder that was asked, `models/1/`
                hint: nothing was written; look at the model's files in MLflow before you use it anywhere

                """)
    }

    @Test(
        "a name that climbs out is refused by the listing",
        arguments: ["models/1/../../etc/passwd", "models/1//etc", "models/1/a/./b"])
    func climbing(key: String) throws {
        let cloud = try ScriptedCloud(.s3) { _ in listBucket([(key, 1)]) }
        let error = try #require(throws: RegistryError.self) { try Listing.files(of: [cloud.store], doing: "x") }
        #expect(error.kind == .listing)
    }

    @Test("listings that never end are ended")
    func circles() throws {
        let expected = """
            error: cannot download `models:/m/1`: the storage's listing of `s3://b/models/1` goes in a circle

            """
        let same = try ScriptedCloud(.s3) { _ in listBucket([("models/1/a", 1)], next: "t") }
        #expect(same.message() == expected)
        #expect(same.server.requests.count == 2)
        let empty = try ScriptedCloud(.s3) { request in
            listBucket([], next: "\(request.target.utf8.count)-\(request.target.hashValue)")
        }
        #expect(empty.message() == expected)
        #expect(empty.server.requests.count == 101)
    }

    @Test("a web page and a cut listing are errors that say so")
    func noListing() throws {
        let page = try ScriptedCloud(.s3) { _ in .text(200, "<html>Sign in</html>", type: "text/html; charset=utf-8") }
        #expect(
            page.message() == """
                error: cannot download `models:/m/1`: the storage sends a web page where its listing should be
                  --> http://127.0.0.1:PORT/b (GET, status 200)
                hint: is there a login page or a proxy between?

                """)
        let cut = try ScriptedCloud(.s3) { _ in .text(200, "<ListBucketResult><Conte", type: "application/xml") }
        #expect(
            cut.message() == """
                error: cannot download `models:/m/1`: cannot read the storage's listing: it is not XML: the tag of `Conte` is malformed
                  --> http://127.0.0.1:PORT/b (GET, status 200)

                """)
    }

    @Test("a redirect to another origin carries neither signature nor token")
    func redirect() throws {
        let other = try #require(FaultServer { _ in .answer(403) })
        defer { other.stop() }
        let target = "\(other.origin)/elsewhere"
        let cloud = try ScriptedCloud(.s3) { _ in .redirect(307, to: target) }
        #expect(cloud.message().contains("does not let the lent credential read it"))
        let request = try #require(other.requests.first)
        #expect(request.headers["authorization"] == nil && request.headers["x-amz-security-token"] == nil)
        #expect(request.headers["x-amz-date"] == nil)
    }
}

@Suite struct CloudStoreAccessTests {
    @Test("an object is signed when it is read, and again with another credential after it expired")
    func s3() throws {
        let cloud = try ScriptedCloud(.s3) { request in
            request.headers["x-amz-security-token"] == "session-1"
                ? s3Error(400, "ExpiredToken", "The provided token has expired.")
                : .text(200, "abc", type: "application/octet-stream")
        }
        let entry = ListedEntry(path: "a b/MLmodel", isFolder: false, size: 3)
        let first = cloud.store.access(to: entry, doing: "read it")
        let second = cloud.store.access(to: entry, doing: "read it")
        #expect(try first.signRequest() == nil)
        var session = try HTTPSession(settings: HTTPSettings(userAgent: "skiff/test", environment: [:]))
        let request = try first.readRequest(signed: nil)
        let other = try second.readRequest(signed: nil)
        #expect(request.url.path == "/b/models/1/a%20b/MLmodel")
        #expect(request.headers.contains(HTTPHeader("x-amz-checksum-mode", "ENABLED")))
        let answer = try session.send(request, bodyLimit: 100)
        #expect(try first.judge(answer, stage: .read) == .renew)
        #expect(try session.send(first.readRequest(signed: nil), bodyLimit: 100).head.status == 200)
        // The second was signed with the same old credential: nothing more is asked.
        #expect(try second.judge(session.send(other, bodyLimit: 100), stage: .read) == .renew)
        #expect(try session.send(second.readRequest(signed: nil), bodyLimit: 100).head.status == 200)
        #expect(cloud.lender.count == 2)
    }

    @Test("Google's digests and generation go with the entry, and the token with the request")
    func google() throws {
        let cloud = try ScriptedCloud(.google) { request in
            if request.headers["authorization"] == "Bearer ya29-1" {
                return .text(401, "{\"error\":{\"code\":401,\"message\":\"Invalid Credentials\"}}")
            }
            return request.path.hasPrefix("/download/")
                ? .text(404, "No such object: b/models/1/a", type: "text/html; charset=UTF-8")
                : .text(
                    200,
                    "{\"items\":[{\"name\":\"models/1/a/b c\",\"size\":\"9\",\"md5Hash\":\"JfnnlDI7RTiF9RgfGNJynA==\",\"crc32c\":\"4waSgw==\",\"generation\":\"17\"}]}"
                )
        }
        let entries = try cloud.list()
        #expect(
            entries == [
                ListedEntry(
                    path: "a/b c", isFolder: false, size: 9,
                    checksums: [
                        .md5([
                            0x25, 0xf9, 0xe7, 0x94, 0x32, 0x3b, 0x45, 0x38, 0x85, 0xf5, 0x18, 0x1f, 0x18, 0xd2, 0x72,
                            0x9c,
                        ]),
                        .crc32c(0xe306_9283),
                    ], version: "17")
            ])
        #expect(cloud.lender.count == 2)
        let access = cloud.store.access(to: try #require(entries.first), doing: "read `a/b c`")
        let request = try access.readRequest(signed: nil)
        #expect(request.url.path == "/download/storage/v1/b/b/o/models%2F1%2Fa%2Fb%20c")
        #expect(request.url.query == "alt=media&generation=17")
        #expect(request.credential?.headers.map(\.value.revealed) == ["Bearer ya29-2"])
        var session = try HTTPSession(settings: HTTPSettings(userAgent: "skiff/test", environment: [:]))
        let answer = try session.send(request, bodyLimit: 100)
        #expect(
            message { try access.judge(answer, stage: .read) }.replacing(":\(cloud.server.port)", with: ":PORT") == """
                error: cannot read `a/b c`: the storage `http://127.0.0.1:PORT` does not have it
                  --> http://127.0.0.1:PORT/download/storage/v1/b/b/o/models%2F1%2Fa%2Fb%20c (GET, status 404)
                  - the storage says: No such object: b/models/1/a
                hint: was the model's folder removed or moved by hand?

                """)
    }

    @Test("Azure gets the signature in its address and no `Authorization`, and pages by a header")
    func azure() throws {
        let cloud = try ScriptedCloud(.azure) { request in
            if request.target.contains("sig1") {
                return .text(
                    403,
                    "\u{feff}<?xml version=\"1.0\" encoding=\"utf-8\"?><Error><Code>AuthenticationFailed</Code><Message>Server failed to "
                        + "authenticate the request.</Message><AuthenticationErrorDetail>Signature not valid in the specified time "
                        + "frame: Start [a] - Expiry [b] - Current [c]</AuthenticationErrorDetail></Error>",
                    type: "application/xml")
            }
            return request.target.contains("continuation=n%3D")
                ? .text(200, "{\"paths\":[{\"name\":\"models/1/d/b\",\"contentLength\":\"2\"}]}")
                : .text(
                    200,
                    "{\"paths\":[{\"name\":\"models/1/d\",\"isDirectory\":\"true\"},{\"name\":\"models/1/a\",\"contentLength\":\"1\",\"etag\":\"0x1\"}]}",
                    headers: ["x-ms-continuation": "n="])
        }
        #expect(
            try cloud.list() == [
                ListedEntry(path: "a", isFolder: false, size: 1, version: "0x1"),
                ListedEntry(path: "d/b", isFolder: false, size: 2),
            ])
        #expect(cloud.lender.count == 2)
        #expect(
            cloud.server.requests.allSatisfy {
                $0.headers["authorization"] == nil && $0.headers["x-ms-version"] == "2023-11-03"
            })
        #expect(
            cloud.server.requests.last?.target
                == "/b?resource=filesystem&recursive=true&directory=models%2F1&continuation=n%3D&sv=1&sig=azure%2Fsig2")
        let access = cloud.store.access(to: ListedEntry(path: "d/b", isFolder: false, size: 2), doing: "read it")
        #expect(
            try access.readRequest(signed: nil).url.exactText
                == "\(cloud.server.origin)/b/models/1/d/b?sv=1&sig=azure%2Fsig2")
    }
}

@Suite struct CloudRefusalTests {
    struct Row: CustomTestStringConvertible, Sendable {
        let service: ScriptedCloud.Service
        let status: Int
        let body: String
        var headers: [String: String] = [:]
        let kind: RegistryError.Kind
        let message: String
        var testDescription: String { "\(service) \(status) \(body)" }
    }

    private static let noRight = """
        hint: the registry lent the credential, the storage refuses it: have the storage credential behind the model's catalog and the storage's own policies looked at; they may also admit certain networks only

        """
    private static let network = """
        hint: run where the storage can be read, or have its owner admit this network

        """
    private static let defect = """
        hint: this is a defect of the tool; please report it with the command that you ran

        """

    private static func xml(_ code: String, _ words: String) -> String {
        "<?xml version=\"1.0\"?><Error><Code>\(code)</Code><Message>\(words)</Message></Error>"
    }

    private static func text(_ reason: String, _ path: String, _ status: Int, _ words: String, _ hint: String) -> String
    {
        "error: cannot download `models:/m/1`: \(reason)\n  --> http://127.0.0.1:PORT\(path) (GET, status \(status))\n"
            + (words.isEmpty ? "" : "  - the storage says: \(words)\n") + hint
    }

    static let rows: [Row] = [
        Row(
            service: .s3, status: 403, body: xml("AccessDenied", "Access Denied"), kind: .denied,
            message: text(
                "the storage `http://127.0.0.1:PORT` does not let the lent credential read it", "/b", 403,
                "AccessDenied: Access Denied",
                noRight)),
        Row(
            service: .s3, status: 403,
            body: xml(
                "AccessDenied",
                "User: arn:x is not authorized to perform: s3:ListBucket with an explicit deny in a VPC endpoint policy"
            ),
            kind: .denied,
            message: text(
                "the firewall of the storage `http://127.0.0.1:PORT` does not admit this machine", "/b", 403,
                "AccessDenied: User: arn:x is not authorized to perform: s3:ListBucket with an explicit deny in a VPC endpoint policy",
                network)),
        Row(
            service: .s3, status: 403,
            body: xml("InvalidAccessKeyId", "It does not exist; session-1 and secret-key, \u{202e}"),
            kind: .denied,
            message: text(
                "the storage `http://127.0.0.1:PORT` does not accept the credential that the registry lent for it",
                "/b", 403,
                "InvalidAccessKeyId: It does not exist; [hidden] and [hidden], \\u{202e}",
                "hint: is the model's storage still the one that the registry thinks it is?\n")),
        Row(
            service: .s3, status: 400, body: xml("AuthorizationHeaderMalformed", "the Credential is mal-formed"),
            kind: .denied,
            message: text(
                "the storage `http://127.0.0.1:PORT` does not accept the credential that the registry lent for it",
                "/b", 400,
                "AuthorizationHeaderMalformed: the Credential is mal-formed",
                "hint: is the model's storage still the one that the registry thinks it is?\n")),
        Row(
            service: .s3, status: 400, body: xml("InvalidArgument", "Only one auth mechanism allowed"), kind: .answer,
            message: text(
                "the storage `http://127.0.0.1:PORT` was shown two credentials at once", "/b", 400,
                "InvalidArgument: Only one auth mechanism allowed", defect)),
        Row(
            service: .s3, status: 404, body: xml("NoSuchBucket", "The bucket does not exist"), kind: .notFound,
            message: text(
                "the storage `http://127.0.0.1:PORT` does not have it", "/b", 404,
                "NoSuchBucket: The bucket does not exist",
                "hint: was the model's folder removed or moved by hand?\n")),
        Row(
            service: .s3, status: 503, body: xml("SlowDown", "Reduce your request rate."), kind: .server,
            message: text(
                "the storage `http://127.0.0.1:PORT` is in trouble", "/b", 503, "SlowDown: Reduce your request rate.",
                "hint: try again in a while\n")),
        Row(
            service: .s3, status: 418, body: "", kind: .server,
            message: text("the storage `http://127.0.0.1:PORT` refuses the request", "/b", 418, "", "")),
        Row(
            service: .azure, status: 403,
            body: xml("AuthorizationFailure", "This request is not authorized to perform this operation."),
            kind: .denied,
            message: text(
                "the firewall of the storage `http://127.0.0.1:PORT` does not admit this machine", "/b", 403,
                "AuthorizationFailure: This request is not authorized to perform this operation.", network)),
        Row(
            service: .azure, status: 403,
            body: "{\"error\":{\"code\":\"AuthorizationPermissionMismatch\",\"message\":\"No permission.\"}}",
            headers: ["x-ms-error-code": "AuthorizationPermissionMismatch"], kind: .denied,
            message: text(
                "the storage `http://127.0.0.1:PORT` does not let the lent credential read it", "/b", 403,
                "AuthorizationPermissionMismatch: No permission.", noRight)),
        Row(
            service: .azure, status: 403,
            body: xml("AuthenticationFailed", "Signature azure%2Fsig1, azure/sig1 did not match."),
            kind: .denied,
            message: text(
                "the storage `http://127.0.0.1:PORT` does not accept the credential that the registry lent for it",
                "/b", 403,
                "AuthenticationFailed: Signature [hidden], [hidden] did not match.",
                "hint: is the model's storage still the one that the registry thinks it is?\n")),
        Row(
            service: .azure, status: 400, body: "", headers: ["x-ms-error-code": "InvalidAuthenticationInfo"],
            kind: .answer,
            message: text(
                "the storage `http://127.0.0.1:PORT` was shown two credentials at once", "/b", 400,
                "InvalidAuthenticationInfo", defect)),
        Row(
            service: .azure, status: 404,
            body: "{\"error\":{\"code\":\"PathNotFound\",\"message\":\"The specified path does not exist.\"}}",
            kind: .notFound,
            message: text(
                "the storage `http://127.0.0.1:PORT` does not have it", "/b", 404,
                "PathNotFound: The specified path does not exist.",
                "hint: was the model's folder removed or moved by hand?\n")),
        Row(
            service: .google, status: 403,
            body:
                "{\"error\":{\"code\":403,\"message\":\"Request is prohibited by organization's policy. vpcServiceControlsUniqueIdentifier: x\"}}",
            kind: .denied,
            message: text(
                "the firewall of the storage `http://127.0.0.1:PORT` does not admit this machine", "/storage/v1/b/b/o",
                403,
                "Request is prohibited by organization's policy. vpcServiceControlsUniqueIdentifier: x", network)),
        Row(
            service: .google, status: 403,
            body:
                "{\"error\":{\"code\":403,\"message\":\"x does not have storage.objects.list access\",\"errors\":[{\"reason\":\"forbidden\"}]}}",
            kind: .denied,
            message: text(
                "the storage `http://127.0.0.1:PORT` does not let the lent credential read it", "/storage/v1/b/b/o",
                403,
                "forbidden: x does not have storage.objects.list access", noRight)),
    ]

    @Test("a refusal says who refuses, why, and what to do", arguments: rows)
    func messages(_ row: Row) throws {
        let cloud = try ScriptedCloud(row.service) { _ in
            .text(
                row.status, row.body, type: row.body.hasPrefix("{") ? "application/json" : "application/xml",
                headers: row.headers)
        }
        #expect(cloud.message() == row.message)
        let error = try #require(throws: RegistryError.self) { try cloud.list() }
        #expect(error.kind == row.kind)
    }

    @Test("a credential of another kind is never sent")
    func otherKind() throws {
        let server = try #require(FaultServer { _ in .answer(500) })
        defer { server.stop() }
        let surroundings = try Surroundings(environment: ["STORAGE_EMULATOR_HOST": "127.0.0.1:\(server.port)"])
        let lent = VendedCredentials { () throws(RegistryError) in
            CloudCredential(.azureSAS(Secret("sig=x")), expiration: nil)
        }
        let store = try CloudStores.store(
            at: "gs://b/m", lent: lent, surroundings, HTTPSettings(userAgent: "skiff/test", environment: [:]),
            doing: "start")
        #expect(
            message { try store.list("", doing: "download `models:/m/1`") }
                == "error: cannot download `models:/m/1`: the registry lends a credential of another kind than `gs://b/m` accepts\n"
        )
        #expect(server.requests.isEmpty)
    }
}

@Suite struct CloudStoresTests {
    private static func store(_ uri: String, _ environment: [String: String]) throws -> any ArtifactStore {
        let lent = VendedCredentials { () throws(RegistryError) in
            CloudCredential(.azureSAS(Secret("sig=x")), expiration: nil)
        }
        return try CloudStores.store(
            at: uri, lent: lent, Surroundings(environment: environment),
            HTTPSettings(userAgent: "skiff/test", environment: [:]),
            doing: "download `models:/m/1`")
    }

    @Test(
        "each address has its store",
        arguments: [
            "s3://b/m", "gs://b/m", "r2://b@0.r2.cloudflarestorage.com/m", "abfss://f@a.dfs.core.windows.net/m",
        ])
    func each(uri: String) throws {
        #expect(try Self.store(uri, [:]).place == uri)
    }

    @Test("other addresses and variables that are none are refused in a sentence")
    func refused() {
        #expect(
            message { try Self.store("hdfs://n/m", [:]) }
                == "error: cannot download `models:/m/1`: cannot use `hdfs://n/m` as the address of a storage: "
                + "this version reads `s3`, `r2`, `abfss` and `gs`, and not `hdfs`\n")
        #expect(
            message { try Self.store("s3://b/m", ["MLFLOW_S3_ENDPOINT_URL": "http://u:w@h:x/"]) } == """
                error: cannot use `http://h:x/` as `MLFLOW_S3_ENDPOINT_URL`: `h:x` is not a host name or address with an optional port
                hint: it must be an address as in `http://localhost:9000`

                """)
        #expect(
            message { try Self.store("s3://b/m", ["MLFLOW_S3_IGNORE_TLS": "yes"]) }
                == "error: cannot use `yes` as `MLFLOW_S3_IGNORE_TLS`: it must be `true` or `false`\n")
    }

    @Test("TLS is left unchecked for the named endpoint alone")
    func trust() throws {
        func origins(_ environment: [String: String]) throws -> Set<HTTPOrigin> {
            let settings = TrustSettings(environment: [:])
            let trust = try CloudStores.trust(settings, Surroundings(environment: environment))
            #expect(!trust.acceptsAnyCertificate)
            return trust.uncheckedOrigins
        }
        let endpoint = "https://minio.example:9000/s3"
        #expect(try origins(["MLFLOW_S3_IGNORE_TLS": "true"]).isEmpty)
        #expect(try origins(["MLFLOW_S3_ENDPOINT_URL": endpoint]).isEmpty)
        #expect(try origins(["MLFLOW_S3_ENDPOINT_URL": endpoint, "MLFLOW_S3_IGNORE_TLS": "false"]).isEmpty)
        #expect(
            try origins(["MLFLOW_S3_ENDPOINT_URL": endpoint, "MLFLOW_S3_IGNORE_TLS": "True"]) == [
                HTTPURL(endpoint).origin
            ])
    }
}
