import Bytes
import Synchronization
import Testing

@Test("a region copies its array and gives back its parts")
func parts() {
    var bytes: [UInt8] = [104, 105, 0xff]
    let region = ByteRegion(bytes)
    bytes[0] = 0
    #expect(region.count == 3 && region[0] == 104 && region.range == 0..<3)
    #expect(region.bytes(1..<3) == [105, 0xff])
    #expect(region.string(0..<2) == "hi")
    #expect(region.string(0..<3) == nil)
    #expect(ByteRegion([]).isEmpty && ByteRegion("").string(0..<0) == "")
}

extension ByteRegion {
    fileprivate var isEmpty: Bool { range.isEmpty && buffer.isEmpty }
}

@Test("foreign memory is released once, with the last reference")
func release() {
    let memory = UnsafeMutableRawPointer.allocate(byteCount: 4, alignment: 8)
    defer { memory.deallocate() }
    memory.copyMemory(from: [1, 2, 3, 4] as [UInt8], byteCount: 4)
    let counter = Counter()
    do {
        let region = ByteRegion(start: memory, count: 4) { counter.add() }
        let reader = ByteReader(region)
        #expect(reader.remaining == 4 && region[3] == 4)
        #expect(counter.value == 0)
    }
    #expect(counter.value == 1)
}

private final class Counter: Sendable {
    private let count = Mutex(0)
    var value: Int { count.withLock { $0 } }
    func add() { count.withLock { $0 += 1 } }
}
