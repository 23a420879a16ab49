/// One Python distribution that a model needs.
public struct Requirement: Sendable, Hashable {
    /// The name as PEP 503 normalises it: `scikit-learn`.
    public var name: String
    /// The extras, normalised and sorted.
    public var extras: [String]
    /// The specifiers, normalised and sorted: `==1.26.4`, `<3,>=2.9`; empty when any version will do.
    public var specifier: String
    /// The environment marker in PEP 508's canonical spacing.
    public var marker: String?
    /// 64 hexadecimal digits each, sorted; empty when the line names none.
    public var sha256: [String]
    /// The line in the file, from 1.
    public var line: Int

    /// The version when the specifier is one exact pin: `1.26.4`.
    public var version: String? {
        guard specifier.hasPrefix("=="), !specifier.contains(","), !specifier.hasSuffix(".*") else { return nil }
        return String(specifier.dropFirst(2))
    }

    /// The requirement as one line of `requirements.txt`, made from the parts and without hashes.
    public var text: String {
        let extras = extras.isEmpty ? "" : "[\(extras.joined(separator: ","))]"
        return name + extras + specifier + (marker.map { "; \($0)" } ?? "")
    }
}
