import Glibc
import JSONText

/// Answers from the nearest of constant points: the mean of their targets, or the votes for each class.
struct Neighbors: Operator {
    static let name = "neighbors"
    private let inputs: [Slot]
    private let outputs: Range<Slot>
    private let finder: Finder
    private let count: Int
    private let pointCount: Int
    private let isWeighted: Bool
    private let answer: Kind
    // [points x targets], row-major; class numbers for votes.
    private let targets: NumberArray<Double>
    private let targetCount: Int

    private enum Finder {
        case tree(NeighborSearch)
        case scan(NeighborScan)
    }

    private enum Search: String, CaseIterable {
        case boxes, balls, all
    }

    fileprivate enum Kind: String, CaseIterable {
        case means, votes, pairwiseVotes
    }

    init(_ fields: inout OperatorFields) throws(ScoringError) {
        inputs = fields.inputs
        outputs = fields.outputs
        let search = try fields.choice("search", Search.self)
        let pointCount: Int
        if search == .all {
            let scan = try NeighborScan(&fields)
            (finder, count) = (.scan(scan), scan.count)
            pointCount = scan.pointCount
        } else {
            let tree = try NeighborSearch(&fields)
            (finder, count) = (.tree(tree), tree.count)
            pointCount = tree.pointCount
        }
        self.pointCount = pointCount
        isWeighted = try fields.flag("weighted")
        answer = try fields.choice("answer", Kind.self)
        targetCount = answer == .means ? outputs.count : 1
        let (size, overflow) = pointCount.multipliedReportingOverflow(by: targetCount)
        guard !overflow, !outputs.isEmpty else { throw fields.error("it has no outputs, or too many targets") }
        targets = try fields.float64("targets", count: size)
        let width = Double(outputs.count)
        guard answer == .means || targets.buffer.allSatisfy({ $0 >= 0 && $0 < width && $0 == $0.rounded() }) else {
            throw fields.error("`targets` holds something that is not a class below \(outputs.count)")
        }
    }

    private var finderByteCount: Int {
        switch finder {
        case .tree(let search): search.scratchByteCount
        case .scan(let scan): scan.scratchByteCount
        }
    }

    func scratchByteCount(rows: Int) -> Int { finderByteCount + 2 * count * MemoryLayout<Double>.size }

    func run(_ block: RowBlock) throws(ScoringError) {
        let weights = (block.scratch + finderByteCount).assumingMemoryBound(to: Double.self)
        for row in 0..<block.rows {
            let found = try find(block, row)
            weigh(found.distances, weights)
            let terms = weights + count
            if answer == .means {
                average(block, row, found.points, weights, terms)
            } else {
                vote(block, row, found.points, weights, terms)
            }
            if case .scan = finder, isWeighted, answer == .pairwiseVotes { try requireMargin(block, row, weights) }
        }
    }

    /// The distances of the neighbours of a row, ascending, and their points.
    private func find(
        _ block: RowBlock, _ row: Int
    ) throws(ScoringError) -> (distances: UnsafeMutablePointer<Double>, points: UnsafeMutablePointer<Int>) {
        switch finder {
        case .tree(let search):
            let workspace = NeighborSearch.Workspace(block.scratch, search)
            for index in 0..<inputs.count { workspace.query[index] = block[inputs[index]][row] }
            search.run(workspace)
            return (workspace.distances, workspace.points)
        case .scan(let scan):
            let workspace = NeighborScan.Workspace(block.scratch, scan)
            for index in 0..<inputs.count { workspace.query[index] = block[inputs[index]][row] }
            guard scan.run(workspace, areEqual: haveSameTargets) else {
                throw ScoringError.rejected(
                    row: block.firstRow + row, column: nil,
                    "the rows of the training table that are nearest are too much alike in distance for one answer on every "
                        + "processor")
            }
            return (workspace.distances, workspace.points)
        }
    }

    private func haveSameTargets(_ one: Int, _ other: Int) -> Bool {
        for target in 0..<targetCount where targets[one * targetCount + target] != targets[other * targetCount + target]
        {
            return false
        }
        return true
    }

    /// Refuses a row of which rounding could decide the class: two have almost the same sum of weights. Weights of 0 and 1 have no
    /// rounding.
    private func requireMargin(_ block: RowBlock, _ row: Int, _ weights: UnsafePointer<Double>) throws(ScoringError) {
        if (0..<count).allSatisfy({ weights[$0] == 0 || weights[$0] == 1 }) { return }
        var (best, second) = (0.0, 0.0)
        for output in outputs {
            let sum = block[output][row]
            second = max(second, min(best, sum))
            best = max(best, sum)
        }
        guard best - second > best * 1e-12 else {
            throw ScoringError.rejected(
                row: block.firstRow + row, column: nil,
                "two classes have almost the same weight among the nearest rows of the training table, so that rounding decides"
            )
        }
    }

    /// 1 / distance, or 1 for points at distance 0 and 0 for the others when there are such.
    private func weigh(_ distances: UnsafePointer<Double>, _ weights: UnsafeMutablePointer<Double>) {
        var isAtPoint = false
        for index in 0..<count {
            weights[index] = isWeighted ? 1 / distances[index] : 1
            if weights[index].isInfinite { isAtPoint = true }
        }
        guard isAtPoint else { return }
        for index in 0..<count { weights[index] = weights[index].isInfinite ? 1 : 0 }
    }

    private func average(
        _ block: RowBlock, _ row: Int, _ points: UnsafePointer<Int>, _ weights: UnsafePointer<Double>,
        _ terms: UnsafeMutablePointer<Double>
    ) {
        let total = isWeighted ? PairwiseSum.sum(weights, count: count, stride: 1) : Double(count)
        for target in 0..<targetCount {
            for index in 0..<count {
                terms[index] = targets[points[index] * targetCount + target] * weights[index]
            }
            block[outputs.lowerBound + target][row] = PairwiseSum.sum(terms, count: count, stride: 1) / total
        }
    }

    private func vote(
        _ block: RowBlock, _ row: Int, _ points: UnsafePointer<Int>, _ weights: UnsafePointer<Double>,
        _ terms: UnsafeMutablePointer<Double>
    ) {
        for output in outputs { block[output][row] = 0 }
        guard answer == .pairwiseVotes else {
            for index in 0..<count {
                let output = outputs.lowerBound + Int(targets[points[index]])
                block[output][row] += weights[index]
            }
            return
        }
        for index in 0..<count {
            // Each class once, at its first neighbour.
            let own = targets[points[index]]
            if (0..<index).contains(where: { targets[points[$0]] == own }) { continue }
            for other in 0..<count { terms[other] = targets[points[other]] == own ? weights[other] : 0 }
            block[outputs.lowerBound + Int(own)][row] = PairwiseSum.sum(terms, count: count, stride: 1)
        }
    }

    var details: [OperatorSummary.Detail] { [.init(name: "points", value: pointCount)] }
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
