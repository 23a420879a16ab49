public import Bytes

/// Makes a `PickleGraph` of another format that keeps the same Python objects (skops), so that one set of readers serves both.
///
/// Values are made from the inside out; whoever calls must make them as a pickle of the same objects would, which is what
/// `NumpyArray` and the judgement of names expect. Names count as used in the way they are put to use here.
public struct PickleGraphBuilder {
    private var graph: PickleGraph
    private var owned: [UInt8] = []
    private let limits: PickleLimits
    private var globals: [String: PickleID] = [:]
    private var sources: [ObjectIdentifier: Int32] = [:]
    var types: [String: PickleValue] = [:]

    /// A builder over the bytes of `region`.
    ///
    /// - Parameters:
    ///   - file: the file's name for messages.
    ///   - placeNote: what offsets are counted in, when that is not the file itself.
    public init(_ region: ByteRegion, limits: PickleLimits = .default, file: String, placeNote: String?) {
        self.limits = limits
        graph = PickleGraph(region: region, file: file)
        graph.placeNote = placeNote
        graph.protocolVersion = 4
        sources[ObjectIdentifier(region)] = PickleGraph.Span.fileRegion
    }

    /// The graph with `root` as what loading would return.
    public consuming func finish(root: PickleValue) -> PickleGraph {
        graph.root = root
        graph.regions[Int(PickleGraph.Span.ownedRegion)] = ByteRegion(owned)
        return graph
    }

    /// An error at `offset`.
    public func error(
        _ kind: PickleError.Kind, _ reason: String, at offset: Int, node: String? = nil
    ) -> PickleError {
        PickleError(
            kind, offset: offset, opcode: node, reason: reason, file: graph.file, placeNote: graph.placeNote)
    }

    /// Remembers something that no library writes.
    public mutating func note(_ words: String, at offset: Int, node: String) {
        graph.findings.append(PickleFinding(words: words, offset: offset, opcode: node))
    }

    /// A string.
    public mutating func text(_ text: String, at offset: Int) -> PickleValue {
        let start = owned.count
        owned.append(contentsOf: text.utf8)
        return span(start, owned.count - start, PickleGraph.Span.ownedRegion, offset) { .text($0) }
    }

    /// A string whose UTF-8 is `range` of the region that the builder was made with; the caller has checked it.
    public mutating func text(_ range: Range<Int>, at offset: Int) -> PickleValue {
        span(range.lowerBound, range.count, PickleGraph.Span.fileRegion, offset) { .text($0) }
    }

    /// A byte string: `range` of `region`, without a copy.
    public mutating func bytes(_ region: ByteRegion, _ range: Range<Int>, at offset: Int) -> PickleValue {
        let source: Int32
        if let known = sources[ObjectIdentifier(region)] {
            source = known
        } else {
            source = Int32(truncatingIfNeeded: graph.regions.count)
            graph.regions.append(region)
            sources[ObjectIdentifier(region)] = source
        }
        return span(range.lowerBound, range.count, source, offset) { .bytes($0) }
    }

    private mutating func span(
        _ start: Int, _ count: Int, _ source: Int32, _ offset: Int, _ value: (PickleID) -> PickleValue
    ) -> PickleValue {
        graph.spans.append(PickleGraph.Span(start: start, count: count, source: source, offset: offset))
        return value(PickleID(graph.spans.count - 1))
    }

    /// The name of a class or function; the same for each time that it is met.
    public mutating func global(
        _ module: String, _ name: String, at offset: Int, node: String
    ) throws(PickleError) -> PickleValue {
        let key = "\(module)\u{0}\(name)"
        if let known = globals[key] { return .global(known) }
        guard graph.globals.count < limits.globals else {
            throw error(
                .limit(name: "names", value: limits.globals), "it exceeds the limit of \(limits.globals) names",
                at: offset, node: node)
        }
        let id = PickleID(graph.globals.count)
        graph.globals.append(
            PickleGlobal(module: module, name: name, writtenAs: nil, offset: offset, opcode: node, uses: []))
        globals[key] = id
        if !"\(module).\(name)".utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }) {
            note("a name is not printable ASCII", at: offset, node: node)
        }
        return .global(id)
    }

    /// A list.
    public mutating func list(_ items: [PickleValue], at offset: Int) -> PickleValue {
        container(items, offset) { .list($0) }
    }

    /// A tuple.
    public mutating func tuple(_ items: [PickleValue], at offset: Int) -> PickleValue {
        container(items, offset) { .tuple($0) }
    }

    /// A set.
    public mutating func set(_ items: [PickleValue], at offset: Int) -> PickleValue {
        container(items, offset) { .set($0) }
    }

    /// A dict of key, value, key, value, …
    public mutating func dictionary(_ items: [PickleValue], at offset: Int) -> PickleValue {
        container(items, offset) { .dictionary($0) }
    }

    private mutating func container(
        _ items: [PickleValue], _ offset: Int, _ value: (PickleID) -> PickleValue
    ) -> PickleValue {
        markAsValues(items)
        graph.containers.append(PickleGraph.Container(items: items, offset: offset, depth: 1, isConsumed: true))
        return value(PickleID(graph.containers.count - 1))
    }

    func object(_ value: PickleValue) -> PickleObject? { graph.object(value) }

    /// The elements of a list, tuple or set that was made here, else nil.
    public func elements(_ value: PickleValue) -> [PickleValue]? { graph.elements(value) }

    /// The pairs of a dict that was made here, else nil.
    public func entries(_ value: PickleValue) -> [(key: PickleValue, value: PickleValue)]? { graph.entries(value) }

    /// Whether `value` is a container or an array: what NumPy would look into.
    public func isSequence(_ value: PickleValue) -> Bool {
        switch value {
        case .list, .tuple: return true
        case .object: return graph.className(of: value)?.hasSuffix(".multiarray._reconstruct") == true
        default: return false
        }
    }

    /// The name behind a `.global`, `module.name`.
    public func name(_ value: PickleValue) -> String? { graph.global(value)?.qualifiedName }

    /// An object: `creation` is `.call` when `callable` is called with the arguments, `.new` for a bare instance.
    public mutating func object(
        _ creation: PickleUse, _ callable: PickleValue, arguments: [PickleValue] = [], state: PickleValue? = nil,
        appended: [PickleValue] = [], items: [PickleValue] = [], at offset: Int, node: String
    ) -> PickleValue {
        insertUse(creation, of: callable)
        let tuple = tuple(arguments, at: offset)
        if let state {
            insertUse(.build, of: callable)
            markAsValues([state])
            noteSpecialNames(state, offset, node)
        }
        if !appended.isEmpty || !items.isEmpty { insertUse(.fill, of: callable) }
        markAsValues(appended)
        markAsValues(items)
        graph.objects.append(
            PickleObject(
                creation: creation, callable: callable, arguments: tuple, keywords: nil, state: state,
                appended: appended, items: items, offset: offset, stateOffset: state == nil ? nil : offset))
        return .object(PickleID(graph.objects.count - 1))
    }

    /// A method of an instance, looked up by name and held: as a pickle has it, a call of the function `module.Class.name`.
    /// `owner` must be an instance that was made here, else the result is nil.
    public mutating func boundMethod(
        of owner: PickleValue, _ name: String, at offset: Int, node: String
    ) throws(PickleError) -> PickleValue? {
        guard let object = graph.object(owner), object.creation == .new, let type = graph.global(object.callable),
            !name.hasPrefix("__"), !name.contains(".")
        else { return nil }
        let function = try global(type.module, "\(type.name).\(name)", at: offset, node: node)
        insertUse(.bind, of: function)
        let arguments = tuple([owner, text(name, at: offset)], at: offset)
        graph.objects.append(
            PickleObject(creation: .call, callable: function, arguments: arguments, keywords: nil, offset: offset))
        return .object(PickleID(graph.objects.count - 1))
    }

    private mutating func insertUse(_ use: PickleUse, of callable: PickleValue) {
        guard case .global(let id) = callable else { return }
        graph.globals[id.position].uses.insert(use)
    }

    private mutating func markAsValues(_ items: [PickleValue]) {
        for case .global(let id) in items { graph.globals[id.position].uses.insert(.value) }
    }

    /// A state key such as `__class__` replaces machinery of the object instead of its data.
    private mutating func noteSpecialNames(_ state: PickleValue, _ offset: Int, _ node: String) {
        for part in graph.elements(state) ?? [state] {
            guard case .dictionary(let id) = part else { continue }
            let items = graph.containers[id.position].items
            for index in stride(from: 0, to: items.count - 1, by: 2) {
                guard let key = currentText(items[index]) else { continue }
                if key == DistributionCode.key, currentText(items[index + 1]).map(DistributionCode.isGenuine) != true {
                    note(DistributionCode.words, at: offset, node: node)
                }
                guard key.hasPrefix("__"), key.hasSuffix("__") else { continue }
                if PickleGraph.plainSpecialNames.contains(key),
                    items[index + 1] == .null || currentText(items[index + 1]) != nil
                {
                    continue
                }
                note("a state sets `\(key)`", at: offset, node: node)
            }
        }
    }

    /// The text of a `.text` that was made here.
    public func currentText(_ value: PickleValue) -> String? {
        guard case .text(let id) = value else { return nil }
        let span = graph.spans[id.position]
        if span.source == PickleGraph.Span.ownedRegion {
            return String(decoding: owned[span.start..<span.start + span.count], as: UTF8.self)
        }
        return String(decoding: graph.bytes(of: span), as: UTF8.self)
    }
}
