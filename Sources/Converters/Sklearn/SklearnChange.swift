/// A change in scikit-learn that decides what a fitted model answers, or how it is stored.
///
/// This is the one table of versions. A converter asks `estimator.has(.change)` and never compares versions itself, so what a
/// new release needs is seen here. The files are scikit-learn's, below `sklearn/`.
struct SklearnChange {
    /// The first release that behaves in the new way.
    let since: SklearnVersion

    private init(_ major: Int, _ minor: Int) { since = .release(major, minor) }

    // MARK: 1.2

    /// `OneHotEncoder`: the parameter `sparse` is called `sparse_output` (`preprocessing/_encoders.py`).
    static let sparseOutputName = SklearnChange(1, 2)
    /// `CalibratedClassifierCV`: a part's `base_estimator` is called `estimator` (`calibration.py`).
    static let calibratedEstimatorName = SklearnChange(1, 2)
    /// `HistGradientBoosting*`: category codes below zero are looked for (`ensemble/_hist_gradient_boosting/_predictor.pyx`).
    static let histogramChecksNegatives = SklearnChange(1, 2)
    /// `LogisticRegression`: `newton-cholesky` exists, and fits one class against the rest (`linear_model/_logistic.py`).
    static let newtonCholesky = SklearnChange(1, 2)

    // MARK: 1.3

    /// Trees take missing values when they are scored (`tree/_classes.py`, `_support_missing_values`).
    static let treesTakeMissing = SklearnChange(1, 3)
    /// Feature selectors leave a pandas table that stays one unchecked (`feature_selection/_base.py`).
    static let selectorsKeepTables = SklearnChange(1, 3)
    /// `KNNImputer(add_indicator=True)` has its indicators in every request (`impute/_knn.py`).
    static let imputerKeepsIndicators = SklearnChange(1, 3)
    /// `IsolationForest`: `max_samples_` is called `_max_samples` (`ensemble/_iforest.py`).
    static let isolationSamplesName = SklearnChange(1, 3)
    /// `SGDClassifier`: the loss `log` is called `log_loss` only (`linear_model/_stochastic_gradient.py`).
    static let logLossName = SklearnChange(1, 3)
    /// `PLS*`: `_coef_` is called `coef_` and is transposed (`cross_decomposition/_pls.py`).
    static let plsCoefficientsName = SklearnChange(1, 3)
    /// `AdaBoostClassifier`: SAMME takes a share from the classes that are not voted for (`ensemble/_weight_boosting.py`).
    static let adaBoostVotesAgainst = SklearnChange(1, 3)

    // MARK: 1.4

    /// Classification trees hold fractions, not counts of samples (`tree/_classes.py`, `predict_proba`).
    static let treesHoldFractions = SklearnChange(1, 4)
    /// Forests take missing values when they are scored (`ensemble/_forest.py`).
    static let forestsTakeMissing = SklearnChange(1, 4)
    /// `HistGradientBoosting*` encodes categories itself before the trees (`ensemble/_hist_gradient_boosting/gradient_boosting.py`).
    static let histogramPreprocessor = SklearnChange(1, 4)
    /// `GradientBoosting*` computes with the common loss functions (`ensemble/_gb.py`, `_loss/link.py`).
    static let boostingUsesCommonLosses = SklearnChange(1, 4)
    /// `PCA` takes sparse matrices (`decomposition/_pca.py`).
    static let sparsePCA = SklearnChange(1, 4)

    // MARK: 1.5

    /// `PCA` subtracts the projected mean after projecting, and keeps deviations from 0 (`decomposition/_base.py`).
    static let meanAfterProjection = SklearnChange(1, 5)
    /// `HistGradientBoostingClassifier.predict` compares raw scores (`ensemble/_hist_gradient_boosting/gradient_boosting.py`).
    static let histogramPredictsByScores = SklearnChange(1, 5)
    /// `PLS*.predict` does not divide by the deviations (`cross_decomposition/_pls.py`).
    static let plsKeepsScale = SklearnChange(1, 5)

    /// `TfidfTransformer` holds `idf_` as an array, no longer as a diagonal matrix (`feature_extraction/text.py`).
    static let idfIsArray = SklearnChange(1, 5)

    // MARK: 1.6

    /// `PowerTransformer(method="box-cox").inverse_transform` is SciPy's `inv_boxcox` (`preprocessing/_data.py`).
    static let boxCoxInverseOfSciPy = SklearnChange(1, 6)
    /// `OneHotEncoder(handle_unknown="warn")` exists (`preprocessing/_encoders.py`).
    static let unknownCategoriesWarn = SklearnChange(1, 6)
    /// Trees with random splits take missing values too (`tree/_classes.py`).
    static let randomSplitsTakeMissing = SklearnChange(1, 6)
    /// `LogisticRegression(solver="newton-cholesky")` fits all classes together (`linear_model/_logistic.py`).
    static let newtonCholeskyIsMultinomial = SklearnChange(1, 6)
    /// `AdaBoostClassifier` knows SAMME only (`ensemble/_weight_boosting.py`).
    static let adaBoostWithoutReal = SklearnChange(1, 6)
    /// `IsolationForest` takes missing values (`ensemble/_iforest.py`).
    static let isolationTakesMissing = SklearnChange(1, 6)
    /// `NearestCentroid` has priors (`neighbors/_nearest_centroid.py`).
    static let centroidPriors = SklearnChange(1, 6)
    /// `QuadraticDiscriminantAnalysis.predict_proba` subtracts the greatest score first (`discriminant_analysis.py`).
    static let discriminantsShiftScores = SklearnChange(1, 6)
    /// `KNNImputer` fills a column although some donors have no distance (`impute/_knn.py`).
    static let imputerSkipsUnrelated = SklearnChange(1, 6)

    // MARK: 1.7

    /// `MLPRegressor(loss="poisson")` answers by `exp` (`neural_network/_multilayer_perceptron.py`).
    static let networksAnswerByExp = SklearnChange(1, 7)
    /// `OneVsRestClassifier.predict_proba` leaves a row of zeros as it is (`multiclass.py`).
    static let oneVsRestKeepsZeros = SklearnChange(1, 7)

    // MARK: 1.8

    /// `LogisticRegression` has no `multi_class` any more (`linear_model/_logistic.py`).
    static let logisticWithoutMultiClass = SklearnChange(1, 8)
    /// `SimpleImputer(strategy="constant")` drops empty columns like the others (`impute/_base.py`).
    static let constantDropsEmpty = SklearnChange(1, 8)
    /// `GradientBoostingClassifier` keeps an `init`'s probabilities from 0 and 1 by float64's epsilon (`ensemble/_gb.py`).
    static let boostingPriorsInDouble = SklearnChange(1, 8)
    /// `StandardScaler` rounds mean and scale to the table's float width first (`preprocessing/_data.py`).
    static let scalerRoundsFirst = SklearnChange(1, 8)
    /// `OneVsRestClassifier.predict` takes the first of equal scores (`multiclass.py`).
    static let oneVsRestTakesFirst = SklearnChange(1, 8)

    // MARK: 1.9

    /// `SGDClassifier(loss="log_loss")` answers uniformly when all classes have probability 0 (`linear_model/_stochastic_gradient.py`).
    static let zeroProbabilitiesAreUniform = SklearnChange(1, 9)
    /// All trees take missing values, whatever their criterion (`tree/_classes.py`).
    static let everyTreeTakesMissing = SklearnChange(1, 9)
    /// `PowerTransformer(method="yeo-johnson")` computes by `expm1` and `log1p` (`preprocessing/_data.py`).
    static let yeoJohnsonByExponentials = SklearnChange(1, 9)
    /// `SVC.probability` may be `deprecated` (`svm/_base.py`).
    static let probabilityIsDeprecated = SklearnChange(1, 9)
}

extension Estimator {
    /// Whether the release that fitted the estimator has `change`.
    func has(_ change: SklearnChange) -> Bool { version >= change.since }
}
