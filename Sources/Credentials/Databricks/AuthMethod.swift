/// The ways to sign in to Databricks, in the order in which they are tried (databricks-sdk 0.156, `credentials_provider.py`,
/// class `DefaultCredentials`).
public enum AuthMethod: String, CaseIterable, Sendable {
    /// A token that a person made.
    case pat
    /// User and password.
    case basic
    /// A service on this machine that hands out tokens.
    case metadataService = "metadata-service"
    /// A service principal with its secret.
    case oauthM2M = "oauth-m2m"
    /// An identity token in a variable.
    case envOIDC = "env-oidc"
    /// An identity token in a file.
    case fileOIDC = "file-oidc"
    /// The identity token of a GitHub workflow.
    case githubOIDC = "github-oidc"
    /// An Entra service principal with its secret.
    case azureClientSecret = "azure-client-secret"
    /// An Entra service principal that trusts a GitHub workflow.
    case githubOIDCAzure = "github-oidc-azure"
    /// Whoever is signed in to the Azure command line.
    case azureCLI = "azure-cli"
    /// The identity token of an Azure pipeline.
    case azureDevOpsOIDC = "azure-devops-oidc"
    /// A person in a browser.
    case externalBrowser = "external-browser"
    /// Whoever is signed in to the Databricks command line.
    case databricksCLI = "databricks-cli"
    /// A Databricks cluster, with scopes.
    case runtimeOAuth = "runtime-oauth"
    /// A Databricks cluster.
    case runtime
    /// The key of a Google service account.
    case googleCredentials = "google-credentials"
    /// A Google service account that may be impersonated.
    case googleID = "google-id"
    /// A Databricks serving endpoint.
    case modelServing = "model-serving"

    /// What must be set, in the order in which it is looked at.
    var required: [DatabricksAttribute] {
        switch self {
        case .pat: [.host, .token]
        case .basic: [.host, .username, .password]
        case .metadataService: [.host, .metadataServiceURL]
        case .oauthM2M: [.host, .clientID, .clientSecret]
        case .envOIDC, .databricksCLI: [.host]
        case .fileOIDC: [.host, .oidcTokenFile]
        case .githubOIDC, .azureDevOpsOIDC: [.host, .clientID]
        case .azureClientSecret: [.azureClientID, .azureClientSecret]
        case .githubOIDCAzure: [.host, .azureClientID]
        case .externalBrowser: [.host, .authType]
        case .runtimeOAuth: [.scopes]
        case .googleCredentials: [.host, .googleCredentials]
        case .googleID: [.host, .googleServiceAccount]
        case .azureCLI, .runtime, .modelServing: []
        }
    }

    /// Whether a token for a group (`group_id`) can be asked for.
    var canAssumeGroup: Bool {
        switch self {
        case .oauthM2M, .envOIDC, .fileOIDC, .githubOIDC, .azureDevOpsOIDC, .externalBrowser, .runtimeOAuth: true
        default: false
        }
    }

    /// Why this version does not speak it; nil when it does.
    var unsupportedReason: String? {
        switch self {
        case .metadataService: "the metadata service of an editor is not supported"
        case .externalBrowser: "a person in a browser is not supported: `databricks auth login`, then `databricks-cli`"
        case .runtimeOAuth, .runtime: "the login of a Databricks cluster is not supported"
        case .googleCredentials, .googleID: "Google service accounts are not supported"
        case .modelServing: "the login of a Databricks serving endpoint is not supported"
        default: nil
        }
    }
}
