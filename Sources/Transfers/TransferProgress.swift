/// How far a download is.
public struct TransferProgress: Sendable, Equatable {
    /// The object that moved last.
    public let name: String
    /// Bytes of all objects that have come; goes back when an answer was void.
    public let doneBytes: Int
    /// Bytes of all objects.
    public let totalBytes: Int
    /// Objects that are complete.
    public let doneFiles: Int
    /// All objects.
    public let totalFiles: Int
}
