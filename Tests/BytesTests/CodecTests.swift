import Bytes
import Testing

@Test("hexadecimal digits go both ways and anything else is refused")
func hexadecimal() {
    let all = (0...255).map { UInt8($0) }
    #expect(Hexadecimal.encode([0, 0x0f, 0xa5, 0xff]) == "000fa5ff")
    #expect(Hexadecimal.decode(Hexadecimal.encode(all)) == all)
    #expect(Hexadecimal.decode("AbCd") == [0xab, 0xcd])
    #expect(Hexadecimal.decode("") == [])
    for text in ["a", "abc", "0g", "0x", " 00", "００"] { #expect(Hexadecimal.decode(text) == nil, "\(text)") }
}

@Test(
    "base 64 agrees with RFC 4648, section 10",
    arguments: [
        ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
        ("foobar", "Zm9vYmFy"),
    ])
func base64(_ text: String, _ encoded: String) {
    #expect(Base64.encode(Array(text.utf8)) == encoded)
    #expect(Base64.decode(encoded) == Array(text.utf8))
}

@Test("base 64 of all lengths goes both ways")
func base64RoundTrip() {
    for count in 0..<200 {
        let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ count) }
        #expect(Base64.decode(Base64.encode(bytes)) == bytes)
    }
}

@Test(
    "base 64 that is not strict is refused",
    arguments: ["Z", "Zg", "Zg=", "Zg===", "====", "=", "Zh==", "Zm9=", "Zm 9", "Zm9v\n", "Z=g=", "-_-_", "Zg==Zg=="])
func base64Refusals(_ text: String) {
    #expect(Base64.decode(text) == nil)
}

@Test("the checksum is that of zip, in one piece or several, at any alignment")
func crc32() {
    #expect(Checksum32.crc32(Array("123456789".utf8)) == 0xcbf4_3926)
    #expect(Checksum32.crc32([]) == 0)
    #expect(Checksum32.crc32([], seed: 5) == 5)
    let bytes = (0..<1000).map { UInt8(truncatingIfNeeded: $0 &* $0 &+ 13) }
    let whole = Checksum32.crc32(bytes)
    #expect(whole == slow(bytes))
    for cut in 0..<40 {
        let first = Checksum32.crc32(Array(bytes[..<cut]))
        #expect(Checksum32.crc32(Array(bytes[cut...]), seed: first) == whole)
        bytes.withUnsafeBytes { buffer in
            let part = UnsafeRawBufferPointer(rebasing: buffer[cut...])
            #expect(Checksum32.crc32(part, seed: first) == whole)
        }
    }
}

private func slow(_ bytes: [UInt8]) -> UInt32 {
    ~bytes.reduce(~0 as UInt32) { crc, byte in
        (0..<8).reduce(crc ^ UInt32(byte)) { word, _ in word & 1 == 1 ? word >> 1 ^ 0xedb8_8320 : word >> 1 }
    }
}

@Test("a writer appends little-endian and pads with zeros")
func writer() {
    var writer = ByteWriter(capacity: 64)
    writer.append(1 as UInt8)
    writer.append(0x0203 as UInt16)
    writer.append(0x0405_0607 as UInt32)
    writer.pad(toMultipleOf: 8)
    writer.append(-2 as Int32)
    writer.append("hé")
    writer.append([9, 8] as [UInt8])
    writer.append(-1 as Int64)
    #expect(
        writer.bytes == [1, 3, 2, 7, 6, 5, 4, 0, 0xfe, 0xff, 0xff, 0xff, 0x68, 0xc3, 0xa9, 9, 8]
            + [UInt8](repeating: 0xff, count: 8))
    writer.pad(toMultipleOf: 5)
    #expect(writer.count == 25)
    var arrays = ByteWriter()
    arrays.append([1.0, 2.0])
    arrays.append([3, 4] as [UInt32])
    arrays.append([5] as [UInt64])
    #expect(arrays.count == 32 && arrays.bytes[16] == 3 && arrays.bytes[24] == 5)
}
