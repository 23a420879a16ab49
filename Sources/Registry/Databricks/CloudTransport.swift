import Diagnostics
import HTTPTransport
import JSONText
import Platform

/// The second way to the files of a model version in Unity Catalog: cloud storage, with a credential that the workspace lends for it.
struct CloudTransport {
    let client: DatabricksClient
    let surroundings: Surroundings
    /// Where the files are, without a sub-path; nil when the version does not say.
    let location: String?
    /// Asks for a credential.
    let lend: (_ task: String) throws(RegistryError) -> LentAnswer

    /// The store of the version's folder.
    func store(doing task: String) throws(RegistryError) -> any ArtifactStore {
        let answer = try lend(task)
        if answer["storage_mode"]?.stringValue == "DEFAULT_STORAGE" {
            throw RegistryError(
                .unsupported, "cannot \(task): it is in default storage, which only the Files API reads")
        }
        throw RegistryError(.unsupported, "cannot \(task): storage in the cloud is not read")
    }
}
