import Bytes
import Diagnostics
import YAMLText

/// A YAML mapping whose fields are read by name, with errors that name the field and its place.
struct YAMLFields {
    let node: YAMLNode
    let file: String
    /// The keys from the root to this mapping, each followed by a dot.
    let prefix: String

    static func root(of region: ByteRegion, file: String) throws(MLmodelError) -> YAMLFields {
        let node: YAMLNode
        do { node = try YAMLText.parse(region, file: file) } catch { throw MLmodelError(error) }
        guard node.entries != nil else {
            throw MLmodelError(
                .field, "it should be a mapping of keys to values, and is \(node.kindWords)", file: file, at: node.mark)
        }
        return YAMLFields(node: node, file: file, prefix: "")
    }

    /// The mapping under `key`; nil when the key is absent or null.
    func mapping(_ key: String) throws(MLmodelError) -> YAMLFields? {
        guard let value = node[key], !value.isNull else { return nil }
        guard value.entries != nil else { throw error(key, "should be a mapping, and is \(value.kindWords)") }
        return YAMLFields(node: value, file: file, prefix: "\(prefix)\(key).")
    }

    /// The items under `key`; empty when the key is absent or null.
    func items(_ key: String) throws(MLmodelError) -> [YAMLNode] {
        guard let value = node[key], !value.isNull else { return [] }
        guard let items = value.items else { throw error(key, "should be a list, and is \(value.kindWords)") }
        return items
    }

    /// The text under `key`; nil when the key is absent or null.
    func text(_ key: String) throws(MLmodelError) -> String? {
        guard let value = node[key], !value.isNull else { return nil }
        guard let text = value.text else { throw error(key, "should be a text, and is \(value.kindWords)") }
        return text
    }

    func requiredText(_ key: String) throws(MLmodelError) -> String {
        guard let text = try text(key) else { throw error(key, "is missing") }
        return text
    }

    func flag(_ key: String) throws(MLmodelError) -> Bool? {
        guard let text = try text(key) else { return nil }
        switch text {
        case "true", "True", "TRUE": return true
        case "false", "False", "FALSE": return false
        default: throw error(key, "should be true or false, and is `\(escaped(text, limit: 40))`")
        }
    }

    /// "`prefix.key` <words>" at the value of `key`, or at this mapping when it has no such key.
    func error(_ key: String, _ words: String, at mark: YAMLMark? = nil) -> MLmodelError {
        MLmodelError(
            .field, "`\(prefix)\(escaped(key))` \(words)", file: file, at: mark ?? (node[key] ?? node).mark)
    }
}
