import Diagnostics
public import FileTrees
public import Hashing
import JSONText
import MLmodelFormat
import Scoring
import Templates

/// A complete build context: every file, the manifest among them.
public struct BuildContext: Sendable {
    /// All files.
    public let tree: FileTree
    /// The digest of all files but the manifest, which records it.
    public let digest: SHA256Digest

    /// Renders the context that `plan` decides.
    ///
    /// - Throws: `FileTreeError` when a path of the model is too long inside the context.
    public static func render(
        _ plan: ServingPlan, model: DescribedModel, scorer: ScorerBinary
    ) throws -> BuildContext {
        let sample = SampleRequest.make(plan, model: model)
        var tree = FileTree()
        switch plan.runtime {
        case .native: try NativeBundle.add(to: &tree, plan)
        case .python: try PythonBundle.add(to: &tree, plan, model: model)
        }
        try tree.add("app/skiff-scorer", scorer.entry)
        let parity = try ParityRows.make(plan, model: model)
        try ParityBundle.add(to: &tree, plan, model: model, parity)
        let serving = ServingDocument.json(
            plan, model: model, selfTest: sample.selfTest, hasSelfTestFile: parity?.selfTest != nil)
        try tree.add("app/serving.json", serving)
        try tree.add("app/openapi.json", ContextAPI.json(plan, example: sample.request))
        try tree.add(".dockerignore", text: TemplateFilling.fill(.dockerignore, [:]))
        if let request = sample.request { try tree.add("deploy/sample-request.json", request) }
        if let response = sample.response { try tree.add("deploy/expected-response.json", bytes: response) }
        let manifest = Manifest.document(tree, plan: plan, model: model, scorer: scorer, parity: parity)
        let digest = tree.digest
        try tree.add(Manifest.path, manifest)
        try checkSecrets(tree)
        return BuildContext(tree: tree, digest: digest)
    }

    /// No token or password that this process was given goes into a context. The model's own files are as they are.
    ///
    /// - Throws: `ContextsError` of kind `.secret` with the path.
    private static func checkSecrets(_ tree: FileTree) throws(ContextsError) {
        for (path, entry) in tree.files where path != "app/model.skiff" {
            guard case .bytes(let bytes) = entry.contents, Redaction.clean(bytes) != bytes else { continue }
            throw ContextsError(
                .secret, "cannot write `\(path)`: it would hold a token or password that this run was given",
                hints: ["is it part of the model's address or of its metadata? Take it out there"])
        }
    }
}

extension FileTree {
    /// Adds a JSON document for people: sorted keys, ASCII, one member a line.
    mutating func add(_ path: RelativePath, _ document: JSONValue) throws(FileTreeError) {
        try add(path, bytes: JSONWriter.bytes(document, style: .pretty))
    }
}

/// The part of a context that only converted models have.
enum NativeBundle {
    static func add(to tree: inout FileTree, _ plan: ServingPlan) throws {
        guard let compiled = plan.compiled else {
            throw ContextsError(.template, "cannot render a native context: the plan holds no converted model")
        }
        try tree.add("Dockerfile", text: TemplateFilling.fill(.nativeDockerfile, [:]))
        try tree.add("app/model.skiff", bytes: compiled.serialized())
    }
}

/// The part of a context that only models served by Python have.
enum PythonBundle {
    static func add(to tree: inout FileTree, _ plan: ServingPlan, model: DescribedModel) throws {
        guard let python = plan.python else {
            throw ContextsError(.template, "cannot render a Python context: the plan holds no Python side")
        }
        let dockerfile = try TemplateFilling.fill(.pythonDockerfile, ["baseImage": python.baseImage.text])
        try tree.add("Dockerfile", text: dockerfile)
        try tree.add("app/score.py", bytes: Template.score.bytes)
        try tree.add("app/requirements.lock", text: requirementsLock(python))
        try tree.add(model.files.filter { !PythonPlanner.isUnsent($0) }, below: "app/model")
    }

    // Each line is printed from the parts of a parsed requirement: no text of the model gets here unread.
    static func requirementsLock(_ python: ServingPlan.Python) -> String {
        """
        # What the model asks for. Not locked: packages that these need in turn, and the hashes of all of them.

        """ + python.requirements.map { $0.text + "\n" }.joined()
    }
}
