public import Bytes

/// A NumPy array (or scalar) of a pickle, as a view: its bytes stay where they are in the file.
///
/// Supported: `numpy.core.multiarray._reconstruct` with its state (NumPy 1) and `numpy._core…` (NumPy 2), `_frombuffer`
/// (protocol 5), `scalar`, object arrays, C and Fortran order. Elements are always given in C order, the last index
/// running fastest.
public struct NumpyArray: Sendable {
    /// The type of an element.
    public let type: NumpyType
    /// The length of each dimension; empty for a scalar.
    public let shape: [Int]
    /// Number of elements.
    public let count: Int
    /// The first index runs fastest in `range`.
    public let isFortranOrder: Bool
    /// The region with the bytes.
    public let region: ByteRegion
    /// Where the bytes are; empty for an object array.
    public let range: Range<Int>
    /// The elements of an object array in the order of the file.
    public let objects: [PickleValue]
    /// Offset in the file of the opcode that made it.
    public let offset: Int

    /// Elements of no bytes at all (empty texts): nothing but their number says how many there are.
    private static let emptyLimit = 1 << 20

    /// Reads the array behind `value`.
    ///
    /// - Throws: `PickleError` of kind `.shape` when it is no array, or its parts do not fit together.
    public static func read(_ value: PickleValue, in graph: PickleGraph) throws(PickleError) -> NumpyArray {
        guard let object = graph.object(value), let name = graph.className(of: value), object.creation == .call,
            let arguments = graph.elements(object.arguments)
        else { throw fault("an array was expected", value, graph) }
        switch name {
        case "numpy.core.multiarray._reconstruct", "numpy._core.multiarray._reconstruct":
            guard let first = arguments.first, graph.global(first)?.qualifiedName == "numpy.ndarray" else {
                throw fault("a subclass of `numpy.ndarray` is not read", value, graph)
            }
            guard let state = object.state.flatMap({ graph.elements($0) }), state.count == 5,
                case .bool(let isFortran) = state[3].asBool
            else { throw fault("an array has an unknown state", value, graph) }
            return try NumpyArray(
                value, graph, type: state[2], shape: try shape(state[1], value, graph), isFortran: isFortran,
                content: state[4])
        case "numpy.core.numeric._frombuffer", "numpy._core.numeric._frombuffer":
            guard arguments.count == 4, let order = graph.text(arguments[3]), order == "C" || order == "F" else {
                throw fault("an array has unknown arguments", value, graph)
            }
            return try NumpyArray(
                value, graph, type: arguments[1], shape: try shape(arguments[2], value, graph), isFortran: order == "F",
                content: arguments[0])
        case "numpy.core.multiarray.scalar", "numpy._core.multiarray.scalar":
            guard arguments.count == 2 else { throw fault("a NumPy number has unknown arguments", value, graph) }
            return try NumpyArray(
                value, graph, type: arguments[0], shape: [], isFortran: false, content: arguments[1])
        default: throw fault("an array was expected, and this is a `\(name)`", value, graph)
        }
    }

    private init(
        _ value: PickleValue, _ graph: PickleGraph, type: PickleValue, shape: [Int], isFortran: Bool,
        content: PickleValue
    ) throws(PickleError) {
        self.type = try NumpyType.read(type, in: graph)
        self.shape = shape
        self.isFortranOrder = isFortran && shape.count > 1
        self.offset = graph.offset(of: value) ?? 0
        var count = 1
        for length in shape {
            let (product, overflow) = count.multipliedReportingOverflow(by: length)
            guard !overflow else { throw NumpyArray.fault("an array is larger than memory", value, graph) }
            count = product
        }
        self.count = count
        guard self.type.itemSize > 0 || count <= NumpyArray.emptyLimit else {
            throw NumpyArray.fault("an array has \(count) elements without bytes", value, graph)
        }
        if self.type.kind == .object {
            let items = if case .list = content { graph.elements(content) } else { shape.isEmpty ? [content] : nil }
            guard let items, items.count == count else {
                throw NumpyArray.fault("an object array has not as many elements as its shape says", value, graph)
            }
            (region, range, objects) = (graph.region, 0..<0, items)
            return
        }
        (region, range) = try NumpyArray.content(content, value, graph)
        objects = []
        let (bytes, overflow) = count.multipliedReportingOverflow(by: self.type.itemSize)
        guard !overflow, bytes == range.count else {
            throw NumpyArray.fault(
                "an array of \(count) elements of \(self.type.itemSize) bytes has \(range.count) bytes", value, graph)
        }
    }

    private static func shape(
        _ value: PickleValue, _ owner: PickleValue, _ graph: PickleGraph
    ) throws(PickleError) -> [Int] {
        var result: [Int] = []
        for part in graph.elements(value) ?? [value] {
            guard case .int(let length) = part, length >= 0 else {
                throw fault("an array has no shape", owner, graph)
            }
            result.append(length)
        }
        guard result.count <= 8 else { throw fault("an array has more than 8 dimensions", owner, graph) }
        return result
    }

    /// The raw bytes: `bytes`, or what protocol 2 writes for them (`_codecs.encode(text, 'latin1')`, `bytes()`).
    private static func content(
        _ value: PickleValue, _ owner: PickleValue, _ graph: PickleGraph
    ) throws(PickleError) -> (ByteRegion, Range<Int>) {
        if case .bytes = value, let found = graph.byteRange(value) { return (found.region, found.range) }
        if let object = graph.object(value), object.creation == .call, let arguments = graph.elements(object.arguments)
        {
            switch graph.className(of: value) {
            case "builtins.bytes" where arguments.isEmpty: return (ByteRegion([]), 0..<0)
            case "_codecs.encode":
                if arguments.count == 2, ["latin1", "latin-1"].contains(graph.text(arguments[1]) ?? ""),
                    let text = graph.byteRange(arguments[0]), case .text = arguments[0],
                    let bytes = latin1(text.region.slice(text.range))
                {
                    return (ByteRegion(bytes), 0..<bytes.count)
                }
            default: break
            }
        }
        throw fault("the bytes of an array are not plain bytes", owner, graph)
    }

    /// The Latin-1 bytes of valid UTF-8, or nil when a character is beyond U+00FF.
    private static func latin1(_ utf8: UnsafeRawBufferPointer) -> [UInt8]? {
        var isValid = true
        let result = [UInt8](unsafeUninitializedCapacity: utf8.count) { buffer, count in
            var index = 0
            while index < utf8.count {
                let byte = utf8[index]
                if byte < 0x80 {
                    buffer[count] = byte
                    index += 1
                } else if byte == 0xc2 || byte == 0xc3, index + 1 < utf8.count {
                    buffer[count] = (byte & 3) << 6 | (utf8[index + 1] & 0x3f)
                    index += 2
                } else {
                    isValid = false
                    return
                }
                count += 1
            }
        }
        return isValid ? result : nil
    }

    static func fault(_ reason: String, _ value: PickleValue, _ graph: PickleGraph) -> PickleError {
        PickleError(
            .shape, offset: graph.offset(of: value) ?? 0, reason: reason, file: graph.file, placeNote: graph.placeNote)
    }
}

extension PickleValue {
    /// A bool, also when it is written as 0 or 1 (protocols 0 and 1 do).
    fileprivate var asBool: PickleValue {
        switch self {
        case .int(0): .bool(false)
        case .int(1): .bool(true)
        default: self
        }
    }
}
