import Diagnostics
import FileTrees
import Glibc
import HTTPTransport
import Hashing
import Platform
public import Transfers

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
public typealias FetchProgress = TransferProgress

/// Brings a model from a server to the disk.
public enum Fetcher {
    /// Downloads every file of `model` into the folder `folder`, which must not exist; its parent must.
    ///
    /// The folder appears complete or not at all: files are written under temporary names into a folder beside it, each is
    /// compared with its listed size and hashed on the way, and only then named. A file that came with another size is
    /// asked for once more.
    ///
    /// Blocks the calling thread.
    ///
    /// - Parameter progress: called on this thread.
    /// - Returns: the model with the paths of its files below `folder`.
    /// - Throws: `RegistryError`.
    public static func fetch(
        _ model: ResolvedModel, into folder: String, options: FetchOptions,
        progress: (FetchProgress) -> Void
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
        _ progress: (FetchProgress) -> Void
    ) throws -> [SHA256Digest] {
        let objects = model.files.map { file in
            RemoteObject(
                name: file.path.text, destination: file.path.text, size: file.size,
                isSizeListed: file.entry.size != nil, checksums: file.entry.checksums, version: file.entry.version,
                access: file.store.access(to: file.entry, doing: "\(task): cannot read `\(file.path)`"))
        }
        do {
            let digests = try Downloader.run(
                objects, into: anchor.path,
                options: TransferOptions(
                    connections: options.connections, isDurable: options.isDurable, journal: nil),
                http: model.http, doing: task, progress: progress)
            if options.isDurable {
                var tree = FileTree()
                for file in model.files { try tree.add(file.path, bytes: []) }
                for folder in tree.folders.reversed() { try anchor.makeDirectories(at: folder.text).synchronize() }
            }
            return digests
        } catch let error as HTTPError {
            throw RegistryError(error, doing: task)
        } catch let error as TransferError {
            throw RegistryError(transfer: error)
        }
    }
}
