import Bytes

// Files of joblib: an array is a `NumpyArrayWrapper` that says its type and shape, and right after the BUILD of that the bytes of
// the array, which are no opcodes. An array of objects is a whole pickle in that place.
// Source: `joblib/numpy_pickle.py`, joblib 1.2 to 1.5; without padding from 0.10 on.
extension PickleMachine {
    private static let wrapper = "joblib.numpy_pickle.NumpyArrayWrapper"

    /// Reads the array behind the wrapper `id`, which has just got its state and is on the top of the stack.
    mutating func readInlineArray(_ id: PickleID) throws(PickleError) {
        guard graph.global(graph.objects[id.position].callable)?.qualifiedName == PickleMachine.wrapper else { return }
        // Whatever stands inside of an array of objects is read by `pickle.load`, which knows no wrappers.
        guard !isNested else { throw fault("an array of joblib stands inside of an array of objects") }
        if let end = frameEnd, position < end { throw fault("the bytes of an array stand inside of a frame") }
        frameEnd = nil
        guard owned.isEmpty else { throw fault("a file of joblib has texts of an old protocol, which it never writes") }
        guard graph.objects[id.position].creation == .new, let state = graph.objects[id.position].state,
            let shape = graph.value(forKey: "shape", in: state), let type = graph.value(forKey: "dtype", in: state),
            let subclass = graph.value(forKey: "subclass", in: state), case .global = subclass,
            let order = graph.value(forKey: "order", in: state).flatMap({ graph.text($0) }),
            order == "C" || order == "F"
        else { throw fault("an array of joblib does not say what it is") }
        graph.isJoblib = true
        let start = opcodeOffset
        let elementType = try NumpyType.read(type, in: graph)
        let array: PickleValue
        if elementType.kind == .object {
            array = try nestedPickle()
        } else {
            if let alignment = graph.value(forKey: "numpy_array_alignment_bytes", in: state), alignment != .null {
                _ = try take(Int(try unsigned(bytes: 1)))
            }
            let range = try take(try byteCount(shape, elementType.itemSize))
            array = try wrapped(
                subclass, shape: shape, type: type, isFortranOrder: order == "F", content: range, at: start)
        }
        opcodeOffset = start
        stack.removeLast()
        stack.append(array)
    }

    private func byteCount(_ shape: PickleValue, _ itemSize: Int) throws(PickleError) -> Int {
        guard let lengths = graph.elements(shape) else { throw fault("an array of joblib has no shape") }
        var count = itemSize
        for length in lengths {
            guard case .int(let number) = length, number >= 0 else { throw fault("an array of joblib has no shape") }
            let (product, overflow) = count.multipliedReportingOverflow(by: number)
            count = overflow ? Int.max : product
        }
        return count
    }

    /// The pickle that begins here, by a machine of its own: neither stack nor memo are shared.
    private mutating func nestedPickle() throws(PickleError) -> PickleValue {
        let outer = (stack, marks, memo, sparseMemo, graph.protocolVersion)
        (stack, marks, memo, sparseMemo, graph.protocolVersion) = ([], [], [], [:], 0)
        (isNested, pickleStart) = (true, position)
        let root = try pickle()
        (isNested, pickleStart) = (false, 0)
        (stack, marks, memo, sparseMemo, graph.protocolVersion) = outer
        frameEnd = nil
        return root
    }

    /// The array as a pickle would say it: `_reconstruct(subclass, (0,), b'b')` and its state.
    private mutating func wrapped(
        _ subclass: PickleValue, shape: PickleValue, type: PickleValue, isFortranOrder: Bool, content: Range<Int>,
        at offset: Int
    ) throws(PickleError) -> PickleValue {
        func container(_ items: [PickleValue]) -> PickleID {
            graph.containers.append(PickleGraph.Container(items: items, offset: offset, depth: 1, isConsumed: true))
            return PickleID(graph.containers.count - 1)
        }
        graph.spans.append(
            PickleGraph.Span(
                start: content.lowerBound, count: content.count, source: PickleGraph.Span.fileRegion, offset: offset))
        let bytes = PickleValue.bytes(PickleID(graph.spans.count - 1))
        let state = container([.int(1), shape, type, .bool(isFortranOrder), bytes])
        let arguments = container([subclass, .tuple(container([.int(0)])), .null])
        let maker: PickleID
        if let known = reconstruct {
            maker = known
        } else {
            maker = try addGlobal(module: "numpy._core.multiarray", name: "_reconstruct")
            graph.globals[maker.position].uses = [.call, .build]
            reconstruct = maker
        }
        graph.objects.append(
            PickleObject(
                creation: .call, callable: .global(maker), arguments: .tuple(arguments), keywords: nil,
                state: .tuple(state), offset: offset, stateOffset: offset))
        return .object(PickleID(graph.objects.count - 1))
    }
}
