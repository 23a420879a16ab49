"""Encoders of categories: one-hot, ordinal and by target, on texts, numbers and truth values, with rare, unknown and missing ones."""

import warnings

import numpy
import pandas
from generate import Model
from sklearn import compose, ensemble, linear_model, pipeline, preprocessing, tree

import tables

try:
    TargetEncoder = preprocessing.TargetEncoder
except AttributeError:
    TargetEncoder = None


def version():
    import sklearn

    return tuple(int(part) for part in sklearn.__version__.split(".")[:2])


def pick(rng, *choices):
    return choices[int(rng.integers(len(choices)))]


def categories(rng, rows=160, missing=0.0, none=False, floats=True):
    """A table of texts, whole numbers, truth values and a few distinct fractions, some of them rare."""
    columns = {}
    for index in range(int(rng.integers(2, 5))):
        name = tables.NAMES[index]
        kind = pick(rng, "text", "text", "whole", "flag", "fraction", "single") if floats else "text"
        weights = rng.exponential(size=6) ** 2
        if kind == "text":
            words = numpy.array(list(rng.permutation(tables.WORDS))[:6], dtype=object)
            values = rng.choice(words, size=rows, p=weights / weights.sum())
            if missing:
                values = numpy.where(rng.random(rows) < missing, None if none else numpy.nan, values)
            values = pandas.Series(values, dtype=object)
        elif kind == "whole":
            values = rng.choice(numpy.array([-3, 0, 1, 7, 10**6, 2**40]), size=rows, p=weights / weights.sum())
        elif kind == "flag":
            values = rng.random(rows) < 0.3
        elif kind == "fraction":
            values = rng.choice(numpy.array([0.1, -2.5, 1e9, 3.0, 0.0, 1 / 3]), size=rows, p=weights / weights.sum())
            if missing and not none:
                values = numpy.where(rng.random(rows) < missing, numpy.nan, values)
        else:
            values = pandas.Series(["only"] * rows, dtype=object)
        columns[name] = values
    table = pandas.DataFrame(columns)
    table["x"] = rng.normal(size=rows)
    return table


def rows(rng, table, missing, unseen, none=False):
    asked = tables.requests(rng, table, missing=missing, unseen=unseen)
    for name in table.columns:
        if table[name].dtype.kind == "b":
            asked[name] = asked[name].astype(bool)
        if none and table[name].dtype == object:
            asked[name] = pandas.Series([None if isinstance(v, float) else v for v in asked[name]], dtype=object)
        if unseen and table[name].dtype.kind == "i":
            asked[name] = numpy.where(rng.random(len(asked)) < 0.1, 99, asked[name])
        if not unseen and name != "x" and table[name].dtype.kind == "f":
            asked[name] = rng.choice(table[name].to_numpy(), size=len(asked))
    return asked


def final(rng, target):
    is_class = target in ("int2", "int3", "text3", "bool")
    return pick(
        rng,
        (ensemble.RandomForestClassifier if is_class else ensemble.RandomForestRegressor)(5, max_depth=6, random_state=0),
        (tree.DecisionTreeClassifier if is_class else tree.DecisionTreeRegressor)(max_depth=5, random_state=0),
        linear_model.LogisticRegression(max_iter=200) if is_class else linear_model.Ridge(),
    )


def assemble(rng, encoder, table, asked, target, floats=True):
    """The encoder on all columns but the last, that one beside it; sometimes the encoder alone."""
    names = list(table.columns[:-1])
    values = tables.target(rng, table[["x"]], target)
    if rng.random() < 0.25 and not getattr(encoder, "sparse_output", False) and not getattr(encoder, "sparse", False):
        return Model(encoder, table[names], values, asked[names], "transform")
    columns = compose.ColumnTransformer([("encode", encoder, names)], remainder="passthrough", sparse_threshold=pick(rng, 0, 0.3, 1.0))
    estimator = final(rng, target)
    method = "predict_proba" if hasattr(estimator, "predict_proba") and rng.random() < 0.5 else "predict"
    return Model(pipeline.make_pipeline(columns, estimator), table, values, asked, method)


def onehot(rng):
    missing = pick(rng, 0, 0.1)
    none = bool(missing) and rng.random() < 0.3
    unseen = bool(rng.integers(2))
    table = categories(rng, missing=missing, none=none)
    sparse = {"sparse" if version() < (1, 2) else "sparse_output": bool(rng.integers(2))}
    unknown = ["ignore", "infrequent_if_exist", "error"] + (["warn"] if version() >= (1, 6) else [])
    options = dict(handle_unknown=pick(rng, *(unknown[:2] if unseen else unknown)), **sparse)
    if rng.random() < 0.5:
        options["drop"] = pick(rng, "first", "if_binary")
    if rng.random() < 0.5:
        options.update(pick(rng, dict(min_frequency=20), dict(max_categories=3), dict(min_frequency=0.1)))
    options["dtype"] = pick(rng, numpy.float64, numpy.float64, numpy.float32, int, "float32")
    if options["dtype"] is not numpy.float64 and version() < (1, 2):
        options["dtype"] = numpy.float64
    encoder = preprocessing.OneHotEncoder(**options)
    return assemble(rng, encoder, table, rows(rng, table, bool(missing), unseen, none), pick(rng, "int2", "int3", "real"))


def onehot_array_drop(rng):
    table = categories(rng)
    names = list(table.columns[:-1])
    drop = numpy.empty(len(names), dtype=object)
    for index, name in enumerate(names):
        drop[index] = table[name].iloc[int(rng.integers(len(table)))]
    encoder = preprocessing.OneHotEncoder(drop=drop, handle_unknown="ignore")
    return assemble(rng, encoder, table, rows(rng, table, False, True), pick(rng, "int2", "real"))


def onehot_array(rng):
    """After an imputer the encoder gets an array of one type."""
    from sklearn.impute import SimpleImputer

    table = tables.mixed(rng, texts=3, missing=0.15)
    texts = list(table.columns[-3:])
    numbers = list(table.columns[:-3])
    imputer = SimpleImputer(strategy=pick(rng, "constant", "most_frequent"), fill_value=None)
    branch = pipeline.make_pipeline(imputer, preprocessing.OneHotEncoder(handle_unknown="ignore", min_frequency=pick(rng, None, 10)))
    other = pipeline.make_pipeline(SimpleImputer(strategy="median"), preprocessing.StandardScaler())
    columns = compose.ColumnTransformer([("t", branch, texts), ("n", other, numbers)])
    asked = tables.requests(rng, table, missing=True, unseen=True)
    kind = pick(rng, "int3", "real")
    return Model(pipeline.make_pipeline(columns, final(rng, kind)), table, tables.target(rng, table, kind), asked)


def ordinal(rng):
    missing = pick(rng, 0, 0.1)
    none = bool(missing) and rng.random() < 0.3
    unseen = bool(rng.integers(2))
    table = categories(rng, missing=missing, none=none)
    options = dict(dtype=pick(rng, numpy.float64, numpy.float64, numpy.float32, numpy.int64))
    if unseen or rng.random() < 0.5:
        options.update(handle_unknown="use_encoded_value", unknown_value=pick(rng, -1, -7, 500))
        if options["dtype"] is numpy.float64 and rng.random() < 0.2 and version() >= (1, 4):
            options["unknown_value"] = numpy.nan
    if rng.random() < 0.5 or (missing and options["dtype"] is numpy.int64) or version() < (1, 4):
        options["encoded_missing_value"] = pick(rng, -2, -50, 900)
    if rng.random() < 0.5 and version() >= (1, 3):
        options.update(pick(rng, dict(min_frequency=20), dict(max_categories=3)))
    encoder = preprocessing.OrdinalEncoder(**options)
    model = assemble(rng, encoder, table, rows(rng, table, bool(missing), unseen, none), pick(rng, "int2", "int3", "real"))
    if str(options.get("unknown_value")) == "nan" and model.predict_fn != "transform":
        model.estimator.steps[-1] = ("final", tree.DecisionTreeRegressor(max_depth=4, random_state=0))
        model.predict_fn = "predict"
        model.target = tables.target(rng, table[["x"]], "real")
    return model


def target_encoder(rng):
    if TargetEncoder is None:
        return None
    missing = pick(rng, 0, 0.1)
    none = bool(missing) and rng.random() < 0.3
    table = categories(rng, missing=missing, none=none)
    kinds = ["int2", "bool", "real"] + (["int3", "text3"] if version() >= (1, 4) else [])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        encoder = TargetEncoder(smooth=pick(rng, "auto", 0.0, 3.0, 50.0), target_type=pick(rng, "auto"))
    asked = rows(rng, table, bool(missing), True, none)
    return assemble(rng, encoder, table, asked, pick(rng, *kinds))


SPECS = {
    "enc_onehot": onehot,
    "enc_ohdrop": onehot_array_drop,
    "enc_oharray": onehot_array,
    "enc_ordinal": ordinal,
    "enc_target": target_encoder,
}
