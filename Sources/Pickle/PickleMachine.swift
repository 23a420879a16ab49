public import Bytes

/// Reads a pickle symbolically: the full stack machine of protocols 0 to 5, in which a class is a name and a call is a
/// record. Nothing is imported, called or executed.
///
/// Supported: every opcode that fitted models use and every constant and container opcode of all protocols; frames are
/// checked (CPython's C reader does not, python/cpython#154848). Files of joblib, whose arrays stand between the opcodes.
/// Refused with their offset: persistent ids, extension codes, INST, OBJ, out-of-band buffers, damaged or truncated
/// streams, and whatever exceeds `PickleLimits`. What loads but no library writes (a call of a computed function, a
/// state put on a class, bytes after the end) is noted in `PickleGraph.findings`.
/// Source: CPython 3.13 `Lib/pickle.py`, `Lib/pickletools.py`, `Modules/_pickle.c`.
public struct PickleMachine {
    let limits: PickleLimits
    let region: ByteRegion
    var graph: PickleGraph
    var owned: [UInt8] = []
    var valueLimit: Int
    var position = 0
    var frameEnd: Int?
    var stack: [PickleValue] = []
    var marks: [Int] = []
    var memo: [PickleValue] = []
    var sparseMemo: [Int: PickleValue] = [:]
    /// Where the pickle that is followed began.
    var pickleStart = 0
    /// Inside of an array of objects in a file of joblib.
    var isNested = false
    /// The name that arrays of joblib are made by here.
    var reconstruct: PickleID?
    var opcode = Opcode.proto
    var opcodeOffset = 0

    init(_ region: ByteRegion, limits: PickleLimits, file: String) {
        self.limits = limits
        self.region = region
        valueLimit = limits.values
        graph = PickleGraph(region: region, file: file)
    }

    /// Reads the pickle that fills `region`.
    ///
    /// - Parameters:
    ///   - file: the name for messages.
    ///   - placeNote: what offsets are counted in, when `region` is not the file itself.
    ///   - fileByteCount: the size of the file, when `region` is what it unpacks to.
    /// - Throws: `PickleError` with the offset of the opcode; names of classes met before it are in `names`.
    public static func read(
        _ region: ByteRegion, limits: PickleLimits = .default, file: String, placeNote: String? = nil,
        fileByteCount: Int? = nil
    ) throws(PickleError) -> PickleGraph {
        var machine = PickleMachine(region, limits: limits, file: file)
        machine.graph.placeNote = placeNote
        machine.valueLimit = limits.values(ofFile: fileByteCount ?? region.count)
        do {
            try machine.run()
        } catch {
            var error = error
            error.file = file
            error.placeNote = placeNote
            error.names = machine.graph.globals.map(\.qualifiedName)
            throw error
        }
        machine.graph.regions[1] = ByteRegion(machine.owned)
        return machine.graph
    }

    private mutating func run() throws(PickleError) {
        // `P` and 0x93 are opcodes too, but a zip archive and a NumPy file are what is meant.
        let head = region.bytes(0..<min(region.count, 6))
        if head.starts(with: [0x50, 0x4b, 0x03, 0x04]) || head == [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59] {
            throw unknownOpcode(head[0])
        }
        graph.root = try pickle()
        if position < region.count {
            note("\(region.count - position) bytes follow the end of the pickle")
        }
    }

    /// Follows the pickle that begins here to its STOP, and gives what it would make.
    mutating func pickle() throws(PickleError) -> PickleValue {
        while true {
            if let end = frameEnd, position >= end { frameEnd = nil }
            opcodeOffset = position
            guard position < region.count else {
                throw PickleError(.truncated, offset: position, reason: "it ends without the opcode STOP")
            }
            let byte = region[position]
            guard let next = Opcode(rawValue: byte) else { throw unknownOpcode(byte) }
            opcode = next
            position += 1
            graph.opcodeCount += 1
            if graph.opcodeCount > limits.opcodes { throw limit("opcodes", limits.opcodes) }
            if opcode == .stop {
                let root = try pop()
                if !stack.isEmpty || !marks.isEmpty {
                    note("\(stack.count) values and \(marks.count) marks are left below the result")
                }
                return root
            }
            try step()
            if stack.count > limits.stack { throw limit("values on the stack", limits.stack) }
            guard graph.containers.count + graph.objects.count + graph.spans.count <= valueLimit else {
                throw limit("values", valueLimit)
            }
        }
    }

    private mutating func step() throws(PickleError) {
        switch opcode {
        case .proto, .frame: try structure()
        case .mark:
            marks.append(stack.count)
            if marks.count > limits.marks { throw limit("open marks", limits.marks) }
        case .pop:
            if stack.count > fence { stack.removeLast() } else if marks.popLast() == nil { throw underflow() }
        case .popMark: _ = try popMark()
        case .dup: stack.append(try top())
        case .none: stack.append(.null)
        case .newTrue: stack.append(.bool(true))
        case .newFalse: stack.append(.bool(false))
        case .int, .long, .binInt, .binInt1, .binInt2, .long1, .long4, .float, .binFloat: try number()
        case .string, .binString, .shortBinString, .unicode, .binUnicode, .shortBinUnicode, .binUnicode8: try text()
        case .binBytes, .shortBinBytes, .binBytes8, .byteArray8: try byteString()
        case .emptyTuple, .tuple, .tuple1, .tuple2, .tuple3, .emptyList, .list, .emptyDict, .dict, .emptySet,
            .frozenSet:
            try container()
        case .append, .appends, .setItem, .setItems, .addItems: try fill()
        case .get, .binGet, .longBinGet, .put, .binPut, .longBinPut, .memoize: try remember()
        case .global, .stackGlobal: try name()
        case .reduce, .newObj, .newObjEx: try make()
        case .build: try build()
        case .persID, .binPersID, .ext1, .ext2, .ext4, .inst, .obj, .nextBuffer, .readOnlyBuffer: try refuse()
        case .stop: break
        }
    }

    private mutating func structure() throws(PickleError) {
        if opcode == .proto {
            let version = Int(try unsigned(bytes: 1))
            guard version <= 5 else {
                throw fault("it announces pickle protocol \(version), and 5 is the highest that exists")
            }
            if opcodeOffset != pickleStart { note("the protocol is announced again") }
            graph.protocolVersion = version
            return
        }
        let length = try unsigned(bytes: 8)
        guard frameEnd == nil else { throw fault("a frame begins inside a frame") }
        guard length <= UInt64(region.count - position) else {
            throw PickleError(
                .truncated, offset: opcodeOffset, opcode: opcode.name,
                reason: "a frame of \(length) bytes is longer than the rest of the file")
        }
        frameEnd = position + Int(length)
    }

    private mutating func refuse() throws(PickleError) {
        let reason: String
        switch opcode {
        case .persID, .binPersID: reason = "it refers to an object outside of the file (a persistent id)"
        case .ext1, .ext2, .ext4:
            reason = "it names a class by an extension code, which says nothing outside of one process"
        case .nextBuffer, .readOnlyBuffer: reason = "it refers to a buffer outside of the file"
        case .inst:
            let module = try asciiLine()
            let name = try asciiLine()
            let id = try addGlobal(module: module, name: name)
            graph.globals[id.position].uses.insert(.call)
            reason =
                "it calls `\(graph.globals[id.position].qualifiedName)` by the old opcode INST, which fitted models never use"
        default:
            let items = try popMark()
            if let first = items.first, case .global(let id) = first { graph.globals[id.position].uses.insert(.call) }
            let called = items.first.flatMap { graph.global($0) }.map { " `\($0.qualifiedName)`" } ?? ""
            reason = "it makes an object\(called) by the old opcode OBJ, which fitted models never use"
        }
        throw PickleError(.unsupported, offset: opcodeOffset, opcode: opcode.name, reason: reason)
    }

    private func unknownOpcode(_ byte: UInt8) -> PickleError {
        let offset = opcodeOffset
        if offset == 0 {
            return PickleError(.malformed, offset: 0, reason: "it is not a pickle (\(sniffed(byte)))")
        }
        return PickleError(.malformed, offset: offset, reason: "byte \(hexadecimal(byte)) is not a pickle opcode")
    }

    private func sniffed(_ byte: UInt8) -> String {
        let first = Array(region.bytes(0..<min(6, region.count)))
        if first.starts(with: [0x50, 0x4b]) { return "it is a zip archive" }
        if first.starts(with: [0x1f, 0x8b]) { return "it is compressed with gzip" }
        if first.starts(with: [0x42, 0x5a, 0x68]) { return "it is compressed with bzip2" }
        if first.starts(with: [0x78]) { return "it looks compressed with zlib" }
        if first.starts(with: [0xfd, 0x37, 0x7a]) { return "it is compressed with xz" }
        if first.starts(with: [0x93, 0x4e, 0x55, 0x4d]) { return "it is a NumPy array file" }
        return "it begins with byte \(hexadecimal(byte))"
    }

    func hexadecimal(_ byte: UInt8) -> String {
        "0x" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
    }
}

// The stack and the errors.
extension PickleMachine {
    var fence: Int { marks.last ?? 0 }

    mutating func pop() throws(PickleError) -> PickleValue {
        guard stack.count > fence else { throw underflow() }
        return stack.removeLast()
    }

    func top() throws(PickleError) -> PickleValue {
        guard stack.count > fence, let value = stack.last else { throw underflow() }
        return value
    }

    mutating func popMark() throws(PickleError) -> [PickleValue] {
        guard let height = marks.popLast() else { throw fault("it closes a mark that was never opened") }
        return takeTop(stack.count - height)
    }

    /// Removes the topmost values. `Array(slice)` would share the stack's whole buffer when it covers all of it.
    mutating func takeTop(_ count: Int) -> [PickleValue] {
        let items = stack[(stack.count - count)...].map { $0 }
        stack.removeLast(count)
        return items
    }

    mutating func note(_ words: String) {
        graph.findings.append(PickleFinding(words: words, offset: opcodeOffset, opcode: opcode.name))
    }

    func fault(_ reason: String) -> PickleError {
        PickleError(.malformed, offset: opcodeOffset, opcode: opcode.name, reason: reason)
    }

    func underflow() -> PickleError { fault("it takes a value from an empty stack") }

    func limit(_ name: String, _ value: Int) -> PickleError {
        PickleError(
            .limit(name: name, value: value), offset: opcodeOffset, opcode: opcode.name,
            reason: "it exceeds the limit of \(value) \(name)")
    }
}
