import Diagnostics
import HTTPTransport
import JSONText
import Platform
import TestKit
import Testing

@testable import Credentials

/// Cases that `make_precedence.py` made, with the verdicts of the real databricks-sdk.
@Suite struct PrecedenceTests {
    @Test("for random environments and files the same method, host or refusal as the SDK's")
    func sameAsSDK() throws {
        let fixture = try JSONText.parse(
            readFile(Checkout.fixture("credentials/precedence.json"), limit: 16 << 20))
        let cases = fixture["cases"]?.arrayValue ?? []
        #expect(cases.count >= 300)
        // Stands for the whole network: a proxy that tunnels nowhere, and answers in place of GitHub and Azure.
        let network = try #require(
            FaultServer { request in
                switch request.target {
                case let target where target.hasPrefix("http://github.example/token?x=1&audience="):
                    .text(200, #"{"value":"a.jwt.x"}"#)
                case let target where target.hasPrefix("http://login.example/"): token(request)
                case let target where target.hasPrefix("http://arm.example/"):
                    .text(200, #"{"properties":{"workspaceUrl":"adb-77.7.azuredatabricks.net"}}"#)
                default: .text(404, "nothing", type: "text/plain")
                }
            })
        defer { network.stop() }
        for (number, row) in cases.enumerated() {
            let verdict = row["verdict"]
            let expected =
                verdict?["method"]?.stringValue.map { "\($0) on \(verdict?["host"]?.stringValue ?? "no host")" }
                ?? "refused: \(verdict?["error"]?.stringValue ?? "")"
            #expect(try ours(row, network) == expected, "case \(number): \(JSONWriter.text(row, style: .compact))")
        }
    }

    private func ours(_ row: JSONValue, _ network: FaultServer) throws -> String {
        let home = TemporaryDirectory()
        func filled(_ text: String) -> String {
            text.replacing("JWTFILE", with: home.file("jwt")).replacing("https://github.", with: "http://github.")
        }
        try home.write("jwt", "a.jwt.f\n")
        if let file = row["file"]?.stringValue { try home.write(".databrickscfg", filled(file), mode: 0o600) }
        var variables: [String: String] = [:]
        for (name, value) in row["environment"]?.objectValue?.members ?? [] {
            variables[name] = filled(value.stringValue ?? "")
        }
        let (choice, result) = DatabricksConfiguration.resolve(
            profile: row["profile"]?.stringValue, try surroundings(home, variables), http: http(proxy: network),
            isOffline: false,
            azureCloud: { cloud in
                AzureCloud(
                    name: cloud.name, login: "http://login.example", resourceManager: "http://arm.example",
                    serviceManagement: cloud.serviceManagement, application: cloud.application)
            })
        switch result {
        case .success(let workspace): return "\(choice.method?.rawValue ?? "none") on \(workspace.host)"
        case .failure(let error): return "refused: \(kind(error.diagnostic.summary))"
        }
    }

    /// The kinds of `make_precedence.py`.
    private func kind(_ summary: String) -> String {
        let kinds = [
            ("`azure-cli`: the host is not in Azure", "none"),
            ("more than one authorization method", "several"), ("cannot use the profile", "profile"),
            ("cannot sign in for a group", "group"), ("is not in Azure", "not azure"),
            ("nor an Azure resource", "not azure"), ("cannot read `", "file"), ("there is no such method", "none"),
            ("no host is set", "none"), ("no method has all", "none"), ("is not set", "none"),
            ("are not set", "none"), ("cannot be read", "none"), ("this is no job", "none"), ("there is no `", "none"),
        ]
        return kinds.first { summary.contains($0.0) }?.1 ?? summary
    }
}
