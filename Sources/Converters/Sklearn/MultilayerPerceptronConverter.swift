import Pickle
import Scoring

/// `MLPClassifier` and `MLPRegressor`: dot products and activations, layer after layer.
///
/// Rules from `sklearn/neural_network/_multilayer_perceptron.py` and `_base.py`, 1.1.3 to 1.9.1: a table is not converted to
/// floats first, so that float32 columns meet float64 coefficients as float64. `loss="poisson"` of a regressor (1.7) answers
/// exponentials. Sums differ from scikit-learn's in the last bits, because BLAS adds in an order that depends on the processor.
struct MultilayerPerceptronConverter: Converter {
    static let classNames = ["MLPClassifier", "MLPRegressor"].map {
        "sklearn.neural_network._multilayer_perceptron.\($0)"
    }

    static let partNames: [String: PickleUse] = [
        "sklearn.neural_network._stochastic_optimizers.AdamOptimizer": [.new, .build],
        "sklearn.neural_network._stochastic_optimizers.SGDOptimizer": [.new, .build],
        "sklearn.preprocessing._label.LabelBinarizer": [.new, .build],
    ]

    let estimator: Estimator

    private struct Layer {
        // [outputs x inputs], row-major.
        var weights: [Double]
        var intercepts: [Double]
        var inputCount: Int
    }

    private let layers: [Layer]
    private let isSingle: Bool
    private let hidden: LinkFunction?
    private let output: LinkFunction?
    /// Of a classifier.
    private let labels: LabelTable?

    init(_ estimator: Estimator) throws {
        self.estimator = estimator
        hidden = try MultilayerPerceptronConverter.function("activation", estimator)
        output = try MultilayerPerceptronConverter.function("out_activation_", estimator)
        let coefficients = try estimator.list("coefs_")
        let intercepts = try estimator.list("intercepts_")
        guard !coefficients.isEmpty, coefficients.count == intercepts.count else {
            throw estimator.refuse("it has not one list of intercepts per layer", parameter: "intercepts_")
        }
        var layers: [Layer] = []
        var isSingle = false
        for (weights, intercepts) in zip(coefficients, intercepts) {
            let array = try estimator.readArray(weights, "coefs_")
            let shifts = try estimator.readArray(intercepts, "intercepts_")
            guard array.shape.count == 2, let numbers = array.numbers, let shiftNumbers = shifts.numbers,
                shiftNumbers.count == array.shape[1], layers.last.map({ $0.intercepts.count == array.shape[0] }) ?? true
            else { throw estimator.unexpected("coefs_", "a list of tables that follow each other") }
            guard (numbers + shiftNumbers).allSatisfy(\.isFinite) else {
                throw estimator.refuse("its coefficients are not all finite", parameter: "coefs_")
            }
            if [array, shifts].contains(where: { $0.type.kind == .float && $0.type.itemSize < 8 }) { isSingle = true }
            let (rows, columns) = (array.shape[0], array.shape[1])
            let turned = (0..<columns).flatMap { column in (0..<rows).map { numbers[$0 * columns + column] } }
            layers.append(Layer(weights: turned, intercepts: shiftNumbers, inputCount: rows))
        }
        self.layers = layers
        self.isSingle = isSingle
        labels = estimator.shortName == "MLPClassifier" ? try MultilayerPerceptronConverter.labels(estimator) : nil
        try checkOutputs()
    }

    private static func labels(_ estimator: Estimator) throws -> LabelTable {
        let binarizer = try estimator.part(try estimator.required("_label_binarizer"), at: "_label_binarizer")
        let kind = try binarizer.text("y_type_")
        guard kind == "binary" || kind == "multiclass" else {
            throw estimator.refuse("it answers several labels per row (`\(kind)`), which is not converted")
        }
        guard try !binarizer.bool("sparse_input_"), try binarizer.int("neg_label") == 0,
            try binarizer.int("pos_label") == 1
        else { throw estimator.unexpected("_label_binarizer", "one that it makes itself") }
        let labels = try ClassLabels.read(try binarizer.required("classes_"), of: estimator)
        guard labels.count >= 2, (labels.count == 2) == (kind == "binary") else {
            throw estimator.refuse("it knows \(labels.count) classes and is \(kind)", parameter: "classes_")
        }
        return labels
    }

    private func checkOutputs() throws {
        let count = layers.last?.intercepts.count ?? 0
        let isRight =
            switch (labels?.count, output) {
            case (nil, nil), (nil, .exponential): count >= 1
            case (2, .sigmoid): count == 1
            case (let classes?, .softmax): classes > 2 && count == classes
            default: false
            }
        guard isRight else {
            throw estimator.refuse("its last layer does not fit what it answers", parameter: "out_activation_")
        }
    }

    private static func function(_ name: String, _ estimator: Estimator) throws -> LinkFunction? {
        switch try estimator.text(name) {
        case "identity": return nil
        case "logistic": return .sigmoid
        case "tanh": return .tanh
        case "relu": return .rectifier
        case "softmax": return .softmax
        case "exp" where estimator.has(.networksAnswerByExp): return .exponential
        case let other: throw estimator.refuse("its activation is not known", parameter: name, value: other)
        }
    }

    func has(_ method: PredictMethod) -> Bool {
        method == .predict || (method == .predictProba && labels != nil)
    }

    func answer(_ method: PredictMethod, _ table: Table, into program: inout Program) throws -> Answer {
        let values = try values(table, into: &program)
        guard let labels else { return values.count == 1 ? .numbers(values[0]) : .rows(values) }
        if method == .predictProba {
            return .rows(values.count == 1 ? try program.builder.link(.complement, values, width: .float64) : values)
        }
        if values.count == 1 { return .labels(try program.builder.threshold(values[0], above: 0.5), labels) }
        return .labels(try program.builder.argmax(values), labels)
    }

    private func values(_ table: Table, into program: inout Program) throws -> [Slot] {
        try estimator.requireFittedColumns(table)
        try table.requireWidth(layers[0].inputCount, for: estimator)
        try table.requireNumbers(for: estimator)
        if isSingle {
            throw estimator.refuse(
                "it would sum float32 numbers in an order that depends on the processor", parameter: "coefs_",
                help: "fit the model on float64 columns")
        }
        try program.requireFinite(table, width: .float64, allowsMissing: false)
        program.note(
            "\(estimator.shortName) sums in column order; scikit-learn's BLAS may differ from it in the last bits")
        var slots = table.slots
        for (index, layer) in layers.enumerated() {
            slots = try program.builder.linear(
                slots, weights: layer.weights, intercepts: layer.intercepts, width: .float64)
            guard let function = index < layers.count - 1 ? hidden : output else { continue }
            slots = try program.builder.link(function, slots, width: .float64)
        }
        return slots
    }
}
