public import HTTPTransport
public import Platform

/// A Databricks workspace, and how we sign in to it.
public struct DatabricksWorkspace {
    /// Its address, without a slash at its end.
    public let host: HTTPURL
    /// Who we are there; the token is asked for when it is first needed.
    public let login: Login
    /// What every request carries: `x-databricks-org-id` when the number of the workspace is known, and the workspace's name as
    /// a resource of Azure where an Entra token may need it.
    public let headers: [HTTPHeader]
    /// Which method was chosen, and why not the others; no secrets.
    public let choice: AuthChoice
    /// What was learnt of the host; it may learn more when the token is asked for.
    let discovery: HostDiscovery?
}

/// Databricks' unified authentication, as databricks-sdk 0.156 has it: variables, `~/.databrickscfg`, and the methods in their
/// order. What differs: a missing discovery document breaks nothing, and tokens are kept.
public enum DatabricksConfiguration {
    /// The workspace that the environment, or a profile, names.
    ///
    /// Asks the host about itself (one request, with little patience), and whoever is needed to know whether a method can be used;
    /// the token itself is asked for by `Login.credential`. Each call begins anew: keep a `DatabricksLogins` to ask once.
    ///
    /// - Parameter profile: a profile of the file, named by a command or by the authority of a URI; nil for the environment's.
    /// - Throws: when nothing fits, or two methods do; the error tells what was looked at.
    public static func workspace(
        profile: String?, _ surroundings: Surroundings, http: HTTPSettings
    ) throws(CredentialsError) -> DatabricksWorkspace {
        try resolve(profile: profile, surroundings, http: http, isOffline: false).result.get()
    }

    /// The address of the workspace that the environment, or a profile, names, without asking anybody; nil when it is named only by
    /// its resource in Azure, or not at all.
    ///
    /// - Throws: when a variable or the file cannot be used.
    public static func host(profile: String?, _ surroundings: Surroundings) throws(CredentialsError) -> HTTPURL? {
        try DatabricksSettings.read(profile: profile, surroundings).host()
    }

    /// As `workspace`, with the choice also when nothing fits.
    ///
    /// - Parameters:
    ///   - isOffline: whether nobody may be asked; methods that cannot be judged so are declined.
    ///   - azureCloud: exchanges the addresses of one of Azure's clouds, for tests.
    static func resolve(
        profile: String?, _ surroundings: Surroundings, http: HTTPSettings, isOffline: Bool,
        azureCloud: @escaping (AzureCloud) -> AzureCloud = { $0 }
    ) -> (choice: AuthChoice, result: Result<DatabricksWorkspace, CredentialsError>) {
        var choice = AuthChoice()
        do throws(CredentialsError) {
            let settings = try DatabricksSettings.read(profile: profile, surroundings)
            choice.profile = settings.loadedProfile
            choice.configFile = settings.filePath
            choice.notes = settings.notes
            let host = try settings.host()
            choice.host = host?.description
            choice.hostSource = settings.source(of: .host)
            try settings.requireOneFamily()
            var http = http
            // What MLflow's servers are allowed by their own variables holds for nobody else.
            http.trust.acceptsAnyCertificate = false
            let client = TokenClient(surroundings, http, isOffline: isOffline)
            let signIn = SignIn(settings, host: host, client, azureCloud: azureCloud)
            let chosen: (login: Login, host: HTTPURL)
            do throws(CredentialsError) { chosen = try signIn.choose(&choice.entries) } catch {
                choice.notes += signIn.discovery?.notes ?? []
                throw error
            }
            choice.host = chosen.host.description
            choice.hostSource = choice.hostSource ?? settings.source(of: .azureResourceID)
            choice.source = chosen.login.source ?? ""
            if chosen.host.origin.scheme == "http", !isLoopback(chosen.host.origin.host) {
                choice.notes.append(
                    "`\(chosen.host.origin)` is not `https`: the credential goes over the network as it is")
            }
            var headers = signIn.discovery?.workspaceID.map { [HTTPHeader("x-databricks-org-id", $0)] } ?? []
            if let resource = settings[.azureResourceID],
                [.azureClientSecret, .azureCLI].contains(choice.method)
            {
                headers.append(HTTPHeader("X-Databricks-Azure-Workspace-Resource-Id", resource))
            }
            let workspace = DatabricksWorkspace(
                host: chosen.host, login: chosen.login, headers: headers, choice: choice,
                discovery: signIn.discovery)
            return (choice, .success(workspace))
        } catch {
            return (choice, .failure(error))
        }
    }
}

/// Whether a host name is this machine's own, so that nothing goes over a network.
func isLoopback(_ host: String) -> Bool {
    host == "localhost" || host.hasSuffix(".localhost") || host.hasPrefix("127.") || host == "[::1]"
}

/// The workspaces of one process, each asked about once: all its registries share one login, and so one token.
public final class DatabricksLogins {
    private let surroundings: Surroundings
    private let http: HTTPSettings
    private var known: [String: DatabricksWorkspace] = [:]

    /// No workspace is looked at yet.
    public init(_ surroundings: Surroundings, http: HTTPSettings) {
        self.surroundings = surroundings
        self.http = http
    }

    /// As `DatabricksConfiguration.workspace`, once for each profile.
    public func workspace(profile: String?) throws(CredentialsError) -> DatabricksWorkspace {
        if let workspace = known[profile ?? ""] { return workspace }
        let workspace = try DatabricksConfiguration.workspace(profile: profile, surroundings, http: http)
        known[profile ?? ""] = workspace
        return workspace
    }
}
