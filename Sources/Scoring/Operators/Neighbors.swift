import Glibc
import JSONText

/// Answers from the nearest of constant points: the mean of their targets, or the votes for each class.
struct Neighbors: Operator {
    static let name = "neighbors"
    private let inputs: [Slot]
    private let outputs: Range<Slot>
    private let search: NeighborSearch
    private let isWeighted: Bool
    private let answer: Kind
    // [points x targets], row-major; class numbers for votes.
    private let targets: NumberArray<Double>
    private let targetCount: Int

    fileprivate enum Kind: String, CaseIterable {
        case means, votes, pairwiseVotes
    }

    init(_ fields: inout OperatorFields) throws(ScoringError) {
        inputs = fields.inputs
        outputs = fields.outputs
        search = try NeighborSearch(&fields)
        isWeighted = try fields.flag("weighted")
        answer = try fields.choice("answer", Kind.self)
        targetCount = answer == .means ? outputs.count : 1
        let (size, overflow) = search.pointCount.multipliedReportingOverflow(by: targetCount)
        guard !overflow, !outputs.isEmpty else { throw fields.error("it has no outputs, or too many targets") }
        targets = try fields.float64("targets", count: size)
        let width = Double(outputs.count)
        guard answer == .means || targets.buffer.allSatisfy({ $0 >= 0 && $0 < width && $0 == $0.rounded() }) else {
            throw fields.error("`targets` holds something that is not a class below \(outputs.count)")
        }
    }

    func scratchByteCount(rows: Int) -> Int {
        search.scratchByteCount + 2 * search.count * MemoryLayout<Double>.size
    }

    func run(_ block: RowBlock) {
        let workspace = NeighborSearch.Workspace(block.scratch, search)
        let weights = (block.scratch + search.scratchByteCount).assumingMemoryBound(to: Double.self)
        let terms = weights + search.count
        for row in 0..<block.rows {
            for index in 0..<inputs.count { workspace.query[index] = block[inputs[index]][row] }
            search.run(workspace)
            weigh(workspace, weights)
            if answer == .means {
                average(block, row, workspace, weights, terms)
            } else {
                vote(block, row, workspace, weights, terms)
            }
        }
    }

    /// 1 / distance, or 1 for points at distance 0 and 0 for the others when there are such.
    private func weigh(_ workspace: NeighborSearch.Workspace, _ weights: UnsafeMutablePointer<Double>) {
        var isAtPoint = false
        for index in 0..<search.count {
            weights[index] = isWeighted ? 1 / workspace.distances[index] : 1
            if weights[index].isInfinite { isAtPoint = true }
        }
        guard isAtPoint else { return }
        for index in 0..<search.count { weights[index] = weights[index].isInfinite ? 1 : 0 }
    }

    private func average(
        _ block: RowBlock, _ row: Int, _ workspace: NeighborSearch.Workspace, _ weights: UnsafePointer<Double>,
        _ terms: UnsafeMutablePointer<Double>
    ) {
        let count = search.count
        let total = isWeighted ? PairwiseSum.sum(weights, count: count, stride: 1) : Double(count)
        for target in 0..<targetCount {
            for index in 0..<count {
                terms[index] = targets[workspace.points[index] * targetCount + target] * weights[index]
            }
            block[outputs.lowerBound + target][row] = PairwiseSum.sum(terms, count: count, stride: 1) / total
        }
    }

    private func vote(
        _ block: RowBlock, _ row: Int, _ workspace: NeighborSearch.Workspace, _ weights: UnsafePointer<Double>,
        _ terms: UnsafeMutablePointer<Double>
    ) {
        let count = search.count
        for output in outputs { block[output][row] = 0 }
        guard answer == .pairwiseVotes else {
            for index in 0..<count {
                let output = outputs.lowerBound + Int(targets[workspace.points[index]])
                block[output][row] += weights[index]
            }
            return
        }
        for index in 0..<count {
            // Each class once, at its first neighbour.
            let own = targets[workspace.points[index]]
            if (0..<index).contains(where: { targets[workspace.points[$0]] == own }) { continue }
            for other in 0..<count { terms[other] = targets[workspace.points[other]] == own ? weights[other] : 0 }
            block[outputs.lowerBound + Int(own)][row] = PairwiseSum.sum(terms, count: count, stride: 1)
        }
    }

    var details: [OperatorSummary.Detail] { [.init(name: "points", value: search.pointCount)] }
}

/// What is answered from neighbours.
public enum NeighborAnswer: Sendable, Equatable {
    /// The weighted mean of each target: [points x targets], row-major.
    case means(targets: [Double], count: Int)
    /// For each class the sum of its neighbours' weights, nearest first. `pairwise` sums as NumPy does along the neighbours,
    /// with 0 for those of other classes.
    case votes(classes: [Int], count: Int, pairwise: Bool)
}

extension ModelBuilder {
    /// Finds the nearest `count` of constant points and answers from them, as scikit-learn's `KNeighbors*`.
    ///
    /// Of points at the same distance the same ones are taken.
    /// - Parameters:
    ///   - points: the points and the way to search them, in the order of the search.
    ///   - weighted: weights are 1 / distance, or, when a point is at distance 0, 1 for such points and 0 for others. Else all are 1.
    ///   - answer: its points are in the same order.
    /// - Returns: one slot per target or class.
    public mutating func neighbors(
        _ slots: [Slot], count: Int, points: NeighborPoints, weighted: Bool, answer: NeighborAnswer
    ) throws(ScoringError) -> [Slot] {
        var parameters: JSONObject = ["count": .int(count), "weighted": .bool(weighted)]
        points.add(to: &parameters, &self)
        let outputCount: Int
        switch answer {
        case .means(let targets, let count):
            parameters["answer"] = .string(Neighbors.Kind.means.rawValue)
            parameters["targets"] = addArray(targets)
            outputCount = count
        case .votes(let classes, let count, let pairwise):
            parameters["answer"] = .string((pairwise ? Neighbors.Kind.pairwiseVotes : .votes).rawValue)
            parameters["targets"] = addArray(classes.map(Double.init))
            outputCount = count
        }
        return try add(Neighbors.name, inputs: slots, outputCount: outputCount, parameters, origin: .none)
    }
}
