import Bytes
import Diagnostics
import MLmodelFormat
import Pickle
import Scoring

/// Converts a registered model to a compiled one, from its bytes alone: nothing is imported or executed.
///
/// Supported: the flavor `sklearn`, serialised by skops, by pickle or cloudpickle in any protocol, or by joblib, whatever
/// `MLmodel` says of that, fitted by scikit-learn 1.1 to 1.9, with the estimators of `ConverterCatalog`; the flavors of XGBoost,
/// LightGBM and CatBoost. A missing cell counts as missing as it did in training (NaN), in columns of texts too unless `NullPolicy`
/// says otherwise. Whatever cannot be reproduced exactly is refused with all reasons. What a file may take is limited by its size:
/// `ConversionBudget`.
public enum ModelConverter {
    /// Converts `source`, wholly or not at all.
    public static func convert(_ source: ConversionSource) -> ConversionOutcome {
        do {
            switch try ModelFlavor(source.mlmodel) {
            case .sklearn: return try convertEstimator(source, flavor: "sklearn", usual: "pickle")
            case .lightgbm where LightGBMFlavor.isBooster(source.mlmodel): return try LightGBMFlavor.convert(source)
            case .lightgbm: return try convertEstimator(source, flavor: "lightgbm", usual: "cloudpickle")
            case .xgboost: return try convertXGBoost(source)
            case .catboost: return try CatBoostFlavor.convert(source)
            }
        } catch let error as Refused {
            return .refused(error.refusals)
        } catch let error as ConversionBudget.Exceeded {
            return .refused([Refusal(path: source.artefactName, reason: error.reason)])
        } catch let error as PickleError {
            var refusal = Refusal(
                path: source.artefactName, reason: reason(error), place: error.place)
            refusal.isDamage = error.kind == .truncated
            refusal.isAboutBytes = true
            return .refused([refusal])
        } catch let error as ScoringError {
            return .refused([Refusal(path: source.artefactName, reason: error.reason)])
        } catch {
            return .refused([Refusal(path: source.artefactName, reason: Diagnostic.wrapping(error).summary)])
        }
    }

    /// - Parameter usual: the format of a model whose flavor states none.
    private static func convertEstimator(
        _ source: ConversionSource, flavor: String, usual: String
    ) throws -> ConversionOutcome {
        let artefact = try ModelArtefact(source.artefact, name: source.artefactName)
        let stated = source.mlmodel.flavor(flavor)?["serialization_format"] ?? usual
        let note = artefact.note(stated: stated, name: source.artefactName, mlmodel: source.mlmodel.file)
        return try convert(artefact.graph, source).adding(note)
    }

    private static func convert(_ graph: PickleGraph, _ source: ConversionSource) throws -> ConversionOutcome {
        var survey = NameSurvey(graph)
        let root: Estimator
        do {
            root = try Estimator(graph.root, path: "", graph: graph)
        } catch let error as Refused {
            // Beside names that no model holds it is no news that this is no model.
            if survey.refusals.isEmpty { survey.add(error.refusals) }
            return .refused(survey.refusals)
        }
        do {
            let converter = try ConverterCatalog.converter(for: root)
            if survey.refusals.isEmpty { return try build(converter, source) }
        } catch let error as Refused {
            survey.add(error.refusals)
        }
        return .refused(survey.refusals)
    }

    private static func convertXGBoost(_ source: ConversionSource) throws -> ConversionOutcome {
        let (wrapper, library) = try XGBoostFlavor.wrapper(source)
        let mapping = try InputMapping(source)
        let (schema, table) = mapping.schema(used: Set(0..<mapping.count), nullPolicy: source.nullPolicy)
        var program = Program(builder: try ModelBuilder(inputs: schema, fileByteCount: source.artefact.count))
        let answer = try wrapper.answer(.predict, table, into: &program)
        let model = try program.builder.finish(
            answer: answer,
            source: SourceArtefact(sha256: source.digest, name: source.artefactName, library: library))
        try source.nullPolicy.check(model, pandas: source.pandasVersion, file: source.mlmodel.file)
        return .converted(model, notes: program.notes)
    }

    private static func build(_ converter: any Converter, _ source: ConversionSource) throws -> ConversionOutcome {
        let estimator = converter.estimator
        guard let method = PredictMethod(rawValue: source.mlmodel.predictFunction) else {
            throw Refused([
                Refusal(
                    path: source.mlmodel.file,
                    reason: "it is served by `\(escaped(source.mlmodel.predictFunction))`, which is not converted",
                    help: "log it with `pyfunc_predict_fn=\"predict\"` or `\"predict_proba\"`")
            ])
        }
        let mapping = try InputMapping(source)
        let used = try converter.usedColumns(names: mapping.names, count: mapping.count)
        let (schema, table) = mapping.schema(used: used, nullPolicy: source.nullPolicy)
        var program = Program(
            builder: try ModelBuilder(inputs: schema, fileByteCount: estimator.graph.byteCount))
        let answer = try converter.answer(to: method, table, into: &program)
        let model = try program.builder.finish(
            answer: answer,
            source: SourceArtefact(
                sha256: source.digest, name: source.artefactName,
                library: converter.library ?? library(estimator, source)))
        try source.nullPolicy.check(model, pandas: source.pandasVersion, file: source.mlmodel.file)
        let isSklearn = converter.library == nil && estimator.className.hasPrefix("sklearn.")
        return .converted(
            model, notes: program.notes + notes(schema, used, source, isSklearn ? estimator.version.text : nil))
    }

    /// What made the model; only scikit-learn's own estimators know their version.
    private static func library(_ estimator: Estimator, _ source: ConversionSource) -> String {
        if estimator.className.hasPrefix("lightgbm.") { return LightGBMFlavor.library(source.mlmodel) }
        return "scikit-learn \(estimator.version.text)"
    }

    private static func notes(
        _ schema: InputSchema, _ used: Set<Int>, _ source: ConversionSource, _ version: String?
    ) -> [String] {
        var notes: [String] = []
        if schema.columns.contains(where: { $0.type == .string }) {
            notes.append(source.nullPolicy.note(pandas: source.pandasVersion))
        }
        if let code = source.mlmodel.flavor("sklearn")?["code"], code != "null", !code.isEmpty {
            notes.append("the model's own Python code (`\(escaped(code))`) is not used by any of its steps")
        }
        if let version, let logged = source.mlmodel.flavor("sklearn")?["sklearn_version"], logged != version {
            notes.append(
                "`\(escaped(source.mlmodel.file))` says scikit-learn \(escaped(logged)); the model was fitted by "
                    + version)
        }
        return notes
    }

    private static func reason(_ error: PickleError) -> String {
        guard !error.names.isEmpty else { return error.reason }
        let names = error.names.prefix(4).map { "`\(escaped($0))`" }.joined(separator: ", ")
        return error.reason + "; before that it names \(names)" + (error.names.count > 4 ? ", …" : "")
    }
}
