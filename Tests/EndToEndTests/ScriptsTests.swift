import Foundation
import TestKit
import Testing

/// What we ship as text is checked by programs that others wrote and that need no network.
@Suite("Scripts, workflows and Dockerfiles: checked by public validators")
struct ScriptsTests {
    /// A validator that pip installed beside the test's Python.
    private func validator(_ name: String, _ arguments: [String]) throws -> CommandResult {
        let tool = try Workshop.python().deletingLastPathComponent().appendingPathComponent(name)
        // No network: a validator that tried would fail.
        let closed = ["http_proxy": "http://127.0.0.1:1", "https_proxy": "http://127.0.0.1:1"]
        return try run(Workshop.existing(tool), arguments, environment: closed)
    }

    private static var workflow: String {
        Workshop.examples.appendingPathComponent("github-actions/containerize.yml").path
    }

    @Test("the example workflow fits GitHub's published schema and sets a timeout for each job")
    func schema() throws {
        for schema in ["vendor.github-workflows", "custom.github-workflows-require-timeout"] {
            let result = try validator("check-jsonschema", ["--builtin-schema", schema, Self.workflow])
            #expect(result.status == 0, "\(result.text)\(result.errors)")
        }
    }

    @Test("the example workflow has no finding of zizmor, the security linter for workflows")
    func zizmor() throws {
        let result = try validator("zizmor", ["--offline", "--no-progress", "--persona", "pedantic", Self.workflow])
        #expect(result.status == 0, "\(result.text)\(result.errors)")
    }

    @Test("the rendered Dockerfiles have no finding of hadolint", arguments: Example.all)
    func dockerfile(_ example: Example) throws {
        let folder = TemporaryDirectory()
        try pack(example.model, into: folder.file("context"), "--parity")
        for name in ["context/Dockerfile"] + (example.runtime == .native ? ["context/parity/Dockerfile"] : []) {
            let result = try validator("hadolint", [folder.file(name)])
            #expect(result.status == 0, "\(result.text)\(result.errors)")
        }
    }

    @Test("the Python files that go into contexts compile", arguments: ["native/check.py", "python/score.py"])
    func python(_ name: String) throws {
        let file = Workshop.checkout.appendingPathComponent("templates/" + name).path
        let script = "import sys; compile(open(sys.argv[1]).read(), sys.argv[1], 'exec', dont_inherit=True)"
        let result = try run(Workshop.python(), ["-W", "error", "-c", script, file])
        #expect(result.status == 0, "\(result.errors)")
    }

    @Test(
        "our shell scripts have no finding of shellcheck",
        arguments: [
            "Tests/run.sh", "Tests/soak.sh", "examples/quickstart.sh", "examples/benchmarks/run.sh",
            "examples/benchmarks/server.sh", "examples/benchmarks/decoding.sh", "examples/benchmarks/observing.sh",
            "examples/benchmarks/slow.sh", ".ci/run",
            "Tests/Fixtures/images/build-context.sh", "Tests/Fixtures/images/run-image.sh",
            "Tests/Fixtures/images/make-python-base.sh",
        ])
    func shell(_ name: String) throws {
        let file = Workshop.checkout.appendingPathComponent(name).path
        let result = try validator(
            "shellcheck", ["--external-sources", "--source-path=SCRIPTDIR:\(Workshop.checkout.path)", file])
        #expect(result.status == 0, "\(result.text)\(result.errors)")
    }
}
