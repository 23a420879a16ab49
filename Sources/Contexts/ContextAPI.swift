import JSONText
import OpenAPI
import Scoring

/// `app/openapi.json`: made from the same members as `app/serving.json`, so that the scorer would say the same.
enum ContextAPI {
    static func json(_ plan: ServingPlan, example: JSONValue?) -> JSONValue {
        // A schema that only an example or a type hint stands for is not checked by the server; a native model has its own.
        let isBinding = plan.runtime == .native || plan.schemaSource == .signature && !plan.hasTypeHint
        return OpenAPIDocument.json(
            ServedModel(
                name: plan.name, version: plan.version, schema: isBinding ? ServingDocument.schema(of: plan) : .null,
                params: ServingDocument.params(of: plan), isNative: plan.runtime == .native, request: example,
                answer: plan.compiled?.answer.jsonSchema ?? .null))
    }
}
