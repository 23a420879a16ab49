import JSONText

/// What a request or an answer holds, taken apart so that it fits into log lines.
struct DataRecord {
    enum Content {
        /// JSON texts of ASCII characters, one a row.
        case rows([[UInt8]])
        /// One text of ASCII characters.
        case text([UInt8])
    }

    var content: Content
    /// What stands before and behind rows.
    var open = "["
    var close = "]"
    /// Whether the data is a JSON string that holds the text, as the seed's `InferenceData` has it, or JSON itself.
    var isText: Bool

    /// The rows of a request, each an object when its columns have names; the whole body when it has no rows.
    init(request: [UInt8], hash: ValueHash?) {
        isText = true
        // What is no JSON, as CSV, is logged as it came.
        guard let document = try? JSONText.parse(request) else {
            content = .text(hash.map { $0.text(of: request) } ?? DataRecord.ascii(request))
            return
        }
        guard let rows = DataRecord.rows(document) else {
            content = .text(JSONWriter.bytes(hash?.hashed(document, column: "") ?? document, style: .python))
            return
        }
        content = .rows(rows.map { JSONWriter.bytes(hash?.hashed($0, column: "") ?? $0, style: .python) })
    }

    /// `{"predictions": …}`, or the model's own object.
    init(answer: [UInt8], hash: ValueHash?) {
        isText = false
        guard var document = try? JSONText.parse(answer) else {
            // Binary tensors.
            content = .text(hash.map { $0.text(of: answer) } ?? DataRecord.ascii(answer))
            isText = true
            return
        }
        if let inner = document["predictions"], document.objectValue?.count == 1 { document = inner }
        if let rows = document.arrayValue {
            (open, close) = ("{\"predictions\": [", "]}")
            content = .rows(rows.map { JSONWriter.bytes(hash?.hashed($0, column: "") ?? $0, style: .python) })
            return
        }
        if document.objectValue == nil { document = ["predictions": document] }
        content = .text(JSONWriter.bytes(hash?.hashed(document, column: "") ?? document, style: .python))
    }

    /// The rows of MLflow's forms and of a bare list.
    private static func rows(_ document: JSONValue) -> [JSONValue]? {
        if let rows = document.arrayValue { return rows }
        if let split = document["dataframe_split"] {
            guard let rows = split["data"]?.arrayValue else { return nil }
            guard let names = split["columns"]?.arrayValue?.compactMap(\.stringValue) else { return rows }
            return rows.map { row in
                guard let cells = row.arrayValue, cells.count == names.count else { return row }
                return .object(JSONObject(zip(names, cells).map { (key: $0, value: $1) }))
            }
        }
        guard let data = document["dataframe_records"] ?? document["instances"] ?? document["inputs"] else {
            return nil
        }
        if let rows = data.arrayValue { return rows }
        // Columns, turned into rows when they are equally long.
        guard let columns = data.objectValue, let count = columns.members.first?.value.arrayValue?.count,
            columns.members.allSatisfy({ $0.value.arrayValue?.count == count })
        else { return nil }
        let lists = columns.members.map { (key: $0.key, cells: $0.value.arrayValue ?? []) }
        return (0..<count).map { row in .object(JSONObject(lists.map { (key: $0.key, value: $0.cells[row]) })) }
    }

    /// Bytes of any kind as ASCII characters: others become `?`.
    private static func ascii(_ bytes: [UInt8]) -> [UInt8] {
        bytes.map { $0 == 9 || $0 == 10 || $0 == 13 ? 32 : $0 >= 32 && $0 < 127 ? $0 : UInt8(ascii: "?") }
    }
}

/// Turns values into keyed digests: equal values of one column give equal digests, and without the key nobody can try values out.
struct ValueHash: Sendable {
    let key: [UInt8]

    /// 16 hexadecimal digits for each text, number and boolean; null, the names of columns and the shape stay.
    ///
    /// - Parameter isInside: whether `value` is inside of a cell, where keys are data as well.
    func hashed(_ value: JSONValue, column: String, isInside: Bool = false) -> JSONValue {
        switch value {
        case .null: .null
        case .bool(let bool): digest(bool ? "true" : "false", kind: "b", column)
        case .number(let number): digest(number.text, kind: "n", column)
        case .string(let string): digest(string, kind: "s", column)
        case .array(let items): .array(items.map { hashed($0, column: column, isInside: isInside) })
        case .object(let object):
            .object(
                JSONObject(
                    object.members.map { key, value in
                        let name = isInside ? hexadecimal(Array("k\0\(column)\0\(key)".utf8)) : key
                        return (key: name, value: hashed(value, column: isInside ? column : key, isInside: true))
                    }))
        }
    }

    /// The digest of a whole body.
    func text(of bytes: [UInt8]) -> [UInt8] { Array(hexadecimal(Array("*\0".utf8) + bytes).utf8) }

    private func digest(_ text: String, kind: String, _ column: String) -> JSONValue {
        .string(hexadecimal(Array("\(kind)\0\(column)\0\(text)".utf8)))
    }

    private func hexadecimal(_ message: [UInt8]) -> String {
        let digits = Array("0123456789abcdef".utf8)
        let code = SHA256.authenticationCode(of: message, key: key).prefix(8)
        return String(decoding: code.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }
}
