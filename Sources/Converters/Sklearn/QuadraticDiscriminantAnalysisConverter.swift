import Glibc
import Pickle
import Scoring

/// `QuadraticDiscriminantAnalysis`: the distance from each class's mean in the class's own directions.
///
/// Rules from `sklearn/discriminant_analysis.py`, 1.1.3 to 1.9.1: probabilities are a softmax up to 1.5, and the exponential of
/// normalised logarithms from 1.6. The products differ from scikit-learn's in the last bits (BLAS).
struct QuadraticDiscriminantAnalysisConverter: Converter {
    static let classNames = ["sklearn.discriminant_analysis.QuadraticDiscriminantAnalysis"]

    static let partNames = LinearDiscriminantAnalysisConverter.partNames

    /// One class: where it lies, and the directions in which it spreads.
    private struct ClassShape {
        var mean: [Double]
        /// [directions x inputs]
        var directions: FloatMatrix
        /// The sum of the logarithms of the variances.
        var logVolume: Double
        var logPrior: Double
    }

    let estimator: Estimator
    private let labels: LabelTable
    private let means: FloatMatrix
    private let shapes: [ClassShape]

    init(_ estimator: Estimator) throws {
        self.estimator = estimator
        labels = try ClassLabels.read(try estimator.required("classes_"), of: estimator)
        means = try FloatMatrix("means_", of: estimator)
        try means.requireShape(labels.count, means.columns, of: estimator)
        let priors = try FloatMatrix("priors_", of: estimator)
        try priors.requireShape(1, labels.count, of: estimator)
        let rotations = try estimator.list("rotations_")
        let scalings = try estimator.list("scalings_")
        guard labels.count >= 2, rotations.count == labels.count, scalings.count == labels.count else {
            throw estimator.refuse("it has not one shape for each of its \(labels.count) classes")
        }
        var shapes: [ClassShape] = []
        for index in 0..<labels.count {
            var directions = try FloatMatrix("rotations_", of: estimator, value: rotations[index]).transposed
            let variances = try FloatMatrix("scalings_", of: estimator, value: scalings[index])
            try variances.requireShape(1, directions.rows, of: estimator)
            try directions.requireShape(directions.rows, means.columns, of: estimator)
            guard variances.values.allSatisfy({ $0 > 0 }), priors.values[index] > 0 else {
                throw estimator.refuse("a class has a variance or a prior that is not positive", parameter: "scalings_")
            }
            guard !directions.isSingle, !variances.isSingle, !priors.isSingle else {
                throw estimator.refuse(
                    "it calculates in float32", parameter: "rotations_", help: "fit the model on float64 columns")
            }
            for row in 0..<directions.rows {
                let factor = 1 / variances.values[row].squareRoot()
                for column in 0..<directions.columns { directions.values[row * directions.columns + column] *= factor }
            }
            shapes.append(
                ClassShape(
                    mean: means.row(index), directions: directions,
                    logVolume: variances.values.reduce(0) { $0 + log($1) }, logPrior: log(priors.values[index])))
        }
        self.shapes = shapes
    }

    func has(_ method: PredictMethod) -> Bool { method != .transform }

    private func scores(_ table: Table, _ program: inout Program) throws -> [Slot] {
        try estimator.requireFittedColumns(table)
        try table.requireWidth(means.columns, for: estimator)
        try table.requireNumbers(for: estimator)
        try estimator.requireDense(table)
        try means.requireFloat64(with: table, of: estimator)
        try program.requireFinite(table, width: .float64, allowsMissing: false)
        program.noteSums(estimator)
        return try shapes.map { shape in
            let centred = try program.builder.scale(table.slots, steps: [.subtract(shape.mean)], width: .float64)
            let zeros = Array(repeating: 0.0, count: shape.directions.rows)
            let turned = try program.builder.linear(
                centred, weights: shape.directions.values, intercepts: zeros, width: .float64)
            let norm = try program.builder.centreDistances(turned, .squared, centres: zeros, divisors: nil, count: 1)
            return try program.builder.scale(
                norm, steps: [.add([shape.logVolume]), .multiply([-0.5]), .add([shape.logPrior])], width: .float64)[0]
        }
    }

    func answer(_ method: PredictMethod, _ table: Table, into program: inout Program) throws -> Answer {
        let scores = try scores(table, &program)
        switch method {
        case .predict: return .labels(try program.builder.argmax(scores), labels)
        case .decisionFunction:
            guard scores.count == 2 else { return .rows(scores) }
            return .numbers(try program.builder.linear(scores, weights: [-1, 1], intercepts: [0], width: .float64)[0])
        default:
            guard estimator.has(.discriminantsShiftScores) else {
                return .rows(try program.builder.link(.softmax, scores, width: .float64))
            }
            let shifted = try program.builder.link(.belowMaximum, scores, width: .float64)
            let logarithms = try program.builder.link(.logNormalize, shifted, width: .float64)
            return .rows(try program.builder.link(.exponential, logarithms, width: .float64))
        }
    }
}
