// seeds: skiff/*.skiff

import Bytes
import Scoring

/// Files of the own format, from the bytes to an answer.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    if let model = try? CompiledModel.load(ByteRegion(Harness.bytes(data, count)), file: nil) { Harness.score(model) }
    return 0
}
