import Boosters
import Glibc
import Scoring

/// What an objective does before and after the trees: `base_score` becomes the score to begin with (`ProbToMargin`), and scores
/// become predictions (`PredTransform`).
///
/// Source: `src/objective/*.cu`, XGBoost 1.7.6 to 3.2.0.
struct XGBoostObjective {
    enum Link {
        case identity, logit, log
    }

    enum Transform {
        case identity, sigmoid
        /// `expf`.
        case exponential
        /// 1 where the score is above 0.
        case hinge
        case softmax
        /// The class of the largest score.
        case softmaxClass
    }

    let link: Link
    let transform: Transform

    /// Nil when the objective is not converted; `refusal` says why.
    init?(_ name: String, version: XGBoostModel.Version) {
        switch name {
        case "reg:squarederror", "reg:linear", "reg:squaredlogerror", "reg:pseudohubererror", "reg:absoluteerror",
            "reg:quantileerror", "binary:logitraw", "rank:pairwise", "rank:ndcg", "rank:map":
            self.init(.identity, .identity)
        case "reg:logistic", "binary:logistic": self.init(.logit, .sigmoid)
        case "count:poisson", "reg:gamma", "reg:tweedie", "survival:cox": self.init(.log, .exponential)
        // Both packages say `exp(float)`; nvcc finds `expf` for it, and the compiler of `xgboost-cpu`, which there is from 2.1 on, `exp`
        // (measured on 2.1.4, 3.0.5, 3.1.3 and 3.2.0).
        case "survival:aft" where version < .init(2, 1): self.init(.log, .exponential)
        case "binary:hinge": self.init(.identity, .hinge)
        case "multi:softprob": self.init(.identity, .softmax)
        case "multi:softmax": self.init(.identity, .softmaxClass)
        default: return nil
        }
    }

    /// Why there is no objective of this name.
    static func refusal(_ name: String) -> String {
        name == "survival:aft"
            ? "the packages `xgboost` and `xgboost-cpu` differ in the last bit of its predictions, and the model does not say which it is"
            : "its objective is not known"
    }

    private init(_ link: Link, _ transform: Transform) {
        self.link = link
        self.transform = transform
    }

    /// The score to begin with; nil where XGBoost itself refuses `base_score`, or clamps it from some version on.
    func margin(ofBase base: Float) -> Float? {
        switch link {
        case .identity: return base
        case .log:
            let margin = logf(base)
            return margin.isFinite ? margin : nil
        case .logit:
            // From 3.2 on values beyond these are clamped; before, they were used, or refused.
            guard base >= 1e-6, base <= 1 - Float(1e-6) else { return nil }
            return -logf(1 / base - 1)
        }
    }

    /// Predictions of scores, in float32.
    func predictions(_ scores: [Slot], into program: inout Program) throws -> [Slot] {
        switch transform {
        case .identity: return scores
        case .sigmoid:
            // 1 / (expf(min(-x, 88.7)) + 1 + 1e-16); adding 1e-16 to a float32 of 1 or more changes nothing.
            let limits = Array(repeating: Double(Float(-88.7)), count: scores.count)
            let bounded = try program.builder.scale(scores, steps: [.atLeast(limits)], width: .float32)
            return try program.builder.link(.sigmoid, bounded, width: .float32)
        case .exponential: return try program.builder.link(.exponential, scores, width: .float32)
        case .hinge: return try scores.map { score throws in try program.builder.threshold(score, above: 0) }
        case .softmax: return try program.builder.link(.orderedSoftmax, scores, width: .float32)
        case .softmaxClass: return [try program.builder.argmax(scores)]
        }
    }
}
