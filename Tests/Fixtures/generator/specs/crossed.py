"""What crosses families: steps of every kind, one after the other, before final estimators of every kind, in all types of columns."""

import numpy
import pandas
from generate import Model
from sklearn import (
    calibration, compose, decomposition, discriminant_analysis, ensemble, feature_selection, impute, linear_model, multiclass,
    naive_bayes, neighbors, neural_network, pipeline, preprocessing, svm, tree,
)

import tables
from specs.encoders import pick, version

try:
    import lightgbm
    import xgboost
except ImportError:
    lightgbm = xgboost = None


def column_types(rng, table):
    """Some columns, or all of them, as float32, int32 and truth values."""
    table = table.copy()
    style = pick(rng, "as it is", "as it is", "as it is", "single", "mixed", "mixed", "flags", "whole")
    for name in table.columns:
        column = table[name]
        if column.dtype == object or column.isna().any():
            continue
        kind = {"as it is": "", "single": "float32", "flags": "bool", "whole": "int64"}.get(style) or (
            "" if style == "as it is" else pick(rng, "", "float32", "int32", "bool"))
        if kind == "bool":
            table[name] = column > column.median()
        elif kind.startswith("int"):
            table[name] = (column.clip(-1e6, 1e6) * (1 if column.dtype.kind == "i" else 3)).round().astype(kind)
        elif kind:
            table[name] = column.astype(kind)
    return table


def asked(rng, table, missing):
    rows = tables.requests(rng, table, missing=missing, unseen=True)
    for name in table.columns:
        if table[name].dtype.kind in "ib":
            rows[name] = rows[name].astype(table[name].dtype)
        elif table[name].dtype.kind == "f":
            if not table[name].isna().any() and not missing:
                rows[name] = rows[name].fillna(0.5)
            rows[name] = rows[name].astype(table[name].dtype)
    return rows


def number_step(rng):
    make = [
        lambda: preprocessing.StandardScaler(with_mean=bool(rng.integers(2))),
        lambda: preprocessing.MinMaxScaler(clip=bool(rng.integers(2))),
        preprocessing.MaxAbsScaler,
        preprocessing.RobustScaler,
        preprocessing.PowerTransformer,
        lambda: preprocessing.QuantileTransformer(n_quantiles=20, output_distribution=pick(rng, "uniform", "normal")),
        lambda: preprocessing.SplineTransformer(n_knots=4, degree=2, **(dict(sparse_output=bool(rng.integers(2))) if version() >= (1, 2) else {})),
        lambda: preprocessing.PolynomialFeatures(2, interaction_only=bool(rng.integers(2)), include_bias=bool(rng.integers(2))),
        lambda: decomposition.PCA(pick(rng, 1, 2), whiten=bool(rng.integers(2)), svd_solver="full"),
        lambda: preprocessing.KBinsDiscretizer(4, encode=pick(rng, "onehot", "onehot-dense", "ordinal")),
        lambda: preprocessing.Binarizer(threshold=pick(rng, 0.0, 0.5)),
        lambda: preprocessing.Normalizer(pick(rng, "l1", "l2", "max")),
        lambda: feature_selection.VarianceThreshold(),
        lambda: preprocessing.FunctionTransformer(pick(rng, numpy.cbrt, numpy.absolute, numpy.arctan, numpy.sign), validate=bool(rng.integers(2))),
        lambda: pipeline.make_union(
            preprocessing.StandardScaler(), pick(rng, decomposition.PCA(1, svd_solver="full"), preprocessing.KBinsDiscretizer(3), preprocessing.MinMaxScaler())),
        lambda: "passthrough",
        lambda: "passthrough",
        lambda: preprocessing.OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1),
    ]
    return "passthrough" if rng.random() < 0.3 else make[rng.integers(len(make))]()


def imputer(rng):
    return pick(
        rng, impute.SimpleImputer(strategy=pick(rng, "mean", "median", "most_frequent"), add_indicator=bool(rng.integers(2))),
        impute.SimpleImputer(strategy="constant", fill_value=pick(rng, 0, -1)), impute.SimpleImputer(), impute.SimpleImputer(strategy="median"),
        impute.KNNImputer(n_neighbors=2))


def columns(rng, table):
    texts = [name for name in table.columns if table[name].dtype == object]
    numbers = [name for name in table.columns if table[name].dtype != object]
    rng.shuffle(numbers)
    parts = []
    cut = int(rng.integers(1, len(numbers) + 1))
    for index, group in enumerate([numbers[:cut], numbers[cut:]]):
        if not group:
            continue
        steps = [imputer(rng)] if table[group].isna().any().any() and rng.random() < 0.8 else []
        steps += [number_step(rng) for _ in range(int(rng.integers(1, 3)))]
        parts.append((f"numbers{index}", pipeline.make_pipeline(*steps), group))
    if texts:
        encoder = pick(
            rng, preprocessing.OneHotEncoder(handle_unknown="ignore"),
            preprocessing.OneHotEncoder(handle_unknown="ignore", dtype=pick(rng, numpy.float32, numpy.int64)),
            preprocessing.OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1))
        parts.append(("texts", pipeline.make_pipeline(impute.SimpleImputer(strategy="most_frequent"), encoder), texts))
    weights = {parts[0][0]: pick(rng, 0.5, 2)} if rng.random() < 0.15 else None
    return compose.ColumnTransformer(parts, sparse_threshold=pick(rng, 0, 0.3, 1.0), transformer_weights=weights)


def steps(rng, table):
    made = []
    if any(table[name].dtype == object for name in table.columns) or rng.random() < 0.5:
        made.append(columns(rng, table))
        if rng.random() < 0.3:
            made.append(imputer(rng))
    elif table.isna().any().any() and rng.random() < 0.7:
        made.append(imputer(rng))
    for _ in range(int(rng.integers(0, 3))):
        made.append(number_step(rng))
    return made


def boosters(rng, is_classifier):
    names = ("XGBClassifier", "LGBMClassifier") if is_classifier else ("XGBRegressor", "LGBMRegressor")
    return [
        lambda: getattr(xgboost, names[0])(n_estimators=6, max_depth=3, n_jobs=1, tree_method=pick(rng, "hist", "exact")),
        lambda: getattr(lightgbm, names[1])(n_estimators=6, min_child_samples=3, num_leaves=7, n_jobs=1, verbose=-1, use_missing=bool(rng.random() < 0.8), zero_as_missing=bool(rng.random() < 0.2)),
    ]


def classifiers(rng):
    return [
        lambda: svm.SVC(kernel=pick(rng, "rbf", "linear", "poly"), max_iter=2000),
        lambda: svm.LinearSVC(),
        lambda: neighbors.KNeighborsClassifier(3, weights=pick(rng, "uniform", "distance")),
        lambda: neural_network.MLPClassifier((4,), max_iter=30, activation=pick(rng, "relu", "tanh", "logistic")),
        lambda: naive_bayes.GaussianNB(),
        lambda: naive_bayes.BernoulliNB(),
        lambda: discriminant_analysis.LinearDiscriminantAnalysis(),
        lambda: discriminant_analysis.QuadraticDiscriminantAnalysis(reg_param=0.1),
        lambda: linear_model.SGDClassifier(loss=pick(rng, "hinge", "modified_huber")),
        lambda: linear_model.LogisticRegression(),
        lambda: linear_model.RidgeClassifier(),
        lambda: tree.DecisionTreeClassifier(max_depth=4),
        lambda: ensemble.RandomForestClassifier(4, max_depth=4),
        lambda: ensemble.GradientBoostingClassifier(n_estimators=4),
        lambda: ensemble.HistGradientBoostingClassifier(max_iter=4),
        lambda: neighbors.NearestCentroid(),
        *boosters(rng, True),
        *boosters(rng, True),
    ]


def regressors(rng):
    return [
        lambda: svm.SVR(kernel=pick(rng, "rbf", "linear"), max_iter=2000),
        lambda: neighbors.KNeighborsRegressor(3, weights=pick(rng, "uniform", "distance")),
        lambda: neural_network.MLPRegressor((4,), max_iter=30),
        lambda: linear_model.LinearRegression(),
        lambda: linear_model.Ridge(),
        lambda: linear_model.ElasticNet(0.01),
        lambda: linear_model.SGDRegressor(),
        lambda: linear_model.HuberRegressor(),
        lambda: linear_model.TweedieRegressor(power=0, alpha=0.1),
        lambda: tree.DecisionTreeRegressor(max_depth=4),
        lambda: ensemble.ExtraTreesRegressor(4, max_depth=4),
        lambda: ensemble.GradientBoostingRegressor(n_estimators=4),
        lambda: ensemble.HistGradientBoostingRegressor(max_iter=4),
        *boosters(rng, False),
        *boosters(rng, False),
    ]


def one(rng, makers):
    return makers[rng.integers(len(makers))]()


def scaled(rng, estimator):
    return pipeline.make_pipeline(preprocessing.StandardScaler(with_mean=False), estimator) if rng.random() < 0.4 else estimator


def several(rng, makers):
    return [(f"e{index}", scaled(rng, one(rng, makers))) for index in range(int(rng.integers(2, 4)))]


def ensemble_classifier(rng):
    makers = classifiers(rng)
    return pick(
        rng,
        ensemble.VotingClassifier(several(rng, makers), voting=pick(rng, "soft", "hard"), weights=None),
        ensemble.StackingClassifier(several(rng, makers), one(rng, makers), cv=2, passthrough=bool(rng.integers(2)), stack_method=pick(rng, "auto", "auto", "predict")),
        ensemble.BaggingClassifier(one(rng, makers), 3, max_features=pick(rng, 0.7, 1.0)),
        calibration.CalibratedClassifierCV(one(rng, makers), method=pick(rng, "sigmoid", "isotonic"), cv=2),
        multiclass.OneVsRestClassifier(one(rng, makers)),
        multiclass.OneVsOneClassifier(one(rng, makers)),
        ensemble.AdaBoostClassifier(one(rng, makers), n_estimators=3),
    )


def ensemble_regressor(rng):
    makers = regressors(rng)
    return pick(
        rng,
        ensemble.VotingRegressor(several(rng, makers), weights=None),
        ensemble.StackingRegressor(several(rng, makers), one(rng, makers), cv=2, passthrough=bool(rng.integers(2))),
        ensemble.BaggingRegressor(one(rng, makers), 3, max_features=pick(rng, 0.7, 1.0)),
        ensemble.AdaBoostRegressor(one(rng, makers), n_estimators=3),
        compose.TransformedTargetRegressor(one(rng, makers), transformer=pick(rng, preprocessing.StandardScaler(), preprocessing.QuantileTransformer(n_quantiles=20))),
    )


def crossed(rng, is_ensemble, has_texts):
    missing = pick(rng, 0, 0, 0.1)
    table = (tables.mixed if has_texts else tables.numbers)(rng, rows=120, width=int(rng.integers(2, 6)), missing=missing)
    table = column_types(rng, table)
    kind = pick(rng, "int2", "int3", "text3", "real", "bool")
    target = tables.target(rng, table, kind)
    if kind == "real":
        final = ensemble_regressor(rng) if is_ensemble else one(rng, regressors(rng))
    else:
        if kind != "int2" and kind != "bool":
            target = numpy.unique(target, return_inverse=True)[1] if rng.random() < 0.7 else target
        final = ensemble_classifier(rng) if is_ensemble else one(rng, classifiers(rng))
    estimator = pipeline.make_pipeline(*steps(rng, table), final)
    if version() >= (1, 2) and rng.random() < 0.2:
        estimator.set_output(transform="pandas")
    method = "predict"
    choice = pick(rng, "predict", "predict_proba", "decision_function", "predict_proba")
    if kind != "real" and hasattr(final, choice):
        method = choice
    return Model(estimator, table, target, asked(rng, table, bool(missing) and rng.random() < 0.7), method)


def sums(rng):
    """Few distinct rows, whose sums and functions are equal but for rounding, before estimators that part what is equal from what is not."""
    rows = 120
    table = pandas.DataFrame({f"c{index}": rng.integers(0, 3, size=rows) * pick(rng, 1.0, 0.1, 0.7) for index in range(int(rng.integers(2, 5)))})
    step = pick(
        rng, decomposition.PCA(2, svd_solver="full"), decomposition.PCA(2, whiten=True, svd_solver="full"), decomposition.TruncatedSVD(1),
        preprocessing.PowerTransformer(), preprocessing.Normalizer(), preprocessing.FunctionTransformer(numpy.cbrt),
        discriminant_analysis.LinearDiscriminantAnalysis())
    final = [
        lambda: neighbors.KNeighborsClassifier(pick(rng, 1, 3), algorithm="kd_tree"),
        lambda: neighbors.KNeighborsClassifier(pick(rng, 1, 3), algorithm="ball_tree", weights="distance"),
        lambda: tree.DecisionTreeClassifier(),
        lambda: tree.ExtraTreeClassifier(),
        lambda: ensemble.HistGradientBoostingClassifier(max_iter=5, min_samples_leaf=1),
        lambda: ensemble.GradientBoostingClassifier(n_estimators=5, max_depth=6),
        lambda: lightgbm.LGBMClassifier(n_estimators=6, min_child_samples=1, min_data_in_bin=1, verbose=-1, n_jobs=1),
        lambda: xgboost.XGBClassifier(n_estimators=6, max_depth=6, n_jobs=1, tree_method=pick(rng, "hist", "exact"), min_child_weight=0),
        lambda: calibration.CalibratedClassifierCV(pick(rng, linear_model.LogisticRegression(), naive_bayes.GaussianNB()), method="isotonic", cv=2),
    ]
    kind = pick(rng, "int2", "int3")
    target = numpy.unique(tables.target(rng, table, kind), return_inverse=True)[1]
    asked_rows = table.drop_duplicates().sample(frac=1, random_state=0).reset_index(drop=True)
    return Model(pipeline.make_pipeline(step, one(rng, final)), table, target, asked_rows, pick(rng, "predict", "predict_proba"))


SPECS = {
    "crossed_sums": sums,
    "crossed_numbers": lambda rng: crossed(rng, False, False),
    "crossed_texts": lambda rng: crossed(rng, False, True),
    "crossed_ensembles": lambda rng: crossed(rng, True, False),
    "crossed_ensembles_texts": lambda rng: crossed(rng, True, True),
}
