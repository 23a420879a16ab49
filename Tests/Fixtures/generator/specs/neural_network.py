"""Multilayer perceptrons with every activation."""

import numpy
import sklearn
from generate import Model
from sklearn import neural_network, pipeline, preprocessing

import tables

VERSION = tuple(int(part) for part in sklearn.__version__.split(".")[:2])


def shape(rng):
    return {
        "hidden_layer_sizes": [(5,), (7, 4), (3, 3, 3), (20,)][int(rng.integers(4))],
        "activation": str(rng.choice(["identity", "logistic", "tanh", "relu"])),
        "solver": str(rng.choice(["adam", "sgd", "lbfgs"])),
        "max_iter": 30,
        "random_state": 0,
    }


def table_and_requests(rng):
    table = tables.numbers(rng, kinds=("normal", "whole", "constant", "skewed"))
    scaler = preprocessing.StandardScaler() if rng.random() < 0.8 else "passthrough"
    return table, tables.requests(rng, table), scaler


def classifier(rng):
    table, asked, scaler = table_and_requests(rng)
    kind = str(rng.choice(["bool", "int2", "int3", "text2", "text3", "odd"]))
    estimator = pipeline.Pipeline([("scale", scaler), ("net", neural_network.MLPClassifier(**shape(rng)))])
    method = str(rng.choice(["predict", "predict_proba"]))
    return Model(estimator, table, tables.target(rng, table, kind), asked, method)


def regressor(rng):
    table, asked, scaler = table_and_requests(rng)
    arguments = shape(rng)
    kind = "real"
    if VERSION >= (1, 7) and rng.random() < 0.3:
        arguments["loss"], kind = "poisson", "count"
    target = tables.target(rng, table, kind)
    if rng.random() < 0.3:
        target = numpy.column_stack([target, target * 2 + 1])
    estimator = pipeline.Pipeline([("scale", scaler), ("net", neural_network.MLPRegressor(**arguments))])
    return Model(estimator, table, target, asked)


SPECS = {"mlp_clf": classifier, "mlp_reg": regressor}
