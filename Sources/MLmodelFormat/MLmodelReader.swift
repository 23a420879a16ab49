import Bytes
import YAMLText

/// Turns the YAML of an `MLmodel` file into `MLmodel`.
struct MLmodelReader {
    let file: String

    func model(_ region: ByteRegion) throws(MLmodelError) -> MLmodel {
        let root = try YAMLFields.root(of: region, file: file)
        let flavors = try flavors(in: root)
        return MLmodel(
            file: file,
            artifactPath: try root.text("artifact_path"),
            runID: try root.text("run_id"),
            modelID: try root.text("model_id"),
            modelUUID: try root.text("model_uuid"),
            mlflowVersion: try root.text("mlflow_version"),
            utcTimeCreated: try root.text("utc_time_created"),
            flavors: flavors,
            signature: try signature(in: root),
            signatureFromTypeHint: try root.flag("is_signature_from_type_hint") ?? false,
            inputExampleInfo: try exampleInfo(in: root))
    }

    private func flavors(in root: YAMLFields) throws(MLmodelError) -> [Flavor] {
        guard let node = root.node["flavors"], !node.isNull else {
            throw MLmodelError(
                .field, "it has no `flavors`, which say how the model is loaded", file: file, at: root.node.mark,
                hints: ["check that this is the `MLmodel` file that MLflow wrote, and not another file of that name"])
        }
        guard let entries = node.entries else {
            throw root.error("flavors", "should be a mapping of flavor names to settings, and is \(node.kindWords)")
        }
        guard !entries.isEmpty else { throw root.error("flavors", "names no flavor, so nothing can load the model") }
        var flavors: [Flavor] = []
        for entry in entries {
            guard entry.value.entries != nil || entry.value.isNull else {
                throw root.error(
                    "flavors.\(entry.key)", "should be a mapping of settings, and is \(entry.value.kindWords)",
                    at: entry.value.mark)
            }
            flavors.append(
                Flavor(
                    name: entry.key, values: (entry.value.entries ?? []).map(Flavor.Entry.init),
                    line: entry.keyMark.line, column: entry.keyMark.column))
        }
        return flavors
    }

    private func signature(in root: YAMLFields) throws(MLmodelError) -> Signature? {
        guard let fields = try root.mapping("signature") else { return nil }
        var signature = Signature()
        if let reader = try schemaReader("inputs", in: fields) { signature.inputs = try reader.schema() }
        if let reader = try schemaReader("outputs", in: fields) { signature.outputs = try reader.schema() }
        if let reader = try schemaReader("params", in: fields) { signature.params = try reader.params() }
        return signature
    }

    private func schemaReader(_ key: String, in fields: YAMLFields) throws(MLmodelError) -> SchemaReader? {
        guard let text = try fields.text(key), !text.isEmpty, let node = fields.node[key] else { return nil }
        return try SchemaReader(text: text, field: "signature.\(key)", file: file, mark: node.mark)
    }

    private func exampleInfo(in root: YAMLFields) throws(MLmodelError) -> InputExampleInfo? {
        guard let fields = try root.mapping("saved_input_example_info") else { return nil }
        return InputExampleInfo(
            artifactPath: try fields.requiredText("artifact_path"),
            servingInputPath: try fields.text("serving_input_path"),
            type: try fields.requiredText("type"),
            pandasOrient: try fields.text("pandas_orient"),
            format: try fields.text("format"),
            // MLflow asks only whether the value is truthy; it writes the text "true".
            hasParams: !["", "false", "False"].contains(try fields.text("params") ?? ""),
            line: fields.node.mark.line)
    }
}

extension Flavor.Entry {
    init(_ entry: YAMLEntry) {
        self.init(key: entry.key, value: FlavorValue(entry.value), line: entry.keyMark.line)
    }
}

extension FlavorValue {
    init(_ node: YAMLNode) {
        switch node {
        case .scalar(let text, _, _): self = node.isNull ? .null : .text(text)
        case .sequence(let items, _): self = .list(items.map(FlavorValue.init))
        case .mapping(let entries, _): self = .map(entries.map(Flavor.Entry.init))
        }
    }
}
