import Converters
import FileTrees
import JSONText
import Templates

/// The part of a context that says and shows how a converted model is compared with the original.
///
/// Rows and answers are always there. `--parity` adds the folder `parity/`, a build context of its own that holds the original
/// model and runs it on the same rows: not by default, because it doubles the model, and not as a stage of the image's own
/// Dockerfile, because some builders (Docker's classic one, so `az acr build`, and kaniko) run stages that nobody asked for.
enum ParityBundle {
    static let folder = "parity"

    static func add(
        to tree: inout FileTree, _ plan: ServingPlan, model: DescribedModel, _ rows: ParityRows?
    ) throws {
        guard let rows else { return }
        try tree.add("deploy/parity-request.json", bytes: rows.request)
        try tree.add("deploy/parity-response.json", bytes: rows.response)
        if let selfTest = rows.selfTest {
            try tree.add(RelativePath("app/" + ServingDocument.selfTestFile), bytes: selfTest)
        }
        guard let original = plan.parity?.original else { return }
        let dockerfile = try TemplateFilling.fill(.parityDockerfile, ["baseImage": original.baseImage.text])
        try tree.add("parity/Dockerfile", text: dockerfile)
        try tree.add("parity/check.py", bytes: Template.check.bytes)
        try tree.add("parity/score.py", bytes: Template.score.bytes)
        try tree.add("parity/requirements.lock", text: PythonBundle.requirementsLock(original))
        try tree.add("parity/check.json", settings(plan, original))
        try tree.add("parity/request.json", bytes: rows.request)
        try tree.add("parity/response.json", bytes: rows.response)
        try tree.add(model.files.filter { !PythonPlanner.isUnsent($0) }, below: "parity/model")
    }

    // In the words of `serving.json`, which `score.py` knows.
    private static func settings(_ plan: ServingPlan, _ original: ServingPlan.Python) -> JSONValue {
        [
            "python": ServingDocument.json(original), "predict_fn": .string(plan.predictFunction),
            "schema": ServingDocument.schema(of: plan), "tolerance": plan.parity?.tolerance.json ?? .null,
            "null_policy": .optional(plan.nullPolicy?.rawValue),
        ]
    }

    /// What the manifest says.
    static func json(_ rows: ParityRows, _ plan: ServingPlan) -> JSONValue {
        [
            "rows": .int(rows.count), "example_rows": .int(rows.exampleCount),
            "self_test_rows": .int(rows.selfTestCount), "tolerance": plan.parity?.tolerance.json ?? .null,
            "request": "deploy/parity-request.json", "response": "deploy/parity-response.json",
            "check": plan.parity?.original == nil ? .null : .string(folder),
        ]
    }
}
