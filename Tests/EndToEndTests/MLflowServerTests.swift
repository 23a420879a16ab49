import Foundation
import TestKit
import Testing

@Suite("From a real MLflow server", .besideMLflowServer)
struct MLflowServerTests {
    @Test(
        "`skiff pack models:/credit-default@champion -o ctx` makes a context that answers right, and the same one twice"
    )
    func champion() throws {
        let server = try BesideMLflowServer.server
        let folder = TemporaryDirectory()
        try pack("models:/credit-default@champion", into: folder.file("one"), environment: server.environment)
        try pack("models:/credit-default@champion", into: folder.file("two"), environment: server.environment)
        #expect(try folder.files("one") == folder.files("two"))

        let served = try Served(folder.file("one/app"))
        let example = Example.creditDefault
        try example.expectRight(ask("POST", "/invocations", port: served.port, body: example.request()))
        #expect(try served.stop() == 0)
    }

    @Test("the manifest names the exact version and run behind an alias")
    func identity() throws {
        let server = try BesideMLflowServer.server
        let folder = TemporaryDirectory()
        try pack("models:/credit-default@champion", into: folder.file("ctx"), environment: server.environment)
        let manifest = String(
            decoding: try Data(contentsOf: URL(fileURLWithPath: folder.file("ctx/audit/manifest.json"))), as: UTF8.self)
        let version = try #require(server.versions["credit-default"]?.last)
        #expect(version.version == "2")
        #expect(manifest.contains(version.run))
        #expect(manifest.contains("credit-default"))
    }

    @Test(
        "every way to name the first version packs the same model",
        arguments: ["models:/credit-default/1", "runs:/RUN/model"])
    func names(_ name: String) throws {
        let server = try BesideMLflowServer.server
        let first = try #require(server.versions["credit-default"]?.first)
        let folder = TemporaryDirectory()
        let model = name.replacingOccurrences(of: "RUN", with: first.run)
        try pack(model, into: folder.file("named"), environment: server.environment)
        try pack(Example.creditDefault.model, into: folder.file("folder"))
        let (named, local) = (try folder.files("named"), try folder.files("folder"))
        #expect(named["app/model.skiff"] != nil)
        #expect(named["app/model.skiff"] == local["app/model.skiff"])
        #expect(named["app/skiff-scorer"] == local["app/skiff-scorer"])
    }

    @Test("`latest` is the newest version")
    func latest() throws {
        let server = try BesideMLflowServer.server
        let folder = TemporaryDirectory()
        try pack("models:/credit-default/latest", into: folder.file("latest"), environment: server.environment)
        try pack("models:/credit-default/2", into: folder.file("second"), environment: server.environment)
        let (latest, second) = (try folder.files("latest"), try folder.files("second"))
        #expect(latest["app/model.skiff"] == second["app/model.skiff"])
    }

    @Test("a custom PythonModel comes whole, file by file")
    func monitor() throws {
        let server = try BesideMLflowServer.server
        let folder = TemporaryDirectory()
        try pack("models:/credit-monitor/1", into: folder.file("ctx"), environment: server.environment)
        let (packed, source) = (
            try folder.files("ctx/app/model"),
            try filesBelow(Example.creditMonitor.folder.appendingPathComponent("model"))
        )
        for name in ["python_model.pkl", "artifacts/artifacts/classifier.pkl", "artifacts/artifacts/reference.json"] {
            #expect(source[name] != nil && packed[name] == source[name], "\(name)")
        }
    }

    @Test(
        "a model that is not there is one clear error, status 2 and nothing on disk",
        arguments: [
            "models:/nothing/1", "models:/credit-default/99", "models:/credit-default@nobody",
            "runs:/0123456789abcdef0123456789abcdef/model",
        ])
    func missing(_ name: String) throws {
        let server = try BesideMLflowServer.server
        let folder = TemporaryDirectory()
        let result = try skiff("pack", name, "-o", folder.file("ctx"), environment: server.environment)
        #expect(result.status == 2)
        #expect(result.errors.split(separator: "\n").filter { $0.hasPrefix("error: ") }.count == 1, "\(result.errors)")
        #expect(try folder.files("").isEmpty)
    }
}
