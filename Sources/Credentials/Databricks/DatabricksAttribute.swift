import Platform

/// A setting of Databricks' unified authentication: its name in a profile, its variable, and the family of credentials that it
/// belongs to (databricks-sdk 0.156, `config.py`, class `Config`).
enum DatabricksAttribute: String, CaseIterable, Sendable {
    case host
    case accountID = "account_id"
    case workspaceID = "workspace_id"
    case groupID = "group_id"
    case cloud
    case discoveryURL = "discovery_url"
    case token
    case tokenAudience = "token_audience"
    case oidcTokenVariable = "oidc_token_env"
    case oidcTokenFile = "oidc_token_filepath"
    case username
    case password
    case clientID = "client_id"
    case clientSecret = "client_secret"
    case profile
    case configFile = "config_file"
    case googleServiceAccount = "google_service_account"
    case googleCredentials = "google_credentials"
    case azureResourceID = "azure_workspace_resource_id"
    case azureUseManagedIdentity = "azure_use_msi"
    case azureClientSecret = "azure_client_secret"
    case azureClientID = "azure_client_id"
    case azureTenantID = "azure_tenant_id"
    case azureEnvironment = "azure_environment"
    case databricksCLIPath = "databricks_cli_path"
    case authType = "auth_type"
    case metadataServiceURL = "metadata_service_url"
    case scopes
    case authorizationDetails = "authorization_details"

    /// Its variables, the first that is set counts; the later ones are older names. None: only a profile can set it.
    var variables: [EnvironmentVariable] {
        switch self {
        case .host: [.databricksHost]
        case .accountID: [.databricksAccountID]
        case .workspaceID: [.databricksWorkspaceID]
        case .groupID: [.databricksGroupID]
        case .cloud: [.databricksCloud]
        case .discoveryURL: [.databricksDiscoveryURL]
        case .token: [.databricksToken]
        case .tokenAudience: [.databricksTokenAudience]
        case .oidcTokenVariable: [.databricksOIDCTokenEnv]
        case .oidcTokenFile: [.databricksOIDCTokenFilepath, .databricksOIDCTokenFile]
        case .username: [.databricksUsername]
        case .password: [.databricksPassword]
        case .clientID: [.databricksClientID]
        case .clientSecret: [.databricksClientSecret]
        case .profile: [.databricksConfigProfile]
        case .configFile: [.databricksConfigFile]
        case .googleServiceAccount: [.databricksGoogleServiceAccount]
        case .googleCredentials: [.googleCredentials]
        case .azureResourceID: [.databricksAzureResourceID]
        case .azureUseManagedIdentity: [.armUseMSI]
        case .azureClientSecret: [.armClientSecret]
        case .azureClientID: [.armClientID]
        case .azureTenantID: [.armTenantID]
        case .azureEnvironment: [.armEnvironment]
        case .databricksCLIPath: [.databricksCLIPath]
        case .authType: [.databricksAuthType]
        case .metadataServiceURL: [.databricksMetadataServiceURL]
        case .scopes, .authorizationDetails: []
        }
    }

    /// Settings of two families together are an error unless `auth_type` picks a method.
    var family: String? {
        switch self {
        case .token: "pat"
        case .oidcTokenVariable: "env-oidc"
        case .oidcTokenFile: "file-oidc"
        case .username, .password: "basic"
        case .clientID, .clientSecret: "oauth"
        case .googleServiceAccount, .googleCredentials: "google"
        case .azureResourceID, .azureUseManagedIdentity, .azureClientSecret, .azureClientID, .azureTenantID: "azure"
        case .metadataServiceURL: "metadata-service"
        default: nil
        }
    }

    /// Whether its value must never be shown.
    var isSecret: Bool {
        switch self {
        case .token, .password, .clientSecret, .googleCredentials, .azureClientSecret, .metadataServiceURL: true
        default: false
        }
    }

    /// How a person can set it: "`client_id` (`DATABRICKS_CLIENT_ID`)".
    var words: String { "`\(rawValue)`" + (variables.first.map { " (`\($0.rawValue)`)" } ?? "") }
}
