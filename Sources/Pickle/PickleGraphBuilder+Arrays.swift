public import Bytes

// Arrays: what a pickle would say of them, made from NumPy files and from lists of objects.
extension PickleGraphBuilder {
    /// The array of the NumPy file that fills `range` of `region`.
    ///
    /// - Parameters:
    ///   - className: its class; a class of NumPy's numbers stands for a single one.
    ///   - entry: the name of the file, for errors in it.
    ///   - offset: where the array stands in the format around it.
    public mutating func array(
        npy region: ByteRegion, _ range: Range<Int>, entry: String, module: String, className: String, at offset: Int,
        node: String
    ) throws(PickleError) -> PickleValue {
        let header: NpyHeader
        do throws(NpyHeader.Fault) {
            header = try NpyHeader(region, range)
        } catch {
            throw inEntry(error, entry)
        }
        guard let found = try type(header.descr, range.lowerBound, entry, offset, node) else {
            throw inEntry(
                NpyHeader.Fault(
                    reason: "an array has elements of a type that is not read", offset: range.lowerBound), entry)
        }
        var byteCount = found.size
        for length in header.shape {
            let (product, overflow) = byteCount.multipliedReportingOverflow(by: length)
            byteCount = overflow ? Int.max : product
        }
        guard byteCount == header.content.count else {
            throw inEntry(
                NpyHeader.Fault(
                    reason: "an array of \(byteCount) bytes has \(header.content.count) bytes",
                    offset: header.content.lowerBound), entry)
        }
        let content = bytes(region, header.content, at: offset)
        let type = found.value
        if module == "numpy", NumberClasses.codes[className] != nil || className == "str_" {
            // NumPy would convert what is of another type or has dimensions.
            guard header.shape.isEmpty,
                NumberClasses.codes[className] == found.code || found.code.hasPrefix("U") && className == "str_"
            else {
                throw error(
                    .unsupported, "it makes a `numpy.\(className)` of something that is none", at: offset, node: node)
            }
            let scalar = try global("numpy._core.multiarray", "scalar", at: offset, node: node)
            return object(.call, scalar, arguments: [type, content], at: offset, node: node)
        }
        return try reconstructed(
            try global(module, className, at: offset, node: node), shape: header.shape, type: type,
            isFortranOrder: header.isFortranOrder, content: content, at: offset, node: node)
    }

    /// The array of objects of these elements in C order.
    public mutating func objectArray(
        _ elements: [PickleValue], shape: [Int], at offset: Int, node: String
    ) throws(PickleError) -> PickleValue {
        let type = try dtype("O8", order: "|", at: offset, node: node)
        let content = list(elements, at: offset)
        return try reconstructed(
            try global("numpy", "ndarray", at: offset, node: node), shape: shape, type: type, isFortranOrder: false,
            content: content, at: offset, node: node)
    }

    /// The type of an array, as an object of its own.
    public func type(ofArray value: PickleValue) -> PickleValue? {
        guard let state = object(value)?.state, let parts = elements(state), parts.count == 5 else { return nil }
        return parts[2]
    }

    /// `_reconstruct(ndarray, (0,), b'b')` with the state of `ndarray.__setstate__`.
    private mutating func reconstructed(
        _ subclass: PickleValue, shape: [Int], type: PickleValue, isFortranOrder: Bool, content: PickleValue,
        at offset: Int, node: String
    ) throws(PickleError) -> PickleValue {
        let zero = tuple([.int(0)], at: offset)
        let letter = text("b", at: offset)
        let lengths = tuple(shape.map { .int($0) }, at: offset)
        let state = tuple([.int(1), lengths, type, .bool(isFortranOrder), content], at: offset)
        let maker = try global("numpy._core.multiarray", "_reconstruct", at: offset, node: node)
        return object(.call, maker, arguments: [subclass, zero, letter], state: state, at: offset, node: node)
    }

    /// The type of a file's elements; nil when it is none that a model holds.
    private mutating func type(
        _ descr: NpyHeader.Literal, _ start: Int, _ entry: String, _ offset: Int, _ node: String
    ) throws(PickleError) -> (value: PickleValue, size: Int, code: String)? {
        switch descr {
        case .text(let text):
            guard let plain = PlainType(text) else { return nil }
            guard plain.letter != "O" else {
                throw inEntry(NpyHeader.Fault(reason: "its array file holds a pickle", offset: start), entry)
            }
            return (
                try dtype(plain.code, order: plain.order, at: offset, node: node), plain.size, plain.code
            )
        case .list(let fields): return try record(fields, start, entry, offset, node)
        case .number, .bool, .tuple: return nil
        }
    }

    private mutating func record(
        _ fields: [NpyHeader.Literal], _ start: Int, _ entry: String, _ offset: Int, _ node: String
    ) throws(PickleError) -> (value: PickleValue, size: Int, code: String)? {
        var names: [PickleValue] = []
        var entries: [PickleValue] = []
        var size = 0
        for field in fields {
            guard case .tuple(let parts) = field, parts.count == 2, case .text(let name) = parts[0],
                case .text(let descr) = parts[1], let plain = PlainType(descr)
            else { return nil }
            // Without a name: bytes between two fields.
            if !(name.isEmpty && plain.letter == "V") {
                guard plain.letter != "O", let found = try type(.text(descr), start, entry, offset, node) else {
                    return nil
                }
                let key = text(name, at: offset)
                names.append(key)
                entries.append(key)
                entries.append(tuple([found.value, .int(size)], at: offset))
            }
            let (sum, overflow) = size.addingReportingOverflow(plain.size)
            guard !overflow, sum < 1 << 24 else { return nil }
            size = sum
        }
        let value = try dtype(
            "V\(size)", order: "|", names: names, fields: entries, size: size, at: offset, node: node)
        return (value, size, "V\(size)")
    }

    /// `dtype(code, False, True)` with the state of `dtype.__setstate__`; one object for each plain type.
    private mutating func dtype(
        _ code: String, order: String, names: [PickleValue]? = nil, fields: [PickleValue] = [], size: Int = -1,
        at offset: Int, node: String
    ) throws(PickleError) -> PickleValue {
        let key = order + code
        if names == nil, let known = types[key] { return known }
        let maker = try global("numpy", "dtype", at: offset, node: node)
        let arguments = [text(code, at: offset), .bool(false), .bool(true)]
        var parts: [PickleValue] = [.int(3), text(order, at: offset), .null]
        if let names {
            parts += [tuple(names, at: offset), dictionary(fields, at: offset), .int(size), .int(1), .int(16)]
        } else {
            parts += [.null, .null, .int(-1), .int(-1), .int(0)]
        }
        let state = tuple(parts, at: offset)
        let value = object(.call, maker, arguments: arguments, state: state, at: offset, node: node)
        if names == nil { types[key] = value }
        return value
    }

    private func inEntry(_ fault: NpyHeader.Fault, _ entry: String) -> PickleError {
        var error = error(.shape, fault.reason, at: fault.offset)
        error.placeNote = "in \(entry)"
        return error
    }

    /// A type such as `<f8`, taken apart.
    private struct PlainType {
        let order: String
        let letter: Character
        /// As a pickle names it, without the order: `f8`.
        let code: String
        /// Bytes of an element.
        let size: Int

        init?(_ descr: String) {
            guard let first = descr.first, "<>|".contains(first), let letter = descr.dropFirst().first,
                letter.isASCII, letter.isLetter
            else { return nil }
            let digits = descr.dropFirst(2).prefix { $0.isASCII && $0.isNumber }
            guard digits.count <= 7, let count = digits.isEmpty ? 8 : Int(digits) else { return nil }
            order = String(first)
            self.letter = letter
            code = String(descr.dropFirst())
            size = letter == "U" ? 4 * count : count
        }
    }
}

/// The classes of NumPy's numbers, with the code of their type.
enum NumberClasses {
    static let codes: [String: String] = [
        "bool": "b1", "bool_": "b1", "int8": "i1", "int16": "i2", "int32": "i4", "int64": "i8", "uint8": "u1",
        "uint16": "u2", "uint32": "u4", "uint64": "u8", "float16": "f2", "float32": "f4", "float64": "f8",
    ]
}
