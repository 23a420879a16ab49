import Glibc
import JSONText

/// Weighted sums of a kernel between the row and constant vectors, as libsvm's decision functions.
struct Kernels: Operator {
    static let name = "kernels"
    private let inputs: [Slot]
    private let outputs: Range<Slot>
    private let kernel: KernelFunction
    // [vectors x inputs], row-major.
    private let vectors: NumberArray<Double>
    // [vectors x weightsPerVector], row-major.
    private let weights: NumberArray<Double>
    private let weightsPerVector: Int
    private let intercepts: NumberArray<Double>
    // The number of vectors of each group.
    private let groups: NumberArray<UInt32>
    // [groups x weightsPerVector]: the output to which a weight is added.
    private let targets: NumberArray<UInt32>
    private let rowSums: RowSums
    // Vectors whose sums are made together.
    private static let chunk = 16

    init(_ fields: inout OperatorFields) throws(ScoringError) {
        inputs = fields.inputs
        outputs = fields.outputs
        kernel = try KernelFunction(&fields)
        groups = try fields.uint32("groups")
        weightsPerVector = try fields.integer("weightsPerVector", in: 1...Limits.slots)
        let count = groups.buffer.reduce(0) { $0 + Int($1) }
        let (size, overflow) = count.multipliedReportingOverflow(by: inputs.count)
        let (weightCount, overflow2) = count.multipliedReportingOverflow(by: weightsPerVector)
        let (targetCount, overflow3) = groups.count.multipliedReportingOverflow(by: weightsPerVector)
        guard !overflow, !overflow2, !overflow3 else { throw fields.error("it has too many vectors") }
        vectors = try fields.float64("vectors", count: size)
        weights = try fields.float64("weights", count: weightCount)
        targets = try fields.uint32("targets", count: targetCount)
        let width = outputs.count
        guard targets.buffer.allSatisfy({ Int($0) < width }) else {
            throw fields.error("`targets` names an output that is not below \(width)")
        }
        intercepts = try fields.float64("intercepts", count: outputs.count)
        rowSums = RowSums(inputs, isDistance: kernel.isRadial)
    }

    func run(_ block: RowBlock) {
        let rows = block.rows
        let sums = block.scratch.assumingMemoryBound(to: Double.self)
        for output in outputs {
            let target = block[output]
            for row in 0..<rows { target[row] = 0 }
        }
        var vector = 0
        for group in 0..<groups.count {
            let targets = targets.base + group * weightsPerVector
            let end = vector + Int(groups[group])
            while vector < end {
                let count = min(Self.chunk, end - vector)
                rowSums.run(block, vectors.base + vector * inputs.count, count: count, into: sums)
                kernel.finish(sums, count: count * rows)
                for member in 0..<count {
                    let values = sums + member * rows
                    for index in 0..<weightsPerVector {
                        let weight = weights[(vector + member) * weightsPerVector + index]
                        let target = block[outputs.lowerBound + Int(targets[index])]
                        for row in 0..<rows { target[row] += weight * values[row] }
                    }
                }
                vector += count
            }
        }
        for output in 0..<outputs.count {
            let target = block[outputs.lowerBound + output]
            let intercept = intercepts[output]
            for row in 0..<rows { target[row] += intercept }
        }
    }

    func scratchByteCount(rows: Int) -> Int { Self.chunk * rows * MemoryLayout<Double>.size }

    var details: [OperatorSummary.Detail] { [.init(name: "vectors", value: weights.count / weightsPerVector)] }
}

/// A kernel of support vector machines: a function of a dot product, or of the square of a distance.
public enum KernelFunction: Sendable, Equatable {
    /// x · v.
    case linear
    /// (gamma x · v + shift) to the power `degree`, by squaring as libsvm's `powi`.
    case polynomial(gamma: Double, shift: Double, degree: Int)
    /// exp(-gamma |x - v|²).
    case radial(gamma: Double)
    /// tanh(gamma x · v + shift).
    case sigmoid(gamma: Double, shift: Double)

    /// The greatest degree of a polynomial.
    public static let largestDegree = 1_000

    private enum Name: String, CaseIterable {
        case linear, polynomial, radial, sigmoid
    }

    fileprivate init(_ fields: inout OperatorFields) throws(ScoringError) {
        switch try fields.choice("kernel", Name.self) {
        case .linear: self = .linear
        case .polynomial:
            self = .polynomial(
                gamma: try fields.double("gamma"), shift: try fields.double("shift"),
                degree: try fields.integer("degree", in: 0...Self.largestDegree))
        case .radial: self = .radial(gamma: try fields.double("gamma"))
        case .sigmoid: self = .sigmoid(gamma: try fields.double("gamma"), shift: try fields.double("shift"))
        }
    }

    fileprivate var parameters: JSONObject {
        switch self {
        case .linear: ["kernel": "linear"]
        case .polynomial(let gamma, let shift, let degree):
            [
                "kernel": "polynomial", "gamma": DoubleText.encode(gamma), "shift": DoubleText.encode(shift),
                "degree": .int(degree),
            ]
        case .radial(let gamma): ["kernel": "radial", "gamma": DoubleText.encode(gamma)]
        case .sigmoid(let gamma, let shift):
            ["kernel": "sigmoid", "gamma": DoubleText.encode(gamma), "shift": DoubleText.encode(shift)]
        }
    }

    fileprivate var isRadial: Bool { if case .radial = self { true } else { false } }

    /// Makes kernel values of dot products or squared distances.
    fileprivate func finish(_ values: UnsafeMutablePointer<Double>, count: Int) {
        switch self {
        case .linear: break
        case .polynomial(let gamma, let shift, let degree):
            for index in 0..<count { values[index] = Self.power(gamma * values[index] + shift, degree) }
        case .radial(let gamma):
            for index in 0..<count { values[index] = exp(-gamma * values[index]) }
        case .sigmoid(let gamma, let shift):
            for index in 0..<count { values[index] = tanh(gamma * values[index] + shift) }
        }
    }

    private static func power(_ base: Double, _ degree: Int) -> Double {
        var square = base
        var result = 1.0
        var rest = degree
        while rest > 0 {
            if rest % 2 == 1 { result *= square }
            square *= square
            rest /= 2
        }
        return result
    }
}

extension ModelBuilder {
    /// Decision functions of support vector machines: for each output the sum, from 0 and in the order of the vectors, of
    /// `weight · kernel(row, vector)`, plus the intercept.
    ///
    /// Source: `svm_predict_values` of libsvm 3.25 in `sklearn/svm/src/libsvm/svm.cpp`; its dense kernels add by BLAS and so may
    /// differ in the last bits, its sparse ones add in this order.
    /// - Parameters:
    ///   - vectors: [vectors x slots], row-major.
    ///   - weights: [vectors x weights per vector], row-major.
    ///   - groups: the number of vectors of each group of neighbouring vectors; they add up to the number of vectors.
    ///   - targets: for each group, the output to which each weight of its vectors is added.
    ///   - intercepts: one per output.
    public mutating func kernels(
        _ slots: [Slot], kernel: KernelFunction, vectors: [Double], weights: [Double], groups: [Int], targets: [[Int]],
        intercepts: [Double]
    ) throws(ScoringError) -> [Slot] {
        let perVector = targets.first?.count ?? 0
        guard groups.count == targets.count, groups.allSatisfy({ $0 >= 0 && $0 <= Int(UInt32.max) }),
            targets.allSatisfy({ $0.count == perVector && $0.allSatisfy { intercepts.indices.contains($0) } })
        else { throw ScoringError(.unsound, "`kernels` has not one list of outputs per group") }
        var parameters = kernel.parameters
        parameters["vectors"] = addArray(vectors)
        parameters["weights"] = addArray(weights)
        parameters["weightsPerVector"] = .int(perVector)
        parameters["groups"] = addArray(groups.map(UInt32.init))
        parameters["targets"] = addArray(targets.joined().map(UInt32.init))
        parameters["intercepts"] = addArray(intercepts)
        return try add(Kernels.name, inputs: slots, outputCount: intercepts.count, parameters, origin: .none)
    }
}
