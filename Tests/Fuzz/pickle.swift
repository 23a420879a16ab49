// seeds: formats/*/pickle.* formats/*/cloudpickle pickle/malicious/*.pkl

/// Pickles, from the bytes to an answer.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    Harness.convert(Harness.bytes(data, count))
    return 0
}
