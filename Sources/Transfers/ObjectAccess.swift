public import HTTPTransport

/// Which of the two requests towards an object was answered.
public enum ObjectStage: Sendable, Equatable {
    /// The one that asks where the bytes are.
    case sign
    /// The one that reads them.
    case read
}

/// What an answer that is no success means for the object.
public enum ObjectVerdict: Sendable, Equatable {
    /// The address or the credential has expired: ask again from `signRequest`, then go on at the byte that was reached.
    case renew
}

/// How the bytes of one remote object are reached.
///
/// Called on the thread that downloads, and on no other. A method may block for what is rare: a token that must be refreshed, one
/// answer with the addresses of many objects.
public protocol ObjectAccess {
    /// The request whose answer says where the bytes are; nil when `readRequest` needs none.
    func signRequest() throws -> HTTPRequest?
    /// The request that reads the whole object; `Range` and `If-Range` are added to it.
    ///
    /// - Parameter signed: the 2xx answer to `signRequest`, asked again after each renewal; nil when that gave no request.
    func readRequest(signed: HTTPResponse?) throws -> HTTPRequest
    /// What to do about an answer that is neither 2xx nor one that is retried anyway (408, 429, 500, 502, 503, 504).
    ///
    /// - Throws: the error for the person when the object cannot be had.
    func judge(_ answer: HTTPResponse, stage: ObjectStage) throws -> ObjectVerdict
}

/// A digest that the storage states for a whole object.
public enum ObjectChecksum: Sendable, Hashable {
    /// 16 bytes.
    case md5([UInt8])
    /// Castagnoli's polynomial, as Google's storage gives it.
    case crc32c(UInt32)
    /// 32 bytes.
    case sha256([UInt8])
}

/// One object to bring, and where to.
public struct RemoteObject {
    /// For people: the file's path in the model.
    public let name: String
    /// A checked relative path below the folder that it is brought to.
    public let destination: String
    /// Bytes, as listed.
    public let size: Int
    /// False when the listing leaves the size out, as MLflow's does for empty files; `size` is 0 then, and the body must be empty.
    public let isSizeListed: Bool
    /// What the listing says of the contents.
    public let checksums: [ObjectChecksum]
    /// The listing's ETag, generation or time of change; nil when it has none. Part of what must be the same to go on later.
    public let version: String?
    /// The way to its bytes.
    public let access: any ObjectAccess

    /// States everything.
    public init(
        name: String, destination: String, size: Int, isSizeListed: Bool, checksums: [ObjectChecksum], version: String?,
        access: any ObjectAccess
    ) {
        self.name = name
        self.destination = destination
        self.size = size
        self.isSizeListed = isSizeListed
        self.checksums = checksums
        self.version = version
        self.access = access
    }
}
