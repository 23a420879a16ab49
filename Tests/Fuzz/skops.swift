// seeds: formats/*/skops

import Bytes
import FileTrees

/// Archives of skops, from the bytes to an answer.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    Harness.convert(Harness.bytes(data, count))
    return 0
}

/// Mutations as libFuzzer makes them by itself.
@_silgen_name("LLVMFuzzerMutate")
func mutate(_ data: UnsafeMutablePointer<UInt8>, _ count: Int, _ limit: Int) -> Int

/// Mutates one member of the archive, mostly the schema, and packs it anew: mutations of the archive itself end at a checksum.
@_cdecl("LLVMFuzzerCustomMutator")
public func mutateArchive(
    _ data: UnsafeMutablePointer<UInt8>, _ count: Int, _ limit: Int, _ seed: CUnsignedInt
) -> Int {
    let region = ByteRegion(Harness.bytes(data, count))
    guard seed % 8 != 0, let zip = try? ZipBytes(region, path: "model"), !zip.names.isEmpty else {
        return mutate(data, count, limit)
    }
    var files: [(name: String, bytes: [UInt8])] = []
    for name in zip.names {
        guard let (region, range) = (try? zip.contents(of: name)) ?? nil else { return mutate(data, count, limit) }
        files.append((name, region.bytes(range)))
    }
    let schema = files.firstIndex { $0.name == "schema.json" } ?? 0
    let chosen = seed % 4 == 1 ? Int(seed / 8) % files.count : schema
    var bytes = files[chosen].bytes
    let size = bytes.count
    bytes.append(contentsOf: repeatElement(0, count: 256))
    let mutated = bytes.withUnsafeMutableBufferPointer { buffer in
        buffer.baseAddress.map { mutate($0, size, size + 256) } ?? 0
    }
    files[chosen].bytes = Array(bytes[..<mutated])
    let packed = StoredZip(files: files).bytes
    guard packed.count <= limit else { return mutate(data, count, limit) }
    for (index, byte) in packed.enumerated() { data[index] = byte }
    return packed.count
}
