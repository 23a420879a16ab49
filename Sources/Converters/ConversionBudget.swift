import Diagnostics
import Scoring
import Synchronization

/// How much a model may take while it is converted, so that a small file does not become a large program: what a pickle
/// refers to a thousand times is read, and compiled, a thousand times.
///
/// Each array is counted with eight bytes for an element, each text of a booster twice, and each estimator as `estimator`, as often as
/// they are read. Honest models read what they hold once or twice; a table of truth values counts eight times its bytes.
final class ConversionBudget: Sendable {
    /// What every model may take: 32 MiB.
    static let free = 32 << 20
    /// What it may take more for each byte of its file, unpacked.
    static let perByte = 16
    /// What an estimator takes beside its arrays: 4 KiB.
    static let estimator = 4 << 10

    /// It is used up. Not a `Refused`: those of other parts are gathered, and this ends the conversion.
    struct Exceeded: Error {
        var reason: String
    }

    /// What may be taken.
    let limit: Int
    private let fileByteCount: Int
    private let taken = Atomic<Int>(0)

    init(fileByteCount: Int) {
        self.fileByteCount = fileByteCount
        let (product, overflow) = fileByteCount.multipliedReportingOverflow(by: ConversionBudget.perByte)
        limit = overflow || product > Int.max - ConversionBudget.free ? Int.max : product + ConversionBudget.free
    }

    /// Takes `byteCount` bytes. Throws `Exceeded`.
    func take(_ byteCount: Int) throws {
        let before = taken.load(ordering: .relaxed)
        guard byteCount <= limit - before else {
            throw Exceeded(
                reason: "its estimators and arrays, counted as often as it refers to them, have more than "
                    + "\(grouped(limit)) bytes, the limit for a file of \(grouped(fileByteCount)) bytes, unpacked")
        }
        taken.store(before + max(0, byteCount), ordering: .relaxed)
    }

    /// Takes `count` elements of an array of `itemSize` bytes each. Throws `Exceeded`.
    func take(_ count: Int, itemSize: Int) throws {
        let (product, overflow) = count.multipliedReportingOverflow(by: max(8, itemSize))
        try take(overflow ? Int.max : product)
    }
}

extension ModelBuilder {
    /// Begins a model of a file of `fileByteCount` bytes, unpacked: its arrays together have the same limit as what is read for them.
    init(inputs: InputSchema, fileByteCount: Int) throws(ScoringError) {
        try self.init(inputs: inputs)
        arrayByteLimit = ConversionBudget(fileByteCount: fileByteCount).limit
    }
}
