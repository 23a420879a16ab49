import JSONText

/// One value of an answer.
public enum AnswerValue: Sendable, Equatable {
    /// A number, possibly not finite.
    case number(Double)
    /// A whole-number label.
    case integer(Int64)
    /// A text label.
    case string(String)
    /// A truth-value label.
    case boolean(Bool)
}

/// The answers for a block of rows. Memory is kept between requests.
public struct AnswerBlock: Sendable {
    /// The model that answered.
    public let model: CompiledModel
    /// The number of rows.
    public private(set) var rowCount = 0
    /// The values of the answer's slots, [rowCount x answer.slots.count], row-major; for labels, indices into their tables.
    public private(set) var values: [Double] = []

    /// An empty block for answers of `model`.
    public init(model: CompiledModel) { self.model = model }

    /// The number of values of one row.
    public var width: Int { model.answer.slots.count }

    /// One value; row and column out of range trap.
    public func value(row: Int, column: Int) -> AnswerValue {
        precondition(row >= 0 && row < rowCount && column >= 0 && column < width, "value out of range")
        let value = values[row * width + column]
        guard !model.answer.labels.isEmpty else { return .number(value) }
        switch model.answer.labels[column] {
        case .strings(let labels): return .string(labels[Int(value)])
        case .integers(let labels): return .integer(labels[Int(value)])
        case .doubles(let labels): return .number(labels[Int(value)])
        case .booleans(let labels): return .boolean(labels[Int(value)])
        }
    }

    /// Writes the value of `predictions` exactly as MLflow's server does with Python's `json.dumps`: `", "` between values, ASCII
    /// only, floats as Python's `repr` (`1.0`, `1e-05`), and the bare words `NaN`, `Infinity`, `-Infinity`, which are not JSON.
    public func appendPythonJSON(to output: inout [UInt8]) {
        output.append(UInt8(ascii: "["))
        switch model.answer.layout {
        case .flat:
            for row in 0..<rowCount {
                separate(row, &output)
                appendValue(row, 0, &output)
            }
        case .rows: appendRows(columns: 0..<width, &output)
        case .groups(let widths):
            var column = 0
            for (group, width) in widths.enumerated() {
                separate(group, &output)
                output.append(UInt8(ascii: "["))
                appendRows(columns: column..<(column + width), &output)
                output.append(UInt8(ascii: "]"))
                column += width
            }
        }
        output.append(UInt8(ascii: "]"))
    }

    private func appendRows(columns: Range<Int>, _ output: inout [UInt8]) {
        for row in 0..<rowCount {
            separate(row, &output)
            output.append(UInt8(ascii: "["))
            for column in columns {
                separate(column - columns.lowerBound, &output)
                appendValue(row, column, &output)
            }
            output.append(UInt8(ascii: "]"))
        }
    }

    private func separate(_ index: Int, _ output: inout [UInt8]) {
        guard index > 0 else { return }
        output.append(UInt8(ascii: ","))
        output.append(UInt8(ascii: " "))
    }

    private func appendValue(_ row: Int, _ column: Int, _ output: inout [UInt8]) {
        let value = values[row * width + column]
        guard model.encodedLabels.isEmpty else {
            output.append(contentsOf: model.encodedLabels[column][Int(value)])
            return
        }
        if value.isFinite {
            appendPythonRepr(value, to: &output)
        } else {
            output.append(contentsOf: (value.isNaN ? "NaN" : value < 0 ? "-Infinity" : "Infinity").utf8)
        }
    }

    /// Makes room for `count` rows and forgets the old ones.
    mutating func reset(rows count: Int) {
        rowCount = count
        values.removeAll(keepingCapacity: true)
        values.append(contentsOf: repeatElement(0, count: count * width))
    }

    /// Lets `body` write the values.
    mutating func withValues<Result>(_ body: (UnsafeMutableBufferPointer<Double>) -> Result) -> Result {
        values.withUnsafeMutableBufferPointer { body($0) }
    }
}
