public import Contexts
import FileTrees
import Hashing
public import JSONText

/// What `skiff verify` found: one value, as text and as JSON.
public struct VerifyReport: Sendable {
    private let folder: ContextFolder

    /// Makes the report of a context that was read.
    public init(_ folder: ContextFolder) {
        self.folder = folder
    }

    /// Whether the context is exactly what its manifest says.
    public var isVerified: Bool { folder.isVerified }

    /// One line for each difference, then the verdict; ends with a line feed.
    public var text: String {
        var lines = folder.difference.items.map { "\($0.path): \($0.change.words)" }
        if !folder.isListSound { lines.append("\(Manifest.path): its digest is not that of its own list") }
        let digest = "sha256:\(folder.manifest.contextDigest.hex)"
        if isVerified {
            lines.append("verified: \(folder.files.count) files and the manifest, \(digest)")
        } else {
            lines.append(
                "not verified: \(lines.count) \(lines.count == 1 ? "difference" : "differences") to the manifest")
        }
        return lines.map { $0 + "\n" }.joined()
    }

    /// `verified`, `digest` as the manifest has it, and `differences` with `path` and `change`.
    public var json: JSONObject {
        [
            "verified": .bool(isVerified), "digest": .string("sha256:" + folder.manifest.contextDigest.hex),
            "files": .int(folder.files.count), "manifest_sound": .bool(folder.isListSound),
            "differences": .array(
                folder.difference.items.map {
                    ["path": .string($0.path.text), "change": .string($0.change.rawValue)]
                }),
        ]
    }
}
