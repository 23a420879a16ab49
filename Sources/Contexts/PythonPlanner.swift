import Diagnostics
import FileTrees
import MLmodelFormat

/// The Python half of a plan: base image, loader, requirements, files.
enum PythonPlanner {
    // `az acr build` never sends these, whatever `.dockerignore` says; left out everywhere, all builders agree.
    private static let unsentNames: Set<String> = [
        ".git", ".gitignore", ".bzr", ".bzrignore", ".hg", ".hgignore", ".svn", ".venv",
    ]

    static func plan(_ model: DescribedModel, options: PlanOptions) throws(ContextsError) -> ServingPlan.Python {
        let environment = model.environment
        let loader = try loader(of: model)
        return ServingPlan.Python(
            baseImage: try baseImage(for: model, options), version: environment.pythonVersion,
            loader: loader.name, modelPath: loader.path,
            requirements: (environment.requirements + environment.unpinned).sorted { $0.text < $1.text },
            unpinned: environment.unpinned, findings: environment.findings,
            leftOut: model.files.paths.filter(isUnsent).map(\.text))
    }

    static func isUnsent(_ path: RelativePath) -> Bool {
        path.components.contains { unsentNames.contains($0) }
    }

    static func notes(of plan: ServingPlan) -> [String] {
        guard let python = plan.python else { return [] }
        var notes = ["packages that the requirements need in turn are not locked: pip chooses them during the build"]
        if !python.baseImage.hasDigest {
            notes.append("the base image `\(python.baseImage.text)` is named by a tag, which may move")
        }
        if !python.unpinned.isEmpty {
            let names = python.unpinned.map(\.name).joined(separator: ", ")
            notes.append("without an exact version, so pip chooses one during the build: \(names)")
        }
        let refused = python.findings.count { $0.kind == .refused }
        if refused > 0 {
            notes.append("\(refused) \(refused == 1 ? "line" : "lines") of the model's requirements not taken")
        }
        if python.requirements.contains(where: { $0.name == "lightgbm" }) {
            notes.append("lightgbm needs the system library libgomp1, which slim images lack: see `--base-image`")
        }
        if !python.leftOut.isEmpty {
            notes.append("version control and virtual environment files of the model stay out of the image")
        }
        return notes
    }

    private static func baseImage(
        for model: DescribedModel, _ options: PlanOptions
    ) throws(ContextsError) -> ImageReference {
        if let image = options.baseImage { return image }
        guard let version = model.environment.pythonVersion ?? model.mlmodel.pythonVersion else {
            throw ContextsError(
                .model,
                "cannot choose a base image for `\(escaped(model.shownName))`: no file of the model names its Python version",
                hints: ["name one with `--base-image`, for example `docker.io/library/python:3.11-slim`"])
        }
        guard PythonEnvironment.isPythonVersion(version) else {
            throw ContextsError(
                .model,
                "cannot choose a base image for `\(escaped(model.shownName))`: `\(escaped(version))` is not a Python version like 3.11.7",
                hints: ["name one with `--base-image`, for example `docker.io/library/python:3.11-slim`"])
        }
        return try ImageReference("docker.io/library/python:\(version)-slim")
    }

    // MLflow's own loader when the model asks for MLflow; else scikit-learn's, which needs no MLflow.
    private static func loader(of model: DescribedModel) throws(ContextsError) -> (name: String, path: String) {
        let requirements = model.environment.requirements + model.environment.unpinned
        let hasMLflow = requirements.contains { $0.name == "mlflow" || $0.name == "mlflow-skinny" }
        if model.mlmodel.pythonFunction != nil, hasMLflow { return ("pyfunc", "model") }
        if let file = model.mlmodel.flavor("sklearn")?["pickled_model"] { return ("sklearn", "model/" + file) }
        guard model.mlmodel.pythonFunction != nil else {
            let names = model.mlmodel.flavors.map { "`\(escaped($0.name))`" }.joined(separator: ", ")
            throw ContextsError(
                .model, "cannot serve `\(escaped(model.shownName))` with Python: it has no flavor `python_function`",
                details: ["its flavors are \(names)"],
                hints: ["log the model again with a flavor that MLflow can load as a Python function"])
        }
        throw ContextsError(
            .model,
            "cannot serve `\(escaped(model.shownName))` with Python: its requirements do not name `mlflow`, which loads it",
            hints: [
                "add a line like `mlflow==\(escaped(model.mlmodel.mlflowVersion ?? "3.1.0"))` to its requirements.txt"
            ])
    }
}
