import Diagnostics
public import FileTrees
import Platform

/// The `skiff-scorer` executable that goes into a context: found, and checked to run in an empty image.
public struct ScorerBinary: Sendable, Equatable {
    /// Where it was found.
    public let path: String
    /// Its bytes.
    public let entry: FileEntry
    /// The processor that it runs on.
    public let machine: Machine

    private static let byteLimit = 256 << 20

    /// Finds the scorer for `machine`.
    ///
    /// - Parameters:
    ///   - path: `--scorer`; nil to look beside the tool, then in `../libexec/skiff/skiff-scorer-MACHINE` from there.
    ///   - toolFolder: the folder of the running executable.
    /// - Throws: `ContextsError` of kind `.scorer` that names the places looked at, or what is wrong with the file.
    public static func find(
        for machine: Machine, path: String?, toolFolder: String
    ) throws -> ScorerBinary {
        if let path { return try read(path, for: machine) }
        let candidates = [
            "\(toolFolder)/skiff-scorer-\(machine.rawValue)", "\(toolFolder)/skiff-scorer",
            "\(toolFolder)/../libexec/skiff/skiff-scorer-\(machine.rawValue)",
        ]
        var wrong: [String] = []
        for candidate in candidates {
            guard try FileStatus.of(candidate)?.kind == .file else {
                wrong.append("`\(candidate)`: there is no such file")
                continue
            }
            do { return try read(candidate, for: machine) } catch let error as ContextsError {
                wrong.append(error.diagnostic.summary)
            }
        }
        throw ContextsError(
            .scorer, "cannot find `skiff-scorer` for \(machine.platform)", details: wrong,
            hints: ["name the executable with `--scorer PATH`"])
    }

    /// Reads and checks the executable at `path`.
    ///
    /// - Throws: `ContextsError` of kind `.scorer` unless it is a static ELF executable for `machine`; `FileError`
    ///   when it cannot be read.
    public static func read(_ path: String, for machine: Machine) throws -> ScorerBinary {
        // Read once and kept: a few megabytes, which would otherwise be read and hashed again when they are written.
        let bytes = try readFile(path, limit: byteLimit)
        let reason: String
        switch ElfHeader.parse(bytes) {
        case .executable(let found?) where found == machine:
            return ScorerBinary(
                path: path, entry: FileEntry(.bytes(bytes), mode: .executable), machine: machine)
        case .executable(let found?):
            reason = "it is for \(found.platform), and the image is for \(machine.platform)"
        case .executable(nil):
            reason = "it is for a processor that skiff does not build images for"
        case .dynamic:
            reason = "it is not static, so it would not start in an empty image"
        case .other(let words):
            reason = words
        }
        throw ContextsError(
            .scorer, "cannot use the scorer `\(escaped(path, limit: 1000))`: \(reason)",
            hints: ["build it with `swift build -c release --product skiff-scorer`"])
    }
}
