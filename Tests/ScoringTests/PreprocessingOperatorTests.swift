import Bytes
import JSONText
import Platform
import TestKit
import Testing

@testable import Scoring

/// The operators of preprocessing, against NumPy, SciPy and scikit-learn (`Tests/Fixtures/skiff/make-preprocessing.py`).
@Suite struct PreprocessingOperatorTests {
    private struct Case {
        let fields: JSONObject

        static func of(_ name: String) throws -> [Case] {
            let text = try readFile(Checkout.fixture("skiff/preprocessing.json"), limit: 1 << 20)
            let all = try JSONText.parse(ByteRegion(text)).arrayValue ?? []
            let cases = all.compactMap(\.objectValue).filter { $0["operator"]?.stringValue == name }
            try #require(!cases.isEmpty)
            return cases.map { Case(fields: $0) }
        }

        func text(_ key: String) throws -> String { try #require(fields[key]?.stringValue) }
        func integer(_ key: String) throws -> Int { try #require(fields[key]?.intValue) }
        func number(_ key: String) throws -> Double { try #require(fields[key]?.doubleValue) }

        func numbers(_ key: String) throws -> [Double] {
            try #require(fields[key]?.arrayValue).map { try #require(DoubleText.decode($0)) }
        }
    }

    /// Compares an operator's answers with the library's; `limit` is relative.
    private func check(
        _ name: String, within limit: Double, _ build: (inout ModelBuilder, [Slot], Case) throws -> [Slot]
    ) throws {
        for item in try Case.of(name) {
            let (width, cells) = (try item.integer("width"), try item.numbers("rows"))
            let rows = stride(from: 0, to: cells.count, by: width).map { Array(cells[$0..<$0 + width]) }
            let found = try OperatorBench.score(rows) { try build(&$0, $1, item) }
            let wanted = try item.numbers("outputs")
            #expect(found.count == wanted.count)
            for (one, two) in zip(found, wanted) {
                let isSame = one == two || one.isNaN && two.isNaN
                #expect(isSame || abs(one - two) <= limit * abs(two), "\(one) instead of \(two): \(item.fields)")
            }
        }
    }

    @Test("functions are within 4 units in the last place of NumPy's, and the exact ones have its bits")
    func functions() throws {
        try check("function", within: 1e-15) { builder, slots, item in
            let function = try #require(ElementaryFunction(rawValue: try item.text("name")))
            return try builder.function(function, slots, width: .float64)
        }
        for function in ElementaryFunction.allCases where function.isExact {
            for item in try Case.of("function") where try item.text("name") == function.rawValue {
                let found = try OperatorBench.score(try item.numbers("rows").map { [$0] }) {
                    try $0.function(function, $1, width: .float64)
                }
                for (one, two) in zip(found, try item.numbers("outputs")) {
                    #expect(one.bitPattern == two.bitPattern || one.isNaN && two.isNaN, "\(function)")
                }
            }
        }
    }

    @Test("power transforms are within 1e-15 of SciPy's")
    func powers() throws {
        try check("powerTransform", within: 2e-15) { builder, slots, item in
            let method = try #require(PowerMethod(rawValue: try item.text("method")))
            return try builder.powerTransform(slots, method: method, lambdas: [try item.number("value")])
        }
    }

    @Test("Yeo-Johnson by powers is scikit-learn's formula up to 1.8")
    func powersOfOld() throws {
        let values = try OperatorBench.score([[0], [3], [-3], [.nan]]) {
            try $0.powerTransform($1, method: .yeoJohnsonByPower, lambdas: [0.5])
        }
        #expect(values[0] == 0 && values[1] == 2 && abs(values[2] + 14.0 / 3) < 1e-15 && values[3].isNaN)
    }

    @Test("bins are numpy.searchsorted's")
    func bins() throws {
        try check("bin", within: 0) { builder, slots, item in
            [try builder.bin(slots[0], edges: try item.numbers("edges"))]
        }
    }

    @Test("rows of length 1 are within 1e-15 of scikit-learn's, and a row near zero stays as it is")
    func norms() throws {
        try check("unitNorm", within: 1e-15) { builder, slots, item in
            let norm = try #require(VectorNorm(rawValue: try item.text("norm")))
            return try builder.unitNorm(slots, norm: norm, smallest: 10 * Double.ulpOfOne, width: .float64)
        }
    }

    @Test("quantile maps have scikit-learn's bits when uniform, and are within 1e-15 when normal")
    func quantiles() throws {
        try check("quantileMap", within: 1e-15) { builder, slots, item in
            try builder.quantileMap(
                slots, quantiles: try item.numbers("quantiles"), references: try item.numbers("references"),
                distribution: try #require(QuantileDistribution(rawValue: try item.text("distribution"))))
        }
    }

    @Test("splines are within 1e-15 of scikit-learn's inside and outside of their knots")
    func splines() throws {
        try check("spline", within: 1e-15) { builder, slots, item in
            let degree = try item.integer("degree")
            return try builder.spline(
                slots[0], degree: degree, knots: try item.numbers("knots"),
                outside: try #require(SplineOutside(rawValue: try item.text("outside"))), first: degree,
                span: try item.integer("span"))
        }
        let error = #expect(throws: ScoringError.self) {
            try OperatorBench.score([[7]]) {
                try $0.spline($1[0], degree: 1, knots: [0, 1, 2, 3], outside: .refuse, first: 1, span: 0)
            }
        }
        #expect(
            error?.diagnostic.summary
                == "cannot score row 0, column `x0`: the value lies outside the knots of the model's splines, from 1.0 to 2.0"
        )
    }

    @Test("missing cells get the mean of the nearest rows, within 1e-12 of scikit-learn's")
    func nearest() throws {
        try check("nearestFill", within: 1e-12) { builder, slots, item in
            try builder.nearestFill(
                slots, table: try item.numbers("table"), means: try item.numbers("means"),
                neighbours: try item.integer("neighbours"), needsAll: false)
        }
    }

    @Test("a row whose nearest rows could be others on another processor is refused")
    func tooClose() throws {
        let table: [Double] = [0.1, 1, 0.3, 2, 9, 3]
        let fill = { (builder: inout ModelBuilder, slots: [Slot]) throws -> [Slot] in
            try builder.nearestFill(
                slots, table: table, means: [3, 2], neighbours: 1, needsAll: false)
        }
        #expect(try OperatorBench.score([[0.15, .nan], [0.3, .nan]], fill) == [0.15, 1, 0.3, 2])
        let error = #expect(throws: ScoringError.self) { try OperatorBench.score([[0.2, .nan]], fill) }
        #expect(
            error?.diagnostic.summary
                == "cannot score row 0, column `x1`: the value is missing, and the rows of the training table that are "
                + "nearest are too much alike in distance for one answer on every processor")
    }

    @Test("whole numbers have exact distances, and equal ones do no harm where the values are equal")
    func whole() throws {
        let values = try OperatorBench.score([[2, .nan]]) {
            try $0.nearestFill(
                $1, table: [1, 5, 3, 5, 9, 7], means: [3, 6], neighbours: 1, needsAll: false)
        }
        #expect(values == [2, 5])
    }

    @Test("products are rounded to their width")
    func products() throws {
        let rows = [[0.1, 3.7]]
        #expect(
            try OperatorBench.score(rows) { try $0.multiply([($1[0], $1[1]), ($1[1], $1[1])], width: .float64) } == [
                0.1 * 3.7, 3.7 * 3.7,
            ])
        let narrow = try OperatorBench.score(rows) { try $0.multiply([($1[0], $1[1])], width: .float32) }
        #expect(narrow == [Double(Float(0.1) * Float(3.7))])
    }

    @Test("requireAbove refuses what is not above its limit, and names row and column")
    func requireAbove() throws {
        let build = { (builder: inout ModelBuilder, slots: [Slot]) throws -> [Slot] in
            try builder.requireAbove(slots, limit: 0)
            return slots
        }
        _ = try OperatorBench.score([[1e-300], [.nan]], build)
        let error = #expect(throws: ScoringError.self) { try OperatorBench.score([[1], [0]], build) }
        #expect(
            error?.diagnostic.summary
                == "cannot score row 1, column `x0`: the value is not above 0.0, and the model takes only values above it"
        )
    }

    @Test("descriptions that do not fit together are refused")
    func unsound() throws {
        func reason(_ build: (inout ModelBuilder, [Slot]) throws -> [Slot]) -> String? {
            do {
                _ = try OperatorBench.score([[1]], build)
                return nil
            } catch { return (error as? ScoringError)?.reason }
        }
        let bin = reason { [try $0.bin($1[0], edges: [2, 1])] }
        #expect(bin == "operator 0 (bin): `edges` descend or hold NaN")
        let quantiles = reason {
            try $0.quantileMap($1, quantiles: [2, 1], references: [0, 1], distribution: .uniform)
        }
        #expect(quantiles == "operator 0 (quantileMap): `quantiles` descend")
        let infinite = reason {
            try $0.quantileMap($1, quantiles: [2, .infinity], references: [0, 1], distribution: .uniform)
        }
        #expect(infinite == "operator 0 (quantileMap): `references` and `quantiles` are not all finite")
        let knots = reason {
            try $0.spline($1[0], degree: 1, knots: [0, 2, 1, 3], outside: .constant, first: 1, span: 1)
        }
        #expect(knots == "operator 0 (spline): `knots` descend, are not all finite, or too few for the degree")
        let period = reason {
            try $0.spline($1[0], degree: 1, knots: [0, 1, 1, 1, 2], outside: .wrap, first: 1, span: 0)
        }
        #expect(period == "operator 0 (spline): its period is 0")
        let log = reason { try $0.function(.log, $1, width: .float32) }
        #expect(log == "operator 0 (function): `log` is not done in float32")
        let norm = reason { try $0.unitNorm($1, norm: .l2, smallest: 0, width: .float32) }
        #expect(norm == "operator 0 (unitNorm): sums are not done in float32")
        let lambdas = reason { try $0.powerTransform($1, method: .boxCox, lambdas: []) }
        #expect(lambdas == "operator 0 (powerTransform): the array `lambdas` has 0 elements instead of 1")
        let table = reason {
            try $0.nearestFill($1, table: [], means: [1], neighbours: 1, needsAll: false)
        }
        #expect(table == "operator 0 (nearestFill): `table` has not one number per input and row")
        let many = reason {
            try $0.nearestFill($1, table: [1], means: [1], neighbours: 2, needsAll: false)
        }
        #expect(many == "operator 0 (nearestFill): `neighbours` is not a whole number from 1 to 1")
    }

    @Test("inverse powers undo powers, and are scikit-learn's at the ends")
    func inversePowers() throws {
        let lambdas = [-1.5, 0, 0.3, 1, 2, 3.5]
        let values = [-0.9, -1e-3, 0, 0.2, 0.7]
        for (method, inverse) in [
            (PowerMethod.yeoJohnson, PowerMethod.yeoJohnsonInverse), (.boxCox, .boxCoxInverse),
            (.boxCox, .boxCoxInverseByPower),
        ] {
            for lambda in lambdas {
                let rows = values.map { [method == .boxCox ? $0 + 2 : $0] }
                let found = try OperatorBench.score(rows) { builder, slots in
                    let powers = try builder.powerTransform(slots, method: method, lambdas: [lambda])
                    return try builder.powerTransform(powers, method: inverse, lambdas: [lambda])
                }
                for (one, two) in zip(found, rows.joined()) {
                    #expect(abs(one - two) <= 1e-14, "\(inverse) of \(lambda): \(one) instead of \(two)")
                }
            }
        }
        // scipy.special.inv_boxcox(-5, 0.5), scikit-learn's (-5 * 0.5 + 1) ** (1 / 0.5)
        let ends = try OperatorBench.score([[-5]]) { builder, slots in
            try builder.powerTransform(slots, method: .boxCoxInverse, lambdas: [0.5])
                + builder.powerTransform(slots, method: .boxCoxInverseByPower, lambdas: [0.5])
        }
        #expect(ends[0].isNaN && ends[1] == 2.25)
    }

    @Test("the normal distribution's probabilities are within 1e-15 of scipy.special.ndtr")
    func normalProbability() throws {
        let points = [-40, -6, -1.5, -1, -0.3, 0, 0.3, 1.2, 1.6, 9]
        let wanted = [
            0, 9.865876450376946e-10, 0.06680720126885807, 0.15865525393145707, 0.3820885778110474, 0.5,
            0.6179114221889526, 0.8849303297782918, 0.945200708300442, 1,
        ]
        let found = try OperatorBench.score(points.map { [$0] }) { try $0.elementwise(.normalProbability, $1) }
        for (one, two) in zip(found, wanted) { #expect(abs(one - two) <= 1e-15 * two + 1e-300, "\(one), \(two)") }
    }

    @Test("merge takes the second where the first is missing, and rows without any value are refused")
    func merge() throws {
        let rows = [[1, 2], [.nan, -0.5], [3, .nan], [.nan, .infinity]]
        let found = try OperatorBench.score(rows) { try $0.merge([($1[0], $1[1])]) }
        #expect(found == [1, -0.5, 3, .infinity])
        let present = try OperatorBench.score(rows) { builder, slots in
            try builder.requirePresent(slots)
            return [slots[1]]
        }
        #expect(present[1] == -0.5)
        #expect(throws: ScoringError.self) {
            try OperatorBench.score(rows + [[.nan, .nan]]) { builder, slots in
                try builder.requirePresent(slots)
                return [slots[1]]
            }
        }
    }
}
