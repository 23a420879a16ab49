import JSONText

/// A model's answer as named output tensors of Open Inference Protocol v2.
///
/// Lists of numbers are FP64, whole numbers INT64 (UINT64 beyond it), truth values BOOL, texts BYTES; the shape is that of the
/// lists. A list of objects with the same keys gives one tensor for each key, an object one for each member. What is not
/// rectangular, or mixed, gives BYTES with the JSON of each element, and says so as `content_type`.
enum OpenInferenceAnswer {
    /// The name of an answer that has none.
    static let plainName = "output-0"
    /// What callers may also ask for it by.
    static let plainAlias = "predict"

    struct Tensor: Equatable {
        var name: String
        var datatype: TensorDatatype
        var shape: [Int]
        /// Row-major.
        var elements: [JSONValue]
        /// Whether the elements are JSON texts.
        var isJSON = false

        /// Whether binary data can say it: there is a NaN for a missing number, and nothing for a missing text.
        var canBeBinary: Bool { datatype == .fp64 || !elements.contains(.null) }
    }

    /// - Parameter name: of an answer that is one tensor.
    static func tensors(_ value: JSONValue, name: String) -> [Tensor] {
        switch value {
        case .object(let object): return object.members.map { tensor($0.value, name: $0.key) }
        case .array(let items):
            if let columns = columns(items) { return columns }
            if let parts = parts(items) { return parts }
            return [tensor(value, name: name)]
        case .null, .bool, .number, .string: return [tensor(value, name: name)]
        }
    }

    /// The columns of a list of records; nil when it is none.
    private static func columns(_ items: [JSONValue]) -> [Tensor]? {
        guard let first = items.first?.objectValue, !first.isEmpty else { return nil }
        let keys = first.keys
        var cells = [[JSONValue]](repeating: [], count: keys.count)
        for item in items {
            guard let record = item.objectValue, record.keys == keys else { return nil }
            for (index, member) in record.members.enumerated() { cells[index].append(member.value) }
        }
        return zip(keys, cells).map { tensor(.array($1), name: $0) }
    }

    /// The tables of a model with several outputs, whose widths differ; nil when it is something else.
    private static func parts(_ items: [JSONValue]) -> [Tensor]? {
        guard items.count > 1, shape(of: .array(items)) == nil else { return nil }
        var rows: Int?
        for item in items {
            guard let shape = shape(of: item), shape.count >= 2, shape[0] == rows ?? shape[0] else { return nil }
            rows = shape[0]
        }
        return items.enumerated().map { tensor($1, name: "output-\($0)") }
    }

    private static func tensor(_ value: JSONValue, name: String) -> Tensor {
        guard let list = value.arrayValue else {
            if value.objectValue != nil { return texts([value], name: name) }
            return rectangular([1], [value], name: name) ?? texts([value], name: name)
        }
        guard let shape = shape(of: value) else { return texts(list, name: name) }
        var elements: [JSONValue] = []
        flatten(value, into: &elements)
        return rectangular(shape, elements, name: name) ?? texts(list, name: name)
    }

    /// The lengths of nested lists, the outermost first; empty for what is no list, nil when the lists differ or hold objects.
    private static func shape(of value: JSONValue) -> [Int]? {
        guard let items = value.arrayValue else { return value.objectValue == nil ? [] : nil }
        guard let first = items.first else { return [0] }
        guard let inner = shape(of: first) else { return nil }
        for item in items.dropFirst() where shape(of: item) != inner { return nil }
        return [items.count] + inner
    }

    private static func flatten(_ value: JSONValue, into elements: inout [JSONValue]) {
        guard let items = value.arrayValue else { return elements.append(value) }
        for item in items { flatten(item, into: &elements) }
    }

    /// nil when the elements are not of one datatype.
    private static func rectangular(_ shape: [Int], _ elements: [JSONValue], name: String) -> Tensor? {
        var kinds: Set<TensorDatatype> = []
        var hasNull = false
        for element in elements {
            switch element {
            case .null: hasNull = true
            case .bool: kinds.insert(.bool)
            case .string: kinds.insert(.bytes)
            case .number(let number):
                if !number.isInteger {
                    kinds.insert(.fp64)
                } else if number.int64 != nil {
                    kinds.insert(.int64)
                } else if UInt64(number.text) != nil {
                    kinds.insert(.uint64)
                } else {
                    return nil
                }
            case .array, .object: return nil
            }
        }
        func tensor(_ datatype: TensorDatatype) -> Tensor {
            Tensor(name: name, datatype: datatype, shape: shape, elements: elements)
        }
        if kinds.isEmpty { return tensor(.fp64) }
        if kinds == [.bytes] { return tensor(.bytes) }
        if kinds == [.bool] { return hasNull ? nil : tensor(.bool) }
        guard kinds.isDisjoint(with: [.bytes, .bool]) else { return nil }
        if !hasNull, kinds == [.int64] { return tensor(.int64) }
        if !hasNull, !kinds.contains(.fp64), elements.allSatisfy({ !isNegative($0) }) { return tensor(.uint64) }
        return elements.allSatisfy(isExact) ? tensor(.fp64) : nil
    }

    private static func isNegative(_ value: JSONValue) -> Bool {
        if case .number(let number) = value { number.text.hasPrefix("-") } else { false }
    }

    /// Whether a float64 holds the number as it is.
    private static func isExact(_ value: JSONValue) -> Bool {
        guard case .number(let number) = value, number.isInteger else { return true }
        return number.int64.map { $0.magnitude <= 1 << 53 } ?? false
    }

    private static func texts(_ items: [JSONValue], name: String) -> Tensor {
        let texts = items.map { JSONValue.string(JSONWriter.text($0, style: .python)) }
        return Tensor(name: name, datatype: .bytes, shape: [items.count], elements: texts, isJSON: true)
    }

    // MARK: Writing

    /// The body of an answer: JSON, and after it the binary data of those tensors that were asked for so.
    struct Body {
        var bytes: [UInt8]
        /// The length of the JSON part; nil when that is all.
        var headerLength: Int?
    }

    /// - Throws: `RequestError` when `wish` names a tensor that is not there.
    static func body(
        _ tensors: [Tensor], _ wish: OpenInferenceRequest.Wish, model: String, version: String?
    ) throws(RequestError) -> Body {
        var tail: [UInt8] = []
        var hasTail = false
        var outputs: [JSONValue] = []
        for (tensor, isBinary) in try selected(tensors, wish) {
            var output: JSONObject = [
                "name": .string(tensor.name), "datatype": .string(tensor.datatype.rawValue),
                "shape": .array(tensor.shape.map(JSONValue.int)),
            ]
            var parameters: JSONObject = [:]
            if tensor.isJSON { parameters["content_type"] = "application/json" }
            if isBinary, tensor.canBeBinary {
                let start = tail.count
                appendBinary(tensor, to: &tail)
                parameters["binary_data_size"] = .int(tail.count - start)
                hasTail = true
            } else {
                output["data"] = .array(tensor.elements)
            }
            if !parameters.isEmpty { output["parameters"] = .object(parameters) }
            outputs.append(.object(output))
        }
        var answer: JSONObject = ["model_name": .string(model)]
        if let version { answer["model_version"] = .string(version) }
        if let id = wish.id { answer["id"] = .string(id) }
        answer["outputs"] = .array(outputs)
        var bytes: [UInt8] = []
        JSONWriter.append(.object(answer), style: .python, to: &bytes)
        let length = bytes.count
        bytes += tail
        return Body(bytes: bytes, headerLength: hasTail ? length : nil)
    }

    private static func selected(
        _ tensors: [Tensor], _ wish: OpenInferenceRequest.Wish
    ) throws(RequestError) -> [(Tensor, isBinary: Bool)] {
        guard !wish.outputs.isEmpty else { return tensors.map { ($0, wish.isBinary) } }
        var found: [(Tensor, isBinary: Bool)] = []
        for (index, output) in wish.outputs.enumerated() {
            let isAlias = tensors.count == 1 && [plainName, plainAlias].contains(output.name)
            guard var tensor = tensors.first(where: { $0.name == output.name }) ?? (isAlias ? tensors[0] : nil) else {
                throw RequestError(
                    .invalidParameterValue,
                    "/outputs/\(index)/name: the model has no output `\(quoted(output.name))`, it has"
                        + " \(pythonList(tensors.map(\.name))).")
            }
            tensor.name = output.name
            found.append((tensor, output.isBinary ?? wish.isBinary))
        }
        return found
    }

    private static func appendBinary(_ tensor: Tensor, to bytes: inout [UInt8]) {
        func append(_ word: some FixedWidthInteger) {
            withUnsafeBytes(of: word.littleEndian) { bytes.append(contentsOf: $0) }
        }
        for element in tensor.elements {
            switch (tensor.datatype, element) {
            case (.bytes, .string(let text)):
                append(UInt32(text.utf8.count))
                bytes.append(contentsOf: text.utf8)
            case (.bool, .bool(let value)): bytes.append(value ? 1 : 0)
            case (.int64, .number(let number)): append(number.int64 ?? 0)
            case (.uint64, .number(let number)): append(UInt64(number.text) ?? 0)
            default: append((element.doubleValue ?? .nan).bitPattern)
            }
        }
    }
}
