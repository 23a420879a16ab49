public import JSONText

/// What a model takes and gives, as logged.
public struct Signature: Sendable, Equatable {
    /// Nil when the signature has outputs or parameters only.
    public var inputs: Schema?
    /// Nil when the model was logged without outputs.
    public var outputs: Schema?
    /// Parameters of the prediction beside the data; empty when there are none.
    public var params: [ParamSpec]

    /// Makes a signature of its parts.
    public init(inputs: Schema? = nil, outputs: Schema? = nil, params: [ParamSpec] = []) {
        self.inputs = inputs
        self.outputs = outputs
        self.params = params
    }
}

/// The columns of a table, or tensors; never both and never empty.
public enum Schema: Sendable, Equatable {
    /// Either all columns have a name, unique among them, or none has.
    case columns([ColumnSpec])
    /// With more than one tensor, all have a name, unique among them.
    case tensors([TensorSpec])
}

/// One column of a table.
public struct ColumnSpec: Sendable, Equatable {
    /// Nil in a schema of unnamed columns, which count by position; also when pandas numbered them 0, 1, 2, …. Any other
    /// number that served as a name is its digits.
    public var name: String?
    /// The type of its values.
    public var type: ColumnType
    /// False when the column may be absent, or may hold null.
    public var required: Bool

    /// Makes a column.
    public init(name: String?, type: ColumnType, required: Bool = true) {
        self.name = name
        self.type = type
        self.required = required
    }
}

/// The type of a column: MLflow's `DataType`, `Array`, `Object`, `Map` and `AnyType`.
public indirect enum ColumnType: Sendable, Equatable {
    /// One property of an object.
    public struct Property: Sendable, Equatable {
        /// The key.
        public var name: String
        /// The type of its value.
        public var type: ColumnType
        /// False when it may be absent.
        public var required: Bool

        /// Makes a property.
        public init(name: String, type: ColumnType, required: Bool = true) {
            self.name = name
            self.type = type
            self.required = required
        }
    }

    case boolean
    /// 32-bit
    case integer
    /// 64-bit
    case long
    /// binary32
    case float
    /// binary64
    case double
    case string
    /// Base64 in JSON.
    case binary
    /// ISO text in JSON.
    case datetime
    case array(ColumnType)
    /// Properties in file order; never empty.
    case object([Property])
    /// From text keys to values of one type.
    case map(ColumnType)
    /// Anything: MLflow does not check it. Also the type of an inferred column that is not clear.
    case any
    case sparkVector
}

/// One tensor.
public struct TensorSpec: Sendable, Equatable {
    /// Nil when the schema is one unnamed tensor.
    public var name: String?
    /// NumPy's name of the element type: `float64`, `str`, `object`.
    public var dtype: String
    /// Lengths of the dimensions; -1 means any length.
    public var shape: [Int]

    /// Makes a tensor.
    public init(name: String? = nil, dtype: String, shape: [Int]) {
        self.name = name
        self.dtype = dtype
        self.shape = shape
    }
}

/// One parameter of a prediction.
public struct ParamSpec: Sendable, Equatable {
    /// Its name, unique in the signature.
    public var name: String
    /// A scalar type other than binary, or an object.
    public var type: ColumnType
    /// The value when a request does not name the parameter.
    public var `default`: JSONValue
    /// Nil for a single value, `[-1]` for a list of any length.
    public var shape: [Int]?

    /// Makes a parameter.
    public init(name: String, type: ColumnType, default: JSONValue, shape: [Int]? = nil) {
        self.name = name
        self.type = type
        self.default = `default`
        self.shape = shape
    }
}
