public import Bytes
import Diagnostics
public import FileTrees
public import Hashing
public import JSONText
import MLmodelFormat
import Registry

/// `audit/manifest.json`: what a context is, where it came from, why it is as it is, and every file of it.
///
/// The same context always has the same manifest: it holds no time, host, user or place on a disk.
public struct Manifest: Sendable {
    /// Where the manifest lies in a context.
    public static let path: RelativePath = "audit/manifest.json"
    /// The version of the manifest's own form.
    public static let format = 1
    /// Most bytes of a manifest.
    public static let byteLimit = 256 << 20

    /// One listed file.
    public struct File: Sendable, Equatable {
        /// Its path in the context.
        public let path: RelativePath
        /// Number of bytes.
        public let size: Int
        /// Its mode.
        public let mode: FileMode
        /// SHA-256 of its bytes.
        public let digest: SHA256Digest
    }

    /// The version of skiff that wrote it.
    public let toolVersion: String
    /// Every file of the context but the manifest, sorted by path.
    public let files: [File]
    /// `FileTree.digest` of those files.
    public let contextDigest: SHA256Digest
    /// The whole document.
    public let json: JSONObject

    /// The document for a context of `tree`, which must not hold a manifest yet.
    static func document(
        _ tree: FileTree, plan: ServingPlan, model: DescribedModel, scorer: ScorerBinary, parity: ParityRows?
    ) -> JSONValue {
        var source = model.identity.json.objectValue ?? [:]
        // The name of a folder says nothing of the model in it.
        if model.identity.kind == .folder { source["reference"] = nil }
        source["model_digest"] = .string("sha256:" + model.files.digest.hex)
        source["files"] = listing(model.files)
        let described: [(String, String?)] = [
            ("run_id", model.mlmodel.runID), ("model_id", model.mlmodel.modelID),
            ("model_uuid", model.mlmodel.modelUUID), ("created", model.mlmodel.utcTimeCreated),
        ]
        let mlmodel = described.compactMap { key, value in value.map { (key: key, value: JSONValue.string($0)) } }
        source["mlmodel"] = .object(JSONObject(mlmodel))
        var document: JSONObject = [
            "format": .int(format), "tool": ["name": "skiff", "version": .string(ToolVersion.text)],
            "source": .object(source), "decisions": .object(plan.json),
            "scorer": [
                "sha256": .string(scorer.entry.digest.hex), "size": .int(scorer.entry.size),
                "platform": .string(scorer.machine.platform),
            ],
            "context": [
                "digest": .string("sha256:" + tree.digest.hex), "files": .int(tree.count),
                "bytes": .int(tree.totalSize),
            ],
            "files": listing(tree),
        ]
        if let parity { document["parity"] = ParityBundle.json(parity, plan) }
        return .object(document)
    }

    private static func listing(_ tree: FileTree) -> JSONValue {
        .array(
            tree.files.map { path, entry in
                [
                    "path": .string(path.text), "size": .int(entry.size), "mode": .string(entry.mode.octal),
                    "sha256": .string(entry.digest.hex),
                ]
            })
    }

    /// Reads a manifest.
    ///
    /// - Parameter file: how messages call it.
    /// - Throws: `JSONError` for text that is not JSON; `ContextsError` of kind `.manifest` for JSON that is no manifest of
    ///   a form this version knows, or whose digest is not that of its own list.
    public static func parse(_ region: ByteRegion, file: String) throws -> Manifest {
        let document = try JSONText.parse(region, limits: .document)
        func fail(_ reason: String) -> ContextsError {
            ContextsError(.manifest, "cannot read the manifest `\(escaped(file, limit: 1000))`: \(reason)")
        }
        guard document["tool"]?["name"]?.stringValue == "skiff", let object = document.objectValue else {
            throw fail("it is not one that skiff wrote")
        }
        guard let format = document["format"]?.intValue, let version = document["tool"]?["version"]?.stringValue else {
            throw fail("it does not say its format")
        }
        guard format == Self.format else {
            throw fail("it has format \(format), and this version of skiff reads format \(Self.format)")
        }
        guard let digest = document["context"]?["digest"]?.stringValue.flatMap(Self.digest) else {
            throw fail("it does not say the digest of the context")
        }
        guard let rows = document["files"]?.arrayValue else { throw fail("it lists no files") }
        var files: [File] = []
        for (index, row) in rows.enumerated() {
            guard let item = try Self.file(row) else { throw fail("entry \(index) of its list is not complete") }
            files.append(item)
        }
        return Manifest(toolVersion: version, files: files, contextDigest: digest, json: object)
    }

    private static func digest(_ text: String) -> SHA256Digest? {
        text.hasPrefix("sha256:") ? SHA256Digest(hex: String(text.dropFirst("sha256:".count))) : nil
    }

    private static func file(_ row: JSONValue) throws(FileTreeError) -> File? {
        guard let path = row["path"]?.stringValue, let size = row["size"]?.intValue, size >= 0,
            let octal = row["mode"]?.stringValue, let hex = row["sha256"]?.stringValue,
            let mode = [FileMode.regular, .executable].first(where: { $0.octal == octal }),
            let digest = SHA256Digest(hex: hex)
        else { return nil }
        return File(path: try RelativePath(path), size: size, mode: mode, digest: digest)
    }

    /// The listed files as a tree: paths, modes, sizes and digests, but no bytes that could be read.
    ///
    /// - Throws: `FileTreeError` when the list names a path twice.
    public func tree() throws(FileTreeError) -> FileTree {
        var tree = FileTree()
        for file in files {
            let contents = FileContents.file(path: file.path.text, size: file.size, digest: file.digest)
            try tree.add(file.path, FileEntry(contents, mode: file.mode))
        }
        return tree
    }
}
