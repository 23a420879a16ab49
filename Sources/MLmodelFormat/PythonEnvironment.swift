public import Bytes

/// The Python and the distributions that a model was logged with.
///
/// Pins come from `requirements.txt`; only when there is none from the pip list of `python_env.yaml`, then of
/// `conda.yaml`. The Python version comes from `python_env.yaml`, then `conda.yaml`, then the `python_function` flavor.
public struct PythonEnvironment: Sendable, Equatable {
    /// A file with the name shown to people.
    public struct File: Sendable {
        /// The name shown to people.
        public var name: String
        /// Its bytes.
        public var region: ByteRegion

        /// Makes a file.
        public init(name: String, region: ByteRegion) {
            self.name = name
            self.region = region
        }
    }

    /// A line that was not taken, or that deserves to be known.
    public struct Finding: Sendable, Equatable {
        /// What happened to the line.
        public enum Kind: String, Sendable {
            /// It could change what is installed or from where, or is not a requirement: not taken.
            case refused
            /// It names a distribution without one exact version: kept in `unpinned`, not in `requirements`.
            case unpinned
            /// It has no effect on what we install.
            case ignored
            /// It contradicts another line; both are kept.
            case conflict
        }

        /// What happened to the line.
        public var kind: Kind
        /// The file as shown to people.
        public var file: String
        /// The line in the file, from 1.
        public var line: Int
        /// The line's text, or the value's.
        public var text: String
        /// Why, in words.
        public var reason: String
    }

    /// `3.11` or `3.11.7`; nil when no file says it.
    public var pythonVersion: String?
    /// The file that gave `pythonVersion`.
    public var pythonVersionFile: String?
    /// Exact pins, in file order, without repeats.
    public var requirements: [Requirement]
    /// Requirements without an exact pin, in file order.
    public var unpinned: [Requirement]
    /// The file that gave the requirements.
    public var requirementsFile: String?
    /// `pip`, `setuptools`, `wheel` as `python_env.yaml` or `conda.yaml` names them; pinned or not.
    public var buildDependencies: [Requirement]
    /// Every line that was refused or ignored, by file and line.
    public var findings: [Finding]

    /// Reads whichever of the files a model folder has.
    ///
    /// - Parameter flavorPythonVersion: `MLmodel.pythonVersion`, used when neither YAML file gives a version.
    /// - Throws: `MLmodelError` when a YAML file is broken. A line that is refused is a finding, not an error.
    public static func read(
        requirements: File?, pythonEnv: File?, conda: File?, flavorPythonVersion: String? = nil
    ) throws(MLmodelError) -> PythonEnvironment {
        let files = try EnvironmentFiles(requirements: requirements, pythonEnv: pythonEnv, conda: conda)
        return files.environment(flavorPythonVersion: flavorPythonVersion)
    }

    /// Whether `text` is `X.Y` or `X.Y.Z` of small numbers, the only Python versions that are taken.
    public static func isPythonVersion(_ text: String) -> Bool {
        let parts = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        return (2...3).contains(parts.count)
            && parts.allSatisfy { (1...3).contains($0.count) && $0.allSatisfy(\.isDigit) }
    }
}
