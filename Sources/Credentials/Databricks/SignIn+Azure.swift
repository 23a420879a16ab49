import Diagnostics
import HTTPTransport
import JSONText
import Platform

// The methods whose tokens Microsoft Entra hands out (databricks-sdk 0.156, `credentials_provider.py`, `azure.py`).
extension SignIn {
    /// The cloud of the workspace; nil when nothing says that it stands in Azure.
    private func cloud(_ method: AuthMethod) throws(CredentialsError) -> AzureCloud? {
        if let host, let cloud = AzureCloud.of(host: host.origin.host) { return azureCloud(cloud) }
        guard host == nil ? settings[.azureResourceID] != nil : discovery?.isAzure == true else { return nil }
        guard let cloud = AzureCloud.named(settings[.azureEnvironment]) else {
            throw CredentialsError(
                .configuration,
                "cannot \(task(method)): `ARM_ENVIRONMENT` names no cloud of Azure: `\(escaped(settings[.azureEnvironment] ?? ""))`",
                hints: ["it is `public`, `usgovernment` or `china`"])
        }
        return azureCloud(cloud)
    }

    private func notAzure(_ method: AuthMethod) -> CredentialsError {
        CredentialsError(
            .configuration,
            "cannot \(task(method)): "
                + (host == nil ? "neither a host nor an Azure resource is set" : "the host is not in Azure"),
            details: ["it is asked for by \(settings.source(of: method.required + [.authType]))"],
            hints: [
                "unset `ARM_CLIENT_ID` and its companions for a workspace outside of Azure, or name another `DATABRICKS_AUTH_TYPE`"
            ])
    }

    /// `azure-client-secret`: an Entra service principal and its secret, with a second token for Azure's own management.
    func azureClientSecret() throws -> Attempt {
        guard let cloud = try cloud(.azureClientSecret) else { throw notAzure(.azureClientSecret) }
        guard let user = settings[.azureClientID], let secret = settings.secret(.azureClientSecret) else {
            return .declined("it is not set")
        }
        let (client, task) = (client, task(.azureClientSecret))
        let source = settings.source(of: [.azureClientID, .azureClientSecret])
        let tenant = tenant(.azureClientSecret, cloud)
        let scopes = settings.scopes
        let ask: (String) throws(CredentialsError) -> AccessToken = { resource throws(CredentialsError) in
            let tenant = try tenant()
            return try client.token(
                at: Self.directory(cloud, tenant, task),
                [
                    ("grant_type", "client_credentials"), ("scope", scopes), ("resource", resource),
                    ("client_id", user), ("client_secret", secret.revealed),
                ], doing: task,
                hints: [
                    "client and secret come from \(source), the tenant is `\(escaped(tenant))`: do they belong together, and is the "
                        + "secret still good?"
                ])
        }
        guard let host = try self.host ?? resolvedHost(.azureClientSecret, cloud, ask) else {
            throw notAzure(.azureClientSecret)
        }
        let login = Login(origin: host.origin, source: source) { () throws(CredentialsError) in
            let token = try ask(cloud.application)
            return Self.grant(token, management: try ask(cloud.serviceManagement))
        }
        return .ready(login, host: host)
    }

    /// `github-oidc-azure`: an Entra service principal that trusts the identity token of a GitHub job.
    func azureGitHub() throws -> Attempt {
        let task = task(.githubOIDCAzure)
        let client = client
        guard client.surroundings[.githubTokenRequestToken] != nil else {
            return .declined("this is no job of GitHub Actions with `permissions: id-token: write`")
        }
        guard let host, let user = settings[.azureClientID] else { return .declined("it is not set") }
        guard let cloud = try cloud(.githubOIDCAzure) else { throw notAzure(.githubOIDCAzure) }
        let identity: () throws -> Secret = {
            try IdentityTokens.fromGitHub(audience: "api://AzureADTokenExchange", client, doing: task)
        }
        var first: Secret?
        do { first = try identity() } catch let error as IdentityTokens.Absence { return .declined(error.reason) }
        let tenant = tenant(.githubOIDCAzure, cloud)
        let scopes = settings.scopes
        let source = "GitHub's identity token for this job and \(settings.source(of: [.azureClientID]))"
        let login = Login(origin: host.origin, source: source) { () throws(CredentialsError) in
            let jwt = try Self.taken(&first, task, identity)
            let claims = TokenClaims(jwt)?.summary ?? ""
            let tenant = try tenant()
            return .init(
                try client.token(
                    at: Self.directory(cloud, tenant, task),
                    [
                        ("grant_type", "client_credentials"), ("scope", scopes),
                        ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
                        ("resource", cloud.application), ("client_assertion", jwt.revealed), ("client_id", user),
                    ], doing: task, details: claims.isEmpty ? [] : ["the identity token says: \(claims)"],
                    hints: [
                        "has the application `\(escaped(user))` a federated credential for this issuer and subject?"
                    ]))
        }
        return .ready(login, host: host)
    }

    /// `azure-cli`: whoever is signed in to `az`.
    func azureCLI() throws -> Attempt {
        guard let cloud = try cloud(.azureCLI) else {
            return .declined(host == nil ? "no host is set" : "the host is not in Azure")
        }
        let programs = ProgramTokens(surroundings: client.surroundings, task: task(.azureCLI))
        let resource = settings[.azureResourceID]
        let parts = (resource ?? "").split(separator: "/", omittingEmptySubsequences: false)
        let subscription = parts.count > 2 && !parts[2].isEmpty ? String(parts[2]) : nil
        let tenant = settings[.azureTenantID] ?? foundTenant("/aad/auth")
        let ask: (String) throws(ProgramTokens.Failure) -> AccessToken = { target throws(ProgramTokens.Failure) in
            try programs.azure(resource: target, subscription: subscription, tenant: tenant)
        }
        var first: AccessToken?
        do throws(ProgramTokens.Failure) { first = try ask(cloud.application) } catch {
            switch error {
            case .absent(let reason): return .declined(reason)
            case .broken(let error): throw error
            }
        }
        let task = task(.azureCLI)
        let resolve: (String) throws(CredentialsError) -> AccessToken = { target throws(CredentialsError) in
            do throws(ProgramTokens.Failure) { return try ask(target) } catch { throw Self.error(error, task) }
        }
        guard let host = try self.host ?? resolvedHost(.azureCLI, cloud, resolve) else { throw notAzure(.azureCLI) }
        let login = Login(origin: host.origin, source: "the `az` command") { () throws(CredentialsError) in
            let token: AccessToken
            if let kept = first { token = kept } else { token = try resolve(cloud.application) }
            first = nil
            // A person needs no second token; for a service principal it is wanted, but not needed by members of a workspace.
            let isPerson = TokenClaims(token.value)?.has("upn") == true
            let management = isPerson ? nil : try? ask(cloud.serviceManagement)
            return Self.grant(token, management: management)
        }
        return .ready(login, host: host)
    }

    private static func error(_ failure: ProgramTokens.Failure, _ task: String) -> CredentialsError {
        switch failure {
        case .absent(let reason):
            CredentialsError(.program, "cannot \(task): \(reason)", hints: ["run `az login`"])
        case .broken(let error): error
        }
    }

    private static func grant(_ token: AccessToken, management: AccessToken?) -> Login.Grant {
        var headers = [HTTPCredential.Header("Authorization", token.authorization)]
        if let management { headers.append(.init("X-Databricks-Azure-SP-Management-Token", management.value)) }
        return Login.Grant(headers: headers, tokens: [token] + (management.map { [$0] } ?? []))
    }

    // MARK: Tenant and host

    private static func directory(_ cloud: AzureCloud, _ tenant: String, _ task: String) throws(CredentialsError)
        -> HTTPURL
    {
        do { return try HTTPURL(cloud.login).appending(segments: [tenant, "oauth2", "token"]) } catch {
            throw CredentialsError(error, doing: task)
        }
    }

    /// What gives the tenant: configured, or where the workspace's login page leads to, looked at when it is first needed.
    private func tenant(_ method: AuthMethod, _ cloud: AzureCloud) -> () throws(CredentialsError) -> String {
        var known = settings[.azureTenantID]
        let paths = method == .githubOIDCAzure ? ["/oidc/oauth2/v2.0/authorize", "/aad/auth"] : ["/aad/auth"]
        return { [self] () throws(CredentialsError) in
            if let known { return known }
            for path in paths {
                guard let tenant = foundTenant(path) else { continue }
                known = tenant
                return tenant
            }
            throw CredentialsError(
                .configuration,
                "cannot \(task(method)): `azure_tenant_id` is not set, and the host does not tell the tenant",
                hints: ["set `ARM_TENANT_ID` to the directory (tenant) number of the service principal"])
        }
    }

    /// The tenant in the address that `path` on the host leads to: `https://login.microsoftonline.com/TENANT/…`.
    private func foundTenant(_ path: String) -> String? {
        guard let host, !client.isOffline else { return nil }
        var request = HTTPRequest(.get, host.appending(segments: path.split(separator: "/").map(String.init)))
        request.followsRedirects = false
        guard let response = try? client.send(request, doing: "find the tenant"),
            (300..<400).contains(response.head.status), let location = response.head["Location"],
            let url = try? HTTPURL(location),
            let tenant = url.path.split(separator: "/").first.map(String.init),
            tenant.utf8.count <= 100,
            tenant.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber || "-.".contains($0)) })
        else { return nil }
        return tenant
    }

    /// The workspace's address, from Azure; nil when no resource is named.
    private func resolvedHost(
        _ method: AuthMethod, _ cloud: AzureCloud, _ ask: (String) throws(CredentialsError) -> AccessToken
    ) throws(CredentialsError) -> HTTPURL? {
        guard let resource = settings[.azureResourceID] else { return nil }
        let task = "find the host of the workspace `\(escaped(resource))`"
        do {
            let base = try HTTPURL(cloud.resourceManager)
            let url = base.appending(
                segments: resource.split(separator: "/").map(String.init), query: [("api-version", "2018-04-01")])
            let token = try ask(cloud.resourceManager + "/")
            let request = HTTPRequest(
                .get, url,
                credential: HTTPCredential(
                    origin: url.origin, headers: [.init("Authorization", token.authorization)],
                    source: settings.source(of: method.required)))
            let answer = try client.object(request, doing: task)
            guard let name = answer["properties"]?["workspaceUrl"]?.stringValue else {
                throw CredentialsError(.answer, "cannot \(task): Azure's answer names no `workspaceUrl`")
            }
            return try HTTPURL("https://\(name)").withoutTail
        } catch let error as HTTPError {
            throw CredentialsError(error, doing: task)
        } catch let error as CredentialsError {
            throw error
        } catch {
            throw CredentialsError(.answer, "cannot \(task): \(error)")
        }
    }
}
