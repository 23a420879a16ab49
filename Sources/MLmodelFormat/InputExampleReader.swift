import Bytes
import Diagnostics
import JSONText

/// Reads `input_example.json` in the forms that MLflow has written (`mlflow/models/utils.py`, class `_Example`):
///
/// | type | MLflow | file |
/// | --- | --- | --- |
/// | `dataframe` | all | `{"columns": […], "data": [[…]]}`; without `columns` when they are 0, 1, 2, …; `index` in hand-made files |
/// | `ndarray`, format `tf-serving` | 1.x, 2.x | `{"inputs": ARRAY}` or `{"inputs": {NAME: ARRAY}}` |
/// | `ndarray` | from 2.13 | `ARRAY` or `{NAME: ARRAY}` |
/// | `json_object` | from 2.9 | any value |
/// | `sparse_matrix_csr`, `sparse_matrix_csc` | all | refused |
///
/// `NaN` is read as null. With parameters the whole is `{"inputs": EXAMPLE, "params": {…}}`.
struct InputExampleReader {
    let info: InputExampleInfo
    let file: String

    func example(_ region: ByteRegion) throws(MLmodelError) -> InputExample {
        let document = try PythonJSON.parse(region, file: file)
        guard info.hasParams else { return try example(document, params: nil) }
        guard let data = document["inputs"], let params = document["params"]?.objectValue else {
            throw error("it should be an object with `inputs` and `params`, as `MLmodel` says")
        }
        return try example(data, params: params)
    }

    private func example(_ data: JSONValue, params: JSONObject?) throws(MLmodelError) -> InputExample {
        let isTable = info.type == "dataframe"
        let names = isTable ? data["columns"]?.arrayValue : nil
        let hasNumbers = names?.contains { $0.stringValue == nil } ?? false
        return InputExample(content: try content(data), params: params, columnValues: hasNumbers ? names : nil)
    }

    private func content(_ value: JSONValue) throws(MLmodelError) -> InputExample.Content {
        switch info.type {
        case "dataframe":
            return try table(value)
        case "ndarray":
            return try tensor(value)
        case "json_object":
            return .json(value)
        case "sparse_matrix_csr", "sparse_matrix_csc":
            throw error(
                "it is a sparse matrix (`\(info.type)`), and the scoring protocol has no form for one",
                hints: ["log the model with a dense input example, or send a sample request of your own"])
        default:
            throw error(
                "its type `\(escaped(info.type, limit: 60))` in `MLmodel` is none of `dataframe`, `ndarray`, `json_object`"
            )
        }
    }

    private func table(_ value: JSONValue) throws(MLmodelError) -> InputExample.Content {
        if let records = value.arrayValue, records.contains(where: { $0.objectValue != nil }) {
            return try table(records: records)
        }
        guard let rows = (value["data"] ?? value).arrayValue else {
            throw error("a dataframe should have its rows as a list under `data`")
        }
        var columns: [String]?
        if let names = value["columns"], !names.isNull {
            columns = try (names.arrayValue ?? [.null]).map(columnName)
        }
        let width = columns?.count ?? rows.first?.arrayValue?.count ?? 0
        var cells: [[JSONValue]] = []
        for (index, row) in rows.enumerated() {
            guard let row = row.arrayValue, row.count == width else {
                throw error("row \(index) of the dataframe should be a list of \(width) values")
            }
            cells.append(row)
        }
        return .table(columns: try distinct(columns), rows: cells)
    }

    private func table(records: [JSONValue]) throws(MLmodelError) -> InputExample.Content {
        guard let columns = records.first?.objectValue?.keys else { throw error("record 0 should be an object") }
        var rows: [[JSONValue]] = []
        for (index, record) in records.enumerated() {
            guard let object = record.objectValue, object.keys.allSatisfy({ columns.contains($0) }) else {
                throw error("record \(index) should be an object with the keys of record 0")
            }
            rows.append(columns.map { object[$0] ?? .null })
        }
        return .table(columns: columns, rows: rows)
    }

    private func columnName(_ value: JSONValue) throws(MLmodelError) -> String {
        switch value {
        case .string(let name): return name
        case .number(let number): return number.text
        case .null, .bool, .array, .object:
            throw error("a column name of the dataframe should be a text or a number, and is \(value.kindInWords)")
        }
    }

    private func distinct(_ columns: [String]?) throws(MLmodelError) -> [String]? {
        var seen: Set<String> = []
        if let name = columns?.first(where: { !seen.insert($0).inserted }) {
            throw error("the dataframe has two columns named `\(escaped(name))`")
        }
        return columns
    }

    private func tensor(_ value: JSONValue) throws(MLmodelError) -> InputExample.Content {
        var array = value
        if info.format == "tf-serving" {
            guard let inner = value["inputs"] ?? value["instances"] else {
                throw error("an array of format `tf-serving` should be an object with `inputs`")
            }
            array = inner
        }
        if let tensors = array.objectValue { return .tensors(tensors) }
        return .tensor(array)
    }

    private func error(_ reason: String, hints: [String] = []) -> MLmodelError {
        MLmodelError(.example, reason, file: file, hints: hints)
    }
}
