// seeds: protocol/seeds/*
// also: OpenAPI ScorerServer

import JSONText

@testable import ScorerServer

/// Bodies of scoring requests: the first byte chooses form and schema, the rest is the body. What is refused must be refused in JSON.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = Harness.bytes(data, count)
    guard let first = bytes.first else { return 0 }
    let forms: [ScoringRequest.Form] = [.json, .bareJSON, .unified, .csv]
    let form = forms[Int(first) % forms.count]
    let schemas = Requests.schemas
    let schema = schemas[Int(first) / forms.count % schemas.count]
    let compatibility: Compatibility = first >= 128 ? .mlflow : .strict
    bytes[1...].withUnsafeBytes { body in
        let request = ScoringRequest(body, form)
        do throws(RequestError) {
            var decoder = RequestDecoder(schema, limits: Limits(), compatibility: compatibility)
            var sink = FrameSink(decoder.columns)
            if schema != .untyped {
                _ = try decoder.decode(request, into: &sink)
            } else if form.isCSV {
                _ = try decoder.checkCSV(body)
            } else {
                var raw = RawRequest(request, limits: decoder.jsonLimits)
                try raw.read()
            }
        } catch {
            var answer: [UInt8] = []
            error.appendBody(to: &answer)
            precondition((try? JSONText.parse(answer)) != nil, "a refusal is not JSON")
        }
    }
    return 0
}

private enum Requests {
    /// Made anew for each input: what a constant holds indirectly, the leak checker cannot see.
    static var schemas: [RequestSchema] {
        [
            .untyped,
            .columns([
                .init(name: "a", type: .double, required: true), .init(name: "b", type: .integer, required: false),
                .init(name: "c", type: .string, required: false), .init(name: "d", type: .datetime, required: false),
                .init(name: "e", type: .binary, required: false), .init(name: "f", type: .boolean, required: false),
                .init(
                    name: "g", type: .array(.object([.init(name: "x", type: .map(.double), required: false)])),
                    required: false),
                .init(name: "h", type: .float, required: false), .init(name: "i", type: .long, required: false),
                .init(name: "j", type: .any, required: false),
            ]),
            .columns([
                .init(name: "a", type: .double, required: true), .init(name: "c", type: .string, required: false),
            ]),
            .columns([.init(name: nil, type: .double, required: true), .init(name: nil, type: .long, required: true)]),
            .tensors([.init(name: nil, dtype: "float32", shape: [-1, 2, -1])]),
            .tensors([
                .init(name: "p", dtype: "int8", shape: [-1, 2]), .init(name: "q", dtype: "bool", shape: [-1]),
                .init(name: "r", dtype: "str", shape: [-1]),
            ]),
        ]
    }
}
