import Credentials
import Diagnostics
import FileTrees
import Glibc
import HTTPTransport
import Hashing
import Platform
import Synchronization
public import Transfers

/// How a model is brought here.
public struct FetchOptions: Sendable, Equatable {
    /// How many files are read at the same time.
    public var connections: Int
    /// Whether the folder is to last: every file is on the disk, and not only in the system's memory, before the folder gets its
    /// name, and a download that ends early can go on. Without it nothing is left of a download that ends early.
    public var isDurable: Bool

    /// States both.
    public init(connections: Int, isDurable: Bool) {
        self.connections = connections
        self.isDurable = isDurable
    }
}

/// How far a download is.
public typealias FetchProgress = TransferProgress

/// Brings a model from a server to the disk.
public enum Fetcher {
    /// Downloads every file of `model` into the folder `folder`, which must not exist; its parent must.
    ///
    /// The folder appears complete or not at all. Until then the files are in a folder beside it, which only one process may
    /// have; with `options.isDurable` it stays after an error, a signal or a `kill -9`, and the next call goes on with what is
    /// there. Each file is compared with its listed size and digests; in the end the server is asked for the listing once more,
    /// and any difference is an error: models do not change.
    ///
    /// Blocks the calling thread.
    ///
    /// - Parameter progress: called on this thread.
    /// - Returns: the model with the paths of its files below `folder`.
    /// - Throws: `RegistryError`.
    public static func fetch(
        _ model: ResolvedModel, into folder: String, options: FetchOptions,
        progress: @escaping (FetchProgress) -> Void
    ) throws(RegistryError) -> LocalModel {
        let download = FolderDownload(model, folder, options)
        do {
            if let local = model.local { return try copy(local, into: folder, options) }
            let digests = options.isDurable ? try download.resumable(progress) : try download.passing(progress)
            var tree = FileTree()
            for (file, digest) in zip(model.files, digests) {
                let path = joined(folder.hasSuffix("/") ? String(folder.dropLast()) : folder, file.path.text)
                try tree.add(file.path, FileEntry(.file(path: path, size: file.size, digest: digest)))
            }
            return LocalModel(tree: tree, identity: model.identity)
        } catch let error as RegistryError {
            throw error
        } catch let error as CredentialsError {
            throw RegistryError(signIn: error.diagnostic, doing: download.task)
        } catch {
            throw RegistryError(disk: Diagnostic.wrapping(error))
        }
    }
}

extension Fetcher {
    /// Copies a model that is on this machine already; each file is compared with the digest that it had when it was found.
    private static func copy(_ model: LocalModel, into folder: String, _ options: FetchOptions) throws -> LocalModel {
        try AtomicOutput.writeDirectory(at: folder, existing: .refuse, isDurable: options.isDurable) { anchor in
            let writer = DirectoryWriter(time: WallClock.milliseconds() / 1000, shownPath: folder)
            do throws(FileTreeError) { try writer.write(model.tree, into: anchor) } catch {
                throw RegistryError(disk: error.diagnostic)
            }
        }
        var tree = FileTree()
        for (path, entry) in model.tree.files {
            let place = joined(folder.hasSuffix("/") ? String(folder.dropLast()) : folder, path.text)
            try tree.add(path, FileEntry(.file(path: place, size: entry.size, digest: entry.digest), mode: entry.mode))
        }
        return LocalModel(tree: tree, identity: model.identity)
    }
}

extension Fetcher {
    /// Downloads into a folder of the cache.
    static func download(
        _ model: ResolvedModel, _ partial: ModelCache.Partial, _ options: FetchOptions,
        _ progress: @escaping (FetchProgress) -> Void
    ) throws -> [SHA256Digest] {
        try FolderDownload(model, partial.folder, options).cached(partial, progress)
    }
}

/// One download into one folder.
private struct FolderDownload {
    private let model: ResolvedModel
    private let folder: String
    private let options: FetchOptions
    let task: String

    init(_ model: ResolvedModel, _ folder: String, _ options: FetchOptions) {
        self.model = model
        self.folder = folder
        self.options = options
        task = "download `\(escaped(model.identity.reference))`"
    }

    /// Into a folder of which nothing stays after an error.
    func passing(_ progress: @escaping (FetchProgress) -> Void) throws -> [SHA256Digest] {
        try AtomicOutput.writeDirectory(at: folder, existing: .refuse, isDurable: false) { anchor in
            try checkSpace(anchor, allocated: 0)
            let digests = try download(into: anchor, journal: nil, model.http, progress)
            try checkUnchanged()
            return digests
        }
    }

    /// Into a folder that stays after an error, for the next run.
    func resumable(_ progress: @escaping (FetchProgress) -> Void) throws -> [SHA256Digest] {
        let partial = try PartialFolder.open(for: folder, source: model.resumableSource, doing: task)
        let digests = try keeping(
            partial.tree(), journal: partial.journalPath, in: partial.path, allocated: partial.allocatedBytes(),
            discarding: { discard(partial) }, progress)
        try partial.commit()
        return digests
    }

    /// Into a folder of the cache, which stays after an error, for the next run.
    func cached(_ partial: ModelCache.Partial, _ progress: @escaping (FetchProgress) -> Void) throws -> [SHA256Digest] {
        try keeping(
            DirectoryAnchor.open(partial.folder), journal: partial.journal, in: partial.folder,
            allocated: partial.allocatedBytes,
            // Without its journal nobody goes on with what is there.
            discarding: { unlink(partial.journal) }, progress)
    }

    /// - Parameters:
    ///   - path: what people are told: where it is kept.
    ///   - discarding: called when nothing is worth keeping.
    private func keeping(
        _ tree: borrowing DirectoryAnchor, journal: String, in path: String, allocated: Int, discarding: () -> Void,
        _ progress: @escaping (FetchProgress) -> Void
    ) throws -> [SHA256Digest] {
        // For the thread that speaks after a signal.
        let done = Done(total: model.totalSize)
        let reference = escaped(model.identity.reference)
        var http = model.http
        let isCancelled = http.isCancelled
        http.isCancelled = { isCancelled() || Interruption.isRequested }
        do {
            return try Interruption.keeping({ done.note(reference, path) }) {
                done.bytes.store(allocated, ordering: .relaxed)
                try checkSpace(tree, allocated: allocated)
                let digests = try download(into: tree, journal: journal, http) { report in
                    done.bytes.store(report.doneBytes, ordering: .relaxed)
                    progress(report)
                }
                do throws(RegistryError) { try checkUnchanged() } catch {
                    // What has come belongs to no one version.
                    if error.kind == .listing { done.bytes.store(0, ordering: .relaxed) }
                    throw error
                }
                try synchronizeFolders(tree)
                return digests
            }
        } catch {
            let kept = done.bytes.load(ordering: .relaxed)
            guard kept > 0 else {
                discarding()
                throw error
            }
            guard let error = error as? RegistryError else { throw error }
            throw error.adding(hint: done.hint(path))
        }
    }

    /// The error that led here matters more than one of removing, which leaves an empty folder.
    private func discard(_ partial: borrowing PartialFolder) {
        do throws(FileError) { try partial.discard() } catch { return }
    }

    private final class Done: Sendable {
        let bytes = Atomic<Int>(0)
        private let total: Int

        init(total: Int) { self.total = total }

        /// What a person reads after a signal.
        func note(_ reference: String, _ path: String) -> String {
            let done = bytes.load(ordering: .relaxed)
            return "interrupted: downloading `\(reference)`; \(grouped(done)) of \(grouped(total)) bytes are kept in "
                + "`\(escaped(path, limit: 1000))`\nhint: the same command goes on from there\n"
        }

        func hint(_ path: String) -> String {
            "what has come is kept in `\(escaped(path, limit: 1000))`: the same command goes on from there"
        }
    }

    // MARK: Parts

    /// - Returns: the digests in the order of `model.files`.
    private func download(
        into anchor: borrowing DirectoryAnchor, journal: String?, _ http: HTTPSettings,
        _ progress: @escaping (FetchProgress) -> Void
    ) throws -> [SHA256Digest] {
        let objects = model.files.map { file in
            RemoteObject(
                name: file.path.text, destination: file.path.text, size: file.size,
                isSizeListed: file.entry.size != nil, checksums: file.entry.checksums, version: file.entry.version,
                access: file.store.access(to: file.entry, doing: "\(task): cannot read `\(file.path)`"))
        }
        do {
            return try Downloader.run(
                objects, into: anchor.path,
                options: TransferOptions(
                    connections: options.connections, isDurable: options.isDurable, journal: journal),
                http: http, doing: task, progress: progress)
        } catch let error as HTTPError {
            throw RegistryError(error, doing: task)
        } catch let error as TransferError {
            throw RegistryError(transfer: error)
        } catch let error as FileError {
            // The person knows the folder, not the temporary names in it.
            throw RegistryError(
                disk: FileError(error.verb, folder, error.kind).diagnostic,
                details: ["the model has \(grouped(model.totalSize)) bytes in \(model.files.count) files"])
        }
    }

    /// Lists the model once more.
    ///
    /// - Throws: `RegistryError` of kind `.listing` that names the first difference.
    private func checkUnchanged() throws(RegistryError) {
        let again = try Listing.files(of: model.stores, doing: task)
        guard let difference = Listing.difference(model.files, again) else { return }
        throw RegistryError(
            .listing, "cannot \(task): its files changed while they were downloaded", details: [difference],
            hints: ["try again once nobody writes to it any more; what came was thrown away"])
    }

    private func checkSpace(_ anchor: borrowing DirectoryAnchor, allocated: Int) throws(RegistryError) {
        guard let free = freeBytes(anchor) else { return }
        let needed = max(0, model.totalSize + model.totalSize / 20 - allocated)
        guard free < needed else { return }
        throw RegistryError(
            .disk,
            "cannot \(task): it needs \(grouped(needed)) bytes, and the disk of `\(escaped(folder, limit: 1000))` has "
                + "\(grouped(free)) left",
            hints: ["free some space there (`df -h` shows it), or choose a folder on another disk"])
    }

    /// Bytes that we may still write; nil when the file system does not say.
    private func freeBytes(_ anchor: borrowing DirectoryAnchor) -> Int? {
        var status = statvfs()
        guard fstatvfs(anchor.number, &status) == 0 else { return nil }
        let (bytes, overflow) = Int(status.f_bavail).multipliedReportingOverflow(by: Int(status.f_frsize))
        return overflow ? nil : bytes
    }

    private func synchronizeFolders(_ anchor: borrowing DirectoryAnchor) throws {
        var tree = FileTree()
        for file in model.files { try tree.add(file.path, bytes: []) }
        for folder in tree.folders.reversed() { try anchor.makeDirectories(at: folder.text).synchronize() }
        try anchor.synchronize()
    }
}
