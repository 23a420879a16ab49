import Diagnostics
import HTTPTransport
import JSONText
import Platform

/// The second way to the files of a model version in Unity Catalog: cloud storage, with a credential that the workspace lends for it.
struct CloudTransport {
    let client: DatabricksClient
    let surroundings: Surroundings
    /// Says where the files are, without a sub-path.
    let location: (_ task: String) throws(RegistryError) -> String
    /// Asks for a credential.
    let lend: (_ task: String) throws(RegistryError) -> LentAnswer

    /// The store of the version's folder.
    ///
    /// - Throws: `RegistryError` when the workspace lends nothing for it, or does not say where it is.
    func store(doing task: String) throws(RegistryError) -> any ArtifactStore {
        var first: CloudCredential? = try credential(task)
        let lent = VendedCredentials { [self] () throws(RegistryError) in
            if let lent = first.take() { return lent }
            return try credential(task)
        }
        return try CloudStores.store(at: location(task), lent: lent, surroundings, client.http, doing: task)
    }

    private func credential(_ task: String) throws(RegistryError) -> CloudCredential {
        let answer = try lend(task)
        if let credential = CloudCredential(answer: answer) { return credential }
        if answer["storage_mode"]?.stringValue == "DEFAULT_STORAGE" {
            throw RegistryError(
                .unsupported, "cannot \(task): its files are in default storage, which only the Files API reads",
                hints: ["the token may need the scope `files`"])
        }
        throw RegistryError(
            .unsupported, "cannot \(task): the workspace lends a credential of a kind that is not known here",
            hints: ["is there a newer version of this tool?"])
    }
}
