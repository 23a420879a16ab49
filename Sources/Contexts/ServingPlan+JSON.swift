public import Converters
public import JSONText
import MLmodelFormat

extension Refusal {
    /// `path`, `reason` and `help`, which is null when nothing would help.
    public var json: JSONValue { ["path": .string(path), "reason": .string(reason), "help": .optional(help)] }
}

extension ServingPlan {
    /// The plan as one JSON object: what `--json` prints and the manifest keeps under `decisions`.
    public var json: JSONObject {
        var object: JSONObject = [
            "name": .string(name), "version": .optional(version), "requested": .string(requested.rawValue),
            "runtime": .string(runtime.rawValue), "reasons": .array(reasons.map(JSONValue.string)),
            "refusals": .array(refusals.map(\.json)),
            "platform": .string(machine.platform), "flavors": .array(flavors.map(JSONValue.string)),
            "mlflow_version": .optional(mlflowVersion), "predict_fn": .string(predictFunction),
            "schema": ServingDocument.schema(of: self), "params": ServingDocument.params(of: self),
        ]
        object["base_image"] = .string(python?.baseImage.text ?? "scratch")
        if let python { object["python"] = .object(Self.json(python)) }
        if let nullPolicy { object["null_policy"] = .string(nullPolicy.rawValue) }
        if compatibility != .strict { object["compat"] = .string(compatibility.rawValue) }
        if let parity {
            var original = parity.original.map(Self.json)
            original?["base_image"] = parity.original.map { .string($0.baseImage.text) }
            object["parity"] = [
                "tolerance": parity.tolerance.json, "original": original.map(JSONValue.object) ?? .null,
            ]
        }
        object["notes"] = .array(notes.map(JSONValue.string))
        return object
    }

    private static func json(_ python: Python) -> JSONObject {
        [
            "version": .optional(python.version), "loader": .string(python.loader),
            "requirements": .array(python.requirements.map { .string($0.text) }),
            "not_pinned": .array(python.unpinned.map { .string($0.text) }),
            "findings": .array(python.findings.map(json)),
            "left_out": .array(python.leftOut.map(JSONValue.string)), "transitive_dependencies_locked": false,
        ]
    }

    // The file as the person named it depends on where the model lies: only its last component is recorded.
    private static func json(_ finding: PythonEnvironment.Finding) -> JSONValue {
        [
            "kind": .string(finding.kind.rawValue), "file": .string(lastComponent(finding.file)),
            "line": .int(finding.line), "text": .string(finding.text), "reason": .string(finding.reason),
        ]
    }

    static func lastComponent(_ path: String) -> String {
        path.split(separator: "/").last.map(String.init) ?? path
    }
}
