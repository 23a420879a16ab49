import Bytes

/// One field of every element of an array, read in C order.
public struct NumpyColumn: Sendable {
    /// How an element is stored; all little-endian.
    enum Format: UInt8 {
        case float64, float32, float16, int64, int32, int16, int8, uint64, uint32, uint16, uint8, boolean
    }

    /// Number of elements.
    public let count: Int
    let format: Format
    let region: ByteRegion
    let start: Int
    let stride: Int

    init?(_ type: NumpyType, count: Int, region: ByteRegion, start: Int, stride: Int) {
        if type.isBigEndian && type.itemSize > 1 { return nil }
        switch (type.kind, type.itemSize) {
        case (.float, 8): format = .float64
        case (.float, 4): format = .float32
        case (.float, 2): format = .float16
        case (.signed, 8): format = .int64
        case (.signed, 4): format = .int32
        case (.signed, 2): format = .int16
        case (.signed, 1): format = .int8
        case (.unsigned, 8): format = .uint64
        case (.unsigned, 4): format = .uint32
        case (.unsigned, 2): format = .uint16
        case (.unsigned, 1): format = .uint8
        case (.boolean, _): format = .boolean
        default: return nil
        }
        self.count = count
        self.region = region
        self.start = start
        self.stride = stride
    }

    /// Element `index` as a number: exact for floats, booleans and integers up to 2^53.
    @inline(__always)
    public func number(_ index: Int) -> Double {
        precondition(index >= 0 && index < count, "element index out of range")
        let pointer = region.base + start + index * stride
        switch format {
        case .float64: return pointer.loadUnaligned(as: Double.self)
        case .float32: return Double(pointer.loadUnaligned(as: Float.self))
        case .float16: return NumpyColumn.half(pointer.loadUnaligned(as: UInt16.self))
        default: return Double(integer(index))
        }
    }

    /// Element `index` as an integer; 0 for a float.
    @inline(__always)
    public func integer(_ index: Int) -> Int {
        precondition(index >= 0 && index < count, "element index out of range")
        let pointer = region.base + start + index * stride
        switch format {
        case .int64: return Int(pointer.loadUnaligned(as: Int64.self))
        case .int32: return Int(pointer.loadUnaligned(as: Int32.self))
        case .int16: return Int(pointer.loadUnaligned(as: Int16.self))
        case .int8: return Int(pointer.loadUnaligned(as: Int8.self))
        case .uint64: return Int(truncatingIfNeeded: pointer.loadUnaligned(as: UInt64.self))
        case .uint32: return Int(pointer.loadUnaligned(as: UInt32.self))
        case .uint16: return Int(pointer.loadUnaligned(as: UInt16.self))
        case .uint8: return Int(pointer.loadUnaligned(as: UInt8.self))
        case .boolean: return pointer.loadUnaligned(as: UInt8.self) == 0 ? 0 : 1
        case .float64, .float32, .float16: return 0
        }
    }

    /// IEEE 754 binary16 as Double; by hand because Swift's Float16 is not available on every host.
    private static func half(_ bits: UInt16) -> Double {
        let sign = bits & 0x8000 == 0 ? 1.0 : -1.0
        let exponent = Int(bits >> 10 & 0x1f)
        let fraction = Double(bits & 0x3ff)
        if exponent == 31 { return fraction == 0 ? sign * .infinity : .nan }
        if exponent == 0 { return sign * fraction * 0x1p-24 }
        return sign * (1024 + fraction) * Double(sign: .plus, exponent: exponent - 25, significand: 1)
    }
}

extension NumpyArray {
    /// A field of a record array, or nil when there is none of that name or it is not a plain little-endian number.
    public func field(_ name: String) -> NumpyColumn? {
        guard case .record(let fields) = type.kind, !isFortranOrder,
            let field = fields.first(where: { $0.name == name })
        else { return nil }
        return NumpyColumn(
            field.type, count: count, region: region, start: range.lowerBound + field.offset, stride: type.itemSize)
    }

    /// The elements of a numeric array in the order of the file; nil when it is not numeric.
    public var column: NumpyColumn? {
        NumpyColumn(type, count: count, region: region, start: range.lowerBound, stride: type.itemSize)
    }

    /// The numbers in C order; nil when the array is not numeric.
    public var numbers: [Double]? {
        guard let column else { return nil }
        return cOrder.map { column.number($0) }
    }

    /// The integers (or booleans as 0 and 1) in C order; nil for any other array.
    public var integers: [Int]? {
        guard let column, type.kind != .float else { return nil }
        return cOrder.map { column.integer($0) }
    }

    /// The texts in C order; nil when the array is not text or holds something that is not Unicode.
    public var texts: [String]? {
        guard type.kind == .text, !type.isBigEndian else { return nil }
        var result: [String] = []
        result.reserveCapacity(count)
        for index in cOrder {
            guard let text = text(index) else { return nil }
            result.append(text)
        }
        return result
    }

    /// The values of an object array in C order; nil for any other array.
    public var values: [PickleValue]? {
        guard type.kind == .object else { return nil }
        return cOrder.map { objects[$0] }
    }

    private func text(_ index: Int) -> String? {
        let pointer = region.base + range.lowerBound + index * type.itemSize
        var length = type.itemSize / 4
        while length > 0, pointer.loadUnaligned(fromByteOffset: 4 * (length - 1), as: UInt32.self) == 0 { length -= 1 }
        var result = ""
        for position in 0..<length {
            let unit = pointer.loadUnaligned(fromByteOffset: 4 * position, as: UInt32.self)
            guard let scalar = Unicode.Scalar(unit) else { return nil }
            result.unicodeScalars.append(scalar)
        }
        return result
    }

    /// The place in the file of each element, in C order.
    private var cOrder: [Int] {
        guard isFortranOrder else { return Array(0..<count) }
        var result: [Int] = []
        result.reserveCapacity(count)
        for position in 0..<count {
            var rest = position
            var indices: [Int] = []
            for length in shape.reversed() {
                indices.append(rest % length)
                rest /= length
            }
            var place = 0
            var step = 1
            for (index, length) in zip(indices.reversed(), shape) {
                place += index * step
                step *= length
            }
            result.append(place)
        }
        return result
    }
}
