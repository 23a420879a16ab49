"""Ordinary least squares and its penalised kin, and logistic regression."""

from generate import Model
from sklearn import linear_model, pipeline, preprocessing

import tables


def regressor(make):
    def build(rng):
        table = tables.numbers(rng)
        target = tables.target(rng, table, "real")
        return Model(make(rng), table, target, tables.requests(rng, table))

    return build


def logistic(rng):
    table = tables.numbers(rng, kinds=("normal", "whole", "constant"))
    kind = str(rng.choice(["bool", "int2", "int3", "text2", "text3", "odd"]))
    estimator = pipeline.make_pipeline(preprocessing.StandardScaler(), linear_model.LogisticRegression(C=float(rng.choice([0.1, 1, 10]))))
    method = str(rng.choice(["predict", "predict_proba"]))
    return Model(estimator, table, tables.target(rng, table, kind), tables.requests(rng, table), method)


SPECS = {
    "linreg": regressor(lambda rng: linear_model.LinearRegression(fit_intercept=bool(rng.integers(2)))),
    "ridge": regressor(lambda rng: linear_model.Ridge(alpha=float(rng.choice([0.1, 1, 10])))),
    "logreg": logistic,
}
