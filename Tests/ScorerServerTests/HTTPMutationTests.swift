import TestKit
import Testing

@testable import ScorerServer

@Suite("HTTP mutations")
struct HTTPMutationTests {
    private let limits: Limits = {
        var limits = Limits()
        limits.bodyBytes = 4096
        limits.headerBytes = 300
        limits.targetBytes = 60
        return limits
    }()

    private static let replacements: [[UInt8]] = [
        [13], [10], [13, 10], [0], [32], [9], [58], [59], [44], [255], Array("0".utf8),
        Array("Content-Length: 5\r\n".utf8),
        Array("Transfer-Encoding: chunked\r\n".utf8), Array("Host: a\r\n".utf8), Array("\r\n\r\n".utf8),
    ]

    @Test("requests that are cut, changed or put together anywhere are the same whole and in pieces, and never a trap")
    func mutations() throws {
        let seeds = try HTTPCase.all().map(\.bytes).filter { $0.count < 600 && !$0.isEmpty }
        var random = SplitMix64(seed: 7)
        func number(below limit: Int) -> Int { Int(random.next() % UInt64(max(1, limit))) }
        for round in 0..<6000 {
            var bytes = seeds[number(below: seeds.count)]
            for _ in 0..<number(below: 4) {
                let place = number(below: bytes.count)
                switch number(below: 5) {
                case 0: bytes.removeSubrange(place..<min(bytes.count, place + number(below: 20)))
                case 1: bytes.insert(contentsOf: Self.replacements[number(below: Self.replacements.count)], at: place)
                case 2 where !bytes.isEmpty: bytes[place] = UInt8(truncatingIfNeeded: random.next())
                case 3: bytes += seeds[number(below: seeds.count)]
                default: bytes.removeSubrange(place...)
                }
            }
            let whole = HTTPStream(bytes, pieces: [.max], limits: limits)
            for pieces in [[1], [1 + number(below: 40), 1 + number(below: 9), 2]] {
                let other = HTTPStream(bytes, pieces: pieces, limits: limits)
                #expect(other == whole, "round \(round): \(String(decoding: bytes, as: UTF8.self).debugDescription)")
            }
        }
    }

    @Test("a queue gives out what came in, whatever the sizes, and the budget is whole again at the end")
    func queue() {
        let budget = ByteBudget(limit: 1 << 20)
        var random = SplitMix64(seed: 3)
        do {
            let queue = ByteQueue(budget)
            var model: [UInt8] = []
            for _ in 0..<5000 {
                if random.next() % 2 == 0 {
                    let more = (0..<Int(random.next() % 3000)).map { _ in UInt8(truncatingIfNeeded: random.next()) }
                    #expect(more.withUnsafeBytes { queue.append($0, expecting: Int(random.next() % 8000)) })
                    model += more
                } else {
                    let count = Int(random.next() % UInt64(model.count + 1))
                    queue.consume(count)
                    model.removeFirst(count)
                }
                #expect(queue.bytes.elementsEqual(model))
                if model.count > 200_000 {
                    queue.removeAll()
                    model = []
                }
            }
        }
        #expect(budget.count == 0)
    }
}
