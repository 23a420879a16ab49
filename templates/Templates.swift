/// The files that are written into every context, as they stand in `templates/`.
///
/// Each is a whole, valid file of its language. `{{name}}` stands for a value that the renderer fills in; nothing else
/// about a template varies.
public enum Template: String, CaseIterable, Sendable {
    /// The image of a converted model.
    case nativeDockerfile = "native/native.Dockerfile"
    /// The image that compares a converted model with the original.
    case parityDockerfile = "native/parity.Dockerfile"
    /// What that image does.
    case check = "native/check.py"
    /// The image of a model that Python serves.
    case pythonDockerfile = "python/python.Dockerfile"
    /// The worker that loads a model with Python.
    case score = "python/score.py"
    /// What the builder may send from the context: `app/` and the Dockerfile.
    case dockerignore = "shared/dockerignore"

    /// The text before filling.
    public var text: String {
        String(decoding: bytes, as: UTF8.self)
    }

    /// The bytes of the file.
    public var bytes: [UInt8] {
        switch self {
        case .nativeDockerfile: PackageResources.native_Dockerfile
        case .parityDockerfile: PackageResources.parity_Dockerfile
        case .check: PackageResources.check_py
        case .pythonDockerfile: PackageResources.python_Dockerfile
        case .score: PackageResources.score_py
        case .dockerignore: PackageResources.dockerignore
        }
    }

    /// The names that the text holds between double braces, in order of first use.
    public var placeholders: [String] {
        switch self {
        case .pythonDockerfile, .parityDockerfile: ["baseImage"]
        case .nativeDockerfile, .check, .score, .dockerignore: []
        }
    }
}
