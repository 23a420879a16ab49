/// The element type of a NumPy array, read from the `numpy.dtype` record of a pickle.
///
/// Supported: booleans, integers, floats of 16, 32 and 64 bits, text, bytes, objects, and records with the offsets that
/// the file states. Refused: sub-array types, dates, complex numbers and variable-width text.
/// Source: NumPy 2.4 `numpy/_core/src/multiarray/descriptor.c`, `arraydescr_reduce`.
public struct NumpyType: Sendable, Equatable {
    /// What an element is.
    public enum Kind: Sendable, Equatable {
        /// One byte, 0 or 1.
        case boolean
        /// Two's complement.
        case signed
        /// Unsigned integer.
        case unsigned
        /// IEEE 754.
        case float
        /// UTF-32 code units, padded with zeros.
        case text
        /// Bytes, padded with zeros.
        case bytes
        /// References to Python objects.
        case object
        /// Named fields.
        case record([Field])
    }

    /// One field of a record.
    public struct Field: Sendable, Equatable {
        /// The field's name.
        public var name: String
        /// The field's type; never a record itself.
        public var type: NumpyType
        /// Bytes from the start of the record.
        public var offset: Int
    }

    /// What an element is.
    public var kind: Kind
    /// Bytes of one element.
    public var itemSize: Int
    /// The most significant byte comes first.
    public var isBigEndian: Bool

    /// The code that NumPy prints: `f8`, `i4`, `U3`, `O`, `V64`.
    public var code: String {
        switch kind {
        case .boolean: "b1"
        case .signed: "i\(itemSize)"
        case .unsigned: "u\(itemSize)"
        case .float: "f\(itemSize)"
        case .text: "U\(itemSize / 4)"
        case .bytes: "S\(itemSize)"
        case .object: "O"
        case .record: "V\(itemSize)"
        }
    }

    /// Reads a dtype record.
    ///
    /// - Throws: `PickleError` of kind `.shape` for anything that is not a supported dtype.
    public static func read(_ value: PickleValue, in graph: PickleGraph) throws(PickleError) -> NumpyType {
        try read(value, in: graph, isField: false)
    }

    private static func read(
        _ value: PickleValue, in graph: PickleGraph, isField: Bool
    ) throws(PickleError) -> NumpyType {
        guard let object = graph.object(value), object.creation == .call,
            graph.className(of: value) == "numpy.dtype",
            let code = graph.elements(object.arguments)?.first.flatMap({ graph.text($0) })
        else { throw NumpyArray.fault("an array's element type is not a plain `numpy.dtype`", value, graph) }
        let state = try State(object.state, value, graph)
        let isBigEndian = state?.byteOrder == ">"
        guard let letter = code.first, let size = code.count == 1 ? 0 : Int(code.dropFirst()), size >= 0, size < 1 << 24
        else { throw unsupported(code, value, graph) }
        switch (letter, size) {
        case ("b", 1), ("?", 0): return NumpyType(kind: .boolean, itemSize: 1, isBigEndian: false)
        case ("i", 1), ("i", 2), ("i", 4), ("i", 8):
            return NumpyType(kind: .signed, itemSize: size, isBigEndian: isBigEndian)
        case ("u", 1), ("u", 2), ("u", 4), ("u", 8):
            return NumpyType(kind: .unsigned, itemSize: size, isBigEndian: isBigEndian)
        case ("f", 2), ("f", 4), ("f", 8): return NumpyType(kind: .float, itemSize: size, isBigEndian: isBigEndian)
        case ("O", _): return NumpyType(kind: .object, itemSize: 8, isBigEndian: false)
        case ("U", _): return NumpyType(kind: .text, itemSize: size * 4, isBigEndian: isBigEndian)
        case ("S", _): return NumpyType(kind: .bytes, itemSize: size, isBigEndian: false)
        case ("V", _) where !isField:
            guard let state, let fields = try state.fields(graph) else { throw unsupported(code, value, graph) }
            let itemSize = state.itemSize > 0 ? state.itemSize : size
            guard fields.allSatisfy({ $0.offset >= 0 && $0.offset <= itemSize - $0.type.itemSize }) else {
                throw NumpyArray.fault("a field lies outside of its record", value, graph)
            }
            return NumpyType(kind: .record(fields), itemSize: itemSize, isBigEndian: false)
        default: throw unsupported(code, value, graph)
        }
    }

    private static func unsupported(_ code: String, _ value: PickleValue, _ graph: PickleGraph) -> PickleError {
        NumpyArray.fault("an array has elements of the type `\(code)`, which is not read", value, graph)
    }

    /// The tuple that BUILD gives to a dtype: version, byte order, sub-array, names, fields, size, alignment, flags.
    private struct State {
        var byteOrder: String
        var names: PickleValue
        var fields: PickleValue
        var itemSize: Int
        var owner: PickleValue

        init?(_ value: PickleValue?, _ owner: PickleValue, _ graph: PickleGraph) throws(PickleError) {
            guard let value else { return nil }
            guard let parts = graph.elements(value), parts.count >= 8, let byteOrder = graph.text(parts[1]),
                parts[2] == .null, case .int(let itemSize) = parts[5], itemSize < 1 << 24
            else { throw NumpyArray.fault("an element type has an unknown state", owner, graph) }
            self.byteOrder = byteOrder
            self.names = parts[3]
            self.fields = parts[4]
            self.itemSize = itemSize
            self.owner = owner
        }

        func fields(_ graph: PickleGraph) throws(PickleError) -> [Field]? {
            guard let names = graph.elements(names), names.count <= 64 else { return nil }
            var result: [Field] = []
            for name in names {
                guard let text = graph.text(name), let entry = graph.value(forKey: text, in: fields),
                    let parts = graph.elements(entry), parts.count >= 2, case .int(let offset) = parts[1]
                else { throw NumpyArray.fault("a field of a record has no type", owner, graph) }
                let type = try NumpyType.read(parts[0], in: graph, isField: true)
                result.append(Field(name: text, type: type, offset: offset))
            }
            return result
        }
    }
}
