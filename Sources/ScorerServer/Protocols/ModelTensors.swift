import JSONText
import Scoring

/// A tensor as the metadata of Open Inference Protocol v2 describes it; -1 stands for any length.
struct TensorMetadata: Sendable, Equatable {
    var name: String
    var datatype: TensorDatatype
    var shape: [Int]

    var json: JSONValue {
        [
            "name": .string(name), "datatype": .string(datatype.rawValue),
            "shape": .array(shape.map(JSONValue.int)),
        ]
    }
}

extension RequestSchema {
    /// The tensors that a request holds; empty when nothing is known.
    var tensorMetadata: [TensorMetadata] {
        switch self {
        case .untyped: return []
        case .tensors(let tensors):
            return tensors.enumerated().map {
                TensorMetadata(name: $1.name ?? "input-\($0)", datatype: .init(dtype: $1.dtype), shape: $1.shape)
            }
        case .columns(let columns):
            let datatypes = Set(columns.map { TensorDatatype($0.type) })
            if let datatype = datatypes.first, datatypes.count == 1, columns[0].name == nil, columns.count > 1 {
                return [TensorMetadata(name: "input-0", datatype: datatype, shape: [-1, columns.count])]
            }
            return columns.enumerated().map {
                TensorMetadata(name: $1.name ?? "input-\($0)", datatype: .init($1.type), shape: Self.shape($1.type))
            }
        }
    }

    /// The tensors that an answer holds when it is as the signature says; answers are not checked against it.
    var answerMetadata: [TensorMetadata] {
        switch self {
        case .untyped: return []
        case .tensors(let tensors):
            return tensors.enumerated().map {
                TensorMetadata(
                    name: $1.name ?? "output-\($0)", datatype: TensorDatatype(dtype: $1.dtype).ofAnswers,
                    shape: $1.shape)
            }
        case .columns(let columns):
            return columns.enumerated().map {
                TensorMetadata(
                    name: $1.name ?? "output-\($0)", datatype: TensorDatatype($1.type).ofAnswers,
                    shape: Self.shape($1.type))
            }
        }
    }

    /// The name of an answer that is one tensor.
    var answerName: String {
        let names: [String?] =
            switch self {
            case .untyped: []
            case .tensors(let tensors): tensors.map(\.name)
            case .columns(let columns): columns.map(\.name)
            }
        return names.count == 1 ? names[0] ?? OpenInferenceAnswer.plainName : OpenInferenceAnswer.plainName
    }

    private static func shape(_ type: CellType) -> [Int] {
        if case .array(let items) = type { [-1] + shape(items) } else { [-1] }
    }
}

extension TensorDatatype {
    /// The datatype that an answer has, whose numbers are float64 or int64.
    fileprivate var ofAnswers: TensorDatatype {
        switch self {
        case .bool, .uint64, .bytes: self
        case .uint8, .uint16, .uint32, .int8, .int16, .int32, .int64: .int64
        case .fp16, .fp32, .fp64: .fp64
        }
    }
}

extension Answer {
    /// The tensors of a native model's answers.
    func tensorMetadata(name: String) -> [TensorMetadata] {
        let datatype: TensorDatatype =
            switch labels.first {
            case .strings?: .bytes
            case .integers?: .int64
            case .booleans?: .bool
            case .doubles?, nil: .fp64
            }
        switch layout {
        case .flat: return [TensorMetadata(name: name, datatype: datatype, shape: [-1])]
        case .rows: return [TensorMetadata(name: name, datatype: datatype, shape: [-1, slots.count])]
        case .groups(let widths):
            guard Set(widths).count > 1 else {
                return [TensorMetadata(name: name, datatype: datatype, shape: [widths.count, -1, widths.first ?? 0])]
            }
            return widths.enumerated().map {
                TensorMetadata(name: "output-\($0)", datatype: datatype, shape: [-1, $1])
            }
        }
    }
}

/// What a model says of itself, where `serving.json` does not.
struct ModelDescription {
    /// What requests hold.
    var schema: RequestSchema?
    /// What answers hold.
    var answer: Answer?
}
