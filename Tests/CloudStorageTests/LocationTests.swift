import Diagnostics
import HTTPTransport
import TestKit
import Testing

@testable import CloudStorage

@Suite struct CloudLocationTests {
    @Test(
        "addresses of registries are read, and written again without slashes at the end",
        arguments: [
            ("s3://bucket/models/1", "s3://bucket/models/1"), ("s3://bucket/models/1/", "s3://bucket/models/1"),
            ("s3://bucket", "s3://bucket"), ("s3a://b.u_C-k/a%20b/c?d", "s3://b.u_C-k/a%20b/c?d"),
            ("S3://bucket//a//b/", "s3://bucket/a//b"),
            ("gs://bucket/é", "gs://bucket/é"),
            ("r2://bucket@0123.r2.cloudflarestorage.com/a/b", "r2://bucket@0123.r2.cloudflarestorage.com/a/b"),
            ("abfss://fs@acct.dfs.core.windows.net/a%20b/%2541", "abfss://fs@acct.dfs.core.windows.net/a b/%41"),
            ("abfss://fs@acct.dfs.localhost:5112/x", "abfss://fs@acct.dfs.localhost:5112/x"),
            ("abfss://$web@acct.dfs.core.windows.net", "abfss://$web@acct.dfs.core.windows.net"),
        ])
    func read(text: String, expected: String) throws {
        #expect(try CloudLocation(text).text == expected)
    }

    @Test(
        "other addresses are refused with the reason",
        arguments: [
            ("bucket/a", "it has no scheme, as in `s3://BUCKET/FOLDER`"),
            ("s3:///a", "`s3://` is not followed by the name of a bucket"),
            ("s3://a b/c", "`s3://` is not followed by the name of a bucket"),
            ("s3://user:word@bucket/c", "`s3://` is not followed by the name of a bucket"),
            ("gs://", "`gs://` is not followed by the name of a bucket"),
            ("s3://.evil/c", "`s3://` is not followed by the name of a bucket"),
            ("r2://bucket/a", "it does not have the form `NAME@HOST` after `://`"),
            ("abfss://a@b@c/d", "it does not have the form `NAME@HOST` after `://`"),
            ("abfss://fs@ho st/d", "what follows `@` is not a host"),
            ("abfss://fs@host:99999/d", "what follows `@` is not a host"),
            ("abfss://fs@host?x=1", "what follows `@` is not a host"),
            ("abfss://fs@a.b/%ff", "its path is not percent-encoded UTF-8"),
            ("wasbs://c@a.blob.core.windows.net/x", "this version reads `s3`, `r2`, `abfss` and `gs`, and not `wasbs`"),
        ])
    func refused(text: String, reason: String) throws {
        let error = try #require(throws: CloudStorageError.self) { try CloudLocation(text) }
        #expect(error.reason == reason)
        #expect(error.kind == .location)
    }

    @Test("the error shows neither password nor query")
    func shown() {
        #expect(
            message { try CloudLocation("ftp://u:w@h/x?sig=s") }
                == "error: cannot use `ftp://h/x` as the address of a storage: this version reads `s3`, `r2`, `abfss` and `gs`, and not `ftp`\n"
        )
    }
}

@Suite struct S3BucketTests {
    struct Row: CustomTestStringConvertible, Sendable {
        let bucket: S3Bucket
        let region: String?
        let list: String
        let read: String
        var testDescription: String { list }
    }

    private static func bucket(_ name: String, _ endpoint: String? = nil, _ region: String? = nil) -> S3Bucket {
        S3Bucket(amazon: name, endpoint: endpoint.flatMap { try? HTTPURL($0) }, region: region)
    }

    private static let query = "encoding-type=url&list-type=2&prefix=a%2F"

    static let rows = [
        Row(
            bucket: bucket("models"), region: nil, list: "https://models.s3.amazonaws.com/?\(query)",
            read: "https://models.s3.amazonaws.com/a/b%20%2B%23"),
        Row(
            bucket: bucket("models"), region: "us-east-1", list: "https://models.s3.us-east-1.amazonaws.com/?\(query)",
            read: "https://models.s3.us-east-1.amazonaws.com/a/b%20%2B%23"),
        Row(
            bucket: bucket("models", nil, "eu-west-1"), region: nil,
            list: "https://models.s3.eu-west-1.amazonaws.com/?\(query)",
            read: "https://models.s3.eu-west-1.amazonaws.com/a/b%20%2B%23"),
        Row(
            bucket: bucket("models"), region: "cn-north-1",
            list: "https://models.s3.cn-north-1.amazonaws.com.cn/?\(query)",
            read: "https://models.s3.cn-north-1.amazonaws.com.cn/a/b%20%2B%23"),
        Row(
            bucket: bucket("models"), region: "us-gov-west-1",
            list: "https://models.s3.us-gov-west-1.amazonaws.com/?\(query)",
            read: "https://models.s3.us-gov-west-1.amazonaws.com/a/b%20%2B%23"),
        Row(
            bucket: bucket("my.models"), region: "eu-west-1",
            list: "https://s3.eu-west-1.amazonaws.com/my.models?\(query)",
            read: "https://s3.eu-west-1.amazonaws.com/my.models/a/b%20%2B%23"),
        Row(
            bucket: bucket("My_Models"), region: nil, list: "https://s3.amazonaws.com/My_Models?\(query)",
            read: "https://s3.amazonaws.com/My_Models/a/b%20%2B%23"),
        Row(
            bucket: bucket("models", "http://127.0.0.1:9000"), region: nil,
            list: "http://127.0.0.1:9000/models?\(query)",
            read: "http://127.0.0.1:9000/models/a/b%20%2B%23"),
        Row(
            bucket: bucket("models", "https://minio.example/s3/", "eu-west-1"), region: "eu-west-2",
            list: "https://minio.example/s3/models?\(query)", read: "https://minio.example/s3/models/a/b%20%2B%23"),
    ]

    @Test("requests go where boto3 sends them", arguments: rows)
    func addresses(_ row: Row) throws {
        let region = try row.region.map { try #require(S3Bucket.Region(named: $0)) } ?? row.bucket.firstRegion
        #expect(try row.bucket.listRequest(prefix: "a/", token: nil, in: region).url.exactText == row.list)
        #expect(try row.bucket.readRequest("a/b +#", in: region).url.exactText == row.read)
    }

    @Test("R2 is asked for its region, and then under the bucket's name in the path")
    func cloudflare() throws {
        let bucket = S3Bucket(r2: "models", host: try HTTPURL("https://0123.r2.cloudflarestorage.com"))
        #expect(bucket.firstRegion.name == "auto")
        let request = try bucket.regionRequest(in: bucket.firstRegion)
        #expect(request.method == .get)
        #expect(request.url.exactText == "https://0123.r2.cloudflarestorage.com/models?location=")
        #expect(
            try bucket.readRequest("/a//b/", in: bucket.firstRegion).url.exactText
                == "https://0123.r2.cloudflarestorage.com/models//a//b/")
    }

    @Test("a token is encoded once")
    func token() throws {
        let bucket = Self.bucket("models")
        let request = try bucket.listRequest(prefix: "", token: "a+b/c==", in: bucket.firstRegion)
        #expect(request.url.query == "continuation-token=a%2Bb%2Fc%3D%3D&encoding-type=url&list-type=2&prefix=")
        #expect(try bucket.regionRequest(in: bucket.firstRegion).method == .head)
    }

    @Test(
        "a region that could turn a host's name into another is none",
        arguments: [
            "", "evil.example/", "eu-west-1.evil", "-a", "a-", "é", "a b", String(repeating: "a", count: 64), "a:80",
            "a@b",
        ])
    func noRegion(text: String) {
        #expect(S3Bucket.Region(named: text) == nil)
        #expect(S3Bucket(amazon: "models", endpoint: nil, region: text).firstRegion.name == "us-east-1")
    }
}

@Suite struct DataLakeAndGoogleRequestTests {
    @Test("the signature is appended as it was lent, and nothing else signs")
    func dataLake() throws {
        let system = DataLakeFileSystem(name: "fs", host: try HTTPURL("https://acct.dfs.core.windows.net"))
        let time = CalendarTime(seconds: 0)
        let sas = Secret("sv=2023&sig=a%2Fb%2Bc%3D&x=a/b:c")
        let list = try system.listRequest("a b/c", token: "t+/=", signature: sas, at: time)
        #expect(
            list.url.exactText == "https://acct.dfs.core.windows.net/fs?resource=filesystem&recursive=true"
                + "&directory=a%20b%2Fc&continuation=t%2B%2F%3D&sv=2023&sig=a%2Fb%2Bc%3D&x=a/b:c")
        #expect(list.credential == nil)
        #expect(
            list.headers == [
                HTTPHeader("x-ms-version", "2023-11-03"), HTTPHeader("x-ms-date", "Thu, 01 Jan 1970 00:00:00 GMT"),
            ])
        let read = try system.readRequest("a b/#c%41/é", signature: Secret("?sig=x"), at: time)
        #expect(read.url.exactText == "https://acct.dfs.core.windows.net/fs/a%20b/%23c%2541/%C3%A9?sig=x")
        #expect(!"\(read)".contains("sig="))
        let whole = try system.listRequest("", token: nil, signature: sas, at: time)
        #expect(whole.url.query?.hasPrefix("resource=filesystem&recursive=true&sv=") == true)
    }

    @Test(
        "a signature that is no part of a URL is refused without showing it",
        arguments: ["sig=a b", "sig=a#b", "sig=é", "sig=\u{7}"])
    func badSignature(text: String) throws {
        let system = DataLakeFileSystem(name: "fs", host: try HTTPURL("https://a.b"))
        #expect(
            message { try system.readRequest("x", signature: Secret(text), at: CalendarTime(seconds: 0)) }
                == "error: cannot use `https://a.b/fs/x` as the address of a storage: "
                + "the shared access signature is not percent-encoded\n")
    }

    @Test("an object of Google's is one segment of its address, and pinned to its generation")
    func google() throws {
        let bucket = try GoogleBucket(name: "b", emulator: nil)
        #expect(
            bucket.listRequest(prefix: "a b/", token: "t=").url.exactText
                == "https://storage.googleapis.com/storage/v1/b/b/o"
                + "?fields=items%28name%2Csize%2Cmd5Hash%2Ccrc32c%2Cgeneration%2CcontentEncoding%29%2CnextPageToken"
                + "&prefix=a%20b%2F&pageToken=t%3D")
        #expect(
            bucket.readRequest("a b/c?d#e", generation: "17").url.exactText
                == "https://storage.googleapis.com/download/storage/v1/b/b/o/a%20b%2Fc%3Fd%23e?alt=media&generation=17")
        let emulator = try GoogleBucket(name: "b", emulator: HTTPURL("http://127.0.0.1:4443"))
        #expect(
            emulator.readRequest("x", generation: nil).url.exactText
                == "http://127.0.0.1:4443/download/storage/v1/b/b/o/x?alt=media")
    }
}
