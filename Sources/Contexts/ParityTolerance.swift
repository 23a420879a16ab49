public import JSONText
public import Scoring

/// How far a converted model's answers may be from those of the original, and why.
///
/// Labels are always the same. Numbers are compared in relation to the largest number of their row: what cancels out in a sum has
/// no digits of its own.
public struct ParityTolerance: Sendable, Equatable {
    /// The largest difference, in relation to the row's largest number; 0 for the same bits.
    public let relative: Double
    /// The operators that make it larger than 0, sorted.
    public let because: [String]

    // What these do is done in the same order with the same roundings as the original does it.
    private static let exact: Set<String> = [
        "argmax", "bin", "blank", "categorySplits", "impute", "match", "missingIndicator", "multiply", "oneHot",
        "recode",
        "requireAbove", "requireFinite", "scale", "threshold", "tokens", "trees",
    ]

    /// The tolerance of a program with these steps.
    ///
    /// Sums whose order a BLAS chooses and functions of another mathematical library: 1e-12, or one unit in the last place of a
    /// float32 when one of them works in float32.
    public init(_ steps: [ProgramOutline.Step]) {
        let steps = steps.filter { !Self.exact.contains($0.name) }
        because = Set(steps.map(\.name)).sorted()
        relative = steps.isEmpty ? 0 : steps.contains { $0.width == .float32 } ? Double(Float.ulpOfOne) : 1e-12
    }

    /// Whether every answer is the original's bit by bit.
    public var isExact: Bool { relative == 0 }

    /// For a person: `bit-equal`, or how far.
    public var words: String {
        isExact ? "bit-equal" : "within \(relative) of the row's largest number (\(because.joined(separator: ", ")))"
    }

    /// `relative` and `because`.
    public var json: JSONValue {
        ["relative": .double(relative), "because": .array(because.map(JSONValue.string))]
    }
}
