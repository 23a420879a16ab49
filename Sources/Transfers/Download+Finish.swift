import Bytes
import Diagnostics
import HTTPTransport
import Hashing
import Platform

/// Hashing, comparing, and the end of an object.
extension Download {
    /// Begins to hash `file` once its checksums are known, and lets the journal know it.
    func startHashing(_ file: ObjectDownload) {
        guard file.hashNumber == nil, let worker else { return }
        let stated = file.statedChecksums
        let job = HashWorker.Job(
            file: file.file.number, path: file.file.path, byteCount: file.object.size,
            wantsMD5: stated.contains { if case .md5 = $0 { true } else { false } },
            wantsCRC32C: stated.contains { if case .crc32c = $0 { true } else { false } },
            isDurable: options.isDurable, checkpointBytes: limits.checkpointBytes, expectation: file.prefix)
        let number = worker.add(job)
        file.hashNumber = number
        hashed[number] = file
        do { try journal?.begin(file) } catch { fail(error) }
        worker.extend(number, to: file.written.prefixEnd)
    }

    /// Takes what the hashing thread has found out.
    func take(_ event: HashWorker.Event) throws {
        switch event {
        case .checkpoint(let number, let offset, let digest):
            guard let file = hashed[number] else { return }
            try journal?.checkpoint(file.index, offset: offset, digest)
        case .differs(let number):
            guard let file = hashed[number] else { return }
            // Only what an earlier run left is compared so.
            try restart(file, ContentFault(kind: .changed, place: nil))
        case .failed(_, let error): throw error
        case .finished(let number, let digests):
            guard let file = hashed[number] else { return }
            try finish(file, digests)
        }
    }

    private func finish(_ file: ObjectDownload, _ digests: FileDigests) throws {
        // An empty answer that is still to come.
        guard file.isComplete else { return }
        if let fault = difference(file, digests) { return try restart(file, fault) }
        if let number = file.hashNumber {
            worker?.forget(number)
            hashed[number] = nil
        }
        try journal?.complete(file, digests.sha256)
        complete(file, digests.sha256)
    }

    private func difference(_ file: ObjectDownload, _ digests: FileDigests) -> ContentFault? {
        func fault(_ name: String, _ stated: [UInt8], _ found: [UInt8]?) -> ContentFault? {
            guard let found, found != stated else { return nil }
            return ContentFault(
                kind: .checksum(name, stated: Hexadecimal.encode(stated), found: Hexadecimal.encode(found)), place: nil)
        }
        if let whole = file.whole, let fault = fault("SHA-256", whole.bytes, digests.sha256.bytes) { return fault }
        for checksum in file.statedChecksums {
            let fault =
                switch checksum {
                case .md5(let bytes): fault("MD5", bytes, digests.md5)
                case .sha256(let bytes): fault("SHA-256", bytes, digests.sha256.bytes)
                case .crc32c(let word): fault("CRC-32C", Self.bytes(word), digests.crc32c.map(Self.bytes))
                }
            if let fault { return fault }
        }
        return nil
    }

    private static func bytes(_ word: UInt32) -> [UInt8] {
        [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: word >> $0) }
    }
}
