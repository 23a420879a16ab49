"""Boosting, bagging, isolation forests and dummies."""

import sklearn
from generate import Model
from sklearn import dummy, ensemble, linear_model, pipeline, preprocessing, tree

import tables

VERSION = tuple(int(part) for part in sklearn.__version__.split(".")[:2])
INNER = "estimator" if VERSION >= (1, 2) else "base_estimator"
LABELS = ["bool", "int2", "int3", "text2", "text3", "odd"]


def maybe_single(rng, table):
    """Columns of float32 alone, or one of truth values, now and then."""
    choice = rng.random()
    if choice < 0.1:
        return table.astype("float32")
    if choice < 0.2:
        last = table.columns[-1]
        return table.assign(**{last: table[last] > table[last].median()}) if len(table.columns) > 2 else table
    return table


def built(rng, estimator, table, kind, method="predict"):
    return Model(estimator, table, tables.target(rng, table, kind), tables.requests(rng, table), method)


def classifier_method(rng):
    return str(rng.choice(["predict", "predict_proba"]))


def gb_init(rng, is_classifier):
    if is_classifier:
        choice = rng.integers(6)
        return [
            None, None, "zero", linear_model.LogisticRegression(C=0.5), tree.DecisionTreeClassifier(max_depth=3),
            dummy.DummyClassifier(strategy="most_frequent"),
        ][choice]
    choice = rng.integers(5)
    return [
        None, None, "zero", tree.DecisionTreeRegressor(max_depth=3), dummy.DummyRegressor(strategy="quantile", quantile=0.3)
    ][choice]


def gb_classifier(rng):
    table = maybe_single(rng, tables.numbers(rng))
    kind = str(rng.choice(LABELS))
    losses = ["log_loss"]
    if kind in ("bool", "int2", "text2"):
        losses.append("exponential")
    estimator = ensemble.GradientBoostingClassifier(
        loss=str(rng.choice(losses)), learning_rate=float(rng.choice([0.1, 0.37, 1.0])), n_estimators=int(rng.integers(1, 25)),
        max_depth=int(rng.integers(1, 5)), subsample=float(rng.choice([1.0, 0.6])), init=gb_init(rng, True),
        max_features=str(rng.choice(["sqrt", "log2"])), random_state=0)
    return built(rng, estimator, table, kind, classifier_method(rng))


def gb_regressor(rng):
    table = maybe_single(rng, tables.numbers(rng))
    estimator = ensemble.GradientBoostingRegressor(
        loss=str(rng.choice(["squared_error", "absolute_error", "huber", "quantile"])),
        learning_rate=float(rng.choice([0.1, 0.37, 1.0])), n_estimators=int(rng.integers(1, 25)), max_depth=int(rng.integers(1, 5)),
        init=gb_init(rng, False), n_iter_no_change=rng.choice([None, 3]), random_state=0)
    return built(rng, estimator, table, str(rng.choice(["real", "positive", "count"])))


def base_classifier(rng, with_probabilities=False):
    choice = rng.integers(4)
    if choice == 0:
        return linear_model.LogisticRegression(C=0.3)
    if choice == 1:
        return pipeline.make_pipeline(preprocessing.StandardScaler(), linear_model.LogisticRegression())
    if choice == 2:
        return tree.ExtraTreeClassifier(max_depth=3, random_state=0)
    return tree.DecisionTreeClassifier(max_depth=int(rng.integers(1, 5)), random_state=0)


def base_regressor(rng):
    choice = rng.integers(3)
    if choice == 0:
        return linear_model.Ridge(alpha=0.1)
    if choice == 1:
        return pipeline.make_pipeline(preprocessing.StandardScaler(), linear_model.LinearRegression())
    return tree.DecisionTreeRegressor(max_depth=int(rng.integers(1, 6)), random_state=0)


def ada_classifier(rng):
    table = maybe_single(rng, tables.numbers(rng, kinds=("normal", "whole", "constant", "skewed")))
    arguments = {}
    if VERSION < (1, 6):
        arguments["algorithm"] = str(rng.choice(["SAMME", "SAMME.R"]))
    base = None if rng.random() < 0.4 else linear_model.LogisticRegression() if rng.random() < 0.3 else tree.DecisionTreeClassifier(
        max_depth=int(rng.integers(1, 4)))
    estimator = ensemble.AdaBoostClassifier(
        **{INNER: base}, n_estimators=int(rng.integers(1, 20)), learning_rate=float(rng.choice([1.0, 0.5])), random_state=0, **arguments)
    return built(rng, estimator, table, str(rng.choice(LABELS)), classifier_method(rng))


def ada_regressor(rng):
    table = maybe_single(rng, tables.numbers(rng))
    base = None if rng.random() < 0.4 else base_regressor(rng)
    estimator = ensemble.AdaBoostRegressor(
        **{INNER: base}, n_estimators=int(rng.integers(1, 30)), loss=str(rng.choice(["linear", "square", "exponential"])), random_state=0)
    return built(rng, estimator, table, str(rng.choice(["real", "positive", "count"])))


def bagging(rng, is_classifier):
    missing = 0.1 if rng.random() < 0.3 else 0.0
    table = maybe_single(rng, tables.numbers(rng, missing=missing, kinds=("normal", "whole", "constant", "skewed")))
    if is_classifier:
        base = None if rng.random() < 0.3 else base_classifier(rng)
        make, kind, method = ensemble.BaggingClassifier, str(rng.choice(LABELS)), classifier_method(rng)
    else:
        base = None if rng.random() < 0.3 else base_regressor(rng)
        make, kind, method = ensemble.BaggingRegressor, "real", "predict"
    estimator = make(
        **{INNER: base}, n_estimators=int(rng.integers(1, 20)), max_samples=float(rng.choice([1.0, 0.4])),
        max_features=float(rng.choice([1.0, 0.6])), bootstrap=bool(rng.integers(2)), bootstrap_features=bool(rng.integers(2)),
        random_state=0)
    return Model(estimator, table, tables.target(rng, table, kind), tables.requests(rng, table, missing=missing > 0), method)


def isolation(rng):
    missing = 0.1 if VERSION >= (1, 6) and rng.random() < 0.4 else 0.0
    table = maybe_single(rng, tables.numbers(rng, missing=missing))
    estimator = ensemble.IsolationForest(
        n_estimators=int(rng.integers(1, 20)), max_samples=[1, 2, 3, 50, "auto", 0.7][rng.integers(6)],
        contamination=["auto", 0.1, 0.3][rng.integers(3)], max_features=float(rng.choice([1.0, 0.6])), bootstrap=bool(rng.integers(2)),
        random_state=0)
    method = "predict" if rng.random() < 0.3 else "decision_function"
    requests = tables.requests(rng, table, missing=missing > 0 or rng.random() < 0.1)
    return Model(estimator, table, None, requests, method)


def dummies(rng):
    table = tables.mixed(rng)
    if rng.random() < 0.4:
        estimator = dummy.DummyRegressor(strategy=str(rng.choice(["mean", "median"])))
        return built(rng, estimator, table, "real")
    kind = str(rng.choice(LABELS))
    target = tables.target(rng, table, kind)
    arguments = {"strategy": str(rng.choice(["prior", "most_frequent", "constant", "uniform", "stratified"]))}
    if arguments["strategy"] == "constant":
        arguments["constant"] = target[0]
    return Model(dummy.DummyClassifier(**arguments, random_state=0), table, target, tables.requests(rng, table), classifier_method(rng))


SPECS = {
    "ens_gb_clf": gb_classifier,
    "ens_gb_reg": gb_regressor,
    "ens_ada_clf": ada_classifier,
    "ens_ada_reg": ada_regressor,
    "ens_bag_clf": lambda rng: bagging(rng, True),
    "ens_bag_reg": lambda rng: bagging(rng, False),
    "ens_iforest": isolation,
    "ens_dummy": dummies,
}
