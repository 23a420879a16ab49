import Bytes
import Diagnostics
import Glibc
import Platform
import TestKit
import Testing

@testable import Scoring

/// Each operator alone, on a table of cells.
@Suite struct OperatorTests {
    @Test("impute replaces NaN only, when NaN counts as missing")
    func imputeNaN() throws {
        let values = try OperatorBench.score([[.nan, 1], [3, .nan], [-0.0, .infinity]]) {
            try $0.impute($1, missing: .nan, fill: [7, .nan])
        }
        expectSame(values, [7, 1, 3, .nan, -0.0, .infinity])
    }

    @Test("impute replaces a number by equality, when a number counts as missing")
    func imputeNumber() throws {
        let values = try OperatorBench.score([[-1], [.nan], [0], [-0.0]]) { try $0.impute($1, missing: 0, fill: [5]) }
        expectSame(values, [-1, .nan, 5, 5])
    }

    @Test("the missing indicator is 1 where a value is missing")
    func missingIndicator() throws {
        expectSame(
            try OperatorBench.score([[.nan], [2], [0]]) { try $0.missingIndicator($1, missing: .nan) }, [1, 0, 0])
        expectSame(try OperatorBench.score([[.nan], [2], [0]]) { try $0.missingIndicator($1, missing: 2) }, [0, 1, 0])
    }

    @Test("match gives the position by exact equality, -1 for another number, NaN for NaN")
    func match() throws {
        let rows = [[1.5], [(1.5 as Double).nextUp], [-0.0], [.nan], [.infinity], [-7], [1e300]]
        let values = try OperatorBench.score(rows) { [try $0.match($1[0], values: [-7, 0, 1.5, .infinity])] }
        expectSame(values, [2, -1, 1, .nan, 3, 0, -1])
    }

    @Test("recode gives each code its value, and others the fallbacks")
    func recode() throws {
        let values = try OperatorBench.score([[0], [1], [2], [3], [-1], [.nan], [1.5], [1e300], [-.infinity]]) {
            [
                try $0.recode(
                    $1[0], codes: [3, 0], values: [30, .nan], unknown: .value(-9), missing: .value(99))
            ]
        }
        expectSame(values, [.nan, -9, -9, 30, -9, 99, -9, -9, -9])
    }

    @Test("one-hot sets the column of a known code, none for a dropped one, and the fallbacks' columns")
    func oneHot() throws {
        let values = try OperatorBench.score([[0], [1], [2], [5], [-1], [.nan]]) {
            try $0.oneHot(
                $1[0], width: 3, codes: [2, 0, 1], columns: [1, 0, nil], unknown: .column(2), missing: .zeros)
        }
        expectSame(values, [1, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 1, 0, 0, 0])
    }

    @Test("scale does its steps in order in float64")
    func scale64() throws {
        let steps: [ScaleStep] = [.subtract([0.1, 1]), .divide([0.3, 3]), .atLeast([-1, -1]), .atMost([1, 0.5])]
        let values = try OperatorBench.score([[0.7, 2], [.nan, -9]]) { try $0.scale($1, steps: steps, width: .float64) }
        expectSame(values, [1, (2 - 1) / 3.0, .nan, -1])
        let more: [ScaleStep] = [.multiply([0.1]), .add([0.2])]
        expectSame(
            try OperatorBench.score([[0.3]]) { try $0.scale($1, steps: more, width: .float64) }, [0.3 * 0.1 + 0.2])
    }

    @Test("scale in float32 is float32 arithmetic when its constants are float32 values", arguments: 0..<4)
    func scale32(operation: Int) throws {
        var random = SplitMix64(seed: UInt64(operation))
        let numbers = (0..<400).map { _ in Float(random.unit() * 2 - 1) * Float(exp(random.unit() * 20 - 10)) }
        let constant = Float(random.unit() * 3 - 1)
        let constants = [Double(constant)]
        let step: ScaleStep = [.add(constants), .subtract(constants), .multiply(constants), .divide(constants)][
            operation]
        let expected = numbers.map { number in
            [number + constant, number - constant, number * constant, number / constant][operation]
        }
        let values = try OperatorBench.score(numbers.map { [Double($0)] }) {
            try $0.scale($1, steps: [step], width: .float32)
        }
        expectSame(values, expected.map(Double.init))
    }

    @Test("scale without steps rounds to the nearest float32")
    func rounding() throws {
        expectSame(
            try OperatorBench.score([[0.1], [1e300], [.nan]]) { try $0.scale($1, steps: [], width: .float32) },
            [Double(Float(0.1)), .infinity, .nan])
    }

    @Test("linear adds the products in slot order, then the intercept")
    func linear() throws {
        var random = SplitMix64(seed: 1)
        let weights = (0..<18).map { _ in random.unit() - 0.5 }
        let rows = (0..<70).map { _ in (0..<9).map { _ in random.unit() * 100 } }
        for width in FloatWidth.allCases {
            var expected: [Double] = []
            for row in rows {
                for output in 0..<2 {
                    var sum = 0.0
                    var narrow: Float = 0
                    for index in 0..<9 {
                        sum += row[index] * weights[output * 9 + index]
                        narrow += Float(row[index]) * Float(weights[output * 9 + index])
                    }
                    expected.append(width == .float64 ? sum + 0.3 : Double(narrow + Float(0.3)))
                }
            }
            let values = try OperatorBench.score(rows) {
                try $0.linear($1, weights: weights, intercepts: [0.3, 0.3], width: width)
            }
            expectSame(values, expected)
        }
    }

    @Test("sigmoid and exponential are glibc's in either width")
    func exponentials() throws {
        let rows = [[-800.0], [0], [0.1], [3.7], [800], [.nan], [-.infinity]]
        let flat = rows.map { $0[0] }
        expectSame(
            try OperatorBench.score(rows) { try $0.link(.sigmoid, $1, width: .float64) },
            flat.map { 1 / (1 + exp(-$0)) })
        expectSame(
            try OperatorBench.score(rows) { try $0.link(.sigmoid, $1, width: .float32) },
            flat.map { Double(1 / (1 + expf(-Float($0)))) })
        expectSame(
            try OperatorBench.score(rows) { try $0.link(.exponential, $1, width: .float64) }, flat.map { exp($0) })
        expectSame(
            try OperatorBench.score(rows) { try $0.link(.exponential, $1, width: .float32) },
            flat.map { Double(expf(Float($0))) })
    }

    @Test("complement, softmax and normalize")
    func rowLinks() throws {
        expectSame(try OperatorBench.score([[0.3]]) { try $0.link(.complement, $1, width: .float64) }, [1 - 0.3, 0.3])
        let total = 1 + exp(-1.0) + exp(-2.5)
        expectSame(
            try OperatorBench.score([[3, 2, 0.5], [1, .nan, 2]]) { try $0.link(.softmax, $1, width: .float64) },
            [1 / total, exp(-1) / total, exp(-2.5) / total, .nan, .nan, .nan])
        expectSame(
            try OperatorBench.score([[1, 2, 4], [0, 0, 0]]) { try $0.link(.normalize, $1, width: .float64) },
            [1 / 7.0, 2 / 7.0, 4 / 7.0, .nan, .nan, .nan])
        expectSame(
            try OperatorBench.score([[0.1, 0.2]]) { try $0.link(.normalize, $1, width: .float32) },
            [0.1, 0.2].map { Double(Float($0) / (Float(0.1) + Float(0.2))) })
    }

    @Test("softmax in float32 has the bits of SciPy's, and ordered softmax those of XGBoost's")
    func float32Softmax() throws {
        // SciPy 1.17.1 with NumPy 2.4.6, XGBoost 3.0.5.
        let row = [0.10000000149011612, -3.700000047683716, 2.25, 2.249999761581421, -0.6000000238418579]
        expectSame(
            try OperatorBench.score([row]) { try $0.link(.softmax, $1, width: .float32) },
            [
                0.05350835248827934, 0.0011970234336331487, 0.45936164259910583, 0.4593615233898163,
                0.02657146565616131,
            ])
        expectSame(
            try OperatorBench.score([row]) { try $0.link(.orderedSoftmax, $1, width: .float32) },
            [
                0.05350835248827934, 0.0011970234336331487, 0.45936164259910583, 0.45936155319213867,
                0.02657146565616131,
            ])
        let total = exp(-2.0) + exp(-1.0) + 1
        expectSame(
            try OperatorBench.score([[1, 2, 3]]) { try $0.link(.orderedSoftmax, $1, width: .float64) },
            [exp(-2) / total, exp(-1) / total, 1 / total])
    }

    @Test("the exponential of float32 has the bits of NumPy's, up to its ends")
    func numpyExponential() {
        // NumPy 2.4.6 on a processor with AVX-512.
        let pairs: [(UInt32, UInt32)] = [
            (0x00000000, 0x3f800000), (0x80000000, 0x3f800000), (0xbf800000, 0x3ebc5ab1), (0xc2adcccd, 0x00c60f88),
            (0xc2af0000, 0x006cb2bc), (0xc2b03333, 0x003ba7a9), (0xc2bf0000, 0x00000956), (0xc2c88000, 0x00000015),
            (0xc2cfcccd, 0x00000001), (0xc2cff5c3, 0x00000000), (0xc2dc0000, 0x00000000), (0x42b16666, 0x7f7a37fd),
            (0x42b175c3, 0x7f800000), (0x3f000000, 0x3fd3094c), (0x322bcc77, 0x3f800000), (0xb22bcc77, 0x3f800000),
            (0xc0828c03, 0x3c8a9005), (0xc0c3c33d, 0x3b106d3c), (0xbdf36260, 0x3f6350b0), (0xbc5f157a, 0x3f7c89b7),
            (0xc05354e8, 0x3d16c352), (0xc11c796b, 0x386d5d30), (0xc08153f3, 0x3c8ff158), (0xc0910493, 0x3c304fbe),
            (0xc18734ab, 0x33445e55), (0xc21162d6, 0x253d1b51), (0xc19dbfa1, 0x313bada9), (0xbbfd2e99, 0x3f7e0797),
            (0xc159d545, 0x35a416aa), (0xbedeb680, 0x3f25b3ba), (0xc0cd532a, 0x3ad63da0), (0xc0a2fec2, 0x3bc90faa),
            (0xc1973214, 0x31d4dfab), (0xc007f09a, 0x3df4d427), (0xbfebdc82, 0x3e223227), (0xc10f40c9, 0x390796bc),
            (0xbe635a92, 0x3f4d0778), (0xbf4fde3e, 0x3ee350d0), (0xc0c5cc4c, 0x3b0786c1), (0xc094b698, 0x3c1d1520),
        ]
        for (x, y) in pairs {
            let found = NumPyExponential.exp(Float(bitPattern: x))
            #expect(found.bitPattern == y, "exp(\(Float(bitPattern: x))) is \(found)")
        }
        #expect(NumPyExponential.exp(.nan).isNaN)
    }

    @Test("sums have the bits of NumPy's")
    func pairwiseSums() throws {
        let text = String(
            decoding: try readFile(Checkout.fixture("skiff/numpy-sums.txt"), limit: 1 << 16), as: UTF8.self)
        let lines = text.split(separator: "\n")
        #expect(lines.count == 40)
        for line in lines {
            let words = line.split(separator: " ")
            let count = try #require(Int(words[1]))
            let bits = try #require(UInt64(words[2].dropFirst(2), radix: 16))
            var random = SplitMix64(seed: UInt64(count))
            let numbers = (0..<count).map { _ in random.unit() }
            if words[0] == "float64" {
                #expect(PairwiseSum.sum(numbers, count: count, stride: 1).bitPattern == bits, "\(line)")
            } else {
                let sum = PairwiseSum.sum32(numbers, count: count, stride: 1)
                #expect(UInt64(sum.bitPattern) == bits, "\(line)")
            }
        }
    }

    @Test("argmax takes the first of equals and the first NaN")
    func argmax() throws {
        let rows: [[Double]] = [[1, 3, 3], [2, 2, 2], [0, .nan, 5], [.nan, 1, .nan], [-.infinity, -1, -.infinity]]
        expectSame(try OperatorBench.score(rows) { [try $0.argmax($1)] }, [1, 0, 1, 0, 1])
    }

    @Test("threshold is strict, and NaN is not above")
    func threshold() throws {
        expectSame(
            try OperatorBench.score([[0], [-0.0], [Double.leastNonzeroMagnitude], [.nan], [1]]) {
                [try $0.threshold($1[0], above: 0)]
            }, [0, 0, 1, 0, 1])
    }

    struct Refusal: CustomTestStringConvertible {
        var testDescription: String
        var width: FloatWidth
        var allowsMissing: Bool
        var cell: Double
        var reason: String?
    }

    @Test(
        "requireFinite refuses what check_array refuses, and names row and column",
        arguments: [
            Refusal(testDescription: "finite", width: .float32, allowsMissing: false, cell: 3e38, reason: nil),
            Refusal(testDescription: "large float64", width: .float64, allowsMissing: false, cell: 1e39, reason: nil),
            Refusal(
                testDescription: "too large for float32", width: .float32, allowsMissing: true, cell: -1e39,
                reason: "the value is too large for a float32, and the model takes finite values only"),
            Refusal(
                testDescription: "infinite", width: .float64, allowsMissing: true, cell: .infinity,
                reason: "the value is infinite, and the model takes finite values only"),
            Refusal(testDescription: "missing, allowed", width: .float32, allowsMissing: true, cell: .nan, reason: nil),
            Refusal(
                testDescription: "missing", width: .float32, allowsMissing: false, cell: .nan,
                reason: "the value is missing, and the model takes no missing values"),
        ])
    func requireFinite(_ row: Refusal) throws {
        // Through an imputer of another column: the message still names the input column.
        let build = { (builder: inout ModelBuilder, slots: [Slot]) throws -> [Slot] in
            let filled = try builder.impute([slots[1], slots[0]], missing: 17, fill: [0, 0])
            try builder.requireFinite(filled, width: row.width, allowsMissing: row.allowsMissing)
            return filled
        }
        var rows = (0..<70).map { [Double($0) + 0.5, 1] }
        rows[66][0] = row.cell
        guard let reason = row.reason else {
            _ = try OperatorBench.score(rows, build)
            return
        }
        let error = #expect(throws: ScoringError.self) { try OperatorBench.score(rows, build) }
        #expect(error?.kind == .rejectedRow(row: 66, column: "x0", reason: reason))
        #expect(error?.diagnostic.summary == "cannot score row 66, column `x0`: \(reason)")
    }

    @Test("encoders that know no other categories refuse unknown and missing ones, and name row and column")
    func refusedCategories() throws {
        let model = try SampleModel.build { (builder, slots) throws(ScoringError) in
            let codes = try builder.codes(of: ["red"], column: 0)
            let filled = try builder.impute([slots[0]], missing: .nan, fill: [.nan])
            let column = try builder.oneHot(
                filled[0], width: 1, codes: codes, columns: [0], unknown: .refuse, missing: .zeros)
            let value = try builder.recode(
                filled[0], codes: codes, values: [4], unknown: .value(0), missing: .refuse)
            return .rows(column + [value])
        }
        var block = InputBlock(model: model)
        var answers = AnswerBlock(model: model)
        block.appendRows(2)
        block.set("red", row: 0, column: 0)
        block.set("Red", row: 1, column: 0)
        let evaluator = Evaluator(model: model)
        let unknown = #expect(throws: ScoringError.self) { try evaluator.evaluate(block, into: &answers) }
        #expect(
            unknown?.diagnostic.summary
                == "cannot score row 1, column `colour`: the value is not one of the categories that the model's encoder knows"
        )
        #expect(answers.rowCount == 0)
        block.setMissing(row: 1, column: 0)
        let missing = #expect(throws: ScoringError.self) { try evaluator.evaluate(block, into: &answers) }
        #expect(
            missing?.diagnostic.summary
                == "cannot score row 1, column `colour`: the value is missing, and the model's encoder knows no missing category"
        )
        block.set("red", row: 1, column: 0)
        try evaluator.evaluate(block, into: &answers)
        #expect(answers.values == [1, 4, 1, 4])
    }
}
