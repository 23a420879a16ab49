public import Contexts
import Diagnostics
import FileTrees
import Hashing
public import JSONText
import MLmodelFormat
public import Scoring

/// What `skiff inspect` says: one value, as text and as JSON.
public struct InspectReport: Sendable {
    /// For a person; ends with a line feed.
    public let text: String
    /// The same for a program; the member `kind` is `model`, `context` or `compiled`.
    public let json: JSONObject

    /// A model and the plan for it.
    public init(_ model: DescribedModel, plan: ServingPlan) {
        let columns = Self.columns(of: plan)
        var text = plan.text
        if !columns.isEmpty {
            let width = columns.map(\.name.count).max() ?? 0
            text += "\nrequests\n"
            for column in columns {
                let name = escaped(column.name)
                text += "  - \(name)\(String(repeating: " ", count: max(0, width - name.count)))  \(column.words)\n"
            }
        }
        text += "\nfiles\n"
        for (path, entry) in model.files.files { text += "  - \(path): \(grouped(entry.size)) bytes\n" }
        self.text = text
        json = [
            "kind": "model", "plan": .object(plan.json),
            "model_digest": .string("sha256:" + model.files.digest.hex), "bytes": .int(model.files.totalSize),
            "files": .array(
                model.files.files.map { path, entry in
                    ["path": .string(path.text), "size": .int(entry.size), "sha256": .string(entry.digest.hex)]
                }),
        ]
    }

    /// A context, by its manifest; nothing is compared, which is the business of `verify`.
    public init(context folder: ContextFolder) {
        let manifest = folder.manifest
        let decisions = manifest.json["decisions"]
        func word(_ key: String) -> String { escaped(decisions?[key]?.stringValue ?? "-") }
        var text = """
            context       sha256:\(manifest.contextDigest.hex)
            made by       skiff \(escaped(manifest.toolVersion))
            model         \(word("name"))\(decisions?["version"]?.stringValue.map { ", version " + escaped($0) } ?? "")
            runtime       \(word("runtime"))
            image         \(word("base_image")), \(word("platform"))

            files

            """
        for file in manifest.files { text += "  - \(file.path): \(grouped(file.size)) bytes\n" }
        self.text = text
        json = ["kind": "context", "manifest": .object(manifest.json)]
    }

    /// A `.skiff` file.
    public init(compiled model: CompiledModel) {
        let summary = model.summary
        var text = """
            format        \(summary.formatVersion), \(grouped(summary.byteCount)) bytes
            source        \(escaped(model.source.name)), \(escaped(model.source.library))
            columns       \(summary.columnCount)
            operators     \(summary.operators.count)

            """
        if summary.treeCount > 0 {
            text += "trees         \(grouped(summary.treeCount)), with \(grouped(summary.nodeCount)) nodes\n"
        }
        text += "\nrequests\n"
        for column in model.inputs.columns { text += "  - \(escaped(column.name)): \(column.type.rawValue)\n" }
        text += "\noperators\n"
        for step in summary.operators {
            let details = step.details.map { ", \(grouped($0.value)) \($0.name)" }.joined()
            text += "  - \(step.name): \(step.inputCount) to \(step.outputCount)\(details)\n"
        }
        self.text = text
        json = [
            "kind": "compiled", "format": .int(summary.formatVersion), "bytes": .int(summary.byteCount),
            "source": ["name": .string(model.source.name), "library": .string(model.source.library)],
            "columns": .array(
                model.inputs.columns.map { ["name": .string($0.name), "type": .string($0.type.rawValue)] }),
            "trees": .int(summary.treeCount), "nodes": .int(summary.nodeCount),
            "operators": .array(
                summary.operators.map { step in
                    let details = step.details.map { (key: $0.name, value: JSONValue.int($0.value)) }
                    return [
                        "name": .string(step.name), "inputs": .int(step.inputCount), "outputs": .int(step.outputCount),
                        "details": .object(JSONObject(details)),
                    ]
                }),
        ]
    }

    private static func columns(of plan: ServingPlan) -> [(name: String, words: String)] {
        switch plan.schema {
        case .columns(let columns)?:
            columns.enumerated().map { index, column in
                (column.name ?? "column \(index)", column.type.words + (column.required ? "" : ", optional"))
            }
        case .tensors(let tensors)?:
            tensors.map { tensor in
                let shape = tensor.shape.map { $0 < 0 ? "any" : String($0) }.joined(separator: " x ")
                return (tensor.name ?? "tensor", "\(tensor.dtype), \(shape)")
            }
        case nil: []
        }
    }
}
