// seeds: frames/*
// also: OpenAPI ScorerServer

import JSONText

@testable import ScorerServer

/// What a Python worker sends: frames, and in them answers as binary columns or as text. What is passed on must be JSON.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = Harness.bytes(data, count)
    var start = 0
    while case .frame(let frame) = WorkerFrame.parse(bytes, from: start) {
        start = frame.payload.upperBound
        check(Array(bytes[frame.payload]), isColumnar: frame.isColumnar)
    }
    check(bytes, isColumnar: true)
    return 0
}

private func check(_ payload: [UInt8], isColumnar: Bool) {
    guard let text = WorkerAnswer.text(payload, isColumnar: isColumnar) else { return }
    text.withUnsafeBytes { bytes in
        var reader = JSONPullReader(bytes, limits: JSONLimits(maxDepth: 1000, maxBytes: 1 << 30, maxNumberLength: 5000))
        precondition((try? reader.skipValue()) != nil, "an answer that is passed on is JSON")
    }
}
