import Bytes
import HTTPTransport
import Testing

@testable import Transfers

@Suite struct AnswerTests {
    @Test(
        "only an exact Content-Range counts",
        arguments: [
            ("bytes 0-9/10", 0..<10, 10), ("bytes 5-5/10", 5..<6, 10), ("Bytes 0-0/1", 0..<1, 1),
            ("bytes 0-9/*", nil, 0), ("bytes */10", nil, 0), ("bytes 0-10/10", nil, 0), ("bytes 3-2/10", nil, 0),
            ("bytes=0-9/10", nil, 0), ("bytes +0-9/10", nil, 0), ("bytes 0-9/10 ", nil, 0), ("items 0-9/10", nil, 0),
            ("bytes 0-9/99999999999999999999", nil, 0), ("bytes -9/10", nil, 0), ("", nil, 0),
        ] as [(String, Range<Int>?, Int)])
    func contentRange(text: String, range: Range<Int>?, total: Int) {
        #expect(ContentRange(text)?.range == range)
        if range != nil { #expect(ContentRange(text)?.total == total) }
    }

    @Test("a strong tag is the condition, else the date; a weak tag is still compared")
    func validators() {
        func validator(_ tag: String?, _ date: String?) -> Validator {
            let headers = [tag.map { HTTPHeader("ETag", $0) }, date.map { HTTPHeader("Last-Modified", $0) }]
            return Validator(HTTPResponseHead(status: 200, headers: headers.compactMap { $0 }))
        }
        #expect(validator("\"a\"", "d").condition == "\"a\"")
        #expect(validator("W/\"a\"", "d").condition == "d")
        #expect(validator("W/\"a\"", nil).condition == nil)
        #expect(validator("", "").condition == nil)
        #expect(validator("\"a\"", "d").accepts(validator("\"a\"", "e")))
        #expect(validator("\"a\"", nil).accepts(validator("\"b\"", nil)) == false)
        #expect(validator("W/\"a\"", "d").accepts(validator("W/\"b\"", "d")) == false)
        #expect(validator("\"a\"", nil).accepts(validator(nil, nil)) == false)
        #expect(validator(nil, "d").accepts(validator(nil, "e")) == false)
        #expect(validator(nil, "d").accepts(validator(nil, nil)))
        // Canonically equivalent, but other bytes.
        #expect(validator("\"\u{e9}\"", nil).accepts(validator("\"e\u{301}\"", nil)) == false)
    }

    static let md5 = [UInt8](repeating: 1, count: 16)
    static let sha = [UInt8](repeating: 2, count: 32)

    @Test(
        "digests are read from the headers that state them for the whole object",
        arguments: [
            (200, ["x-goog-hash": "crc32c=AAAAAQ==, md5=\(Base64.encode(md5))"], [.crc32c(1), .md5(md5)]),
            (206, ["x-goog-hash": "crc32c=AAAAAQ=="], [.crc32c(1)]),
            (200, ["x-goog-hash": "crc32c=AAAAAQ==", "x-goog-stored-content-encoding": "gzip"], []),
            (200, ["Content-MD5": Base64.encode(md5)], [.md5(md5)]),
            (206, ["Content-MD5": Base64.encode(md5)], []),
            (200, ["x-ms-content-md5": Base64.encode(md5)], [.md5(md5)]),
            (200, ["x-amz-checksum-sha256": Base64.encode(sha)], [.sha256(sha)]),
            (200, ["x-amz-checksum-crc32c": "AAAAAQ=="], [.crc32c(1)]),
            (200, ["x-amz-checksum-sha256": Base64.encode(sha) + "-3"], []),
            (200, ["x-amz-checksum-crc32c": "AAAAAQ==", "x-amz-checksum-type": "COMPOSITE"], []),
            (206, ["x-amz-checksum-sha256": Base64.encode(sha)], []),
            (200, ["ETag": "\"01010101010101010101010101010101\"", "Content-MD5": "short"], []),
        ] as [(Int, [String: String], [ObjectChecksum])])
    func checksums(status: Int, headers: [String: String], expected: [ObjectChecksum]) {
        let head = HTTPResponseHead(status: status, headers: headers.map { HTTPHeader($0.key, $0.value) })
        #expect(AnswerChecksums.read(head) == expected)
    }

    @Test("ranges grow together, and the first gap is found")
    func ranges() {
        var ranges = ByteRanges()
        #expect(ranges.firstGap(below: 10, limit: 4) == 0..<4)
        ranges.insert(5..<7)
        ranges.insert(0..<2)
        ranges.insert(3..<3)
        #expect(ranges.ranges == [0..<2, 5..<7])
        #expect(ranges.firstGap(below: 10, limit: 100) == 2..<5)
        ranges.insert(2..<4)
        #expect(ranges.ranges == [0..<4, 5..<7] && ranges.prefixEnd == 4 && ranges.count == 6)
        ranges.insert(1..<9)
        #expect(ranges.ranges == [0..<9])
        ranges.insert(20..<30)
        #expect(ranges.firstGap(below: 30, limit: 100) == 9..<20)
        #expect(ranges.firstGap(below: 9, limit: 100) == nil)
        #expect(ByteRanges([3..<5, 0..<1, 5..<9]).ranges == [0..<1, 3..<9])
    }
}
