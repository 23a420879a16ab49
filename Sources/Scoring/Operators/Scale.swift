import JSONText

/// Element-wise arithmetic with constants, step by step.
struct Scale: Operator {
    static let name = "scale"

    fileprivate enum Action: String, CaseIterable {
        case add, subtract, multiply, divide, atLeast, atMost
    }

    private let inputs: [Slot]
    private let outputs: Range<Slot>
    private let width: FloatWidth
    private let steps: [(action: Action, constants: NumberArray<Double>)]

    init(_ fields: inout OperatorFields) throws(ScoringError) {
        inputs = fields.inputs
        outputs = fields.outputs
        width = try fields.choice("width", FloatWidth.self)
        var steps: [(Action, NumberArray<Double>)] = []
        for object in try fields.objects("steps") {
            guard object.count == 2, let action = object["do"]?.stringValue.flatMap(Action.init(rawValue:)),
                let number = object["with"]?.intValue
            else { throw fields.error("a step is not one of the known ones") }
            let constants = try fields.sections.float64(number)
            guard constants.count == inputs.count else {
                throw fields.error("a step has \(constants.count) constants for \(inputs.count) slots")
            }
            steps.append((action, constants))
        }
        self.steps = steps
        try fields.expectOutputs(inputs.count)
    }

    func run(_ block: RowBlock) {
        for index in 0..<inputs.count {
            let source = block[inputs[index]]
            let target = block[outputs.lowerBound + index]
            for row in 0..<block.rows { target[row] = rounded(source[row]) }
            for step in steps {
                let constant = step.constants[index]
                for row in 0..<block.rows { target[row] = rounded(apply(step.action, target[row], constant)) }
            }
        }
    }

    @inline(__always)
    private func rounded(_ value: Double) -> Double { width == .float32 ? Double(Float(value)) : value }

    @inline(__always)
    private func apply(_ action: Action, _ value: Double, _ constant: Double) -> Double {
        switch action {
        case .add: value + constant
        case .subtract: value - constant
        case .multiply: value * constant
        case .divide: value / constant
        // NaN stays NaN, as in numpy.clip.
        case .atLeast: value < constant ? constant : value
        case .atMost: value > constant ? constant : value
        }
    }

    var details: [OperatorSummary.Detail] { [.init(name: "steps", value: steps.count)] }
}

/// One step of `scale`, with one constant per slot.
public enum ScaleStep: Sendable, Equatable {
    /// x + constant
    case add([Double])
    /// x - constant
    case subtract([Double])
    /// x * constant
    case multiply([Double])
    /// x / constant
    case divide([Double])
    /// The larger of x and the constant; NaN stays NaN.
    case atLeast([Double])
    /// The smaller of x and the constant; NaN stays NaN.
    case atMost([Double])

    fileprivate var parts: (Scale.Action, [Double]) {
        switch self {
        case .add(let constants): (.add, constants)
        case .subtract(let constants): (.subtract, constants)
        case .multiply(let constants): (.multiply, constants)
        case .divide(let constants): (.divide, constants)
        case .atLeast(let constants): (.atLeast, constants)
        case .atMost(let constants): (.atMost, constants)
        }
    }
}

extension ModelBuilder {
    /// Element-wise arithmetic with constants: `StandardScaler` is `[.subtract(mean), .divide(scale)]`, `MinMaxScaler`
    /// `[.multiply(scale), .add(min)]`, the mean of a forest `[.divide([treeCount, …])]`. Without steps and with `.float32` it
    /// rounds to the nearest float32.
    ///
    /// - Parameters:
    ///   - steps: done in order; each has one constant per slot.
    ///   - width: with `.float32` the slots and the result of every step are rounded to the nearest float32, while the
    ///     constants keep float64 as when NumPy adds a float64 array to a float32 array in place. With constants that are
    ///     float32 values this is float32 arithmetic exactly, because a float64 result of two float32 numbers rounds to the
    ///     same float32.
    public mutating func scale(_ slots: [Slot], steps: [ScaleStep], width: FloatWidth) throws(ScoringError) -> [Slot] {
        var list: [JSONValue] = []
        for (action, constants) in steps.map(\.parts) {
            list.append(["do": .string(action.rawValue), "with": addArray(constants)])
        }
        let parameters: JSONObject = ["width": .string(width.rawValue), "steps": .array(list)]
        return try add(Scale.name, inputs: slots, outputCount: slots.count, parameters, origin: .oneToOne)
    }
}
