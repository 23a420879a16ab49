import Testing

@testable import Scoring

/// Distances from constant points, and the functions that make probabilities of likelihoods.
@Suite struct LikelihoodOperatorTests {
    @Test("squared distances are divided by a constant per column, and absolute ones too")
    func distances() throws {
        let (centres, divisors) = ([0.25, 1, 3, -2.5], [2.0, 0.5, 1, 4])
        let squared = try OperatorBench.score([[1.5, -2]]) {
            try $0.centreDistances($1, .squared, centres: centres, divisors: divisors, count: 2)
        }
        #expect(squared == [18.78125, 2.3125])
        let absolute = try OperatorBench.score([[1.5, -2]]) {
            try $0.centreDistances($1, .absolute, centres: centres, divisors: nil, count: 2)
        }
        #expect(absolute == [4.25, 2])
    }

    @Test("squared distances are added in column order")
    func order() throws {
        let values = try OperatorBench.score([[1e8, 1, 1]]) {
            try $0.centreDistances($1, .squared, centres: [0, 0, 0], divisors: nil, count: 1)
        }
        #expect(values == [((1e16 + 1) as Double) + 1])
    }

    struct Row: CustomTestStringConvertible {
        var scores: [Double]
        var expected: [Double]
        var testDescription: String { "\(scores)" }
    }

    @Test(
        "normalised logarithms are SciPy's within 1 unit in the last place",
        arguments: [
            Row(scores: [0, 0], expected: [-0.6931471805599453, -0.6931471805599453]),
            Row(
                scores: [-1.5, 2.25, -700],
                expected: [-3.773245464372425, -0.02324546437242514, -702.2732454643724]),
            Row(scores: [1e6, 1_000_000.5], expected: [-0.9740769842173904, -0.4740769842173904]),
            Row(scores: [3], expected: [0]),
            Row(scores: [-.infinity, 1], expected: [-.infinity, 0]),
        ])
    func logarithms(_ row: Row) throws {
        let values = try OperatorBench.score([row.scores]) { try $0.link(.logNormalize, $1, width: .float64) }
        for (value, expected) in zip(values, row.expected) {
            #expect(value == expected || abs(value - expected) <= expected.ulp, "\(value) instead of \(expected)")
        }
    }

    @Test("likelihoods that are all 0, or NaN, have no normalised logarithms")
    func noLikelihood() throws {
        for scores in [[-Double.infinity, -.infinity], [.nan, 1]] {
            let values = try OperatorBench.score([scores]) { try $0.link(.logNormalize, $1, width: .float64) }
            #expect(values.allSatisfy { $0.isNaN }, "\(scores)")
        }
    }

    @Test("scores below the largest, and parts of a sum that may be 0")
    func rows() throws {
        #expect(
            try OperatorBench.score([[1, 4, -2]]) { try $0.link(.belowMaximum, $1, width: .float64) } == [-3, 0, -6])
        let parts = try OperatorBench.score([[1, 3], [0, 0]]) { try $0.link(.normalizeOrUniform, $1, width: .float64) }
        #expect(parts == [0.25, 0.75, 0.5, 0.5])
    }

    @Test("a threshold takes several slots")
    func thresholds() throws {
        #expect(
            try OperatorBench.score([[1, -1, 0]]) { try $0.threshold($1, above: -Double.leastNonzeroMagnitude) } == [
                1, 0, 1,
            ])
    }

    @Test("functions for float64 only are refused for float32", arguments: ["belowMaximum", "logNormalize"])
    func float64Only(name: String) throws {
        let function = try #require(LinkFunction(rawValue: name))
        let error = #expect(throws: ScoringError.self) {
            try OperatorBench.score([[1]]) { try $0.link(function, $1, width: .float32) }
        }
        #expect(error?.reason == "operator 0 (link): `\(name)` is for float64 only")
    }

    @Test("centres that do not fit the columns are refused")
    func wrongShape() throws {
        let error = #expect(throws: ScoringError.self) {
            try OperatorBench.score([[1, 2]]) {
                try $0.centreDistances($1, .squared, centres: [1], divisors: nil, count: 1)
            }
        }
        #expect(error?.reason == "operator 0 (centreDistances): the array `centres` has 1 elements instead of 2")
    }
}
