import JSONText
import TestKit
import Testing

@testable import ScorerServer

/// Thousands of damaged inference requests: none crashes, and whatever is taken gives the sink the cells that the shape says.
@Suite("Damaged inference requests")
struct OpenInferenceMutationTests {
    private struct Seed {
        var header: String
        var tail: [UInt8] = []
    }

    private static let seeds: [Seed] = [
        Seed(
            header:
                #"{"inputs": [\#(tensor("x", "FP64", "[1, 2.5, null]", "[3]")), \#(tensor("n", "INT64", "[[1], [2], [3]]", "[3, 1]"))]}"#
        ),
        Seed(
            header:
                #"{"id": "a", "inputs": [{"name": "x", "shape": [2], "datatype": "FP32", "parameters": {"binary_data_size": 8}}, {"name": "s", "shape": [2], "datatype": "BYTES", "parameters": {"binary_data_size": 11}}, {"name": "flag", "shape": [2], "datatype": "BOOL", "parameters": {"binary_data_size": 2}}], "outputs": [{"name": "y", "parameters": {"binary_data": true}}], "parameters": {"binary_data_output": true}}"#,
            tail: [0, 0, 0x80, 0x3f, 0, 0, 0xc0, 0x7f, 3, 0, 0, 0, 0x61, 0xc3, 0xa9, 0, 0, 0, 0, 0, 1]),
        Seed(
            header:
                #"{"inputs": [\#(tensor("x", "FP16", "[1, 2]", "[2]")), \#(tensor("list", "FP64", "[[[1, 2], [3, 4]], [[5, 6], [7, 8]]]", "[2, 2, 2]")), \#(tensor("object", "BYTES", #"["{\"p\": \"a\"}", "{}"]"#, "[2]")), \#(tensor("blob", "BYTES", #"["AA==", "AQ=="]"#, "[2]"))]}"#
        ),
    ]

    private static let columns: RequestSchema = .columns([
        .init(name: "x", type: .double, required: true), .init(name: "n", type: .long, required: false),
        .init(name: "s", type: .string, required: false), .init(name: "flag", type: .boolean, required: false),
        .init(name: "list", type: .array(.array(.double)), required: false),
        .init(name: "object", type: .object([.init(name: "p", type: .string, required: false)]), required: false),
        .init(name: "blob", type: .binary, required: false),
    ])
    private static let tensors: RequestSchema = .tensors([
        .init(name: "x", dtype: "float32", shape: [-1]), .init(name: "list", dtype: "int8", shape: [-1, -1, 2]),
    ])
    private static let matrix: RequestSchema = .columns([
        .init(name: nil, type: .double, required: true), .init(name: nil, type: .float, required: true),
    ])

    /// Replaces, removes, inserts and repeats a few bytes; numbers become hostile ones.
    private static func damage(_ bytes: inout [UInt8], _ random: inout SplitMix64) {
        let words = [
            "-1", "0", "9223372036854775807", "18446744073709551616", "1e308", "[]", "4294967295", "65536", "[[",
            "\\ud800",
        ]
        for _ in 0..<Int.random(in: 1...3, using: &random) where bytes.count > 1 {
            let place = Int.random(in: 0..<bytes.count, using: &random)
            switch Int.random(in: 0..<6, using: &random) {
            case 0: bytes.removeSubrange(place..<min(bytes.count, place + Int.random(in: 1...8, using: &random)))
            case 1: bytes[place] = UInt8.random(in: 0...255, using: &random)
            case 2: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
            case 3:
                let end = min(bytes.count, place + Int.random(in: 1...60, using: &random))
                bytes.insert(contentsOf: Array(bytes[place..<end]), at: Int.random(in: 0...bytes.count, using: &random))
            default:
                guard let digit = bytes[place...].firstIndex(where: { $0 >= 48 && $0 <= 57 }) else { continue }
                let word = words[Int.random(in: 0..<words.count, using: &random)]
                bytes.replaceSubrange(digit...digit, with: Array(word.utf8))
            }
        }
    }

    @Test("none crashes; what is taken fills every row of its columns", arguments: 0..<8)
    func damaged(_ part: Int) {
        var random = SplitMix64(seed: UInt64(part))
        var limits = Limits()
        limits.rows = 1000
        var builders = [Self.columns, Self.tensors, Self.matrix, nil].map {
            FrameBuilder(schema: $0, parameters: [], limits: limits, compatibility: .strict)
        }
        var taken = 0
        for round in 0..<1500 {
            let seed = Self.seeds[round % Self.seeds.count]
            var (header, tail) = (Array(seed.header.utf8), seed.tail)
            if round >= Self.seeds.count * builders.count {
                if tail.isEmpty || Bool.random(using: &random) {
                    Self.damage(&header, &random)
                } else {
                    Self.damage(&tail, &random)
                }
            }
            let length = seed.tail.isEmpty ? nil : String(header.count)
            (header + tail).withUnsafeBytes { body in
                guard
                    let request = try? OpenInferenceRequest(
                        body, headerLength: length, limits: limits, compatibility: .strict)
                else { return }
                let index = round / Self.seeds.count % builders.count
                guard let frame = try? builders[index].frame(for: ScoringRequest(body, .openInference(request))) else {
                    return
                }
                taken += 1
                let rows = request.inputs[0].shape[0]
                #expect(frame.rows == rows && frame.isColumnar, "seed \(part), round \(round)")
                frame.bytes.withUnsafeBytes { bytes in
                    // Reading it compares the cells of each column with the rows.
                    let whole = UnsafeRawBufferPointer(rebasing: bytes[WorkerFrame.headerBytes...])
                    guard let payload = ColumnarPayload(whole) else {
                        Issue.record("seed \(part), round \(round): the frame is damaged")
                        return
                    }
                    #expect(payload.rows == rows, "seed \(part), round \(round)")
                    let head = try? JSONText.parse(Array(whole[payload.head]))
                    #expect(head?["types"]?.arrayValue?.count == payload.columns.count, "seed \(part), round \(round)")
                    for column in payload.columns where column.encoding == .json {
                        let cells = try? JSONText.parse(Array(whole[column.cells]))
                        #expect(cells?.arrayValue?.count == rows, "seed \(part), round \(round)")
                    }
                }
            }
        }
        #expect(taken > 30)
    }
}
