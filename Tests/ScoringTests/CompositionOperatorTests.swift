import Bytes
import Diagnostics
import TestKit
import Testing

@testable import Scoring

/// The operators of estimators that are made of others; expected numbers are those of NumPy 2.3.5 and SciPy 1.17.1.
@Suite struct CompositionOperatorTests {
    struct Function: CustomTestStringConvertible, Sendable {
        var function: ElementFunction
        var inputs: [Double]
        var outputs: [Double]
        var testDescription: String { function.rawValue }
    }

    @Test(
        "functions of a slot are SciPy's and glibc's to the bit",
        arguments: [
            Function(
                function: .logit, inputs: [0.2, 0.3, 0.45, 0.65, 0.9, 0, 1, -1],
                outputs: [
                    -1.3862943611198906, -0.8472978603872037, -0.2006706954621511, 0.6190392084062235,
                    2.1972245773362196, -.infinity, .infinity, .nan,
                ]),
            Function(
                function: .powerOfTwo, inputs: [-0.3, -1.7, -1], outputs: [0.8122523963562356, 0.3077861033362291, 0.5]),
            Function(function: .voteFraction, inputs: [-1, 0, 3], outputs: [-1 / 6.0, 0, 0.25]),
        ])
    func functions(_ row: Function) throws {
        expectSame(
            try OperatorBench.score(row.inputs.map { [$0] }) { try $0.elementwise(row.function, $1) }, row.outputs)
    }

    @Test("interpolation gives a point its value, and between points the line, as numpy.interp")
    func interpolate() throws {
        let rows = [-2, -1.5, -0.3, 0.05, 0.1, 2.7, 4, 9, .nan].map { [$0] }
        let (points, values) = ([-1.5, 0, 0.1, 4], [0, 0.2, 0.2, 0.9])
        let clipped = try OperatorBench.score(rows) {
            try $0.interpolate($1, points: points, values: values, outside: .clip)
        }
        expectSame(clipped, [0, 0, 0.16, 0.2, 0.2, 0.6666666666666667, 0.9, 0.9, .nan])
        let missing = try OperatorBench.score(rows) {
            try $0.interpolate($1, points: points, values: values, outside: .missing)
        }
        expectSame(missing, [.nan, 0, 0.16, 0.2, 0.2, 0.6666666666666667, 0.9, .nan, .nan])
        expectSame(
            try OperatorBench.score([[3], [-3]]) { try $0.interpolate($1, points: [0], values: [7], outside: .clip) },
            [7, 7])
    }

    @Test("the weighted median is the first number whose weights reach half")
    func weightedMedian() throws {
        let rows = [[1, 2, 3], [3, 2, 1], [5, 5, 5], [2, .nan, 1]]
        let values = try OperatorBench.score(rows) { [try $0.weightedMedian($1, weights: [0.2, 0.2, 0.6])] }
        expectSame(values, [3, 1, 5, 1])
        expectSame(try OperatorBench.score([[4, 9]]) { [try $0.weightedMedian($1, weights: [1, 1])] }, [4])
        expectSame(try OperatorBench.score([[4, 9]]) { [try $0.weightedMedian($1, weights: [0, 0])] }, [4])
    }

    @Test("the weighted median agrees with sorting, for any number of inputs", arguments: 1...40)
    func weightedMedians(_ count: Int) throws {
        var random = SplitMix64(seed: UInt64(count))
        let weights = (0..<count).map { _ in random.unit() }
        let row = (0..<count).map { _ in (random.unit() * 8).rounded() }
        let order = row.indices.sorted { (row[$0], $0) < (row[$1], $1) }
        let half = 0.5 * order.reduce(0) { $0 + weights[$1] }
        var sum = 0.0
        let median = order.first { index in
            sum += weights[index]
            return sum >= half
        }
        expectSame(
            try OperatorBench.score([row]) { [try $0.weightedMedian($1, weights: weights)] },
            [row[try #require(median)]])
    }

    @Test("a sum of 0 keeps the row or makes it even, and another sum divides it")
    func normalize() throws {
        let rows: [[Double]] = [[1, 3], [0, 0], [-2, 2]]
        expectSame(
            try OperatorBench.score(rows) { try $0.link(.normalizeOrKeep, $1, width: .float64) },
            [0.25, 0.75, 0, 0, -2, 2])
        expectSame(
            try OperatorBench.score(rows) { try $0.link(.normalizeOrUniform, $1, width: .float64) },
            [0.25, 0.75, 0.5, 0.5, 0.5, 0.5])
    }

    @Test("trees add to what slots of the row hold, in their order")
    func startingAt() throws {
        func build(_ builder: inout ModelBuilder, _ slots: [Slot]) throws -> [Slot] {
            var forest = TreeForest(
                featureCount: 1, leafWidth: 1, comparison: .lessOrEqual, inputWidth: .float32, missing: .never)
            for output in [0, 1, 1] {
                try forest.append(
                    left: [1, -1, -1], right: [2, -1, -1], feature: [0, 0, 0], threshold: [0.5, 0, 0],
                    missingGoesLeft: [], values: [0, 0.1, 0.7], firstOutput: output)
            }
            return try builder.trees([slots[0]], forest: forest, startingAt: [slots[2], slots[1]], sumWidth: .float64)
        }
        let values = try OperatorBench.score([[0, 1, 0.2], [1, 2, 0.3]], build)
        expectSame(values, [0.2 + 0.1, 1 + 0.1 + 0.1, 0.3 + 0.7, 2 + 0.7 + 0.7])
    }

    struct Damage: CustomTestStringConvertible, Sendable {
        var old: String
        var new: String
        var reason: String
        var testDescription: String { "\(old) → \(new)" }
    }

    @Test(
        "damaged descriptions are refused with the operator and the reason",
        arguments: [
            Damage(
                old: "\"outside\":\"clip\"", new: "\"outside\":\"line\"",
                reason: "operator 0 (interpolate): `outside` is not one of `clip`, `missing`"),
            Damage(
                old: "\"points\":1,\"values\":2", new: "\"points\":2,\"values\":1",
                reason: "operator 0 (interpolate): `points` are not strictly ascending"),
            Damage(
                old: "\"values\":2", new: "\"values\":3",
                reason: "operator 0 (interpolate): the array `values` has 1 elements instead of 2"),
            Damage(
                old: "\"weights\":3", new: "\"weights\":1",
                reason: "operator 1 (weightedMedian): the array `weights` has 2 elements instead of 1"),
            Damage(
                old: "\"function\":\"logit\"", new: "\"function\":\"sinus\"",
                reason:
                    "operator 2 (elementwise): `function` is not one of `logit`, `normalProbability`, `powerOfTwo`, `voteFraction`"
            ),
            Damage(
                old: "\"width\":\"float64\"", new: "\"width\":\"float32\"",
                reason: "operator 3 (link): `normalizeOrKeep` is for float64 only"),
        ])
    func damaged(_ row: Damage) throws {
        var builder = try ModelBuilder(
            inputs: InputSchema(columns: [InputColumn(name: "x", type: .double, required: true)]))
        var slots = try builder.interpolate(
            builder.inputSlots, points: [0, 1], values: [3, 3], outside: .clip)
        slots = [try builder.weightedMedian(slots, weights: [1])]
        slots = try builder.elementwise(.logit, slots)
        slots = try builder.link(.normalizeOrKeep, slots, width: .float64)
        let bytes = try builder.finish(answer: .rows(slots), source: SampleModel.source).serialized()
        let parts = try FileSurgery.program(of: bytes).split(
            separator: row.old, maxSplits: 1, omittingEmptySubsequences: false)
        try #require(parts.count == 2, "the program does not hold this text")
        let changed = try FileSurgery.replacingProgram(of: bytes, with: parts.joined(separator: row.new))
        let error = #expect(throws: ScoringError.self) { try CompiledModel.load(changed, file: "m.skiff") }
        #expect(error?.diagnostic.summary == "cannot read `m.skiff`: \(row.reason)")
    }
}
