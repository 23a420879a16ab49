import Pickle
import Scoring

/// `CalibratedClassifierCV`: the mean of classifiers whose scores are made probabilities by a curve for each class.
///
/// Scores are those of `decision_function`, else of `predict_proba`. Rules from `sklearn/calibration.py`, 1.1.3 to 1.9.1;
/// `temperature` is of 1.8 and later. Scores in float32 are converted where a sigmoid makes float64 numbers of them.
struct CalibratedConverter: Converter {
    static let classNames = ["sklearn.calibration.CalibratedClassifierCV"]

    static let partNames: [String: PickleUse] = {
        var names = Estimator.labelParts.merging(SearchParts.names) { $0.union($1) }
        names["sklearn.calibration._CalibratedClassifier"] = [.new, .build]
        names["sklearn.calibration._SigmoidCalibration"] = [.new, .build]
        names["sklearn.calibration._TemperatureScaling"] = [.new, .build]
        return names
    }()

    private enum Curve {
        case sigmoid(slope: Double, intercept: Double)
        case isotonic(IsotonicRegressionConverter)
    }

    private struct Part {
        var classifier: any Converter
        var method: PredictMethod
        /// One per score; empty with a temperature.
        var curves: [Curve]
        var temperature: Double?
    }

    let estimator: Estimator
    private let classes: LabelTable
    private let parts: [Part]

    init(_ estimator: Estimator) throws {
        self.estimator = estimator
        let classes = try estimator.classLabels()
        guard classes.count >= 2 else { throw estimator.refuse("it knows only one class", parameter: "classes_") }
        self.classes = classes
        var parts: [Part] = []
        var collector = RefusalCollector()
        for (index, value) in try estimator.list("calibrated_classifiers_").enumerated() {
            let part = try collector.attempt {
                try CalibratedConverter.part(value, at: "calibrated_classifiers_[\(index)]", estimator, classes)
            }
            if let part { parts.append(part) }
        }
        try collector.finish()
        guard !parts.isEmpty else { throw estimator.refuse("it has no classifiers") }
        self.parts = parts
    }

    /// Reads a `_CalibratedClassifier`, which is no estimator: it does not say its version.
    private static func part(
        _ value: PickleValue, at path: String, _ estimator: Estimator, _ classes: LabelTable
    ) throws -> Part {
        let graph = estimator.graph
        guard graph.className(of: value) == "sklearn.calibration._CalibratedClassifier",
            let state = graph.object(value)?.state,
            let inner = graph.value(
                forKey: estimator.has(.calibratedEstimatorName) ? "estimator" : "base_estimator", in: state),
            let method = graph.value(forKey: "method", in: state).flatMap({ graph.text($0) }),
            let curves = graph.value(forKey: "calibrators", in: state).flatMap({ graph.elements($0) })
        else { throw estimator.unexpected("calibrated_classifiers_", "a list of calibrated classifiers") }
        let classifier = try ConverterCatalog.converter(for: try estimator.part(inner, at: "\(path).estimator"))
        let labels = try classifier.labels()
        // With a temperature, labels that are texts are numbered before the fit, and columns are taken as they come.
        let isNumbered = method == "temperature" && labels.positions(below: classes.count) == Array(classes.positions)
        guard labels == classes || isNumbered else {
            throw classifier.estimator.refuse("it knows other classes than the whole", parameter: "classes_")
        }
        guard let source = [PredictMethod.decisionFunction, .predictProba].first(where: { classifier.has($0) }) else {
            throw classifier.estimator.refuse("it has neither `decision_function` nor `predict_proba`")
        }
        let makesDoubles = method == "sigmoid" && areDoubles(curves, estimator.graph)
        if !makesDoubles { try classifier.requireDoubles(source) }
        var part = Part(classifier: classifier, method: source, curves: [], temperature: nil)
        if method == "temperature" {
            part.temperature = try temperature(curves, estimator, classifier, source, classes)
            return part
        }
        part.curves = try curves.enumerated().map { index, curve in
            try self.curve(try estimator.part(curve, at: "\(path).calibrators[\(index)]"))
        }
        guard part.curves.count == (classes.count == 2 ? 1 : classes.count) else {
            throw estimator.refuse("it has not one curve for each class", parameter: "calibrated_classifiers_")
        }
        return part
    }

    /// Whether all curves' numbers are float64 scalars of NumPy 2 or later, whose products with float32 numbers are float64.
    private static func areDoubles(_ curves: [PickleValue], _ graph: PickleGraph) -> Bool {
        curves.allSatisfy { curve in
            guard let state = graph.object(curve)?.state else { return false }
            return ["a_", "b_"].allSatisfy { name in
                guard let value = graph.value(forKey: name, in: state), let scalar = graph.object(value),
                    graph.global(scalar.callable)?.qualifiedName == "numpy._core.multiarray.scalar",
                    let type = (try? NumpyArray.read(value, in: graph))?.type
                else { return false }
                return type.kind == .float && type.itemSize == 8
            }
        }
    }

    private static func curve(_ calibrator: Estimator) throws -> Curve {
        if calibrator.shortName == "IsotonicRegression" {
            return .isotonic(try IsotonicRegressionConverter(calibrator))
        }
        guard calibrator.shortName == "_SigmoidCalibration", let slope = try calibrator.number("a_"),
            let intercept = try calibrator.number("b_")
        else { throw calibrator.refuse("its curve is not converted") }
        return .sigmoid(slope: slope, intercept: intercept)
    }

    private static func temperature(
        _ curves: [PickleValue], _ estimator: Estimator, _ classifier: any Converter, _ method: PredictMethod,
        _ classes: LabelTable
    ) throws -> Double {
        guard method == .predictProba || classes.count == 2 else {
            throw classifier.estimator.refuse(
                "how its scores become logarithms depends on all rows of a request", parameter: "method",
                value: "temperature")
        }
        guard curves.count == 1,
            let beta = try estimator.part(curves[0], at: "calibrators[0]").number("beta_")
        else { throw estimator.refuse("it has not one temperature", parameter: "calibrated_classifiers_") }
        return beta
    }

    func usedColumns(names: [String]?, count: Int) throws -> Set<Int> {
        try parts.map(\.classifier).usedColumns(names: names, count: count)
    }

    func has(_ method: PredictMethod) -> Bool { method == .predict || method == .predictProba }

    func answer(_ method: PredictMethod, _ table: Table, into program: inout Program) throws -> Answer {
        let rows = try parts.map { try probabilities($0, table, into: &program) }
        let means = try program.quotients(try program.sums(rows), by: Double(parts.count))
        return method == .predictProba ? .rows(means) : .labels(try program.builder.argmax(means), classes)
    }

    private func probabilities(_ part: Part, _ table: Table, into program: inout Program) throws -> [Slot] {
        var scores = try part.classifier.numbers(part.method, table, into: &program)
        let isPair = classes.count == 2
        guard scores.count == (isPair && part.method == .decisionFunction ? 1 : classes.count) else {
            throw part.classifier.estimator.refuse("it has not one score for each class")
        }
        if let temperature = part.temperature {
            return try tempered(scores, part.method, temperature, into: &program)
        }
        if isPair, part.method == .predictProba { scores.removeFirst() }
        let values = try zip(scores, part.curves).map { try value($0, $1, into: &program) }
        let all: [Slot] =
            isPair
            ? try program.builder.link(.complement, values, width: .float64)
            : try program.builder.link(.normalizeOrUniform, values, width: .float64)
        // What exceeds 1 does so by rounding.
        return try program.builder.scale(
            all, steps: [.atMost(Array(repeating: 1, count: all.count))], width: .float64)
    }

    private func value(_ score: Slot, _ curve: Curve, into program: inout Program) throws -> Slot {
        switch curve {
        case .isotonic(let regression): return try regression.values(of: [score], into: &program)[0]
        case .sigmoid(let slope, let intercept):
            let exponent = try program.builder.scale(
                [score], steps: [.multiply([slope]), .add([intercept]), .multiply([-1])], width: .float64)
            return try program.builder.link(.sigmoid, exponent, width: .float64)[0]
        }
    }

    private func tempered(
        _ scores: [Slot], _ method: PredictMethod, _ temperature: Double, into program: inout Program
    ) throws -> [Slot] {
        var scores = scores
        if method == .predictProba {
            // Of two classes scikit-learn takes the second one's probability and makes the first one's anew.
            if scores.count == 2 { scores = try program.builder.link(.complement, [scores[1]], width: .float64) }
            let moved = try program.builder.scale(
                scores, steps: [.add(Array(repeating: 1e-12, count: scores.count))], width: .float64)
            scores = try program.builder.function(.log, moved, width: .float64)
        } else {
            scores = try program.builder.scale([scores[0], scores[0]], steps: [.multiply([-1, 1])], width: .float64)
        }
        let scaled = try program.builder.scale(
            scores, steps: [.multiply(Array(repeating: temperature, count: scores.count))], width: .float64)
        return try program.builder.link(.softmax, scaled, width: .float64)
    }
}
