import Diagnostics
import FileTrees
import Hashing
public import JSONText
import Platform

/// What `skiff cache verify` found: one value, as text and as JSON.
public struct CacheVerification: Sendable {
    /// One thing that is not as it was stored.
    public struct Damage: Sendable, Equatable {
        /// The model's reference as it was stored; nil when its record cannot be read.
        public let reference: String?
        let key: CacheKey
        /// The file of the model; nil for the record itself.
        public let path: String?
        /// What is wrong: "its bytes have changed".
        public let reason: String
    }

    /// Everything that is damaged, by version.
    public internal(set) var damages: [Damage] = []
    /// Versions and blobs that were looked at.
    public internal(set) var versionCount = 0, blobCount = 0
    /// Bytes that were hashed.
    public internal(set) var byteCount = 0
    /// Whether what is damaged was removed.
    public let isRepaired: Bool

    /// Of a cache that does not exist yet.
    public init(isRepaired: Bool) { self.isRepaired = isRepaired }

    /// Whether nothing is damaged.
    public var isSound: Bool { damages.isEmpty }

    /// One line for each damage, then the verdict; ends with a line feed.
    public var text: String {
        var lines = damages.map { damage in
            let model = damage.reference.map { escaped($0) } ?? "version \(damage.key)"
            return "\(model): \(damage.path.map { "\(escaped($0)): " } ?? "")\(damage.reason)"
        }
        let what = "\(versionCount) \(versionCount == 1 ? "version" : "versions"), \(grouped(byteCount)) bytes"
        let count = "\(damages.count) \(damages.count == 1 ? "damage" : "damages")"
        lines.append(
            isSound
                ? "sound: \(what)" : isRepaired ? "repaired: \(count) removed; \(what)" : "damaged: \(count); \(what)")
        return lines.map { $0 + "\n" }.joined()
    }

    /// `sound`, `repaired`, `versions`, `blobs`, `bytes`, and `damages` with `key`, `reference`, `path` and `reason`.
    public var json: JSONObject {
        [
            "sound": .bool(isSound), "repaired": .bool(isRepaired && !isSound), "versions": .int(versionCount),
            "blobs": .int(blobCount), "bytes": .int(byteCount),
            "damages": .array(
                damages.map {
                    [
                        "key": .string($0.key.hex), "reference": .optional($0.reference), "path": .optional($0.path),
                        "reason": .string($0.reason),
                    ]
                }),
        ]
    }
}

extension ModelCache {
    /// Hashes every file of every version.
    ///
    /// - Parameter repairs: removes damaged files and the versions that need them; they are fetched again when they are asked for.
    /// - Throws: `RegistryError` of kind `.disk`.
    public func verify(repairs: Bool) throws(RegistryError) -> CacheVerification {
        var result = CacheVerification(isRepaired: repairs)
        guard !repairs || !isReadOnly else {
            throw RegistryError(
                .disk, "cannot repair the cache `\(escaped(path, limit: 1000))`: it cannot be written",
                hints: ["look at the owner and the mode with `ls -ld`, for the folders above it too"])
        }
        do {
            var verdicts: [SHA256Digest: String?] = [:]
            var damaged: [CachedVersion.File] = []
            for key in try versionKeys() {
                guard let (lock, version) = try openVersion(key) else { continue }
                try withExtendedLifetime(lock) {
                    result.versionCount += 1
                    let damages = try check(version, key, &verdicts, &result)
                    result.damages += damages
                    damaged += version?.files.filter { verdicts[$0.digest] != .some(nil) } ?? []
                    if repairs, !damages.isEmpty { try drop(key) }
                }
            }
            if repairs {
                // Alone: a download that has just finished may have brought the right bytes.
                try withLock(.exclusive) {
                    for file in damaged where try !isSound(file) { try dropBlob(file.digest) }
                }
            }
            return result
        } catch { throw RegistryError(cache: path, error) }
    }

    private func check(
        _ version: CachedVersion?, _ key: CacheKey, _ verdicts: inout [SHA256Digest: String?],
        _ result: inout CacheVerification
    ) throws -> [CacheVerification.Damage] {
        guard let version, tree(version) != nil else {
            return [CacheVerification.Damage(reference: nil, key: key, path: nil, reason: "its record is damaged")]
        }
        var damages: [CacheVerification.Damage] = []
        for file in version.files {
            let verdict: String?
            if let known = verdicts[file.digest] {
                verdict = known
            } else {
                verdict = try damage(file)
                verdicts[file.digest] = .some(verdict)
                result.blobCount += 1
                result.byteCount += file.size
            }
            guard let verdict else { continue }
            damages.append(
                CacheVerification.Damage(
                    reference: version.identity.reference, key: key, path: file.path.text, reason: verdict))
        }
        return damages
    }

    private func damage(_ file: CachedVersion.File) throws -> String? {
        if try isSound(file) { return nil }
        let status = try folder(Self.blobFolder(file.digest.hex))?.status(file.digest.hex)
        guard let status else { return "it is missing" }
        guard status.kind == .file else { return "it is not a file" }
        return status.size == file.size
            ? "its bytes have changed" : "it has \(grouped(status.size)) of \(grouped(file.size)) bytes"
    }
}
