import Diagnostics

extension MLmodel {
    /// A path that `MLmodel` names, as written: relative to the model folder when it is honest, and not checked here.
    public struct NamedPath: Sendable, Equatable {
        /// The key that holds it: `flavors.sklearn.pickled_model`.
        public let key: String
        /// The path.
        public let path: String
        /// The line in `MLmodel`.
        public let line: Int
    }

    /// The keys of flavors whose texts are paths inside the model folder.
    private static let pathKeys: Set<String> = [
        "code", "data", "model_path", "model_data", "model_file", "model_code_path", "model_binary", "pickled_model",
        "python_model", "config", "saved_model_dir", "conda", "virtualenv", "components_path",
    ]

    /// Every path that the flavors and the example description name, in file order.
    public var namedPaths: [NamedPath] {
        var paths = flavors.flatMap { flavor in
            flavor.values.flatMap { Self.paths(in: $0, prefix: "flavors.\(flavor.name).") }
        }
        guard let info = inputExampleInfo else { return paths }
        let prefix = "saved_input_example_info."
        paths.append(NamedPath(key: prefix + "artifact_path", path: info.artifactPath, line: info.line))
        if let path = info.servingInputPath {
            paths.append(NamedPath(key: prefix + "serving_input_path", path: path, line: info.line))
        }
        return paths
    }

    private static func paths(in entry: Flavor.Entry, prefix: String) -> [NamedPath] {
        let key = prefix + entry.key
        switch entry.value {
        case .text(let text):
            // A bare `env` is the conda file of MLflow before 2.0.
            return pathKeys.contains(entry.key) || entry.key == "env"
                ? [NamedPath(key: key, path: text, line: entry.line)] : []
        case .map(let entries) where entry.key == "env":
            return entries.flatMap { paths(in: $0, prefix: "\(key).") }
        case .map(let entries) where entry.key == "artifacts":
            // `artifacts: {NAME: {path: …, uri: …}}` of `mlflow.pyfunc`.
            return entries.compactMap { artifact in
                guard let path = artifact.value.map?.first(where: { $0.key == "path" }), let text = path.value.text
                else {
                    return nil
                }
                return NamedPath(key: "\(key).\(artifact.key).path", path: text, line: path.line)
            }
        case .null, .list, .map:
            return []
        }
    }

    /// The error for a folder without an `MLmodel` file.
    ///
    /// - Parameters:
    ///   - folder: the folder as the person named it.
    ///   - files: the paths of the files in it, relative to it.
    public static func missing(in folder: String, files: [String]) -> MLmodelError {
        var hints: [String] = []
        let nested = files.filter { $0.hasSuffix("/MLmodel") }.sorted()
        let misspelled = files.first { $0.lowercased() == "mlmodel" || $0.lowercased().hasPrefix("mlmodel.") }
        if nested.count == 1 {
            let inner = nested[0].dropLast("/MLmodel".count)
            hints.append(
                "there is one in `\(escaped("\(folder.withoutLastSlash)/\(inner)"))`; name that folder instead")
        } else if let first = nested.first {
            hints.append(
                "there are \(nested.count) further down, the first in `\(escaped(String(first.dropLast("/MLmodel".count))))`; name one of those folders"
            )
        } else if let misspelled {
            hints.append("there is a file `\(escaped(misspelled))`; the name has to be exactly `MLmodel`")
        } else if files.isEmpty {
            hints.append("the folder is empty")
        } else {
            hints.append("a model folder is what `mlflow.…save_model` writes, or the artifact folder of a logged model")
        }
        return MLmodelError(
            .missing, "it has no file `MLmodel`, so it is not the folder of an MLflow model", file: folder, hints: hints
        )
    }
}

extension String {
    fileprivate var withoutLastSlash: Substring { count > 1 && hasSuffix("/") ? dropLast() : self[...] }
}
