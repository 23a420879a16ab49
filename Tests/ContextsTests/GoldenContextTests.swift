import Contexts
import Converters
import FileTrees
import JSONText
import Platform
import Registry
import TestKit
import Testing

@Suite struct GoldenContextTests {
    static func listing(_ tree: FileTree) -> String {
        tree.files.map { "\($0.entry.mode.octal) \($0.path)\n" }.joined()
    }

    static func example(_ name: String) throws -> DescribedModel {
        let local = try LocalFolder.read(Checkout.example(name + "/model"))
        return try DescribedModel(local.tree, shownName: name, identity: local.identity)
    }

    @Test("a native context holds these files with these modes")
    func native() throws {
        let context = try Workbench.context(Self.example("credit-default"))
        try Workbench.expectGolden(Self.listing(context.tree), "native-context.txt")
        try Workbench.expectGolden(Workbench.text("Dockerfile", of: context.tree), "native.Dockerfile")
    }

    @Test("a Python context holds these files with these modes")
    func python() throws {
        let context = try Workbench.context(Self.example("credit-monitor"))
        try Workbench.expectGolden(Self.listing(context.tree), "python-context.txt")
    }

    @Test("the documents of a small Python model are these")
    func documents() throws {
        let tree = try Workbench.context().tree
        for (path, name) in [
            ("Dockerfile", "small.Dockerfile"), (".dockerignore", "small.dockerignore"),
            ("app/serving.json", "small-serving.json"), ("app/openapi.json", "small-openapi.json"),
            ("app/requirements.lock", "small-requirements.lock"),
            ("deploy/sample-request.json", "small-sample-request.json"),
        ] as [(RelativePath, String)] {
            try Workbench.expectGolden(Workbench.text(path, of: tree), name)
        }
    }

    @Test("the manifest of a small Python model says this beside the lists of files")
    func manifest() throws {
        let tree = try Workbench.context().tree
        let document = try JSONText.parse(#require(tree[Manifest.path]).region())
        var members = try #require(document.objectValue)
        // Digests of templates and of the format of other documents have their own tests.
        members["files"] = nil
        members["context"] = nil
        try Workbench.expectGolden(JSONWriter.text(.object(members), style: .pretty), "small-manifest.json")
    }

    @Test("the plan of a small Python model reads like this")
    func plan() throws {
        let requirements = Workbench.requirements + "--index-url https://example.com\nlightgbm==4.5.0\n"
        let model = try Workbench.model(Workbench.files(requirements: requirements))
        let refusal = Refusal(path: "steps[0].SVC", reason: "it is not converted yet", help: "use a forest")
        let plan = try ServingPlanner.plan(model, conversion: .refused([refusal]), options: Workbench.options())
        try Workbench.expectGolden(plan.text, "small-plan.txt")
    }
}
