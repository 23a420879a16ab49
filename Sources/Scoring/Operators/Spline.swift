import Glibc
import JSONText

/// The values of all B-splines of one column at a value.
struct Spline: Operator {
    static let name = "spline"
    private let input: Slot
    private let outputs: Range<Slot>
    private let degree: Int
    private let knots: NumberArray<Double>
    private let outside: SplineOutside
    private let span: Int
    private let lower: Double
    private let upper: Double
    // At `lower` and `upper`: the values of the splines, then their slopes.
    private let lowEdge: [Double]
    private let highEdge: [Double]
    private let column: String?
    private static let highestDegree = 64

    init(_ fields: inout OperatorFields) throws(ScoringError) {
        try fields.expectInputs(1)
        input = fields.inputs[0]
        outputs = fields.outputs
        degree = try fields.integer("degree", in: 0...Self.highestDegree)
        knots = try fields.float64("knots")
        outside = try fields.choice("outside", SplineOutside.self)
        let first = try fields.integer("first", in: 0...Self.highestDegree + 2)
        span = try fields.integer("span", in: 0...Self.highestDegree + 2)
        column = try fields.columns("columns", count: 1)[0]
        guard knots.count >= 2 * (degree + 1), knots.buffer.allSatisfy(\.isFinite),
            zip(knots.buffer, knots.buffer.dropFirst()).allSatisfy({ $0 <= $1 })
        else { throw fields.error("`knots` descend, are not all finite, or too few for the degree") }
        let basis = knots.count - degree - 1
        let count = outside == .wrap ? basis - degree : basis
        guard count >= 1, outside != .wrap || degree <= count, span <= count, first < knots.count else {
            throw fields.error("it has too few knots")
        }
        try fields.expectOutputs(count)
        lower = knots[first]
        upper = knots[knots.count - 1 - first]
        guard outside != .wrap || knots[basis] > knots[degree] else { throw fields.error("its period is 0") }
        let isEven = outside != .linear
        lowEdge = Self.edge(lower, degree, knots, count: basis, isEven: isEven)
        highEdge = Self.edge(upper, degree, knots, count: basis, isEven: isEven)
    }

    func scratchByteCount(rows: Int) -> Int { (2 * degree + 2) * MemoryLayout<Double>.stride }

    func run(_ block: RowBlock) throws(ScoringError) {
        let work = block.scratch.bindMemory(to: Double.self, capacity: 2 * degree + 2)
        let source = block[input]
        let target = block[outputs.lowerBound]
        for index in 0..<(outputs.count * block.rows) { target[index] = 0 }
        let (low, high) = (knots[degree], knots[knots.count - degree - 1])
        for row in 0..<block.rows {
            var x = source[row]
            if x.isNaN { continue }
            switch outside {
            case .constant, .linear:
                if lower <= x, x <= upper { add(x, work, target + row, block.rows) }
                extend(x, target + row, block.rows)
                continue
            case .refuse:
                guard low <= x, x <= high else {
                    throw ScoringError.rejected(
                        row: block.firstRow + row, column: column,
                        "the value lies outside the knots of the model's splines, from \(low) to \(high)")
                }
            case .wrap:
                var rest = fmod(x - low, high - low)
                if rest < 0 { rest += high - low }
                x = low + rest
            case .proceed: break
            }
            add(x, work, target + row, block.rows)
        }
    }

    private func add(
        _ x: Double, _ work: UnsafeMutablePointer<Double>, _ target: UnsafeMutablePointer<Double>, _ rows: Int
    ) {
        let interval = Self.interval(x, degree, knots)
        Self.basis(x, interval, degree, knots, derivative: false, work)
        for index in 0...degree {
            let spline = interval - degree + index
            target[(spline < outputs.count ? spline : spline - outputs.count) * rows] += work[index]
        }
    }

    private func extend(_ x: Double, _ target: UnsafeMutablePointer<Double>, _ rows: Int) {
        let count = outputs.count
        for index in 0..<span {
            if x < lower { target[index * rows] = lowEdge[index] + (x - lower) * lowEdge[count + index] }
            let last = count - 1 - index
            if x > upper { target[last * rows] = highEdge[last] + (x - upper) * highEdge[count + last] }
        }
    }

    /// The values of all splines at `x`, then their slopes, or zeros.
    private static func edge(
        _ x: Double, _ degree: Int, _ knots: NumberArray<Double>, count: Int, isEven: Bool
    ) -> [Double] {
        var result = [Double](repeating: 0, count: 2 * count)
        let interval = interval(x, degree, knots)
        withUnsafeTemporaryAllocation(of: Double.self, capacity: 2 * degree + 2) { work in
            guard let base = work.baseAddress else { return }
            for isSlope in isEven ? [false] : [false, true] {
                basis(x, interval, degree, knots, derivative: isSlope, base)
                for index in 0...degree { result[(isSlope ? count : 0) + interval - degree + index] = base[index] }
            }
        }
        return result
    }

    /// The last inner knot that is at most `x`, or the first; never the upper end.
    private static func interval(_ x: Double, _ degree: Int, _ knots: NumberArray<Double>) -> Int {
        let end = knots.count - degree - 1
        var next = degree + 1
        while next != end, x >= knots[next] { next += 1 }
        return next - 1
    }

    /// de Boor's recursion as SciPy's `_deBoor_D` does it (`scipy/interpolate/src/__fitpack.cc`): the `degree + 1` splines that are not
    /// 0 in the interval, or their slopes; `work` holds `2 * degree + 2` numbers.
    private static func basis(
        _ x: Double, _ interval: Int, _ degree: Int, _ knots: NumberArray<Double>, derivative: Bool,
        _ work: UnsafeMutablePointer<Double>
    ) {
        let before = work + degree + 1
        work[0] = 1
        for step in stride(from: 1, through: degree, by: 1) {
            for index in 0..<step { before[index] = work[index] }
            work[0] = 0
            for index in 1...step {
                let (right, left) = (knots[interval + index], knots[interval + index - step])
                if right == left {
                    work[index] = 0
                } else if derivative, step == degree {
                    let weight = Double(step) * before[index - 1] / (right - left)
                    work[index - 1] -= weight
                    work[index] = weight
                } else {
                    let weight = before[index - 1] / (right - left)
                    work[index - 1] += weight * (right - x)
                    work[index] = weight * (x - left)
                }
            }
        }
        if derivative, degree == 0 { work[0] = 0 }
    }

    var details: [OperatorSummary.Detail] { [.init(name: "splines", value: outputs.count)] }
}

/// What the splines of `spline` are for a value outside of their knots.
public enum SplineOutside: String, Sendable, CaseIterable {
    /// What they are at the nearer end.
    case constant
    /// Straight lines from the nearer end.
    case linear
    /// Their polynomials go on.
    case proceed
    /// The value moves inside by multiples of the length.
    case wrap
    /// The row is refused.
    case refuse
}

extension ModelBuilder {
    /// All B-splines of a column, as scikit-learn's `SplineTransformer`; a missing value gives zeros.
    ///
    /// - Parameters:
    ///   - knots: all knots in ascending order, `degree` more at each end than the inner ones.
    ///   - first: for `constant` and `linear` the ends lie at the knots `first` and `knots.count - 1 - first`.
    ///   - span: how many splines go on at each end.
    /// - Returns: `knots.count - degree - 1` neighbouring slots; with `wrap` `degree` less, because the last splines are the first ones again.
    public mutating func spline(
        _ slot: Slot, degree: Int, knots: [Double], outside: SplineOutside, first: Int, span: Int
    ) throws(ScoringError) -> [Slot] {
        let count = knots.count - degree - 1 - (outside == .wrap ? degree : 0)
        guard count >= 1 else { throw ScoringError(.unsound, "`spline` has too few knots") }
        let parameters: JSONObject = [
            "degree": .int(degree), "knots": addArray(knots), "outside": .string(outside.rawValue),
            "first": .int(first), "span": .int(span), "columns": columnNumbers([slot]),
        ]
        return try add(Spline.name, inputs: [slot], outputCount: count, parameters, origin: .first)
    }
}
