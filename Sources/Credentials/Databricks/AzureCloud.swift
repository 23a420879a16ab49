import HTTPTransport

/// One of Azure's clouds: where its directory is, and what tokens are asked for (databricks-sdk 0.156, `environments.py`).
struct AzureCloud: Sendable, Equatable {
    /// As `ARM_ENVIRONMENT` names it.
    let name: String
    /// The directory that hands out tokens.
    let login: String
    /// Where a workspace's address can be asked for.
    let resourceManager: String
    /// What the second token is for.
    let serviceManagement: String
    /// What the token for Databricks is for: the application's number.
    let application: String

    static let databricks = "2ff814a6-3304-4ab8-85cb-cd0e6f879c1d"

    static let `public` = AzureCloud(
        name: "PUBLIC", login: "https://login.microsoftonline.com", resourceManager: "https://management.azure.com",
        serviceManagement: "https://management.core.windows.net/", application: databricks)
    static let government = AzureCloud(
        name: "USGOVERNMENT", login: "https://login.microsoftonline.us",
        resourceManager: "https://management.usgovcloudapi.net",
        serviceManagement: "https://management.core.usgovcloudapi.net/", application: databricks)
    static let china = AzureCloud(
        name: "CHINA", login: "https://login.chinacloudapi.cn",
        resourceManager: "https://management.chinacloudapi.cn",
        serviceManagement: "https://management.core.chinacloudapi.cn/", application: databricks)

    /// The cloud of a workspace by its host name; nil when it is none of Azure's.
    static func of(host: String) -> AzureCloud? {
        let known: [(suffix: String, cloud: AzureCloud)] = [
            (".dev.azuredatabricks.net", .public.with(application: "62a912ac-b58e-4c1d-89ea-b2dbfc7358fc")),
            (".staging.azuredatabricks.net", .public.with(application: "4a67d088-db5c-48f1-9ff2-0aace800ae68")),
            (".azuredatabricks.net", .public), (".databricks.azure.us", .government),
            (".databricks.azure.cn", .china),
        ]
        return known.first { host.hasSuffix($0.suffix) }?.cloud
    }

    /// The cloud that `ARM_ENVIRONMENT` names, in any case, also as `AzurePublicCloud`; the public one when it names none.
    ///
    /// - Returns: nil for a name that no cloud has.
    static func named(_ text: String?) -> AzureCloud? {
        guard let text else { return .public }
        var name = text.uppercased()
        if name.hasPrefix("AZURE") { name.removeFirst(5) }
        if name.hasSuffix("CLOUD") { name.removeLast(5) }
        return [.public, .government, .china].first { $0.name == name }
    }

    private func with(application: String) -> AzureCloud {
        AzureCloud(
            name: name, login: login, resourceManager: resourceManager, serviceManagement: serviceManagement,
            application: application)
    }
}
