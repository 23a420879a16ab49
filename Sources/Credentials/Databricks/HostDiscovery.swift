import Diagnostics
import HTTPTransport
import JSONText

/// What a Databricks host says about itself, and where its tokens are handed out.
///
/// Every document may be missing: `HOST/.well-known/databricks-config`, then the OAuth document that it or the configuration
/// names, then `HOST/oidc/.well-known/oauth-authorization-server`, and at last the documented `HOST/oidc/v1/token`.
final class HostDiscovery {
    /// `HOST/.well-known/databricks-config` (databricks-sdk 0.156, `oauth.py`, class `HostMetadata`).
    struct Metadata {
        let oidcEndpoint: String?
        let accountID: String?
        let workspaceID: String?
        let cloud: String?
        let audience: String?
    }

    let host: HTTPURL
    private let settings: DatabricksSettings
    private let client: TokenClient
    private var known: Metadata??
    private var endpoint: HTTPURL?
    private var isSilent = false
    /// What was looked for and not found.
    private(set) var notes: [String] = []

    /// How long one document is waited for.
    static let probeSeconds = 4.0

    init(_ host: HTTPURL, _ settings: DatabricksSettings, _ client: TokenClient) {
        self.host = host
        self.settings = settings
        self.client = client
    }

    /// The document about the host; nil when it has none, or nobody may be asked. Asked for once.
    var metadata: Metadata? {
        if let known { return known }
        let found = readMetadata()
        known = .some(found)
        return found
    }

    private func readMetadata() -> Metadata? {
        guard !client.isOffline else { return nil }
        let url = host.appending(segments: [".well-known", "databricks-config"])
        switch client.probe(url, seconds: Self.probeSeconds) {
        case .failure(let failure):
            isSilent = !failure.isAnswered
            notes.append(
                "no `/.well-known/databricks-config` on the host (\(failure.reason)): the documented addresses are used"
            )
            return nil
        case .success(let object):
            func text(_ name: String) -> String? {
                let value = object[name]
                let text = value?.stringValue ?? value?.intValue.map(String.init)
                return text.flatMap { $0.isEmpty ? nil : $0 }
            }
            return Metadata(
                oidcEndpoint: text("oidc_endpoint"), accountID: text("account_id"),
                workspaceID: text("workspace_id"), cloud: text("cloud")?.uppercased(),
                audience: object["token_federation_default_oidc_audiences"]?.arrayValue?.first?.stringValue)
        }
    }

    var accountID: String? { settings[.accountID] ?? metadata?.accountID }

    /// Whether the host is the console of an account, not a workspace.
    private var isAccountHost: Bool {
        host.origin.host.hasPrefix("accounts.") || host.origin.host.hasPrefix("accounts-dod.")
    }

    /// The number of the workspace, which a host of several workspaces needs with each request; nil when it is not known, and for
    /// hosts whose name is that of one workspace.
    var workspaceID: String? { settings[.workspaceID] ?? (isNamedAfterWorkspace ? nil : metadata?.workspaceID) }

    /// `adb-123.4.azuredatabricks.net`, `dbc-a1b2.cloud.databricks.com`, `123.4.gcp.databricks.com`: nothing need be asked.
    private var isNamedAfterWorkspace: Bool {
        let name = host.origin.host
        return name.hasPrefix("adb-") && name.hasSuffix(".azuredatabricks.net")
            || name.hasPrefix("dbc-") && name.hasSuffix(".cloud.databricks.com")
            || name.first?.isNumber == true && name.hasSuffix(".gcp.databricks.com")
    }

    /// Whether the configuration or the host says that it stands in Azure.
    var isAzure: Bool { (settings[.cloud]?.uppercased() ?? metadata?.cloud) == "AZURE" }

    /// The audience that an identity token must have to be exchanged here.
    func audience() -> String {
        if let audience = settings[.tokenAudience] ?? metadata?.audience { return audience }
        if let metadata, metadata.workspaceID == nil, let accountID { return accountID }
        return tokenEndpoint().description
    }

    /// Where tokens are handed out; a secret goes there and nowhere else. It is `https`, or on the host's own origin.
    func tokenEndpoint() -> HTTPURL {
        if let endpoint { return endpoint }
        // Not by a lazy sequence, whose `first` would ask each of them twice.
        var found: HTTPURL?
        for document in documents() where found == nil { found = endpoint(from: document) }
        endpoint = found ?? documentedEndpoint
        return found ?? documentedEndpoint
    }

    private func documents() -> [HTTPURL] {
        guard !client.isOffline else { return [] }
        let name = [".well-known", "oauth-authorization-server"]
        var found: [HTTPURL] = []
        if let text = settings[.discoveryURL] {
            do { found.append(try HTTPURL(text)) } catch {
                notes.append(
                    "`discovery_url` from \(settings.source(of: .discoveryURL) ?? "nowhere") is no URL: \(error.reason)"
                )
            }
        }
        if found.isEmpty, let text = metadata?.oidcEndpoint {
            let filled = text.replacing("{account_id}", with: accountID ?? "")
            if let url = try? HTTPURL(filled), isSafe(url), accountID != nil || !text.contains("{account_id}") {
                found.append(url.withoutTail.appending(segments: name))
            } else {
                notes.append("the host's `oidc_endpoint` `\(escaped(HTTPURL.withoutSecrets(text)))` cannot be used")
            }
        }
        // A host that did not answer a moment ago is not asked again before it gets the request that matters.
        if !isSilent { found.append(base.appending(segments: name)) }
        return found.reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
    }

    /// `HOST/oidc`, for the console of an account `HOST/oidc/accounts/ID`.
    private var base: HTTPURL {
        guard isAccountHost, let accountID else { return host.appending(segments: ["oidc"]) }
        return host.appending(segments: ["oidc", "accounts", accountID])
    }

    private var documentedEndpoint: HTTPURL { base.appending(segments: ["v1", "token"]) }

    private func endpoint(from document: HTTPURL) -> HTTPURL? {
        switch client.probe(document, seconds: Self.probeSeconds) {
        case .failure(let failure):
            notes.append("no OAuth document at `\(document)`: \(failure.reason)")
            return nil
        case .success(let object):
            guard let text = object["token_endpoint"]?.stringValue, let url = try? HTTPURL(text), isSafe(url) else {
                notes.append(
                    "the OAuth document at `\(document)` names no token endpoint that a secret may be sent to: "
                        + "it must be `https`, or on the host itself")
                return nil
            }
            return url
        }
    }

    private func isSafe(_ url: HTTPURL) -> Bool { url.origin.scheme == "https" || url.origin == host.origin }
}
