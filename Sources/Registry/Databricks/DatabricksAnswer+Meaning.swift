import Diagnostics
import HTTPTransport

/// What the answers of a workspace mean for a person: one row for each kind of answer.
///
/// Sources: mlflow 3.17 `protos/databricks_pb2.ErrorCode`, databricks-sdk-py `errors/`, and reports of what real workspaces sent
/// (numeric codes: databricks-sdk-go issues 873, 917, 1046).
extension DatabricksAnswer {
    /// Whether the workspace does not believe who we say we are; no other way to the model can help then.
    var isSignInRefused: Bool {
        if status == 401 || code == "UNAUTHENTICATED" { return true }
        guard status == 403 || status == 400, let words = words?.lowercased() else { return false }
        return words.contains("invalid access token") || words.contains("invalid token")
            || words.contains("token") && words.contains("expired")
    }

    /// Whether the workspace does not want to be asked from this network.
    var isNetworkRefused: Bool {
        guard status == 403 || status == 401, let words = words?.lowercased() else { return false }
        let marks = [
            "ip address", "ip access list", "ip acl", "private link", "privatelink", "private access", "public access",
            "network", "vpn",
        ]
        return marks.contains { words.contains($0) }
    }

    /// Whether the server has nothing at this address, whatever model is asked for.
    var isUnknownAddress: Bool {
        if code == "ENDPOINT_NOT_FOUND" { return true }
        if status == 501 || code == "NOT_IMPLEMENTED" { return true }
        guard status == 404, code == nil || code == "404" else { return false }
        let words = words?.lowercased() ?? ""
        return isPage || !words.contains("exist") && !words.contains("not found")
    }

    /// Whether the thing that was asked for does not exist.
    var isNotFound: Bool {
        switch code {
        case "RESOURCE_DOES_NOT_EXIST", "NOT_FOUND": return true
        case "METASTORE_DOES_NOT_EXIST", "CATALOG_DOES_NOT_EXIST", "SCHEMA_DOES_NOT_EXIST": return true
        default: break
        }
        // A missing alias and an unknown stage are known by their words only.
        guard status == 400, let words = words?.lowercased() else { return false }
        return words.contains("alias") && (words.contains("not found") || words.contains("does not exist"))
            || words.contains("model version stage")
    }

    /// Whether signed URLs are switched off here, or the service cannot tell for which network to sign them.
    var isSigningRefused: Bool {
        reasons.contains("FILES_API_API_IS_NOT_ENABLED") || reasons.contains("FILES_API_REQUESTER_NETWORK_ZONE_UNKNOWN")
    }

    /// Whether another way to the same files may work although this one is refused.
    var leavesOtherWays: Bool { !isSignInRefused && !isNetworkRefused && status != 429 }

    var meaning: ServerMeaning {
        if response.head.isSuccess { return unusable }
        if isNetworkRefused { return network }
        if isSignInRefused { return signIn }
        if let meaning = meaningOfCode { return meaning }
        if isNotFound { return ServerMeaning(.notFound, "the workspace does not know it") }
        if isUnknownAddress { return unknownAddress }
        switch status {
        case 403: return forbidden
        case 404: return ServerMeaning(.notFound, "the workspace does not know it")
        case 429: return tooMany
        case 500...599: return trouble
        default: return ServerMeaning(.server, "`\(host)` refuses the request")
        }
    }

    private var meaningOfCode: ServerMeaning? {
        switch code {
        case "PERMISSION_DENIED", "CUSTOMER_UNAUTHORIZED": forbidden
        case "METASTORE_DOES_NOT_EXIST":
            ServerMeaning(
                .notFound, "`\(host)` has no Unity Catalog: no metastore is attached to the workspace",
                hints: ["a model of the workspace registry has a name of one part, as in `models:/churn/1`"])
        case "CATALOG_DOES_NOT_EXIST": missingCatalog
        case "SCHEMA_DOES_NOT_EXIST": missingSchema
        case "FEATURE_DISABLED": disabled
        case "INVALID_STATE":
            ServerMeaning(
                .notReady, "the version is not ready",
                hints: ["try again in a while, or register it again"])
        case "REQUEST_LIMIT_EXCEEDED", "RESOURCE_EXHAUSTED": tooMany
        case "TEMPORARILY_UNAVAILABLE", "WORKSPACE_TEMPORARILY_UNAVAILABLE", "SERVICE_UNDER_MAINTENANCE": trouble
        default: nil
        }
    }

    private var host: HTTPOrigin { response.request.url.origin }

    private var signIn: ServerMeaning {
        guard response.credentialWasSent else {
            return ServerMeaning(
                .denied, "`\(host)` asks for credentials",
                hints: ["set `DATABRICKS_TOKEN` or name a profile; `skiff auth` shows what was looked for"])
        }
        return ServerMeaning(
            .denied, "`\(host)` does not accept the credentials",
            hints: [
                "they come from \(source): they are wrong, have expired, or are for another workspace; `skiff auth` explains them"
            ])
    }

    private var source: String { response.request.credential?.source ?? "nowhere" }

    private var network: ServerMeaning {
        ServerMeaning(
            .denied, "the workspace `\(host)` refuses requests from this network",
            hints: [
                "an IP access list, a VPN or a private link stands before it: run this where the workspace admits you, or ask its "
                    + "administrator to admit this machine"
            ])
    }

    private var forbidden: ServerMeaning {
        if let words = words?.lowercased(), words.contains("scope") {
            return ServerMeaning(
                .denied, "`\(host)` forbids it: the scopes of the token are too narrow",
                hints: ["the token comes from \(source); it needs the scope \(subject.scope)"])
        }
        return ServerMeaning(
            .denied, "`\(host)` forbids it",
            hints: [subject.rights, "the credentials come from \(source); `skiff auth` shows whose they are"])
    }

    private var missingCatalog: ServerMeaning {
        var name = "the catalog"
        if case .catalogModel(let model) = subject { name = "a catalog `\(escaped(model.catalog))`" }
        return ServerMeaning(
            .notFound, "the workspace has no such thing as \(name)",
            hints: ["check the first part of the name; `databricks catalogs list` shows the catalogs"])
    }

    private var missingSchema: ServerMeaning {
        var name = "the schema"
        var command = "databricks schemas list CATALOG"
        if case .catalogModel(let model) = subject {
            name = "a schema `\(escaped("\(model.catalog).\(model.schema)"))`"
            command = "databricks schemas list \(escaped(model.catalog))"
        }
        return ServerMeaning(
            .notFound, "the workspace has no such thing as \(name)",
            hints: ["check the second part of the name; `\(command)` shows the schemas"])
    }

    private var disabled: ServerMeaning {
        if case .workspaceModel = subject {
            return ServerMeaning(
                .unsupported, "the model registry of the workspace is switched off",
                hints: ["its models live in Unity Catalog: write `models:/CATALOG.SCHEMA.MODEL/VERSION`"])
        }
        return ServerMeaning(.unsupported, "the workspace has this switched off")
    }

    private var tooMany: ServerMeaning {
        ServerMeaning(
            .server, "`\(host)` slows us down: it gets too many requests",
            hints: ["try again in a while; other work in the same workspace counts too"])
    }

    private var trouble: ServerMeaning {
        ServerMeaning(
            .server, "`\(host)` is in trouble",
            hints: ["try again in a while; https://status.databricks.com shows what is known"])
    }

    private var unknownAddress: ServerMeaning {
        ServerMeaning(
            .answer, "`\(host)` has nothing at this address",
            hints: ["is `\(host)` the address of a Databricks workspace, without a path after it?"])
    }

    /// A 2xx answer without a JSON object.
    private var unusable: ServerMeaning {
        if isPage {
            return ServerMeaning(
                .answer, "`\(host)` sends a web page where its API should answer",
                hints: [
                    "it may be a page to sign in: is this the workspace's own address, and does it admit this network (IP access "
                        + "list, VPN, private link)?"
                ])
        }
        return ServerMeaning(
            .answer, "the answer of `\(host)` is not a JSON object",
            hints: ["is this the address of a Databricks workspace?"])
    }
}
