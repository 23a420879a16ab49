import Diagnostics
import Glibc
import HTTPTransport
import Hashing
import Platform

/// Writes the body of an answer to a file, counts and hashes it.
final class FileDownload: BodyReceiver {
    private let expected: RemoteFile
    private let file: FileDescriptor
    private let task: String
    private let progress: (Int) -> Void
    private var stream: SHA256Stream? = SHA256Stream()
    private var byteCount = 0
    private var isPage = false
    private var place: Place?

    /// - Parameter progress: gets the bytes of each piece, and a negative number when a download begins again.
    init(
        _ expected: RemoteFile, _ file: consuming FileDescriptor, _ task: String, progress: @escaping (Int) -> Void
    ) {
        self.expected = expected
        self.file = file
        self.task = task
        self.progress = progress
    }

    func begin(_ head: HTTPResponseHead) throws {
        if byteCount > 0 {
            progress(-byteCount)
            byteCount = 0
            stream = SHA256Stream()
            guard ftruncate(file.number, 0) == 0, lseek(file.number, 0, SEEK_SET) == 0 else {
                throw FileError("write", file.path, .system(errno))
            }
        }
        isPage = head.mediaType == "text/html"
        guard head.status == 200 else {
            throw RegistryError(.answer, "cannot \(task): the server answers with status \(head.status) and not 200")
        }
        if let length = head.contentLength, length != expected.size { throw wrongSize(length) }
    }

    func receive(_ bytes: UnsafeRawBufferPointer) throws {
        guard byteCount + bytes.count <= expected.size else { throw wrongSize(byteCount + bytes.count, orMore: true) }
        try file.write(bytes)
        stream?.update(bytes)
        byteCount += bytes.count
        progress(bytes.count)
    }

    /// - Throws: `RegistryError` of kind `.transfer` when fewer bytes came than were listed: an answer without a length
    ///   that ends early looks complete to HTTP.
    func checkComplete(_ response: HTTPResponse) throws(RegistryError) {
        guard byteCount == expected.size else { throw wrongSize(byteCount) }
    }

    /// The digest of what was written.
    func finish(isDurable: Bool) throws(FileError) -> SHA256Digest {
        if isDurable { try file.synchronize() }
        guard let stream = stream.take() else { preconditionFailure("a download is finished twice") }
        return stream.finish()
    }

    private func wrongSize(_ count: Int, orMore: Bool = false) -> RegistryError {
        let url = expected.store.request(for: expected.key).url
        let more = orMore ? "at least " : ""
        return RegistryError(
            .transfer,
            "cannot \(task): the server lists it with \(grouped(expected.size)) bytes and sends \(more)\(grouped(count))",
            place: Place(file: url.description, note: "GET"),
            hints: isPage
                ? ["it sends a web page: is there a login page or a proxy between?"]
                : ["try again; when it stays so, the file is damaged in the server's storage"])
    }
}
