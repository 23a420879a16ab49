import Diagnostics
import FileTrees
public import Platform
import SQLiteFiles

/// Reads models out of the stores that MLflow keeps on this machine: its folder `mlruns` or its SQLite database. Nothing is written.
///
/// What a version, an alias, a stage, `latest`, a run and a logged model mean is what they mean to MLflow's client 3.17 on the same
/// store; versions that are not ready are refused, which the client would hand out. MLflow 3.17 opens `mlruns` only with
/// `MLFLOW_ALLOW_FILE_STORE=true`; here it needs no leave to be read.
public enum LocalStore {
    /// Finds and reads the model; its files stay where they are.
    ///
    /// - Parameters:
    ///   - reference: of a registered model, a logged model or a run.
    ///   - place: `.fileStore` or `.sqlite`.
    ///   - surroundings: for the current folder, which relative paths begin at, and `MLFLOW_WORKSPACE`.
    /// - Throws: `RegistryError`; of kind `.notFound` with what the store has instead, of kind `.unsupported` when the files are
    ///   in storage elsewhere.
    public static func read(
        _ reference: ModelReference, at place: RegistryChoice.Place, _ surroundings: Surroundings
    ) throws(RegistryError) -> LocalModel {
        switch place {
        case .fileStore(let path):
            return try LocalSearch(try FileStoreRecords(path), reference, surroundings).model()
        case .sqlite(let path):
            let workspace = surroundings[.mlflowWorkspace] ?? defaultWorkspace
            for _ in 0..<attempts {
                let file: SQLiteFile
                do throws(SQLiteError) { file = try SQLiteFile(path) } catch { throw missing(error, path) }
                let records = try SQLiteRecords(file, workspace: workspace)
                let result: Result<LocalModel, RegistryError>
                do throws(RegistryError) {
                    result = .success(try LocalSearch(records, reference, surroundings).model())
                } catch { result = .failure(error) }
                // A page that moved while it was read can look like damage, too.
                let isUnchanged: Bool
                do throws(SQLiteError) { isUnchanged = try file.isUnchanged() } catch { throw RegistryError(error) }
                if isUnchanged { return try result.get() }
            }
            throw RegistryError(
                SQLiteError(.busy, path, "another program keeps writing it", hints: ["try again when it is done"]))
        case .mlflow, .workspace, .unityCatalog, .openUnityCatalog:
            throw RegistryError(.unsupported, "cannot read \(place) as a local store: it is a server")
        }
    }

    static let defaultWorkspace = "default"
    /// `LOGGED_MODEL_READY`.
    static let readyStatus = 2
    private static let attempts = 3

    private static func missing(_ error: SQLiteError, _ path: String) -> RegistryError {
        guard case .file(let cause) = error.kind, cause.isNotFound else { return RegistryError(error) }
        return RegistryError(
            .notFound, "cannot read the database `\(escaped(path, limit: 1000))`: there is no such file",
            hints: ["`sqlite:///PATH` begins at the current folder; an absolute path has four slashes"])
    }

    /// The id in `models:/ID`; nil for other addresses.
    static func loggedModelID(_ source: String) -> String? {
        guard source.hasPrefix("models:"), let uri = try? ModelURI(source), case .logged(let id) = uri.target else {
            return nil
        }
        return id
    }
}
