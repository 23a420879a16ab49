public import Bytes
public import JSONText

/// A request that fits a model, to show and to test it with.
public struct ServingSample: Sendable, Equatable {
    /// Where a sample came from.
    public enum Source: String, Sendable {
        /// MLflow wrote the request itself (`serving_input_example.json`).
        case servingInput = "serving_input"
        /// Made from the input example.
        case inputExample = "input_example"
        /// One row of zeros and empty texts, made from the signature.
        case signature
    }

    /// A body for `POST /invocations`.
    public let request: JSONValue
    /// Where it came from.
    public let source: Source

    /// Reads the bytes of `serving_input_example.json`; its `NaN` become null.
    ///
    /// - Throws: `MLmodelError` when the bytes are not a JSON object.
    public static func servingInput(_ region: ByteRegion, file: String) throws(MLmodelError) -> ServingSample {
        let request = try PythonJSON.parse(region, file: file)
        guard request.objectValue != nil else {
            throw MLmodelError(.example, "a request should be a JSON object, and is \(request.kindInWords)", file: file)
        }
        return ServingSample(request: request, source: .servingInput)
    }

    /// The best sample that a model's files allow; nil when they hold neither example nor signature of inputs.
    ///
    /// - Parameter servingInput: from `servingInput(_:file:)`.
    public static func choose(
        servingInput: ServingSample?, example: InputExample?, signature: Signature?
    ) -> ServingSample? {
        if let servingInput { return servingInput }
        if let example { return ServingSample(request: example.servingRequest, source: .inputExample) }
        guard let request = signature?.inputs?.zeroRequest else { return nil }
        return ServingSample(request: request, source: .signature)
    }
}

extension Schema {
    /// More elements than this in a tensor of zeros help nobody.
    private static let maxZeroCount = 100_000

    /// A body for `POST /invocations` with one row of zeros, false and empty texts; nil for a tensor too large to show.
    public var zeroRequest: JSONValue? {
        switch self {
        case .columns(let columns):
            let row = JSONValue.array([.array(columns.map(\.type.zero))])
            let names = columns.compactMap(\.name)
            guard names.count == columns.count else { return ["dataframe_split": ["data": row]] }
            return ["dataframe_split": ["columns": .array(names.map(JSONValue.string)), "data": row]]
        case .tensors(let tensors):
            var arrays = JSONObject()
            for tensor in tensors {
                guard let zeros = Self.zeros(tensor) else { return nil }
                guard let name = tensor.name else { return ["inputs": zeros] }
                arrays[name] = zeros
            }
            return ["inputs": .object(arrays)]
        }
    }

    private static func zeros(_ tensor: TensorSpec) -> JSONValue? {
        var count = 1
        for length in tensor.shape where length > 1 {
            let (product, overflows) = count.multipliedReportingOverflow(by: length)
            guard !overflows, product <= maxZeroCount else { return nil }
            count = product
        }
        let zero: JSONValue =
            switch tensor.dtype {
            case "bool": false
            case "str", "object", "bytes": ""
            case let name where name.hasPrefix("float"): 0.0
            default: 0
            }
        return tensor.shape.reversed().reduce(zero) { inner, length in
            .array(Array(repeating: inner, count: length < 0 ? 1 : length))
        }
    }
}

extension ColumnType {
    /// A value of the type that says nothing.
    fileprivate var zero: JSONValue {
        switch self {
        case .boolean: false
        case .integer, .long: 0
        case .float, .double: 0.0
        case .string, .binary: ""
        case .datetime: "1970-01-01T00:00:00"
        case .array, .sparkVector: []
        case .map: [:]
        case .any: nil
        case .object(let properties):
            .object(JSONObject(properties.map { (key: $0.name, value: $0.type.zero) }))
        }
    }
}
