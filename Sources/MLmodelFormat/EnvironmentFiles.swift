import Bytes
import YAMLText

/// The environment files of a model folder, each read by itself, and their precedence.
struct EnvironmentFiles {
    private var requirements: RequirementsFile?
    private var requirementsName: String?
    private var pythonEnv: PythonEnvFile?
    private var conda: CondaFile?

    init(
        requirements: PythonEnvironment.File?, pythonEnv: PythonEnvironment.File?, conda: PythonEnvironment.File?
    ) throws(MLmodelError) {
        if let requirements {
            self.requirements = RequirementsFile.parse(requirements.region, file: requirements.name)
            requirementsName = requirements.name
        }
        if let pythonEnv { self.pythonEnv = try PythonEnvFile(pythonEnv) }
        if let conda { self.conda = try CondaFile(conda) }
    }

    func environment(flavorPythonVersion: String?) -> PythonEnvironment {
        var environment = PythonEnvironment(requirements: [], unpinned: [], buildDependencies: [], findings: [])
        environment.findings = requirements?.findings ?? []
        for pins in [pythonEnv?.pins, conda?.pins] {
            guard let findings = pins?.findings else { continue }
            // With a `requirements.txt` the lists of the other files are not installed from.
            environment.findings += requirements == nil ? findings : findings.filter { $0.kind != .unpinned }
        }
        let sources = [
            (requirements, requirementsName), (pythonEnv?.pins, pythonEnv?.name), (conda?.pins, conda?.name),
        ]
        for case (let pins?, let name?) in sources where name == requirementsName || !pins.isEmpty {
            environment.requirements = pins.requirements
            environment.unpinned = pins.unpinned
            environment.requirementsFile = name
            break
        }
        if requirements != nil, let conda { environment.findings += contradictions(of: conda, to: environment) }
        environment.buildDependencies = pythonEnv?.buildDependencies ?? conda?.buildDependencies ?? []
        if let version = pythonEnv?.pythonVersion {
            environment.pythonVersion = version
            environment.pythonVersionFile = pythonEnv?.name
        } else if let version = conda?.pythonVersion {
            environment.pythonVersion = version
            environment.pythonVersionFile = conda?.name
        } else if let flavorPythonVersion, PythonEnvironment.isPythonVersion(flavorPythonVersion) {
            environment.pythonVersion = flavorPythonVersion
            environment.pythonVersionFile = "MLmodel"
        }
        return environment
    }

    /// The pins of `conda.yaml` that say something else than those of `requirements.txt`.
    private func contradictions(
        of conda: CondaFile, to environment: PythonEnvironment
    ) -> [PythonEnvironment.Finding] {
        conda.pins.requirements.compactMap { pin in
            guard let other = environment.requirements.first(where: { $0.name == pin.name && $0.marker == pin.marker }),
                other.specifier != pin.specifier
            else { return nil }
            return PythonEnvironment.Finding(
                kind: .conflict, file: conda.name, line: pin.line, text: pin.text,
                reason: "`\(requirementsName ?? "")` asks for `\(other.name)\(other.specifier)`, which is taken")
        }
    }
}

/// `python_env.yaml`: MLflow's description of a virtualenv.
struct PythonEnvFile {
    let name: String
    private(set) var pythonVersion: String?
    private(set) var buildDependencies: [Requirement] = []
    private(set) var pins: RequirementsFile

    init(_ file: PythonEnvironment.File) throws(MLmodelError) {
        name = file.name
        pins = RequirementsFile(file: file.name)
        let fields = try YAMLFields.root(of: file.region, file: file.name)
        if let text = try fields.text("python") {
            let line = (fields.node["python"] ?? fields.node).mark.line
            if PythonEnvironment.isPythonVersion(text) {
                pythonVersion = text
            } else {
                pins.add(.refused, text, reason: "it is not a Python version such as `3.11` or `3.11.7`", line: line)
            }
        }
        for item in try fields.items("dependencies") { pins.takeItem(item) }
        for item in try fields.items("build_dependencies") {
            var build = RequirementsFile(file: file.name)
            build.takeItem(item)
            buildDependencies += build.requirements + build.unpinned
            for finding in build.findings where finding.kind == .refused {
                pins.add(.refused, finding.text, reason: finding.reason, line: finding.line)
            }
        }
        for entry in fields.node.entries ?? []
        where !["python", "dependencies", "build_dependencies"].contains(entry.key) {
            pins.add(
                .ignored, entry.key, reason: "this key has no effect on what is installed", line: entry.keyMark.line)
        }
    }
}

extension RequirementsFile {
    /// Whether the file gave no requirement at all, pinned or not.
    var isEmpty: Bool { requirements.isEmpty && unpinned.isEmpty }

    /// Takes one item of a YAML list of pip arguments; `-r requirements.txt` says only what is done anyway.
    mutating func takeItem(_ item: YAMLNode) {
        guard let text = item.text?.trimmingBlanks, !text.isEmpty else {
            return add(.refused, item.kindWords, reason: "it is not the text of a requirement", line: item.mark.line)
        }
        let words = text.split(separator: " ", maxSplits: 1)
        let readsFile = words.count == 2 && (words[0] == "-r" || words[0] == "--requirement")
        if readsFile, words[1] == "requirements.txt" { return }
        take(text, line: item.mark.line)
    }
}
