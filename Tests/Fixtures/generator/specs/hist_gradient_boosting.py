"""HistGradientBoosting: losses, missing values, categories by number and by text, and steps before it."""

import numpy
import sklearn
from generate import Model
from sklearn import compose, ensemble, pipeline, preprocessing

import tables

VERSION = tuple(int(part) for part in sklearn.__version__.split(".")[:2])


def parameters(rng):
    return {
        "max_iter": int(rng.integers(1, 20)), "max_leaf_nodes": int(rng.integers(2, 24)), "min_samples_leaf": int(rng.integers(1, 15)),
        "learning_rate": float(rng.choice([0.05, 0.1, 1.0])), "max_bins": int(rng.choice([16, 255])),
        "l2_regularization": float(rng.choice([0.0, 1.0])), "random_state": int(rng.integers(1000)),
        "early_stopping": bool(rng.integers(4) == 0),
    }


def with_codes(rng, table):
    """Columns of whole numbers that count as categories, at odd places."""
    names = []
    for index in range(int(rng.integers(0, 3))):
        name = f"code{index}"
        codes = rng.integers(0, int(rng.choice([3, 12, 16])), size=len(table)).astype(float)
        if rng.random() < 0.5:
            codes[rng.random(len(table)) < 0.1] = numpy.nan
        table.insert(int(rng.integers(0, len(table.columns) + 1)), name, codes)
        names.append(name)
    return names


def asked(rng, table, names, missing):
    rows = tables.requests(rng, table, missing=missing)
    for name in names:
        values = table[name].iloc[rng.integers(0, len(table), len(rows))].to_numpy(copy=True)
        for row in range(len(values)):
            if rng.random() < 0.4:
                values[row] = rng.choice([-1.0, -0.5, 0.5, 2.9, 17.0, 255.0, 256.0, 257.0, -255.0, 1e6 + 1, 3e9, -3e9, numpy.nan])
        rows[name] = values
    for name in table.columns:
        if table[name].dtype != rows[name].dtype and table[name].dtype.kind == "i":
            rows[name] = rows[name].astype(table[name].dtype)
    return rows


def numeric(rng):
    missing = float(rng.choice([0.0, 0.2]))
    table = tables.numbers(rng, missing=missing)
    if rng.random() < 0.2:
        table = table.astype("float32")
    names = with_codes(rng, table)
    arguments = parameters(rng)
    if names:
        places = [table.columns.get_loc(name) for name in names]
        by_name = VERSION >= (1, 2) and rng.random() < 0.5
        arguments["categorical_features"] = names if by_name else [column in places for column in range(len(table.columns))]
    return table, names, arguments, asked(rng, table, names, missing > 0)


def regressor(rng):
    table, _, arguments, rows = numeric(rng)
    losses = ["squared_error", "absolute_error", "poisson", "quantile"] + (["gamma"] if VERSION >= (1, 3) else [])
    arguments["loss"] = str(rng.choice(losses))
    if arguments["loss"] == "quantile":
        arguments["quantile"] = 0.7
    target = tables.target(rng, table.fillna(0), "positive" if arguments["loss"] in ("poisson", "gamma") else "real")
    return Model(ensemble.HistGradientBoostingRegressor(**arguments), table, target, rows)


def classifier(rng):
    table, _, arguments, rows = numeric(rng)
    target = tables.target(rng, table.fillna(0), str(rng.choice(["bool", "int2", "int3", "text2", "text3", "odd"])))
    arguments["early_stopping"] = False  # rare classes
    method = str(rng.choice(["predict", "predict_proba", "decision_function"][: 2 if VERSION < (1, 2) else 3]))
    return Model(ensemble.HistGradientBoostingClassifier(**arguments), table, target, rows, method)


def native(rng):
    """Columns of texts that its own preprocessor encodes (1.4 on)."""
    if VERSION < (1, 4):
        return None
    missing = float(rng.choice([0.0, 0.15]))
    table = tables.mixed(rng, missing=missing)
    texts = [name for name in table if table[name].dtype == object]
    order = list(rng.permutation(table.columns))
    table = table[order]
    arguments = {**parameters(rng), "categorical_features": texts, "early_stopping": False}
    first = next(name for name in order if name not in texts)
    target = tables.target(rng, table[[first]].fillna(0), str(rng.choice(["text2", "int3"])))
    rows = tables.requests(rng, table, missing=missing > 0, unseen=True)
    return Model(ensemble.HistGradientBoostingClassifier(**arguments), table, target, rows, "predict_proba")


def encoded(rng):
    """Texts through an encoder first, whose columns are then categories."""
    table = tables.mixed(rng)
    texts = [name for name in table if table[name].dtype == object]
    encoder = preprocessing.OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=(-1, 99, numpy.nan)[int(rng.integers(3))])
    columns = compose.ColumnTransformer([("texts", encoder, texts)], remainder="passthrough")
    model = ensemble.HistGradientBoostingRegressor(**{**parameters(rng), "categorical_features": list(range(len(texts)))})
    rows = tables.requests(rng, table, unseen=True)
    return Model(pipeline.make_pipeline(columns, model), table, tables.target(rng, table, "real"), rows)


SPECS = {"hist_regressor": regressor, "hist_classifier": classifier, "hist_native": native, "hist_encoded": encoded}
