import MLmodelFormat
import Scoring

/// The columns that a request brings, and the table that the model's first step gets of them.
struct InputMapping {
    /// What MLflow hands to the model.
    enum Shape {
        case columns([ColumnSpec])
        case tensor(type: String, width: Int)
    }

    let shape: Shape

    /// Finds the columns: the signature, else the input example.
    init(_ source: ConversionSource) throws {
        func refuse(_ reason: String, help: String? = nil) -> Refused {
            Refused([Refusal(path: source.mlmodel.file, reason: reason, help: help)])
        }
        let isSigned = source.mlmodel.signature?.inputs != nil
        guard let schema = source.mlmodel.signature?.inputs ?? source.inputExample?.inferredSchema() else {
            throw refuse(
                "the model has neither a signature nor an input example, so the types of its columns are unknown",
                help: "log it with `signature=infer_signature(…)` or `input_example=…`")
        }
        switch schema {
        case .columns(let columns):
            guard columns.allSatisfy({ $0.name != nil }) else {
                throw refuse(
                    "the columns of the signature have no names",
                    help: "log the model with a signature of a pandas table")
            }
            shape = .columns(isSigned ? columns : columns.map(InputMapping.unsigned))
        case .tensors(let tensors):
            guard tensors.count == 1, let tensor = tensors.first, tensor.name == nil, tensor.shape.count == 2,
                tensor.shape[1] > 0, InputMapping.elementTypes[tensor.dtype] != nil
            else {
                throw refuse(
                    "the input is not one table of numbers", help: "log the model with a signature of a pandas table")
            }
            shape = .tensor(type: tensor.dtype, width: tensor.shape[1])
        }
    }

    /// Without a signature MLflow takes numbers as they come, so a column of whole numbers takes others too.
    private static func unsigned(_ column: ColumnSpec) -> ColumnSpec {
        switch column.type {
        case .integer, .long, .float: ColumnSpec(name: column.name, type: .double, required: column.required)
        default: column
        }
    }

    static let elementTypes: [String: ElementType] = [
        "float64": .float64, "float32": .float32, "int64": .integer64, "int32": .integer32,
    ]

    /// The columns' names in the order of the request's table; nil for a tensor.
    var names: [String]? {
        guard case .columns(let columns) = shape else { return nil }
        return columns.map { $0.name ?? "" }
    }

    var count: Int {
        switch shape {
        case .columns(let columns): columns.count
        case .tensor(_, let width): width
        }
    }

    /// The input schema and the table for a model that uses the columns at `used`.
    func schema(used: Set<Int>, nullPolicy: NullPolicy) -> (InputSchema, Table) {
        var inputs: [InputColumn] = []
        var lanes: [Lane] = []
        switch shape {
        case .tensor(let type, let width):
            let element = InputMapping.elementTypes[type] ?? .float64
            for index in 0..<width {
                inputs.append(
                    InputColumn(name: String(index), type: element == .float32 ? .float : .double, required: true))
                lanes.append(lane(slot: index, kind: .number(element), name: String(index)))
            }
            return (InputSchema(columns: inputs, form: .tensor(type: type)), Table(lanes: lanes, form: .array(element)))
        case .columns(let columns):
            for (index, column) in columns.enumerated() {
                let name = column.name ?? ""
                guard let (type, kind) = scalar(column.type, inputs.count) else {
                    lanes.append(lane(slot: 0, kind: .unusable(column.type.words), name: name))
                    continue
                }
                inputs.append(
                    InputColumn(
                        name: name, type: type, required: column.required || used.contains(index),
                        missingIsUnknown: type == .string && nullPolicy.makesNullUnknown))
                lanes.append(lane(slot: inputs.count - 1, kind: kind, name: name))
            }
            return (InputSchema(columns: inputs), Table(lanes: lanes, form: .frame, names: names))
        }
    }

    private func lane(slot: Slot, kind: Lane.Kind, name: String) -> Lane {
        let isBounded =
            switch kind {
            case .number(.float64), .number(.float32): false
            case .number, .text, .unusable: true
            }
        return Lane(slot: slot, kind: kind, name: name, mayBeMissing: true, isBounded: isBounded)
    }

    private func scalar(_ type: ColumnType, _ column: Int) -> (ValueType, Lane.Kind)? {
        switch type {
        case .boolean: (.boolean, .number(.boolean))
        case .integer: (.integer, .number(.integer32))
        case .long: (.long, .number(.integer64))
        case .float: (.float, .number(.float32))
        case .double: (.double, .number(.float64))
        case .string: (.string, .text(column: column))
        case .binary, .datetime, .array, .object, .map, .any, .sparkVector: nil
        }
    }
}
