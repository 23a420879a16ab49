import Testing

@testable import Scoring

/// Nearest neighbours without a tree: certain ones, and rows for which rounding or the number of threads could decide.
@Suite struct NeighborScanTests {
    // Two coordinates for each point.
    private static let coordinates: [Double] = [0.1, 0, 0.4, 0, 0.7, 0, 0.7, 0, 9, 0]
    private static let targets: [Double] = [1, 2, 4, 4, 8]

    private static func mean(
        _ rows: [[Double]], count: Int, metric: NeighborMetric = .euclidean, weighted: Bool = false
    ) throws -> [Double] {
        try OperatorBench.score(rows) {
            try $0.neighbors(
                $1, count: count,
                points: NeighborPoints(
                    coordinates: coordinates, metric: metric, index: .all(products: metric == .euclidean), nodes: []),
                weighted: weighted, answer: .means(targets: targets, count: 1))
        }
    }

    private static let tooAlike =
        "cannot score row 0: the rows of the training table that are nearest are too much alike in distance for one answer on every "
        + "processor"

    @Test("the nearest rows count, whichever they are of equal ones with equal targets")
    func certain() throws {
        #expect(try Self.mean([[0.1, 0], [0.2, 1]], count: 1) == [1, 1])
        #expect(try Self.mean([[0.8, 0]], count: 1) == [4])
        #expect(try Self.mean([[0.6, 0]], count: 3) == [10.0 / 3])
        #expect(try Self.mean([[0.6, 0]], count: 5) == [3.8])
        #expect(try Self.mean([[0.7, 0], [0.1, 0]], count: 3, metric: .manhattan, weighted: true) == [4, 1])
    }

    @Test(
        "a row is refused when other rows with other targets could be the nearest on another processor, or a distance has no number",
        arguments: [
            ([0.25, 0.0], 1), ([0.55, 0], 1), ([0.1, 1e9], 1), ([1e200, 0], 1), ([.nan, 0], 1), ([.infinity, 0], 1),
        ])
    func uncertain(_ row: [Double], _ count: Int) {
        let error = #expect(throws: ScoringError.self) { try Self.mean([row], count: count) }
        #expect(error?.diagnostic.summary == Self.tooAlike)
    }

    @Test(
        "products round where differences do not: far from zero the same row is refused with the one and taken with the other"
    )
    func products() throws {
        let points = [1e6 + 0.1, 1e6 + 0.2000001]
        func score(_ products: Bool) throws -> [Double] {
            try OperatorBench.score([[1e6 + 0.15]]) {
                try $0.neighbors(
                    $1, count: 1,
                    points: NeighborPoints(
                        coordinates: points, metric: .euclidean, index: .all(products: products), nodes: []),
                    weighted: false, answer: .means(targets: [1, 2], count: 1))
            }
        }
        #expect(try score(false) == [1])
        let error = #expect(throws: ScoringError.self) { try score(true) }
        #expect(error?.diagnostic.summary == Self.tooAlike)
    }

    @Test("a class that rounding could decide is refused")
    func margin() throws {
        func votes(_ row: [Double]) throws -> [Double] {
            try OperatorBench.score([row]) {
                try $0.neighbors(
                    $1, count: 2,
                    points: NeighborPoints(
                        coordinates: [0, 1], metric: .manhattan, index: .all(products: false), nodes: []),
                    weighted: true, answer: .votes(classes: [0, 1], count: 2, pairwise: true))
            }
        }
        #expect(try votes([0.25]) == [4, 1 / 0.75])
        #expect(try votes([0]) == [1, 0])
        let error = #expect(throws: ScoringError.self) { try votes([0.5]) }
        #expect(
            error?.diagnostic.summary
                == "cannot score row 0: two classes have almost the same weight among the nearest rows of the training table, so that "
                + "rounding decides")
    }

    @Test(
        "a search of all points that does not fit is refused",
        arguments: [
            ([1, .nan], NeighborMetric.euclidean, "operator 0 (neighbors): `points` is not all finite"),
            ([1, 2, 3], .euclidean, "operator 0 (neighbors): `points` has not 2 numbers per point"),
            ([1, 2], .manhattan, "operator 0 (neighbors): only Euclidean distances have products"),
        ])
    func damage(_ points: [Double], _ metric: NeighborMetric, _ reason: String) {
        let error = #expect(throws: ScoringError.self) {
            try OperatorBench.score([[0, 0]]) {
                try $0.neighbors(
                    $1, count: 1,
                    points: NeighborPoints(
                        coordinates: points, metric: metric, index: .all(products: true), nodes: []),
                    weighted: false, answer: .means(targets: [1], count: 1))
            }
        }
        #expect(error?.reason == reason)
    }
}
