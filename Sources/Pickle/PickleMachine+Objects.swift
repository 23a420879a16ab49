// Opcodes that make containers, names and objects, and the memo.
extension PickleMachine {
    mutating func container() throws(PickleError) {
        switch opcode {
        case .emptyTuple: try push([]) { .tuple($0) }
        case .tuple: try push(try popMark()) { .tuple($0) }
        case .tuple1: try pushTuple(1)
        case .tuple2: try pushTuple(2)
        case .tuple3: try pushTuple(3)
        case .emptyList: try push([]) { .list($0) }
        case .list: try push(try popMark()) { .list($0) }
        case .emptyDict: try push([]) { .dictionary($0) }
        case .dict:
            let items = try popMark()
            guard items.count.isMultiple(of: 2) else { throw fault("a dict has a key without a value") }
            try push(items) { .dictionary($0) }
        case .emptySet: try push([]) { .set($0) }
        default: try push(try popMark()) { .set($0) }
        }
    }

    private mutating func pushTuple(_ count: Int) throws(PickleError) {
        guard stack.count - fence >= count else { throw underflow() }
        let items = takeTop(count)
        try push(items) { .tuple($0) }
    }

    private mutating func push(_ items: [PickleValue], _ value: (PickleID) -> PickleValue) throws(PickleError) {
        let depth = try depth(of: items) + 1
        stack.append(value(PickleID(graph.containers.count)))
        graph.containers.append(PickleGraph.Container(items: items, offset: opcodeOffset, depth: depth))
        markAsValues(items)
    }

    private func depth(of items: [PickleValue]) throws(PickleError) -> Int32 {
        var depth: Int32 = 0
        for item in items {
            switch item {
            case .list(let id), .tuple(let id), .set(let id), .dictionary(let id):
                depth = max(depth, graph.containers[id.position].depth)
            default: break
            }
        }
        if Int(depth) >= limits.depth { throw limit("containers inside containers", limits.depth) }
        return depth
    }

    private mutating func markAsValues(_ items: [PickleValue]) {
        for case .global(let id) in items { graph.globals[id.position].uses.insert(.value) }
    }

    mutating func fill() throws(PickleError) {
        let items: [PickleValue]
        switch opcode {
        case .append: items = [try pop()]
        case .setItem:
            let value = try pop()
            items = [try pop(), value]
        default: items = try popMark()
        }
        let isPairs = opcode == .setItem || opcode == .setItems
        if isPairs, !items.count.isMultiple(of: 2) { throw fault("a dict gets a key without a value") }
        markAsValues(items)
        switch (try top(), isPairs, opcode == .addItems) {
        case (.list(let id), false, false), (.dictionary(let id), true, _), (.set(let id), false, true):
            let depth = try depth(of: items) + 1
            if graph.containers[id.position].isConsumed { note("a container is changed after a call has used it") }
            graph.containers[id.position].items.append(contentsOf: items)
            graph.containers[id.position].depth = max(graph.containers[id.position].depth, depth)
        case (.object(let id), _, _):
            if isPairs {
                graph.objects[id.position].items.append(contentsOf: items)
            } else {
                graph.objects[id.position].appended.append(contentsOf: items)
            }
            insertUse(.fill, of: graph.objects[id.position].callable)
        case (.global(let id), _, _): note("it changes `\(graph.globals[id.position].qualifiedName)` itself")
        default: throw fault("it puts items into something that takes none")
        }
    }

    mutating func remember() throws(PickleError) {
        switch opcode {
        case .binGet: try recall(Int(try unsigned(bytes: 1)))
        case .longBinGet: try recall(Int(try unsigned(bytes: 4)))
        case .get: try recall(try memoIndex())
        case .memoize: try store(memo.count + sparseMemo.count)
        case .binPut: try store(Int(try unsigned(bytes: 1)))
        case .longBinPut: try store(Int(try unsigned(bytes: 4)))
        default: try store(try memoIndex())
        }
    }

    private mutating func memoIndex() throws(PickleError) -> Int {
        guard let index = Int(try asciiLine()), index >= 0 else { throw fault("a memo index is not a natural number") }
        return index
    }

    private mutating func recall(_ index: Int) throws(PickleError) {
        guard let value = index < memo.count ? memo[index] : sparseMemo[index] else {
            throw fault("it reads memo entry \(index), which was never written")
        }
        stack.append(value)
    }

    private mutating func store(_ index: Int) throws(PickleError) {
        let value = try top()
        if index < memo.count {
            memo[index] = value
        } else if index == memo.count, sparseMemo[index] == nil {
            memo.append(value)
        } else {
            guard index <= memo.count + sparseMemo.count + limits.memoGap else {
                throw limit("unused memo entries", limits.memoGap)
            }
            sparseMemo[index] = value
        }
    }

    mutating func name() throws(PickleError) {
        if opcode == .global {
            let module = try asciiLine()
            stack.append(.global(try addGlobal(module: module, name: try asciiLine())))
            return
        }
        let name = try pop()
        let module = try pop()
        guard let moduleText = currentText(module), let nameText = currentText(name) else {
            note("it imports a name that is computed while loading")
            return try pushObject(.call, callable: .null, arguments: .null, keywords: nil)
        }
        stack.append(.global(try addGlobal(module: moduleText, name: nameText)))
    }

    /// Records a name, mapped as Python 3 maps the names of Python 2.
    mutating func addGlobal(module: String, name: String) throws(PickleError) -> PickleID {
        if graph.globals.count >= limits.globals { throw limit("names", limits.globals) }
        let written = "\(module).\(name)"
        var resolved = (module: module, name: name)
        if graph.protocolVersion < 3 { resolved = CompatibleNames.resolve(module: module, name: name) }
        let id = PickleID(graph.globals.count)
        let global = PickleGlobal(
            module: resolved.module, name: resolved.name,
            writtenAs: resolved == (module, name) ? nil : written, offset: opcodeOffset, opcode: opcode.name, uses: [])
        graph.globals.append(global)
        if !written.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }) {
            note("a name is not printable ASCII")
        }
        return id
    }

    mutating func insertUse(_ use: PickleUse, of callable: PickleValue) {
        guard case .global(let id) = callable else { return }
        graph.globals[id.position].uses.insert(use)
    }

    mutating func make() throws(PickleError) {
        let keywords = opcode == .newObjEx ? try pop() : nil
        let arguments = try pop()
        let callable = try pop()
        try pushObject(opcode == .reduce ? .call : .new, callable: callable, arguments: arguments, keywords: keywords)
    }

    private mutating func pushObject(
        _ creation: PickleUse, callable: PickleValue, arguments: PickleValue, keywords: PickleValue?
    ) throws(PickleError) {
        let method = opcode == .reduce ? try boundMethod(callable, arguments) : nil
        let callable = method ?? callable
        if method != nil {
            insertUse(.bind, of: callable)
        } else if case .global = callable {
            insertUse(creation, of: callable)
        } else if callable != .null || opcode != .stackGlobal {
            note("it calls something that is computed while loading")
        }
        if opcode != .stackGlobal {
            guard case .tuple = arguments else { throw fault("the arguments of a call are not a tuple") }
        }
        consume(arguments)
        if let keywords { consume(keywords) }
        stack.append(.object(PickleID(graph.objects.count)))
        graph.objects.append(
            PickleObject(
                creation: creation, callable: callable, arguments: arguments, keywords: keywords, offset: opcodeOffset))
    }

    /// The method that a call looks up on an instance of a class that the stream has made, as the name of a function: nothing runs then.
    /// Else nil.
    ///
    /// `getattr(instance, "m")` is `module.Class.m`, in pickles; `_builtin_type("MethodType")(module.Class.m, instance)` in those of
    /// cloudpickle. Source: `method.__reduce__` in CPython's `Objects/classobject.c`, `_method_reduce` in `cloudpickle/cloudpickle.py`.
    private mutating func boundMethod(_ callable: PickleValue, _ arguments: PickleValue) throws(PickleError)
        -> PickleValue?
    {
        guard let items = graph.elements(arguments) else { return nil }
        if isMethodType(callable, items) { return callable }
        guard items.count == 2 else { return nil }
        if graph.global(callable)?.qualifiedName == "builtins.getattr" {
            guard let type = instanceClass(items[0]), let name = currentText(items[1]), !name.hasPrefix("__"),
                !name.contains(".")
            else { return nil }
            insertUse(.bind, of: callable)
            return .global(try addGlobal(module: type.module, name: "\(type.name).\(name)"))
        }
        guard let maker = graph.object(callable), let parts = graph.elements(maker.arguments),
            isMethodType(maker.callable, parts), case .global = items[0], instanceClass(items[1]) != nil
        else { return nil }
        return items[0]
    }

    private func isMethodType(_ callable: PickleValue, _ arguments: [PickleValue]) -> Bool {
        graph.global(callable)?.qualifiedName == "cloudpickle.cloudpickle._builtin_type" && arguments.count == 1
            && currentText(arguments[0]) == "MethodType"
    }

    /// The class of an instance, made by NEWOBJ without arguments or as protocols 0 and 1 make one.
    private func instanceClass(_ value: PickleValue) -> PickleGlobal? {
        guard let object = graph.object(value), let arguments = graph.elements(object.arguments) else { return nil }
        let global = graph.global(object.callable)
        if object.creation == .new { return arguments.isEmpty ? global : nil }
        guard global?.qualifiedName == "copyreg._reconstructor" else { return nil }
        return arguments.first.flatMap { graph.global($0) }
    }

    mutating func build() throws(PickleError) {
        let state = try pop()
        switch try top() {
        case .object(let id):
            insertUse(.build, of: graph.objects[id.position].callable)
            if graph.objects[id.position].state != nil { note("an object gets its state twice") }
            graph.objects[id.position].state = state
            graph.objects[id.position].stateOffset = opcodeOffset
            consume(state)
            noteSpecialNames(state)
            try readInlineArray(id)
        case .global(let id): note("it puts a state on `\(graph.globals[id.position].qualifiedName)` itself")
        default: throw fault("it puts a state on something that has none")
        }
    }

    /// A call or a state copies the lists and dicts it is given, so they must not change any more.
    private mutating func consume(_ value: PickleValue) {
        switch value {
        case .list(let id), .dictionary(let id): graph.containers[id.position].isConsumed = true
        case .tuple(let id):
            for item in graph.containers[id.position].items {
                switch item {
                case .list(let inner), .dictionary(let inner): graph.containers[inner.position].isConsumed = true
                default: break
                }
            }
        case .global(let id): graph.globals[id.position].uses.insert(.value)
        default: break
        }
    }

    /// A state key such as `__class__` replaces machinery of the object instead of its data. A text as `__doc__` or `__name__`, which
    /// SciPy's distributions have, does not.
    private mutating func noteSpecialNames(_ state: PickleValue) {
        var dictionaries = [state]
        if let parts = graph.elements(state) { dictionaries = parts }
        for case .dictionary(let id) in dictionaries {
            let items = graph.containers[id.position].items
            for index in stride(from: 0, to: items.count - 1, by: 2) {
                guard let key = currentText(items[index]) else { continue }
                if key == DistributionCode.key, currentText(items[index + 1]).map(DistributionCode.isGenuine) != true {
                    note(DistributionCode.words)
                }
                guard key.hasPrefix("__"), key.hasSuffix("__") else { continue }
                if PickleGraph.plainSpecialNames.contains(key),
                    items[index + 1] == .null || currentText(items[index + 1]) != nil
                {
                    continue
                }
                note("a state sets `\(key)`")
            }
        }
    }
}
