import Diagnostics
import Glibc
import HTTPTransport
import Hashing
import Platform

/// Writes the body of an answer to a file, counts and hashes it.
final class ObjectReceiver: BodyReceiver {
    let task: String
    /// The request whose answer comes next.
    var place: Place?
    private let object: RemoteObject
    private let file: FileDescriptor
    private var stream: SHA256Stream? = SHA256Stream()
    private var byteCount = 0
    private var isPage = false

    init(_ object: RemoteObject, _ file: consuming FileDescriptor, _ task: String) {
        self.object = object
        self.file = file
        self.task = task
    }

    func begin(_ head: HTTPResponseHead) throws {
        if byteCount > 0 {
            byteCount = 0
            stream = SHA256Stream()
            guard ftruncate(file.number, 0) == 0, lseek(file.number, 0, SEEK_SET) == 0 else {
                throw FileError("write", file.path, .system(errno))
            }
        }
        isPage = head.mediaType == "text/html"
        guard head.status == 200 else {
            throw TransferError("cannot \(task): the server answers with status \(head.status) and not 200")
        }
        if let length = head.contentLength, length != object.size { throw wrongSize(length) }
    }

    func receive(_ bytes: UnsafeRawBufferPointer) throws {
        guard byteCount + bytes.count <= object.size else { throw wrongSize(byteCount + bytes.count, orMore: true) }
        try file.write(bytes)
        stream?.update(bytes)
        byteCount += bytes.count
    }

    /// - Throws: when fewer bytes came than were listed: an answer without a length that ends early looks complete to HTTP.
    func checkComplete() throws(TransferError) {
        guard byteCount == object.size else { throw wrongSize(byteCount) }
    }

    func finish(isDurable: Bool) throws(FileError) -> SHA256Digest {
        if isDurable { try file.synchronize() }
        guard let stream = stream.take() else { preconditionFailure("a download is finished twice") }
        return stream.finish()
    }

    private func wrongSize(_ count: Int, orMore: Bool = false) -> TransferError {
        let more = orMore ? "at least " : ""
        return TransferError(
            "cannot \(task): the server lists it with \(grouped(object.size)) bytes and sends \(more)\(grouped(count))",
            place: place,
            hints: isPage
                ? ["it sends a web page: is there a login page or a proxy between?"]
                : ["try again; when it stays so, the file is damaged in the server's storage"])
    }
}
