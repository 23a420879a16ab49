/// Which way to sign in was chosen for a Databricks workspace, and why each other one was not. It holds names, never values of
/// secrets.
public struct AuthChoice: Sendable, Equatable {
    /// What became of one method.
    public enum Verdict: Sendable, Equatable {
        /// It is used.
        case chosen
        /// An earlier one was chosen.
        case notReached
        /// `auth_type` names another one.
        case excluded
        /// These attributes are not set: the name with its variable, as in "`client_id` (`DATABRICKS_CLIENT_ID`)".
        case missing([String])
        /// It cannot be used here, for this reason.
        case declined(String)
        /// It had what it needs and failed, which ends the search.
        case failed(String)

        /// In a few words.
        public var words: String {
            switch self {
            case .chosen: "chosen"
            case .notReached: "an earlier one was chosen"
            case .excluded: "`auth_type` names another"
            case .missing(let attributes):
                attributes.dropLast().joined(separator: ", ") + (attributes.count > 1 ? " and " : "")
                    + (attributes.last ?? "") + (attributes.count == 1 ? " is not set" : " are not set")
            case .declined(let reason), .failed(let reason): reason
            }
        }
    }

    /// One method with its verdict.
    public struct Entry: Sendable, Equatable {
        /// The method.
        public let method: AuthMethod
        /// What became of it.
        public let verdict: Verdict
    }

    /// The workspace's address; nil when none is set.
    public internal(set) var host: String?
    /// Where the address came from, in words.
    public internal(set) var hostSource: String?
    /// The profile whose values were taken; nil when the file was not read.
    public internal(set) var profile: String?
    /// The path of the file of profiles.
    public internal(set) var configFile = ""
    /// Where the credential of the chosen method came from, in words; empty when none was chosen.
    public internal(set) var source = ""
    /// Every method, in the order in which they are tried.
    public internal(set) var entries: [Entry] = []
    /// What else a person should know.
    public internal(set) var notes: [String] = []

    /// The method that is used; nil when there is none.
    public var method: AuthMethod? { entries.first { $0.verdict == .chosen }?.method }
}
