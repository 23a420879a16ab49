import Bytes
import Diagnostics
import JSONText
import MLmodelFormat
import Scoring

/// The request that a context shows, and what the model answers to it.
struct SampleRequest {
    /// A body for `/invocations`; nil when the model has neither example nor signature.
    let request: JSONValue?
    /// The whole answer body, as the scorer writes it; only for a converted model that accepts the request.
    let response: [UInt8]?

    static func make(_ plan: ServingPlan, model: DescribedModel) -> SampleRequest {
        let request = model.sample?.request ?? plan.compiled.map(zeroRequest)
        guard let compiled = plan.compiled, let request else { return SampleRequest(request: request, response: nil) }
        return SampleRequest(request: request, response: answer(of: compiled, to: request))
    }

    /// Request and answer for `serving.json`; nil unless both are known.
    var selfTest: (request: JSONValue, response: JSONValue)? {
        guard let request, let response else { return nil }
        do { return (request, try JSONText.parse(ByteRegion(response), limits: .document)) } catch { return nil }
    }

    // One row of zeros and empty texts, for a model that knows its columns but was logged without signature and example.
    private static func zeroRequest(_ model: CompiledModel) -> JSONValue {
        let columns = model.inputs.columns
        let row = columns.map { column -> JSONValue in
            switch column.type {
            case .boolean: false
            case .integer, .long: 0
            case .float, .double: 0.0
            case .string: ""
            }
        }
        guard case .table = model.inputs.form else { return ["inputs": [.array(row)]] }
        return ["dataframe_split": ["columns": .array(columns.map { .string($0.name) }), "data": [.array(row)]]]
    }

    // Nil when the request does not fit the model, or the model refuses a row of it: then there is no answer to record.
    private static func answer(of model: CompiledModel, to request: JSONValue) -> [UInt8]? {
        var block = InputBlock(model: model)
        guard SampleBinding.bind(request, to: &block) else { return nil }
        var answers = AnswerBlock(model: model)
        do { try Evaluator(model: model).evaluate(block, into: &answers) } catch { return nil }
        var bytes = Array("{\"predictions\": ".utf8)
        answers.appendPythonJSON(to: &bytes)
        bytes.append(UInt8(ascii: "}"))
        // NaN and infinities are no JSON: such an answer is nothing to compare with.
        do { _ = try JSONText.parse(ByteRegion(bytes), limits: .document) } catch { return nil }
        return bytes
    }
}

/// Puts the rows of a sample request into a block; only what leaves no doubt, because the scorer checks the result again.
private enum SampleBinding {
    static func bind(_ request: JSONValue, to block: inout InputBlock) -> Bool {
        if let split = request["dataframe_split"] {
            guard let rows = split["data"]?.arrayValue else { return false }
            return bind(rows, names: split["columns"]?.arrayValue?.map(\.stringValue), to: &block)
        }
        guard let inputs = (request["dataframe_records"] ?? request["inputs"] ?? request["instances"])?.arrayValue
        else {
            return false
        }
        guard inputs.first?.objectValue != nil else { return bind(inputs, names: nil, to: &block) }
        let names = block.model.inputs.columns.map { Optional($0.name) }
        var rows: [JSONValue] = []
        for item in inputs {
            guard let record = item.objectValue else { return false }
            rows.append(.array(names.map { record[$0 ?? ""] ?? .null }))
        }
        return bind(rows, names: names, to: &block)
    }

    private static func bind(_ rows: [JSONValue], names: [String?]?, to block: inout InputBlock) -> Bool {
        let columns = block.model.inputs.columns
        var order: [Int] = []
        if let names {
            for column in columns {
                guard let index = names.firstIndex(of: column.name) else { return false }
                order.append(index)
            }
        } else {
            order = Array(columns.indices)
        }
        let width = names?.count ?? columns.count
        for item in rows {
            guard let cells = item.arrayValue, cells.count == width else { return false }
            let row = block.appendRow()
            for (column, index) in order.enumerated() {
                guard set(cells[index], row: row, column: column, columns[column].type, &block) else { return false }
            }
        }
        return !rows.isEmpty
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
