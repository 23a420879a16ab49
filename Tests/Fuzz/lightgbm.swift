// seeds: lightgbm/*.txt corpus/*/model/model.lgb

import Boosters
import Bytes

/// Texts of LightGBM, from the bytes to an answer.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = Harness.bytes(data, count)
    guard let model = try? LightGBMReader.read(ByteRegion(bytes)), model.featureCount <= 100 else { return 0 }
    Harness.convert(bytes, flavor: "lightgbm", columns: (0..<model.featureCount).map { "f\($0)" })
    return 0
}
