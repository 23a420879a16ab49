import Diagnostics
import FileTrees
import Glibc
import Hashing
public import JSONText
import Platform

/// What `skiff cache list` shows: one value, as text and as JSON.
public struct CacheContents: Sendable {
    /// One version that the cache holds.
    public struct Version: Sendable {
        let key: CacheKey
        /// The references that led to it when they were last asked for, or the one that it was stored under.
        public let references: [String]
        /// Which model it is.
        public let identity: SourceIdentity
        /// Number of files.
        public let fileCount: Int
        /// Sum of their sizes; files that versions share count in each.
        public let byteCount: Int
        /// When it was stored and last used, in seconds since 1970.
        public let stored: Int, lastUsed: Int
    }

    /// The cache's folder.
    public let path: String
    /// The one used last first.
    public let versions: [Version]
    /// Bytes of all blobs, each counted once.
    public let byteCount: Int
    /// Downloads that were not finished.
    public let partialCount: Int

    /// Of a cache that does not exist yet.
    public init(nothingAt path: String) {
        self.path = path
        (versions, byteCount, partialCount) = ([], 0, 0)
    }

    init(path: String, versions: [Version], byteCount: Int, partialCount: Int) {
        self.path = path
        self.versions = versions
        self.byteCount = byteCount
        self.partialCount = partialCount
    }

    /// A table of versions, then a line with the sums; ends with a line feed.
    public var text: String {
        let plural = versions.count == 1 ? "version" : "versions"
        let partials = partialCount == 0 ? "" : ", \(partialCount) unfinished"
        let sum =
            "\(versions.count) \(plural), \(grouped(byteCount)) bytes\(partials) in \(escaped(path, limit: 1000))\n"
        guard !versions.isEmpty else { return sum }
        let rows =
            [["MODEL", "VERSION", "FILES", "BYTES", "LAST USED"]]
            + versions.map { version in
                [
                    escaped(version.references.joined(separator: ", ")), escaped(version.identity.version ?? "-"),
                    grouped(version.fileCount), grouped(version.byteCount), WallClock.text(version.lastUsed),
                ]
            }
        let widths = (0..<5).map { column in rows.map { $0[column].count }.max() ?? 0 }
        let lines = rows.map { row in
            let cells = row.enumerated().map { column, cell in
                let padding = String(repeating: " ", count: widths[column] - cell.count)
                return (2...3).contains(column) ? padding + cell : cell + (column == 4 ? "" : padding)
            }
            return cells.joined(separator: "  ") + "\n"
        }
        return lines.joined() + sum
    }

    /// `path`, `bytes`, `unfinished` and `versions`, each with `key`, `references`, `source`, `files`, `bytes`, `stored` and
    /// `last_used` (seconds since 1970).
    public var json: JSONObject {
        [
            "path": .string(path), "bytes": .int(byteCount), "unfinished": .int(partialCount),
            "versions": .array(
                versions.map { version in
                    [
                        "key": .string(version.key.hex), "references": .array(version.references.map { .string($0) }),
                        "source": version.identity.json, "files": .int(version.fileCount),
                        "bytes": .int(version.byteCount),
                        "stored": .int(version.stored), "last_used": .int(version.lastUsed),
                    ]
                }),
        ]
    }
}

extension ModelCache {
    /// What the cache holds, without looking into the files.
    ///
    /// - Throws: `RegistryError` of kind `.disk`.
    public func contents() throws(RegistryError) -> CacheContents {
        var names: [CacheKey: [CachedReference]] = [:]
        for reference in try references() { names[reference.version, default: []].append(reference) }
        do {
            var versions: [CacheContents.Version] = []
            for key in try versionKeys() {
                guard let (lock, version) = try openVersion(key), let version else { continue }
                let known = (names[key] ?? []).sorted { ($1.date, $0.reference) < ($0.date, $1.reference) }.map(
                    \.reference)
                versions.append(
                    CacheContents.Version(
                        key: key, references: known.isEmpty ? [version.identity.reference] : known,
                        identity: version.identity, fileCount: version.files.count, byteCount: version.totalByteCount,
                        stored: version.stored, lastUsed: lock.time))
            }
            versions.sort { ($1.lastUsed, $0.key.hex) < ($0.lastUsed, $1.key.hex) }
            return CacheContents(
                path: path, versions: versions, byteCount: try blobs().reduce(0) { $0 + $1.size },
                partialCount: try partialKeys().count)
        } catch { throw RegistryError(cache: path, error) }
    }

    /// The keys of all records, sorted.
    func versionKeys() throws -> [CacheKey] {
        try (folder("versions")?.names() ?? []).filter { $0.hasSuffix(".json") }.compactMap {
            CacheKey(hex: String($0.dropLast(5)))
        }
    }

    /// The keys of downloads that are under way or were left, sorted.
    func partialKeys() throws -> [String] {
        let names = try folder("partial")?.names() ?? []
        return Set(names.map { $0.hasSuffix(".lock") ? String($0.dropLast(5)) : $0 }).filter {
            CacheKey(hex: $0) != nil
        }.sorted()
    }

    /// Every blob with its size.
    func blobs() throws -> [(digest: SHA256Digest, size: Int)] {
        var blobs: [(digest: SHA256Digest, size: Int)] = []
        for prefix in try folder("blobs/sha256")?.names() ?? [] {
            guard let folder = try folder("blobs/sha256/\(prefix)") else { continue }
            for name in try folder.names() {
                guard let digest = SHA256Digest(hex: name), name.hasPrefix(prefix), let status = try folder.status(name)
                else {
                    continue
                }
                blobs.append((digest, status.size))
            }
        }
        return blobs
    }
}
