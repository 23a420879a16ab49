import Boosters
import Bytes
import Diagnostics
import JSONText
import MLmodelFormat
import Scoring

/// A model of the flavor `xgboost`: a booster in a file of its own, and the name of the class that serves it.
///
/// `mlflow/xgboost/__init__.py` makes an empty object of `model_class` and calls its `load_model`: what the file does not hold is
/// as in a new object. Up to 1.7 the parameters of `xgboost.sklearn` are in the file (attribute `scikit_learn`), from 2.0 on they
/// are not, and `missing` is NaN whatever it was in training. Source: MLflow 2.9.2 to 3.17.2, XGBoost 1.7.6 to 3.2.0.
enum XGBoostFlavor {
    static let loader = "mlflow.xgboost"
    private static let boosterClass = "xgboost.core.Booster"

    static func wrapper(_ source: ConversionSource) throws -> (XGBoostWrapper, library: String) {
        let name = source.artefactName
        @Sendable func refuse(_ reason: String, help: String? = nil) -> Refused {
            Refused([Refusal(path: name, reason: reason, help: help)])
        }
        // Models of MLflow before 1.22 do not say it.
        let className = source.mlmodel.flavor("xgboost")?["model_class"] ?? boosterClass
        guard className == boosterClass || XGBoostWrapper.classNames.contains(className) else {
            throw refuse("it is a `\(escaped(className))`, which is not one of the classes that are converted")
        }
        let model: XGBoostModel
        do {
            model = try XGBoostModel.read(source.artefact)
        } catch {
            var refusal = Refusal(
                path: name, reason: error.reason, place: Place(file: name, byteOffset: error.offset))
            refusal.isDamage = error.kind == .truncated
            throw Refused([refusal])
        }
        let version = model.version.text
        guard XGBoostWrapper.knownVersions.contains(model.version) else {
            throw refuse(
                "it was saved by XGBoost \(version), and the rules of 1.7 to 3.2 are known",
                help: "save the model with XGBoost 1.7 to 3.2")
        }
        if let served = source.mlmodel.flavor("xgboost")?["xgb_version"], !served.hasPrefix(version + ".") {
            throw refuse("it was saved by XGBoost \(version), and `MLmodel` says \(escaped(served))")
        }
        guard let objective = XGBoostObjective(model.objective, version: model.version) else {
            throw Refused([
                Refusal(
                    path: "\(name)(objective=\(escaped(model.objective)))",
                    reason: XGBoostObjective.refusal(model.objective))
            ])
        }
        func scores(_ path: XGBoostScores.Path, missing: Double, iterations: Int?) -> XGBoostScores {
            XGBoostScores(
                model: model, objective: objective, path: path, missing: missing, iterations: iterations,
                refuse: { refuse($0, help: $1) })
        }
        let library = "XGBoost \(version)"
        guard className != boosterClass else {
            // All trees, also after early stopping.
            return (XGBoostWrapper(kind: .booster, scores: scores(.matrix, missing: .nan, iterations: nil)), library)
        }
        let state = try LoadedState(model, className: className) { refuse($0) }
        let best = model.isLinear ? nil : try XGBoostConverter.bestIteration(model) { refuse($0) }
        let kind: XGBoostWrapper.Kind =
            className.hasSuffix("Classifier") ? .classifier(classCount: state.classCount) : .regressor
        return (
            XGBoostWrapper(
                kind: kind, scores: scores(state.path, missing: state.missing, iterations: best.map { $0 + 1 })),
            library
        )
    }
}

/// What `load_model` of `xgboost.sklearn` sets.
private struct LoadedState {
    var path: XGBoostScores.Path
    var missing = Double.nan
    var classCount = 2

    init(_ model: XGBoostModel, className: String, refuse: (String) -> Refused) throws {
        path = model.isLinear ? .matrix : .inPlace
        classCount = max(2, model.classCount)
        guard model.version < .init(2, 0) else { return }
        guard let text = model.attributes["scikit_learn"], let values = PythonObjectText.parse(text) else {
            throw refuse("it does not hold the parameters that XGBoost 1.7 saves with a `\(className)`")
        }
        // A function as objective is left out, and the class's own stays.
        guard values["objective"]?.stringValue == model.objective, values["_le"] == nil else {
            throw refuse("it was trained with an objective of its own, or has a label encoder")
        }
        guard (values["booster"]?.stringValue == "gblinear") == model.isLinear else {
            throw refuse("its parameters name another booster")
        }
        if className.hasSuffix("Classifier") {
            guard let count = values["n_classes_"]?.intValue else { throw refuse("it does not say its `n_classes_`") }
            classCount = count
        }
        switch values["missing"] {
        case .null?: break  // NaN
        case .number(let number)? where number.double != nil: missing = number.double ?? .nan
        default: throw refuse("its `missing` is not NaN or a finite number")
        }
        switch values["predictor"]?.stringValue {
        case nil, "auto": break
        case "cpu_predictor": path = .matrix
        case let name?: throw refuse("it predicts on another processor: `predictor` is `\(escaped(name))`")
        }
    }
}

/// A JSON object as Python writes it: the word `NaN` is read as null, and `Infinity` as a text.
enum PythonObjectText {
    private static let words = [
        (word: "NaN", text: "null"), (word: "-Infinity", text: "\"-Infinity\""),
        (word: "Infinity", text: "\"Infinity\""),
    ]

    static func parse(_ text: String) -> JSONObject? {
        var bytes: [UInt8] = []
        var isInString = false
        var isEscaped = false
        var source = Array(text.utf8)[...]
        while let byte = source.first {
            if !isInString, let (word, text) = words.first(where: { source.starts(with: $0.word.utf8) }) {
                bytes += text.utf8
                source = source.dropFirst(word.utf8.count)
                continue
            }
            if isInString {
                if isEscaped {
                    isEscaped = false
                } else if byte == UInt8(ascii: "\\") {
                    isEscaped = true
                } else if byte == UInt8(ascii: "\"") {
                    isInString = false
                }
            } else if byte == UInt8(ascii: "\"") {
                isInString = true
            }
            bytes.append(byte)
            source = source.dropFirst()
        }
        return (try? JSONText.parse(ByteRegion(bytes)))?.objectValue
    }
}
