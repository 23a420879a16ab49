import Bytes
import JSONText
import TestKit
import Testing

@testable import CloudStorage

private func reason(_ body: () throws -> StoragePage) -> String {
    do {
        _ = try body()
        return "no error"
    } catch let error as CloudStorageError {
        return "\(error.kind): \(error.reason)"
    } catch {
        return "\(error)"
    }
}

@Suite struct S3AnswerTests {
    private static func page(_ inner: String) throws(CloudStorageError) -> StoragePage {
        try S3Answers.page(
            Array(
                "<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\(inner)</ListBucketResult>".utf8))
    }

    @Test("a page gives its objects, without what marks a folder")
    func whole() throws {
        let page = try Self.page(
            "<Name>b</Name><Prefix>m%2F</Prefix><KeyCount>3</KeyCount><MaxKeys>1000</MaxKeys><EncodingType>url</EncodingType>"
                + "<IsTruncated>true</IsTruncated><NextContinuationToken>1/a+b==</NextContinuationToken>"
                + "<Contents><Key>m/</Key><Size>0</Size></Contents>"
                + "<Contents><Key>m/a+b%2Bc%2525%C3%A9</Key><LastModified>x</LastModified><ETag>&quot;d41d&quot;</ETag><Size>12</Size></Contents>"
                + "<Contents><Key>m/empty</Key><Size>0</Size></Contents>"
                + "<CommonPrefixes><Prefix>m/sub%20dir/</Prefix></CommonPrefixes>")
        #expect(
            page.objects == [
                StoredObject(name: "m/a b+c%25é", size: 12, version: "\"d41d\""),
                StoredObject(name: "m/empty", size: 0, version: nil),
            ])
        #expect(page.folders == ["m/sub dir/"])
        #expect(page.next == "1/a+b==")
    }

    @Test("without `EncodingType` names are as they stand")
    func unencoded() throws {
        let page = try Self.page(
            "<IsTruncated>false</IsTruncated><Contents><Key>a+b%20&amp;c</Key><Size>1</Size></Contents>")
        #expect(page.objects.map(\.name) == ["a+b%20&c"])
        #expect(page.next == nil)
    }

    @Test(
        "a page that cannot be trusted is refused",
        arguments: [
            ("", "answer: it does not say whether it is complete"),
            ("<IsTruncated>maybe</IsTruncated>", "answer: it does not say whether it is complete"),
            ("<IsTruncated>true</IsTruncated>", "answer: it is cut short and names no next page"),
            (
                "<IsTruncated>true</IsTruncated><NextContinuationToken/>",
                "answer: it is cut short and names no next page"
            ),
            (
                "<IsTruncated>false</IsTruncated><Contents><Size>1</Size></Contents>",
                "listing: it lists a file without a name"
            ),
            (
                "<IsTruncated>false</IsTruncated><Contents><Key/><Size>1</Size></Contents>",
                "listing: it lists a file without a name"
            ),
            (
                "<IsTruncated>false</IsTruncated><Contents><Key>a</Key></Contents>",
                "listing: it lists `a` without a number of bytes"
            ),
            (
                "<IsTruncated>false</IsTruncated><Contents><Key>a</Key><Size>-1</Size></Contents>",
                "listing: it lists `a` without a number of bytes"
            ),
            (
                "<IsTruncated>false</IsTruncated><Contents><Key>a</Key><Size>99999999999999999999</Size></Contents>",
                "listing: it lists `a` without a number of bytes"
            ),
            (
                "<EncodingType>url</EncodingType><IsTruncated>false</IsTruncated><Contents><Key>%ff</Key><Size>1</Size></Contents>",
                "listing: the name `%ff` is not percent-encoded UTF-8"
            ),
            ("<IsTruncated>", "answer: it is not XML: the end tag of `ListBucketResult` has no start tag"),
        ])
    func refused(inner: String, expected: String) {
        #expect(reason { try Self.page(inner) } == expected)
    }

    @Test("a document of another kind is no listing")
    func otherKind() {
        #expect(
            reason { try S3Answers.page(Array("<Error><Code>SlowDown</Code></Error>".utf8)) }
                == "answer: it is a document of another kind, and not `ListBucketResult`")
        #expect(reason { try S3Answers.page([]) } == "answer: it is not XML: it has no element")
    }

    @Test("the answer about the location names a region, or is refused")
    func location() throws {
        func region(_ text: String) throws(CloudStorageError) -> String {
            try S3Answers.region(Array("<?xml version=\"1.0\"?><LocationConstraint>\(text)</LocationConstraint>".utf8))
                .name
        }
        #expect(try region("WEUR") == "WEUR")
        #expect(throws: CloudStorageError.self) { try region("a.b") }
        #expect(throws: CloudStorageError.self) { try region("") }
    }
}

@Suite struct DataLakeListingTests {
    private static func page(_ text: String, token: String? = nil) throws(CloudStorageError) -> StoragePage {
        try DataLakeFileSystem.page(Array(text.utf8), token: token)
    }

    @Test("booleans and sizes come as texts, digests where they are given")
    func whole() throws {
        let page = try Self.page(
            """
            {"paths":[{"name":"m/sub","isDirectory":"true","contentLength":"0"},{"name":"m/other","isDirectory":true},
            {"name":"m/sub/a b%","contentLength":"3","etag":"0x1","contentMD5":"1B2M2Y8AsgTpgAmY7PhCfg=="},
            {"name":"m/b","contentLength":4,"isDirectory":"false","lastModified":"today","contentMD5":"short"}],"new":1}
            """, token: "next=")
        #expect(page.next == "next=")
        #expect(
            page.objects == [
                StoredObject(
                    name: "m/sub/a b%", size: 3, md5: Hexadecimal.decode("d41d8cd98f00b204e9800998ecf8427e"),
                    version: "0x1"),
                StoredObject(name: "m/b", size: 4, version: "today"),
            ])
        #expect(try Self.page("{\"paths\":[]}", token: "").next == nil)
    }

    @Test(
        "a page that cannot be trusted is refused",
        arguments: [
            ("[]", "answer: it is an array where an object should be"), ("{}", "answer: it has no list `paths`"),
            ("{\"paths\":[{}]}", "listing: it lists a file without a name"),
            ("{\"paths\":[1]}", "listing: it lists a file without a name"),
            ("{\"paths\":[{\"name\":\"a\"}]}", "listing: it lists `a` without a number of bytes"),
            (
                "{\"paths\":[{\"name\":\"a\\u0007\",\"contentLength\":\"-3\"}]}",
                "listing: it lists `a\\u{7}` without a number of bytes"
            ),
            ("{\"paths\":[{\"name\":\"a\",\"contentLength\":1.5}]}", "listing: it lists `a` without a number of bytes"),
        ])
    func refused(text: String, expected: String) {
        #expect(reason { try Self.page(text) } == expected)
    }
}

@Suite struct GoogleListingTests {
    private static func page(_ text: String) throws(CloudStorageError) -> StoragePage {
        try GoogleBucket.page(Array(text.utf8))
    }

    @Test("sizes are texts, digests base 64, the checksum with its first byte first")
    func whole() throws {
        let page = try Self.page(
            """
            {"kind":"storage#objects","nextPageToken":"t","prefixes":["m/s/"],"items":[{"name":"m/","size":"0"},
            {"name":"m/a","size":"9","md5Hash":"JfnnlDI7RTiF9RgfGNJynA==","crc32c":"4waSgw==","generation":"17"},
            {"name":"m/b","size":0,"generation":18,"contentEncoding":"identity"}]}
            """)
        #expect(page.next == "t" && page.folders == ["m/s/"])
        #expect(
            page.objects == [
                StoredObject(
                    name: "m/a", size: 9, md5: Hexadecimal.decode("25f9e794323b453885f5181f18d2729c"),
                    crc32c: 0xe306_9283,
                    version: "17"),
                StoredObject(name: "m/b", size: 0, version: "18"),
            ])
        #expect(try Self.page("{}") == StoragePage(objects: [], folders: [], next: nil))
    }

    @Test(
        "a page that cannot be trusted is refused",
        arguments: [
            ("x", "answer: it is not JSON: "), ("{\"items\":{}}", "answer: `items` is an object"),
            ("{\"items\":[{\"size\":\"1\"}]}", "listing: it lists a file without a name"),
            ("{\"items\":[{\"name\":\"a\"}]}", "listing: it lists `a` without a number of bytes"),
            (
                "{\"items\":[{\"name\":\"a\",\"size\":\"1\",\"md5Hash\":\"AA==\"}]}",
                "listing: it lists `a` with a digest of another form than its kind has"
            ),
            (
                "{\"items\":[{\"name\":\"a\",\"size\":\"1\",\"crc32c\":3}]}",
                "listing: it lists `a` with a digest of another form than its kind has"
            ),
            (
                "{\"items\":[{\"name\":\"a\",\"size\":\"1\",\"contentEncoding\":\"gzip\"}]}",
                "listing: `a` is stored compressed (`contentEncoding`), which this version does not read"
            ),
            ("{\"prefixes\":[1]}", "listing: it lists a folder without a name"),
        ])
    func refused(text: String, expected: String) {
        #expect(reason { try Self.page(text) }.hasPrefix(expected))
    }
}

@Suite struct ListingFuzzTests {
    static let samples = [
        "<ListBucketResult><EncodingType>url</EncodingType><IsTruncated>false</IsTruncated><Contents><Key>a%2Fb+c</Key><ETag>&quot;1&quot;</ETag><Size>12</Size></Contents></ListBucketResult>",
        "{\"paths\":[{\"name\":\"m/a\",\"contentLength\":\"3\",\"isDirectory\":\"false\",\"contentMD5\":\"1B2M2Y8AsgTpgAmY7PhCfg==\"}]}",
        "{\"nextPageToken\":\"t\",\"prefixes\":[\"m/\"],\"items\":[{\"name\":\"m/a\",\"size\":\"9\",\"crc32c\":\"4waSgw==\",\"generation\":\"17\"}]}",
    ]

    @Test(
        "mutilated listings give an error or a page with names and sizes, and never trap",
        arguments: [11, 12, 13] as [UInt64])
    func fuzz(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        let bits = [
            "\"", "{", "}", "[", "]", ":", ",", "null", "-", "9223372036854775808", "%", "%2", "&", "<", "\u{0}",
            "\\u0000", "1e9",
        ]
        for round in 0..<1500 {
            let kind = round % 3
            var bytes = Array(Self.samples[kind].utf8)
            for _ in 0...Int.random(in: 0..<3, using: &random) {
                let place = Int.random(in: 0..<bytes.count, using: &random)
                switch Int.random(in: 0..<3, using: &random) {
                case 0: bytes.removeSubrange(place..<min(bytes.count, place + Int.random(in: 1..<9, using: &random)))
                case 1: bytes.insert(contentsOf: Array(bits.randomElement(using: &random)!.utf8), at: place)
                default: bytes[place] = UInt8.random(in: 0...255, using: &random)
                }
                if bytes.isEmpty { bytes = [0] }
            }
            let page: StoragePage?
            switch kind {
            case 0: page = try? S3Answers.page(bytes)
            case 1: page = try? DataLakeFileSystem.page(bytes, token: nil)
            default: page = try? GoogleBucket.page(bytes)
            }
            for object in page?.objects ?? [] {
                #expect(object.size >= 0 && !object.name.isEmpty, "seed \(seed), round \(round)")
            }
        }
    }
}
