import Pickle
import Scoring

/// `SVC`, `NuSVC`, `SVR`, `NuSVR` and `OneClassSVM`, fitted on dense or sparse tables.
///
/// Supported kernels are linear, poly, rbf and sigmoid. Rules from `sklearn/svm/_base.py` and `_classes.py` and libsvm's
/// `svm.cpp`, 1.1.3 to 1.9.1; the functions that score did not change, but for 1.9, in which `probability` may say
/// `"deprecated"` for false. A dense libsvm adds by BLAS, whose order depends on the processor.
struct SupportVectorConverter: Converter {
    static let classNames = ["NuSVC", "NuSVR", "OneClassSVM", "SVC", "SVR"].map { "sklearn.svm._classes.\($0)" }

    static var partNames: [String: PickleUse] { SparseMatrix.partNames }

    let estimator: Estimator
    private let kernel: KernelFunction
    private let isSparse: Bool
    private let width: Int
    // [vectors x width] and [weights per vector x vectors], row-major.
    private let vectors: [Double]
    private let coefficients: [Double]
    private let vectorCount: Int
    private let intercepts: [Double]
    // Of a classifier.
    private let labels: LabelTable?
    private let supports: [Int]
    private let isOneVersusOne: Bool
    private let breaksTies: Bool
    private let hasProbabilities: Bool

    init(_ estimator: Estimator) throws {
        self.estimator = estimator
        kernel = try SupportVectorConverter.kernel(estimator)
        isSparse = try estimator.bool("_sparse")
        if isSparse {
            let matrix = try SparseMatrix(estimator.required("support_vectors_"), "support_vectors_", of: estimator)
            (vectors, width, vectorCount) = (matrix.dense, matrix.columnCount, matrix.rowCount)
            // libsvm gets the numbers of the matrix as they lie, one row of all vectors after the other.
            let weights = try SparseMatrix(estimator.required("_dual_coef_"), "_dual_coef_", of: estimator)
            guard weights.data.count == weights.rowCount * weights.columnCount else {
                throw estimator.unexpected("_dual_coef_", "a full matrix")
            }
            coefficients = weights.data
        } else {
            let array = try estimator.array("support_vectors_")
            guard array.shape.count == 2, let numbers = array.numbers else {
                throw estimator.unexpected("support_vectors_", "a table of numbers")
            }
            (vectors, width, vectorCount) = (numbers, array.shape[1], array.shape[0])
            coefficients = try estimator.numbers("_dual_coef_")
        }
        intercepts = try estimator.numbers("_intercept_")
        guard vectorCount > 0 else { throw estimator.refuse("it has no support vectors") }
        guard (vectors + coefficients + intercepts).allSatisfy(\.isFinite) else {
            throw estimator.refuse("its support vectors and coefficients are not all finite")
        }
        let isClassifier = estimator.shortName.hasSuffix("SVC")
        labels = isClassifier ? try ClassLabels.read(try estimator.required("classes_"), of: estimator) : nil
        let supports = try estimator.array("_n_support").integers ?? []
        self.supports = isClassifier ? supports : [vectorCount]
        isOneVersusOne = isClassifier ? try SupportVectorConverter.isOneVersusOne(estimator) : false
        breaksTies = isClassifier ? try estimator.bool("break_ties") : false
        hasProbabilities = isClassifier ? try SupportVectorConverter.hasProbabilities(estimator) : false
        try check()
    }

    private func check() throws {
        let classes = labels?.count ?? 2
        guard classes >= 2, coefficients.count == (classes - 1) * vectorCount,
            intercepts.count == classes * (classes - 1) / 2, labels == nil || supports.count == classes,
            supports.allSatisfy({ $0 >= 0 && $0 <= vectorCount }), supports.reduce(0, +) == vectorCount
        else { throw estimator.refuse("its support vectors do not fit its classes", parameter: "_n_support") }
        guard width == (try estimator.int("n_features_in_")) else {
            throw estimator.refuse("its support vectors do not fit its columns", parameter: "support_vectors_")
        }
    }

    private static func kernel(_ estimator: Estimator) throws -> KernelFunction {
        guard let name = estimator.graph.text(try estimator.required("kernel")) else {
            throw estimator.refuse("its kernel is a function in Python", parameter: "kernel")
        }
        func number(_ name: String) throws -> Double {
            guard case .number(let number) = PickledScalar(try estimator.required(name), estimator.graph),
                number.isFinite
            else { throw estimator.unexpected(name, "a finite number") }
            return number
        }
        switch name {
        case "linear": return .linear
        case "rbf": return .radial(gamma: try number("_gamma"))
        case "sigmoid": return .sigmoid(gamma: try number("_gamma"), shift: try number("coef0"))
        case "poly":
            let degree = try estimator.int("degree")
            guard (0...KernelFunction.largestDegree).contains(degree) else {
                throw estimator.refuse(
                    "a degree beyond \(KernelFunction.largestDegree) is not converted", parameter: "degree",
                    value: "\(degree)")
            }
            return .polynomial(gamma: try number("_gamma"), shift: try number("coef0"), degree: degree)
        case "precomputed":
            throw estimator.refuse(
                "it takes similarities to the training rows instead of columns", parameter: "kernel", value: name,
                help: "fit it with the kernel `rbf`, `linear`, `poly` or `sigmoid`")
        default: throw estimator.refuse("its kernel is not known", parameter: "kernel", value: name)
        }
    }

    private static func isOneVersusOne(_ estimator: Estimator) throws -> Bool {
        let shape = try estimator.text("decision_function_shape")
        guard shape == "ovr" || shape == "ovo" else {
            throw estimator.refuse(
                "its rule for decisions is not known", parameter: "decision_function_shape", value: shape)
        }
        return shape == "ovo"
    }

    /// `_effective_probability` says in 1.9 what libsvm was told; `predict_proba` asks `probability` itself.
    private static func hasProbabilities(_ estimator: Estimator) throws -> Bool {
        if estimator.has(.probabilityIsDeprecated), let value = estimator["probability"],
            estimator.graph.text(value) == "deprecated"
        {
            return false
        }
        return try estimator.bool("probability")
    }

    func has(_ method: PredictMethod) -> Bool {
        switch method {
        case .predict: true
        case .predictProba: hasProbabilities
        case .decisionFunction: labels != nil || estimator.shortName == "OneClassSVM"
        case .transform: false
        }
    }

    func answer(_ method: PredictMethod, _ table: Table, into program: inout Program) throws -> Answer {
        let decisions = try decisions(table, into: &program)
        guard let labels else {
            guard estimator.shortName == "OneClassSVM", method == .predict else { return .numbers(decisions[0]) }
            return .labels(try program.builder.threshold(decisions[0], above: 0), .integers([-1, 1]))
        }
        switch method {
        case .predictProba: return .rows(try probabilities(decisions, labels.count, &program))
        case .predict:
            guard breaksTies else {
                return .labels(try program.builder.pairVote(decisions, classCount: labels.count), labels)
            }
            guard !isOneVersusOne else {
                throw estimator.refuse(
                    "scikit-learn refuses to predict with it beside `decision_function_shape=\"ovo\"`",
                    parameter: "break_ties", value: "True")
            }
            guard labels.count > 2 else {
                return .labels(try program.builder.pairVote(decisions, classCount: 2), labels)
            }
            let scores = try program.builder.pairScores(decisions, classCount: labels.count)
            return .labels(try program.builder.argmax(scores), labels)
        default:
            if labels.count == 2 {
                // scikit-learn turns the sign of libsvm's binary decision.
                return .numbers(
                    try program.builder.scale(decisions, steps: [.multiply([-1])], width: .float64)[0])
            }
            if isOneVersusOne { return .rows(decisions) }
            return .rows(try program.builder.pairScores(decisions, classCount: labels.count))
        }
    }

    private func probabilities(_ decisions: [Slot], _ classCount: Int, _ program: inout Program) throws -> [Slot] {
        let slopes = try estimator.numbers("_probA")
        let offsets = try estimator.numbers("_probB")
        guard slopes.count == decisions.count, offsets.count == decisions.count,
            (slopes + offsets).allSatisfy(\.isFinite)
        else {
            throw estimator.refuse("it has not one curve of probabilities per pair of classes", parameter: "_probA")
        }
        return try program.builder.pairProbabilities(
            decisions, classCount: classCount, slopes: slopes, offsets: offsets)
    }

    /// libsvm's decision values: one per pair of classes, or one.
    private func decisions(_ table: Table, into program: inout Program) throws -> [Slot] {
        try estimator.requireFittedColumns(table)
        try table.requireWidth(width, for: estimator)
        try table.requireNumbers(for: estimator)
        guard isSparse || !table.isSparse else {
            throw estimator.refuse("it was fitted on a dense table and would get a sparse one")
        }
        try program.requireFinite(table, width: .float64, allowsMissing: false)
        if !isSparse {
            program.note(
                "\(estimator.shortName) sums in column order; scikit-learn's BLAS may differ from it in the last bits")
        }
        let perVector = supports.count == 1 ? 1 : supports.count - 1
        var weights = [Double](repeating: 0, count: coefficients.count)
        for vector in 0..<vectorCount {
            for index in 0..<perVector {
                weights[vector * perVector + index] = coefficients[index * vectorCount + vector]
            }
        }
        return try program.builder.kernels(
            table.slots, kernel: kernel, vectors: vectors, weights: weights, groups: supports,
            targets: SupportVectorConverter.targets(supports.count), intercepts: intercepts)
    }

    /// For each class, the pairs to which the rows of `_dual_coef_` belong: those with the classes before it, then after it.
    private static func targets(_ classCount: Int) -> [[Int]] {
        guard classCount > 1 else { return [[0]] }
        func pair(_ first: Int, _ second: Int) -> Int { first * (2 * classCount - first - 1) / 2 + second - first - 1 }
        return (0..<classCount).map { own in
            (0..<classCount).filter { $0 != own }.map { $0 < own ? pair($0, own) : pair(own, $0) }
        }
    }
}
