public import Bytes
public import JSONText

/// What `MLmodel` says about the input example: `saved_input_example_info`.
public struct InputExampleInfo: Sendable, Equatable {
    /// The file of the example, relative to the model folder; not checked.
    public var artifactPath: String
    /// The file with a ready request body (MLflow 2.16 and later); not checked.
    public var servingInputPath: String?
    /// `dataframe`, `ndarray`, `json_object`, `sparse_matrix_csc` or `sparse_matrix_csr`.
    public var type: String
    /// `split` or `values`, for a dataframe.
    public var pandasOrient: String?
    /// `tf-serving` for arrays of MLflow 1.x and 2.x, which wrap them as `{"inputs": …}`.
    public var format: String?
    /// True when the file is `{"inputs": EXAMPLE, "params": {…}}`.
    public var hasParams: Bool
    /// The line of the description in `MLmodel`.
    public var line: Int

    /// Makes a description.
    public init(
        artifactPath: String = "input_example.json", servingInputPath: String? = nil, type: String,
        pandasOrient: String? = nil, format: String? = nil, hasParams: Bool = false, line: Int = 1
    ) {
        self.artifactPath = artifactPath
        self.servingInputPath = servingInputPath
        self.type = type
        self.pandasOrient = pandasOrient
        self.format = format
        self.hasParams = hasParams
        self.line = line
    }
}

/// The example input that was logged with a model.
public struct InputExample: Sendable, Equatable {
    /// The data, by the kind of thing that was logged.
    public enum Content: Sendable, Equatable {
        /// A pandas table: names (nil when they are 0, 1, 2, …) and rows of equal length.
        case table(columns: [String]?, rows: [[JSONValue]])
        /// A NumPy array as nested lists.
        case tensor(JSONValue)
        /// NumPy arrays by name.
        case tensors(JSONObject)
        /// Any other value: an object, a list, a text, a number.
        case json(JSONValue)
    }

    /// The data.
    public var content: Content
    /// The parameters logged with it.
    public var params: JSONObject?

    /// The column names as the file has them, where some are numbers; a model without a signature may tell 1 from "1".
    let columnValues: [JSONValue]?

    /// Makes an example of its parts.
    public init(content: Content, params: JSONObject? = nil) {
        self.init(content: content, params: params, columnValues: nil)
    }

    init(content: Content, params: JSONObject?, columnValues: [JSONValue]?) {
        self.content = content
        self.params = params
        self.columnValues = columnValues
    }
}

extension InputExample {
    /// Reads the bytes of the example file that `info` describes.
    ///
    /// - Parameter file: the name shown in errors.
    /// - Throws: `MLmodelError` when the bytes are not JSON, do not have the form that `info` promises, or are a sparse
    ///   matrix, which the scoring protocol cannot carry.
    public static func parse(_ info: InputExampleInfo, _ region: ByteRegion, file: String) throws(MLmodelError)
        -> InputExample
    {
        try InputExampleReader(info: info, file: file).example(region)
    }
}
