import Diagnostics
import HTTPTransport
import Platform

/// Looks for a way to sign in to a workspace: every method in its order, the first one that has what it needs.
final class SignIn {
    /// What became of one method.
    enum Attempt {
        case ready(Login, host: HTTPURL)
        case declined(String)
    }

    let settings: DatabricksSettings
    let client: TokenClient
    let host: HTTPURL?
    let discovery: HostDiscovery?
    /// Exchanges the addresses of one of Azure's clouds, for tests.
    let azureCloud: (AzureCloud) -> AzureCloud

    init(
        _ settings: DatabricksSettings, host: HTTPURL?, _ client: TokenClient,
        azureCloud: @escaping (AzureCloud) -> AzureCloud
    ) {
        self.settings = settings
        self.client = client
        self.host = host
        self.azureCloud = azureCloud
        discovery = host.map { HostDiscovery($0, settings, client) }
    }

    /// "sign in to `https://host` with `oauth-m2m`", after "cannot".
    func task(_ method: AuthMethod) -> String {
        "sign in to \(host.map { "`\($0)`" } ?? "Databricks") with `\(method.rawValue)`"
    }

    /// Goes through the methods.
    ///
    /// - Parameter entries: gets a verdict for every method, also when this throws.
    func choose(_ entries: inout [AuthChoice.Entry]) throws(CredentialsError) -> (login: Login, host: HTTPURL) {
        let wanted = try wantedMethod()
        var chosen: (Login, HTTPURL)?
        var failure: CredentialsError?
        for method in AuthMethod.allCases {
            let verdict: AuthChoice.Verdict
            if chosen != nil || failure != nil {
                verdict = wanted == nil ? .notReached : .excluded
            } else if let wanted, wanted != method {
                verdict = .excluded
            } else {
                do {
                    switch try attempt(method) {
                    case .ready(let login, let host):
                        chosen = (login, host)
                        verdict = .chosen
                    case .declined(let reason): verdict = .declined(reason)
                    }
                } catch let error as Missing {
                    verdict = .missing(error.attributes.map(\.words))
                } catch let error as CredentialsError {
                    failure = error
                    verdict = .failed(error.reason)
                } catch {
                    verdict = .failed("\(error)")
                }
            }
            entries.append(AuthChoice.Entry(method: method, verdict: verdict))
        }
        if let failure { throw failure }
        guard let chosen else { throw noneError(entries, wanted) }
        return chosen
    }

    private struct Missing: Error {
        let attributes: [DatabricksAttribute]
    }

    /// The method that `auth_type` names; nil when it names none.
    private func wantedMethod() throws(CredentialsError) -> AuthMethod? {
        guard let name = settings[.authType] else { return nil }
        guard let method = AuthMethod(rawValue: name) else {
            throw CredentialsError(
                .configuration, "cannot sign in to Databricks with `\(escaped(name))`: there is no such method",
                details: ["`auth_type` comes from \(settings.source(of: .authType) ?? "nowhere")"],
                hints: ["the methods are " + supported.map { "`\($0.rawValue)`" }.joined(separator: ", ")])
        }
        if let reason = method.unsupportedReason {
            throw CredentialsError(
                .unsupported, "cannot sign in to Databricks with `\(name)`: \(reason)",
                details: ["`auth_type` comes from \(settings.source(of: .authType) ?? "nowhere")"],
                hints: ["this version speaks " + supported.map { "`\($0.rawValue)`" }.joined(separator: ", ")])
        }
        return method
    }

    private var supported: [AuthMethod] { AuthMethod.allCases.filter { $0.unsupportedReason == nil } }

    private func attempt(_ method: AuthMethod) throws -> Attempt {
        if settings[.groupID] != nil, !method.canAssumeGroup {
            let reason = "it cannot sign in for a group (`group_id`)"
            guard settings[.authType] == nil else {
                throw CredentialsError(
                    .configuration, "cannot \(task(method)): \(reason)",
                    hints: ["use `oauth-m2m` or one of the `oidc` methods, or unset `DATABRICKS_GROUP_ID`"])
            }
            return .declined(reason)
        }
        let missing = method.required.filter { settings[$0] == nil }
        guard missing.isEmpty else { throw Missing(attributes: missing) }
        if let reason = method.unsupportedReason { return .declined(absence(method) ?? reason) }
        switch method {
        case .pat: return try token()
        case .basic: return try basic()
        case .oauthM2M: return try machineToMachine()
        case .envOIDC, .fileOIDC: return try federation(method)
        case .githubOIDC, .azureDevOpsOIDC: return try federation(method)
        case .azureClientSecret: return try azureClientSecret()
        case .githubOIDCAzure: return try azureGitHub()
        case .azureCLI: return try azureCLI()
        case .databricksCLI: return try databricksCLI()
        default: return .declined("it is not supported")
        }
    }

    /// Why an unsupported method that needs no attribute would not be used by others either.
    private func absence(_ method: AuthMethod) -> String? {
        let surroundings = client.surroundings
        switch method {
        case .externalBrowser: return settings[.authType] == nil ? "only when `auth_type` names it" : nil
        case .runtime, .runtimeOAuth:
            return surroundings[.databricksRuntimeVersion] == nil ? "this is no Databricks cluster" : nil
        case .modelServing:
            let isServing = surroundings[.isInModelServing] ?? surroundings[.isInModelServingOld]
            return isServing == "true" ? nil : "this is no Databricks serving endpoint"
        default: return nil
        }
    }

    /// No method has what it needs.
    private func noneError(_ entries: [AuthChoice.Entry], _ wanted: AuthMethod?) -> CredentialsError {
        let server = host.map { "`\($0)`" } ?? "Databricks"
        let report = "`skiff auth` tells what was looked at"
        if let wanted {
            let verdict = entries.first { $0.method == wanted }?.verdict.words ?? "it cannot be used"
            return CredentialsError(
                .configuration, "cannot sign in to \(server) with `\(wanted.rawValue)`: \(verdict)",
                details: ["`auth_type` comes from \(settings.source(of: .authType) ?? "nowhere")"] + settings.notes,
                hints: [report])
        }
        // Methods of which something is set, or which were tried, are worth a line.
        let near = entries.filter { entry in
            switch entry.verdict {
            case .missing: entry.method.required.contains { $0 != .host && settings[$0] != nil }
            case .declined:
                entry.method.required.contains { $0 != .host } || client.surroundings[.databricksOIDCToken] != nil
            default: false
            }
        }
        let lines = near.map { "`\($0.method.rawValue)`: \($0.verdict.words)" }
        guard host != nil || settings[.azureResourceID] != nil else {
            return CredentialsError(
                .configuration, "cannot sign in to Databricks: no host is set", details: lines + settings.notes,
                hints: [
                    "set `DATABRICKS_HOST` to the workspace's address and `DATABRICKS_TOKEN` to a token, or name a profile "
                        + "of `~/.databrickscfg` in `DATABRICKS_CONFIG_PROFILE`"
                ])
        }
        return CredentialsError(
            .configuration, "cannot sign in to \(server): no method has all that it needs",
            details: lines + settings.notes,
            hints: [
                "set `DATABRICKS_TOKEN`, or `DATABRICKS_CLIENT_ID` and `DATABRICKS_CLIENT_SECRET`; \(report)"
            ])
    }
}
