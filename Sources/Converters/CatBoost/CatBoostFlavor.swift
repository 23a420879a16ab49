import Boosters
import Bytes
import Diagnostics
import JSONText
import MLmodelFormat
import Scoring

/// A model of the flavor `catboost`, in CatBoost's binary format; MLflow serves what the `predict` of its class gives.
///
/// Only numeric features: trees on categories compare counts of the training table. Raw scores are sums in float64 in the order of
/// the trees, of rows in float32. Source: `mlflow/catboost/__init__.py` of MLflow 2.9.2 to 3.17.2; `catboost/core.py` and
/// `catboost/libs/model/cpu/evaluator_impl.cpp` of CatBoost 1.2 to 1.2.10.
enum CatBoostFlavor {
    static let loader = "mlflow.catboost"
    private static let knownVersions = "1.2."

    static func convert(_ source: ConversionSource) throws -> ConversionOutcome {
        let name = source.artefactName
        @Sendable func refuse(_ reason: String, _ help: String? = nil) -> Refused {
            Refused([Refusal(path: name, reason: reason, help: help)])
        }
        let flavor = source.mlmodel.flavor("catboost")
        guard (flavor?["save_format"] ?? "cbm") == "cbm" else {
            throw refuse("it is saved as `\(escaped(flavor?["save_format"] ?? ""))`", "log it with `format=\"cbm\"`")
        }
        guard let version = flavor?["catboost_version"], version == "1.2" || version.hasPrefix(knownVersions) else {
            throw refuse(
                "it is served by CatBoost \(escaped(flavor?["catboost_version"] ?? "of no version")), and the rules of 1.2 "
                    + "are known")
        }
        let model: CatBoostModel
        do {
            model = try CatBoostReader.read(source.artefact)
        } catch {
            var refusal = Refusal(
                path: name, reason: error.reason, place: Place(file: name, byteOffset: error.offset))
            if error.kind == .unsupported {
                refusal.help = "log an XGBoost or LightGBM model, or serve it with its Python environment"
            }
            refusal.isDamage = error.kind == .truncated
            throw Refused([refusal])
        }
        let scores = CatBoostScores(model: model, refuse: refuse)
        let kind = try CatBoostAnswer(model, className: flavor?["model_type"] ?? "CatBoost", refuse: refuse)
        let mapping = try InputMapping(source)
        let (schema, table) = mapping.schema(used: Set(0..<mapping.count), nullPolicy: source.nullPolicy)
        var program = Program(builder: try ModelBuilder(inputs: schema, fileByteCount: source.artefact.count))
        let answer = try kind.answer(try scores.rawScores(table, into: &program), into: &program)
        let compiled = try program.builder.finish(
            answer: answer,
            source: SourceArtefact(sha256: source.digest, name: name, library: "CatBoost \(escaped(version))"))
        try source.nullPolicy.check(compiled, pandas: source.pandasVersion, file: source.mlmodel.file)
        return .converted(compiled, notes: program.notes)
    }
}

/// What a class of CatBoost makes of raw scores: `_get_default_prediction_type` and `_convert_to_visible_labels` of `core.py`.
private enum CatBoostAnswer {
    case raw
    case exponential
    case labels(LabelTable)

    init(_ model: CatBoostModel, className: String, refuse: (String, String?) -> Refused) throws {
        let parameters = model.information["params"].flatMap { try? JSONText.parse(Array($0.utf8)) }
        let loss = parameters?["loss_function"]?["type"]?.stringValue
        switch (className, loss) {
        case ("CatBoost", _), ("CatBoostRanker", _): self = .raw
        case ("CatBoostRegressor", "Poisson"?), ("CatBoostRegressor", "Tweedie"?): self = .exponential
        case ("CatBoostRegressor", let loss?) where Self.rawLosses.contains(loss): self = .raw
        case ("CatBoostClassifier", "Logloss"?) where model.outputCount == 1,
            ("CatBoostClassifier", "CrossEntropy"?) where model.outputCount == 1,
            ("CatBoostClassifier", "MultiClass"?) where model.outputCount > 1,
            ("CatBoostClassifier", "MultiClassOneVsAll"?) where model.outputCount > 1:
            guard model.information["binclass_probability_threshold"] == nil else {
                throw refuse("it has a probability threshold of its own", nil)
            }
            self = .labels(try Self.labels(model, refuse))
        default:
            throw refuse(
                "it is a `\(escaped(className))` trained for \(loss.map { "`\(escaped($0))`" } ?? "no known loss"), "
                    + "whose answers are not converted", nil)
        }
    }

    private static let rawLosses: Set<String> = [
        "RMSE", "MAE", "Quantile", "MAPE", "Lq", "Huber", "Expectile", "LogCosh", "MultiRMSE", "MultiQuantile",
        "LogLinQuantile",
    ]

    private static func labels(_ model: CatBoostModel, _ refuse: (String, String?) -> Refused) throws -> LabelTable {
        let classes = model.information["class_params"].flatMap { try? JSONText.parse(Array($0.utf8)) }
        let count = max(2, model.outputCount)
        var names = classes?["class_names"]?.arrayValue ?? []
        if names.isEmpty { names = classes?["class_to_label"]?.arrayValue ?? [] }
        let table: LabelTable? =
            switch classes?["class_label_type"]?.stringValue {
            case "Integer"?: whole(names.map { $0.intValue.map { Int64($0) } }).map(LabelTable.integers)
            case "Float"?: whole(names.map(\.doubleValue)).map(LabelTable.doubles)
            case "String"?: whole(names.map(\.stringValue)).map(LabelTable.strings)
            case "Boolean"?: whole(names.map(\.boolValue)).map(LabelTable.booleans)
            default: nil
            }
        guard let table, table.count == count else {
            throw refuse("its labels are not \(count) integers, floats, texts or truth values", nil)
        }
        return table
    }

    private static func whole<Value>(_ values: [Value?]) -> [Value]? {
        let found = values.compactMap { $0 }
        return found.count == values.count ? found : nil
    }

    func answer(_ scores: [Slot], into program: inout Program) throws -> Answer {
        switch self {
        case .raw: return scores.count == 1 ? .numbers(scores[0]) : .rows(scores)
        case .exponential:
            let slots = try program.builder.link(.exponential, scores, width: .float64)
            return slots.count == 1 ? .numbers(slots[0]) : .rows(slots)
        case .labels(let table):
            guard scores.count > 1 else { return .labels(try program.builder.threshold(scores[0], above: 0), table) }
            // [rows, 1]
            return Answer(slots: [try program.builder.argmax(scores)], layout: .rows, labels: [table])
        }
    }
}
