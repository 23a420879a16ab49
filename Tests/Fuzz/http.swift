// seeds: http/seeds/*
// also: OpenAPI ScorerServer
// with: ScorerServerTests/HTTPStream.swift

@testable import ScorerServer

/// Requests on one connection: the first byte says how the others are cut into pieces, which must not matter.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = Harness.bytes(data, count)
    guard let first = bytes.first else { return 0 }
    // Beyond that pieces take time and find nothing new.
    let stream = Array(bytes.dropFirst().prefix(4096))
    var limits = Limits()
    limits.bodyBytes = 2048
    limits.headerBytes = 1024
    let whole = HTTPStream(stream, pieces: [.max], limits: limits)
    let pieces = HTTPStream(stream, pieces: [1 + Int(first) % 16, 1 + Int(first) / 16 * 8], limits: limits)
    precondition(whole == pieces, "what a request is depends on how it comes")
    return 0
}
