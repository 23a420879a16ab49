/// The media type of a scoring request, as MLflow's server compares it: exact text before `;`, and one parameter, `charset=utf-8`.
enum ContentType {
    case json, csv, parquet

    /// Reads the field; nil when there is none.
    ///
    /// - Parameter takesParquet: whether the model runs in Python, which has readers for it.
    /// - Throws: 415 with MLflow's own words as plain text; its list names Parquet, which only the answer to Parquet itself leaves out.
    static func parse(
        _ field: String?, takesParquet: @autoclosure () -> Bool
    ) throws(RequestError) -> ContentType {
        if field == "application/json" { return .json }
        let given = field ?? ""
        let parts = given.split(separator: ";", omittingEmptySubsequences: false).map { $0.trimmed }
        var charset = "utf-8"
        var unknown: [String] = []
        for part in parts.dropFirst() {
            let name = part.prefix { $0 != "=" }
            if name == "charset" {
                charset = part.dropFirst(8).lowercased()
            } else {
                unknown.append(String(name))
            }
        }
        guard charset == "utf-8" else { throw refused("The scoring server only supports UTF-8") }
        guard unknown.isEmpty else {
            let names = unknown.map(quoted).joined(separator: ", ")
            throw refused("Unrecognized content type parameters: \(names). \(protocolChange)")
        }
        switch parts.first {
        case "application/json": return .json
        case "text/csv": return .csv
        case "application/vnd.apache.parquet" where takesParquet(): return .parquet
        case "application/vnd.apache.parquet": throw refused(unsupported(given, "'text/csv', 'application/json'"))
        default:
            throw refused(unsupported(given, "'text/csv', 'application/json', 'application/vnd.apache.parquet'"))
        }
    }

    private static func unsupported(_ given: String, _ types: String) -> String {
        "This predictor only supports the following content types: Types: [\(types)]. Got '\(quoted(given))'."
    }

    private static func refused(_ message: String) -> RequestError {
        var error = RequestError(code: "BAD_REQUEST", status: 415, message)
        error.isPlainText = true
        return error
    }

    /// `SCORING_PROTOCOL_CHANGE_INFO` of `mlflow/pyfunc/scoring_server/__init__.py`, 3.17.
    private static let protocolChange =
        "IMPORTANT: The MLflow Model scoring protocol has changed in MLflow version 2.0. If you are"
        + " seeing this error, you are likely using an outdated scoring request format. To resolve the"
        + " error, either update your request format or adjust your MLflow Model's requirements file to"
        + " specify an older version of MLflow (for example, change the 'mlflow' requirement specifier"
        + " to 'mlflow==1.30.0'). If you are making a request using the MLflow client"
        + " (e.g. via `mlflow.pyfunc.spark_udf()`), upgrade your MLflow client to a version >= 2.0 in"
        + " order to use the new request format. For more information about the updated MLflow"
        + " Model scoring protocol in MLflow 2.0, see"
        + " https://mlflow.org/docs/latest/models.html#deploy-mlflow-models."
}

extension Substring {
    fileprivate var trimmed: Substring {
        var text = self
        while text.first == " " || text.first == "\t" { text.removeFirst() }
        while text.last == " " || text.last == "\t" { text.removeLast() }
        return text
    }
}
