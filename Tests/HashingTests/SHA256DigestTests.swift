import Bytes
import Hashing
import Testing

@Suite struct SHA256DigestTests {
    struct Vector: CustomTestStringConvertible {
        let name: String
        let message: [UInt8]
        let digest: String
        var testDescription: String { name }
    }

    // From FIPS 180-4's example values (NIST) and, for the last, `head -c 1000000 /dev/zero | tr '\0' a | sha256sum`.
    static let vectors = [
        Vector(
            name: "empty", message: [], digest: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        Vector(
            name: "abc", message: Array("abc".utf8),
            digest: "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        Vector(
            name: "two blocks", message: Array("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq".utf8),
            digest: "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"),
        Vector(
            name: "a million a's", message: [UInt8](repeating: 0x61, count: 1_000_000),
            digest: "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"),
    ]

    @Test("published vectors come out, from an array and from a region", arguments: vectors)
    func published(_ vector: Vector) {
        #expect(SHA256Digest(of: vector.message).hex == vector.digest)
        #expect(SHA256Digest(of: ByteRegion(vector.message)).hex == vector.digest)
    }

    @Test("the same bytes in any pieces give the same digest", arguments: [1, 63, 64, 65, 1000])
    func pieces(size: Int) {
        let message = (0..<10_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        var stream = SHA256Stream()
        for start in stride(from: 0, to: message.count, by: size) {
            Array(message[start..<min(start + size, message.count)]).withUnsafeBytes { stream.update($0) }
        }
        #expect(stream.finish() == SHA256Digest(of: message))
    }

    @Test("hexadecimal text is read back, in either case")
    func hexadecimal() throws {
        let digest = SHA256Digest(of: "skiff")
        #expect(try #require(SHA256Digest(hex: digest.hex)) == digest)
        #expect(try #require(SHA256Digest(hex: digest.hex.uppercased())) == digest)
        #expect(try #require(SHA256Digest(bytes: digest.bytes)) == digest)
        #expect("\(digest)" == digest.hex)
    }

    @Test(
        "text that is not 64 hexadecimal digits is not a digest",
        arguments: [
            "", "ab", String(repeating: "g", count: 64), String(repeating: "0", count: 63),
            String(repeating: "0", count: 65), "sha256:" + String(repeating: "0", count: 57),
        ])
    func notADigest(text: String) {
        #expect(SHA256Digest(hex: text) == nil)
    }

    @Test("digests are ordered as their text is")
    func order() {
        let digests = (0..<200).map { SHA256Digest(of: "\($0)") }
        #expect(digests.sorted().map(\.hex) == digests.map(\.hex).sorted())
        #expect(Set(digests).count == 200)
    }
}
