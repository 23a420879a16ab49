package import Scoring

/// Reads and checks bodies for a bare model as `NativeBackend` does, and scores nothing: what `examples/benchmarks/decoding` measures.
package struct BodyReader {
    private var decoder: RequestDecoder
    private var sink: InputBlockSink

    /// - Throws: `ServerError`, never for a model whose schema is its own.
    package init(_ model: CompiledModel) throws {
        let configuration = ServingConfiguration(modelFile: "model.skiff", name: "model")
        (decoder, sink) = try NativeBackend.reader(
            for: model, configuration: configuration, limits: Limits())
    }

    /// Reads a body of `POST /invocations` in JSON.
    ///
    /// - Returns: the number of rows.
    /// - Throws: `RequestError`, as the server answers it.
    package mutating func read(_ body: UnsafeRawBufferPointer) throws -> Int {
        try decoder.decode(ScoringRequest(body, .json), into: &sink).rows
    }
}
