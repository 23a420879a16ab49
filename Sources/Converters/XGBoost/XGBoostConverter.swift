import Boosters
import Bytes
import Pickle
import Scoring

/// `XGBClassifier`, `XGBRegressor`, `XGBRanker` and the random forests of `xgboost.sklearn`, alone or as a step.
///
/// The booster is a snapshot in UBJSON inside of the pickle. Rules from `xgboost/sklearn.py` and `xgboost/core.py`, 1.7.6 to 3.2.0.
struct XGBoostConverter: Converter {
    static let classNames = XGBoostWrapper.classNames
    static let partNames: [String: PickleUse] = [
        "xgboost.core.Booster": [.new, .build, .value],
        // The curve of early stopping, and what stopped it.
        "collections.OrderedDict": [.call, .fill, .value], "xgboost.callback.EarlyStopping": [.new, .build, .value],
    ]

    let estimator: Estimator
    var library: String? { "XGBoost \(wrapper.scores.model.version.text)" }
    private let wrapper: XGBoostWrapper

    init(_ estimator: Estimator) throws {
        self.estimator = estimator
        let booster = try XGBoostConverter.booster(estimator)
        let model = booster.model
        try XGBoostConverter.requireKnown(model, estimator)
        let name = try estimator.isNone("booster") ? "gbtree" : estimator.text("booster")
        guard (name == "gblinear") == model.isLinear else {
            throw estimator.refuse("its booster is another one", parameter: "booster", value: name)
        }
        if let objective = estimator["objective"], objective != .null {
            // A function of the user's: its predictions would be transformed by nobody.
            guard let text = estimator.graph.text(objective) else {
                throw estimator.refuse("its objective is a function", parameter: "objective")
            }
            guard text == model.objective else {
                throw estimator.refuse(
                    "its booster was trained with `\(model.objective)`", parameter: "objective", value: text)
            }
        }
        guard estimator["_le"] == nil else { throw estimator.refuse("it has a label encoder of XGBoost before 1.6") }
        guard case .number(let missing) = PickledScalar(try estimator.required("missing"), estimator.graph),
            !missing.isInfinite
        else { throw estimator.unexpected("missing", "NaN or a finite number") }
        guard let objective = XGBoostObjective(model.objective, version: model.version) else {
            throw estimator.refuse(
                XGBoostObjective.refusal(model.objective), parameter: "objective", value: model.objective)
        }
        let scores = XGBoostScores(
            model: model, objective: objective, path: try XGBoostConverter.path(estimator, model), missing: missing,
            iterations: model.isLinear ? nil : booster.bestIteration.map { $0 + 1 },
            refuse: { estimator.refuse($0, help: $1) })
        let isClassifier = estimator.shortName.hasSuffix("Classifier")
        wrapper = XGBoostWrapper(
            kind: isClassifier ? .classifier(classCount: try estimator.int("n_classes_")) : .regressor, scores: scores)
    }

    private static func requireKnown(_ model: XGBoostModel, _ estimator: Estimator) throws {
        guard XGBoostWrapper.knownVersions.contains(model.version) else {
            throw estimator.refuse(
                "it was saved by XGBoost \(model.version.text), and the rules of 1.7 to 3.2 are known",
                help: "train the model with XGBoost 1.7 to 3.2")
        }
    }

    /// Up to 1.7 a named predictor keeps rows from being handed over in place.
    private static func path(_ estimator: Estimator, _ model: XGBoostModel) throws -> XGBoostScores.Path {
        if model.isLinear { return .matrix }
        guard model.version < .init(2, 0), !estimator.isNone("predictor") else { return .inPlace }
        switch try estimator.text("predictor") {
        case "auto": return .inPlace
        case "cpu_predictor": return .matrix
        case let name:
            throw estimator.refuse("it predicts on another processor", parameter: "predictor", value: name)
        }
    }

    private struct PickledBooster {
        var model: XGBoostModel
        var bestIteration: Int?
    }

    private static func booster(_ estimator: Estimator) throws -> PickledBooster {
        let graph = estimator.graph
        let value = try estimator.required("_Booster")
        guard graph.className(of: value) == "xgboost.core.Booster", let object = graph.object(value),
            object.creation == .new, let state = object.state, let handle = graph.value(forKey: "handle", in: state),
            let (region, range) = bytes(handle, graph)
        else { throw estimator.unexpected("_Booster", "a booster as XGBoost pickles it") }
        try estimator.budget.take(2 * range.count)
        let model: XGBoostModel
        do {
            model = try XGBoostModel.read(region, range: range)
        } catch {
            throw estimator.refuse("its booster cannot be read: \(error.reason)", parameter: "_Booster")
        }
        // Up to 1.7 the Python object holds the number, from 2.0 on the booster's attribute is asked.
        guard model.version < .init(2, 0) else {
            return PickledBooster(model: model, bestIteration: try bestIteration(model) { estimator.refuse($0) })
        }
        guard let best = graph.value(forKey: "best_iteration", in: state) else {
            return PickledBooster(model: model, bestIteration: nil)
        }
        guard case .number(let number) = PickledScalar(best, graph), let iteration = Int(exactly: number),
            iteration >= 0
        else { throw estimator.unexpected("_Booster", "a booster whose best iteration is a number") }
        return PickledBooster(model: model, bestIteration: iteration)
    }

    /// The bytes of a `bytearray`.
    private static func bytes(_ value: PickleValue, _ graph: PickleGraph) -> (region: ByteRegion, range: Range<Int>)? {
        if case .bytes = value { return graph.byteRange(value) }
        guard graph.className(of: value) == "builtins.bytearray", let object = graph.object(value),
            object.creation == .call, object.state == nil, let arguments = graph.elements(object.arguments)
        else { return nil }
        if arguments.count == 1, case .bytes = arguments[0] { return graph.byteRange(arguments[0]) }
        // Protocols below 3 write bytes as text in Latin-1.
        guard arguments.count == 2, let text = graph.text(arguments[0]), graph.text(arguments[1]) == "latin-1" else {
            return nil
        }
        var result: [UInt8] = []
        result.reserveCapacity(text.utf8.count)
        for scalar in text.unicodeScalars {
            guard let byte = UInt8(exactly: scalar.value) else { return nil }
            result.append(byte)
        }
        return (ByteRegion(result), 0..<result.count)
    }

    /// The booster's attribute `best_iteration`.
    static func bestIteration(_ model: XGBoostModel, refuse: (String) -> Refused) throws -> Int? {
        guard let text = model.attributes["best_iteration"] else { return nil }
        guard let iteration = Int(text), iteration >= 0 else { throw refuse("its best iteration is not a number") }
        return iteration
    }

    func has(_ method: PredictMethod) -> Bool { wrapper.has(method) }

    /// XGBoost numbers its classes, whether it stores them (1.7) or not.
    func labels() throws -> LabelTable { .integers((0..<(try estimator.int("n_classes_"))).map { Int64($0) }) }

    func answer(_ method: PredictMethod, _ table: Table, into program: inout Program) throws -> Answer {
        try wrapper.answer(method, table, into: &program)
    }
}

extension XGBoostModel.Version {
    /// `3.2`
    var text: String { "\(major).\(minor)" }
}

extension XGBoostModel {
    /// The booster is `gblinear`.
    var isLinear: Bool { if case .linear = booster { true } else { false } }
}
