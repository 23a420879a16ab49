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
    static func attempt(_ model: DescribedModel) throws -> ConversionOutcome {
        let mlmodel = model.mlmodel
        let flavor = mlmodel.flavors.first { $0.name != "python_function" }
        guard let flavor, let name = fileKeys.lazy.compactMap({ flavor[$0] }).first else {
            // The converters say why a model without such a file is none of theirs.
            return ModelConverter.convert(
                ConversionSource(
                    artefact: ByteRegion([]), artefactName: mlmodel.file, mlmodel: mlmodel,
                    inputExample: model.inputExample, digest: SHA256Digest(of: []).bytes))
        }
        let path = try RelativePath(name)
        guard let file = model.files[path] else {
            throw ContextsError(
                .model,
                "cannot read the model `\(escaped(model.shownName, limit: 1000))`: its file `\(escaped(name))` is not there",
                place: Place(file: model.shownPath("MLmodel"), line: flavor.line),
                hints: ["copy the whole folder of the model, or download it again"])
        }
        return ModelConverter.convert(
            ConversionSource(
                artefact: try file.region(), artefactName: path.text, mlmodel: mlmodel,
                inputExample: model.inputExample, digest: file.digest.bytes))
    }
}
