/// Immutable bytes with one owner: a copy of an array, or foreign memory (a mapped file) that is released with the region.
///
/// A region is shared freely between threads; nothing can change its bytes.
public final class ByteRegion: Sendable {
    /// The number of bytes.
    public let count: Int
    // Sound because the memory is never written after `init` and lives until `deinit`.
    @usableFromInline nonisolated(unsafe) let storage: UnsafeRawPointer
    private let release: @Sendable () -> Void

    /// A region with a copy of `bytes`.
    public convenience init(_ bytes: [UInt8]) {
        let memory = UnsafeMutableRawPointer.allocate(byteCount: max(1, bytes.count), alignment: 64)
        bytes.withUnsafeBytes {
            memory.copyMemory(from: $0.baseAddress ?? UnsafeRawPointer(memory), byteCount: $0.count)
        }
        self.init(owned: memory, count: bytes.count)
    }

    /// A region with the UTF-8 of `text`.
    public convenience init(_ text: String) { self.init(Array(text.utf8)) }

    /// A region over foreign memory; `release` runs once, when the last reference goes.
    ///
    /// - Parameter start: valid and unchanging for `count` bytes until `release` runs.
    public init(start: UnsafeRawPointer, count: Int, release: @escaping @Sendable () -> Void) {
        precondition(count >= 0, "a region cannot have a negative length")
        storage = start
        self.count = count
        self.release = release
    }

    private convenience init(owned memory: UnsafeMutableRawPointer, count: Int) {
        // Sound because only `deinit` of this region uses the pointer, once.
        nonisolated(unsafe) let owned = memory
        self.init(start: UnsafeRawPointer(memory), count: count) { owned.deallocate() }
    }

    /// A region of `count` bytes, all zero before `fill` writes them.
    public static func filled(count: Int, _ fill: (UnsafeMutableRawBufferPointer) -> Void) -> ByteRegion {
        precondition(count >= 0, "a region cannot have a negative length")
        let memory = UnsafeMutableRawPointer.allocate(byteCount: max(1, count), alignment: 64)
        memory.initializeMemory(as: UInt8.self, repeating: 0, count: count)
        fill(UnsafeMutableRawBufferPointer(start: memory, count: count))
        return ByteRegion(owned: memory, count: count)
    }

    deinit { release() }

    /// The first byte; valid while the region lives. For hot loops only: it is not bounds-checked.
    @inlinable public var base: UnsafeRawPointer { storage }

    /// All bytes as a buffer; valid while the region lives.
    @inlinable public var buffer: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: storage, count: count) }

    /// The whole range, from 0.
    @inlinable public var range: Range<Int> { 0..<count }

    /// The byte at `index`; an index out of range is a mistake of the caller and traps.
    @inlinable public subscript(_ index: Int) -> UInt8 {
        precondition(index >= 0 && index < count, "byte index out of range")
        return storage.load(fromByteOffset: index, as: UInt8.self)
    }

    /// A copy of the bytes in `range`, which must lie within the region.
    public func bytes(_ range: Range<Int>) -> [UInt8] { Array(slice(range)) }

    /// The text of `range`, which must lie within the region; nil when the bytes are not UTF-8.
    public func string(_ range: Range<Int>) -> String? { String(validating: slice(range), as: UTF8.self) }

    /// The bytes of `range` without a copy, valid while the region lives; a range out of bounds traps.
    public func slice(_ range: Range<Int>) -> UnsafeRawBufferPointer {
        precondition(range.lowerBound >= 0 && range.upperBound <= count, "byte range out of bounds")
        return UnsafeRawBufferPointer(start: storage + range.lowerBound, count: range.count)
    }
}
