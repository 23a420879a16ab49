import Diagnostics
public import FileTrees
import Glibc
import HTTPTransport
import Hashing
import Platform
import Synchronization

/// How a model is brought here.
public struct FetchOptions: Sendable, Equatable {
    /// How many files are read at the same time.
    public var connections: Int
    /// Whether every file is on the disk, and not only in the system's memory, before the folder gets its name.
    public var isDurable: Bool

    /// States both: a folder that is thrown away soon need not be durable.
    public init(connections: Int, isDurable: Bool) {
        self.connections = connections
        self.isDurable = isDurable
    }
}

/// How far a download is.
public struct FetchProgress: Sendable, Equatable {
    /// The file that moved last.
    public let file: RelativePath
    /// Bytes of the whole model that have come.
    public let doneBytes: Int
    /// Bytes of the whole model.
    public let totalBytes: Int
    /// Files that are complete.
    public let doneFiles: Int
    /// Files of the model.
    public let totalFiles: Int
}

/// Brings a model from a server to the disk.
public enum Fetcher {
    /// Downloads every file of `model` into the folder `folder`, which must not exist; its parent must.
    ///
    /// The folder appears complete or not at all: files are written under temporary names into a folder beside it, each is
    /// compared with its listed size and hashed on the way, and only then named. A file that came with another size is
    /// asked for once more.
    ///
    /// Blocks the calling thread; works on `options.connections` threads of its own.
    ///
    /// - Parameter progress: called on those threads, never two at a time, after each piece.
    /// - Returns: the model with the paths of its files below `folder`.
    /// - Throws: `RegistryError`.
    public static func fetch(
        _ model: ResolvedModel, into folder: String, options: FetchOptions,
        progress: @escaping @Sendable (FetchProgress) -> Void
    ) throws(RegistryError) -> LocalModel {
        let task = "download `\(escaped(model.identity.reference))`"
        do {
            let digests = try AtomicOutput.writeDirectory(at: folder, existing: .refuse, isDurable: options.isDurable) {
                anchor in
                try checkSpace(anchor, model, folder, task)
                do {
                    return try download(model, into: anchor, options, task, progress)
                } catch let error as FileError {
                    // The person knows the folder, not the temporary names in it.
                    throw RegistryError(
                        disk: FileError(error.verb, folder, error.kind).diagnostic,
                        details: ["the model has \(grouped(model.totalSize)) bytes in \(model.files.count) files"])
                }
            }
            var tree = FileTree()
            for (file, digest) in zip(model.files, digests) {
                let path = joined(folder.hasSuffix("/") ? String(folder.dropLast()) : folder, file.path.text)
                try tree.add(file.path, FileEntry(.file(path: path, size: file.size, digest: digest)))
            }
            return LocalModel(tree: tree, identity: model.identity)
        } catch let error as RegistryError {
            throw error
        } catch let error as FileError {
            throw RegistryError(disk: error.diagnostic)
        } catch {
            throw RegistryError(disk: Diagnostic.wrapping(error))
        }
    }

    private static func checkSpace(
        _ anchor: borrowing DirectoryAnchor, _ model: ResolvedModel, _ folder: String, _ task: String
    ) throws(RegistryError) {
        guard let free = freeBytes(anchor) else { return }
        let needed = model.totalSize + model.totalSize / 20
        guard free < needed else { return }
        throw RegistryError(
            .disk,
            "cannot \(task): it needs \(grouped(needed)) bytes, and the disk of `\(escaped(folder, limit: 1000))` has "
                + "\(grouped(free)) left",
            hints: ["free some space there (`df -h` shows it), or choose a folder on another disk"])
    }

    /// Bytes that we may still write; nil when the file system does not say.
    private static func freeBytes(_ anchor: borrowing DirectoryAnchor) -> Int? {
        var status = statvfs()
        guard fstatvfs(anchor.number, &status) == 0 else { return nil }
        let (bytes, overflow) = Int(status.f_bavail).multipliedReportingOverflow(by: Int(status.f_frsize))
        return overflow ? nil : bytes
    }

    /// - Returns: the digests in the order of `model.files`.
    private static func download(
        _ model: ResolvedModel, into anchor: borrowing DirectoryAnchor, _ options: FetchOptions, _ task: String,
        _ progress: @escaping @Sendable (FetchProgress) -> Void
    ) throws -> [SHA256Digest] {
        let run = FetchRun(model, folder: anchor.path, isDurable: options.isDurable, task: task, progress)
        try Threads.run(min(max(options.connections, 1), max(model.files.count, 1))) { run.work() }
        let digests = try run.result()
        if options.isDurable {
            var tree = FileTree()
            for file in model.files { try tree.add(file.path, bytes: []) }
            for folder in tree.folders.reversed() { try anchor.makeDirectories(at: folder.text).synchronize() }
        }
        return digests
    }
}

/// One download: what is left to do, and what has been done, shared by its threads.
private final class FetchRun: Sendable {
    private struct State {
        /// Positions in `files`, the next one last.
        var waiting: [Int]
        var digests: [SHA256Digest?]
        var failure: (any Error)?
        var doneBytes = 0
        var doneFiles = 0
    }

    private let files: [RemoteFile]
    private let totalBytes: Int
    private let http: HTTPSettings
    private let folder: String
    private let isDurable: Bool
    private let task: String
    private let progress: @Sendable (FetchProgress) -> Void
    private let state: Mutex<State>

    init(
        _ model: ResolvedModel, folder: String, isDurable: Bool, task: String,
        _ progress: @escaping @Sendable (FetchProgress) -> Void
    ) {
        files = model.files
        totalBytes = model.totalSize
        http = model.http
        self.folder = folder
        self.isDurable = isDurable
        self.task = task
        self.progress = progress
        // Large files first: none of them shall begin when all others are done.
        let order = model.files.indices.sorted { (model.files[$0].size, $1) < (model.files[$1].size, $0) }
        state = Mutex(State(waiting: order, digests: Array(repeating: nil, count: files.count)))
    }

    /// What one thread does: takes files until none is left or one has failed.
    func work() {
        do {
            var settings = http
            let isCancelled = http.isCancelled
            settings.isCancelled = { [self] in isCancelled() || state.withLock { $0.failure != nil } }
            var session = try HTTPSession(settings: settings)
            let anchor = try DirectoryAnchor.open(folder)
            while let index = next() {
                let file = files[index]
                let digest = try download(file, number: index, anchor, &session)
                state.withLock { state in
                    state.digests[index] = digest
                    state.doneFiles += 1
                    report(file.path, 0, &state)
                }
            }
        } catch {
            state.withLock { $0.failure = $0.failure ?? error }
        }
    }

    /// - Throws: the first failure.
    func result() throws -> [SHA256Digest] {
        let (failure, digests) = state.withLock { ($0.failure, $0.digests) }
        if let failure = failure as? HTTPError { throw RegistryError(failure, doing: task) }
        if let failure { throw failure }
        return digests.compactMap { $0 }
    }

    private func next() -> Int? {
        state.withLock { $0.failure == nil ? $0.waiting.popLast() : nil }
    }

    private func report(_ file: RelativePath, _ byteCount: Int, _ state: inout State) {
        state.doneBytes += byteCount
        progress(
            FetchProgress(
                file: file, doneBytes: state.doneBytes, totalBytes: totalBytes, doneFiles: state.doneFiles,
                totalFiles: files.count))
    }

    private func download(
        _ file: RemoteFile, number: Int, _ anchor: borrowing DirectoryAnchor, _ session: inout HTTPSession
    ) throws -> SHA256Digest {
        let task = "\(task): cannot read `\(file.path)`"
        // Such a name cannot be listed: FileTree would have to hold 100,000 files more.
        let temporaryName = ".skiff-\(number).part"
        let receiver = FileDownload(file, try anchor.createFile(temporaryName), task) { [self] count in
            state.withLock { report(file.path, count, &$0) }
        }
        try receive(file, receiver, &session, task)
        let digest = try receiver.finish(isDurable: isDurable)
        if let parent = file.path.parent {
            let target = try anchor.makeDirectories(at: parent.text)
            try anchor.rename(temporaryName, to: file.path.name, in: target, existing: .refuse)
        } else {
            try anchor.rename(temporaryName, to: file.path.name, in: anchor, existing: .refuse)
        }
        return digest
    }

    /// Fills `receiver`; an answer of a wrong size is asked for once more.
    private func receive(
        _ file: RemoteFile, _ receiver: FileDownload, _ session: inout HTTPSession, _ task: String
    ) throws {
        for isLast in [false, true] {
            do {
                let response = try session.send(file.store.request(for: file.key), to: receiver)
                guard response.head.isSuccess else { throw ServerAnswer(response).error(doing: task) }
                try receiver.checkComplete(response)
                return
            } catch let error as HTTPError {
                throw RegistryError(error, doing: task)
            } catch let error as RegistryError where error.kind == .transfer && !isLast {
                continue
            }
        }
    }
}
