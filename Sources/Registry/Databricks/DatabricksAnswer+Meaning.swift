import Diagnostics
import HTTPTransport

/// What the answers of a workspace mean for a person: one row for each kind of answer.
///
/// Sources: mlflow 3.17 `protos/databricks_pb2.ErrorCode`, databricks-sdk-py `errors/`, and reports of what real workspaces sent
/// (numeric codes: databricks-sdk-go issues 873, 917, 1046).
extension DatabricksAnswer {
    struct Meaning {
        let kind: RegistryError.Kind
        let reason: String
        let hints: [String]
    }

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
            "ip address", "ip access list", "ip acl", "private link", "privatelink", "private access", "network", "vpn",
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

    var meaning: Meaning {
        if response.head.isSuccess { return unusable }
        if isNetworkRefused { return network }
        if isSignInRefused { return signIn }
        if let meaning = meaningOfCode { return meaning }
        if isNotFound { return Meaning(kind: .notFound, reason: "the workspace does not know it", hints: []) }
        if isUnknownAddress { return unknownAddress }
        switch status {
        case 403: return forbidden
        case 404: return Meaning(kind: .notFound, reason: "the workspace does not know it", hints: [])
        case 429: return tooMany
        case 500...599: return trouble
        default: return Meaning(kind: .server, reason: "`\(host)` refuses the request", hints: [])
        }
    }

    private var meaningOfCode: Meaning? {
        switch code {
        case "PERMISSION_DENIED", "CUSTOMER_UNAUTHORIZED": forbidden
        case "METASTORE_DOES_NOT_EXIST":
            Meaning(
                kind: .notFound, reason: "`\(host)` has no Unity Catalog: no metastore is attached to the workspace",
                hints: ["a model of the workspace registry has a name of one part, as in `models:/churn/1`"])
        case "CATALOG_DOES_NOT_EXIST": missingCatalog
        case "SCHEMA_DOES_NOT_EXIST": missingSchema
        case "FEATURE_DISABLED": disabled
        case "INVALID_STATE":
            Meaning(
                kind: .notReady, reason: "the version is not ready",
                hints: ["try again in a while, or register it again"])
        case "REQUEST_LIMIT_EXCEEDED", "RESOURCE_EXHAUSTED": tooMany
        case "TEMPORARILY_UNAVAILABLE", "WORKSPACE_TEMPORARILY_UNAVAILABLE", "SERVICE_UNDER_MAINTENANCE": trouble
        default: nil
        }
    }

    private var host: HTTPOrigin { response.request.url.origin }

    private var signIn: Meaning {
        guard response.credentialWasSent else {
            return Meaning(
                kind: .denied, reason: "`\(host)` asks for credentials",
                hints: ["set `DATABRICKS_TOKEN` or name a profile; `skiff auth` shows what was looked for"])
        }
        return Meaning(
            kind: .denied, reason: "`\(host)` does not accept the credentials",
            hints: [
                "they come from \(source): they are wrong, have expired, or are for another workspace; `skiff auth` explains them"
            ])
    }

    private var source: String { response.request.credential?.source ?? "nowhere" }

    private var network: Meaning {
        Meaning(
            kind: .denied, reason: "the workspace `\(host)` refuses requests from this network",
            hints: [
                "an IP access list, a VPN or a private link stands before it: run this where the workspace admits you, or ask its "
                    + "administrator to admit this machine"
            ])
    }

    private var forbidden: Meaning {
        if let words = words?.lowercased(), words.contains("scope") {
            return Meaning(
                kind: .denied, reason: "`\(host)` forbids it: the scopes of the token are too narrow",
                hints: ["the token comes from \(source); it needs the scope \(subject.scope)"])
        }
        return Meaning(
            kind: .denied, reason: "`\(host)` forbids it",
            hints: [subject.rights, "the credentials come from \(source); `skiff auth` shows whose they are"])
    }

    private var missingCatalog: Meaning {
        var name = "the catalog"
        if case .catalogModel(let model) = subject { name = "a catalog `\(escaped(model.catalog))`" }
        return Meaning(
            kind: .notFound, reason: "the workspace has no such thing as \(name)",
            hints: ["check the first part of the name; `databricks catalogs list` shows the catalogs"])
    }

    private var missingSchema: Meaning {
        var name = "the schema"
        var command = "databricks schemas list CATALOG"
        if case .catalogModel(let model) = subject {
            name = "a schema `\(escaped("\(model.catalog).\(model.schema)"))`"
            command = "databricks schemas list \(escaped(model.catalog))"
        }
        return Meaning(
            kind: .notFound, reason: "the workspace has no such thing as \(name)",
            hints: ["check the second part of the name; `\(command)` shows the schemas"])
    }

    private var disabled: Meaning {
        if case .workspaceModel = subject {
            return Meaning(
                kind: .unsupported, reason: "the model registry of the workspace is switched off",
                hints: ["its models live in Unity Catalog: write `models:/CATALOG.SCHEMA.MODEL/VERSION`"])
        }
        return Meaning(kind: .unsupported, reason: "the workspace has this switched off", hints: [])
    }

    private var tooMany: Meaning {
        Meaning(
            kind: .server, reason: "`\(host)` slows us down: it gets too many requests",
            hints: ["try again in a while; other work in the same workspace counts too"])
    }

    private var trouble: Meaning {
        Meaning(
            kind: .server, reason: "`\(host)` is in trouble",
            hints: ["try again in a while; https://status.databricks.com shows what is known"])
    }

    private var unknownAddress: Meaning {
        Meaning(
            kind: .answer, reason: "`\(host)` has nothing at this address",
            hints: ["is `\(host)` the address of a Databricks workspace, without a path after it?"])
    }

    /// A 2xx answer without a JSON object.
    private var unusable: Meaning {
        if isPage {
            return Meaning(
                kind: .answer, reason: "`\(host)` sends a web page where its API should answer",
                hints: [
                    "it may be a page to sign in: is this the workspace's own address, and does it admit this network (IP access "
                        + "list, VPN, private link)?"
                ])
        }
        return Meaning(
            kind: .answer, reason: "the answer of `\(host)` is not a JSON object",
            hints: ["is this the address of a Databricks workspace?"])
    }
}
