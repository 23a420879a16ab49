import HTTPTransport
import TestKit
import Testing

@testable import Credentials

@Suite struct MLflowTrustTests {
    private func trust(_ variables: [String: String]) throws -> TrustSettings {
        var trust = TrustSettings(environment: ["SSL_CERT_FILE": "/usual.pem"])
        let tracking = try HTTPURL("https://tracking").origin
        let registry = try HTTPURL("https://registry").origin
        try MLflowTrust.add(variables, tracking: tracking, servers: [tracking, registry], to: &trust)
        return trust
    }

    @Test(
        "an authority, a certificate of ours for the tracking server alone, any certificate of the named servers alone")
    func variables() throws {
        #expect(try trust([:]) == TrustSettings(environment: ["SSL_CERT_FILE": "/usual.pem"]))
        #expect(try trust(["MLFLOW_TRACKING_SERVER_CERT_PATH": "/own.pem"]).authorityFile == "/own.pem")
        let client = try trust(["MLFLOW_TRACKING_CLIENT_CERT_PATH": "/me.pem"]).client
        #expect(client?.file == "/me.pem")
        #expect(client?.origin.description == "https://tracking")
        let unchecked = try trust(["MLFLOW_TRACKING_INSECURE_TLS": "True"])
        #expect(unchecked.uncheckedOrigins.map(\.description).sorted() == ["https://registry", "https://tracking"])
        #expect(unchecked.acceptsAnyCertificate == false)
    }

    @Test("what is unclear or contradicts itself is refused")
    func refused() {
        #expect(
            message { try trust(["MLFLOW_TRACKING_INSECURE_TLS": "perhaps"]) }
                == "error: cannot use `perhaps` as `MLFLOW_TRACKING_INSECURE_TLS`: it must be `true` or `false`\n")
        #expect(
            message {
                try trust(["MLFLOW_TRACKING_INSECURE_TLS": "1", "MLFLOW_TRACKING_SERVER_CERT_PATH": "/own.pem"])
            } == """
                error: cannot use both `MLFLOW_TRACKING_INSECURE_TLS` and `MLFLOW_TRACKING_SERVER_CERT_PATH`: one says to trust nobody but this authority, the other to trust everybody
                hint: unset one of them

                """)
    }
}
