import Bytes
import Hashing
import Testing

private func md5(_ bytes: [UInt8], piece: Int = .max) throws -> String {
    guard var stream = MD5Stream() else { throw Missing() }
    for start in stride(from: 0, to: bytes.count, by: min(piece, max(bytes.count, 1))) {
        Array(bytes[start..<(bytes.count - start <= piece ? bytes.count : start + piece)])
            .withUnsafeBytes { stream.update($0) }
    }
    return Hexadecimal.encode(stream.finish())
}

private struct Missing: Error {}

private func crc32c(_ bytes: [UInt8]) -> UInt32 {
    var crc = CRC32C()
    bytes.withUnsafeBytes { crc.update($0) }
    return crc.value
}

@Suite struct MD5StreamTests {
    // RFC 1321, appendix A.5.
    @Test(
        "the vectors of RFC 1321 come out",
        arguments: [
            ("", "d41d8cd98f00b204e9800998ecf8427e"), ("a", "0cc175b9c0f1b6a831c399e269772661"),
            ("abc", "900150983cd24fb0d6963f7d28e17f72"), ("message digest", "f96b697d7cb7938d525a2f31aaf161d0"),
            ("abcdefghijklmnopqrstuvwxyz", "c3fcd3d76192e4007dfb496cca67e13b"),
            ("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789", "d174ab98d277d9f5a5611c2c9f419d9f"),
            (
                "12345678901234567890123456789012345678901234567890123456789012345678901234567890",
                "57edf4a22be3c955ac49da2e2107b67a"
            ),
        ])
    func published(text: String, digest: String) throws {
        #expect(try md5(Array(text.utf8)) == digest)
    }

    @Test("the same bytes in any pieces give the same digest", arguments: [1, 63, 64, 65, 1000])
    func pieces(size: Int) throws {
        let message = (0..<5000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        #expect(try md5(message, piece: size) == md5(message))
    }
}

@Suite struct CRC32CTests {
    struct Vector: CustomTestStringConvertible {
        let testDescription: String
        let bytes: [UInt8]
        let value: UInt32
    }

    // RFC 3720, appendix B.4 (which prints the bytes of the value in the order of the wire), and the check value of the
    // catalogue of parametrised CRC algorithms for "123456789".
    static let vectors = [
        Vector(testDescription: "nothing", bytes: [], value: 0),
        Vector(testDescription: "check", bytes: Array("123456789".utf8), value: 0xe306_9283),
        Vector(testDescription: "32 zeros", bytes: [UInt8](repeating: 0, count: 32), value: 0x8a91_36aa),
        Vector(testDescription: "32 ones", bytes: [UInt8](repeating: 0xff, count: 32), value: 0x62a8_ab43),
        Vector(testDescription: "ascending", bytes: [UInt8](0..<32), value: 0x46dd_794e),
        Vector(testDescription: "descending", bytes: [UInt8]((0..<32).reversed()), value: 0x113f_db5c),
    ]

    @Test("published vectors come out", arguments: vectors)
    func published(_ vector: Vector) {
        #expect(crc32c(vector.bytes) == vector.value)
    }

    @Test("the same bytes in any pieces give the same value", arguments: [1, 7, 8, 9, 1000])
    func pieces(size: Int) {
        let message = (0..<5000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        var crc = CRC32C()
        for start in stride(from: 0, to: message.count, by: size) {
            Array(message[start..<min(start + size, message.count)]).withUnsafeBytes { crc.update($0) }
        }
        #expect(crc.value == crc32c(message))
    }
}

@Suite struct HMACSHA256Tests {
    struct Vector: CustomTestStringConvertible {
        let testDescription: String
        let key: [UInt8]
        let message: [UInt8]
        let code: String
    }

    // RFC 4231, section 4.
    static let vectors = [
        Vector(
            testDescription: "case 1", key: [UInt8](repeating: 0x0b, count: 20), message: Array("Hi There".utf8),
            code: "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"),
        Vector(
            testDescription: "case 2", key: Array("Jefe".utf8), message: Array("what do ya want for nothing?".utf8),
            code: "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"),
        Vector(
            testDescription: "case 3", key: [UInt8](repeating: 0xaa, count: 20),
            message: [UInt8](repeating: 0xdd, count: 50),
            code: "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"),
        Vector(
            testDescription: "case 4", key: [UInt8](1...25), message: [UInt8](repeating: 0xcd, count: 50),
            code: "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"),
        Vector(
            testDescription: "case 6", key: [UInt8](repeating: 0xaa, count: 131),
            message: Array("Test Using Larger Than Block-Size Key - Hash Key First".utf8),
            code: "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"),
        Vector(
            testDescription: "case 7", key: [UInt8](repeating: 0xaa, count: 131),
            message: Array(
                ("This is a test using a larger than block-size key and a larger than block-size data. The key needs "
                    + "to be hashed before being used by the HMAC algorithm.").utf8),
            code: "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2"),
    ]

    @Test("the vectors of RFC 4231 come out", arguments: vectors)
    func published(_ vector: Vector) {
        #expect(Hexadecimal.encode(HMACSHA256.code(of: vector.message, key: vector.key)) == vector.code)
    }
}
