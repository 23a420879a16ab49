/// A version of a registered model, as a local store has it; deleted ones are not given.
struct LocalVersion: Equatable {
    let version: Int
    /// `None`, `Staging`, `Production` or `Archived`.
    let stage: String
    /// `READY`, or why not; nil when the store does not say.
    let status: String?
    let statusMessage: String?
    /// `storage_location`, or else `source`.
    let location: String?
    let runID: String?
    let modelID: String?
}

/// A run.
struct LocalRun: Equatable {
    let id: String
    let experiment: String
    let artifactURI: String
}

/// A logged model of MLflow 3; deleted ones are not given.
struct LocalLoggedModel: Equatable {
    let id: String
    let name: String
    let location: String
    let isReady: Bool
    let runID: String?
    let experiment: String
    /// Milliseconds since 1970.
    let created: Int
}

/// What MLflow wrote down about models on this machine, be it in a folder of YAML files or in a SQLite database. Names are compared
/// byte by byte.
protocol LocalRecords {
    /// The folder that the store lies in.
    var folder: String { get }
    /// "the folder `mlruns`", for errors.
    var shown: String { get }

    /// All registered models.
    func modelNames() throws(RegistryError) -> [String]
    /// The versions of a model that are not deleted, in no order; nil when there is no such model.
    func versions(of name: String) throws(RegistryError) -> [LocalVersion]?
    /// The aliases of a model and the versions that they point at.
    func aliases(of name: String) throws(RegistryError) -> [(alias: String, version: Int)]
    /// A run, deleted or not.
    func run(_ id: String) throws(RegistryError) -> LocalRun?
    /// A logged model.
    func loggedModel(_ id: String) throws(RegistryError) -> LocalLoggedModel?
    /// The logged models of a run, in no order.
    func loggedModels(of run: LocalRun) throws(RegistryError) -> [LocalLoggedModel]
}
