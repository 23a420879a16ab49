import Diagnostics
import HTTPTransport
import Platform

// The methods whose tokens Databricks itself hands out (databricks-sdk 0.156, `credentials_provider.py`).
extension SignIn {
    /// `pat`: the token itself.
    func token() throws -> Attempt {
        guard let host, let token = settings.secret(.token) else { return .declined("it is not set") }
        return fixed("Bearer \(token.revealed.withoutOuterSpace)", [.token], host)
    }

    /// `basic`: user and password.
    func basic() throws -> Attempt {
        guard let host, let user = settings[.username], let password = settings.secret(.password) else {
            return .declined("it is not set")
        }
        return fixed(basicAuthorization(user, password), [.username, .password], host)
    }

    private func fixed(_ value: String, _ attributes: [DatabricksAttribute], _ host: HTTPURL) -> Attempt {
        let credential = HTTPCredential(
            origin: host.origin, headerName: "Authorization", headerValue: Secret(value),
            source: settings.source(of: attributes))
        return .ready(Login(fixed: credential, for: host.origin), host: host)
    }

    /// What every request for a token of Databricks says besides the kind of the request.
    private var commonFields: [(name: String, value: String)] {
        var fields = [(name: "scope", value: settings.scopes)]
        if let details = settings[.authorizationDetails] { fields.append(("authorization_details", details)) }
        return fields
    }

    private var groupFields: [(name: String, value: String)] {
        settings[.groupID].map { [("assume_group", $0)] } ?? []
    }

    /// `oauth-m2m`: a service principal and its secret (RFC 6749 section 4.4).
    func machineToMachine() throws -> Attempt {
        guard let host, let discovery, let user = settings[.clientID], let secret = settings.secret(.clientSecret)
        else { return .declined("it is not set") }
        let form = [(name: "grant_type", value: "client_credentials")] + commonFields + groupFields
        let source = settings.source(of: [.clientID, .clientSecret])
        let (client, task) = (client, task(.oauthM2M))
        let login = Login(origin: host.origin, source: source) { () throws(CredentialsError) in
            let endpoint = discovery.tokenEndpoint()
            return .init(
                try client.token(
                    at: endpoint, form, basic: (user, secret), doing: task,
                    hints: [
                        "client and secret come from \(source): do they belong together, is the secret still good, and is the "
                            + "service principal a member of this workspace?"
                    ]))
        }
        return .ready(login, host: host)
    }

    /// `env-oidc`, `file-oidc`, `github-oidc`, `azure-devops-oidc`: an identity token in exchange for one of Databricks
    /// (RFC 8693).
    func federation(_ method: AuthMethod) throws -> Attempt {
        guard let host, let discovery else { return .declined("no host is set") }
        let task = task(method)
        let (client, surroundings) = (client, client.surroundings)
        let variable = settings[.oidcTokenVariable] ?? EnvironmentVariable.databricksOIDCToken.rawValue
        let path = settings[.oidcTokenFile] ?? ""
        let identity: () throws -> Secret = {
            switch method {
            case .envOIDC: try IdentityTokens.fromEnvironment(variable, surroundings)
            case .fileOIDC: try IdentityTokens.fromFile(path, surroundings)
            case .githubOIDC:
                try IdentityTokens.fromGitHub(audience: discovery.audience(), client, doing: task)
            default: try IdentityTokens.fromAzurePipelines(client, doing: task)
            }
        }
        // The one that decided whether this method can be used serves the first exchange.
        var first: Secret?
        do { first = try identity() } catch let error as IdentityTokens.Absence { return .declined(error.reason) }
        let source =
            switch method {
            case .envOIDC: "`\(escaped(variable))`"
            case .fileOIDC: "the file `\(escaped(path, limit: 1000))`"
            case .githubOIDC: "GitHub's identity token for this job and \(settings.source(of: [.clientID]))"
            default: "Azure Pipelines' identity token for this job and \(settings.source(of: [.clientID]))"
            }
        let hasPolicyOfPrincipal = settings[.clientID] != nil
        let common = commonFields
        let ending = groupFields + (settings[.clientID].map { [("client_id", $0)] } ?? [])
        let login = Login(origin: host.origin, source: source) { () throws(CredentialsError) in
            let jwt = try Self.taken(&first, task, identity)
            let form =
                [(name: "grant_type", value: "urn:ietf:params:oauth:grant-type:token-exchange")] + common + [
                    ("subject_token_type", "urn:ietf:params:oauth:token-type:jwt"), ("subject_token", jwt.revealed),
                ] + ending
            let claims = TokenClaims(jwt)?.summary ?? ""
            return .init(
                try client.token(
                    at: discovery.tokenEndpoint(), form, doing: task,
                    details: claims.isEmpty ? [] : ["the identity token says: \(claims)"],
                    hints: [
                        hasPolicyOfPrincipal
                            ? "has the service principal a federation policy for this issuer, subject and audience?"
                            : "has the account a federation policy for this issuer and audience? For that of a service "
                                + "principal set `DATABRICKS_CLIENT_ID`"
                    ]))
        }
        return .ready(login, host: host)
    }

    /// The identity token that is there already, else another one, which must be there because the method was chosen.
    static func taken(
        _ first: inout Secret?, _ task: String, _ identity: () throws -> Secret
    ) throws(CredentialsError) -> Secret {
        if let secret = first {
            first = nil
            return secret
        }
        do {
            return try identity()
        } catch let error as IdentityTokens.Absence {
            throw CredentialsError(.denied, "cannot \(task): \(error.reason)")
        } catch let error as CredentialsError {
            throw error
        } catch {
            throw CredentialsError(.answer, "cannot \(task): \(error)")
        }
    }

    /// `databricks-cli`: whoever is signed in to the `databricks` command.
    func databricksCLI() throws -> Attempt {
        guard let host else { return .declined("no host is set") }
        let task = task(.databricksCLI)
        let programs = ProgramTokens(surroundings: client.surroundings, task: task)
        let isAccount = host.origin.host.hasPrefix("accounts.") || host.origin.host.hasPrefix("accounts-dod.")
        let (path, profile) = (settings[.databricksCLIPath], settings[.profile])
        let account = isAccount ? settings[.accountID] : nil
        let hint = "run `databricks auth login " + (profile.map { "--profile \(escaped($0))`" } ?? "--host \(host)`")
        // The command hands out the token of the last login, whatever its scopes; without a wish any will do.
        let scopes = settings[.scopes] == nil ? nil : settings.scopes.split(separator: " ").map(String.init)
        let ask: () throws(ProgramTokens.Failure) -> AccessToken = { () throws(ProgramTokens.Failure) in
            let token = try programs.databricks(
                path: path, profile: profile, host: host.description, accountID: account)
            guard let scopes, let granted = TokenClaims(token.value)?.words("scope") else { return token }
            guard granted.filter({ $0 != "offline_access" }) == scopes.filter({ $0 != "offline_access" }) else {
                throw .absent(
                    "the token of `databricks` has the scopes `\(escaped(granted.joined(separator: " ")))`, and the "
                        + "profile wants `\(escaped(scopes.joined(separator: " ")))`")
            }
            return token
        }
        var first: AccessToken?
        do throws(ProgramTokens.Failure) { first = try ask() } catch {
            switch error {
            case .absent(let reason)
            where reason.hasPrefix("there is no") || reason.hasPrefix("the `")
                || reason.contains("databricks OAuth is not"):
                return .declined(reason)
            case .absent(let reason):
                throw CredentialsError(.program, "cannot \(task): \(reason)", hints: [hint])
            case .broken(let error): throw error
            }
        }
        let login = Login(origin: host.origin, source: "the `databricks` command") { () throws(CredentialsError) in
            if let token = first {
                first = nil
                return .init(token)
            }
            do throws(ProgramTokens.Failure) { return .init(try ask()) } catch {
                switch error {
                case .absent(let reason):
                    throw CredentialsError(.program, "cannot \(task): \(reason)", hints: [hint])
                case .broken(let error): throw error
                }
            }
        }
        return .ready(login, host: host)
    }
}
