import Bytes
import Diagnostics
import FileTrees
import Hashing
import MLmodelFormat

/// Finds the file that holds the model itself and has it converted.
enum ModelConversion {
    /// - Throws: `ContextsError` of kind `.model` when `MLmodel` names a file that is not there; `FileTreeError` when it cannot
    ///   be read. A model that does not convert is an outcome, not an error.
    static func attempt(_ model: DescribedModel) throws -> ConversionOutcome {
        .refused([Refusal(path: "MLmodel", reason: "this version converts no models")])
    }
}
