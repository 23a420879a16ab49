import Bytes
import Contexts
import FileTrees
import Platform
import Registry
import TestKit
import Testing

/// What most tests here need: a scorer, a small model in memory, a context of it.
enum Workbench {
    /// The smallest file that passes for a static executable: an ELF header and one program header that loads nothing.
    static func elf(machine: UInt8 = 62, programType: UInt8 = 1, type: UInt8 = 2) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: 120)
        bytes.replaceSubrange(0..<7, with: [0x7F, 0x45, 0x4C, 0x46, 2, 1, 1])
        bytes[16] = type
        bytes[18] = machine
        bytes[32] = 64
        bytes[54] = 56
        bytes[56] = 1
        bytes[64] = programType
        return bytes
    }

    // Contexts refer to the scorer's file until they are written, so it stays as long as the tests run.
    private static let folder = TemporaryDirectory()

    static func scorer() throws -> ScorerBinary {
        let path = folder.file("skiff-scorer")
        try AtomicOutput.writeFile(at: path, mode: 0o755, existing: .replace, bytes: elf())
        return try ScorerBinary.read(path, for: .amd64)
    }

    static let mlmodel = """
        artifact_path: model
        flavors:
          python_function:
            env:
              conda: conda.yaml
              virtualenv: python_env.yaml
            loader_module: mlflow.pyfunc.model
            python_model: python_model.pkl
            python_version: 3.11.7
        mlflow_version: 3.1.0
        run_id: 0123456789abcdef0123456789abcdef
        signature:
          inputs: '[{"type": "double", "name": "age", "required": true}, {"type": "string", "name": "sex", "required": false}]'
          outputs: null
          params: '[{"name": "threshold", "type": "double", "default": 0.5, "shape": null}]'
        """

    static let requirements = "pandas\nmlflow==3.1.0\nscikit-learn==1.5.2\n"

    static let environment = """
        python: 3.11.7
        build_dependencies:
        - pip==23.2.1
        dependencies:
        - -r requirements.txt
        """

    /// A custom Python model; nil leaves a file out.
    static func files(
        mlmodel: String = mlmodel, requirements: String? = requirements, environment: String? = environment,
        more: [String: String] = [:]
    ) throws -> FileTree {
        var tree = FileTree()
        try tree.add("MLmodel", text: mlmodel)
        try tree.add("python_model.pkl", text: "not read by us")
        if let requirements { try tree.add("requirements.txt", text: requirements) }
        if let environment { try tree.add("python_env.yaml", text: environment) }
        for (path, text) in more { try tree.add(RelativePath(path), text: text) }
        return tree
    }

    static func model(_ files: FileTree, shownName: String = "churn") throws -> DescribedModel {
        try DescribedModel(
            files, shownName: shownName, identity: SourceIdentity(kind: .folder, reference: "whatever"))
    }

    static func options(_ runtime: RuntimeChoice = .auto) -> PlanOptions {
        PlanOptions(runtime: runtime, machine: .amd64)
    }

    /// The context of a model, as `pack` makes it.
    static func context(_ model: DescribedModel, _ options: PlanOptions = options()) throws -> BuildContext {
        try BuildContext.render(
            ServingPlanner.plan(model, options: options), model: model, scorer: scorer())
    }

    /// The same for the small custom Python model.
    static func context() throws -> BuildContext {
        try context(model(files()), options(.python))
    }

    static func text(_ path: RelativePath, of tree: FileTree) throws -> String {
        let region = try #require(tree[path]).region()
        return try #require(region.string(region.range))
    }

    /// Compares with a golden file; with `SKIFF_RECORD_GOLDEN` set it is written instead, and the test fails.
    static func expectGolden(_ text: String, _ name: String, sourceLocation: SourceLocation = #_sourceLocation) throws {
        let path = Checkout.golden(name)
        if try Surroundings.current().environment["SKIFF_RECORD_GOLDEN"] != nil {
            try AtomicOutput.writeFile(at: path, existing: .replace, bytes: Array(text.utf8))
            Issue.record("recorded \(path)", sourceLocation: sourceLocation)
            return
        }
        let golden = String(decoding: try readFile(path, limit: 1 << 20), as: UTF8.self)
        #expect(text == golden, sourceLocation: sourceLocation)
    }
}
