import Testing

@testable import Scoring

/// Decision functions of support vector machines; expected numbers are scikit-learn 1.7.2's.
@Suite struct KernelTests {
    private let rows = [[0.25, 0.75], [2, 1]]

    private struct Machine: CustomTestStringConvertible {
        var testDescription: String
        var kernel: KernelFunction
        var weights: [Double]
        var intercept: Double
        var expected: [Double]
    }

    private static let machines = [
        Machine(
            testDescription: "linear", kernel: .linear,
            weights: [0.20000000000000007, -1.0, 0.10000000000000003, 0.7], intercept: -0.1000000000000001,
            expected: [0.2999999999999997, 2.5999999999999996]),
        Machine(
            testDescription: "polynomial", kernel: .polynomial(gamma: 0.25, shift: 1, degree: 3),
            weights: [-0.1461837783923637, -0.08882290731678963, 0.17609450111391314, 0.05891218459524024],
            intercept: 0.10027817468148892, expected: [0.11503739977787203, 1.7418997190463692]),
        Machine(
            testDescription: "sigmoid", kernel: .sigmoid(gamma: 0.25, shift: 0.5), weights: [-1, -1, 1, 1],
            intercept: 0.9163118004798889, expected: [0.9938079115447335, 1.4712033277144247]),
    ]

    @Test("one output is the weighted sum of kernel values and the intercept, as SVR's predict", arguments: 0..<3)
    func regression(_ number: Int) throws {
        let machine = Self.machines[number]
        let values = try OperatorBench.score(rows) {
            try $0.kernels(
                $1, kernel: machine.kernel, vectors: [0, 0, 1, 0.5, 2, -1, 3, 1], weights: machine.weights, groups: [4],
                targets: [[0]], intercepts: [machine.intercept])
        }
        #expect(OperatorBench.isNear(values, machine.expected), "\(machine.testDescription): \(values)")
    }

    // SVC(kernel="rbf", gamma=0.5, probability=True, random_state=0) on eight rows of three classes.
    private static func decisions(_ builder: inout ModelBuilder, _ slots: [Slot]) throws -> [Slot] {
        let rows = [
            [
                0.48417609276558926, 1.0, 0.9477770973189169, -1.0, -0.653880785606788, -0.7780724044777182, -1.0,
                -0.994532094876088,
            ],
            [
                0.5634954291778346, 0.617691399082486, 0.8133452666157673, 0.817219668942154, 0.41673110065026525,
                0.7119815169938386, -0.9459322865862579, -1.0,
            ],
        ]
        return try builder.kernels(
            slots, kernel: .radial(gamma: 0.5),
            vectors: [0, 0, 1, 0.5, -2, -1.5, 2, -1, 3, 1, 2.5, 2, -1, 2, 0.5, 3],
            weights: (0..<8).flatMap { [rows[0][$0], rows[1][$0]] }, groups: [3, 3, 2],
            targets: [[0, 1], [0, 2], [1, 2]],
            intercepts: [0.029779323321405985, 0.16205218273559316, 0.14131254142881072])
    }

    @Test("three classes have a decision for each pair, summed over the vectors of both")
    func pairs() throws {
        let values = try OperatorBench.score(rows, Self.decisions)
        let expected = [
            1.032066892363107, 0.7450737035280408, -0.06071477065437758, -0.34360785899182844, 0.4885104353409251,
            0.8354570548218958,
        ]
        #expect(OperatorBench.isNear(values, expected), "\(values)")
    }

    @Test("scores are votes and a share of the summed decisions, as decision_function of shape ovr")
    func scores() throws {
        let values = try OperatorBench.score(rows) { try $0.pairScores(Self.decisions(&$0, $1), classCount: 3) }
        let expected = [
            2.2133058007602586, -0.17405568902680044, 0.8645658951669944, 1.0421877457355853, 2.1803625194671485,
            -0.18990046056540166,
        ]
        #expect(OperatorBench.isNear(values, expected), "\(values)")
    }

    @Test("probabilities are libsvm's pairwise coupling, as predict_proba")
    func probabilities() throws {
        let values = try OperatorBench.score(rows) {
            try $0.pairProbabilities(
                Self.decisions(&$0, $1), classCount: 3,
                slopes: [-1.148177572642037, 0.7481156150004158, 0.1523139038023097],
                offsets: [-0.03677559255796315, -0.5964965161015028, -0.37862004239798425])
        }
        let expected = [
            0.4625260550884776, 0.22966546309334707, 0.3078084818181752, 0.311409146945273, 0.4054425180435565,
            0.28314833501117054,
        ]
        #expect(OperatorBench.isNear(values, expected), "\(values)")
    }

    @Test("a decision of 0 votes for the second class, and the first of equal classes wins")
    func votes() throws {
        let rows: [[Double]] = [[0, 1, 1], [1, -1, 1], [1, 1, 0], [-1, -1, -1], [.nan, 1, -1]]
        let values = try OperatorBench.score(rows) { [try $0.pairVote($1, classCount: 3)] }
        #expect(values == [1, 0, 0, 2, 0])
    }

    @Test("tanh and rectifier are those of perceptrons' hidden layers")
    func activations() throws {
        let rows: [[Double]] = [[-1], [0.5], [-0.0]]
        let values = try OperatorBench.score(rows) {
            try $0.link(.tanh, $1, width: .float64) + $0.link(.rectifier, $1, width: .float64)
        }
        #expect(values == [-0.7615941559557649, 0, 0.46211715726000973, 0.5, 0, 0])
    }

    struct Damage: CustomTestStringConvertible {
        var testDescription: String
        var old: String
        var new: String
        var reason: String
    }

    @Test(
        "a damaged description is refused",
        arguments: [
            Damage(
                testDescription: "kernel", old: "\"radial\"", new: "\"round\"",
                reason: "operator 0 (kernels): `kernel` is not one of `linear`, `polynomial`, `radial`, `sigmoid`"),
            Damage(
                testDescription: "weights", old: "\"weightsPerVector\":2", new: "\"weightsPerVector\":3",
                reason: "operator 0 (kernels): the array `weights` has 16 elements instead of 24"),
            Damage(
                testDescription: "targets", old: "\"targets\":4", new: "\"targets\":3",
                reason: "operator 0 (kernels): the array `targets` has 3 elements instead of 6"),
            Damage(
                testDescription: "classes", old: "\"classes\":3", new: "\"classes\":4",
                reason: "operator 1 (pairs): it has 3 inputs instead of 6"),
            Damage(
                testDescription: "rule", old: "\"scores\"", new: "\"vote\"",
                reason: "operator 1 (pairs): it has 3 outputs instead of 1"),
        ])
    func damage(_ row: Damage) throws {
        let model = try OperatorBench.model(columns: 2) {
            try $0.pairScores(Self.decisions(&$0, $1), classCount: 3)
        }
        #expect(try OperatorBench.refusal(of: model, replacing: row.old, with: row.new) == row.reason)
    }
}
