public import FileTrees
import HTTPTransport

/// A model on a server, found and listed: exactly which one, and every file with its size. Nothing is downloaded yet.
public struct ResolvedModel {
    /// Which model it is.
    public let identity: SourceIdentity
    /// For people: which registry was asked, and why.
    public let notes: [String]
    let files: [RemoteFile]
    let http: HTTPSettings
    /// Whether its files never change.
    let isImmutable: Bool

    /// The files with their sizes in bytes, sorted by path; `MLmodel` is among them.
    public var listing: [(path: RelativePath, size: Int)] { files.map { ($0.path, $0.size) } }

    /// Sum of the sizes, in bytes.
    public var totalSize: Int { files.reduce(0) { $0 + $1.size } }
}
