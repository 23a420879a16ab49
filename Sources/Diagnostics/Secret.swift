/// A text that must not be shown: a token, a password, a signed query. Printing, interpolating, dumping or reflecting
/// it gives `[hidden]`, and from then on `Redaction.clean` blots it out wherever it turns up.
public struct Secret: Sendable, Equatable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// The text itself, for the one place that sends it.
    public let revealed: String

    /// Hides `value`.
    public init(_ value: String) {
        revealed = value
        Redaction.learn(value)
    }

    private init(unlearnt value: String, _: Void) { revealed = value }

    /// Hides `value`, but does not have it blotted out elsewhere: for what is made for one request and worthless
    /// minutes later, of which there are as many as there are requests.
    public static func fleeting(_ value: String) -> Secret { Secret(unlearnt: value, ()) }

    /// Always `[hidden]`.
    public var description: String { "[hidden]" }
    /// Always `[hidden]`.
    public var debugDescription: String { "[hidden]" }
    /// A mirror without children.
    public var customMirror: Mirror { Mirror(self, children: []) }
}
