public import Diagnostics

/// Why a `.skiff` file, a model description or a row was refused.
public struct ScoringError: DiagnosticConvertible, Sendable, Equatable {
    /// What kind of refusal it is.
    public enum Kind: Sendable, Equatable {
        /// The bytes are not a sound `.skiff` file.
        case damaged
        /// The file needs a newer reader.
        case tooNew
        /// A model description does not fit together: a mistake of the program that describes it, or a limit.
        case unsound
        /// A block of rows does not belong to the model that should score it.
        case shape
        /// The model refuses this row, as the source library does. `row` counts from 0 in the block; `column` is the name
        /// of the input column that the reason is about, or nil when there is not one only.
        case rejectedRow(row: Int, column: String?, reason: String)
    }

    /// What kind of refusal it is.
    public var kind: Kind
    /// The reason alone, without "cannot …:".
    public var reason: String
    /// The file, as the caller named it.
    public var file: String?
    /// The offset in the file.
    public var byteOffset: Int?

    /// Makes an error.
    public init(_ kind: Kind, _ reason: String, file: String? = nil, byteOffset: Int? = nil) {
        self.kind = kind
        self.reason = reason
        self.file = file
        self.byteOffset = byteOffset
    }

    /// The model refuses one row.
    public static func rejected(row: Int, column: String?, _ reason: String) -> ScoringError {
        ScoringError(.rejectedRow(row: row, column: column, reason: reason), reason)
    }

    /// The words for a person.
    public var diagnostic: Diagnostic {
        let place = file == nil && byteOffset == nil ? nil : Place(file: file, byteOffset: byteOffset)
        let name = file.map { "`\(escaped($0))`" } ?? "the model"
        switch kind {
        case .damaged:
            return Diagnostic(
                "cannot read \(name): \(reason)", place: place, hints: ["make the file again with `skiff convert`"])
        case .tooNew:
            return Diagnostic(
                "cannot read \(name): \(reason)", place: place, hints: ["use a newer skiff, or make the file again"])
        case .unsound:
            return Diagnostic("cannot compile the model: \(reason)", place: place)
        case .shape:
            return Diagnostic("cannot score the rows: \(reason)", place: place)
        case .rejectedRow(let row, let column, _):
            let cell = column.map { ", column `\(escaped($0))`" } ?? ""
            return Diagnostic("cannot score row \(row)\(cell): \(reason)", place: place)
        }
    }
}
