public import HTTPTransport
public import Hashing

/// Brings many objects into one folder.
public enum Downloader {
    /// Downloads `objects` below `folder`, which exists; each has its listed size and checksums when this returns.
    ///
    /// Objects come side by side; a large one comes in parts, once its server has shown that it gives parts. What was cut is gone
    /// on with at the byte that was reached, as long as the server says that it is still the same version; what is not as listed
    /// is read once more, and then an error. Every object is hashed as it comes.
    ///
    /// On an error what has come stays in the folder; with a journal the next run goes on there, whatever ended this one. Blocks;
    /// calls `progress` and every `ObjectAccess` on this thread.
    ///
    /// - Parameter task: what this is for, after "cannot": "download `models:/churn/3`".
    /// - Returns: the SHA-256 of each object, in their order.
    /// - Throws: `TransferError`, `FileError`, what an object's access throws, and `HTTPError` of kind `.cancelled` within a second
    ///   of the cancellation, or `.settings` when libcurl does not start.
    public static func run(
        _ objects: [RemoteObject], into folder: String, options: TransferOptions, http: HTTPSettings,
        doing task: String, progress: @escaping (TransferProgress) -> Void
    ) throws -> [SHA256Digest] {
        // Not `withoutActuallyEscaping`: there the compiler (6.3) writes the length of this file's path into the code, and the
        // executable would depend on the folder of the checkout.
        try Download(objects, folder, options, http, task, progress).run()
    }
}
