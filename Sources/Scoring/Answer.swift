/// The place of one float64 in a row's workspace. Input columns have the first slots; each operator adds its outputs.
public typealias Slot = Int

/// The words that a class index stands for, in the order of the source's `classes_`.
public enum LabelTable: Sendable, Equatable {
    /// Texts.
    case strings([String])
    /// Whole numbers, written without a point.
    case integers([Int64])
    /// Numbers, written as Python writes a float.
    case doubles([Double])
    /// false and true.
    case booleans([Bool])

    /// The number of labels.
    public var count: Int {
        switch self {
        case .strings(let values): values.count
        case .integers(let values): values.count
        case .doubles(let values): values.count
        case .booleans(let values): values.count
        }
    }
}

/// What a model answers and how the answer is laid out.
public struct Answer: Sendable, Equatable {
    /// The shape of the value of `predictions`.
    public enum Layout: Sendable, Equatable {
        /// One value a row: `[v, …]`. Takes one slot.
        case flat
        /// One list a row: `[[a, b], …]`, [rows x slots].
        case rows
        /// One table per group of neighbouring slots, as `predict_proba` of a multi-output model gives: `[[[a, b], …], [[c, d, e], …]]`.
        /// The widths add up to the number of slots.
        case groups([Int])
    }

    /// The slots to answer, in order.
    public var slots: [Slot]
    /// The shape.
    public var layout: Layout
    /// Empty: the slots are numbers. Else one table per slot, and the slot holds an index into it; the slot must come from an
    /// operator whose outputs are indices below the table's count (`argmax`, `threshold`), which `ModelBuilder.finish` checks.
    public var labels: [LabelTable]

    /// Makes an answer; `ModelBuilder.finish` checks it.
    public init(slots: [Slot], layout: Layout, labels: [LabelTable] = []) {
        self.slots = slots
        self.layout = layout
        self.labels = labels
    }

    /// One number a row, as a regressor's `predict`.
    public static func numbers(_ slot: Slot) -> Answer { Answer(slots: [slot], layout: .flat) }

    /// A list of numbers a row, as `predict_proba` or a multi-output regressor.
    public static func rows(_ slots: [Slot]) -> Answer { Answer(slots: slots, layout: .rows) }

    /// One label a row, as a classifier's `predict`; `index` is the output of `argmax` or `threshold`.
    public static func labels(_ index: Slot, _ table: LabelTable) -> Answer {
        Answer(slots: [index], layout: .flat, labels: [table])
    }
}
