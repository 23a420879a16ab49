import FileTrees
import Hashing
import Platform
import Synchronization
import TestKit
import Testing

@testable import Registry

/// Downloads through the cache.
@Suite struct FetcherCacheTests {
    private func fetch(_ fake: FakeMLflow, _ cache: ModelCache, _ reference: String = "models:/churn/3") throws
        -> LocalModel?
    {
        try Fetcher.fetch(
            fake.resolve(reference), through: cache, registry: "mlflow",
            options: FetchOptions(connections: 1, isDurable: false), notice: { _ in }, progress: { _ in })
    }

    private func cache(_ folder: TemporaryDirectory) throws -> ModelCache {
        try #require(
            try ModelCache.open(
                Surroundings(environment: [:]), explicit: folder.file("cache"), isDisabled: false))
    }

    @Test("a version is downloaded once; the next time only the registry is asked")
    func once() throws {
        let fake = FakeMLflow()
        defer { fake.server.stop() }
        let folder = TemporaryDirectory()
        let cache = try cache(folder)
        defer { cache.release() }
        let first = try #require(try fetch(fake, cache))
        #expect(first.tree["data/model.pkl"]?.digest == SHA256Digest(of: "0123456789"))
        let before = fake.server.requests.count
        let second = try #require(try fetch(fake, cache))
        #expect(second.tree == first.tree)
        #expect(second.identity == first.identity)
        #expect(!fake.server.requests.dropFirst(before).contains { $0.path.contains("/artifacts/1/model/") })
    }

    @Test("files that may change are not kept")
    func mutable() throws {
        let fake = FakeMLflow()
        defer { fake.server.stop() }
        let folder = TemporaryDirectory()
        #expect(try fetch(fake, try cache(folder), "mlflow-artifacts:/1/model") == nil)
    }

    @Test("what came before an error is not asked for again")
    func goesOn() throws {
        let isBroken = Mutex(true)
        let fake = FakeMLflow { request in
            request.path == FetcherTests.filePath && isBroken.withLock { $0 } ? FakeMLflow.notFound("lost") : nil
        }
        defer { fake.server.stop() }
        let folder = TemporaryDirectory()
        let cache = try cache(folder)
        defer { cache.release() }
        #expect(fake.message { try fetch(fake, cache) }.contains("cannot read `data/model.pkl`"))
        isBroken.withLock { $0 = false }
        let before = fake.server.requests.count
        #expect(try fetch(fake, cache)?.tree.count == 3)
        #expect(!fake.server.requests.dropFirst(before).contains { $0.path.hasSuffix("/artifacts/1/model/MLmodel") })
    }

    @Test("a listing that is another one in the end is stored under no key")
    func changed() throws {
        let isChanging = Mutex(true)
        let fake = FakeMLflow { request in
            guard request.target.hasSuffix("artifacts?path=1%2Fmodel"), request.earlierCount == 1,
                isChanging.withLock({ $0 })
            else { return nil }
            return .text(200, #"{"files": [{"path": "MLmodel", "file_size": 12}]}"#)
        }
        defer { fake.server.stop() }
        let folder = TemporaryDirectory()
        let cache = try cache(folder)
        defer { cache.release() }
        #expect(fake.message { try fetch(fake, cache) }.contains("its files changed while they were downloaded"))
        isChanging.withLock { $0 = false }
        let before = fake.server.requests.count
        #expect(try fetch(fake, cache)?.tree.count == 3)
        // Every file came anew.
        #expect(fake.server.requests.dropFirst(before).filter { $0.path.contains("/artifacts/1/model/") }.count >= 3)
    }
}
