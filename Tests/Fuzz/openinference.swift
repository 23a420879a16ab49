// seeds: openinference/seeds/*
// also: OpenAPI ScorerServer

import JSONText

@testable import ScorerServer

/// Inference requests: two bytes with the length of the JSON part (0: all of it is JSON), then the body. Each is read for a table, for
/// tensors, for a table without names and without a signature; what comes of it must be a frame of as many rows as the tensors have.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    guard count >= 2 else { return 0 }
    let bytes = Harness.bytes(data, count)
    let length = Int(bytes[0]) + Int(bytes[1]) << 8
    bytes[2...].withUnsafeBytes { body in
        guard
            let request = try? OpenInferenceRequest(
                body, headerLength: length > 0 ? String(length) : nil, limits: Schemas.limits, compatibility: .strict)
        else { return }
        for schema in Schemas.all {
            var builder = FrameBuilder(schema: schema, parameters: [], limits: Schemas.limits, compatibility: .strict)
            guard let frame = try? builder.frame(for: ScoringRequest(body, .openInference(request))) else {
                continue
            }
            precondition(frame.rows == request.inputs[0].shape[0], "the rows are those of the tensors")
            frame.bytes.withUnsafeBytes { bytes in
                let whole = UnsafeRawBufferPointer(rebasing: bytes[WorkerFrame.headerBytes...])
                guard let payload = ColumnarPayload(whole) else { preconditionFailure("the frame can be read") }
                precondition(payload.rows == frame.rows, "the frame has the rows of the tensors")
                guard let head = try? JSONText.parse(Array(whole[payload.head])) else {
                    preconditionFailure("the head is JSON")
                }
                let answers = OpenInferenceAnswer.tensors(head, name: "y")
                _ = try? OpenInferenceAnswer.body(answers, request.wish, model: "m", version: nil)
                for column in payload.columns where column.encoding == .json {
                    guard let cells = try? JSONText.parse(Array(whole[column.cells])) else {
                        preconditionFailure("cells that are sent as JSON are JSON")
                    }
                    let answers = OpenInferenceAnswer.tensors(cells, name: "y")
                    _ = try? OpenInferenceAnswer.body(answers, request.wish, model: "m", version: nil)
                }
            }
        }
    }
    return 0
}

private enum Schemas {
    static let limits: Limits = {
        var limits = Limits()
        limits.rows = 1000
        return limits
    }()

    // Made anew for each input: the leak detector does not see memory behind the tagged references of a static enumeration.
    static var all: [RequestSchema?] {
        [
            .columns([
                .init(name: "x", type: .double, required: true), .init(name: "n", type: .long, required: false),
                .init(name: "s", type: .string, required: false), .init(name: "flag", type: .boolean, required: false),
                .init(name: "list", type: .array(.array(.double)), required: false),
                .init(
                    name: "object", type: .object([.init(name: "p", type: .string, required: false)]), required: false),
                .init(name: "blob", type: .binary, required: false), .init(name: "t", type: .datetime, required: false),
                .init(name: "any", type: .any, required: false),
            ]),
            .tensors([
                .init(name: "x", dtype: "float32", shape: [-1]),
                .init(name: "list", dtype: "int8", shape: [-1, -1, 2]),
            ]),
            .columns([
                .init(name: nil, type: .double, required: true), .init(name: nil, type: .float, required: true),
            ]), nil,
        ]
    }
}
