import Diagnostics
import YAMLText

/// The flavors that MLflow and its well-known extensions write.
public enum FlavorCatalog {
    /// In alphabetical order.
    public static let known = [
        "ag2", "catboost", "crewai", "databricks", "diviner", "dspy", "fastai", "feature_store", "gluon", "h2o",
        "haystack",
        "johnsnowlabs", "keras", "langchain", "langgraph", "lightgbm", "llama_index", "mleap", "onnx", "openai",
        "paddle",
        "pmdarima", "promptflow", "prophet", "python_function", "pytorch", "rfunc", "crate", "sentence_transformers",
        "shap",
        "sklearn", "spacy", "spark", "statsmodels", "tensorflow", "transformers", "xgboost",
    ].sorted()

    /// The known name nearest to `name`, when it is near enough to be meant.
    public static func nearest(to name: String) -> String? {
        let wanted = Array(name.lowercased().unicodeScalars.prefix(64))
        let ranked = known.map { (name: $0, distance: distance(wanted, Array($0.unicodeScalars))) }
        guard let best = ranked.min(by: { $0.distance < $1.distance }) else { return nil }
        return best.distance <= max(1, wanted.count / 3) ? best.name : nil
    }

    /// Single-character edits between two texts (Levenshtein).
    private static func distance(_ left: [Unicode.Scalar], _ right: [Unicode.Scalar]) -> Int {
        var previous = Array(0...right.count)
        for (row, scalar) in left.enumerated() {
            var current = [row + 1]
            for (column, other) in right.enumerated() {
                let replaced = previous[column] + (scalar == other ? 0 : 1)
                current.append(min(replaced, previous[column + 1] + 1, current[column] + 1))
            }
            previous = current
        }
        return previous[right.count]
    }
}

extension MLmodel {
    /// Flavors that `FlavorCatalog` does not know; most often a misspelling or an extension of someone's own.
    public var unknownFlavors: [Flavor] { flavors.filter { !FlavorCatalog.known.contains($0.name) } }

    /// Checks that something here can be served: `python_function` with a loader, or another flavor that MLflow writes.
    ///
    /// - Throws: `MLmodelError` of kind `.flavor` at the flavor that stands in the way.
    public func requireServable() throws(MLmodelError) {
        if let pythonFunction {
            guard loaderModule != nil else {
                throw flavorError(
                    "its flavor `python_function` has no `loader_module`, which says how to load the model",
                    at: pythonFunction,
                    hints: ["save the model again with MLflow, or take the file from a copy of the run"])
            }
            return
        }
        guard unknownFlavors.count == flavors.count, let first = flavors.first else { return }
        let names = flavors.map { "`\(escaped($0.name, limit: 60))`" }
        let reason =
            names.count == 1
            ? "its only flavor \(names[0]) is not one that MLflow writes"
            : "none of its flavors \(names.joined(separator: ", ")) is one that MLflow writes"
        var hints = flavors.compactMap { flavor in
            FlavorCatalog.nearest(to: flavor.name).map {
                "did you mean `\($0)` instead of `\(escaped(flavor.name, limit: 60))`?"
            }
        }
        hints.append(
            "save the model with `mlflow.pyfunc` as well, which adds the flavor `python_function` that serves any model"
        )
        throw flavorError(reason, at: first, hints: hints)
    }

    private func flavorError(_ reason: String, at flavor: Flavor, hints: [String]) -> MLmodelError {
        MLmodelError(
            .flavor, reason, file: file, at: YAMLMark(line: flavor.line, column: flavor.column), verb: "serve",
            hints: hints)
    }
}
