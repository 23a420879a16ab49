import Platform
import Synchronization
import TestKit
import Testing

@Suite("Threads that are waited for")
struct JoinedThreadsTests {
    private final class Counter: Sendable {
        let value = Atomic<Int>(0)
    }

    @Test("each runs its function once, and all have ended after the wait")
    func joined() throws {
        let counter = Counter()
        var threads = JoinedThreads()
        for _ in 0..<8 {
            try threads.start { for _ in 0..<1000 { counter.value.wrappingAdd(1, ordering: .relaxed) } }
        }
        threads.join()
        #expect(counter.value.load(ordering: .relaxed) == 8000)
    }

    @Test("one that nobody waits for runs on the stack that it was given")
    func detached() throws {
        let counter = Counter()
        // 30 MB, where others have 8.
        try DetachedThread.start(stackBytes: 64 << 20) { counter.value.store(deep(30_000), ordering: .releasing) }
        #expect(eventually { counter.value.load(ordering: .acquiring) != 0 })
        #expect(counter.value.load(ordering: .acquiring) == 30_000)
    }
}

/// Calls itself `levels` times, with 1,000 bytes of the stack each time.
@inline(never)
private func deep(_ levels: Int) -> Int {
    guard levels > 0 else { return 0 }
    return withUnsafeTemporaryAllocation(byteCount: 1000, alignment: 1) { bytes in
        bytes[999] = 1
        return Int(bytes[999]) + deep(levels - 1)
    }
}
