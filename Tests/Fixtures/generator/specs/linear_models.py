"""Linear regressors and classifiers, with every parameter that changes a prediction."""

import numpy
import pandas
import sklearn
from generate import Model
from sklearn import cross_decomposition, linear_model, pipeline, preprocessing, svm

import tables

VERSION = tuple(int(part) for part in sklearn.__version__.split(".")[:2])
TARGETS = ["bool", "int2", "int3", "text2", "text3", "odd"]


def odd_types(rng, table):
    """The same table, sometimes with columns of float32, truth values or int32."""
    choice = rng.random()
    table = table.rename(columns=str)
    if choice < 0.15:
        return table.astype({name: "float32" for name in table.columns if table[name].dtype.kind == "f"})
    if choice < 0.3:
        table = table.copy()
        table["flag"] = rng.random(len(table)) < 0.4
    elif choice < 0.4:
        table = table.copy()
        table["int32"] = rng.integers(0, 9, len(table)).astype("int32")
    return table


def asked(rng, table, missing=0.1):
    """Requests of the same types; some hold missing values, which every linear model refuses."""
    rows = tables.requests(rng, table, missing=rng.random() < missing)
    return rows.astype({name: table[name].dtype for name in table.columns if table[name].dtype.kind == "f"})


def scaled(rng, estimator):
    choice = rng.random()
    if choice < 0.4:
        return estimator
    step = preprocessing.StandardScaler() if choice < 0.8 else preprocessing.MinMaxScaler()
    return pipeline.make_pipeline(step, estimator)


def regressor(make, targets=("real",), kinds=None, scale=True):
    def build(rng):
        arguments = {} if kinds is None else {"kinds": kinds}
        table = odd_types(rng, tables.numbers(rng, **arguments))
        kind = str(rng.choice(targets))
        if kind == "many":
            target = numpy.column_stack([tables.target(rng, table, "real") for _ in range(int(rng.integers(1, 4)))])
        elif kind == "column":
            target = tables.target(rng, table, "real").reshape(-1, 1)
        else:
            target = tables.target(rng, table, kind)
        estimator = make(rng)
        if estimator is None:
            return None
        return Model(scaled(rng, estimator) if scale else estimator, table, target, asked(rng, table))

    return build


def classifier(make, methods=("predict",), targets=TARGETS):
    def build(rng):
        table = odd_types(rng, tables.numbers(rng, kinds=("normal", "whole", "constant", "skewed")))
        estimator, method = make(rng), str(rng.choice(methods))
        if method == "predict_proba" and not hasattr(estimator, "predict_proba"):
            method = "predict"
        target = tables.target(rng, table, str(rng.choice(targets)))
        return Model(scaled(rng, estimator), table, target, asked(rng, table), method)

    return build


def one_of(rng, *makers):
    return makers[int(rng.integers(len(makers)))]()


def coordinate(rng):
    return one_of(
        rng,
        lambda: linear_model.Lasso(alpha=0.05),
        lambda: linear_model.ElasticNet(alpha=0.05, fit_intercept=bool(rng.integers(2))),
        lambda: linear_model.LassoCV(cv=3, n_alphas=5) if VERSION < (1, 7) else linear_model.LassoCV(cv=3, alphas=5),
        lambda: linear_model.ElasticNetCV(cv=3, l1_ratio=0.3),
    )


def tasks(rng):
    return one_of(
        rng,
        lambda: linear_model.MultiTaskLasso(alpha=0.05),
        lambda: linear_model.MultiTaskElasticNet(alpha=0.05),
        lambda: linear_model.MultiTaskLassoCV(cv=3),
        lambda: linear_model.MultiTaskElasticNetCV(cv=3),
    )


def angles(rng):
    return one_of(
        rng,
        lambda: linear_model.Lars(fit_intercept=bool(rng.integers(2))),
        lambda: linear_model.LassoLars(alpha=0.01),
        lambda: linear_model.OrthogonalMatchingPursuit(n_nonzero_coefs=2),
    )


def chosen_angles(rng):
    return one_of(
        rng,
        lambda: linear_model.LarsCV(cv=3),
        lambda: linear_model.LassoLarsCV(cv=3),
        lambda: linear_model.LassoLarsIC(criterion=str(rng.choice(["aic", "bic"]))),
        lambda: linear_model.OrthogonalMatchingPursuitCV(cv=3),
    )


def robust(rng):
    return one_of(
        rng,
        lambda: linear_model.HuberRegressor(max_iter=1000),
        lambda: linear_model.TheilSenRegressor(max_subpopulation=50, random_state=0),
        lambda: linear_model.RANSACRegressor(random_state=0, min_samples=20),
        lambda: linear_model.RANSACRegressor(linear_model.Ridge(), random_state=0, min_samples=20),
        lambda: linear_model.QuantileRegressor(alpha=0.01, solver="highs"),
    )


def descent(rng):
    losses = ["squared_error", "huber", "epsilon_insensitive", "squared_epsilon_insensitive"]
    return one_of(
        rng,
        lambda: linear_model.SGDRegressor(loss=str(rng.choice(losses)), average=bool(rng.integers(2))),
        lambda: linear_model.PassiveAggressiveRegressor(),
        lambda: svm.LinearSVR(fit_intercept=bool(rng.integers(2))),
    )


def generalized(rng):
    return one_of(
        rng,
        lambda: linear_model.PoissonRegressor(max_iter=300),
        lambda: linear_model.GammaRegressor(max_iter=300),
        lambda: linear_model.TweedieRegressor(power=float(rng.choice([0, 1, 1.5, 2, 3]))),
        lambda: linear_model.TweedieRegressor(power=0, link="log"),
        lambda: linear_model.TweedieRegressor(power=1.5, link="identity"),
    )


def least_squares(rng):
    kind = str(rng.choice(["normal", "large", "small"]))
    kinds = {"normal": ("normal", "whole"), "large": ("large",), "small": ("small",)}[kind]
    table = odd_types(rng, tables.numbers(rng, width=int(rng.integers(3, 7)), kinds=kinds))
    several = rng.random() < 0.4
    target = tables.target(rng, table, "real")
    if several:
        target = numpy.column_stack([target, tables.target(rng, table, "real")])
    maker = [cross_decomposition.PLSRegression, cross_decomposition.PLSCanonical, cross_decomposition.CCA][int(rng.integers(3)) if several else 0]
    estimator = maker(n_components=int(rng.integers(1, 3)) if maker is not cross_decomposition.CCA else 1, scale=bool(rng.integers(2)))
    return Model(estimator, table, target, asked(rng, table))


def sgd(rng):
    losses = ["hinge", "log_loss", "log_loss", "modified_huber", "modified_huber", "squared_hinge", "perceptron", "huber"]
    loss = str(rng.choice(losses))
    return linear_model.SGDClassifier(loss=loss, average=bool(rng.integers(2)), fit_intercept=bool(rng.integers(2)))


def plain_classifiers(rng):
    return one_of(
        rng,
        lambda: linear_model.Perceptron(),
        lambda: linear_model.PassiveAggressiveClassifier(),
        lambda: svm.LinearSVC(multi_class=str(rng.choice(["ovr", "crammer_singer"])), fit_intercept=bool(rng.integers(2))),
        lambda: linear_model.RidgeClassifier(class_weight=None if rng.integers(2) else "balanced"),
        lambda: linear_model.RidgeClassifierCV(),
    )


def indicators(rng):
    table = tables.numbers(rng, kinds=("normal", "whole"))
    target = numpy.column_stack([tables.target(rng, table, "int2") for _ in range(int(rng.integers(2, 5)))])
    return Model(linear_model.RidgeClassifier(), table, target, tables.requests(rng, table))


def one_class(rng):
    table = odd_types(rng, tables.numbers(rng, kinds=("normal", "whole")))
    return Model(linear_model.SGDOneClassSVM(nu=float(rng.choice([0.1, 0.5])), random_state=0), table, None, asked(rng, table))


def far_away(rng):
    """Every class is impossible for some rows, so that their probabilities add up to 0."""
    table = tables.numbers(rng, width=3, kinds=("normal",))
    rows = tables.requests(rng, table) * numpy.where(rng.random((40, 1)) < 0.5, 1e6, 1)
    loss = str(rng.choice(["log_loss", "modified_huber"]))
    estimator = linear_model.SGDClassifier(loss=loss, random_state=0)
    return Model(estimator, table, tables.target(rng, table, str(rng.choice(["int2", "int3"]))), rows, "predict_proba")


def logistic(rng):
    return linear_model.LogisticRegression(C=float(rng.choice([0.1, 1, 10])), max_iter=300)


SPECS = {
    "linreg": regressor(lambda rng: linear_model.LinearRegression(fit_intercept=bool(rng.integers(2))), ("real", "many", "column")),
    "ridge": regressor(
        lambda rng: one_of(rng, lambda: linear_model.Ridge(alpha=float(rng.choice([0.1, 1, 10]))), linear_model.RidgeCV), ("real", "many")
    ),
    "coordinate": regressor(coordinate),
    "tasks": regressor(tasks, ("many",)),
    "angles": regressor(angles, ("real", "many"), ("normal", "large", "whole")),
    "chosen_angles": regressor(chosen_angles, ("real",), ("normal", "whole")),
    "bayes_linear": regressor(lambda rng: one_of(rng, linear_model.BayesianRidge, linear_model.ARDRegression), kinds=("normal", "whole")),
    "robust": regressor(robust, kinds=("normal", "whole", "skewed")),
    "descent": regressor(descent, kinds=("normal", "whole")),
    "generalized": regressor(generalized, ("positive",), ("normal", "whole", "constant")),
    "pls": least_squares,
    "logreg": classifier(logistic, ("predict", "predict_proba")),
    "sgdclf": classifier(sgd, ("predict", "predict_proba", "predict_proba")),
    "linclf": classifier(plain_classifiers),
    "ridge_indicators": indicators,
    "sgd_oneclass": one_class,
    "sgd_far": far_away,
}
