import Bytes
import Diagnostics
import FileTrees
import Pickle

/// The file of a serialised model, read by what its bytes are, whatever it is called and whatever `MLmodel` says of it.
struct ModelArtefact {
    /// The objects in it.
    let graph: PickleGraph
    /// How it is written, in words: "skops", "pickle", "joblib, compressed with zlib".
    let format: String

    /// Reads the file: an archive of skops, a pickle of any protocol, a file of joblib, compressed or not.
    ///
    /// - Throws: `PickleError`, or `Refused` when the archive or the compressed bytes are not sound.
    init(_ region: ByteRegion, name: String) throws {
        do {
            let head = region.bytes(0..<min(region.count, 6))
            if head.starts(with: [0x50, 0x4b]), head.count > 3, [3, 5].contains(head[2]), head[2] + 1 == head[3] {
                graph = try SkopsReader.read(region, file: name)
                format = "skops"
            } else if let packing = PackedBytes(head) {
                let unpacked = try packing.unpack(region, path: name)
                let note = "of what it unpacks to by \(packing.name)"
                try ModelArtefact.refuseTar(unpacked, name, note)
                graph = try PickleMachine.read(
                    unpacked, file: name, placeNote: note, fileByteCount: region.count)
                format = "joblib, compressed with \(packing.name)"
            } else {
                try ModelArtefact.refuseTar(region, name, nil)
                graph = try PickleMachine.read(region, file: name)
                format = graph.isJoblib ? "joblib" : "pickle"
            }
        } catch let error as FileTreeError {
            // "cannot unpack `model.pkl`: …"
            let diagnostic = error.diagnostic
            let prefix = "cannot unpack `\(escaped(name, limit: 1000))`: "
            var reason = diagnostic.summary
            if reason.hasPrefix(prefix) { reason = String(reason.dropFirst(prefix.count)) }
            var refusal = Refusal(
                path: name, reason: reason, help: diagnostic.hints.first,
                place: diagnostic.place ?? Place(file: name, byteOffset: 0))
            refusal.isAboutBytes = true
            throw Refused([refusal])
        }
    }

    /// A tar archive begins with a name, which looks like opcodes.
    private static func refuseTar(_ region: ByteRegion, _ name: String, _ note: String?) throws {
        guard region.count >= 512, region.bytes(257..<262) == Array("ustar".utf8) else { return }
        throw PickleError(
            .malformed, offset: 257, reason: "it is a tar archive, not a serialised model", file: name, placeNote: note)
    }

    /// A remark when `MLmodel` says something else of the file than its bytes.
    func note(stated: String, name: String, mlmodel: String) -> String? {
        let pickles = ["pickle", "cloudpickle"]
        if stated == format || pickles.contains(stated) && format == "pickle" { return nil }
        return
            "`\(escaped(mlmodel))` says that `\(escaped(name))` is serialised by \(escaped(stated)); by its bytes it is "
            + "\(format), and was read as that"
    }
}
