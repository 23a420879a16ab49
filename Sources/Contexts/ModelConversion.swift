import Bytes
import Converters
import Diagnostics
import FileTrees
import Hashing
import MLmodelFormat

/// Finds the file that holds the model itself and has it converted.
enum ModelConversion {
    // What flavors call the file: scikit-learn, then the boosters.
    private static let fileKeys = ["pickled_model", "data", "model_data", "model_path"]

    /// - Throws: `ContextsError` of kind `.model` when `MLmodel` names a file that is not there; `FileTreeError` when it cannot
    ///   be read. A model that does not convert is an outcome, not an error.
    static func attempt(_ model: DescribedModel, nullPolicy: NullPolicy) throws -> ConversionOutcome {
        let mlmodel = model.mlmodel
        let flavor = mlmodel.flavors.first { $0.name != "python_function" }
        guard let flavor, let name = fileKeys.lazy.compactMap({ flavor[$0] }).first else {
            // The converters say why a model without such a file is none of theirs.
            return convert(ByteRegion([]), mlmodel.file, SHA256Digest(of: []), of: model, nullPolicy)
        }
        let path = try RelativePath(name)
        guard let file = model.files[path] else {
            throw ContextsError(
                .model,
                "cannot read the model `\(escaped(model.shownName, limit: 1000))`: its file `\(escaped(name))` is not there",
                place: Place(file: model.shownPath("MLmodel"), line: flavor.line),
                hints: ["copy the whole folder of the model, or download it again"])
        }
        return convert(try file.region(), path.text, file.digest, of: model, nullPolicy)
    }

    private static func convert(
        _ artefact: ByteRegion, _ name: String, _ digest: SHA256Digest, of model: DescribedModel,
        _ nullPolicy: NullPolicy
    ) -> ConversionOutcome {
        var source = ConversionSource(
            artefact: artefact, artefactName: name, mlmodel: model.mlmodel, inputExample: model.inputExample,
            digest: digest.bytes)
        source.nullPolicy = nullPolicy
        let pandas = model.environment.requirements.filter { $0.name == "pandas" }
        // A line that holds for some machines only, or two of them, are no answer.
        if pandas.count == 1, pandas[0].marker == nil { source.pandasVersion = pandas[0].version }
        return ModelConverter.convert(source)
    }
}
