import Diagnostics
public import HTTPTransport
public import Hashing
import Platform

/// Brings many objects into one folder.
public enum Downloader {
    /// Downloads `objects` below `folder`, which exists; each has its listed size and checksums when this returns.
    ///
    /// On an error what has come so far stays in the folder. Blocks; calls `progress` on this thread.
    ///
    /// - Parameter task: what this is for, after "cannot": "download `models:/churn/3`".
    /// - Returns: the SHA-256 of each object, in their order.
    /// - Throws: `TransferError`, `HTTPError`, `FileError`, or what an object's access throws.
    public static func run(
        _ objects: [RemoteObject], into folder: String, options: TransferOptions, http: HTTPSettings,
        doing task: String, progress: (TransferProgress) -> Void
    ) throws -> [SHA256Digest] {
        var session = try HTTPSession(settings: http)
        let anchor = try DirectoryAnchor.open(folder)
        var state = State(total: objects.reduce(0) { $0 + $1.size }, count: objects.count)
        return try objects.map { object in
            let digest = try download(object, anchor, &session, isDurable: options.isDurable, task, &state, progress)
            state.files += 1
            progress(state.report(object.name))
            return digest
        }
    }

    fileprivate struct State {
        let total: Int
        let count: Int
        var bytes = 0
        var files = 0

        func report(_ name: String) -> TransferProgress {
            TransferProgress(name: name, doneBytes: bytes, totalBytes: total, doneFiles: files, totalFiles: count)
        }
    }

    private static func download(
        _ object: RemoteObject, _ anchor: borrowing DirectoryAnchor, _ session: inout HTTPSession, isDurable: Bool,
        _ task: String, _ state: inout State, _ progress: (TransferProgress) -> Void
    ) throws -> SHA256Digest {
        let slash = object.destination.lastIndex(of: "/")
        let parent = slash.map { String(object.destination[..<$0]) } ?? ""
        let name =
            slash.map { String(object.destination[object.destination.index(after: $0)...]) } ?? object.destination
        let task = "\(task): cannot read `\(escaped(object.name))`"
        let file =
            if parent.isEmpty { try anchor.createFile(name) } else {
                try anchor.makeDirectories(at: parent).createFile(name)
            }
        let receiver = ObjectReceiver(object, file, task)
        let before = state.bytes
        do { try receive(object, receiver, &session) } catch let error as HTTPError where error.kind != .cancelled {
            throw TransferError(error, doing: task)
        }
        state.bytes = before + object.size
        return try receiver.finish(isDurable: isDurable)
    }

    private static func receive(
        _ object: RemoteObject, _ receiver: ObjectReceiver, _ session: inout HTTPSession
    ) throws {
        guard object.size > 0 || !object.isSizeListed else { return }
        var renewals = 0
        var isSecond = false
        while true {
            var signed: HTTPResponse?
            if let request = try object.access.signRequest() {
                let answer = try session.send(request, bodyLimit: 1 << 20)
                guard answer.head.isSuccess else {
                    try renew(object, answer, .sign, &renewals, receiver.task)
                    continue
                }
                signed = answer
            }
            let request = try object.access.readRequest(signed: signed)
            receiver.place = Place(file: request.url.description, note: request.method.rawValue)
            do {
                let answer = try session.send(request, to: receiver)
                guard answer.head.isSuccess else {
                    try renew(object, answer, .read, &renewals, receiver.task)
                    continue
                }
                try receiver.checkComplete()
                return
            } catch is TransferError where !isSecond {
                isSecond = true
            }
        }
    }

    private static let renewalLimit = 5

    private static func renew(
        _ object: RemoteObject, _ answer: HTTPResponse, _ stage: ObjectStage, _ renewals: inout Int, _ task: String
    ) throws {
        switch try object.access.judge(answer, stage: stage) {
        case .renew:
            renewals += 1
            guard renewals <= renewalLimit else {
                throw TransferError("cannot \(task): its address expired \(renewalLimit) times")
            }
        }
    }
}
