"""Estimators made of others: searches, votes, stacks, calibration, classes and outputs one by one, selectors, unions, targets."""

import numpy
import sklearn
from generate import Model
from sklearn import (
    calibration, compose, dummy, ensemble, feature_selection, impute, isotonic, linear_model, model_selection, multiclass, multioutput,
    pipeline, preprocessing, tree,
)

import tables
from specs.ensembles import INNER, LABELS, VERSION, base_classifier, base_regressor, classifier_method, maybe_single

PLAIN = ("normal", "whole", "constant", "skewed")
CLASSES = ["bool", "int2", "int3", "text2", "text3"]


def forest_classifier(rng):
    return ensemble.RandomForestClassifier(n_estimators=int(rng.integers(2, 6)), max_depth=4, random_state=0)


def any_classifier(rng):
    return forest_classifier(rng) if rng.random() < 0.25 else base_classifier(rng)


def any_regressor(rng):
    return ensemble.RandomForestRegressor(n_estimators=3, max_depth=4, random_state=0) if rng.random() < 0.25 else base_regressor(rng)


def classified(rng, estimator, kinds=CLASSES, method=None, **arguments):
    table = maybe_single(rng, tables.numbers(rng, kinds=PLAIN, **arguments))
    kind = str(rng.choice(kinds))
    return Model(estimator, table, tables.target(rng, table, kind), tables.requests(rng, table), method or classifier_method(rng))


def regressed(rng, estimator, kind="real"):
    table = maybe_single(rng, tables.numbers(rng, kinds=PLAIN))
    return Model(estimator, table, tables.target(rng, table, kind), tables.requests(rng, table))


def search(rng):
    choice = rng.integers(4)
    folds = [3, model_selection.StratifiedKFold(3, shuffle=True, random_state=1), model_selection.ShuffleSplit(2, random_state=0)][rng.integers(3)]
    scoring = [None, "accuracy", "f1_macro", "neg_log_loss", "roc_auc_ovr"][rng.integers(5)]
    if choice == 0:
        estimator = model_selection.GridSearchCV(forest_classifier(rng), {"max_depth": [2, None]}, cv=folds, scoring=scoring)
    elif choice == 1:
        import scipy.stats

        steps = pipeline.make_pipeline(preprocessing.StandardScaler(), linear_model.LogisticRegression())
        estimator = model_selection.RandomizedSearchCV(
            steps, {"logisticregression__C": scipy.stats.loguniform(0.1, 10)}, n_iter=2, cv=folds, scoring=scoring, random_state=0)
    elif choice == 2:
        from sklearn.experimental import enable_halving_search_cv  # noqa: F401

        estimator = model_selection.HalvingGridSearchCV(tree.DecisionTreeClassifier(), {"max_depth": [1, 2, 3]}, cv=3, random_state=0)
    else:
        estimator = model_selection.GridSearchCV(
            tree.DecisionTreeClassifier(), {"max_depth": [2, 4]}, cv=3, scoring=["accuracy", "f1_macro"], refit="accuracy")
    return classified(rng, estimator)


def search_space(rng):
    """Searches whose parameter space holds distributions of SciPy, ranges and estimators, in every format."""
    from scipy import stats
    from sklearn.experimental import enable_halving_search_cv  # noqa: F401

    depths = [stats.randint(1, 6), stats.poisson(2, loc=1), stats.binom(4, 0.5, loc=1), stats.geom(0.4), range(1, 6)][rng.integers(5)]
    shares = [stats.uniform(0.1, 0.4), stats.loguniform(1e-3, 0.4), stats.beta(2, 9), stats.truncnorm(-1, 1, loc=0.2, scale=0.1)][rng.integers(4)]
    space = {"max_depth": depths, "min_samples_leaf": shares}
    if rng.random() < 0.3:
        space = [space, {"max_depth": [2, 3]}]
    arguments = dict(random_state=0, cv=3)
    if rng.random() < 0.3:
        estimator = model_selection.HalvingRandomSearchCV(tree.DecisionTreeClassifier(random_state=0), space, n_candidates=3, **arguments)
    else:
        estimator = model_selection.RandomizedSearchCV(tree.DecisionTreeClassifier(random_state=0), space, n_iter=3, **arguments)
    model = classified(rng, estimator)
    formats = ["pickle", "cloudpickle"] + (["skops"] if VERSION >= (1, 9) else [])
    model.save = dict(serialization_format=str(rng.choice(formats)))
    if model.save["serialization_format"] == "skops":
        from skops import io

        model.estimator.fit(model.table, model.target)
        try:
            model.save["skops_trusted_types"] = io.get_untrusted_types(data=io.dumps(model.estimator))
        except RecursionError:  # skops 0.16 writes no discrete distribution
            model.save = dict(serialization_format="cloudpickle")
    return model


def thresholds(rng):
    """Classes by a threshold of one's own, and classifiers that label rows for themselves."""
    kind = str(rng.choice(["bool", "int2", "text2"]))
    inner = any_classifier(rng)
    if rng.random() < 0.4 or VERSION < (1, 5):
        from sklearn import semi_supervised

        model = classified(rng, semi_supervised.SelfTrainingClassifier(linear_model.LogisticRegression()), kinds=["int2", "int3"])
        model.target = numpy.where(rng.random(len(model.table)) < 0.3, -1, numpy.asarray(model.target))
        return model
    if rng.random() < 0.5:
        threshold = ["auto", 0.3, 0.71][rng.integers(3)]
        response = str(rng.choice(["auto", "predict_proba"]))
        estimator = model_selection.FixedThresholdClassifier(inner, threshold=threshold, response_method=response)
    else:
        scoring = str(rng.choice(["balanced_accuracy", "accuracy"] + (["f1"] if kind == "int2" else [])))
        estimator = model_selection.TunedThresholdClassifierCV(inner, scoring=scoring, cv=3, thresholds=17, random_state=0)
    return classified(rng, estimator, kinds=[kind])


def select_boosting(rng):
    boosting = [ensemble.GradientBoostingClassifier, ensemble.GradientBoostingRegressor][rng.integers(2)](
        n_estimators=int(rng.integers(1, 6)), max_depth=2, random_state=0)
    threshold = [None, "median", "0.5*mean", 0.1][rng.integers(4)]
    first = feature_selection.SelectFromModel(boosting, threshold=threshold)
    return classified(rng, pipeline.make_pipeline(first, linear_model.LogisticRegression()), kinds=["int2", "int3"])


def union(rng):
    parts = [("scaled", preprocessing.StandardScaler()), ("ranged", preprocessing.MinMaxScaler())]
    if rng.random() < 0.5:
        parts.append(("raw", "passthrough"))
    if rng.random() < 0.3:
        parts.append(("gone", "drop"))
    if rng.random() < 0.4:
        parts.append(("kept", feature_selection.SelectKBest(k=1)))
    weights = {"scaled": 0.3, "raw": 2.0} if rng.random() < 0.5 else None
    if weights and not any(name == "raw" for name, _ in parts):
        weights.pop("raw")
    final = linear_model.LogisticRegression() if rng.random() < 0.5 else tree.DecisionTreeClassifier(max_depth=5)
    return classified(rng, pipeline.make_pipeline(pipeline.FeatureUnion(parts, transformer_weights=weights), final))


def sparse_union(rng):
    table = tables.mixed(rng, texts=2)
    words = [name for name in table.columns if table[name].dtype == object or str(table[name].dtype) in ("str", "string")]
    encode = compose.ColumnTransformer([("words", preprocessing.OneHotEncoder(handle_unknown="ignore"), words)])
    numbers = compose.ColumnTransformer([("numbers", preprocessing.StandardScaler(), [n for n in table.columns if n not in words])])
    parts = pipeline.FeatureUnion([("a", encode), ("b", numbers)], transformer_weights={"a": 0.5} if rng.random() < 0.5 else None)
    final = linear_model.LogisticRegression() if rng.random() < 0.5 else tree.DecisionTreeClassifier(max_depth=5)
    target = tables.target(rng, table, "int3")
    return Model(pipeline.make_pipeline(parts, final), table, target, tables.requests(rng, table, unseen=True), classifier_method(rng))


def selector(rng):
    choices = [
        lambda: feature_selection.SelectKBest(k=int(rng.integers(1, 3))),
        lambda: feature_selection.SelectKBest(k="all"),
        lambda: feature_selection.SelectPercentile(percentile=int(rng.choice([10, 25, 33, 50, 70, 90, 100]))),
        lambda: feature_selection.SelectFpr(alpha=0.3),
        lambda: feature_selection.SelectFdr(alpha=0.3),
        lambda: feature_selection.SelectFwe(alpha=0.3),
        lambda: feature_selection.GenericUnivariateSelect(mode="percentile", param=60),
        lambda: feature_selection.GenericUnivariateSelect(mode="k_best", param=2),
        lambda: feature_selection.VarianceThreshold(threshold=float(rng.choice([0.0, 0.5]))),
        lambda: feature_selection.SelectFromModel(forest_classifier(rng)),
        lambda: feature_selection.SelectFromModel(forest_classifier(rng), threshold="median"),
        lambda: feature_selection.SelectFromModel(tree.DecisionTreeClassifier(max_depth=4), threshold="1.25*mean"),
        lambda: feature_selection.SelectFromModel(ensemble.ExtraTreesClassifier(5, random_state=0), max_features=2, threshold=-numpy.inf),
        lambda: feature_selection.SelectFromModel(linear_model.LogisticRegression()),
        lambda: feature_selection.SelectFromModel(linear_model.LogisticRegression(penalty="l1", solver="liblinear", C=0.2)),
        lambda: feature_selection.SelectFromModel(linear_model.Lasso(alpha=0.05)),
        lambda: feature_selection.RFE(linear_model.LogisticRegression(), n_features_to_select=1),
        lambda: feature_selection.RFECV(tree.DecisionTreeClassifier(max_depth=3), cv=3),
        lambda: feature_selection.SequentialFeatureSelector(tree.DecisionTreeClassifier(max_depth=2), n_features_to_select=1, cv=2),
    ]
    made = choices[rng.integers(len(choices))]()
    final = linear_model.LogisticRegression() if rng.random() < 0.5 else tree.DecisionTreeClassifier(max_depth=5)
    estimator = pipeline.make_pipeline(made, final)
    if rng.random() < 0.2 and VERSION >= (1, 2):
        estimator.set_output(transform="pandas")
    if isinstance(made, (feature_selection.RFE, feature_selection.RFECV)) and rng.random() < 0.5:
        estimator = made
    kinds = ["int2", "int3", "bool"]
    table = maybe_single(rng, tables.numbers(rng, kinds=PLAIN, width=int(rng.integers(3, 8))))
    requests = tables.requests(rng, table, missing=rng.random() < 0.1)
    return Model(estimator, table, tables.target(rng, table, str(rng.choice(kinds))), requests, classifier_method(rng))


def transformed(rng):
    choice = rng.integers(7)
    arguments = [
        {"func": numpy.log1p, "inverse_func": numpy.expm1},
        {"func": numpy.log, "inverse_func": numpy.exp},
        {"func": numpy.sqrt, "inverse_func": numpy.square},
        {"transformer": preprocessing.StandardScaler()},
        {"transformer": preprocessing.MinMaxScaler(feature_range=(-1, 2))},
        {"transformer": preprocessing.RobustScaler()},
        {},
    ][choice]
    return regressed(rng, compose.TransformedTargetRegressor(any_regressor(rng), **arguments), "positive")


def voting(rng):
    parts = [(f"m{index}", any_classifier(rng)) for index in range(int(rng.integers(2, 5)))]
    weights = [None, [2, 1, 1, 1], [0.3, 0.3, 0.2, 0.1], [1, 0, 1, 2]][rng.integers(4)]
    kind = str(rng.choice(["hard", "soft"]))
    estimator = ensemble.VotingClassifier(parts, voting=kind, weights=weights and weights[: len(parts)])
    if rng.random() < 0.2 and len(parts) > 2:
        estimator.set_params(m1="drop")
    return classified(rng, estimator, LABELS, "predict" if kind == "hard" else None)


def voting_regressor(rng):
    parts = [(f"m{index}", any_regressor(rng)) for index in range(int(rng.integers(2, 5)))]
    weights = [None, [2, 1, 1, 1], [0.3, 0.3, 0.2, 0.1]][rng.integers(3)]
    return regressed(rng, ensemble.VotingRegressor(parts, weights=weights and weights[: len(parts)]))


def stacking(rng):
    parts = [(f"m{index}", any_classifier(rng)) for index in range(int(rng.integers(2, 4)))]
    final = [None, tree.DecisionTreeClassifier(max_depth=4), forest_classifier(rng)][rng.integers(3)]
    method = str(rng.choice(["auto", "predict_proba", "predict"]))
    estimator = ensemble.StackingClassifier(
        parts, final_estimator=final, cv=3, passthrough=bool(rng.integers(2)), stack_method=method)
    return classified(rng, estimator)


def stacking_regressor(rng):
    parts = [(f"m{index}", any_regressor(rng)) for index in range(int(rng.integers(2, 4)))]
    final = [linear_model.Ridge(), tree.DecisionTreeRegressor(max_depth=4)][rng.integers(2)]
    return regressed(rng, ensemble.StackingRegressor(parts, final_estimator=final, cv=3, passthrough=bool(rng.integers(2))))


def calibrated(rng):
    methods = ["sigmoid", "isotonic"] + (["temperature"] if VERSION >= (1, 8) else [])
    ensembles = {"ensemble": bool(rng.integers(2))}
    estimator = calibration.CalibratedClassifierCV(any_classifier(rng), method=str(rng.choice(methods)), cv=3, **ensembles)
    return classified(rng, estimator)


def rest(rng):
    choice = rng.integers(4)
    base = linear_model.Ridge() if choice == 0 else any_classifier(rng)
    estimator = multiclass.OneVsRestClassifier(base)
    if choice == 1:
        table = tables.numbers(rng, kinds=PLAIN)
        target = numpy.column_stack([tables.target(rng, table, "int2") for _ in range(3)])
        return Model(estimator, table, target, tables.requests(rng, table), classifier_method(rng))
    return classified(rng, estimator, LABELS, "predict" if choice == 0 else None)


def one(rng):
    return classified(rng, multiclass.OneVsOneClassifier(any_classifier(rng)), LABELS, str(rng.choice(["predict", "decision_function"])))


def outputs(rng):
    table = maybe_single(rng, tables.numbers(rng, kinds=PLAIN))
    requests = tables.requests(rng, table)
    if rng.random() < 0.4:
        target = numpy.column_stack([tables.target(rng, table, "real") for _ in range(2)])
        return Model(multioutput.MultiOutputRegressor(any_regressor(rng)), table, target, requests)
    kinds = [["int2", "int3"], ["text2", "text3"], ["bool", "bool"], ["int2", "int2"]][rng.integers(4)]
    columns = [numpy.asarray(tables.target(rng, table, kind)) for kind in kinds]
    target = numpy.column_stack([c.astype(object) for c in columns]) if kinds[0] == "text2" else numpy.column_stack(columns)
    return Model(multioutput.MultiOutputClassifier(any_classifier(rng)), table, target, requests, classifier_method(rng))


def chain(rng):
    table = maybe_single(rng, tables.numbers(rng, kinds=PLAIN))
    requests = tables.requests(rng, table)
    order = [None, "random", [2, 0, 1]][rng.integers(3)]
    if rng.random() < 0.4:
        target = numpy.column_stack([tables.target(rng, table, "real") for _ in range(3)])
        return Model(multioutput.RegressorChain(any_regressor(rng), order=order, random_state=0), table, target, requests)
    target = numpy.column_stack([tables.target(rng, table, "int2") for _ in range(3)])
    arguments = {"chain_method": str(rng.choice(["predict", "predict_proba"]))} if VERSION >= (1, 5) and rng.random() < 0.5 else {}
    estimator = multioutput.ClassifierChain(any_classifier(rng), order=order, random_state=0, **arguments)
    return Model(estimator, table, target, requests, classifier_method(rng))


def monotone(rng):
    table = tables.numbers(rng, width=1, kinds=("normal",))
    estimator = isotonic.IsotonicRegression(out_of_bounds=str(rng.choice(["clip", "nan", "raise"])), increasing="auto")
    return Model(estimator, table, tables.target(rng, table, "real"), tables.requests(rng, table))


def nested(rng):
    """Text columns, missing values and several layers."""
    table = tables.mixed(rng, texts=2, missing=0.1)
    words = [name for name in table.columns if table[name].dtype == object or str(table[name].dtype) in ("str", "string")]
    numbers = [name for name in table.columns if name not in words]
    # A missing text has no type that every MLflow can infer.
    table[words] = table[words].fillna("red").astype(object)
    requests = tables.requests(rng, table, missing=True, unseen=True)
    requests[words] = requests[words].fillna("never seen").astype(object)
    prepare = compose.ColumnTransformer([
        ("numbers", pipeline.make_pipeline(impute.SimpleImputer(strategy="median"), preprocessing.StandardScaler()), numbers),
        ("words", pipeline.make_pipeline(
            impute.SimpleImputer(strategy="most_frequent"), preprocessing.OneHotEncoder(handle_unknown="ignore")), words)])
    inner = [
        ensemble.GradientBoostingClassifier(n_estimators=5, random_state=0),
        ensemble.VotingClassifier([("a", linear_model.LogisticRegression()), ("b", forest_classifier(rng))], voting="soft"),
        ensemble.StackingClassifier([("a", linear_model.LogisticRegression()), ("b", forest_classifier(rng))], cv=3, passthrough=True),
        calibration.CalibratedClassifierCV(forest_classifier(rng), cv=3),
        ensemble.AdaBoostClassifier(n_estimators=5, random_state=0),
        ensemble.BaggingClassifier(n_estimators=5, random_state=0),
        multiclass.OneVsRestClassifier(linear_model.LogisticRegression()),
    ][rng.integers(7)]
    steps = pipeline.make_pipeline(prepare, inner)
    if rng.random() < 0.3:
        steps = ensemble.VotingClassifier([("a", steps), ("b", pipeline.make_pipeline(prepare, forest_classifier(rng)))], voting="soft")
    target = tables.target(rng, table, str(rng.choice(CLASSES)))
    return Model(steps, table, target, requests, classifier_method(rng))


SPECS = {
    "comp_search": search,
    "comp_space": search_space,
    "comp_threshold": thresholds,
    "comp_gbselect": select_boosting,
    "comp_union": union,
    "comp_sparse": sparse_union,
    "comp_select": selector,
    "comp_target": transformed,
    "comp_voting": voting,
    "comp_votingr": voting_regressor,
    "comp_stack": stacking,
    "comp_stackr": stacking_regressor,
    "comp_calib": calibrated,
    "comp_rest": rest,
    "comp_one": one,
    "comp_outputs": outputs,
    "comp_chain": chain,
    "comp_isotonic": monotone,
    "comp_nested": nested,
}
