/// The type of one scalar input column, in MLflow's words.
public enum ValueType: String, Sendable, CaseIterable {
    /// false and true, bound as 0 and 1.
    case boolean
    /// A 32-bit integer, exact as a float64.
    case integer
    /// A 64-bit integer; beyond ±2^53 it is rounded to the nearest float64.
    case long
    /// A float32: a bound number is rounded to the nearest float32.
    case float
    /// A float64.
    case double
    /// A text, compared byte by byte as UTF-8.
    case string
}

/// One column that a model takes.
public struct InputColumn: Sendable, Equatable {
    /// The column's name; unique in its schema.
    public var name: String
    /// What its cells hold.
    public var type: ValueType
    /// Whether a request must have the column. It says nothing about missing cells: those are the operators' business.
    public var required: Bool
    /// Whether a missing text counts as one that the program does not know, and not as missing.
    public var missingIsUnknown: Bool
    /// Whether the program reads the words of its texts, so that the texts are kept.
    public var keepsText = false

    /// Makes a column. Only texts can be unknown.
    public init(name: String, type: ValueType, required: Bool, missingIsUnknown: Bool = false) {
        self.name = name
        self.type = type
        self.required = required
        self.missingIsUnknown = missingIsUnknown
    }
}

/// What a model takes: columns in training order.
public struct InputSchema: Sendable, Equatable {
    /// How rows arrive.
    public enum Form: Sendable, Equatable {
        /// A table with named columns.
        case table
        /// A tensor of shape [rows x columns.count] with a NumPy type name such as `float64`; column names are positions.
        case tensor(type: String)
    }

    /// The columns, in training order; a column's index is its input slot.
    public var columns: [InputColumn]
    /// How rows arrive.
    public var form: Form

    /// Makes a schema; `ModelBuilder` checks it.
    public init(columns: [InputColumn], form: Form = .table) {
        self.columns = columns
        self.form = form
    }
}
