import Diagnostics
import Pickle

/// Where each container, object and name of a pickle is found first, breadth-first from the root: its path in words.
struct ObjectPaths {
    private enum Step {
        case attribute(String)
        case key(String)
        case index(Int)
        case member(Int)
        case argument(Int)
    }

    /// A visited value and how it was reached.
    private struct Visit {
        var value: PickleValue
        var parent: Int
        var step: Step
    }

    /// No honest model nests that deep; a hostile one shall not cost time or paper.
    private static let deepest = 40

    private let graph: PickleGraph
    private var visits: [Visit] = []
    private var visitOfGlobal: [Int?]

    init(_ graph: PickleGraph) {
        self.graph = graph
        visitOfGlobal = Array(repeating: nil, count: graph.globals.count)
        var seen = [Bool](repeating: false, count: graph.nodeCount)
        visits.append(Visit(value: graph.root, parent: -1, step: .index(0)))
        if let node = graph.nodeIndex(graph.root) { seen[node] = true }
        var next = 0
        while next < visits.count {
            for (value, step) in children(of: visits[next].value) {
                if case .global = value {
                    if let index = graph.globalIndex(value), visitOfGlobal[index] == nil {
                        visitOfGlobal[index] = visits.count
                        visits.append(Visit(value: value, parent: next, step: step))
                    }
                } else if let node = graph.nodeIndex(value), !seen[node] {
                    seen[node] = true
                    visits.append(Visit(value: value, parent: next, step: step))
                }
            }
            next += 1
        }
    }

    private func children(of value: PickleValue) -> [(PickleValue, Step)] {
        if let items = graph.elements(value) {
            if case .tuple = value { return items.enumerated().map { ($1, .member($0)) } }
            return items.enumerated().map { ($1, .index($0)) }
        }
        if let pairs = graph.entries(value) {
            return pairs.flatMap { pair in
                [(pair.key, Step.key("…")), (pair.value, Step.key(graph.text(pair.key) ?? "…"))]
            }
        }
        guard let object = graph.object(value) else { return [] }
        var result: [(PickleValue, Step)] = [(object.callable, .argument(-1))]
        // Fitted attributes (`transformers_`) before parameters (`transformers`): they are what scores.
        let attributes = (object.state.flatMap { graph.entries($0) } ?? []).map { pair in
            (name: graph.text(pair.key) ?? "…", value: pair.value)
        }
        for isFitted in [true, false] {
            for (name, value) in attributes where name.hasSuffix("_") == isFitted {
                result.append((value, .attribute(name)))
            }
        }
        if let state = object.state, graph.entries(state) == nil { result.append((state, .attribute("state"))) }
        for (index, argument) in (graph.elements(object.arguments) ?? []).enumerated() {
            result.append((argument, .argument(index)))
        }
        if let keywords = object.keywords { result.append((keywords, .attribute("keywords"))) }
        result += object.appended.enumerated().map { ($1, .index($0)) }
        result += object.items.enumerated().map { ($1, .index($0 / 2)) }
        return result
    }

    /// `steps[0].transformers_[1].FunctionTransformer(func=__main__.clean)`, or nil when the model does not reach the name.
    func path(ofGlobal index: Int) -> String? {
        guard let visit = visitOfGlobal[index] else { return nil }
        var last = visit
        var name = escaped(graph.globals[index].qualifiedName)
        // The result of a call is a value of whatever holds it, like the name itself.
        var steps = 0
        while steps < ObjectPaths.deepest, let owner = enclosingObject(of: last),
            let object = graph.object(visits[owner].value),
            object.creation == .call, enclosingObject(of: owner) != nil
        {
            if let function = functionName(visits[owner].value) { name = escaped(function) }
            last = owner
            steps += 1
        }
        guard let owner = enclosingObject(of: last) else { return name.isEmpty ? nil : name }
        let prefix = text(from: -1, to: owner)
        guard let className = graph.global(graph.object(visits[owner].value)?.callable ?? .null) else {
            return prefix.isEmpty ? nil : prefix
        }
        let short = escaped(className.name)
        let place = prefix.isEmpty ? short : "\(prefix).\(short)"
        if case .argument(-1) = visits[last].step, visits[last].parent == owner { return place }
        let tail = text(from: owner, to: last)
        return "\(place)(\(tail.hasPrefix(".") ? String(tail.dropFirst()) : tail)=\(name))"
    }

    /// The name of a function that cloudpickle carries by value: `__main__.clean`.
    ///
    /// Its arguments are the code object, whose second text is the function's name, and the globals with the module's.
    private func functionName(_ value: PickleValue) -> String? {
        guard graph.className(of: value)?.hasSuffix("._make_function") == true, let object = graph.object(value),
            let arguments = graph.elements(object.arguments), arguments.count > 1,
            let code = graph.object(arguments[0]), let parts = graph.elements(code.arguments)
        else { return nil }
        let texts = parts.compactMap { graph.text($0) }
        guard texts.count > 1 else { return nil }
        let module = graph.value(forKey: "__name__", in: arguments[1]).flatMap { graph.text($0) }
        return module.map { "\($0).\(texts[1])" } ?? texts[1]
    }

    /// For each name: it stands inside of an object that was made from another of `globals`, or nowhere in the model.
    func namesInside(_ globals: Set<Int>) -> [Bool] {
        var result = Array(repeating: !globals.isEmpty, count: visitOfGlobal.count)
        var isInside = Array(repeating: false, count: visits.count)
        // A parent is visited before its children.
        for (index, visit) in visits.enumerated() where visit.parent >= 0 {
            isInside[index] = isInside[visit.parent]
            if case .argument(-1) = visit.step { continue }
            if let made = graph.globalIndex(graph.object(visits[visit.parent].value)?.callable ?? .null),
                globals.contains(made)
            {
                isInside[index] = true
            }
        }
        for (global, visit) in visitOfGlobal.enumerated() { if let visit { result[global] = isInside[visit] } }
        return result
    }

    private func enclosingObject(of visit: Int) -> Int? {
        var current = visits[visit].parent
        while current >= 0 {
            if graph.object(visits[current].value) != nil { return current }
            current = visits[current].parent
        }
        return nil
    }

    private func text(from ancestor: Int, to visit: Int) -> String {
        var parts: [String] = []
        var current = visit
        while current > 0, current != ancestor {
            parts.append(text(visits[current]))
            current = visits[current].parent
            if parts.count == ObjectPaths.deepest {
                parts.append("…")
                break
            }
        }
        let joined = parts.reversed().joined()
        return ancestor == -1 && joined.hasPrefix(".") ? String(joined.dropFirst()) : joined
    }

    private func text(_ visit: Visit) -> String {
        switch visit.step {
        case .attribute(let name): return ".\(escaped(name))"
        case .key(let name): return "['\(escaped(name))']"
        case .index(let index): return "[\(index)]"
        case .argument(let index): return index < 0 ? "" : ".args[\(index)]"
        case .member(let index):
            // (name, estimator, columns): the estimator is what the list is about.
            let isNamed = graph.elements(visits[visit.parent].value)?.first.flatMap { graph.text($0) } != nil
            return index == 1 && isNamed && graph.object(visit.value) != nil ? "" : "[\(index)]"
        }
    }
}
