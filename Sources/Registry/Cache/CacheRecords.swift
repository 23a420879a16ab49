import Diagnostics
import FileTrees
import Hashing
import JSONText

/// Which version of which model, as its server tells: the name of everything that the cache keeps of it.
public struct CacheKey: Sendable, Hashable, CustomStringConvertible {
    /// 64 hexadecimal digits.
    let hex: String

    /// The same text as the names of files in the cache.
    public var description: String { hex }

    /// The key of the version that `fingerprint` stands for.
    init(_ fingerprint: SHA256Digest) { hex = fingerprint.hex }

    /// A key by its text; nil for anything but 64 lower-case hexadecimal digits.
    init?(hex: String) {
        guard let digest = SHA256Digest(hex: hex), digest.hex == hex else { return nil }
        self.hex = hex
    }

    /// The key of a reference: what was asked of which registry.
    static func reference(_ reference: String, _ registry: String) -> String {
        SHA256Digest(
            of: JSONWriter.bytes(["reference": .string(reference), "registry": .string(registry)], style: .compact)
        ).hex
    }
}

/// A version that the cache holds: `versions/<key>.json`.
struct CachedVersion: Sendable {
    static let byteLimit = 256 << 20

    struct File: Sendable, Equatable {
        let path: RelativePath
        let size: Int
        let digest: SHA256Digest
    }

    var identity: SourceIdentity
    var files: [File]
    /// When it was stored, in seconds since 1970.
    var stored: Int

    var totalByteCount: Int { files.reduce(0) { $0 + $1.size } }

    var json: JSONValue {
        [
            "identity": identity.json, "stored": .int(stored),
            "files": .array(
                files.map { ["path": .string($0.path.text), "size": .int($0.size), "sha256": .string($0.digest.hex)] }),
        ]
    }

    /// nil for anything that we did not write.
    init?(_ bytes: [UInt8]) {
        guard let document = Self.parse(bytes), let identity = document["identity"].flatMap(SourceIdentity.init(json:)),
            let stored = document["stored"]?.intValue, let list = document["files"]?.arrayValue
        else { return nil }
        var files: [File] = []
        for item in list {
            guard let text = item["path"]?.stringValue, let path = Self.path(text), let size = item["size"]?.intValue,
                size >= 0, let digest = item["sha256"]?.stringValue.flatMap(SHA256Digest.init(hex:))
            else { return nil }
            files.append(File(path: path, size: size, digest: digest))
        }
        (self.identity, self.files, self.stored) = (identity, files, stored)
    }

    init(identity: SourceIdentity, files: [File], stored: Int) {
        (self.identity, self.files, self.stored) = (identity, files, stored)
    }

    static func parse(_ bytes: [UInt8]) -> JSONValue? {
        // What cannot be read is a version that is not there: it is fetched again.
        do { return try JSONText.parse(bytes, limits: JSONLimits(maxBytes: byteLimit)) } catch { return nil }
    }

    private static func path(_ text: String) -> RelativePath? {
        do { return try RelativePath(text) } catch { return nil }
    }
}

/// What a reference meant when it was last asked for: `references/<key>.json`.
struct CachedReference: Sendable {
    /// As it was asked.
    var reference: String
    /// Which registry was asked.
    var registry: String
    var version: CacheKey
    /// With the alias or stage that was asked for.
    var identity: SourceIdentity
    /// When, in seconds since 1970.
    var date: Int

    var json: JSONValue {
        [
            "reference": .string(reference), "registry": .string(registry), "version": .string(version.hex),
            "identity": identity.json, "date": .int(date),
        ]
    }

    init(reference: String, registry: String, version: CacheKey, identity: SourceIdentity, date: Int) {
        (self.reference, self.registry, self.version) = (reference, registry, version)
        (self.identity, self.date) = (identity, date)
    }

    /// nil for anything that we did not write.
    init?(_ bytes: [UInt8]) {
        guard let document = CachedVersion.parse(bytes), let reference = document["reference"]?.stringValue,
            let registry = document["registry"]?.stringValue,
            let version = document["version"]?.stringValue.flatMap(CacheKey.init(hex:)),
            let identity = document["identity"].flatMap(SourceIdentity.init(json:)),
            let date = document["date"]?.intValue
        else { return nil }
        self.init(reference: reference, registry: registry, version: version, identity: identity, date: date)
    }
}
