import Diagnostics
import HTTPTransport
import Platform
import TestKit
import Testing

@testable import Registry

@Suite struct MLflowSettingsTests {
    static let login = "Basic dXNlcjpwYXNz"  // user:pass

    struct SignIn: CustomTestStringConvertible, Sendable {
        let name: String
        let variables: [String: String]
        var file: String?
        let header: String?
        let source: String?
        var testDescription: String { name }
    }

    static let signIns = [
        SignIn(name: "nothing", variables: [:], header: nil, source: nil),
        SignIn(
            name: "user and password",
            variables: ["MLFLOW_TRACKING_USERNAME": "user", "MLFLOW_TRACKING_PASSWORD": "pass"],
            header: login, source: "`MLFLOW_TRACKING_USERNAME` and `MLFLOW_TRACKING_PASSWORD`"),
        SignIn(
            name: "a token, with the line feed that `cat` left", variables: ["MLFLOW_TRACKING_TOKEN": "abc\n"],
            header: "Bearer abc", source: "`MLFLOW_TRACKING_TOKEN`"),
        SignIn(
            name: "both: MLflow's client prefers the password",
            variables: [
                "MLFLOW_TRACKING_USERNAME": "user", "MLFLOW_TRACKING_PASSWORD": "pass", "MLFLOW_TRACKING_TOKEN": "abc",
            ], header: login, source: "`MLFLOW_TRACKING_USERNAME` and `MLFLOW_TRACKING_PASSWORD`"),
        SignIn(
            name: "a user without password does not hide the token",
            variables: ["MLFLOW_TRACKING_USERNAME": "user", "MLFLOW_TRACKING_TOKEN": "abc"], header: "Bearer abc",
            source: "`MLFLOW_TRACKING_TOKEN`"),
        SignIn(
            name: "the credentials file", variables: [:],
            file:
                "# mine\n[other]\nmlflow_tracking_username = no\n[mlflow]\nMLFLOW_TRACKING_USERNAME = user\nmlflow_tracking_password: pass\n",
            header: login, source: "`~/.mlflow/credentials`"),
        SignIn(
            name: "the password from the environment, the user from the file",
            variables: ["MLFLOW_TRACKING_PASSWORD": "pass"],
            file: "[mlflow]\nmlflow_tracking_username=user\nmlflow_tracking_password=old\n", header: login,
            source: "`MLFLOW_TRACKING_PASSWORD` and `~/.mlflow/credentials`"),
        SignIn(
            name: "in the address", variables: ["MLFLOW_TRACKING_URI": "http://user:pass@host:5000/ml/"], header: login,
            source: "the user name and password in `MLFLOW_TRACKING_URI`"),
    ]

    @Test("who signs in, and how, is read as MLflow's client reads it", arguments: signIns)
    func signIn(_ row: SignIn) throws {
        let home = TemporaryDirectory()
        if let file = row.file { try home.write(".mlflow/credentials", file) }
        let base = ["MLFLOW_TRACKING_URI": "http://host:5000/ml/", "HOME": home.path]
        let settings = try Self.settings(base.merging(row.variables) { _, new in new })
        #expect(settings.tracking.base.exactText == "http://host:5000/ml")
        #expect(try settings.tracking.login.credential()?.headers.first?.value.revealed == row.header)
        #expect(settings.tracking.login.source == row.source)
        #expect(settings.hasOneServer)
        #expect("\(settings)".contains("dXNlcjpwYXNz") == false)
    }

    @Test("a registry of its own is asked about models, the tracking server about files; each with its own origin")
    func registry() throws {
        let settings = try Self.settings([
            "MLFLOW_TRACKING_URI": "http://tracking", "MLFLOW_REGISTRY_URI": "https://registry/r",
            "MLFLOW_TRACKING_TOKEN": "t", "MLFLOW_WORKSPACE": "team",
        ])
        #expect(settings.registry.base.exactText == "https://registry/r")
        #expect(try settings.registry.login.credential()?.origin.description == "https://registry")
        #expect(try settings.tracking.login.credential()?.origin.description == "http://tracking")
        #expect(settings.tracking.headers.map { "\($0.name): \($0.value)" } == ["X-MLFLOW-WORKSPACE: team"])
    }

    @Test("certificate authorities: MLflow's own variable first, then those of requests and curl")
    func authorities() throws {
        var variables = ["MLFLOW_TRACKING_URI": "https://h", "CURL_CA_BUNDLE": "/curl.pem"]
        #expect(try Self.settings(variables).http.trust.authorityFile == "/curl.pem")
        variables["REQUESTS_CA_BUNDLE"] = "/requests.pem"
        #expect(try Self.settings(variables).http.trust.authorityFile == "/requests.pem")
        variables["MLFLOW_TRACKING_SERVER_CERT_PATH"] = "/mlflow.pem"
        #expect(try Self.settings(variables).http.trust.authorityFile == "/mlflow.pem")
        #expect(try Self.settings(variables).http.trust.acceptsAnyCertificate == false)
        #expect(try Self.settings(variables).http.trust.uncheckedOrigins == [])
    }

    @Test("a person who accepts any certificate does so for MLflow's servers, and for no other")
    func insecure() throws {
        let settings = try Self.settings([
            "MLFLOW_TRACKING_URI": "https://tracking/x", "MLFLOW_REGISTRY_URI": "https://registry:8443",
            "MLFLOW_TRACKING_INSECURE_TLS": "True",
        ])
        #expect(settings.http.trust.acceptsAnyCertificate == false)
        #expect(
            Set(settings.http.trust.uncheckedOrigins.map(\.description)) == [
                "https://tracking", "https://registry:8443",
            ])
    }

    @Test("signed addresses of the storage: asked for as the variable says, and not by who trusts one authority only")
    func presigning() throws {
        var variables = ["MLFLOW_TRACKING_URI": "https://h"]
        #expect(try Self.settings(variables).presigning == nil)
        variables["MLFLOW_TRACKING_SERVER_CERT_PATH"] = "/ca.pem"
        #expect(try Self.settings(variables).presigning == false)
        variables["MLFLOW_ENABLE_PROXY_MULTIPART_DOWNLOAD"] = "true"
        #expect(try Self.settings(variables).presigning == true)
        variables["MLFLOW_ENABLE_PROXY_MULTIPART_DOWNLOAD"] = "false"
        #expect(try Self.settings(variables).presigning == false)
    }

    static func settings(_ variables: [String: String]) throws -> MLflowSettings {
        let tracking = MLflowSettings.Server(
            uri: variables["MLFLOW_TRACKING_URI"] ?? "", variable: "MLFLOW_TRACKING_URI")
        let registry = variables["MLFLOW_REGISTRY_URI"].map {
            MLflowSettings.Server(uri: $0, variable: "MLFLOW_REGISTRY_URI")
        }
        return try MLflowSettings(
            tracking: tracking, registry: registry ?? tracking, variables,
            http: ModelResolver(Surroundings(environment: variables), userAgent: "t").http)
    }

    struct Refused: CustomTestStringConvertible, Sendable {
        let name: String
        let variables: [String: String]
        let message: String
        var testDescription: String { name }
    }

    static let refused = [
        Refused(
            name: "a bad port", variables: ["MLFLOW_TRACKING_URI": "http://h:port"],
            message: """
                error: cannot use `http://h:port` as `MLFLOW_TRACKING_URI`: `h:port` is not a host name or address with an optional port
                hint: write it as `http://HOST:PORT`

                """),
        Refused(
            name: "AWS signatures",
            variables: ["MLFLOW_TRACKING_URI": "http://h", "MLFLOW_TRACKING_AWS_SIGV4": "true"],
            message: """
                error: cannot sign in as `MLFLOW_TRACKING_AWS_SIGV4` says: signing requests for AWS is not supported by this version
                hint: use `MLFLOW_TRACKING_USERNAME` and `MLFLOW_TRACKING_PASSWORD`, or `MLFLOW_TRACKING_TOKEN`

                """),
        Refused(
            name: "an unclear answer about TLS",
            variables: ["MLFLOW_TRACKING_URI": "http://h", "MLFLOW_TRACKING_INSECURE_TLS": "perhaps"],
            message: "error: cannot use `perhaps` as `MLFLOW_TRACKING_INSECURE_TLS`: it must be `true` or `false`\n"),
        Refused(
            name: "trust that contradicts itself",
            variables: [
                "MLFLOW_TRACKING_URI": "http://h", "MLFLOW_TRACKING_INSECURE_TLS": "true",
                "MLFLOW_TRACKING_SERVER_CERT_PATH": "/ca.pem",
            ],
            message: """
                error: cannot use both `MLFLOW_TRACKING_INSECURE_TLS` and `MLFLOW_TRACKING_SERVER_CERT_PATH`: one says to trust nobody but this authority, the other to trust everybody
                hint: unset one of them

                """),
    ]

    @Test("settings that cannot be used say which variable and why", arguments: refused)
    func refuses(_ row: Refused) {
        #expect(message { try Self.settings(row.variables) } == row.message)
    }
}
