public import Diagnostics
public import HTTPTransport
import JSONText
public import Platform

/// What `skiff auth` tells: for each server that the environment names how we sign in there, why not otherwise, and whether it works.
/// It holds names of variables, files and profiles, and no secret.
public struct AuthReport: Sendable {
    /// One server.
    public struct Server: Sendable {
        /// Which API it speaks.
        public enum Kind: String, Sendable {
            /// A Databricks workspace.
            case databricks
            /// An MLflow server.
            case mlflow
        }

        /// Whether signing in works.
        public enum Outcome: String, Sendable {
            /// There is a credential, and the server takes it.
            case works
            /// There is none, or the server refuses it.
            case fails
            /// There is one, or a way to one, and nobody tried it.
            case unchecked
        }

        /// Which API it speaks.
        public let kind: Kind
        /// The address; nil when none is named.
        public internal(set) var address: String?
        /// Where the address came from, in words.
        public internal(set) var addressSource: String?
        /// The way to sign in, in words; nil when there is none.
        public internal(set) var method: String?
        /// Where the credential came from, in words.
        public internal(set) var source: String?
        /// Whether it works.
        public internal(set) var outcome = Outcome.fails
        /// What became of the token, in words; nil for what is no token.
        public internal(set) var token: String?
        /// How long the token still lives, in seconds; nil when nobody said.
        public internal(set) var tokenSeconds: Int?
        /// What the authenticated call said, in words.
        public internal(set) var check: String?
        /// Why it fails.
        public internal(set) var error: Diagnostic?
        /// The methods of Databricks with their verdicts; nil for MLflow.
        public internal(set) var choice: AuthChoice?
        /// What else a person should know.
        public internal(set) var notes: [String] = []

        init(_ kind: Kind) { self.kind = kind }
    }

    /// The servers, Databricks first.
    public let servers: [Server]

    /// Whether some way to sign in works, or may work where nobody could be asked.
    public var works: Bool { servers.contains { $0.outcome != .fails } }

    /// Looks at everything, and asks for tokens unless `isOffline`.
    ///
    /// - Parameter profile: a profile of `~/.databrickscfg`, for a report about it alone.
    /// - Throws: only when the caller's cancellation was seen.
    public static func make(
        profile: String?, _ surroundings: Surroundings, http: HTTPSettings, isOffline: Bool
    ) throws(CredentialsError) -> AuthReport {
        let inspection = AuthInspection(surroundings, http, isOffline: isOffline)
        return AuthReport(servers: try inspection.servers(profile: profile))
    }
}

/// Makes the report.
private struct AuthInspection {
    let surroundings: Surroundings
    let http: HTTPSettings
    let isOffline: Bool

    init(_ surroundings: Surroundings, _ http: HTTPSettings, isOffline: Bool) {
        var brief = http
        brief.retry.attempts = min(http.retry.attempts, 2)
        if let file = surroundings[.requestsCABundle] { brief.trust.authorityFile = file }
        self.surroundings = surroundings
        self.http = brief
        self.isOffline = isOffline
    }

    func servers(profile: String?) throws(CredentialsError) -> [AuthReport.Server] {
        if let profile { return [try databricks(profile, isNamed: true)].compactMap { $0 } }
        var profiles: [String?] = []
        var servers: [(text: String, variable: String)] = []
        for variable in [EnvironmentVariable.mlflowTrackingURI, .mlflowRegistryURI] {
            guard let text = surroundings[variable] else { continue }
            if text.lowercased().hasPrefix("http://") || text.lowercased().hasPrefix("https://") {
                if !servers.contains(where: { $0.text.isSameText(as: text) }) {
                    servers.append((text, variable.rawValue))
                }
            } else if let profile = Self.databricksProfile(text), !profiles.contains(profile) {
                profiles.append(profile)
            }
        }
        let isNamed = !profiles.isEmpty || servers.isEmpty
        var result: [AuthReport.Server] = []
        for profile in profiles.isEmpty ? [nil] : profiles {
            if let server = try databricks(profile, isNamed: isNamed) { result.append(server) }
        }
        for (text, variable) in servers { result.append(try mlflow(text, variable)) }
        return result
    }

    /// The profile in `databricks`, `databricks://P`, `databricks-uc://P`: `.some(nil)` without one, nil for another address.
    private static func databricksProfile(_ text: String) -> String?? {
        for scheme in ["databricks", "databricks-uc"] {
            if text == scheme { return .some(nil) }
            guard text.hasPrefix(scheme + "://") else { continue }
            let authority = text.dropFirst(scheme.utf8.count + 3).prefix { $0 != "/" && $0 != ":" }
            return .some(authority.isEmpty ? nil : String(authority))
        }
        return nil
    }

    // MARK: Databricks

    /// - Parameter isNamed: whether something names Databricks; when not, nothing is reported of one that is not configured.
    private func databricks(_ profile: String?, isNamed: Bool) throws(CredentialsError) -> AuthReport.Server? {
        let (choice, result) = DatabricksConfiguration.resolve(
            profile: profile, surroundings, http: http, isOffline: isOffline)
        guard isNamed || choice.host != nil || choice.profile != nil else { return nil }
        var server = AuthReport.Server(.databricks)
        server.address = choice.host
        server.addressSource = choice.hostSource
        server.choice = choice
        server.notes = choice.notes
        let workspace: DatabricksWorkspace
        do throws(CredentialsError) { workspace = try result.get() } catch {
            try take(error, &server)
            return server
        }
        server.method = choice.method?.rawValue
        server.source = choice.source
        server.address = workspace.host.description
        let hasToken = try token(workspace.login, &server)
        server.notes += workspace.discovery?.notes ?? []
        guard hasToken else { return server }
        let url = workspace.host.appending(segments: ["api", "2.0", "preview", "scim", "v2", "Me"])
        let client = TokenClient(surroundings, http, isOffline: isOffline)
        try check(url, workspace.login, workspace.headers, client, &server) { object in
            (object["userName"] ?? object["displayName"])?.stringValue
        }
        return server
    }

    // MARK: MLflow

    private func mlflow(_ text: String, _ variable: String) throws(CredentialsError) -> AuthReport.Server {
        var server = AuthReport.Server(.mlflow)
        server.address = escaped(HTTPURL.withoutSecrets(text), limit: 1000)
        server.addressSource = "`\(variable)`"
        do throws(CredentialsError) {
            let mlflow = try MLflowLogin(surroundings.environment)
            let parsed: (url: HTTPURL, user: HTTPURL.UserInformation?)
            do { parsed = try HTTPURL.parse(text) } catch {
                throw CredentialsError(
                    .configuration, "cannot use `\(server.address ?? "")` as `\(variable)`: \(error.reason)",
                    hints: ["write it as `http://HOST:PORT`"])
            }
            let base = parsed.url.withoutTail
            server.address = base.description
            server.notes = mlflow.notes
            let login = mlflow.login(for: base.origin, userInURL: parsed.user, variable: variable)
            server.source = login.source
            let value = try login.credential()?.headers.first?.value.revealed
            server.method = value.map { $0.hasPrefix("Basic ") ? "user and password" : "token" } ?? "no credential"
            if login.source != nil, base.origin.scheme == "http", !isLoopback(base.origin.host) {
                server.notes.append("`\(base.origin)` is not `https`: the credential goes over the network as it is")
            }
            let workspace = surroundings[.mlflowWorkspace].map { [HTTPHeader("X-MLFLOW-WORKSPACE", $0)] } ?? []
            let url = base.appending(
                segments: ["api", "2.0", "mlflow", "registered-models", "search"], query: [("max_results", "1")])
            var http = http
            try MLflowTrust.add(
                surroundings.environment, tracking: base.origin, servers: [base.origin], to: &http.trust)
            let client = TokenClient(surroundings, http, isOffline: isOffline)
            try check(url, login, workspace, client, &server) { _ in nil }
        } catch {
            try take(error, &server)
        }
        return server
    }

    // MARK: What both do

    private func take(_ error: CredentialsError, _ server: inout AuthReport.Server) throws(CredentialsError) {
        if error.kind == .cancelled { throw error }
        server.error = error.diagnostic
        server.outcome = .fails
    }

    /// Asks for the token; false when there is none.
    private func token(_ login: Login, _ server: inout AuthReport.Server) throws(CredentialsError) -> Bool {
        guard login.isRenewable else { return true }
        guard !isOffline else {
            server.token = "not asked for (`--offline`)"
            return true
        }
        do throws(CredentialsError) { _ = try login.credential() } catch {
            server.token = "not obtained"
            try take(error, &server)
            return false
        }
        server.tokenSeconds = login.remainingSeconds.map { Int($0) }
        server.token =
            "obtained, " + (login.remainingSeconds.map { "good for \(Self.words(seconds: $0))" } ?? "without an end")
        return true
    }

    private static func words(seconds: Double) -> String {
        let seconds = Int(seconds.rounded())
        return seconds < 120 ? "\(seconds) s" : "\((seconds + 30) / 60) min"
    }

    /// One cheap call that needs the credential.
    private func check(
        _ url: HTTPURL, _ login: Login, _ headers: [HTTPHeader], _ client: TokenClient,
        _ server: inout AuthReport.Server, identity: (JSONObject) -> String?
    ) throws(CredentialsError) {
        server.outcome = .unchecked
        guard !isOffline else {
            server.check = "not checked (`--offline`)"
            return
        }
        let task = "check the credential on `\(url.origin)`"
        let path = "`GET \(url.path)`"
        do throws(CredentialsError) {
            let request = HTTPRequest(.get, url, headers: headers, credential: try login.credential())
            let response = try client.send(request, doing: task)
            let object = (try? JSONText.parse(response.body, limits: .request))?.objectValue
            switch response.head.status {
            case 200..<300 where object != nil:
                let name = object.flatMap(identity).map { ", as `\(escaped(Redaction.clean($0)))`" } ?? ""
                server.check = "\(path) is answered\(name)"
                server.outcome = .works
            case 401, 403:
                let words = (object?["message"] ?? object?["detail"])?.stringValue ?? ""
                let place = Place(file: url.description, note: "GET, status \(response.head.status)")
                server.check = "\(path) is refused"
                throw CredentialsError(
                    .denied,
                    "cannot sign in to `\(url.origin)`: it "
                        + (login.source == nil ? "asks for credentials" : "does not accept the credentials"),
                    place: place,
                    details: words.isEmpty ? [] : ["the server says: \(escaped(Redaction.clean(words), limit: 400))"],
                    hints: [
                        login.source.map { "they come from \($0): are they right, still good, and for this server?" }
                            ?? "set `MLFLOW_TRACKING_USERNAME` and `MLFLOW_TRACKING_PASSWORD`, or `MLFLOW_TRACKING_TOKEN`"
                    ])
            default:
                server.check = "not checked: \(path) is answered with status \(response.head.status)"
            }
        } catch {
            try take(error, &server)
        }
    }
}
