import JSONText

/// The parts of one inference request of Open Inference Protocol v2: its tensors, not yet read, and what it wants for an answer.
///
/// Supported: `id`, `parameters`, `inputs` with flat or nested row-major `data`, `outputs`, and the binary tensor data extension
/// (`binary_data_size`, `binary_data`, `binary_data_output`). Refused: shared memory, classification. Valid while its bytes are.
struct OpenInferenceRequest {
    /// One input tensor.
    struct Input {
        var name = ""
        var datatype = TensorDatatype.fp64
        /// At least one length, each at least 1.
        var shape: [Int] = []
        /// The product of `shape`.
        var count = 1
        var contents = Contents.none
        var binarySize: Int?
        /// The word for how texts are to be understood, of MLServer's clients.
        var contentType: String?

        /// The elements of one row.
        var rowCount: Int { count / shape[0] }
    }

    enum Contents {
        case none
        /// A reader whose next value is the data.
        case json(JSONPullReader)
        case binary(UnsafeRawBufferPointer)
    }

    /// What the answer shall look like.
    struct Wish: Sendable {
        /// One output tensor that was asked for.
        struct Output: Sendable {
            var name: String
            /// nil: as `isBinary` of the whole answer.
            var isBinary: Bool?
        }

        var id: String?
        /// Empty: all of them.
        var outputs: [Output] = []
        /// Whether outputs that were not asked for by name are binary.
        var isBinary = false
    }

    /// The JSON part of the body.
    let header: UnsafeRawBufferPointer
    private(set) var inputs: [Input] = []
    private(set) var wish = Wish()
    /// The value of `parameters`.
    private(set) var parameters: JSONValue?

    private static let rankLimit = 16
    private static let inputLimit = 100_000

    /// - Parameter headerLength: how many bytes of `body` are the JSON part, as a decimal number; nil for all.
    init(
        _ body: UnsafeRawBufferPointer, headerLength: String?, limits: Limits, compatibility: Compatibility
    ) throws(RequestError) {
        var length = body.count
        if let headerLength {
            let isNumber = !headerLength.isEmpty && headerLength.utf8.allSatisfy { $0 >= 48 && $0 <= 57 }
            guard isNumber, let given = Int(headerLength), given <= body.count else {
                throw .malformed(
                    "Inference-Header-Content-Length: expected at most \(body.count), the bytes of the body, got"
                        + " `\(quoted(headerLength))`.")
            }
            length = given
        }
        header = compatibility.document(in: UnsafeRawBufferPointer(rebasing: body[..<length]))
        let jsonLimits = JSONLimits(
            maxDepth: limits.depth, maxBytes: limits.bodyBytes, maxNumberLength: limits.numberBytes)
        var reader = JSONPullReader(header, limits: jsonLimits)
        guard case .beginObject = try reader.step() else {
            throw .malformed("The body must be an object with `inputs`.")
        }
        var hasInputs = false
        var keys = JSONKeys()
        while case .key(let key) = try reader.step() {
            guard keys.insert(key) else { throw .notJSON(reader.error(.duplicateKey(key))) }
            switch key {
            case "id": wish.id = try reader.text(at: "/id")
            case "parameters": parameters = try reader.parameters(at: "/parameters")
            case "inputs":
                hasInputs = true
                try readInputs(&reader)
            case "outputs": try readOutputs(&reader)
            default: try reader.skip()
            }
        }
        _ = try reader.step()
        guard hasInputs else { throw .malformed("/inputs: expected an array of tensors, got nothing.") }
        guard !inputs.isEmpty else { throw .malformed("/inputs: expected at least one tensor.") }
        wish.isBinary = parameters?["binary_data_output"]?.boolValue ?? false
        try takeBinary(UnsafeRawBufferPointer(rebasing: body[length...]), hasHeader: headerLength != nil)
    }

    /// Gives each tensor with a `binary_data_size` its part of what follows the JSON, in the order of the tensors.
    private mutating func takeBinary(_ tail: UnsafeRawBufferPointer, hasHeader: Bool) throws(RequestError) {
        var offset = 0
        for index in inputs.indices {
            guard let size = inputs[index].binarySize else { continue }
            let place = "/inputs/\(index)/parameters/binary_data_size"
            guard hasHeader else {
                throw .malformed("\(place): binary data needs the header field Inference-Header-Content-Length.")
            }
            guard size <= tail.count - offset else {
                throw .malformed(
                    "\(place): expected at most \(tail.count - offset), the bytes that are left, got \(size).")
            }
            if let width = inputs[index].datatype.width, size != inputs[index].count * width {
                throw .malformed(
                    "\(place): expected \(inputs[index].count * width) for \(inputs[index].count) elements of"
                        + " \(inputs[index].datatype.rawValue), got \(size).")
            }
            inputs[index].contents = .binary(UnsafeRawBufferPointer(rebasing: tail[offset..<(offset + size)]))
            offset += size
        }
        guard offset == tail.count else {
            throw .malformed("The body has \(tail.count - offset) bytes after the binary data of its tensors.")
        }
    }

    // MARK: Tensors

    private mutating func readInputs(_ reader: inout JSONPullReader) throws(RequestError) {
        guard case .beginArray = try reader.step() else { throw .malformed("/inputs: expected an array of tensors.") }
        var names: Set<String> = []
        while true {
            let place = "/inputs/\(inputs.count)"
            switch try reader.step() {
            case .endArray: return
            case .beginObject:
                guard inputs.count < Self.inputLimit else {
                    throw .malformed("/inputs: expected at most \(Self.inputLimit) tensors.")
                }
                let input = try readInput(&reader, place)
                guard names.insert(input.name).inserted else {
                    throw .malformed("\(place)/name: the tensor `\(quoted(input.name))` appears twice.")
                }
                inputs.append(input)
            default: throw .malformed("\(place): expected a tensor, an object.")
            }
        }
    }

    private func readInput(_ reader: inout JSONPullReader, _ place: String) throws(RequestError) -> Input {
        var input = Input()
        var keys = JSONKeys()
        while case .key(let key) = try reader.step() {
            guard keys.insert(key) else { throw .notJSON(reader.error(.duplicateKey(key))) }
            switch key {
            case "name": input.name = try reader.text(at: "\(place)/name")
            case "datatype":
                let word = try reader.text(at: "\(place)/datatype")
                guard let datatype = TensorDatatype(rawValue: word) else {
                    let known = TensorDatatype.allCases.map(\.rawValue).joined(separator: ", ")
                    throw .malformed("\(place)/datatype: expected one of \(known), got \"\(quoted(word))\".")
                }
                input.datatype = datatype
            case "shape": (input.shape, input.count) = try readShape(&reader, "\(place)/shape")
            case "data":
                input.contents = .json(reader)
                try reader.skip()
            case "parameters":
                let parameters = try reader.parameters(at: "\(place)/parameters")
                (input.binarySize, input.contentType) = try inputParameters(parameters, "\(place)/parameters")
            default: try reader.skip()
            }
        }
        for key in ["name", "datatype", "shape"] where keys.insert(key) {
            throw .malformed("\(place): expected a tensor with `\(key)`.")
        }
        switch (input.contents, input.binarySize) {
        case (.none, nil): throw .malformed("\(place): expected a tensor with `data`.")
        case (.json, .some): throw .malformed("\(place): expected `data` or `binary_data_size`, got both.")
        default: return input
        }
    }

    private func readShape(_ reader: inout JSONPullReader, _ place: String) throws(RequestError) -> ([Int], Int) {
        guard case .beginArray = try reader.step() else { throw .malformed("\(place): expected an array of lengths.") }
        var shape: [Int] = []
        var count = 1
        while true {
            let event = try reader.step()
            if case .endArray = event { break }
            guard case .number(let range) = event, let length = reader.int64(range).flatMap(Int.init(exactly:)),
                length > 0
            else { throw .malformed("\(place)/\(shape.count): expected a whole number of at least 1.") }
            let (product, overflows) = count.multipliedReportingOverflow(by: length)
            guard !overflows, product <= 1 << 40 else {
                throw .malformed("\(place): expected a tensor of at most \(1 << 40) elements.")
            }
            guard shape.count < Self.rankLimit else {
                throw .malformed("\(place): expected at most \(Self.rankLimit) lengths.")
            }
            shape.append(length)
            count = product
        }
        guard !shape.isEmpty else { throw .malformed("\(place): expected at least one length, the number of rows.") }
        return (shape, count)
    }

    private func inputParameters(_ parameters: JSONValue?, _ place: String) throws(RequestError) -> (Int?, String?) {
        guard let parameters else { return (nil, nil) }
        guard parameters["shared_memory_region"] == nil else {
            throw .malformed("\(place)/shared_memory_region: this server does not read shared memory.")
        }
        var size: Int?
        if let given = parameters["binary_data_size"] {
            size = given.intValue
            guard let size, size >= 0 else {
                throw .malformed("\(place)/binary_data_size: expected a whole number of at least 0.")
            }
        }
        return (size, parameters["content_type"]?.stringValue)
    }

    // MARK: Outputs

    private mutating func readOutputs(_ reader: inout JSONPullReader) throws(RequestError) {
        let value = try reader.value(startingWith: try reader.step())
        guard let outputs = value.arrayValue else { throw .malformed("/outputs: expected an array of tensors' names.") }
        var names: Set<String> = []
        for (index, output) in outputs.enumerated() {
            guard let name = output["name"]?.stringValue else {
                throw .malformed("/outputs/\(index): expected an object with `name`.")
            }
            let parameters = output["parameters"] ?? .null
            guard parameters.isNull || parameters.objectValue != nil else {
                throw .malformed("/outputs/\(index)/parameters: expected an object.")
            }
            guard parameters["classification"] == nil else {
                throw .malformed("/outputs/\(index)/parameters/classification: this server does not rank answers.")
            }
            guard names.insert(name).inserted else {
                throw .malformed("/outputs/\(index)/name: the tensor `\(quoted(name))` appears twice.")
            }
            wish.outputs.append(.init(name: name, isBinary: parameters["binary_data"]?.boolValue))
        }
    }

    // MARK: Without a signature

    /// The schema that the tensors themselves say, for a model that has none: one tensor of two or more dimensions is an array,
    /// tensors of one number a row are the columns of a table, others are arrays by their names.
    var schema: RequestSchema {
        if inputs.count == 1, inputs[0].shape.count > 1 { return .tensors([tensor(inputs[0], name: nil)]) }
        guard inputs.allSatisfy({ $0.rowCount == 1 && $0.shape.count <= 2 }) else {
            return .tensors(inputs.map { tensor($0, name: $0.name) })
        }
        return .columns(inputs.map { .init(name: $0.name, type: $0.datatype.cellType, required: true) })
    }

    private func tensor(_ input: Input, name: String?) -> RequestSchema.Tensor {
        .init(name: name, dtype: input.datatype.dtype, shape: [-1] + input.shape.dropFirst())
    }
}

extension JSONPullReader {
    /// The next value, which must be a string.
    fileprivate mutating func text(at place: String) throws(RequestError) -> String {
        guard case .string(let text) = try step() else { throw .malformed("\(place): expected a string.") }
        return text
    }

    /// The next value, which must be an object or null.
    fileprivate mutating func parameters(at place: String) throws(RequestError) -> JSONValue? {
        let value = try value(startingWith: try step())
        guard !value.isNull else { return nil }
        guard value.objectValue != nil else { throw .malformed("\(place): expected an object.") }
        return value
    }
}
