import Glibc
import Synchronization

/// How many bytes all connections together may hold beyond their small change; shared by all threads.
final class ByteBudget: Sendable {
    let limit: Int
    private let taken = Atomic(0)

    init(limit: Int) { self.limit = limit }

    /// Whether `count` more bytes may be held; then they are counted.
    func take(_ count: Int) -> Bool {
        guard count > 0 else { return true }
        if taken.add(count, ordering: .relaxed).newValue <= limit { return true }
        give(count)
        return false
    }

    func give(_ count: Int) { if count > 0 { taken.subtract(count, ordering: .relaxed) } }

    var count: Int { taken.load(ordering: .relaxed) }
}

/// Bytes that come in at one end and go out at the other; owns its memory, and takes it from a budget.
final class ByteQueue {
    /// Memory of one queue that the budget does not count.
    static let freeBytes = 16 << 10

    private let budget: ByteBudget
    private var memory: UnsafeMutableRawPointer?
    private var capacity = 0
    private var start = 0
    private(set) var count = 0

    init(_ budget: ByteBudget) { self.budget = budget }

    deinit { release() }

    var isEmpty: Bool { count == 0 }

    /// What the queue holds; valid until it is changed.
    var bytes: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: memory.map { UnsafeRawPointer($0 + start) }, count: count)
    }

    /// Adds `more`; false, and nothing happens, when the budget does not allow it.
    ///
    /// - Parameter total: how many bytes will probably come to lie here, so that memory is not made for twice as many.
    func append(_ more: UnsafeRawBufferPointer, expecting total: Int = .max) -> Bool {
        guard let source = more.baseAddress, more.count > 0 else { return true }
        guard makeRoom(for: more.count, expecting: total), let memory else { return false }
        (memory + start + count).copyMemory(from: source, byteCount: more.count)
        count += more.count
        return true
    }

    /// Removes the first `removed` bytes; an empty queue gives its memory back.
    func consume(_ removed: Int) {
        precondition(removed <= count, "more bytes are taken from a queue than it holds")
        start += removed
        count -= removed
        if count == 0 { release() }
    }

    func removeAll() { consume(count) }

    private func makeRoom(for more: Int, expecting total: Int) -> Bool {
        guard start + count + more > capacity else { return true }
        if start > 0, let memory {
            memory.copyMemory(from: memory + start, byteCount: count)
            start = 0
        }
        let needed = count + more
        guard needed > capacity else { return true }
        let size = max(needed, min(max(2 * capacity, 1 << 10), total))
        guard budget.take(counted(size) - counted(capacity)) else { return false }
        // Large blocks are moved by the kernel without a copy, so that there are never two of them.
        guard let larger = realloc(memory, size) else {
            budget.give(counted(size) - counted(capacity))
            return false
        }
        (memory, capacity) = (larger, size)
        return true
    }

    private func counted(_ size: Int) -> Int { max(0, size - Self.freeBytes) }

    private func release() {
        free(memory)
        budget.give(counted(capacity))
        (memory, capacity, start) = (nil, 0, 0)
    }
}
