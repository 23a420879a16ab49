"""Support vector machines with every kernel, dense and sparse, with and without probabilities."""

import numpy
from generate import Model
from sklearn import compose, pipeline, preprocessing, svm

import tables


def kernel(rng):
    name = str(rng.choice(["linear", "rbf", "poly", "sigmoid"]))
    arguments = {"kernel": name}
    if name == "poly":
        arguments["degree"] = int(rng.choice([0, 1, 2, 3, 4, 7]))
    if name in ("poly", "sigmoid"):
        arguments["coef0"] = float(rng.choice([0, 0.5, -0.25]))
    arguments["gamma"] = [("scale"), ("auto"), 0.1][int(rng.integers(3))]
    return arguments


def narrow(rng, table):
    """All columns as float32, at times."""
    return table.astype("float32") if rng.random() < 0.2 else table


def requests(rng, table):
    """Rows to ask, in the table's types, as MLflow hands them over."""
    return tables.requests(rng, table).astype(table.dtypes.to_dict())


def scaled(rng, estimator, table):
    if table.shape[1] > 2 and rng.random() < 0.3:
        # A sparse table, so that libsvm is fitted on one.
        encoder = preprocessing.OneHotEncoder(handle_unknown="ignore")
        table["word"] = rng.choice(["a", "b", "ü", "d", "e", "f", "g", "h"], size=len(table))
        table["other"] = rng.choice(list("abcdefgh"), size=len(table))
        first = list(table.columns[:1])
        step = compose.ColumnTransformer(
            [("words", encoder, ["word", "other"]), ("number", preprocessing.MaxAbsScaler(), first)], sparse_threshold=1.0)
        return pipeline.make_pipeline(step, estimator), table
    return pipeline.make_pipeline(preprocessing.StandardScaler(), estimator), table


def classifier(rng):
    kind = str(rng.choice(["bool", "int2", "int3", "text2", "text3", "odd"]))
    table = narrow(rng, tables.numbers(rng, kinds=("normal", "whole", "constant", "large")))
    target = tables.target(rng, table, kind)
    method = str(rng.choice(["predict", "predict", "decision_function"]))
    shape = str(rng.choice(["ovr", "ovo"]))
    arguments = dict(kernel(rng), decision_function_shape=shape, break_ties=bool(shape == "ovr" and rng.integers(2)))
    if rng.random() < 0.3 and kind != "odd":
        estimator = svm.NuSVC(nu=0.2, **arguments)
    else:
        estimator = svm.SVC(C=float(rng.choice([0.1, 1, 30])), class_weight=[None, "balanced"][int(rng.integers(2))], **arguments)
    estimator, table = scaled(rng, estimator, table)
    return Model(estimator, table, target, requests(rng, table), method)


def probabilities(rng):
    kind = str(rng.choice(["bool", "int2", "int3", "text2", "text3"]))
    table = narrow(rng, tables.numbers(rng, kinds=("normal", "whole", "constant")))
    target = tables.target(rng, table, kind)
    base = svm.NuSVC(nu=0.3, probability=True, random_state=0, **kernel(rng))
    if rng.random() < 0.6:
        base = svm.SVC(C=float(rng.choice([0.1, 1, 30])), probability=True, random_state=0, **kernel(rng))
    estimator, table = scaled(rng, base, table)
    method = str(rng.choice(["predict", "predict_proba", "predict_proba"]))
    return Model(estimator, table, target, requests(rng, table), method)


def regressor(rng):
    table = narrow(rng, tables.numbers(rng, kinds=("normal", "whole", "constant")))
    target = tables.target(rng, table, "real")
    estimator = svm.SVR(C=float(rng.choice([0.1, 1, 10])), epsilon=0.2, **kernel(rng))
    if rng.random() < 0.4:
        estimator = svm.NuSVR(nu=0.3, **kernel(rng))
    estimator, table = scaled(rng, estimator, table)
    return Model(estimator, table, target, requests(rng, table))


def outliers(rng):
    table = tables.numbers(rng, kinds=("normal", "whole", "constant"))
    method = str(rng.choice(["predict", "decision_function"]))
    estimator, table = scaled(rng, svm.OneClassSVM(nu=0.2, **kernel(rng)), table)
    return Model(estimator, table, numpy.zeros(len(table)), requests(rng, table), method)


SPECS = {"svm_clf": classifier, "svm_proba": probabilities, "svm_reg": regressor, "svm_outliers": outliers}
