import Pickle
import Scoring

/// `GridSearchCV`, `RandomizedSearchCV` and the halving searches: their `best_estimator_`.
///
/// What else they hold (results, folds, scorers, the distributions of SciPy 1.9 to 1.17) is looked through for names and not read. Rules from
/// `sklearn/model_selection/_search.py`, 1.1.3 to 1.9.1.
struct SearchConverter: Converter {
    static let classNames = [
        "sklearn.model_selection._search.GridSearchCV", "sklearn.model_selection._search.RandomizedSearchCV",
        "sklearn.model_selection._search_successive_halving.HalvingGridSearchCV",
        "sklearn.model_selection._search_successive_halving.HalvingRandomSearchCV",
    ]

    static let partNames = SearchParts.names

    let estimator: Estimator
    private let best: any Converter

    init(_ estimator: Estimator) throws {
        self.estimator = estimator
        guard let value = estimator["best_estimator_"] else {
            throw estimator.refuse(
                "it has no `best_estimator_`: it was not fitted, or not with `refit`",
                help: "search with `refit=True`, or log the estimator itself")
        }
        best = try ConverterCatalog.converter(for: try estimator.part(value, at: "best_estimator_"))
    }

    func usedColumns(names: [String]?, count: Int) throws -> Set<Int> {
        try best.usedColumns(names: names, count: count)
    }

    func has(_ method: PredictMethod) -> Bool { best.has(method) }

    func labels() throws -> LabelTable { try best.labels() }

    func answerType(_ method: PredictMethod) -> ElementType { best.answerType(method) }

    func transform(_ table: Table, into program: inout Program) throws -> Table {
        try best.transform(table, into: &program)
    }

    func answer(_ method: PredictMethod, _ table: Table, into program: inout Program) throws -> Answer {
        try best.answer(to: method, table, into: &program)
    }
}

/// `FrozenEstimator` (from 1.6): the estimator in it.
struct FrozenEstimatorConverter: Converter {
    static let classNames = ["sklearn.frozen._frozen.FrozenEstimator"]

    let estimator: Estimator
    private let inner: any Converter

    init(_ estimator: Estimator) throws {
        self.estimator = estimator
        let value = try estimator.required("estimator")
        inner = try ConverterCatalog.converter(for: try estimator.part(value, at: "estimator"))
    }

    func usedColumns(names: [String]?, count: Int) throws -> Set<Int> {
        try inner.usedColumns(names: names, count: count)
    }

    func has(_ method: PredictMethod) -> Bool { inner.has(method) }

    func labels() throws -> LabelTable { try inner.labels() }

    func answerType(_ method: PredictMethod) -> ElementType { inner.answerType(method) }

    func transform(_ table: Table, into program: inout Program) throws -> Table {
        try inner.transform(table, into: &program)
    }

    func answer(_ method: PredictMethod, _ table: Table, into program: inout Program) throws -> Answer {
        try inner.answer(to: method, table, into: &program)
    }
}

/// Names of what searches hold beside estimators.
enum SearchParts {
    static let names: [String: PickleUse] = {
        var names: [String: PickleUse] = [
            "numpy.ma.core._mareconstruct": [.call, .build], "numpy.ma.core.MaskedArray": [.value],
            "numpy.ma.MaskedArray": [.value], "sklearn.metrics._scorer._passthrough_scorer": [.value],
            "sklearn.utils._metadata_requests.MetadataRequest": [.new, .build],
            "sklearn.utils._metadata_requests.MethodMetadataRequest": [.new, .build],
            "scipy.stats._distn_infrastructure.rv_continuous_frozen": [.new, .build],
            "scipy.stats._distn_infrastructure.rv_discrete_frozen": [.new, .build],
        ]
        for name in ["_PassthroughScorer", "_PredictScorer", "_ProbaScorer", "_Scorer", "_ThresholdScorer"] {
            names["sklearn.metrics._scorer.\(name)"] = [.new, .build]
        }
        for name in folds { names["sklearn.model_selection._split.\(name)"] = [.new, .build] }
        for (module, functions) in scores {
            for name in functions { names["sklearn.metrics.\(module).\(name)"] = [.value] }
        }
        for name in distributions { names["scipy.stats._continuous_distns.\(name)_gen"] = [.new, .build] }
        // A discrete distribution holds its own method `_entropy`, which is looked up and never called.
        names["numpy.vectorize"] = [.new, .build]
        names["scipy.stats._distn_infrastructure.rv_discrete._entropy"] = [.bind, .value]
        for name in discreteDistributions {
            names["scipy.stats._discrete_distns.\(name)_gen"] = [.new, .build]
            names["scipy.stats._discrete_distns.\(name)_gen._entropy"] = [.bind, .value]
        }
        return names
    }()

    private static let folds = [
        "GroupKFold", "GroupShuffleSplit", "KFold", "LeaveOneGroupOut", "LeaveOneOut", "LeavePGroupsOut", "LeavePOut",
        "PredefinedSplit", "RepeatedKFold", "RepeatedStratifiedKFold", "ShuffleSplit", "StratifiedGroupKFold",
        "StratifiedKFold", "StratifiedShuffleSplit", "TimeSeriesSplit", "_CVIterableWrapper",
    ]

    private static let scores = [
        "_classification": [
            "accuracy_score", "balanced_accuracy_score", "brier_score_loss", "cohen_kappa_score", "f1_score",
            "fbeta_score", "jaccard_score", "log_loss", "matthews_corrcoef", "precision_score", "recall_score",
        ],
        "_ranking": ["average_precision_score", "roc_auc_score", "top_k_accuracy_score"],
        "_regression": [
            "explained_variance_score", "max_error", "mean_absolute_error", "mean_absolute_percentage_error",
            "mean_gamma_deviance", "mean_pinball_loss", "mean_poisson_deviance", "mean_squared_error",
            "mean_squared_log_error", "mean_tweedie_deviance", "median_absolute_error", "r2_score",
            "root_mean_squared_error", "root_mean_squared_log_error",
        ],
    ]

    private static let distributions = [
        "beta", "chi2", "expon", "gamma", "halfnorm", "invgamma", "laplace", "logistic", "lognorm", "norm", "pareto",
        "powerlaw", "reciprocal", "triang", "truncnorm", "uniform", "weibull_min",
    ]

    private static let discreteDistributions = [
        "bernoulli", "binom", "geom", "hypergeom", "logser", "nbinom", "poisson", "randint", "zipf",
    ]
}
