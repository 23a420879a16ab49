import Platform
import Synchronization

/// A batch whose blocks of rows several threads take in turn.
///
/// The blocks are those of one thread, and they are taken in ascending order, so that answers and refusals are the same.
final class SharedBatch: Sendable {
    private let batch: Batch
    private let rowsPerBlock: Int
    private let blockCount: Int
    private let next = Atomic<Int>(0)
    private let failure = Mutex<(block: Int, error: ScoringError)?>(nil)

    init(_ batch: Batch, rowsPerBlock: Int) {
        self.batch = batch
        self.rowsPerBlock = rowsPerBlock
        blockCount = (batch.rowCount + rowsPerBlock - 1) / rowsPerBlock
    }

    /// Evaluates the batch with the calling thread, in `workspace`, and with others, which have workspaces of their own, when it is
    /// large.
    func run(_ processors: ScoringProcessors, _ workspace: Workspace) throws(ScoringError) {
        processors.begin()
        var helpers = 0
        let start = MonotonicClock.nanoseconds
        var done: UInt64 = 0
        while helpers == 0, evaluateNext(workspace) {
            done += 1
            let spent = MonotonicClock.nanoseconds - start
            guard spent >= processors.rule.spent else { continue }
            let waiting = UInt64(max(0, blockCount - next.load(ordering: .relaxed)))
            let worthwhile = min(waiting, spent / done * waiting / max(1, processors.rule.left))
            helpers = processors.take(atMost: Int(worthwhile))
        }
        if helpers > 0 { finish(helpers, workspace) }
        processors.end(helpers + 1)
        if let error = failure.withLock({ $0?.error }) { throw error }
    }

    private func finish(_ helpers: Int, _ workspace: Workspace) {
        var threads = JoinedThreads()
        for _ in 0..<helpers {
            do {
                try threads.start { [self] in
                    let workspace = Workspace(model: batch.model)
                    while evaluateNext(workspace) {}
                }
            } catch {
                // The threads that there are do its share.
                break
            }
        }
        while evaluateNext(workspace) {}
        threads.join()
    }

    /// Takes a block; false when there is none left, or one before it was refused.
    private func evaluateNext(_ workspace: Workspace) -> Bool {
        let block = next.wrappingAdd(1, ordering: .relaxed).oldValue
        guard block < blockCount else { return false }
        do {
            try batch.evaluate(from: block * rowsPerBlock, workspace)
            return true
        } catch {
            // Blocks before this one are done, or in other threads' hands; those after it need not begin.
            next.store(blockCount, ordering: .relaxed)
            failure.withLock { if $0.map({ block < $0.block }) ?? true { $0 = (block, error) } }
            return false
        }
    }
}
