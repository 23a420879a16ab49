import Bytes
import JSONText

// Triton's binary tensor data: the elements one after the other, little-endian, outside of the JSON.
extension RequestDecoder {
    /// Binary tensor data goes the way of JSON, in pieces: one set of rules for both.
    mutating func decodeBinary<Sink: CellSink>(
        _ bytes: UnsafeRawBufferPointer, _ cursor: inout TensorCursor, _ sink: inout Sink
    ) throws(RequestError) {
        var offset = 0
        var piece: [UInt8] = []
        var made = 0
        while made < cursor.input.count {
            piece.removeAll(keepingCapacity: true)
            piece.append(UInt8(ascii: "["))
            while made < cursor.input.count, piece.count < 1 << 16 {
                if piece.count > 1 { piece.append(UInt8(ascii: ",")) }
                try appendElement(bytes, &offset, made, cursor, to: &piece)
                made += 1
            }
            piece.append(UInt8(ascii: "]"))
            try withText(piece) { (decoder, reader) throws(RequestError) in
                _ = try reader.step()
                var event = try reader.step()
                while event != .endArray {
                    try decoder.element(event, &reader, &cursor, &sink)
                    event = try reader.step()
                }
            }
        }
        guard offset == bytes.count else {
            throw .malformed(
                "/inputs/\(cursor.number): its binary data has \(bytes.count - offset) bytes more than its elements.")
        }
    }

    private func appendElement(
        _ bytes: UnsafeRawBufferPointer, _ offset: inout Int, _ index: Int, _ cursor: TensorCursor,
        to text: inout [UInt8]
    ) throws(RequestError) {
        let place = "/inputs/\(cursor.number): element \(index) of its binary data"
        if let width = cursor.input.datatype.width {
            // The size was compared with the shape.
            let element = UnsafeRawBufferPointer(rebasing: bytes[offset..<(offset + width)])
            guard cursor.input.datatype.append(element, to: &text) else {
                let expected = cursor.input.datatype == .bool ? "0 or 1" : "a finite number, or NaN for none"
                throw .unfit("\(place): expected \(expected).")
            }
            offset += width
            return
        }
        guard bytes.count - offset >= 4 else { throw .malformed("\(place) lacks its length of 4 bytes.") }
        let length = Int(UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self)))
        offset += 4
        guard length <= bytes.count - offset else {
            throw .malformed("\(place) has a length of \(length), and \(bytes.count - offset) bytes are left.")
        }
        let element = UnsafeRawBufferPointer(rebasing: bytes[offset..<(offset + length)])
        offset += length
        if case .column(let column) = cursor.target, columns[column].kind == .binary {
            // Base 64 is how a cell of this type is written in JSON.
            return JSONWriter.appendString(Base64.encode(Array(element)), isASCII: true, to: &text)
        }
        guard let word = String(validating: element, as: UTF8.self) else {
            throw .unfit("\(place): expected a text in UTF-8.")
        }
        JSONWriter.appendString(word, isASCII: false, to: &text)
    }
}
