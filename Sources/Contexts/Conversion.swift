public import Diagnostics
public import Scoring

/// x
public enum ConversionOutcome: Sendable {
    /// x
    case converted(CompiledModel, notes: [String])
    /// x
    case refused([Refusal])
}

/// x
public struct Refusal: Sendable, Equatable {
    /// x
    public var path: String
    /// x
    public var reason: String
    /// x
    public var help: String?
    /// x
    public var place: Place?
}
