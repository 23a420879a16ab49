import Bytes
import Testing

@Test("numbers are read in both byte orders and the offset follows")
func numbers() throws {
    var reader = ByteReader(ByteRegion([1, 2, 3, 4, 5, 6, 7, 8, 0xff, 0xff, 0xff, 0xff, 0xfe, 0xff, 1, 2]))
    #expect(try reader.readUInt64() == 0x0807_0605_0403_0201)
    #expect(try reader.readInt32() == -1)
    #expect(try reader.readInt16() == -2)
    #expect(reader.offset == 14)
    #expect(try reader.readUInt16BigEndian() == 0x0102)
    #expect(reader.isAtEnd && reader.next == nil)

    try reader.seek(to: 0)
    #expect(try reader.readUInt64BigEndian() == 0x0102_0304_0506_0708)
    try reader.seek(to: 1)
    #expect(try reader.readUInt32BigEndian() == 0x0203_0405)
    #expect(reader.next == 6)
    #expect(try reader.readUInt8() == 6)
    #expect(try reader.readInt8() == 7)
    try reader.seek(to: 3)
    #expect(try reader.readUInt16() == 0x0504)
    #expect(try reader.readUInt32() == 0xff08_0706)
}

@Test("floats are read bit by bit, also NaN and subnormal ones")
func floats() throws {
    var writer = ByteWriter()
    for value: Double in [0.1, -0.0, .infinity, .leastNonzeroMagnitude] { writer.append(value) }
    writer.append(Float(0.1))
    writer.append(contentsBigEndian: 2.5)
    var reader = ByteReader(ByteRegion(writer.bytes))
    for value: Double in [0.1, -0.0, .infinity, .leastNonzeroMagnitude] {
        #expect(try reader.readFloat64().bitPattern == value.bitPattern)
    }
    #expect(try reader.readFloat32() == Float(0.1))
    #expect(try reader.readFloat64BigEndian() == 2.5)
}

extension ByteWriter {
    fileprivate mutating func append(contentsBigEndian value: Double) { append(value.bitPattern.byteSwapped) }
}

@Test("a read past the end throws, moves nothing and says what was needed")
func pastTheEnd() {
    var reader = ByteReader(ByteRegion([1, 2, 3, 4]), range: 1..<4)
    #expect(throws: ByteReaderError(offset: 1, needed: 4, available: 3)) { try reader.readUInt32() }
    #expect(throws: ByteReaderError(offset: 1, needed: .max, available: 3)) { try reader.readBytes(.max) }
    #expect(throws: ByteReaderError(offset: 1, needed: -1, available: 3)) { try reader.readBytes(-1) }
    #expect(reader.offset == 1)
    let error = #expect(throws: ByteReaderError.self) { try reader.skip(4) }
    #expect(error?.description == "it ends too early: 4 bytes needed, 3 left")
    #expect(throws: ByteReaderError.self) { try reader.seek(to: 0) }
    #expect(throws: ByteReaderError.self) { try reader.seek(to: 5) }
    #expect(throws: Never.self) { try reader.seek(to: 4) }
    #expect(ByteReaderError(offset: 0, needed: -3, available: 1).description == "a length is negative (-3)")
}

@Test("lines end at their line feed, within a limit")
func lines() throws {
    let region = ByteRegion("ab\n\nlong line\nrest")
    var reader = ByteReader(region)
    #expect(region.string(try reader.readLine(limit: 2)) == "ab")
    #expect(region.string(try reader.readLine(limit: 0)) == "")
    let long = #expect(throws: ByteReaderError.self) { try reader.readLine(limit: 8) }
    #expect(long?.description == "a line is longer than the limit of 8 bytes")
    #expect(region.string(try reader.readLine(limit: .max)) == "long line")
    let rest = #expect(throws: ByteReaderError.self) { try reader.readLine(limit: .max) }
    #expect(rest?.description == "it ends in the middle of a line")
    #expect(rest?.offset == 14)
}

@Test("random reads never leave the range: every result agrees with the array")
func randomReads() throws {
    let bytes = (0..<100).map { UInt8($0) }
    let region = ByteRegion(bytes)
    var state: UInt64 = 7
    var reader = ByteReader(region, range: 10..<90)
    for _ in 0..<10_000 {
        state = state &* 6_364_136_223_846_793_005 &+ 1
        let count = Int(state >> 33 % 100) - 5
        let before = reader.offset
        do throws(ByteReaderError) {
            let range = try reader.readBytes(count)
            #expect(region.bytes(range) == Array(bytes[before..<before + count]))
        } catch {
            #expect(count < 0 || before + count > 90)
            #expect(reader.offset == before)
        }
        if reader.isAtEnd { try reader.seek(to: 10) }
    }
}
