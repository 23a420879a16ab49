import Bytes
import Diagnostics
import FileTrees
import JSONText
import Pickle

/// Reads a model that skops has saved: a zip archive of `schema.json`, a tree of nodes, and the files that its nodes name. Gives
/// the graph that a pickle of the same objects gives. Nothing is imported or called.
///
/// Supported: protocols 0 to 2, and every node that skops writes for scikit-learn, XGBoost and LightGBM. A node with the `__id__`
/// of an earlier one is that one, whatever stands in it, as skops reads it.
/// Refused: other nodes and fields, a node inside of itself, a file that is missing or holds a pickle, keys that JSON cannot keep.
/// Source: `skops/io/_general.py`, `_numpy.py`, `_sklearn.py`, `_scipy.py`, `_audit.py`, `old/`, skops 0.16.0.
struct SkopsReader {
    static let schemaName = "schema.json"
    /// Nodes inside each other; the deepest of an honest model lies at about 40.
    static let depthLimit = 200
    static let newestProtocol = 2
    /// Three levels of JSON for a node.
    static let limits = JSONLimits(maxDepth: 3 * depthLimit + 10, maxBytes: 1 << 30)

    /// What a node holds beside its head.
    struct Fields {
        var content: Content?
        var keyTypes: PickleValue?
        var shape: PickleValue?
        var attributes: PickleValue?
        var arguments: PickleValue?
        var type: String?
        var file: String?
    }

    /// What stands at `content`.
    enum Content {
        case node(PickleValue)
        case items([PickleValue])
        case members([(key: String, value: PickleValue)])
        case text(String)
        case null
    }

    let archive: ZipBytes
    let schema: SkopsSchema
    var reader: JSONPullReader
    var builder: PickleGraphBuilder
    private var nextHead = 0
    private var depth = 0
    private var memo: [Int: Memo] = [:]
    /// The files that nodes have named, unpacked and checked once.
    var files: [String: (region: ByteRegion, range: Range<Int>)] = [:]

    private struct Memo {
        var head: Int
        /// Nil while it is being made.
        var value: PickleValue?
    }

    /// Reads the archive that fills `region`.
    ///
    /// - Parameter file: its name for messages.
    /// - Throws: `PickleError` and `FileTreeError`, with the place.
    static func read(_ region: ByteRegion, file: String) throws -> PickleGraph {
        let archive = try ZipBytes(region, path: file)
        guard let (schema, range) = try archive.contents(of: schemaName) else {
            throw PickleError(
                .malformed, offset: 0, reason: "it is a zip archive without `\(schemaName)`, so skops did not make it",
                file: file)
        }
        let isPacked = schema !== region
        let builder = PickleGraphBuilder(
            schema, file: file, placeNote: isPacked ? "of \(schemaName), unpacked" : "in \(schemaName)")
        do throws(any Error) {
            let heads = try SkopsSchema(
                schema, range, fileByteCount: region.count, limits: limits, builder)
            guard let version = heads.version, (0...newestProtocol).contains(version) else {
                throw builder.error(
                    .unsupported,
                    heads.version.map { "it has protocol \($0) of skops, and 0 to \(newestProtocol) are known" }
                        ?? "it does not say which protocol of skops it has", at: range.lowerBound)
            }
            var reader = SkopsReader(
                archive: archive, schema: heads, reader: JSONPullReader(schema, range: range, limits: limits),
                builder: builder)
            _ = try reader.reader.next()
            let root = try reader.node()
            return reader.builder.finish(root: root)
        } catch let error as JSONError {
            throw builder.error(
                error.endsEarly ? .truncated : .malformed, "its schema is damaged: \(error.reason)", at: error.offset)
        }
    }

    private init(
        archive: ZipBytes, schema: SkopsSchema, reader: JSONPullReader, builder: PickleGraphBuilder
    ) {
        self.archive = archive
        self.schema = schema
        self.reader = reader
        self.builder = builder
    }

    // MARK: nodes

    /// The object of the node that has just begun.
    mutating func node() throws -> PickleValue {
        let index = nextHead
        let head = schema.heads[index]
        let start = reader.offset
        guard head.start == start, head.isNode else {
            throw builder.error(.malformed, "an object stands where a node is needed", at: start)
        }
        let name = schema.names[Int(head.loader)]
        guard let loader = SkopsLoader(rawValue: name) else {
            throw builder.error(
                .unsupported, "it has a node of the kind `\(escaped(name))`, which is not read", at: start)
        }
        if loader == .cached || head.id != 0, let known = memo[head.id] {
            return try recall(known, index, loader)
        }
        guard loader != .cached else {
            throw builder.error(.malformed, "it refers to a node that is not there", at: start, node: name)
        }
        guard depth < SkopsReader.depthLimit else {
            throw builder.error(
                .limit(name: "nodes inside nodes", value: SkopsReader.depthLimit),
                "it exceeds the limit of \(SkopsReader.depthLimit) nodes inside nodes", at: start)
        }
        if head.id != 0 { memo[head.id] = Memo(head: index) }
        depth += 1
        nextHead += 1
        let fields = try fields(isRoot: index == 0)
        let value = try make(loader, head, fields, at: start)
        depth -= 1
        if head.id != 0 { memo[head.id] = Memo(head: index, value: value) }
        return value
    }

    /// The object that another node with the same id has made.
    private mutating func recall(_ known: Memo, _ index: Int, _ loader: SkopsLoader) throws -> PickleValue {
        let (head, first) = (schema.heads[index], schema.heads[known.head])
        guard let value = known.value else {
            throw builder.error(
                .unsupported, "it has an object inside of itself", at: head.start, node: loader.rawValue)
        }
        guard
            loader == .cached || head.name == first.name && head.module == first.module && head.loader == first.loader
        else {
            throw builder.error(
                .malformed, "two nodes have the id \(head.id) and differ", at: head.start, node: loader.rawValue)
        }
        try reader.skipRest(of: .beginObject)
        nextHead = Int(head.end)
        return value
    }

    private mutating func fields(isRoot: Bool) throws -> Fields {
        var fields = Fields()
        var keys: Set<String> = []
        while case .key(let key) = try reader.next() {
            let place = reader.offset
            guard keys.insert(key).inserted else {
                throw builder.error(.malformed, "a node has the field `\(escaped(key))` twice", at: place)
            }
            switch key {
            case "content": fields.content = try content()
            case "key_types": fields.keyTypes = try childNode()
            case "shape": fields.shape = try childNode()
            case "attrs": fields.attributes = try childNode()
            case "type": fields.type = try string()
            case "file": fields.file = try string()
            case "__reduce__":
                guard case .members(let members) = try content(), members.count == 1, members[0].key == "args" else {
                    throw builder.error(.malformed, "a node's `__reduce__` is not as skops writes it", at: place)
                }
                fields.arguments = members[0].value
            case "__class__", "__module__", "__loader__", "__id__", "is_json": try scalar()
            case "protocol" where isRoot, "_skops_version" where isRoot: try scalar()
            default:
                throw builder.error(
                    .unsupported, "a node has the field `\(escaped(key))`, which is not known", at: place)
            }
        }
        return fields
    }

    private mutating func childNode() throws -> PickleValue {
        guard try reader.next() == .beginObject else { throw expected("a node") }
        return try node()
    }

    private mutating func string() throws -> String {
        guard case .string(let text) = try reader.next() else { throw expected("a text") }
        return text
    }

    private mutating func scalar() throws {
        switch try reader.next() {
        case .null, .bool, .number, .string: return
        default: throw expected("a plain value")
        }
    }

    private func expected(_ what: String) -> PickleError {
        builder.error(.malformed, "a field of a node is not \(what)", at: reader.offset)
    }

    private mutating func content() throws -> Content {
        switch try reader.next() {
        case .null: return .null
        case .string(let text): return .text(text)
        case .beginArray:
            var items: [PickleValue] = []
            while true {
                let event = try reader.next()
                if event == .endArray { return .items(items) }
                guard event == .beginObject else { throw expected("a list of nodes") }
                items.append(try node())
            }
        case .beginObject:
            if schema.heads[nextHead].isNode { return .node(try node()) }
            nextHead += 1
            return .members(try members())
        default: throw expected("a node, or several")
        }
    }

    private mutating func members() throws -> [(key: String, value: PickleValue)] {
        var members: [(key: String, value: PickleValue)] = []
        var keys: Set<String> = []
        while case .key(let key) = try reader.next() {
            let place = reader.offset
            guard keys.insert(key).inserted else {
                throw builder.error(
                    .malformed, "an object has the key `\(escaped(key))` twice, of which skops would drop one",
                    at: place)
            }
            let value: PickleValue
            switch try reader.next() {
            case .beginObject: value = try node()
            case .null: value = .null
            case .bool(let flag): value = .bool(flag)
            case .string(let text): value = builder.text(text, at: place)
            case .number(let range):
                guard let number = reader.int64(range) else { throw expected("a whole number") }
                value = .int(Int(number))
            default: throw expected("a node or a plain value")
            }
            members.append((key, value))
        }
        return members
    }
}

extension JSONError {
    fileprivate var endsEarly: Bool { kind == .endsEarly }
}
