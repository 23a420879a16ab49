import Testing

@testable import Scoring

/// Nearest neighbours among rows that are equally near; expected numbers are scikit-learn 1.7.2's.
@Suite struct NeighborTests {
    private static let rows = [[1.0, 1], [0.5, 2], [2, 0]]

    // default_rng(3).integers(0, 3, size=(12, 2)) in the order of trees with leaf_size=2.
    private static let coordinates: [Double] = [
        0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 2, 2, 1, 2, 0, 1, 1, 1, 1, 2, 2, 2, 1,
    ]
    private static let targets: [Double] = [5, 2, 5, -2, -5, 4, -2, 2, -5, -4, 5, -2]
    private static let classes = [0, 1, 2, 0, 2, 1, 1, 1, 2, 0, 2, 1]
    private static let nodes = [(0, 12), (0, 6), (6, 12), (0, 3), (3, 6), (6, 9), (9, 12)].enumerated().map {
        NeighborPoints.Node(points: $0.element.0..<$0.element.1, isLeaf: $0.offset > 2)
    }
    private static let boxes = NeighborPoints.Index.boxes(
        low: [0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1, 0, 1, 1], high: [2, 2, 0, 2, 2, 2, 0, 0, 0, 2, 2, 1, 2, 2])
    private static let balls = NeighborPoints.Index.balls(
        middles: [
            0.8333333333333334, 0.75, 0, 0.5, 1.6666666666666667, 1, 0, 0, 0, 1, 1.6666666666666667, 0.6666666666666666,
            1.6666666666666667, 1.3333333333333333,
        ], radii: [1.7098570440569325, 1.5, 1.0540925533894598, 0, 1, 0.74535599249993, 0.7453559924999299])

    private static func points(_ metric: NeighborMetric, _ index: NeighborPoints.Index) -> NeighborPoints {
        NeighborPoints(coordinates: coordinates, metric: metric, index: index, nodes: nodes)
    }

    private static func mean(_ metric: NeighborMetric, _ index: NeighborPoints.Index, weighted: Bool) throws -> [Double]
    {
        try OperatorBench.score(rows) {
            try $0.neighbors(
                $1, count: 3, points: points(metric, index), weighted: weighted,
                answer: .means(targets: targets, count: 1))
        }
    }

    @Test("of equally near rows those count that a k-d tree meets first, for each metric")
    func boxes() throws {
        let near: [Double] = [-3.6666666666666665, -1.6666666666666667, -0.6666666666666666]
        for metric in [NeighborMetric.euclidean, .manhattan, .minkowski(3)] {
            #expect(try Self.mean(metric, Self.boxes, weighted: false) == near, "\(metric)")
        }
        #expect(
            try Self.mean(.chebyshev, Self.boxes, weighted: false)
                == [-2.3333333333333335, -1.6666666666666667, -1.6666666666666667])
    }

    @Test("of equally near rows those count that a ball tree meets first, which are others than a k-d tree's")
    func balls() throws {
        #expect(
            try Self.mean(.euclidean, Self.balls, weighted: false)
                == [-4.666666666666667, -1.6666666666666667, -0.6666666666666666])
    }

    @Test("weights by distance leave only rows at distance 0 when there are such")
    func weights() throws {
        #expect(
            OperatorBench.isNear(
                try Self.mean(.euclidean, Self.boxes, weighted: true), [-4.5, -0.013155617496424755, 2]))
        #expect(
            OperatorBench.isNear(try Self.mean(.manhattan, Self.boxes, weighted: true), [-4.5, 0.6000000000000003, 2]))
        #expect(
            OperatorBench.isNear(
                try Self.mean(.minkowski(3), Self.boxes, weighted: true), [-4.5, -0.166581064818417, 2]))
        #expect(OperatorBench.isNear(try Self.mean(.chebyshev, Self.boxes, weighted: true), [-4.5, -0.25, 2]))
    }

    @Test("votes are the weights of each class, and normalised the probabilities")
    func votes() throws {
        for pairwise in [false, true] {
            let values = try OperatorBench.score(Self.rows) {
                let votes = try $0.neighbors(
                    $1, count: 3, points: Self.points(.euclidean, Self.boxes), weighted: true,
                    answer: .votes(classes: Self.classes, count: 3, pairwise: pairwise))
                return try $0.link(.normalize, votes, width: .float64)
            }
            #expect(
                values == [0.5, 0, 0.5, 0.2360679774997897, 0.5278640450004206, 0.2360679774997897, 0, 1, 0])
        }
    }

    @Test("NaN and infinite cells find no neighbours and stay within bounds")
    func notFinite() throws {
        let rows: [[Double]] = [[.nan, 0], [.infinity, 1], [1e200, -1e200]]
        let values = try OperatorBench.score(rows) {
            try $0.neighbors(
                $1, count: 3, points: Self.points(.euclidean, Self.boxes), weighted: false,
                answer: .means(targets: Self.targets, count: 1))
        }
        #expect(values == [5, 5, 5])
    }

    struct Damage: CustomTestStringConvertible {
        var testDescription: String
        var nodes: [NeighborPoints.Node]
        var reason: String
    }

    @Test(
        "a tree that is not one is refused",
        arguments: [
            Damage(
                testDescription: "children", nodes: [.init(points: 0..<12, isLeaf: false)],
                reason: "operator 0 (neighbors): the array `low` has 14 elements instead of 2"),
            Damage(
                testDescription: "an inner last node",
                nodes: Array(nodes.dropLast()) + [.init(points: 9..<12, isLeaf: false)],
                reason: "operator 0 (neighbors): node 6 has points or children that do not exist"),
            Damage(
                testDescription: "points", nodes: Array(nodes.dropLast()) + [.init(points: 9..<13, isLeaf: true)],
                reason: "operator 0 (neighbors): node 6 has points or children that do not exist"),
            Damage(
                testDescription: "too few points",
                nodes: nodes.map { .init(points: $0.points.lowerBound..<$0.points.lowerBound, isLeaf: $0.isLeaf) },
                reason: "operator 0 (neighbors): its nodes hold fewer points than it looks for"),
        ])
    func damage(_ row: Damage) throws {
        let error = #expect(throws: ScoringError.self) {
            try OperatorBench.model(columns: 2) {
                var points = Self.points(.euclidean, Self.boxes)
                points.nodes = row.nodes
                return try $0.neighbors(
                    $1, count: 3, points: points, weighted: false, answer: .means(targets: Self.targets, count: 1))
            }
        }
        #expect(error?.reason == row.reason)
    }

    @Test("targets that are no classes, and more neighbours than points, are refused")
    func counts() throws {
        func reason(_ count: Int, _ classes: [Int]) -> String? {
            #expect(throws: ScoringError.self) {
                try OperatorBench.model(columns: 2) {
                    try $0.neighbors(
                        $1, count: count, points: Self.points(.euclidean, Self.boxes), weighted: false,
                        answer: .votes(classes: classes, count: 2, pairwise: false))
                }
            }?.reason
        }
        #expect(
            reason(3, Self.classes) == "operator 0 (neighbors): `targets` holds something that is not a class below 2")
        #expect(
            reason(13, Self.classes) == "operator 0 (neighbors): `count` is not a whole number from 1 to 12")
    }
}
