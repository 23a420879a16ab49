import Glibc
import Pickle
import Scoring

/// `GaussianMixture` and `BayesianGaussianMixture`: the logarithm of each component's weighted density.
///
/// Rules from `sklearn/mixture/_base.py`, `_gaussian_mixture.py` and `_bayesian_mixture.py`, 1.1.3 to 1.9.1, for float64. Their
/// products differ from scikit-learn's in the last bits (BLAS). Models whose means are far from 0, compared with the spread,
/// are refused: what cancels out there shows in the digits.
struct GaussianMixtureConverter: Converter {
    static let classNames = [
        "sklearn.mixture._bayesian_mixture.BayesianGaussianMixture",
        "sklearn.mixture._gaussian_mixture.GaussianMixture",
    ]

    let estimator: Estimator
    private let means: FloatMatrix
    private let form: String
    private let factors: [Double]
    /// What is added to a component's logarithm after its density, in order.
    private let terms: [[Double]]
    private var width: Int { means.columns }
    private var count: Int { means.rows }

    init(_ estimator: Estimator) throws {
        self.estimator = estimator
        means = try FloatMatrix("means_", of: estimator)
        form = try estimator.text("covariance_type")
        let array = try estimator.array("precisions_cholesky_")
        let (width, count) = (means.columns, means.rows)
        let shapes = [
            "full": [count, width, width], "tied": [width, width], "diag": [count, width], "spherical": [count],
        ]
        guard let shape = shapes[form] else {
            throw estimator.refuse("its covariances are not known", parameter: "covariance_type", value: form)
        }
        guard array.shape == shape, let factors = array.numbers, factors.allSatisfy(\.isFinite) else {
            throw estimator.unexpected("precisions_cholesky_", "an array of \(shape) finite numbers")
        }
        self.factors = factors
        guard !means.isSingle, array.type.itemSize == 8 else {
            throw estimator.refuse(
                "it calculates in float32", parameter: "means_", help: "fit the model on float64 columns")
        }
        terms = try MixtureWeights.terms(estimator, width: width, count: count)
        guard terms.allSatisfy({ $0.count == count }), terms.joined().allSatisfy({ !$0.isNaN }) else {
            throw estimator.refuse("it has not one weight for each of its \(count) components")
        }
    }

    func has(_ method: PredictMethod) -> Bool { method == .predict || method == .predictProba }

    func answer(_ method: PredictMethod, _ table: Table, into program: inout Program) throws -> Answer {
        try estimator.requireFittedColumns(table)
        try table.requireWidth(width, for: estimator)
        try estimator.requireDense(table)
        guard try table.floatType(for: estimator) == .float64 else {
            throw estimator.refuse("it calculates partly in float32", help: "log the model with a signature of doubles")
        }
        try program.requireFinite(table, width: .float64, allowsMissing: false)
        program.noteSums(estimator)
        let distances =
            form == "full" || form == "tied"
            ? try turnedDistances(table.slots, &program) : try straightDistances(table.slots, &program)
        let constant = Double(width) * log(2 * Double.pi)
        var steps: [ScaleStep] = [
            .add(Array(repeating: constant, count: count)), .multiply(Array(repeating: -0.5, count: count)),
            .add(logDeterminants),
        ]
        steps += terms.map { .add($0) }
        let likelihoods = try program.builder.scale(distances, steps: steps, width: .float64)
        return try LogLikelihoods.answer(
            method, likelihoods, .integers((0..<count).map { Int64($0) }), into: &program)
    }

    private var logDeterminants: [Double] {
        (0..<count).map { component in
            switch form {
            case "full":
                (0..<width).reduce(0) { $0 + log(factors[component * width * width + $1 * (width + 1)]) }
            case "tied": (0..<width).reduce(0) { $0 + log(factors[$1 * (width + 1)]) }
            case "diag": factors[component * width..<(component + 1) * width].reduce(0) { $0 + log($1) }
            default: Double(width) * log(factors[component])
            }
        }
    }

    /// ‖x·P - µ·P‖² of each component.
    private func turnedDistances(_ slots: [Slot], _ program: inout Program) throws -> [Slot] {
        try (0..<count).map { component in
            let start = form == "full" ? component * width * width : 0
            var matrix = means
            (matrix.rows, matrix.columns) = (width, width)
            matrix.values = Array(factors[start..<start + width * width])
            matrix = matrix.transposed
            let mean = means.row(component)
            var sizes = matrix
            sizes.values = sizes.values.map(abs)
            guard sizes.times(mean.map(abs)).allSatisfy({ $0 <= 300 }) else { throw farAway }
            let turned = try program.builder.linear(
                slots, weights: matrix.values, intercepts: matrix.times(mean).map { -$0 }, width: .float64)
            let zeros = Array(repeating: 0.0, count: width)
            return try program.builder.centreDistances(turned, .squared, centres: zeros, divisors: nil, count: 1)[0]
        }
    }

    /// Σ µ²·p - 2·x·(µ·p) + x²·p of each component.
    private func straightDistances(_ slots: [Slot], _ program: inout Program) throws -> [Slot] {
        try (0..<count).map { component in
            let roots = (0..<width).map { form == "diag" ? factors[component * width + $0] : factors[component] }
            let precisions = roots.map { $0 * $0 }
            let mean = means.row(component)
            let square = zip(mean, precisions).reduce(0) { $0 + $1.0 * $1.0 * $1.1 }
            guard square <= 1e3 else { throw farAway }
            let product = try program.builder.linear(
                slots, weights: zip(mean, precisions).map { $0 * $1 }, intercepts: [0], width: .float64)
            let middle = try program.builder.scale(product, steps: [.multiply([-2]), .add([square])], width: .float64)
            let zeros = Array(repeating: 0.0, count: width)
            let outer = try program.builder.centreDistances(
                slots, .squared, centres: zeros, divisors: precisions.map { 1 / $0 }, count: 1)
            return try program.builder.linear(middle + outer, weights: [1, 1], intercepts: [0], width: .float64)[0]
        }
    }

    private var farAway: Refused {
        estimator.refuse(
            "its means are so far from 0, compared with the spread, that its densities lose digits",
            parameter: "means_", help: "scale the columns before this step")
    }
}

/// The weights of a mixture's components, as logarithms.
private enum MixtureWeights {
    static func terms(_ estimator: Estimator, width: Int, count: Int) throws -> [[Double]] {
        guard estimator.shortName == "BayesianGaussianMixture" else {
            return [try estimator.numbers("weights_").map { log($0) }]
        }
        // Components that share one covariance share its degrees of freedom.
        var freedoms = try estimator.numbers("degrees_of_freedom_")
        if try estimator.text("covariance_type") == "tied", freedoms.count == 1 {
            freedoms = Array(repeating: freedoms[0], count: count)
        }
        let precisions = try estimator.numbers("mean_precision_")
        guard freedoms.count == count, precisions.count == count, freedoms.allSatisfy({ $0 > Double(width - 1) }),
            precisions.allSatisfy({ $0 > 0 })
        else { throw estimator.unexpected("degrees_of_freedom_", "one number per component") }
        let size = Double(width)
        let spreads = freedoms.map { freedom in
            (0..<width).reduce(0) { $0 + digamma(0.5 * (freedom - Double($1))) } + size * log(2)
        }
        return [
            freedoms.map { -0.5 * size * log($0) }, zip(spreads, precisions).map { 0.5 * ($0 - size / $1) },
            try concentrations(estimator),
        ]
    }

    private static func concentrations(_ estimator: Estimator) throws -> [Double] {
        guard try estimator.text("weight_concentration_prior_type") == "dirichlet_process" else {
            let weights = try estimator.numbers("weight_concentration_")
            guard weights.allSatisfy({ $0 > 0 }) else {
                throw estimator.unexpected("weight_concentration_", "positive numbers")
            }
            let whole = digamma(weights.reduce(0, +))
            return weights.map { digamma($0) - whole }
        }
        let pair = try estimator.list("weight_concentration_").map {
            try FloatMatrix("weight_concentration_", of: estimator, value: $0).values
        }
        guard pair.count == 2, pair[0].count == pair[1].count, pair.joined().allSatisfy({ $0 > 0 }) else {
            throw estimator.unexpected("weight_concentration_", "two arrays of positive numbers")
        }
        var before = 0.0
        return zip(pair[0], pair[1]).map { first, second in
            let whole = digamma(first + second)
            defer { before += digamma(second) - whole }
            return digamma(first) - whole + before
        }
    }

    /// The derivative of log Γ for a positive number, within some units in the last place of 1 or of itself.
    private static func digamma(_ number: Double) -> Double {
        var (x, shift) = (number, 0.0)
        while x < 12 {
            shift -= 1 / x
            x += 1
        }
        let square = 1 / (x * x)
        let series =
            square
            * (1.0 / 12 - square * (1.0 / 120 - square * (1.0 / 252 - square * (1.0 / 240 - square * (1.0 / 132)))))
        return shift + log(x) - 0.5 / x - series
    }
}
