import YAMLText

/// `conda.yaml`, of which only `python=X.Y[.Z]` and the pip list count; conda itself is never used.
///
/// Models of MLflow before 1.16 have no `requirements.txt` and name packages as conda packages. Like MLflow's own
/// virtualenv support (`mlflow/utils/environment.py`), an exact `NAME=VERSION` is then taken as the pip pin, and a
/// finding says so.
struct CondaFile {
    let name: String
    private(set) var pythonVersion: String?
    private(set) var buildDependencies: [Requirement] = []
    private(set) var pins: RequirementsFile

    private static let usualChannels = ["conda-forge", "defaults", "nodefaults"]
    private static let buildNames = ["pip", "setuptools", "wheel"]

    init(_ file: PythonEnvironment.File) throws(MLmodelError) {
        name = file.name
        pins = RequirementsFile(file: file.name)
        let fields = try YAMLFields.root(of: file.region, file: file.name)
        for channel in try fields.items("channels") {
            guard let text = channel.text, !Self.usualChannels.contains(text) else { continue }
            pins.add(.ignored, text, reason: "conda channels are not used", line: channel.mark.line)
        }
        for item in try fields.items("dependencies") { try takeDependency(item, in: fields) }
        for entry in fields.node.entries ?? [] where !["name", "channels", "dependencies"].contains(entry.key) {
            pins.add(
                .ignored, entry.key, reason: "this key has no effect on what is installed", line: entry.keyMark.line)
        }
    }

    private mutating func takeDependency(_ item: YAMLNode, in fields: YAMLFields) throws(MLmodelError) {
        let line = item.mark.line
        if let entries = item.entries {
            for entry in entries {
                guard entry.key == "pip" else {
                    pins.add(.refused, entry.key, reason: "only the list `pip` is read here", line: entry.keyMark.line)
                    continue
                }
                for pin in try YAMLFields(node: item, file: fields.file, prefix: "dependencies.").items("pip") {
                    pins.takeItem(pin)
                }
            }
            return
        }
        guard let text = item.text?.trimmingBlanks else {
            return pins.add(.refused, item.kindWords, reason: "it is not the name of a package", line: line)
        }
        takePackage(text, line: line)
    }

    private mutating func takePackage(_ text: String, line: Int) {
        let package = String(text.prefix { !" =<>!~[;".contains($0) })
        let rest = text.dropFirst(package.count).trimmingBlanks
        let isExact = rest.hasPrefix("=") && !rest.hasPrefix("===")
        let version = rest.drop { $0 == "=" }.trimmingBlanks
        if package == "python" {
            if isExact, PythonEnvironment.isPythonVersion(version) {
                pythonVersion = pythonVersion ?? version
            } else {
                pins.add(.refused, text, reason: "only `python=X.Y` or `python=X.Y.Z` is read", line: line)
            }
        } else if Self.buildNames.contains(package) || isExact {
            takeNamed(isExact ? "\(package)==\(version)" : text, condaText: text, line: line)
        } else {
            pins.add(.ignored, text, reason: "conda packages are not installed", line: line)
        }
    }

    private mutating func takeNamed(_ pipText: String, condaText: String, line: Int) {
        do {
            let requirement = try RequirementParser.parse(pipText, line: line)
            if Self.buildNames.contains(requirement.name) {
                buildDependencies.append(requirement)
            } else {
                pins.take(requirement.text, line: line)
                let reason = "a conda package; read as the pip requirement `\(requirement.text)`"
                pins.add(.ignored, condaText, reason: reason, line: line)
            }
        } catch {
            pins.add(.refused, condaText, reason: error.reason, line: line)
        }
    }
}
