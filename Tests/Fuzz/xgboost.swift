// seeds: boosters/xgboost/*.bin boosters/xgboost/*.ubj boosters/xgboost/*.json corpus/*/model/model.xgb corpus/*/model/model.ubj

import Boosters
import Bytes

/// Files of XGBoost, in all three forms, from the bytes to an answer.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = Harness.bytes(data, count)
    guard let model = try? XGBoostModel.read(ByteRegion(bytes)), model.featureCount <= 100 else { return 0 }
    let names = model.featureNames.isEmpty ? (0..<model.featureCount).map { "f\($0)" } : model.featureNames
    Harness.convert(bytes, flavor: "xgboost", columns: names)
    return 0
}
