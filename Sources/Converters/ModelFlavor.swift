import Diagnostics
import MLmodelFormat

/// The flavor that is converted: who wrote the artefact, and who serves it.
enum ModelFlavor {
    /// An estimator of scikit-learn, or of a library with its interface, as `mlflow.sklearn` saves it.
    case sklearn
    /// A booster of LightGBM, or an estimator with scikit-learn's interface, as `mlflow.lightgbm` saves it.
    case lightgbm
    /// A booster of XGBoost, as `mlflow.xgboost` saves it.
    case xgboost
    /// A model of CatBoost, as `mlflow.catboost` saves it.
    case catboost

    /// Finds the flavor. Throws `Refused` when it is none that is converted, or when something else serves the model.
    init(_ model: MLmodel) throws {
        func refuse(_ reason: String, help: String?) -> Refused {
            Refused([Refusal(path: model.file, reason: reason, help: help)])
        }
        let boosters: [(flavor: ModelFlavor, name: String, loader: String)] = [
            (.xgboost, "xgboost", XGBoostFlavor.loader), (.lightgbm, "lightgbm", LightGBMFlavor.loader),
            (.catboost, "catboost", CatBoostFlavor.loader),
        ]
        if model.flavor("sklearn") == nil, let found = boosters.first(where: { model.flavor($0.name) != nil }) {
            if let loader = model.loaderModule, loader != found.loader {
                throw refuse(
                    "the model is served by `\(escaped(loader))`, not by `\(found.loader)`",
                    help: "log it with `\(found.loader).log_model`")
            }
            self = found.flavor
            return
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
