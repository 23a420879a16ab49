// seeds: catboost/*.cb corpus/*/model/model.cb

import Boosters
import Bytes

/// Files of CatBoost, from the bytes to an answer.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = Harness.bytes(data, count)
    guard let model = try? CatBoostReader.read(ByteRegion(bytes)), model.features.count <= 100 else { return 0 }
    // Names that differ would be refused; without any the positions decide.
    let columns = model.features.indices.map { index in
        model.features.first { $0.column == index }?.name ?? "f\(index)"
    }
    Harness.convert(
        bytes, flavor: "catboost", columns: columns,
        settings: "    catboost_version: 1.2.10\n    model_type: CatBoost\n    save_format: cbm\n")
    return 0
}
