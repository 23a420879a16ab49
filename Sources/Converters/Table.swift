import Diagnostics
import Scoring

/// The type of an array's elements, as NumPy names it.
enum ElementType: Sendable {
    case boolean, integer32, integer64, float32, float64, object

    /// The type of an array that holds both: NumPy's `result_type`.
    func promoted(with other: ElementType) -> ElementType {
        if self == other { return self }
        switch (self, other) {
        case (.object, _), (_, .object): return .object
        case (.float64, _), (_, .float64): return .float64
        case (.float32, .boolean), (.boolean, .float32): return .float32
        case (.float32, _), (_, .float32): return .float64
        case (.integer64, _), (_, .integer64): return .integer64
        default: return .integer32
        }
    }

    static func promoted(_ types: some Sequence<ElementType>) -> ElementType? {
        types.reduce(nil) { $0?.promoted(with: $1) ?? $1 }
    }
}

/// One column of a table that flows from step to step: a slot of the program, and what may be in it.
struct Lane {
    enum Kind: Equatable {
        /// A number of this type.
        case number(ElementType)
        /// The code of a text of this input column.
        case text(column: Int)
        /// A column of a type that native models do not take. It may be there, but not be used.
        case unusable(String)
    }

    var slot: Slot
    var kind: Kind
    /// The name of the input column it comes from, for messages.
    var name: String
    /// NaN can occur.
    var mayBeMissing: Bool
    /// The number is known to be small: no overflow to infinity as a float32.
    var isBounded: Bool
    /// NaN stands for a text that an imputer filled in among numbers.
    var missingIsText = false
    /// The number may differ from scikit-learn's in the last bits, so that it must not be compared for equality.
    var isApproximate = false
    /// In a sparse matrix a zero may be stored, or be a rounding error elsewhere: to XGBoost it is then no missing value.
    var hasUncertainZeros = false

    var elementType: ElementType {
        if case .number(let type) = kind { missingIsText ? .object : type } else { .object }
    }
}

/// A table that flows from step to step.
struct Table {
    enum Form: Equatable {
        /// A pandas table: each column has its own type.
        case frame
        /// A NumPy array or SciPy matrix of one type.
        case array(ElementType)
    }

    var lanes: [Lane]
    var form: Form
    /// The names of the columns, for a table that comes from the request.
    var names: [String]?
    /// A SciPy sparse matrix: same numbers, other order of operations in places.
    var isSparse = false
    /// One column as a list of values, not as a table: a pandas Series, or an array of one dimension.
    var isSeries = false
    /// A sparse matrix of counts of terms, as a vectorizer makes it: none is negative, and a row is stored from its first column to its
    /// last.
    var isTermCounts = false

    var slots: [Slot] { lanes.map(\.slot) }

    /// The type of the array that scikit-learn's `check_array` makes of it without being asked for one.
    var elementType: ElementType {
        if case .array(let type) = form { return type }
        return ElementType.promoted(lanes.map(\.elementType)) ?? .float64
    }

    /// The type of `numpy.asarray` of it: pandas gives objects when truth values stand beside numbers.
    var stackedType: ElementType {
        guard form == .frame else { return elementType }
        let types = lanes.map(\.elementType)
        if types.contains(.boolean), types.contains(where: { $0 != .boolean }) { return .object }
        return elementType
    }

    func selecting(_ indices: [Int]) -> Table {
        Table(
            lanes: indices.map { lanes[$0] }, form: form, names: names.map { names in indices.map { names[$0] } },
            isSparse: isSparse)
    }

    /// The same columns as an array of numbers.
    func asArray(_ type: ElementType) -> Table {
        Table(lanes: lanes, form: .array(type), names: nil, isSparse: isSparse)
    }

    /// The same columns as a pandas table, which `set_output(transform="pandas")` makes of an array.
    func asFrame() -> Table {
        guard case .array(let type) = form, type != .object, !isSparse else { return self }
        var result = Table(lanes: lanes, form: .frame, names: nil)
        for index in result.lanes.indices { result.lanes[index].kind = .number(type) }
        return result
    }

    /// The type in which an estimator for floats works: float32 stays, everything else becomes float64.
    ///
    /// Source: `check_array(dtype=FLOAT_DTYPES)`. Throws when a column holds texts.
    func floatType(for estimator: Estimator) throws -> ElementType {
        try requireNumbers(for: estimator)
        return elementType == .float32 ? .float32 : .float64
    }

    /// Throws when a column holds something else than numbers.
    func requireNumbers(for estimator: Estimator) throws {
        try requireNumbers { estimator.refuse($0, help: $1) }
    }

    /// Throws what `refuse` makes of a reason and of what would help when a column holds something else than numbers.
    func requireNumbers(_ refuse: (_ reason: String, _ help: String?) -> Refused) throws {
        for lane in lanes {
            let name = escaped(lane.name)
            switch lane.kind {
            case .number where !lane.missingIsText: continue
            case .number, .text:
                throw refuse("it takes numbers, and column `\(name)` holds texts", "encode the column before this step")
            case .unusable(let type):
                throw refuse("it uses column `\(name)` of type `\(type)`, which native models do not take", nil)
            }
        }
    }

    /// Throws when the number of columns is not the one that the estimator was fitted on.
    func requireWidth(_ count: Int, for estimator: Estimator) throws {
        guard lanes.count == count else {
            throw estimator.refuse("it was fitted on \(count) columns and would get \(lanes.count)")
        }
    }

    /// The input columns' names must be those of the fit, in that order, or scikit-learn refuses every request.
    func requireNames(_ fitted: [String]?, for estimator: Estimator) throws {
        guard let fitted, let names, form == .frame, fitted != names else { return }
        let first = zip(fitted, names).first { $0 != $1 }
        let words = first.map { ": `\($0)` was fitted where the signature has `\($1)`" } ?? ""
        throw estimator.refuse(
            "the columns of the signature are not the columns it was fitted on, in their order\(words)",
            help: "log the model with a signature inferred from the training table")
    }
}

extension Program {
    /// Refuses rows with infinite values, and with missing ones unless they are allowed, where scikit-learn does.
    mutating func requireFinite(_ table: Table, width: FloatWidth, allowsMissing: Bool) throws {
        let slots = table.lanes.filter { !$0.isBounded || ($0.mayBeMissing && !allowsMissing) }.map(\.slot)
        guard !slots.isEmpty else { return }
        try builder.requireFinite(slots, width: width, allowsMissing: allowsMissing)
    }
}
