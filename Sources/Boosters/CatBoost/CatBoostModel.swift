/// A model of CatBoost as its binary file describes it: numeric features only, checked so that a walk of its trees cannot leave them.
public struct CatBoostModel: Sendable, Equatable {
    /// A column of numbers.
    public struct Feature: Sendable, Equatable {
        /// The position of the column in the table.
        public var column: Int
        /// Its name; nil when it was trained without names.
        public var name: String?
        /// What it is compared with; ascending and finite.
        public var borders: [Float]
        /// Whether NaN is above every border; else it is above none.
        public var missingIsAbove: Bool
    }

    /// A test: x > border.
    public struct Split: Sendable, Equatable {
        /// The position of the column in the table.
        public var column: Int
        /// In float32.
        public var border: Float
        /// Whether NaN passes.
        public var missingPasses: Bool
    }

    /// A tree.
    public enum Tree: Sendable, Equatable {
        /// The same test on each level; the leaf of a row has bit i when the row passes split i. Its values begin at
        /// `firstValue`, leaf by leaf.
        case oblivious([Split], firstValue: Int)
        /// Nodes from the root on.
        case nodes([Node])
    }

    /// A node of a tree that is not oblivious. Children have greater numbers; each node but the root has one parent.
    public struct Node: Sendable, Equatable {
        /// What parts the rows.
        public var split: Split
        /// Where rows go that do not pass.
        public var below: Child
        /// Where rows go that pass.
        public var above: Child
    }

    /// What follows a node.
    public enum Child: Sendable, Equatable {
        /// The node with this number.
        case node(Int)
        /// The leaf whose values begin here.
        case leaf(firstValue: Int)
    }

    /// The columns, each once.
    public var features: [Feature]
    /// Values of a leaf, and raw scores of a row.
    public var outputCount: Int
    /// In the order in which their values are summed.
    public var trees: [Tree]
    /// The values of all leaves.
    public var leafValues: [Double]
    /// A row's sums are multiplied by it.
    public var scale: Double
    /// Added to a row's scaled sums; as many as outputs.
    public var bias: [Double]
    /// What the trainer wrote beside the trees: `class_params`, `params` and others, as JSON texts.
    public var information: [String: String]
}
