import Glibc
import JSONText

/// One answer of the decisions between every two of several classes: the class with most votes, a score or a probability of each.
struct Pairs: Operator {
    static let name = "pairs"
    private let inputs: [Slot]
    private let outputs: Range<Slot>
    private let classCount: Int
    private let rule: Rule
    // One per pair; used by `probabilities` only.
    private let slopes: NumberArray<Double>
    private let offsets: NumberArray<Double>

    fileprivate enum Rule: String, CaseIterable {
        case vote, scores, probabilities
    }

    /// More would need a scratch of many megabytes.
    static let largestClassCount = 1_000

    init(_ fields: inout OperatorFields) throws(ScoringError) {
        inputs = fields.inputs
        outputs = fields.outputs
        classCount = try fields.integer("classes", in: 2...Self.largestClassCount)
        try fields.expectInputs(classCount * (classCount - 1) / 2)
        rule = try fields.choice("rule", Rule.self)
        try fields.expectOutputs(rule == .vote ? 1 : classCount)
        if rule == .probabilities {
            slopes = try fields.float64("slopes", count: inputs.count)
            offsets = try fields.float64("offsets", count: inputs.count)
        } else {
            slopes = NumberArray(copying: [])
            offsets = NumberArray(copying: [])
        }
    }

    var indexBound: Int? { rule == .vote ? classCount : nil }

    func scratchByteCount(rows: Int) -> Int {
        MemoryLayout<Double>.size * (rule == .probabilities ? 2 * classCount * classCount + 2 * classCount : classCount)
    }

    func run(_ block: RowBlock) {
        let scratch = block.scratch.assumingMemoryBound(to: Double.self)
        for row in 0..<block.rows {
            switch rule {
            case .vote: vote(block, row, scratch)
            case .scores: score(block, row, scratch)
            case .probabilities: couple(block, row, scratch)
            }
        }
    }

    private func vote(_ block: RowBlock, _ row: Int, _ votes: UnsafeMutablePointer<Double>) {
        for index in 0..<classCount { votes[index] = 0 }
        var pair = 0
        for first in 0..<classCount {
            for second in first + 1..<classCount {
                votes[block[inputs[pair]][row] > 0 ? first : second] += 1
                pair += 1
            }
        }
        var best = 0
        for index in 1..<classCount where votes[index] > votes[best] { best = index }
        block[outputs.lowerBound][row] = Double(best)
    }

    private func score(_ block: RowBlock, _ row: Int, _ votes: UnsafeMutablePointer<Double>) {
        for index in 0..<classCount {
            votes[index] = 0
            block[outputs.lowerBound + index][row] = 0
        }
        var pair = 0
        for first in 0..<classCount {
            for second in first + 1..<classCount {
                let decision = block[inputs[pair]][row]
                block[outputs.lowerBound + first][row] += decision
                block[outputs.lowerBound + second][row] -= decision
                votes[decision < 0 ? second : first] += 1
                pair += 1
            }
        }
        for index in 0..<classCount {
            let sum = block[outputs.lowerBound + index][row]
            block[outputs.lowerBound + index][row] = votes[index] + sum / (3 * (abs(sum) + 1))
        }
    }

    /// libsvm's `multiclass_probability`: the second method of Wu, Lin and Weng.
    private func couple(_ block: RowBlock, _ row: Int, _ scratch: UnsafeMutablePointer<Double>) {
        let count = classCount
        let pairwise = scratch
        let matrix = scratch + count * count
        let product = matrix + count * count
        let result = product + count
        fillPairwise(block, row, pairwise)
        for t in 0..<count {
            result[t] = 1 / Double(count)
            var diagonal = 0.0
            for j in 0..<count where j != t {
                diagonal += pairwise[j * count + t] * pairwise[j * count + t]
                matrix[t * count + j] =
                    j < t ? matrix[j * count + t] : -pairwise[j * count + t] * pairwise[t * count + j]
            }
            matrix[t * count + t] = diagonal
        }
        for _ in 0..<max(100, count) {
            var total = 0.0
            for t in 0..<count {
                product[t] = 0
                for j in 0..<count { product[t] += matrix[t * count + j] * result[j] }
                total += result[t] * product[t]
            }
            var worst = 0.0
            for t in 0..<count {
                let error = abs(product[t] - total)
                if error > worst { worst = error }
            }
            if worst < 0.005 / Double(count) { break }
            for t in 0..<count {
                let diagonal = matrix[t * count + t]
                let gap = (-product[t] + total) / diagonal
                result[t] += gap
                total = (total + gap * (gap * diagonal + 2 * product[t])) / (1 + gap) / (1 + gap)
                for j in 0..<count {
                    product[j] = (product[j] + gap * matrix[t * count + j]) / (1 + gap)
                    result[j] /= 1 + gap
                }
            }
        }
        for t in 0..<count { block[outputs.lowerBound + t][row] = result[t] }
    }

    /// Platt's probability of the first class of each pair, at least 1e-7 and at most 1 - 1e-7.
    private func fillPairwise(_ block: RowBlock, _ row: Int, _ pairwise: UnsafeMutablePointer<Double>) {
        var pair = 0
        for first in 0..<classCount {
            for second in first + 1..<classCount {
                let logit = block[inputs[pair]][row] * slopes[pair] + offsets[pair]
                let raw = logit >= 0 ? exp(-logit) / (1 + exp(-logit)) : 1 / (1 + exp(logit))
                let raised = raw > 1e-7 ? raw : 1e-7
                let value = raised < 1 - 1e-7 ? raised : 1 - 1e-7
                pairwise[first * classCount + second] = value
                pairwise[second * classCount + first] = 1 - value
                pair += 1
            }
        }
    }
}

extension ModelBuilder {
    /// The position of the class that most pairs decide for, the first of equals. A decision above 0 is for the pair's first class.
    ///
    /// - Parameter decisions: one per pair of classes in the order (0, 1), (0, 2), …, (1, 2), ….
    /// - Returns: a slot fit to be an answer's label index.
    public mutating func pairVote(_ decisions: [Slot], classCount: Int) throws(ScoringError) -> Slot {
        let parameters: JSONObject = ["classes": .int(classCount), "rule": "vote"]
        return try add(Pairs.name, inputs: decisions, outputCount: 1, parameters, origin: .none)[0]
    }

    /// Votes plus s / (3 (|s| + 1)) of each class, where s is the sum of its decisions: scikit-learn's `_ovr_decision_function`.
    /// A decision below 0 is for the pair's second class.
    public mutating func pairScores(_ decisions: [Slot], classCount: Int) throws(ScoringError) -> [Slot] {
        let parameters: JSONObject = ["classes": .int(classCount), "rule": "scores"]
        return try add(Pairs.name, inputs: decisions, outputCount: classCount, parameters, origin: .none)
    }

    /// The probability of each class by libsvm's pairwise coupling (`svm_predict_probability`), also for two classes.
    ///
    /// - Parameters:
    ///   - slopes: one per pair, `probA`; the pair's first class has the probability 1 / (1 + exp(decision · slope + offset)).
    ///   - offsets: one per pair, `probB`.
    public mutating func pairProbabilities(
        _ decisions: [Slot], classCount: Int, slopes: [Double], offsets: [Double]
    ) throws(ScoringError) -> [Slot] {
        let parameters: JSONObject = [
            "classes": .int(classCount), "rule": "probabilities", "slopes": addArray(slopes),
            "offsets": addArray(offsets),
        ]
        return try add(Pairs.name, inputs: decisions, outputCount: classCount, parameters, origin: .none)
    }
}
