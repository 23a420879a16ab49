import Glibc
import JSONText

/// Counts of terms weighted by how rare the terms are, and divided by the length of the row.
struct TermWeights: Operator {
    static let name = "termWeights"
    let inputs: [Slot]
    let outputs: Range<Slot>
    private let width: FloatWidth
    private let isSublinear: Bool
    private let idf: NumberArray<Double>?
    private let norm: TermNorm
    private let descends: Bool

    init(_ fields: inout OperatorFields) throws(ScoringError) {
        inputs = fields.inputs
        outputs = fields.outputs
        width = try fields.choice("width", FloatWidth.self)
        isSublinear = try fields.flag("sublinear")
        idf = fields.has("idf") ? try fields.float64("idf", count: inputs.count) : nil
        norm = try fields.choice("norm", TermNorm.self)
        descends = try fields.flag("descending")
        guard width == .float64 || !isSublinear else { throw fields.error("logarithms are not taken in float32") }
        try fields.expectOutputs(inputs.count)
    }

    func run(_ block: RowBlock) {
        for (index, slot) in inputs.enumerated() {
            let source = block[slot]
            let target = block[outputs.lowerBound + index]
            for row in 0..<block.rows { target[row] = weight(source[row], index) }
        }
        guard norm != .none else { return }
        for row in 0..<block.rows {
            let length = length(inputs.count) { block[outputs.lowerBound + $0][row] }
            if length == 0 { continue }
            for index in inputs.indices {
                let target = block[outputs.lowerBound + index]
                target[row] = divided(target[row], by: length)
            }
        }
    }

    /// The length of a row of `count` weights; 0 when it is not divided.
    @inline(__always)
    func length(_ count: Int, _ value: (Int) -> Double) -> Double {
        guard norm != .none else { return 0 }
        var sum = 0.0
        for place in 0..<count {
            let value = value(descends ? count - 1 - place : place)
            sum += norm == .l1 ? abs(value) : rounded(value * value)
        }
        return norm == .l2 ? sum.squareRoot() : sum
    }

    @inline(__always)
    func divided(_ value: Double, by length: Double) -> Double { rounded(value / length) }

    /// The weight of a count, before the row is divided.
    @inline(__always)
    func weight(_ count: Double, _ index: Int) -> Double {
        if count == 0 { return 0 }
        var value = rounded(count)
        if isSublinear { value = log(value) + 1 }
        if let idf { value = rounded(value * rounded(idf[index])) }
        return value
    }

    @inline(__always)
    private func rounded(_ value: Double) -> Double { width == .float32 ? Double(Float(value)) : value }

    var details: [OperatorSummary.Detail] { [.init(name: "terms", value: inputs.count)] }
}

/// The length by which a row of weights is divided.
public enum TermNorm: String, Sendable, CaseIterable {
    /// It is not.
    case none
    /// Σ |x|
    case l1
    /// √ Σ x²
    case l2
}

extension ModelBuilder {
    /// Weights counts of terms, as scikit-learn's `TfidfTransformer`. A count of 0 stays 0.
    ///
    /// - Parameters:
    ///   - isSublinear: 1 + log(count) in place of the count; with `width` float64 only.
    ///   - idf: what each is multiplied with; nil for nothing.
    ///   - descends: the length of a row is summed from the last slot to the first.
    ///   - width: `.float32` rounds each operand, product and quotient to float32; the length is a sum in float64.
    /// - Returns: one slot per input, in order.
    public mutating func termWeights(
        _ slots: [Slot], isSublinear: Bool, idf: [Double]?, norm: TermNorm, descends: Bool, width: FloatWidth
    ) throws(ScoringError) -> [Slot] {
        var parameters: JSONObject = [
            "width": .string(width.rawValue), "sublinear": .bool(isSublinear), "norm": .string(norm.rawValue),
            "descending": .bool(descends),
        ]
        if let idf { parameters["idf"] = addArray(idf) }
        return try add(
            TermWeights.name, inputs: slots, outputCount: slots.count, parameters, origin: .oneToOne)
    }
}
