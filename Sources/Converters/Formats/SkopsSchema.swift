import Bytes
import JSONText
import Pickle

/// What kind of object a node of skops stands for: the value of its `__loader__`.
enum SkopsLoader: String {
    case object = "ObjectNode"
    case dictionary = "DictNode"
    case defaultDictionary = "DefaultDictNode"
    case list = "ListNode"
    case tuple = "TupleNode"
    case set = "SetNode"
    case json = "JsonNode"
    case type = "TypeNode"
    case function = "FunctionNode"
    case array = "NdArrayNode"
    case maskedArray = "MaskedArrayNode"
    case elementType = "DTypeNode"
    case sparseMatrix = "SparseMatrixNode"
    case tree = "TreeNode"
    case loss = "LossNode"
    case construction = "ConstructorFromReduceNode"
    case slice = "SliceNode"
    case partial = "PartialNode"
    case randomState = "RandomStateNode"
    case randomGenerator = "RandomGeneratorNode"
    case bytes = "BytesNode"
    case byteArray = "BytearrayNode"
    case method = "MethodNode"
    case operatorFunction = "OperatorFuncNode"
    case cached = "CachedNode"
}

/// The heads of all nodes of a `schema.json`, in the order in which they begin.
///
/// skops writes `__id__` at the end of a node and decides by it at its beginning, so the text is read twice: first for the heads,
/// then for what is in the nodes.
struct SkopsSchema {
    /// What a node says of itself.
    struct Head {
        /// Where it begins in the text.
        var start: Int
        /// The index after the heads of everything inside it.
        var end: Int32 = 0
        /// `__class__`, `__module__` and `__loader__` as indices of `names`; -1 for what is missing.
        var name: Int32 = -1
        var module: Int32 = -1
        var loader: Int32 = -1
        /// `__id__`; 0 for none.
        var id = 0

        /// Whether this object is a node at all.
        var isNode: Bool { loader >= 0 }
    }

    private(set) var heads: [Head] = []
    private(set) var names: [String] = []
    /// The number that the outermost node states as `protocol`.
    private(set) var version: Int?
    private var indices: [String: Int32] = [:]

    /// This many are always read. An honest node has over 100 bytes in the schema, and over 5 in a deflated one.
    private static let freeHeads = 100_000
    private static let bytesPerHead = 4

    private enum Key { case name, module, loader, id, version, other }

    /// Reads the heads of the text in `range`.
    ///
    /// - Parameter fileByteCount: the size of the archive.
    init(
        _ region: ByteRegion, _ range: Range<Int>, fileByteCount: Int, limits: JSONLimits, _ builder: PickleGraphBuilder
    ) throws {
        var reader = JSONPullReader(region, range: range, limits: limits)
        let limit = SkopsSchema.freeHeads + fileByteCount / SkopsSchema.bytesPerHead
        // Of each open array or object; -1 for an array.
        var open: [Int32] = []
        var key = Key.other
        var event = try reader.next()
        guard event == .beginObject else {
            throw builder.error(.malformed, "its schema is not an object", at: reader.offset)
        }
        while event != .endOfDocument {
            let owner = open.last ?? -1
            switch event {
            case .beginObject:
                guard heads.count < limit else {
                    throw builder.error(
                        .limit(name: "nodes", value: limit), "it exceeds the limit of \(limit) nodes for its size",
                        at: reader.offset)
                }
                open.append(Int32(truncatingIfNeeded: heads.count))
                heads.append(Head(start: reader.offset))
            case .beginArray: open.append(-1)
            case .endArray: open.removeLast()
            case .endObject:
                open.removeLast()
                if owner >= 0 { heads[Int(owner)].end = Int32(truncatingIfNeeded: heads.count) }
            case .key(let text):
                key = SkopsSchema.key(text, isRoot: owner == 0)
                event = try reader.next()
                guard key != .other, owner >= 0 else { continue }
                try take(key, event, reader, Int(owner), builder)
                continue
            case .string, .number, .bool, .null, .endOfDocument: break
            }
            event = try reader.next()
        }
    }

    private static func key(_ text: String, isRoot: Bool) -> Key {
        switch text {
        case "__class__": .name
        case "__module__": .module
        case "__loader__": .loader
        case "__id__": .id
        case "protocol": isRoot ? .version : .other
        default: .other
        }
    }

    private mutating func take(
        _ key: Key, _ event: JSONPullReader.Event, _ reader: JSONPullReader, _ owner: Int, _ builder: PickleGraphBuilder
    ) throws {
        switch (key, event) {
        case (.id, .number(let range)):
            guard let number = reader.int64(range) else {
                throw builder.error(.malformed, "a node's `__id__` is not a whole number", at: reader.offset)
            }
            heads[owner].id = Int(number)
        case (.version, .number(let range)): version = reader.int64(range).map { Int($0) }
        case (.name, .string(let text)): heads[owner].name = index(of: text)
        case (.module, .string(let text)): heads[owner].module = index(of: text)
        case (.loader, .string(let text)): heads[owner].loader = index(of: text)
        // A dict of the model may have such a key; a node without its head is refused where one is needed.
        default: break
        }
    }

    private mutating func index(of name: String) -> Int32 {
        if let known = indices[name] { return known }
        let index = Int32(truncatingIfNeeded: names.count)
        names.append(name)
        indices[name] = index
        return index
    }
}
