import Diagnostics
import FileTrees
import Glibc
import Platform

/// A model in a folder on this machine.
public enum LocalFolder {
    /// Reads the folder at `path`: every file with size and digest; the bytes stay where they are.
    ///
    /// The folder itself may be a symbolic link, what is in it may not. Its name in the identity is that of the real
    /// folder, so that `.` and `../churn` give the same evidence.
    ///
    /// - Throws: `RegistryError` of kind `.notFound` when there is no such folder, of kind `.notAModel` when it has no
    ///   `MLmodel`, of kind `.listing` for links, devices and names that a model may not have, of kind `.disk` when something
    ///   cannot be read.
    public static func read(_ path: String) throws(RegistryError) -> LocalModel {
        let shown = escaped(path, limit: 1000)
        let folder: FileStatus?
        let description: FileStatus?
        do {
            folder = try FileStatus.of(path)
            description = try FileStatus.of(path + "/MLmodel", followsLinks: false)
        } catch { throw RegistryError(disk: error.diagnostic) }
        guard let folder else { throw missing(path) }
        guard folder.kind == .directory else { throw notAFolder(path) }
        guard description != nil else { throw notAModel(path) }
        let tree: FileTree
        do { tree = try DirectoryReader.read(path) } catch {
            guard error.kind != .system else { throw RegistryError(disk: error.diagnostic) }
            let cause = error.diagnostic
            throw RegistryError(
                .listing, "cannot use the model in `\(shown)`: \(cause.summary)", details: cause.details,
                hints: cause.hints)
        }
        return LocalModel(tree: tree, identity: SourceIdentity(kind: .folder, reference: name(of: path)))
    }

    private static func missing(_ path: String) -> RegistryError {
        let shown = escaped(path, limit: 1000)
        let isFileName = [".skiff", ".pkl", ".json"].contains { path.hasSuffix($0) }
        let looksRegistered = !path.hasPrefix("/") && !path.hasPrefix(".") && !isFileName
        return RegistryError(
            .notFound, "cannot find the model `\(shown)`: there is no such file or folder",
            hints: looksRegistered
                ? [
                    "for a registered model write `models:/\(shown)\(path.contains(where: "/@".contains) ? "" : "/VERSION")`"
                ]
                : [])
    }

    private static func notAFolder(_ path: String) -> RegistryError {
        let shown = escaped(path, limit: 1000)
        let parent =
            path.hasSuffix("/MLmodel") ? String(path.dropLast("/MLmodel".count)) : path == "MLmodel" ? "." : nil
        return RegistryError(
            .notAModel,
            "cannot use `\(shown)` as a model: it is neither a folder with an `MLmodel` nor an archive of one",
            hints: [
                parent.map { "name the folder: `\(escaped($0, limit: 1000))`" }
                    ?? "name the folder that `mlflow.MODEL.save_model(…, path)` made, or a .tar, .tar.gz, .tar.zst or .zip of it"
            ])
    }

    private static func notAModel(_ path: String) -> RegistryError {
        RegistryError(
            .notAModel,
            "cannot use `\(escaped(path, limit: 1000))`: it has no file `MLmodel`, so it is no MLflow model",
            hints: ["name the folder that holds `MLmodel`; `mlflow.MODEL.save_model(…, path)` makes one"])
    }

    /// The last component of the real path.
    private static func name(of path: String) -> String {
        guard let real = realpath(path, nil) else { return "model" }
        defer { free(real) }
        let name = String(cString: real).split(separator: "/").last.map(String.init)
        return name ?? "model"
    }
}
