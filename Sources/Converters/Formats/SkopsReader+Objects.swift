import Bytes
import Diagnostics
import FileTrees
import JSONText
import Pickle

// What each kind of node makes, in the form in which a pickle of the same object would have made it.
extension SkopsReader {
    mutating func make(
        _ loader: SkopsLoader, _ head: SkopsSchema.Head, _ fields: Fields, at offset: Int
    ) throws -> PickleValue {
        let node = loader.rawValue
        guard head.name >= 0, head.module >= 0 else {
            throw builder.error(.malformed, "a node does not say its class", at: offset, node: node)
        }
        let made = Made(
            loader: loader, module: schema.names[Int(head.module)], name: schema.names[Int(head.name)], fields: fields,
            offset: offset)
        switch loader {
        case .json: return try json(made)
        case .type, .function: return try name(made)
        case .list, .tuple, .set: return try sequence(made)
        case .dictionary: return try dictionary(made)
        case .defaultDictionary: return try defaultDictionary(made)
        case .object: return try object(made)
        case .construction:
            guard case .node(let arguments)? = fields.content, let items = builder.elements(arguments) else {
                throw damaged(made)
            }
            return builder.object(.call, try global(made), arguments: items, at: offset, node: node)
        case .tree, .loss: return try reduced(made)
        case .slice: return try slice(made)
        case .partial: return try partial(made)
        case .array: return try array(made)
        case .maskedArray:
            let (data, mask) = (try member("data", made), try member("mask", made))
            let maker = try builder.global("numpy.ma.core", "_mareconstruct", at: offset, node: node)
            return builder.object(.call, maker, arguments: [data, mask], at: offset, node: node)
        case .elementType:
            guard case .node(let array)? = fields.content, let type = builder.type(ofArray: array) else {
                throw damaged(made)
            }
            return type
        case .sparseMatrix:
            _ = try file(made)
            return builder.object(.new, try global(made), at: offset, node: node)
        case .randomState, .randomGenerator: return try random(made)
        case .bytes, .byteArray:
            let (region, range) = try file(made)
            let bytes = builder.bytes(region, range, at: offset)
            guard loader == .byteArray else { return bytes }
            let maker = try builder.global("builtins", "bytearray", at: offset, node: node)
            return builder.object(.call, maker, arguments: [bytes], at: offset, node: node)
        case .method:
            let (owner, function) = (try member("obj", made), try member("func", made))
            if let name = builder.currentText(function),
                let method = try builder.boundMethod(of: owner, name, at: offset, node: node)
            {
                return method
            }
            let maker = try builder.global("builtins", "getattr", at: offset, node: node)
            return builder.object(.call, maker, arguments: [owner, function], at: offset, node: node)
        case .operatorFunction:
            let maker = try builder.global("operator", made.name, at: offset, node: node)
            let arguments = fields.attributes.flatMap { builder.elements($0) } ?? []
            return builder.object(.call, maker, arguments: arguments, at: offset, node: node)
        case .cached: throw damaged(made)
        }
    }

    /// A node whose fields are read.
    struct Made {
        let loader: SkopsLoader
        let module: String
        let name: String
        let fields: Fields
        let offset: Int

        var className: String { "\(module).\(name)" }
        var node: String { loader.rawValue }
    }

    func damaged(_ made: Made) -> PickleError {
        builder.error(
            .malformed, "the node of a `\(escaped(made.className))` is not as skops writes it", at: made.offset,
            node: made.node)
    }

    func unsupported(_ reason: String, _ made: Made) -> PickleError {
        builder.error(.unsupported, reason, at: made.offset, node: made.node)
    }

    mutating func global(_ made: Made) throws -> PickleValue {
        try builder.global(made.module, made.name, at: made.offset, node: made.node)
    }

    func member(_ key: String, _ made: Made) throws -> PickleValue {
        guard case .members(let members)? = made.fields.content,
            let value = members.first(where: { $0.key == key })?.value
        else { throw damaged(made) }
        return value
    }

    /// The file of the archive that the node names.
    mutating func file(_ made: Made) throws -> (region: ByteRegion, range: Range<Int>) {
        guard let name = made.fields.file else { throw damaged(made) }
        if let known = files[name] { return known }
        guard let found = try archive.contents(of: name) else {
            throw builder.error(
                .malformed, "its file `\(escaped(name))` is not in the archive", at: made.offset, node: made.node)
        }
        files[name] = found
        return found
    }

    // MARK: plain values and names

    private mutating func json(_ made: Made) throws -> PickleValue {
        guard case .text(let text)? = made.fields.content else { throw damaged(made) }
        switch text {
        case "null": return .null
        case "true": return .bool(true)
        case "false": return .bool(false)
        case "NaN": return .float(.nan)
        case "Infinity": return .float(.infinity)
        case "-Infinity": return .float(-.infinity)
        default: break
        }
        let region = ByteRegion(text)
        var inner = JSONPullReader(region, limits: SkopsReader.limits)
        let value: PickleValue
        do throws(JSONError) {
            switch try inner.next() {
            case .string(let text): value = builder.text(text, at: made.offset)
            case .number(let range):
                let number = inner.text(range)
                if number.utf8.contains(where: { $0 == 0x2e || $0 == 0x65 || $0 == 0x45 }) {
                    guard let float = inner.double(range) else { throw inner.error(.notFinite(number)) }
                    value = .float(float)
                } else {
                    value = inner.int64(range).map { .int(Int($0)) } ?? .bigInteger
                }
            default: throw inner.error(.syntax("it is neither a text nor a number"))
            }
            guard try inner.next() == .endOfDocument else { throw inner.error(.syntax("something follows it")) }
        } catch {
            throw builder.error(
                .malformed, "a plain value is not as skops writes it: \(error.reason)", at: made.offset, node: made.node
            )
        }
        return value
    }

    private mutating func name(_ made: Made) throws -> PickleValue {
        guard made.fields.content != nil else { return try global(made) }
        // Protocol 0 keeps the name of a function inside.
        let (module, name) = (try member("module_path", made), try member("function", made))
        guard made.loader == .function, let module = builder.currentText(module), let name = builder.currentText(name)
        else { throw damaged(made) }
        return try builder.global(module, name, at: made.offset, node: made.node)
    }

    // MARK: containers

    private mutating func sequence(_ made: Made) throws -> PickleValue {
        guard case .items(let items)? = made.fields.content else { throw damaged(made) }
        switch (made.loader, made.className) {
        case (.list, "builtins.list"): return builder.list(items, at: made.offset)
        case (.tuple, "builtins.tuple"): return builder.tuple(items, at: made.offset)
        case (.set, "builtins.set"): return builder.set(items, at: made.offset)
        // A named tuple is made of its items; a list or set of another class gets them afterwards.
        case (.tuple, _):
            return builder.object(.new, try global(made), arguments: items, at: made.offset, node: made.node)
        default:
            return builder.object(.new, try global(made), appended: items, at: made.offset, node: made.node)
        }
    }

    private mutating func dictionary(_ made: Made) throws -> PickleValue {
        guard case .members(let members)? = made.fields.content,
            let types = made.fields.keyTypes.flatMap({ builder.elements($0) }), types.count == members.count
        else { throw damaged(made) }
        var items: [PickleValue] = []
        items.reserveCapacity(2 * members.count)
        for (member, type) in zip(members, types) {
            items.append(try key(member.key, type, made))
            items.append(member.value)
        }
        switch made.className {
        case "builtins.dict": return builder.dictionary(items, at: made.offset)
        case "collections.OrderedDict":
            return builder.object(.call, try global(made), items: items, at: made.offset, node: made.node)
        default: return builder.object(.new, try global(made), items: items, at: made.offset, node: made.node)
        }
    }

    /// The key that skops makes by calling its type with the text of the JSON key.
    private mutating func key(_ text: String, _ type: PickleValue, _ made: Made) throws -> PickleValue {
        switch builder.name(type) {
        case "builtins.str", "numpy.str_": return builder.text(text, at: made.offset)
        case "builtins.int", "numpy.int64", "numpy.int32", "numpy.int16", "numpy.int8", "numpy.uint8", "numpy.uint16",
            "numpy.uint32":
            if let number = Int(text), String(number) == text { return .int(number) }
        case "builtins.float", "numpy.float64", "numpy.float32":
            if text == "NaN" { return .float(.nan) }
            if let number = JSONNumber(text: text)?.double { return .float(number) }
        // Any text but the empty one is true to Python, "false" included.
        case "builtins.bool", "numpy.bool", "numpy.bool_": return .bool(!text.isEmpty)
        default: break
        }
        let name = builder.name(type).map { "`\(escaped($0))`" } ?? "another type"
        throw unsupported("a dict has the key `\(escaped(text))` of \(name), which JSON does not keep", made)
    }

    private mutating func defaultDictionary(_ made: Made) throws -> PickleValue {
        let (main, factory) = (try member("main", made), try member("default_factory", made))
        guard let pairs = builder.entries(main) else { throw damaged(made) }
        let maker = try builder.global("collections", "defaultdict", at: made.offset, node: made.node)
        return builder.object(
            .call, maker, arguments: [factory], items: pairs.flatMap { [$0.key, $0.value] }, at: made.offset,
            node: made.node)
    }

    // MARK: objects

    /// Modules whose classes pickles make by calling `newObj` of the module with the class.
    private static let newObjModules: Set<String> = [
        "sklearn.metrics._dist_metrics", "sklearn.neighbors._ball_tree", "sklearn.neighbors._kd_tree",
    ]

    private mutating func object(_ made: Made) throws -> PickleValue {
        let state: PickleValue?
        switch made.fields.content {
        case .node(.null), nil: state = nil
        case .node(let value): state = value
        default: throw damaged(made)
        }
        let type = try global(made)
        guard SkopsReader.newObjModules.contains(made.module) else {
            return builder.object(.new, type, state: state, at: made.offset, node: made.node)
        }
        let maker = try builder.global(made.module, "newObj", at: made.offset, node: made.node)
        return builder.object(.call, maker, arguments: [type], state: state, at: made.offset, node: made.node)
    }

    /// An object that is called into being, and then gets a state: trees and loss functions.
    private mutating func reduced(_ made: Made) throws -> PickleValue {
        guard let arguments = made.fields.arguments.flatMap({ builder.elements($0) }),
            case .node(let state)? = made.fields.content
        else { throw damaged(made) }
        if made.loader == .tree, made.className != "sklearn.tree._tree.Tree" {
            // skops makes a tree, whatever the node calls it.
            throw unsupported("the node of a tree says that it is a `\(escaped(made.className))`", made)
        }
        let isEmpty =
            state == .null || builder.entries(state)?.isEmpty == true || builder.elements(state)?.isEmpty == true
        let type = try global(made)
        if made.name == "CyHalfMultinomialLoss" {
            let maker = try builder.global(made.module, "__pyx_unpickle_\(made.name)", at: made.offset, node: made.node)
            return builder.object(
                .call, maker, arguments: [type, .int(238_750_788), .null], at: made.offset, node: made.node)
        }
        return builder.object(
            .call, type, arguments: arguments, state: isEmpty ? nil : state, at: made.offset, node: made.node)
    }

    private mutating func slice(_ made: Made) throws -> PickleValue {
        let parts = [try member("start", made), try member("stop", made), try member("step", made)]
        let maker = try builder.global("builtins", "slice", at: made.offset, node: made.node)
        return builder.object(.call, maker, arguments: parts, at: made.offset, node: made.node)
    }

    private mutating func partial(_ made: Made) throws -> PickleValue {
        let parts = [
            try member("func", made), try member("args", made), try member("kwds", made), try member("namespace", made),
        ]
        let maker = try builder.global("functools", "partial", at: made.offset, node: made.node)
        return builder.object(
            .call, maker, arguments: [parts[0]], state: builder.tuple(parts, at: made.offset), at: made.offset,
            node: made.node)
    }

    /// Scoring needs no random numbers: the state is looked through for names, and ignored.
    private mutating func random(_ made: Made) throws -> PickleValue {
        let expected =
            made.loader == .randomState ? "numpy.random.mtrand.RandomState" : "numpy.random._generator.Generator"
        guard made.className == expected else {
            throw unsupported("the node of a random state says that it is a `\(escaped(made.className))`", made)
        }
        guard made.loader == .randomGenerator else {
            guard case .node(let state)? = made.fields.content else { throw damaged(made) }
            let maker = try builder.global(
                "numpy.random._pickle", "__randomstate_ctor", at: made.offset, node: made.node)
            return builder.object(.call, maker, state: state, at: made.offset, node: made.node)
        }
        let state = try member("bit_generator", made)
        // skops looks this name up in `numpy.random` and calls what it finds.
        let name = builder.entries(state)?.first { builder.currentText($0.key) == "bit_generator" }?.value
        guard let name = name.flatMap({ builder.currentText($0) }) else { throw damaged(made) }
        guard ["MT19937", "PCG64", "PCG64DXSM", "Philox", "SFC64"].contains(name) else {
            throw unsupported("a random generator is made by calling `numpy.random.\(escaped(name))`", made)
        }
        let maker = try builder.global("numpy.random._pickle", "__generator_ctor", at: made.offset, node: made.node)
        return builder.object(.call, maker, arguments: [state], at: made.offset, node: made.node)
    }

    // MARK: arrays

    private mutating func array(_ made: Made) throws -> PickleValue {
        switch made.fields.type {
        case "numpy":
            let (region, range) = try file(made)
            return try builder.array(
                npy: region, range, entry: made.fields.file ?? "", module: made.module, className: made.name,
                at: made.offset, node: made.node)
        case "json":
            guard made.className == "numpy.ndarray", case .items(let items)? = made.fields.content,
                let lengths = made.fields.shape.flatMap({ builder.elements($0) })
            else { throw damaged(made) }
            var shape: [Int] = []
            for length in lengths {
                guard case .int(let number) = length, number >= 0 else { throw damaged(made) }
                shape.append(number)
            }
            guard !shape.isEmpty, shape.count <= 8 else {
                throw unsupported("an array of objects has \(shape.count) dimensions", made)
            }
            let elements = try flatten(items, shape[...], made)
            // With one dimension skops keeps the items as they are; with more NumPy looks into them.
            guard shape.count == 1 || !elements.contains(where: { builder.isSequence($0) }) else {
                throw unsupported(
                    "an array of objects holds lists, of which NumPy would make a further dimension", made)
            }
            return try builder.objectArray(elements, shape: shape, at: made.offset, node: made.node)
        default: throw damaged(made)
        }
    }

    private func flatten(_ items: [PickleValue], _ shape: ArraySlice<Int>, _ made: Made) throws -> [PickleValue] {
        guard items.count == shape.first, !items.isEmpty || shape.count == 1 else {
            throw unsupported("an array of objects has not as many elements as its shape says", made)
        }
        if shape.count == 1 { return items }
        var result: [PickleValue] = []
        for item in items {
            guard case .list = item, let inner = builder.elements(item) else { throw damaged(made) }
            result += try flatten(inner, shape.dropFirst(), made)
        }
        return result
    }
}
