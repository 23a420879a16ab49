import Diagnostics
import HTTPTransport
import JSONText
import Platform

/// Where an identity token comes from that Databricks or Entra takes in exchange for one of its own.
///
/// A token is read or asked for anew at each exchange: it lives for minutes.
enum IdentityTokens {
    /// Why there is none, in words; it is no error while other ways to sign in are left.
    struct Absence: Error {
        let reason: String
    }

    /// The token in a variable (databricks-sdk 0.156, `oidc.py`, class `EnvIdTokenSource`).
    static func fromEnvironment(_ name: String, _ surroundings: Surroundings) throws(Absence) -> Secret {
        guard let value = surroundings.environment[name], !value.isEmpty else {
            throw Absence(reason: "`\(escaped(name))` is not set")
        }
        return Secret(String(value.withoutOuterSpace))
    }

    /// The token in a file, without white space around it (`oidc.py`, class `FileIdTokenSource`).
    static func fromFile(_ path: String, _ surroundings: Surroundings) throws(Absence) -> Secret {
        let shown = "`\(escaped(path, limit: 1000))`"
        let bytes: [UInt8]
        do { bytes = try readFile(surroundings.absolute(path), limit: 1 << 20) } catch {
            throw Absence(reason: "the file \(shown) cannot be read: \(error.reason)")
        }
        let text = String(decoding: bytes, as: UTF8.self).withoutOuterSpace
        guard !text.isEmpty else { throw Absence(reason: "the file \(shown) is empty") }
        return Secret(String(text))
    }

    /// The token of a GitHub job (`oidc_token_supplier.py`; GitHub's "Configuring OpenID Connect in cloud providers").
    ///
    /// - Throws: `Absence` outside of GitHub, and when GitHub refuses.
    static func fromGitHub(audience: String, _ client: TokenClient, doing task: String) throws -> Secret {
        let surroundings = client.surroundings
        guard let address = surroundings[.githubTokenRequestURL], let right = surroundings[.githubTokenRequestToken]
        else {
            throw Absence(reason: isGitHub(surroundings) ? noPermission : "this is no job of GitHub Actions")
        }
        let mark = address.contains("?") ? "&" : "?"
        let url: HTTPURL
        do { url = try HTTPURL("\(address)\(mark)audience=\(PercentEncoding.encode(audience))") } catch {
            throw Absence(reason: "`ACTIONS_ID_TOKEN_REQUEST_URL` is no URL: \(error.reason)")
        }
        let credential = HTTPCredential(
            origin: url.origin, headerName: "Authorization", headerValue: Secret("Bearer \(right)"),
            source: "`ACTIONS_ID_TOKEN_REQUEST_TOKEN`")
        let request = HTTPRequest(
            .get, url, headers: [HTTPHeader("Accept", "application/json")], credential: credential)
        return try token(request, "value", client, task)
    }

    private static let noPermission =
        "GitHub gives this job no identity token: it needs `permissions: id-token: write` in the workflow"

    private static func isGitHub(_ surroundings: Surroundings) -> Bool {
        surroundings.environment["GITHUB_ACTIONS"] == "true"
    }

    /// The token of a job of Azure Pipelines, whose audience is always `api://AzureADTokenExchange`.
    static func fromAzurePipelines(_ client: TokenClient, doing task: String) throws -> Secret {
        let surroundings = client.surroundings
        let names: [EnvironmentVariable] = [
            .pipelineAccessToken, .pipelineCollection, .pipelineProject, .pipelinePlan, .pipelineJob, .pipelineHostType,
        ]
        let missing = names.filter { surroundings[$0] == nil }
        guard missing.count < names.count else { throw Absence(reason: "this is no job of Azure Pipelines") }
        guard missing.isEmpty, let right = surroundings[.pipelineAccessToken],
            let collection = surroundings[.pipelineCollection]
        else {
            let words = missing.map { "`\($0.rawValue)`" }.joined(separator: ", ")
            let hint =
                missing.contains(.pipelineAccessToken)
                ? "; map it in the pipeline: `env: SYSTEM_ACCESSTOKEN: $(System.AccessToken)`" : ""
            throw Absence(reason: "\(words) \(missing.count == 1 ? "is" : "are") not set\(hint)")
        }
        func value(_ variable: EnvironmentVariable) -> String { surroundings[variable] ?? "" }
        let base: HTTPURL
        do { base = try HTTPURL(collection).withoutTail } catch {
            throw Absence(reason: "`SYSTEM_TEAMFOUNDATIONCOLLECTIONURI` is no URL: \(error.reason)")
        }
        let url = base.appending(
            segments: [
                value(.pipelineProject), "_apis", "distributedtask", "hubs", value(.pipelineHostType), "plans",
                value(.pipelinePlan), "jobs", value(.pipelineJob), "oidctoken",
            ], query: [("api-version", "7.2-preview.1")])
        var request = HTTPRequest(
            .post, url, headers: [HTTPHeader("Content-Type", "application/json")],
            credential: HTTPCredential(
                origin: url.origin, headerName: "Authorization", headerValue: Secret("Bearer \(right)"),
                source: "`SYSTEM_ACCESSTOKEN`"))
        request.body = []
        return try token(request, "oidcToken", client, task)
    }

    private static func token(
        _ request: HTTPRequest, _ name: String, _ client: TokenClient, _ task: String
    ) throws -> Secret {
        guard !client.isOffline else {
            throw Absence(reason: "nobody may be asked for an identity token (`--offline`)")
        }
        let object: JSONObject
        do { object = try client.object(request, doing: task) } catch {
            guard error.kind != .cancelled else { throw error }
            let words = error.diagnostic.details.first.map { ": \($0)" } ?? ""
            throw Absence(reason: "no identity token from `\(request.url.origin)`: \(error.reason)\(words)")
        }
        do {
            return try TokenClient.secret(object[name], name, doing: task, Place(file: request.url.description))
        } catch {
            throw Absence(reason: "no identity token from `\(request.url.origin)`: \(error.reason)")
        }
    }
}
