/// Builds nodes from events and keeps the budgets: libyaml itself has no limit on nesting and no idea of expansion.
struct YAMLComposer {
    /// A finished node with its cost once expanded, counting itself.
    private struct Composed {
        let node: YAMLNode
        let count: Int
        let textBytes: Int
        let height: Int
    }

    private enum Anchor {
        case open
        case done(Composed)
    }

    private let limits: YAMLLimits
    private var anchors: [String: Anchor] = [:]
    private var nodeCount = 0
    private var textBytes = 0

    init(limits: YAMLLimits) {
        self.limits = limits
    }

    mutating func document(from parser: inout YAMLParser) throws(YAMLError) -> YAMLNode {
        _ = try parser.next()  // start of the stream
        let start = try parser.next()
        guard case .documentStart = start.kind else { throw parser.error(.empty, at: start.mark) }
        let root = try node(from: &parser, event: parser.next(), depth: 1)
        _ = try parser.next()  // end of the document
        let end = try parser.next()
        guard case .streamEnd = end.kind else { throw parser.error(.secondDocument, at: end.mark) }
        return root.node
    }

    private mutating func node(
        from parser: inout YAMLParser, event: YAMLEvent, depth: Int
    ) throws(YAMLError) -> Composed {
        guard depth <= limits.maxDepth else {
            throw parser.error(.tooDeep(limit: limits.maxDepth), at: event.mark)
        }
        if case .alias(let name) = event.kind {
            return try expansion(of: name, in: parser, at: event.mark, depth: depth)
        }
        if let tag = event.tag { throw parser.error(.explicitTag(tag), at: event.mark) }
        if let anchor = event.anchor {
            anchors[anchor] = .open
            guard anchors.count <= limits.maxAnchors else {
                throw parser.error(.tooManyAnchors(limit: limits.maxAnchors), at: event.mark)
            }
        }
        let composed: Composed
        switch event.kind {
        case .scalar(let text, let isPlain):
            try spend(1, text.utf8.count, in: parser, at: event.mark)
            let node = YAMLNode.scalar(text: text, isPlain: isPlain, mark: event.mark)
            composed = Composed(node: node, count: 1, textBytes: text.utf8.count, height: 1)
        case .sequenceStart:
            try spend(in: parser, at: event.mark)
            composed = try sequence(from: &parser, mark: event.mark, depth: depth)
        case .mappingStart:
            try spend(in: parser, at: event.mark)
            composed = try mapping(from: &parser, mark: event.mark, depth: depth)
        case .streamStart, .streamEnd, .documentStart, .documentEnd, .alias, .sequenceEnd, .mappingEnd:
            throw parser.error(.syntax("a value is missing"), at: event.mark)
        }
        if let anchor = event.anchor { anchors[anchor] = .done(composed) }
        return composed
    }

    private mutating func sequence(
        from parser: inout YAMLParser, mark: YAMLMark, depth: Int
    ) throws(YAMLError) -> Composed {
        var items: [YAMLNode] = []
        var count = 1
        var textBytes = 0
        var height = 0
        while true {
            let event = try parser.next()
            if case .sequenceEnd = event.kind { break }
            let item = try node(from: &parser, event: event, depth: depth + 1)
            items.append(item.node)
            count += item.count
            textBytes += item.textBytes
            height = max(height, item.height)
        }
        return Composed(node: .sequence(items, mark: mark), count: count, textBytes: textBytes, height: height + 1)
    }

    private mutating func mapping(
        from parser: inout YAMLParser, mark: YAMLMark, depth: Int
    ) throws(YAMLError) -> Composed {
        var entries: [YAMLEntry] = []
        var seen: [String: YAMLMark] = [:]
        var count = 1
        var textBytes = 0
        var height = 1
        while true {
            let event = try parser.next()
            if case .mappingEnd = event.kind { break }
            let key = try key(from: &parser, event: event, depth: depth + 1)
            if let first = seen.updateValue(event.mark, forKey: key) {
                throw parser.error(.duplicateKey(key, first: first), at: event.mark)
            }
            let value = try node(from: &parser, event: parser.next(), depth: depth + 1)
            entries.append(YAMLEntry(key: key, keyMark: event.mark, value: value.node))
            count += value.count + 1
            textBytes += value.textBytes + key.utf8.count
            height = max(height, value.height)
        }
        return Composed(node: .mapping(entries, mark: mark), count: count, textBytes: textBytes, height: height + 1)
    }

    private mutating func key(
        from parser: inout YAMLParser, event: YAMLEvent, depth: Int
    ) throws(YAMLError) -> String {
        switch event.kind {
        case .sequenceStart, .mappingStart: throw parser.error(.keyNotScalar, at: event.mark)
        default: break
        }
        let composed = try node(from: &parser, event: event, depth: depth)
        guard case .scalar(let text, let isPlain, _) = composed.node else {
            throw parser.error(.keyNotScalar, at: event.mark)
        }
        // PyYAML would merge here, so reading `<<` as an ordinary key would show something else than Python sees.
        if isPlain, text == "<<" { throw parser.error(.mergeKey, at: event.mark) }
        return text
    }

    private mutating func expansion(
        of name: String, in parser: borrowing YAMLParser, at mark: YAMLMark, depth: Int
    ) throws(YAMLError) -> Composed {
        switch anchors[name] {
        case nil: throw parser.error(.unknownAlias(name), at: mark)
        case .open: throw parser.error(.aliasToAncestor(name), at: mark)
        case .done(let composed):
            guard depth + composed.height - 1 <= limits.maxDepth else {
                throw parser.error(.tooDeep(limit: limits.maxDepth), at: mark)
            }
            try spend(composed.count, composed.textBytes, in: parser, at: mark)
            return composed
        }
    }

    private mutating func spend(
        _ nodes: Int = 1, _ bytes: Int = 0, in parser: borrowing YAMLParser, at mark: YAMLMark
    ) throws(YAMLError) {
        nodeCount += nodes
        textBytes += bytes
        guard nodeCount <= limits.maxNodes else {
            throw parser.error(.tooManyNodes(limit: limits.maxNodes), at: mark)
        }
        guard textBytes <= limits.maxTextBytes else {
            throw parser.error(.tooMuchText(limit: limits.maxTextBytes), at: mark)
        }
    }
}
