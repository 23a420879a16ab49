import Diagnostics
import MLmodelFormat

/// What is said of the flavors that are not converted: the reason, and what would help.
enum UnconvertedFlavors {
    /// The refusal of a model that has none of the flavors that are converted.
    static func refusal(of model: MLmodel) -> Refused {
        func refused(_ reason: String, _ help: String?) -> Refused {
            Refused([Refusal(path: model.file, reason: reason, help: help)])
        }
        let names = model.flavors.map(\.name).filter { $0 != "python_function" }
        guard let name = names.first(where: { table[$0] != nil }) ?? names.first else {
            return refused(
                "the model is a custom `python_function`, which is Python code",
                "log a scikit-learn model with `mlflow.sklearn.log_model`")
        }
        guard let (reason, help) = table[name] else {
            return refused("the flavor `\(escaped(name))` is not known", scikit)
        }
        return refused("the flavor `\(escaped(name))` is not converted: \(reason)", help)
    }

    private static let scikit = "log a scikit-learn, XGBoost or LightGBM model, or serve it with its Python environment"
    private static let python = "serve it with its Python environment"
    private static let network = "it is a graph of a deep learning framework, of any layers"
    private static let forecast = "it forecasts a time series from its own history, not from rows of columns"
    private static let language = "it works on texts with a language model"

    private static let table: [String: (reason: String, help: String?)] = {
        var table: [String: (reason: String, help: String?)] = [
            "crate": ("it is a package of R", python),
            "fastai": (network, python),
            "h2o": ("it is the archive of an H2O server", python),
            "mleap": ("it is a bundle of a Java runtime", python),
            "onnx": (
                "its graph may hold any operator of ONNX, in single precision",
                "log the model that it was made from with `mlflow.sklearn.log_model`"
            ),
            "paddle": (network, python),
            "pmdarima": (forecast, python),
            "pyspark.ml": ("it is a pipeline of Spark", "fit and log the same model with scikit-learn"),
            "spark": ("it is a pipeline of Spark", "fit and log the same model with scikit-learn"),
            "statsmodels": (
                "its results hold formulas and data frames of Python", "fit and log the same model with scikit-learn"
            ),
        ]
        for name in ["prophet", "diviner"] { table[name] = (forecast, python) }
        for name in ["keras", "mxnet", "gluon", "pytorch", "tensorflow"] { table[name] = (network, python) }
        for name in [
            "anthropic", "autogen", "crewai", "dspy", "gemini", "haystack", "johnsnowlabs", "langchain", "llama_index",
            "openai", "promptflow", "semantic_kernel", "sentence_transformers", "spacy", "transformers",
        ] {
            table[name] = (language, python)
        }
        table["spacy"] = ("it is a pipeline for texts", python)
        table["johnsnowlabs"] = ("it is a pipeline for texts, of Spark", python)
        return table
    }()
}
