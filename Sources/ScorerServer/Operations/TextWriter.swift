/// Writes short texts into memory that is large enough, for what every answer carries: nothing is allocated or checked.
struct TextWriter {
    private let start: UnsafeMutablePointer<UInt8>
    private var end: UnsafeMutablePointer<UInt8>

    /// Appends to `bytes` what `write` writes, at most `capacity` bytes.
    static func append(to bytes: inout [UInt8], capacity: Int, _ write: (inout TextWriter) -> Void) {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: capacity) { room in
            guard let base = room.baseAddress else { return }
            var writer = TextWriter(start: base, end: base)
            write(&writer)
            bytes.append(contentsOf: UnsafeBufferPointer(start: base, count: writer.end - base))
        }
    }

    @inline(__always)
    mutating func append(_ text: StaticString) {
        end.update(from: text.utf8Start, count: text.utf8CodeUnitCount)
        end += text.utf8CodeUnitCount
    }

    /// At most 20 digits.
    mutating func appendDecimal(_ number: UInt64) {
        var divisor: UInt64 = 1
        while number / divisor >= 10 { divisor *= 10 }
        while divisor > 0 {
            append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: number / divisor % 10))
            divisor /= 10
        }
    }

    /// The last `count` digits of a number that is not negative.
    @inline(__always)
    mutating func appendDigits(_ number: Int, _ count: Int) {
        var rest = UInt(truncatingIfNeeded: number)
        for place in (0..<count).reversed() {
            end[place] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
            rest /= 10
        }
        end += count
    }

    /// Milliseconds with three places; at most 24 bytes.
    mutating func appendMilliseconds(_ nanoseconds: UInt64) {
        let microseconds = nanoseconds / 1000
        let whole = microseconds / 1000
        if whole < 10 { append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: whole)) } else { appendDecimal(whole) }
        let rest = UInt32(truncatingIfNeeded: microseconds % 1000)
        append(UInt8(ascii: "."))
        append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest / 100))
        append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest / 10 % 10))
        append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10))
    }

    @inline(__always)
    mutating func append(_ byte: UInt8) {
        end.pointee = byte
        end += 1
    }
}

extension [UInt8] {
    /// Appends `, "name": number`.
    mutating func appendMember(_ name: StaticString, _ number: Int) {
        TextWriter.append(to: &self, capacity: 25 + name.utf8CodeUnitCount) { writer in
            writer.append(", \"")
            writer.append(name)
            writer.append("\": ")
            writer.appendDecimal(UInt64(clamping: number))
        }
    }

    /// Appends milliseconds with three places.
    mutating func appendMilliseconds(_ nanoseconds: UInt64) {
        TextWriter.append(to: &self, capacity: 24) { $0.appendMilliseconds(nanoseconds) }
    }
}
