import Diagnostics
import FileTrees
import Hashing
public import JSONText
import Platform

/// Which versions `prune` removes. What no version needs goes in any case.
public struct CachePolicy: Sendable, Equatable {
    /// Those not used for this many seconds.
    public var unusedSeconds: Int?
    /// Those used longest ago, until the rest has at most this many bytes.
    public var byteCount: Int?
    /// All.
    public var removesAll = false

    /// Keeps all versions.
    public init() {}
}

/// What `skiff cache prune` did, or would do: one value, as text and as JSON.
public struct CachePruning: Sendable {
    /// The versions that went.
    public internal(set) var removed: [CacheContents.Version] = []
    /// The versions that would have gone, but that another process is using.
    public internal(set) var inUse: [CacheContents.Version] = []
    /// Unfinished downloads that went; those of a process that still runs stay.
    public internal(set) var partialCount = 0
    /// Bytes that were freed.
    public internal(set) var freedByteCount = 0
    /// Bytes that are left.
    public internal(set) var keptByteCount = 0
    /// Whether nothing was removed yet.
    public let isDryRun: Bool

    /// Of a cache that does not exist yet.
    public init(isDryRun: Bool) { self.isDryRun = isDryRun }

    /// One line for each version, then the sums; ends with a line feed.
    public var text: String {
        let verb = isDryRun ? "would remove" : "removed"
        var lines = removed.map { "\(verb) \(Self.name($0)): \(grouped($0.byteCount)) bytes" }
        lines += inUse.map { "kept \(Self.name($0)): it is in use" }
        if partialCount > 0 {
            lines.append("\(verb) \(partialCount) unfinished \(partialCount == 1 ? "download" : "downloads")")
        }
        lines.append(
            "\(isDryRun ? "would free" : "freed") \(grouped(freedByteCount)) bytes; \(grouped(keptByteCount)) bytes are left"
        )
        return lines.map { $0 + "\n" }.joined()
    }

    /// `dry_run`, `removed` and `in_use` (keys with `key` and `references`), `unfinished_removed`, `freed_bytes`, `kept_bytes`.
    public var json: JSONObject {
        func list(_ versions: [CacheContents.Version]) -> JSONValue {
            .array(
                versions.map {
                    [
                        "key": .string($0.key.hex), "references": .array($0.references.map { .string($0) }),
                        "bytes": .int($0.byteCount),
                    ]
                })
        }
        return [
            "dry_run": .bool(isDryRun), "removed": list(removed), "in_use": list(inUse),
            "unfinished_removed": .int(partialCount), "freed_bytes": .int(freedByteCount),
            "kept_bytes": .int(keptByteCount),
        ]
    }

    private static func name(_ version: CacheContents.Version) -> String {
        escaped(version.references.first ?? version.identity.reference)
            + (version.identity.version.map { " (version \(escaped($0)))" } ?? "")
    }
}

extension ModelCache {
    /// Removes versions by `policy`, and everything that no version needs: blobs, references, downloads that nobody goes on with.
    ///
    /// A version that somebody is reading stays with all its files, and so does a download under way.
    ///
    /// - Throws: `RegistryError` of kind `.disk`, also for a cache that cannot be written.
    public func prune(_ policy: CachePolicy, isDryRun: Bool) throws(RegistryError) -> CachePruning {
        guard !isReadOnly || isDryRun else {
            throw RegistryError(
                .disk, "cannot remove anything from the cache `\(escaped(path, limit: 1000))`: it cannot be written",
                hints: ["look at the owner and the mode with `ls -ld`, for the folders above it too"])
        }
        do {
            // Nobody adds blobs meanwhile, nor reads a record that goes.
            return try withLock(.exclusive) {
                var result = CachePruning(isDryRun: isDryRun)
                let contents = try self.contents()
                let candidates = try chosen(contents.versions, policy)
                var kept = contents.versions.filter { version in !candidates.contains { $0.key == version.key } }
                for version in candidates {
                    if try remove(version.key, isDryRun: isDryRun) {
                        result.removed.append(version)
                    } else {
                        result.inUse.append(version)
                        kept.append(version)
                    }
                }
                try sweepBlobs(neededBy: kept.map(\.key), &result)
                try sweepPartials(&result)
                if !isDryRun { try sweepReferences() }
                return result
            }
        } catch let error as RegistryError {
            throw error
        } catch { throw RegistryError(cache: path, error) }
    }

    private func chosen(
        _ versions: [CacheContents.Version], _ policy: CachePolicy
    ) throws -> [CacheContents.Version] {
        if policy.removesAll { return versions }
        let limit = policy.unusedSeconds.map { now() - $0 }
        var chosen = versions.filter { version in limit.map { version.lastUsed < $0 } ?? false }
        if let byteCount = policy.byteCount {
            // The one used last first; each blob counts once, for the first that needs it.
            var counted: Set<SHA256Digest> = []
            var sum = 0
            for version in versions where !chosen.contains(where: { $0.key == version.key }) {
                guard let files = try openVersion(version.key)?.version?.files else { continue }
                sum += files.filter { counted.insert($0.digest).inserted }.reduce(0) { $0 + $1.size }
                if sum > byteCount { chosen.append(version) }
            }
        }
        return chosen
    }

    /// - Returns: false when somebody reads it.
    private func remove(_ key: CacheKey, isDryRun: Bool) throws -> Bool {
        guard let folder = try folder("versions") else { return true }
        let name = key.hex + ".json"
        guard try folder.status(name) != nil else { return true }
        guard let lock = try CacheLock.take(folder.openFile(name), .exclusive, waits: false) else { return false }
        return try withExtendedLifetime(lock) {
            if !isDryRun { try folder.removeTree(name) }
            return true
        }
    }

    private func sweepBlobs(neededBy keys: [CacheKey], _ result: inout CachePruning) throws {
        var needed: Set<SHA256Digest> = []
        for key in keys { needed.formUnion(try openVersion(key)?.version?.files.map(\.digest) ?? []) }
        for blob in try blobs() {
            guard !needed.contains(blob.digest) else {
                result.keptByteCount += blob.size
                continue
            }
            result.freedByteCount += blob.size
            if !result.isDryRun { try dropBlob(blob.digest) }
        }
    }

    private func sweepPartials(_ result: inout CachePruning) throws {
        guard let partial = try folder("partial") else { return }
        for key in try partialKeys() {
            var lock: CacheLock?
            if try partial.status(key + ".lock") != nil {
                lock = try CacheLock.take(partial.openFile(key + ".lock"), .exclusive, waits: false)
                // Its owner still runs.
                if lock == nil { continue }
            }
            try withExtendedLifetime(lock) {
                result.partialCount += 1
                if try partial.status(key) != nil {
                    for entry in try DirectoryWalk.entries(
                        below: partial.openDirectory(key), maxDepth: RelativePath.componentLimit + 2)
                    where entry.status.kind == .file { result.freedByteCount += entry.status.size }
                }
                guard !result.isDryRun else { return }
                try partial.removeTree(key)
                try partial.removeTree(key + ".lock")
            }
        }
    }

    /// References whose version has gone, and small files that were half written.
    private func sweepReferences() throws {
        let versions = Set(try versionKeys())
        for name in ["references", "versions"] {
            guard let folder = try folder(name) else { continue }
            for file in try folder.names() where file.hasPrefix(".") { try folder.removeTree(file) }
        }
        guard let folder = try folder("references") else { return }
        for name in try folder.names() {
            let reference = CachedReference(try folder.openFile(name).readAll(limit: 1 << 20))
            if reference.map({ !versions.contains($0.version) }) ?? true { try folder.removeTree(name) }
        }
    }
}
