import Diagnostics
import Platform

/// What the scorer can serve: a `.skiff` file, or the `app` folder of a context.
enum ServingTarget {
    /// The path to give to the scorer for `target`.
    ///
    /// - Throws: `Diagnostic` when there is nothing, or a folder that is no context.
    static func path(of target: String, verb: String) throws -> String {
        let shown = escaped(target, limit: 1000)
        guard let status = try FileStatus.of(target) else {
            throw Diagnostic("cannot \(verb) `\(shown)`: there is no such file or folder")
        }
        guard status.kind == .directory else { return target }
        for folder in [target + "/app", target] where try FileStatus.of(folder + "/serving.json")?.kind == .file {
            return folder
        }
        throw Diagnostic(
            "cannot \(verb) `\(shown)`: it has no `app/serving.json`, so it is no context",
            hints: ["make one with `skiff pack MODEL -o DIR`"])
    }
}
