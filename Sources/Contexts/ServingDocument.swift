import FileTrees
import Hashing
import JSONText
import MLmodelFormat

/// `app/serving.json`: what the scorer and its Python worker read when they start.
enum ServingDocument {
    /// Where more requests and answers for the self-test stand, beside `serving.json`.
    static let selfTestFile = "self-test.json"

    /// - Parameters:
    ///   - model: what the plan is for; its run and its digest are told in the metrics.
    ///   - selfTest: a request and the answer that the scorer must give before it is ready.
    ///   - hasSelfTestFile: whether it must also pass what `selfTestFile` holds.
    static func json(
        _ plan: ServingPlan, model: DescribedModel, selfTest: (request: JSONValue, response: JSONValue)?,
        hasSelfTestFile: Bool
    ) -> JSONValue {
        var object: JSONObject = [
            "format": 1, "name": .string(plan.name), "version": .optional(plan.version),
            "run_id": .optional(model.mlmodel.runID), "model_digest": .string("sha256:" + model.files.digest.hex),
            "skiff_version": .string(ToolVersion.text), "backend": backend(of: plan), "schema": schema(of: plan),
            "outputs": outputs(of: plan), "params": params(of: plan), "mlflow_version": .optional(plan.mlflowVersion),
            "predict_fn": .string(plan.predictFunction), "limits": [:],
        ]
        if plan.compatibility != .strict { object["compat"] = .string(plan.compatibility.rawValue) }
        if plan.hasTypeHint { object["type_hint"] = true }
        object["self_test"] = selfTest.map { ["request": $0.request, "response": $0.response] } ?? .null
        if hasSelfTestFile { object["self_test_file"] = .string(selfTestFile) }
        if let python = plan.python { object["python"] = json(python) }
        return .object(object)
    }

    /// What `score.py` must know to load a model.
    static func json(_ python: ServingPlan.Python) -> JSONValue {
        ["loader": .string(python.loader), "model": .string(python.modelPath)]
    }

    static func schema(of plan: ServingPlan) -> JSONValue {
        schema(plan.schema, source: .string(plan.schemaSource.rawValue))
    }

    /// What the signature says of answers; the scorer describes answers by it, and checks nothing.
    static func outputs(of plan: ServingPlan) -> JSONValue { schema(plan.outputs, source: "signature") }

    private static func schema(_ schema: Schema?, source: JSONValue) -> JSONValue {
        switch schema {
        case .columns(let columns)?:
            return ["kind": "columns", "source": source, "columns": .array(columns.map(json))]
        case .tensors(let tensors)?:
            return ["kind": "tensors", "source": source, "tensors": .array(tensors.map(json))]
        case nil:
            return .null
        }
    }

    static func params(of plan: ServingPlan) -> JSONValue {
        .array(
            plan.params.map { param in
                [
                    "name": .string(param.name), "type": param.type.json, "default": param.default,
                    "shape": param.shape.map { .array($0.map(JSONValue.int)) } ?? .null,
                ]
            })
    }

    private static func backend(of plan: ServingPlan) -> JSONValue {
        switch plan.runtime {
        case .native: ["kind": "native", "model": "model.skiff"]
        case .python: ["kind": "python", "command": ["python", "-u", "/app/score.py"]]
        }
    }

    private static func json(_ column: ColumnSpec) -> JSONValue {
        ["name": .optional(column.name), "type": column.type.json, "required": .bool(column.required)]
    }

    private static func json(_ tensor: TensorSpec) -> JSONValue {
        [
            "name": .optional(tensor.name), "dtype": .string(tensor.dtype),
            "shape": .array(tensor.shape.map(JSONValue.int)),
        ]
    }
}
