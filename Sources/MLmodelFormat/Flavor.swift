/// One way in which a model can be loaded: a key under `flavors` in `MLmodel` with its settings.
public struct Flavor: Sendable, Equatable {
    /// One `key: value` of a flavor.
    public struct Entry: Sendable, Equatable {
        /// The key.
        public let key: String
        /// Its value.
        public let value: FlavorValue
        /// The line of the key in `MLmodel`.
        public let line: Int

        /// Makes an entry.
        public init(key: String, value: FlavorValue, line: Int) {
            self.key = key
            self.value = value
            self.line = line
        }
    }

    /// The flavor's name: `sklearn`, `python_function`.
    public let name: String
    /// Its settings, in file order.
    public let values: [Entry]
    /// The line of the name in `MLmodel`.
    public let line: Int
    /// The column of the name in `MLmodel`.
    public let column: Int

    /// Makes a flavor of its parts.
    public init(name: String, values: [Entry], line: Int = 1, column: Int = 1) {
        self.name = name
        self.values = values
        self.line = line
        self.column = column
    }

    /// The text of a scalar setting; nil when the key is absent, null, a list or a mapping.
    public subscript(_ key: String) -> String? {
        value(key)?.text
    }

    /// The value below `path`: `value("env", "conda")`.
    public func value(_ path: String...) -> FlavorValue? {
        guard let first = path.first, var found = values.first(where: { $0.key == first })?.value else { return nil }
        for key in path.dropFirst() {
            guard case .map(let entries) = found, let next = entries.first(where: { $0.key == key }) else { return nil }
            found = next.value
        }
        return found
    }

    /// The line of a setting; the line of the flavor when it has no such key.
    public func line(of key: String) -> Int {
        values.first { $0.key == key }?.line ?? line
    }
}

/// A setting of a flavor; scalars stay text, as written.
public indirect enum FlavorValue: Sendable, Equatable {
    case null
    case text(String)
    case list([FlavorValue])
    case map([Flavor.Entry])

    /// The text of a scalar that is not null.
    public var text: String? { if case .text(let text) = self { text } else { nil } }
    /// The items of a list.
    public var list: [FlavorValue]? { if case .list(let items) = self { items } else { nil } }
    /// The entries of a mapping.
    public var map: [Flavor.Entry]? { if case .map(let entries) = self { entries } else { nil } }
}
