import Boosters
import Bytes
import Diagnostics
import MLmodelFormat
import Scoring

/// A booster of the flavor `lightgbm`, as text in a file of its own; MLflow serves what its `predict` gives.
///
/// An estimator of `lightgbm.sklearn` of this flavor is a pickle, and `LightGBMConverter` converts it.
/// Source: `mlflow/lightgbm/__init__.py`, MLflow 2.9.2 to 3.17.2.
enum LightGBMFlavor {
    static let loader = "mlflow.lightgbm"

    /// Whether the artefact is a booster's text, not a pickle; models of MLflow before 1.23 do not say it.
    static func isBooster(_ model: MLmodel) -> Bool {
        (model.flavor("lightgbm")?["model_class"] ?? "lightgbm.basic.Booster") == "lightgbm.basic.Booster"
    }

    static func convert(_ source: ConversionSource) throws -> ConversionOutcome {
        let name = source.artefactName
        let model: LightGBMModel
        do {
            model = try LightGBMReader.read(source.artefact)
        } catch {
            var refusal = Refusal(path: name, reason: error.reason, place: Place(file: name, line: error.line))
            refusal.isDamage = error.kind == .truncated
            throw Refused([refusal])
        }
        // A booster from a file has no `best_iteration`: `save_model` has left out the trees after it.
        let scores = try LightGBMScores(
            model, bestIteration: 0, refuse: { Refused([Refusal(path: name, reason: $0, help: $1)]) })
        let mapping = try InputMapping(source)
        let (schema, table) = mapping.schema(used: Set(0..<mapping.count), nullPolicy: source.nullPolicy)
        var program = Program(builder: try ModelBuilder(inputs: schema, fileByteCount: source.artefact.count))
        let slots = try scores.predictions(table, into: &program)
        let compiled = try program.builder.finish(
            answer: slots.count == 1 ? .numbers(slots[0]) : .rows(slots),
            source: SourceArtefact(sha256: source.digest, name: name, library: library(source.mlmodel)))
        try source.nullPolicy.check(compiled, pandas: source.pandasVersion, file: source.mlmodel.file)
        return .converted(compiled, notes: program.notes)
    }

    /// The library and its version, as the flavor says.
    static func library(_ model: MLmodel) -> String {
        "LightGBM" + (model.flavor("lightgbm")?["lgb_version"].map { " " + escaped($0) } ?? "")
    }
}
