/// The file that a model was converted from, recorded in the `.skiff` file.
public struct SourceArtefact: Sendable, Equatable {
    /// The SHA-256 of the artefact's bytes; 32 bytes.
    public var sha256: [UInt8]
    /// The artefact's name inside the model folder: `model.pkl`.
    public var name: String
    /// What wrote it, in words: `scikit-learn 1.7.2`.
    public var library: String

    /// Makes an identity; `ModelBuilder.finish` refuses a digest that is not 32 bytes long.
    public init(sha256: [UInt8], name: String, library: String) {
        self.sha256 = sha256
        self.name = name
        self.library = library
    }
}
