/// A booster of LightGBM as its text file describes it: whole, and checked so that a walk of its trees cannot leave them.
public struct LightGBMModel: Sendable, Equatable {
    /// The major version of the library that wrote it, by the file's own version: 3 or 4.
    public var libraryVersion: Int
    /// How many columns it takes.
    public var featureCount: Int
    /// Trees of an iteration, and raw scores of a row: the classes of `multiclass` and `multiclassova`, else 1.
    public var outputCount: Int
    /// What it was trained for, nil with an objective of the user's own; decides how raw scores become answers.
    public var objective: LightGBMObjective?
    /// Sums are divided by the number of iterations (boosting type `rf`).
    public var averagesOutput: Bool
    /// Iteration by iteration, in each the outputs in order; shrinkage is in the leaf values.
    public var trees: [LightGBMTree]
    /// The categories of each pandas column of type `category`, when it was trained on some.
    public var pandasCategoryCounts: [Int]

    /// The number of iterations.
    public var iterationCount: Int { trees.count / outputCount }
}

/// One tree.
///
/// Inner nodes are numbered from 0, the root, leaves from 0 as well; a child is an inner node's number, or ~number of a leaf.
/// Every node can be reached from the root on exactly one way. A tree of a single leaf has no inner nodes.
public struct LightGBMTree: Sendable, Equatable {
    /// What a node does with a row.
    public struct Node: Sendable, Equatable {
        /// The column that is looked at, below the model's `featureCount`.
        public var feature: Int
        /// How.
        public var test: Test
        /// The child for rows that pass.
        public var left: Int
        /// The child for the others.
        public var right: Int
    }

    /// The test of a node. Source: `NumericalDecision` and `CategoricalDecision` of `include/LightGBM/tree.h`, 3.3.5 to 4.7.0.
    public enum Test: Sendable, Equatable {
        /// Passed by x <= threshold in float64; the threshold may be infinite, where only missing values go right.
        case numeric(threshold: Double, missing: Missing, defaultLeft: Bool)
        /// Passed by x when it is cut off to a whole number c >= 0 and bit c % 32 of word c / 32 is set; never by NaN.
        case categorical([UInt32])
    }

    /// Which values of a numeric test are missing, and go where `defaultLeft` says.
    public enum Missing: Int, Sendable {
        /// None; NaN counts as 0.
        case none = 0
        /// Zeros, as `LightGBMModel.zeroRange` has them; NaN counts as 0.
        case zero = 1
        /// NaN.
        case notANumber = 2
    }

    /// The linear model of a leaf (`linear_tree`): constant + Σ coefficient · x in order, unless an x is NaN.
    public struct LinearLeaf: Sendable, Equatable {
        /// Finite.
        public var constant: Double
        /// Columns, below the model's `featureCount`.
        public var features: [Int]
        /// As many, finite.
        public var coefficients: [Double]
    }

    /// The inner nodes, one less than leaves.
    public var nodes: [Node]
    /// What each leaf gives; finite.
    public var leafValues: [Double]
    /// Per leaf its linear model; empty when the tree is not linear.
    public var linearLeaves: [LinearLeaf]
}

extension LightGBMModel {
    /// What counts as zero: `kZeroThreshold` of `include/LightGBM/meta.h`, a float32 widened to a float64.
    public static let zeroRange = -Double(Float(1e-35))...Double(Float(1e-35))
}

/// What a booster was trained for, as far as answers depend on it.
///
/// Source: `ConvertOutput` of the classes in `src/objective`, 3.3.5 to 4.7.0.
public enum LightGBMObjective: Sendable, Equatable {
    /// The raw score is the answer: regression, ranking.
    case identity
    /// sign(x) · x · x: regression with `reg_sqrt`.
    case signedSquare
    /// exp(x): poisson, gamma, tweedie.
    case exponential
    /// 1 / (1 + exp(-scale · x)) of each raw score: binary, multiclassova, cross_entropy. The scale is finite and above 0.
    case sigmoid(scale: Double)
    /// exp(x - max) / sum, added up in order: multiclass.
    case softmax
    /// log(1 + exp(x)) by `log1p`: cross_entropy_lambda.
    case softplus
}

/// What a text model may grow to.
public struct LightGBMLimits: Sendable, Equatable {
    /// Bytes of the text.
    public var maxBytes = 2 << 30
    /// Columns.
    public var maxFeatures = 1_000_000
    /// Raw scores of a row.
    public var maxOutputs = 100_000
    /// Leaves of a tree; LightGBM's own limit for `num_leaves`.
    public var maxLeaves = 131_072
    /// Trees.
    public var maxTrees = 1_000_000

    /// The usual limits.
    public init() {}
}
