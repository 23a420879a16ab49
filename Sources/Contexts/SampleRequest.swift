import Bytes
import Diagnostics
import JSONText
import MLmodelFormat
import Scoring

/// The request that a context shows, and what the model answers to it.
struct SampleRequest {
    /// A body for `/invocations`; nil when the model has neither example nor signature.
    let request: JSONValue?
    /// The whole answer body, as the scorer writes it; only for a converted model that accepts the request.
    let response: [UInt8]?

    static func make(_ plan: ServingPlan, model: DescribedModel) -> SampleRequest {
        let request = model.sample?.request ?? plan.compiled.map(zeroRequest)
        guard let compiled = plan.compiled, let request else { return SampleRequest(request: request, response: nil) }
        return SampleRequest(request: request, response: answer(of: compiled, to: request))
    }

    /// Request and answer for `serving.json`; nil unless both are known.
    var selfTest: (request: JSONValue, response: JSONValue)? {
        guard let request, let response else { return nil }
        do { return (request, try JSONText.parse(ByteRegion(response), limits: .document)) } catch { return nil }
    }

    // One row of zeros and empty texts, for a model that knows its columns but was logged without signature and example.
    private static func zeroRequest(_ model: CompiledModel) -> JSONValue {
        let columns = model.inputs.columns
        let row = columns.map { column -> JSONValue in
            switch column.type {
            case .boolean: false
            case .integer, .long: 0
            case .float, .double: 0.0
            case .string: ""
            }
        }
        guard case .table = model.inputs.form else { return ["inputs": [.array(row)]] }
        return ["dataframe_split": ["columns": .array(columns.map { .string($0.name) }), "data": [.array(row)]]]
    }

    // Nil when the request does not fit the model, or the model refuses a row of it: then there is no answer to record.
    private static func answer(of model: CompiledModel, to request: JSONValue) -> [UInt8]? {
        guard let rows = SampleBinding.rows(of: request, names: model.inputs.columns.map(\.name)), !rows.isEmpty else {
            return nil
        }
        var block = InputBlock(model: model)
        guard rows.allSatisfy({ SampleBinding.append($0, to: &block) }) else { return nil }
        var answers = AnswerBlock(model: model)
        do { try Evaluator(model: model).evaluate(block, into: &answers) } catch { return nil }
        return answers.body
    }
}
