public import FileTrees

/// A model whose files are all on this machine, every digest known, and where it came from.
public struct LocalModel: Sendable {
    /// The model's files, with `MLmodel` at the top.
    public let tree: FileTree
    /// Which model it is.
    public let identity: SourceIdentity
}
