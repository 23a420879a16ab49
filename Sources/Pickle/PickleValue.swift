/// Where a container, object, name, text or byte string is kept in its `PickleGraph`.
public struct PickleID: Sendable, Hashable {
    let index: Int32

    init(_ index: Int) {
        self.index = Int32(truncatingIfNeeded: index)
    }

    var position: Int { Int(index) }
}

/// One symbolic value of a pickle. Nothing is imported or called to make it: a class is its name, and an object is the
/// record of how it would have been made.
///
/// Containers and objects are references into a `PickleGraph`; two equal references are the same Python object.
public enum PickleValue: Sendable, Hashable {
    /// `None`.
    case null
    /// `True` or `False`.
    case bool(Bool)
    /// An integer that fits 64 bits.
    case int(Int)
    /// A wider integer; its value is not kept.
    case bigInteger
    /// A float.
    case float(Double)
    /// A string.
    case text(PickleID)
    /// `bytes` or `bytearray`.
    case bytes(PickleID)
    /// A list.
    case list(PickleID)
    /// A tuple.
    case tuple(PickleID)
    /// A dict.
    case dictionary(PickleID)
    /// A set or frozenset.
    case set(PickleID)
    /// The name of a class or function.
    case global(PickleID)
    /// Whatever a call or a class made.
    case object(PickleID)
}

/// How a name was used by the stream.
public struct PickleUse: OptionSet, Sendable, Hashable {
    /// The bit set.
    public let rawValue: UInt8

    /// Makes the set of `rawValue`.
    public init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    /// Called with arguments (REDUCE, OBJ, INST).
    public static let call = PickleUse(rawValue: 1)
    /// A class whose bare instance was made (NEWOBJ, NEWOBJ_EX).
    public static let new = PickleUse(rawValue: 2)
    /// An object made from it got a state (BUILD).
    public static let build = PickleUse(rawValue: 4)
    /// An object made from it got items (APPEND, SETITEM, ADDITEMS).
    public static let fill = PickleUse(rawValue: 8)
    /// Stands as a value inside something else.
    public static let value = PickleUse(rawValue: 16)
    /// A method of an instance: it was looked up and is held, not called. Of `getattr` and of cloudpickle's name of `MethodType`:
    /// nothing else was done by them.
    public static let bind = PickleUse(rawValue: 32)
}

/// The name of a class or function at one place of the stream.
public struct PickleGlobal: Sendable, Equatable {
    /// The module as Python 3 would import it.
    public var module: String
    /// The name inside the module.
    public var name: String
    /// As written in the file, when an old protocol made Python map it to another name.
    public var writtenAs: String?
    /// Offset of the opcode that names it.
    public var offset: Int
    /// GLOBAL, STACK_GLOBAL or INST.
    public var opcode: String
    /// Every way in which the stream used it.
    public var uses: PickleUse

    /// `module.name`.
    public var qualifiedName: String { module.isEmpty ? name : "\(module).\(name)" }
}

/// An object as the stream would have made it.
public struct PickleObject: Sendable {
    /// What made it: the use `.call` (REDUCE) or `.new` (NEWOBJ, NEWOBJ_EX).
    public var creation: PickleUse
    /// The class or function; usually `.global`.
    public var callable: PickleValue
    /// The tuple of arguments.
    public var arguments: PickleValue
    /// The dict of keyword arguments (NEWOBJ_EX).
    public var keywords: PickleValue?
    /// The state that BUILD gave it.
    public var state: PickleValue?
    /// What APPEND, APPENDS or ADDITEMS added.
    public var appended: [PickleValue] = []
    /// What SETITEM or SETITEMS set: key, value, key, value, …
    public var items: [PickleValue] = []
    /// Offset of the opcode that made it.
    public var offset: Int
    /// Offset of its BUILD.
    public var stateOffset: Int?
}

/// Something in a well-formed stream that no library writes. A model with findings is refused.
public struct PickleFinding: Sendable, Equatable {
    /// A sentence about it, without a full stop.
    public var words: String
    /// Offset of the opcode.
    public var offset: Int
    /// The opcode's name.
    public var opcode: String
}
