import Diagnostics
import FileTrees
import Hashing
public import Platform

/// A model in an archive on this machine: `.tar`, `.tar.gz`, `.tar.zst`, `.tar.xz` or `.zip`, whatever the file is called.
public enum ArchiveSource {
    /// Whether `path` names a regular file that is an archive or something compressed, also of a kind that we then refuse.
    ///
    /// - Throws: `RegistryError` of kind `.disk` when it cannot be read.
    public static func isArchive(_ path: String) throws(RegistryError) -> Bool {
        do {
            return try ArchiveFormat.recognise(at: path) != .none
        } catch { throw RegistryError(disk: error.diagnostic) }
    }

    /// Unpacks the model in the archive at `path` into `folder`, an empty scratch folder that the caller removes.
    ///
    /// The model is all of the archive, or all of its one top folder. What macOS adds in `__MACOSX` is left out.
    ///
    /// - Returns: the model with the paths of its files below `folder`.
    /// - Throws: `RegistryError` of kind `.listing` for an archive that is refused, before anything is written; of kind
    ///   `.notAModel` when it holds no model or more than one, of kind `.notFound`, `.disk`.
    public static func read(
        _ path: String, into folder: borrowing DirectoryAnchor
    ) throws(RegistryError) -> LocalModel {
        try read(path, into: folder, shownPath: folder.path, isDurable: false)
    }

    /// Unpacks the model in the archive at `path` into the new folder `target`, which appears complete or not at all.
    ///
    /// - Throws: as `read(_:into:)`; `.disk` when `target` exists.
    public static func extract(_ path: String, to target: String) throws(RegistryError) -> LocalModel {
        do {
            return try AtomicOutput.writeDirectory(at: target, existing: .refuse, isDurable: true) { folder in
                try read(path, into: folder, shownPath: target, isDurable: true)
            }
        } catch let error as RegistryError {
            throw error
        } catch {
            throw RegistryError(disk: Diagnostic.wrapping(error))
        }
    }

    private static func read(
        _ path: String, into folder: borrowing DirectoryAnchor, shownPath: String, isDurable: Bool
    ) throws(RegistryError) -> LocalModel {
        do {
            var reader = try ArchiveReader.open(path)
            let root = try ModelRoot.find(reader.files.map(\.path), in: path)
            try DiskSpace.check(
                folder.number, needed: reader.totalByteCount, shownPath, doing: "unpack `\(escaped(path, limit: 1000))`"
            )
            var identity = SourceIdentity(kind: .archive, reference: fileName(path))
            identity.archiveDigest = try "sha256:" + reader.digest().hex
            let tree = try reader.extract(into: folder, shownPath: shownPath, isDurable: isDurable) { root.place($0) }
            return LocalModel(tree: tree, identity: identity)
        } catch let error as RegistryError {
            throw error
        } catch let error as FileTreeError {
            throw RegistryError(archive: error)
        } catch { throw RegistryError(disk: Diagnostic.wrapping(error)) }
    }

    private static func fileName(_ path: String) -> String {
        path.split(separator: "/").last.map(String.init) ?? "archive"
    }
}

/// Where in an archive the model lies.
struct ModelRoot: Equatable {
    private static let ignored: RelativePath = "__MACOSX"

    /// The top folder; nil when the archive itself is the model.
    let folder: RelativePath?

    /// The one folder with an `MLmodel`, at the top or one below it.
    static func find(_ paths: [RelativePath], in archive: String) throws(RegistryError) -> ModelRoot {
        if paths.contains("MLmodel") { return ModelRoot(folder: nil) }
        let paths = paths.filter { $0.relative(to: ignored) == nil }
        let tops = Set(paths.map { $0.components[0] }).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        let shown = escaped(archive, limit: 1000)
        guard !tops.isEmpty else {
            throw RegistryError(.notAModel, "cannot use `\(shown)` as a model: it holds no files")
        }
        let start = "cannot use `\(shown)` as a model: "
        guard let top = tops.first, tops.count == 1 else {
            let names = tops.prefix(5).map { "`\($0)`" }.joined(separator: ", ")
            throw RegistryError(
                .notAModel, start + "it has no file `MLmodel` at its top, and more than one file or folder there",
                details: ["it holds \(names)\(tops.count > 5 ? " and \(tops.count - 5) more" : "")"],
                hints: ["pack one model: `tar -czf model.tar.gz -C FOLDER .`"])
        }
        guard let folder = paths.first(where: { $0.name == "MLmodel" && $0.parent?.text == top })?.parent else {
            let nested = paths.first { $0.name == "MLmodel" }
            throw RegistryError(
                .notAModel, start + "it has no file `MLmodel` at its top or in its top folder `\(top)`",
                details: nested.map { ["it has one at `\($0)`"] } ?? [],
                hints: ["pack the folder that holds `MLmodel`: `tar -czf model.tar.gz -C FOLDER .`"])
        }
        return ModelRoot(folder: folder)
    }

    /// Where a file of the archive goes; nil for one that is no part of the model.
    func place(_ path: RelativePath) -> RelativePath? {
        guard let folder else { return path.relative(to: Self.ignored) == nil ? path : nil }
        return path.relative(to: folder)
    }
}

extension RegistryError {
    /// Why an archive was refused, or what the file system says.
    fileprivate init(archive error: FileTreeError) {
        guard error.kind != .system else {
            self.init(disk: error.diagnostic)
            return
        }
        let cause = error.diagnostic
        self.init(.listing, cause.summary, place: cause.place, details: cause.details, hints: cause.hints)
    }
}
