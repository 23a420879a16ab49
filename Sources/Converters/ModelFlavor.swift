import Diagnostics
import MLmodelFormat

/// The flavor that is converted: who wrote the artefact, and who serves it.
enum ModelFlavor {
    /// An estimator of scikit-learn, or of a library with its interface, as `mlflow.sklearn` saves it.
    case sklearn
    /// A booster of XGBoost, as `mlflow.xgboost` saves it.
    case xgboost

    /// Finds the flavor. Throws `Refused` when it is none that is converted, or when something else serves the model.
    init(_ model: MLmodel) throws {
        func refuse(_ reason: String, help: String?) -> Refused {
            Refused([Refusal(path: model.file, reason: reason, help: help)])
        }
        if model.flavor("sklearn") == nil, model.flavor("xgboost") != nil {
            if let loader = model.loaderModule, loader != XGBoostFlavor.loader {
                throw refuse(
                    "the model is served by `\(escaped(loader))`, not by `mlflow.xgboost`",
                    help: "log it with `mlflow.xgboost.log_model`")
            }
            self = .xgboost
            return
        }
        guard let flavor = model.flavor("sklearn") else {
            let names = model.flavors.map(\.name).filter { $0 != "python_function" }
            guard let name = names.first else {
                throw refuse(
                    "the model is a custom `python_function`, which is Python code",
                    help: "log a scikit-learn model with `mlflow.sklearn.log_model`")
            }
            throw refuse("the flavor `\(escaped(name))` is not converted yet", help: nil)
        }
        if let loader = model.loaderModule, loader != "mlflow.sklearn" {
            throw refuse(
                "the model is served by `\(escaped(loader))`, not by `mlflow.sklearn`",
                help: "log it with `mlflow.sklearn.log_model`")
        }
        let format = flavor["serialization_format"] ?? "pickle"
        guard format == "pickle" || format == "cloudpickle" else {
            throw refuse(
                "the flavor `sklearn` is serialised as `\(escaped(format))`, which is not read yet",
                help: "log it with `serialization_format=\"cloudpickle\"`")
        }
        self = .sklearn
    }
}
