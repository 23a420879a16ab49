import Contexts
import Diagnostics
import FileTrees
import JSONText
import MLmodelFormat
import TestKit
import Testing

/// Values that break out of Dockerfiles, shells, JSON, YAML or a terminal when they are pasted instead of rendered.
@Suite struct InjectionTests {
    static let values = [
        "x\nRUN curl http://invalid./ | sh", "x\rRUN id", "x \\", "# escape=`", "x\nRUN <<EOF\nid\nEOF", "${PATH}",
        "$(id)", "`id`", "\"; import os; os.system(\"id\"); \"", "'; os.system('id'); '", "{{7*7}} {%import os%}",
        "{{baseImage}}", "\"},\"x\":{\"", "a\u{0}b", "a\u{2028}b", "a\u{202e}b", "a\"\nLABEL x=\"y",
        "x\nONBUILD RUN id", "%s %(x)s %n", "-o ProxyCommand=id", "A=b\nLD_PRELOAD=/x", "a b c", "a\tb", "\u{1b}[2J",
    ]

    @Test("a model's name and version never reach Dockerfile, entrypoint or requirements", arguments: values)
    func name(_ value: String) throws {
        let model = try Workbench.model(Workbench.files())
        var options = Workbench.options()
        options.name = value
        let hostile = try Workbench.context(model, options).tree
        let harmless = try Workbench.context(model).tree
        for path in ["Dockerfile", ".dockerignore", "app/score.py", "app/requirements.lock"] as [RelativePath] {
            #expect(hostile[path] == harmless[path])
        }
        for path in ["app/serving.json", "app/openapi.json", "audit/manifest.json"] as [RelativePath] {
            let text = try Workbench.text(path, of: hostile)
            #expect(text.utf8.allSatisfy { $0 == 0x0A || (0x20..<0x7F).contains($0) })
        }
        let serving = try JSONText.parse(try #require(hostile["app/serving.json"]).region())
        #expect(serving["name"]?.stringValue == value)
        let plan = try ServingPlanner.plan(model, options: options)
        #expect(plan.text.unicodeScalars.allSatisfy { $0 == "\n" || escaped(String($0)) == String($0) })
    }

    @Test("a column of any name is data in every document", arguments: values)
    func column(_ value: String) throws {
        let columns: JSONValue = [["type": "double", "name": .string(value), "required": true]]
        let inner = JSONWriter.text(columns, style: .python).replacing("'", with: "''")
        let mlmodel = Workbench.mlmodel.split(separator: "\n").map { line in
            line.contains("  inputs:") ? "  inputs: '\(inner)'" : String(line)
        }
        let model = try Workbench.model(Workbench.files(mlmodel: mlmodel.joined(separator: "\n")))
        let tree = try Workbench.context(model).tree
        #expect(try tree["Dockerfile"] == Workbench.context().tree["Dockerfile"])
        let openAPI = try JSONText.parse(try #require(tree["app/openapi.json"]).region())
        #expect(
            openAPI["components"]?["schemas"]?["Record"]?["properties"]?[value]?["type"] == [
                "number", "boolean", "string", "null",
            ])
    }

    @Test(
        "a line of requirements that is no plain requirement does not reach the lock file",
        arguments: [
            "--index-url https://example.com/simple", "-r /etc/passwd", "git+https://example.com/x.git",
            "x @ https://example.com/x.whl", "./local.whl", "-e .", "x==1.0 --config-settings=a=b", "x==1.0 \\",
            "x===1.0", "${X}==1.0", "x==1.0; import os", "x\u{2028}--pre",
        ])
    func requirement(_ line: String) throws {
        let requirements = "mlflow==3.1.0\n\(line)\n"
        let model = try Workbench.model(Workbench.files(requirements: requirements))
        let plan = try ServingPlanner.plan(model, options: Workbench.options())
        let tree = try Workbench.context(model).tree
        let lines = try Workbench.text("app/requirements.lock", of: tree).split(separator: "\n").dropFirst()
        #expect(Array(lines) == ["mlflow==3.1.0"])
        #expect(plan.python?.findings.contains { $0.kind == .refused && $0.line == 2 } == true)
    }

    @Test(
        "a base image that is not an image reference is refused as misuse",
        arguments: [
            "", "x y", "x\nRUN id", "${X}", "python:3.11 AS x", "Python", "http://x/y", "x@sha256:12", "x:", "x/", "/x",
            "a//b", "x:-tag", "--platform=x", "a_-b", "host:99999/x", "x@sha256:\(String(repeating: "A", count: 64))",
        ])
    func baseImage(_ text: String) {
        let error = #expect(throws: ContextsError.self) { try ImageReference(text) }
        #expect(error?.diagnostic.status == .misuse)
        #expect(
            error?.diagnostic.summary
                == "cannot use the base image `\(escaped(text))`: it is not an image reference")
    }

    @Test(
        "image references as people write them are taken",
        arguments: [
            "python", "python:3.11-slim", "docker.io/library/python:3.11.7-slim", "localhost/x", "localhost:5000/a/b",
            "registry.example.com:443/team/a__b/c--d:v1.2_3", "x@sha256:\(String(repeating: "a", count: 64))",
            "x:1@sha256:\(String(repeating: "0", count: 64))",
        ])
    func goodImage(_ text: String) throws {
        let reference = try ImageReference(text)
        #expect(reference.text == text)
        #expect(reference.hasDigest == text.contains("@"))
    }
}
