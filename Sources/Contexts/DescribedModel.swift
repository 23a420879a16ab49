import Bytes
import Diagnostics
public import FileTrees
public import MLmodelFormat
public import Registry

/// A model folder on this disk, with its descriptions parsed.
public struct DescribedModel: Sendable {
    /// How messages call the model: what the person typed.
    public let shownName: String
    /// Who it is.
    public let identity: SourceIdentity
    /// Every file, with digests.
    public let files: FileTree
    /// The parsed `MLmodel`.
    public let mlmodel: MLmodel
    /// The logged input example; nil when there is none.
    public let inputExample: InputExample?
    /// The Python and the requirements of the model.
    public let environment: PythonEnvironment
    /// A request that fits the model; nil when it has neither example nor signature of inputs.
    public let sample: ServingSample?

    private static let descriptionByteLimit = 8 << 20
    private static let exampleByteLimit = 64 << 20

    /// Parses the descriptions among `files`.
    ///
    /// - Parameter shownName: what the person typed; places of errors are `shownName/MLmodel` and so on.
    /// - Throws: `ContextsError` of kind `.model` when there is no `MLmodel` or a file named in it is missing; the parser's
    ///   errors, with line and column.
    public init(_ files: FileTree, shownName: String, identity: SourceIdentity) throws {
        self.shownName = shownName
        self.identity = identity
        self.files = files
        let folder = Folder(files: files, shownName: shownName)
        guard let region = try folder.region("MLmodel", limit: Self.descriptionByteLimit) else {
            throw MLmodel.missing(in: shownName, files: files.paths.map(\.text))
        }
        var mlmodel = try MLmodel.parse(region, file: folder.shown("MLmodel"))
        try mlmodel.requireServable()
        inputExample = try Self.example(mlmodel, folder)
        environment = try Self.environment(mlmodel, folder)
        // From here on the file is called by its place in the model: what is decided and recorded must not depend on where
        // the model lies on this machine.
        mlmodel.file = "MLmodel"
        self.mlmodel = mlmodel
        sample = ServingSample.choose(
            servingInput: try Self.servingInput(mlmodel, folder), example: inputExample, signature: mlmodel.signature)
    }

    /// How messages call a file of the model.
    func shownPath(_ path: String) -> String {
        Folder(files: files, shownName: shownName).shown(path)
    }

    private struct Folder {
        let files: FileTree
        let shownName: String

        func shown(_ path: String) -> String {
            shownName.hasSuffix("/") ? shownName + path : shownName + "/" + path
        }

        // Nil when there is no such file, also when the path is none.
        func region(_ path: String, limit: Int) throws -> ByteRegion? {
            guard let path = try? RelativePath(path), let entry = files[path] else { return nil }
            guard entry.size <= limit else {
                throw ContextsError(
                    .model,
                    "cannot read `\(escaped(shown(path.text), limit: 1000))`: it has \(grouped(entry.size)) bytes, the limit is \(grouped(limit))"
                )
            }
            return try entry.region()
        }

        func file(_ path: String) throws -> PythonEnvironment.File? {
            try region(path, limit: DescribedModel.descriptionByteLimit).map {
                PythonEnvironment.File(name: shown(path), region: $0)
            }
        }
    }

    private static func example(_ mlmodel: MLmodel, _ folder: Folder) throws -> InputExample? {
        guard let info = mlmodel.inputExampleInfo,
            let region = try folder.region(info.artifactPath, limit: exampleByteLimit)
        else { return nil }
        return try InputExample.parse(info, region, file: folder.shown(info.artifactPath))
    }

    private static func servingInput(_ mlmodel: MLmodel, _ folder: Folder) throws -> ServingSample? {
        guard let path = mlmodel.inputExampleInfo?.servingInputPath,
            let region = try folder.region(path, limit: exampleByteLimit)
        else { return nil }
        return try ServingSample.servingInput(region, file: folder.shown(path))
    }

    private static func environment(_ mlmodel: MLmodel, _ folder: Folder) throws -> PythonEnvironment {
        try PythonEnvironment.read(
            requirements: folder.file("requirements.txt"),
            pythonEnv: folder.file(mlmodel.pythonEnvironmentFile ?? "python_env.yaml"),
            conda: folder.file(mlmodel.condaFile ?? "conda.yaml"), flavorPythonVersion: mlmodel.pythonVersion)
    }
}
