public import Bytes
public import Diagnostics

/// What a pickle says, as a graph of symbolic values over the bytes of the file.
///
/// Text and byte strings stay ranges of the region, so a graph of a 50 MB model is small. A graph is made by
/// `PickleMachine.read` from a pickle, and by `PickleGraphBuilder` from another format that keeps the same objects.
public struct PickleGraph: Sendable {
    /// A run of bytes of one of `regions`.
    struct Span: Sendable {
        var start: Int
        var count: Int
        /// Which region: `fileRegion` or `ownedRegion`, or a further one.
        var source: Int32
        var offset: Int

        /// The file itself.
        static let fileRegion: Int32 = 0
        /// Bytes that were decoded from escapes.
        static let ownedRegion: Int32 = 1
    }

    /// A list, tuple, dict or set. A dict keeps key, value, key, value, …
    struct Container: Sendable {
        var items: [PickleValue]
        var offset: Int
        var depth: Int32
        /// It was given to a call or a BUILD, which copies it: a later change would not be seen by Python.
        var isConsumed = false
    }

    /// The bytes of the file.
    public let region: ByteRegion
    /// The file's name for messages.
    public let file: String
    /// What offsets are counted in when that is not the file itself, in words: "of what it unpacks to".
    public internal(set) var placeNote: String?
    /// The value that unpickling would return.
    public internal(set) var root: PickleValue = .null
    /// The highest protocol announced; 0 when none is.
    public internal(set) var protocolVersion = 0
    /// Every name, in the order of the stream.
    public internal(set) var globals: [PickleGlobal] = []
    /// What no library writes.
    public internal(set) var findings: [PickleFinding] = []
    /// Arrays stand between the opcodes: joblib has written it, and `pickle.load` does not read it.
    public internal(set) var isJoblib = false
    /// How many opcodes were followed.
    public internal(set) var opcodeCount = 0

    /// Special names that a state may set to a text or None.
    static let plainSpecialNames: Set<String> = ["__doc__", "__name__"]

    var spans: [Span] = []
    var regions: [ByteRegion]
    var containers: [Container] = []
    var objects: [PickleObject] = []

    init(region: ByteRegion, file: String) {
        self.region = region
        self.file = file
        regions = [region, ByteRegion([])]
    }

    /// The string of a `.text`, else nil.
    public func text(_ value: PickleValue) -> String? {
        guard case .text(let id) = value else { return nil }
        return String(decoding: bytes(of: spans[id.position]), as: UTF8.self)
    }

    /// The elements of a list, tuple or set, else nil.
    public func elements(_ value: PickleValue) -> [PickleValue]? {
        switch value {
        case .list(let id), .tuple(let id), .set(let id): containers[id.position].items
        default: nil
        }
    }

    /// The pairs of a dict in the order of insertion; of two equal string keys the later value counts.
    public func entries(_ value: PickleValue) -> [(key: PickleValue, value: PickleValue)]? {
        guard case .dictionary(let id) = value else { return nil }
        let items = containers[id.position].items
        return stride(from: 0, to: items.count - 1, by: 2).map { (items[$0], items[$0 + 1]) }
    }

    /// The value of a string key of a dict: the last one, as Python keeps it.
    public func value(forKey key: String, in dictionary: PickleValue) -> PickleValue? {
        guard case .dictionary(let id) = dictionary else { return nil }
        let items = containers[id.position].items
        var index = items.count - 2
        while index >= 0 {
            if case .text(let name) = items[index], matches(name, key) { return items[index + 1] }
            index -= 2
        }
        return nil
    }

    /// The record of an object, else nil.
    public func object(_ value: PickleValue) -> PickleObject? {
        guard case .object(let id) = value else { return nil }
        return objects[id.position]
    }

    /// The name behind a `.global`, else nil.
    public func global(_ value: PickleValue) -> PickleGlobal? {
        guard case .global(let id) = value else { return nil }
        return globals[id.position]
    }

    /// `module.name` of what made an object, when that is a name.
    public func className(of value: PickleValue) -> String? {
        guard let object = object(value), let global = global(object.callable) else { return nil }
        return global.qualifiedName
    }

    /// Offset of the opcode that made a value; nil for the plain ones (numbers, None), which are not tracked.
    public func offset(of value: PickleValue) -> Int? {
        switch value {
        case .list(let id), .tuple(let id), .set(let id), .dictionary(let id): containers[id.position].offset
        case .object(let id): objects[id.position].offset
        case .global(let id): globals[id.position].offset
        case .text(let id), .bytes(let id): spans[id.position].offset
        case .null, .bool, .int, .bigInteger, .float: nil
        }
    }

    /// The bytes of a `.bytes` (or the UTF-8 of a `.text`) as a range of a region, without a copy when they lie in the
    /// file.
    public func byteRange(_ value: PickleValue) -> (region: ByteRegion, range: Range<Int>)? {
        switch value {
        case .bytes(let id), .text(let id):
            let span = spans[id.position]
            return (regions[Int(span.source)], span.start..<span.start + span.count)
        default: return nil
        }
    }

    /// Bytes of the file, and of what was unpacked of it: no model says more than these hold, unless it says it twice.
    public var byteCount: Int { regions.reduce(0) { $0 + $1.count } }

    /// How many containers and objects there are; for walks that must remember where they have been.
    public var nodeCount: Int { containers.count + objects.count }

    /// A number below `nodeCount` for a container or object, else nil.
    public func nodeIndex(_ value: PickleValue) -> Int? {
        switch value {
        case .list(let id), .tuple(let id), .set(let id), .dictionary(let id): id.position
        case .object(let id): containers.count + id.position
        default: nil
        }
    }

    private func matches(_ id: PickleID, _ key: String) -> Bool {
        let span = spans[id.position]
        let utf8 = key.utf8
        guard span.count == utf8.count else { return false }
        return bytes(of: span).elementsEqual(utf8)
    }

    func bytes(of span: Span) -> UnsafeRawBufferPointer {
        regions[Int(span.source)].slice(span.start..<span.start + span.count)
    }
}

extension PickleGraph {
    /// The position in `globals` of a `.global`, else nil.
    public func globalIndex(_ value: PickleValue) -> Int? {
        guard case .global(let id) = value else { return nil }
        return id.position
    }

    /// The place of `offset`, with the opcode or node that shows it.
    public func place(_ offset: Int?, opcode: String? = nil) -> Place {
        PickleGraph.place(file: file, offset, opcode: opcode, note: placeNote)
    }

    static func place(file: String?, _ offset: Int?, opcode: String?, note: String?) -> Place {
        // A node of another format is named after its loader, which says by itself what it is.
        let shown = opcode.map { $0.hasSuffix("Node") ? $0 : "opcode \($0)" }
        let words = [note, shown].compactMap { $0 }
        return Place(file: file, byteOffset: offset, note: words.isEmpty ? nil : words.joined(separator: ", "))
    }
}
