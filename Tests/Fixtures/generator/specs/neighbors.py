"""Nearest neighbours: trees and brute force, every metric, and training rows that lie equally near."""

import numpy
import pandas
from generate import Model
from sklearn import neighbors, pipeline, preprocessing

import tables


def parameters(rng, brute):
    arguments = {"n_neighbors": int(rng.choice([1, 2, 3, 5, 9, 20])), "weights": str(rng.choice(["uniform", "distance"]))}
    arguments["algorithm"] = "brute" if brute else str(rng.choice(["auto", "kd_tree", "ball_tree"]))
    arguments["leaf_size"] = int(rng.choice([2, 5, 30]))
    metrics = ["p2", "p1", "p3", "p1.5", "chebyshev", "manhattan", "euclidean"]
    if brute:
        metrics.remove("chebyshev")  # equal distances are too likely
    metric = str(rng.choice(metrics))
    if metric.startswith("p"):
        arguments["p"] = float(metric[1:]) if "." in metric else int(metric[1:])
    else:
        arguments["metric"] = metric
    return arguments


def grid(rng, table):
    """Whole numbers from few, so that many training rows are equal or equally near."""
    for index, name in enumerate(table.columns):
        table[name] = rng.integers(0, 4, size=len(table)).astype(float if index else int)
    return table


def prepared(rng, estimator):
    return pipeline.make_pipeline(preprocessing.StandardScaler(), estimator) if rng.random() < 0.3 else estimator


def table_of(rng, ties):
    table = tables.numbers(rng, rows=int(rng.choice([60, 160, 500])), width=int(rng.integers(2, 6)))
    return grid(rng, table) if ties else table


def near(asked, brute):
    """Far from zero the rounding of brute force decides, and such rows are refused: none for it."""
    for name in asked.columns if brute else []:
        if asked[name].dtype.kind == "f":
            asked[name] = asked[name].mask(asked[name].abs() > 1e6, 1.5)
    return asked


def classifier(brute=False, ties=False):
    def build(rng):
        table = table_of(rng, ties)
        kind = str(rng.choice(["bool", "int2", "int3", "text2", "text3"]))
        target = tables.target(rng, table, kind)
        estimator = prepared(rng, neighbors.KNeighborsClassifier(**parameters(rng, brute)))
        method = str(rng.choice(["predict", "predict_proba"]))
        asked = table.sample(40, random_state=0).reset_index(drop=True) if ties else near(tables.requests(rng, table), brute)
        return Model(estimator, table, target, asked, method)

    return build


def regressor(brute=False, ties=False):
    def build(rng):
        table = table_of(rng, ties)
        target = tables.target(rng, table, str(rng.choice(["real", "count"])))
        if rng.random() < 0.3:
            target = numpy.column_stack([target, target * 2 + 1])
        estimator = prepared(rng, neighbors.KNeighborsRegressor(**parameters(rng, brute)))
        asked = table.sample(40, random_state=0).reset_index(drop=True) if ties else near(tables.requests(rng, table), brute)
        return Model(estimator, table, target, asked)

    return build


def wide(rng):
    """`auto` searches more than 15 columns by brute force; some training rows stand there twice, with the same target."""
    table = tables.numbers(rng, rows=int(rng.choice([60, 200])), width=int(rng.integers(16, 22)))
    table = pandas.concat([table, table.head(int(rng.integers(0, 20)))], ignore_index=True)
    arguments = {"n_neighbors": int(rng.choice([1, 3, 5, 8])), "p": float(rng.choice([1, 2, 2, 2, 3]))}
    if arguments["p"] != 2 and rng.random() < 0.5:
        arguments["weights"] = "distance"
    if rng.random() < 0.5:
        target = numpy.asarray(tables.target(rng, table, str(rng.choice(["bool", "int3", "text2"]))))
        estimator = neighbors.KNeighborsClassifier(**arguments)
    else:
        target = numpy.asarray(tables.target(rng, table, "real"))
        estimator = neighbors.KNeighborsRegressor(**arguments)
    seen = {}
    target = numpy.asarray([seen.setdefault(tuple(row), value) for row, value in zip(table.to_numpy(), target)])
    steps = pipeline.make_pipeline(preprocessing.StandardScaler(), estimator) if rng.random() < 0.7 else estimator
    asked = pandas.concat([near(tables.requests(rng, table), True), table.tail(20)], ignore_index=True)
    method = str(rng.choice(["predict", "predict_proba"])) if hasattr(estimator, "predict_proba") else "predict"
    return Model(steps, table, target, asked, method)


SPECS = {
    "knn_clf": classifier(),
    "knn_clf_ties": classifier(ties=True),
    "knn_clf_brute": classifier(brute=True),
    "knn_reg": regressor(),
    "knn_reg_ties": regressor(ties=True),
    "knn_reg_brute": regressor(brute=True),
    "knn_wide": wide,
}
