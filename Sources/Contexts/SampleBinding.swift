import JSONText
import Scoring

/// Puts the rows of a request into a block; only what leaves no doubt, because the scorer checks the result again.
enum SampleBinding {
    /// The rows of `request`, each with one cell per name of `names`; nil when they are not plainly that.
    ///
    /// A column that `isOptional` says so of may be absent: its cells are null.
    static func rows(
        of request: JSONValue, names: [String], isOptional: (Int) -> Bool = { _ in false }
    ) -> [[JSONValue]]? {
        if let split = request["dataframe_split"] {
            guard let data = split["data"]?.arrayValue else { return nil }
            guard let found = split["columns"]?.arrayValue else { return whole(data, width: names.count) }
            // By bytes: Swift's strings compare canonically.
            var places: [[UInt8]: Int] = [:]
            for (place, name) in found.enumerated().reversed() { places[Array((name.stringValue ?? "").utf8)] = place }
            let order = names.map { places[Array($0.utf8)] }
            guard order.indices.allSatisfy({ order[$0] != nil || isOptional($0) }),
                let rows = whole(data, width: found.count)
            else { return nil }
            return rows.map { row in order.map { $0.map { row[$0] } ?? .null } }
        }
        guard let inputs = (request["dataframe_records"] ?? request["inputs"] ?? request["instances"])?.arrayValue
        else { return nil }
        guard inputs.first?.objectValue != nil else { return whole(inputs, width: names.count) }
        var rows: [[JSONValue]] = []
        for item in inputs {
            guard let record = item.objectValue else { return nil }
            rows.append(names.map { record[$0] ?? .null })
        }
        return rows
    }

    private static func whole(_ data: [JSONValue], width: Int) -> [[JSONValue]]? {
        var rows: [[JSONValue]] = []
        for item in data {
            guard let cells = item.arrayValue, cells.count == width else { return nil }
            rows.append(cells)
        }
        return rows
    }

    /// Adds a row; `cells` has one for each of the model's columns. False when a cell does not fit its column.
    static func append(_ cells: [JSONValue], to block: inout InputBlock) -> Bool {
        let row = block.appendRow()
        for (column, (cell, input)) in zip(cells, block.model.inputs.columns).enumerated() {
            guard set(cell, row: row, column: column, input.type, &block) else { return false }
        }
        return true
    }

    private static func set(
        _ cell: JSONValue, row: Int, column: Int, _ type: ValueType, _ block: inout InputBlock
    ) -> Bool {
        switch (cell, type) {
        case (.null, _): block.setMissing(row: row, column: column)
        case (.string(let text), .string): block.set(text, row: row, column: column)
        case (.bool(let bool), .boolean): block.set(bool ? 1 : 0, row: row, column: column)
        case (.number(let number), .integer), (.number(let number), .long):
            guard let integer = number.int64 else { return false }
            block.set(Double(integer), row: row, column: column)
        case (.number(let number), .float), (.number(let number), .double):
            guard let double = number.double else { return false }
            block.set(double, row: row, column: column)
        default: return false
        }
        return true
    }
}

extension AnswerBlock {
    /// The whole answer body as the scorer writes it; nil when it holds NaN or an infinity, which are nothing to compare with.
    var body: [UInt8]? {
        guard !model.answer.labels.isEmpty || values.allSatisfy(\.isFinite) else { return nil }
        var bytes = Array("{\"predictions\": ".utf8)
        appendPythonJSON(to: &bytes)
        bytes.append(UInt8(ascii: "}"))
        return bytes
    }
}
