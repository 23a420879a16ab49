import Platform
import Synchronization
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
}
