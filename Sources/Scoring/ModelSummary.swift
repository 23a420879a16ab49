/// What `skiff inspect` says of a compiled model.
public struct ModelSummary: Sendable, Equatable {
    /// The format version of the file.
    public var formatVersion: Int
    /// The length of the file.
    public var byteCount: Int
    /// Input columns.
    public var columnCount: Int
    /// Float64 values of one row's workspace.
    public var slotCount: Int
    /// Trees of all tree ensembles.
    public var treeCount: Int
    /// Nodes of all tree ensembles, leaves included.
    public var nodeCount: Int
    /// The program, in order.
    public var operators: [OperatorSummary]
}

/// One operator of a compiled model.
public struct OperatorSummary: Sendable, Equatable {
    /// A size worth showing: "trees" 500.
    public struct Detail: Sendable, Equatable {
        /// What is counted.
        public var name: String
        /// How many.
        public var value: Int
    }

    /// The operator's word in the file: `impute`, `trees`, …
    public var name: String
    /// Slots that it reads.
    public var inputCount: Int
    /// Slots that it writes.
    public var outputCount: Int
    /// Further sizes.
    public var details: [Detail]
}
