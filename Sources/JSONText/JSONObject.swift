/// The members of a JSON object in their order. Looking up a key takes time in proportion to the number of members.
///
/// Two objects are equal when they have equal members in the same order.
public struct JSONObject: Sendable, Equatable, ExpressibleByDictionaryLiteral {
    /// The members, in order. Whoever appends here keeps the keys unique; the parser refuses duplicates.
    public var members: [(key: String, value: JSONValue)]

    /// An object of `members`, whose keys must be unique; by default without any.
    public init(_ members: [(key: String, value: JSONValue)] = []) { self.members = members }

    /// The members in the order written.
    public init(dictionaryLiteral elements: (String, JSONValue)...) {
        members = elements.map { (key: $0.0, value: $0.1) }
    }

    /// The value of `key`. Setting an existing key keeps its position, a new one goes to the end, nil removes.
    public subscript(_ key: String) -> JSONValue? {
        get { members.first { $0.key == key }?.value }
        set {
            let index = members.firstIndex { $0.key == key }
            switch (index, newValue) {
            case (let index?, let value?): members[index].value = value
            case (let index?, nil): members.remove(at: index)
            case (nil, let value?): members.append((key: key, value: value))
            case (nil, nil): break
            }
        }
    }

    /// The keys in order.
    public var keys: [String] { members.map(\.key) }
    /// Whether there is no member.
    public var isEmpty: Bool { members.isEmpty }
    /// The number of members.
    public var count: Int { members.count }

    /// Whether keys and values agree in order.
    public static func == (left: JSONObject, right: JSONObject) -> Bool {
        left.members.elementsEqual(right.members) { $0.key == $1.key && $0.value == $1.value }
    }
}
