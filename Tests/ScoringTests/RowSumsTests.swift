import TestKit
import Testing

@testable import Scoring

@Suite("Sums over a row's inputs")
struct RowSumsTests {
    private static func numbers(_ count: Int, _ random: inout SplitMix64) -> [Double] {
        (0..<count).map { _ in (random.unit() - 0.5) * [1, 1e-3, 1e6][random.below(3)] }
    }

    @Test("a dot product has the bits of one that is summed term by term", arguments: [1, 3, 8, 13, 64, 75])
    func linear(rows: Int) throws {
        var random = SplitMix64(seed: UInt64(rows))
        for (width, outputs) in [(1, 1), (5, 4), (17, 6), (40, 11)] {
            let weights = Self.numbers(width * outputs, &random)
            let intercepts = Self.numbers(outputs, &random)
            let cells = (0..<rows).map { _ in Self.numbers(width, &random) }
            let values = try OperatorBench.score(cells) {
                try $0.linear($1.reversed(), weights: weights, intercepts: intercepts, width: .float64)
            }
            let expected = cells.flatMap { row in
                (0..<outputs).map { output in
                    var sum = 0.0
                    for index in 0..<width { sum += row[width - 1 - index] * weights[output * width + index] }
                    return sum + intercepts[output]
                }
            }
            expectSame(values, expected)
        }
    }

    @Test("kernel values are summed vector by vector, also beyond what is made together", arguments: [1, 7, 8, 21])
    func kernels(rows: Int) throws {
        var random = SplitMix64(seed: UInt64(rows))
        let (width, groups) = (6, [19, 1, 16])
        let count = groups.reduce(0, +)
        let vectors = Self.numbers(width * count, &random)
        let weights = Self.numbers(2 * count, &random)
        let targets = [[0, 1], [0, 2], [1, 2]]
        let cells = (0..<rows).map { _ in Self.numbers(width, &random) }
        let values = try OperatorBench.score(cells) {
            try $0.kernels(
                $1, kernel: .polynomial(gamma: 0.5, shift: 0.25, degree: 1), vectors: vectors, weights: weights,
                groups: groups, targets: targets, intercepts: [1, 2, 3])
        }
        let expected = cells.flatMap { row in
            var sums = [0.0, 0, 0]
            var vector = 0
            for (group, size) in groups.enumerated() {
                for _ in 0..<size {
                    var sum = 0.0
                    for index in 0..<width { sum += row[index] * vectors[vector * width + index] }
                    for index in 0..<2 {
                        sums[targets[group][index]] += weights[vector * 2 + index] * (0.5 * sum + 0.25)
                    }
                    vector += 1
                }
            }
            return zip(sums, [1.0, 2, 3]).map { $0 + $1 }
        }
        expectSame(values, expected)
    }
}
