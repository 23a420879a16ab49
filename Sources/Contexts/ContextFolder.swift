import Diagnostics
public import FileTrees
import Platform

/// A context on disk, compared with what its manifest says.
public struct ContextFolder: Sendable {
    /// How the person calls the folder.
    public let path: String
    /// The manifest.
    public let manifest: Manifest
    /// Every file but the manifest.
    public let files: FileTree
    /// From what the manifest lists to what is there.
    public let difference: TreeDifference
    /// Whether the digest in the manifest is that of its own list.
    public let isListSound: Bool

    /// Whether everything is as the manifest says.
    public var isVerified: Bool { difference.isEmpty && isListSound }

    /// Whether the folder at `path` has a manifest at the place where contexts have theirs.
    ///
    /// - Throws: when the folder cannot be looked into.
    public static func hasManifest(_ path: String) throws -> Bool {
        try FileStatus.of("\(path)/\(Manifest.path)", followsLinks: false)?.kind == .file
    }

    /// Reads every file of the context at `path`.
    ///
    /// - Throws: `ContextsError` of kind `.manifest` when it has no manifest or none that can be read; `FileTreeError` for a
    ///   link, a pipe or an unreadable file.
    public static func read(_ path: String) throws -> ContextFolder {
        let kind = try FileStatus.of(path)?.kind
        guard kind == .directory else {
            throw ContextsError(
                .manifest,
                "cannot read the context `\(escaped(path, limit: 1000))`: "
                    + (kind == nil ? "there is no such folder" : "it is not a folder"))
        }
        guard try hasManifest(path) else {
            throw ContextsError(
                .manifest, "cannot read the context `\(escaped(path, limit: 1000))`: it has no file `\(Manifest.path)`",
                hints: ["a context is what `skiff pack` writes"])
        }
        let all = try DirectoryReader.read(path)
        guard let entry = all[Manifest.path], entry.size <= Manifest.byteLimit else {
            throw ContextsError(
                .manifest,
                "cannot read the manifest of `\(escaped(path, limit: 1000))`: it has more than \(grouped(Manifest.byteLimit)) bytes"
            )
        }
        let manifest = try Manifest.parse(entry.region(), file: "\(path)/\(Manifest.path)")
        let listed = try manifest.tree()
        let files = all.filter { $0 != Manifest.path }
        return ContextFolder(
            path: path, manifest: manifest, files: files, difference: TreeDifference(from: listed, to: files),
            isListSound: listed.digest == manifest.contextDigest)
    }
}
