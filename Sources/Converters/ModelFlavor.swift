import Diagnostics
import MLmodelFormat

/// The flavor that is converted: who wrote the artefact, and who serves it.
enum ModelFlavor {
    /// An estimator of scikit-learn, or of a library with its interface, as `mlflow.sklearn` saves it.
    case sklearn

    /// Finds the flavor. Throws `Refused` when it is none that is converted, or when something else serves the model.
    init(_ model: MLmodel) throws {
        func refuse(_ reason: String, help: String?) -> Refused {
            Refused([Refusal(path: model.file, reason: reason, help: help)])
        }
        guard model.flavor("sklearn") != nil else {
            throw UnconvertedFlavors.refusal(of: model)
        }
        if let loader = model.loaderModule, loader != "mlflow.sklearn" {
            throw refuse(
                "the model is served by `\(escaped(loader))`, not by `mlflow.sklearn`",
                help: "log it with `mlflow.sklearn.log_model`")
        }
        self = .sklearn
    }
}
