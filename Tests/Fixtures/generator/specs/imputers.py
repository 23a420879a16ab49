"""Imputers and missing indicators, in every strategy, on float64, float32, whole and text columns."""

import numpy
import pandas
from generate import Model
from sklearn import compose, ensemble, impute, linear_model, pipeline, preprocessing, tree

import tables
from specs.encoders import final, pick, version


def holes(rng, width=None, rate=0.15, empty=False, **options):
    """Numeric columns with missing values; `empty` adds one that is missing throughout."""
    table = tables.numbers(rng, width=width, missing=rate, **options)
    if empty:
        table["empty"] = numpy.nan
    if rng.random() < 0.3:
        table = table.astype({name: numpy.float32 for name in table.columns if table[name].dtype == numpy.float64})
    return table


def asked(rng, table):
    rows = tables.requests(rng, table, missing=True)
    for name in table.columns:
        rows[name] = rows[name].astype(table[name].dtype)
        if table[name].dtype.kind == "f" and not table[name].isna().any():
            rows[name] = rows[name].fillna(table[name].iloc[0])
    return rows


def ending(rng, steps, table, kind):
    if rng.random() < 0.3:
        return Model(pipeline.make_pipeline(*steps), table, tables.target(rng, table, kind), asked(rng, table), "transform")
    estimator = final(rng, kind)
    method = "predict_proba" if hasattr(estimator, "predict_proba") and rng.random() < 0.5 else "predict"
    return Model(pipeline.make_pipeline(*steps, estimator), table, tables.target(rng, table, kind), asked(rng, table), method)


def simple(rng):
    empty = rng.random() < 0.3
    table = holes(rng, empty=empty)
    options = dict(strategy=pick(rng, "mean", "median", "most_frequent", "constant"), add_indicator=bool(rng.integers(2)))
    if options["strategy"] == "constant":
        options["fill_value"] = pick(rng, None, -1, 0.1, 7.5)
    if version() >= (1, 2):
        options["keep_empty_features"] = bool(rng.integers(2))
    steps = [impute.SimpleImputer(**options)]
    if rng.random() < 0.4:
        steps.append(pick(rng, preprocessing.StandardScaler(), preprocessing.MinMaxScaler(), preprocessing.RobustScaler(unit_variance=bool(rng.integers(2)))))
    return ending(rng, steps, table, pick(rng, "int2", "real", "int3"))


def number(rng):
    """A number stands for missing values."""
    table = tables.numbers(rng, kinds=("normal", "whole", "large"))
    for name in table.columns[1:]:
        table[name] = table[name].where(rng.random(len(table)) > 0.2, -999 if table[name].dtype.kind == "i" else -999.0)
    rows = table.iloc[rng.integers(0, len(table), 40)].reset_index(drop=True)
    strategy = pick(rng, "mean", "median", "most_frequent", "constant")
    steps = [impute.SimpleImputer(missing_values=pick(rng, -999, -999.0), strategy=strategy, add_indicator=bool(rng.integers(2)))]
    kind = pick(rng, "int2", "real")
    return Model(pipeline.make_pipeline(*steps, final(rng, kind)), table, tables.target(rng, table, kind), rows)


def whole(rng):
    """Whole numbers only: no value can be missing, and the type stays."""
    table = pandas.DataFrame({f"w{i}": rng.integers(-4, 9, size=120) for i in range(4)})
    if rng.random() < 0.5:
        table = table.astype(numpy.int32)
    steps = [impute.SimpleImputer(strategy=pick(rng, "mean", "median", "most_frequent", "constant"))]
    rows = table.iloc[rng.integers(0, len(table), 30)].reset_index(drop=True)
    return Model(pipeline.make_pipeline(*steps, final(rng, "int2")), table, tables.target(rng, table, "int2"), rows)


def texts(rng):
    table = tables.mixed(rng, texts=3, missing=0.2)
    names = list(table.columns[-3:])
    strategy = pick(rng, "most_frequent", "constant")
    imputer = impute.SimpleImputer(strategy=strategy, fill_value=pick(rng, None, "missing", "Übrig"), add_indicator=bool(rng.integers(2)))
    encoder = pick(
        rng,
        preprocessing.OneHotEncoder(handle_unknown="ignore"),
        preprocessing.OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1),
    )
    columns = compose.ColumnTransformer(
        [("t", pipeline.make_pipeline(imputer, encoder), names), ("n", impute.SimpleImputer(strategy="mean"), list(table.columns[:-3]))]
    )
    kind = pick(rng, "int2", "real")
    rows = tables.requests(rng, table, missing=True, unseen=True)
    return Model(pipeline.make_pipeline(columns, final(rng, kind)), table, tables.target(rng, table, kind), rows)


def indicator(rng):
    table = holes(rng)
    union = compose.ColumnTransformer(
        [
            ("i", impute.MissingIndicator(features=pick(rng, "missing-only", "all"), error_on_new=bool(rng.integers(2))), list(table.columns)),
            ("m", impute.SimpleImputer(), list(table.columns)),
        ]
    )
    rows = asked(rng, table)
    kind = pick(rng, "int2", "real")
    return Model(pipeline.make_pipeline(union, final(rng, kind)), table, tables.target(rng, table, kind), rows)


def nearest(rng):
    empty = rng.random() < 0.3
    table = tables.numbers(rng, width=int(rng.integers(3, 7)), missing=0.15, kinds=("normal", "skewed"))
    if empty:
        table["empty"] = numpy.nan
    options = dict(n_neighbors=int(rng.choice([1, 2, 5, 9])), weights="uniform", add_indicator=bool(rng.integers(2)))
    if version() >= (1, 2):
        options["keep_empty_features"] = bool(rng.integers(2))
    steps = [impute.KNNImputer(**options)]
    if rng.random() < 0.3:
        steps.insert(0, preprocessing.StandardScaler())
    if empty:
        steps = steps[-1:]
    model = ending(rng, steps, table, pick(rng, "int2", "real"))
    return apart(rng, model)


def apart(rng, model):
    """Copies of training rows have a distance of 0 but for rounding, and huge numbers distances that are rounding: both differ
    between processors, and a converted model refuses such rows."""
    for name in model.table.columns:
        lowest, highest = model.table[name].min(), model.table[name].max()
        noise = rng.normal(size=len(model.requests)) * (highest - lowest) / 50
        model.requests[name] = (model.requests[name].clip(lowest, highest) + noise).round(12)
    return model


def nearest_whole(rng):
    """Whole numbers have exact distances; ties are likely unless there are many columns."""
    table = pandas.DataFrame({f"w{i}": rng.integers(-900, 900, size=120).astype(float) for i in range(5)})
    for name in table.columns[1:]:
        table[name] = table[name].where(rng.random(len(table)) > 0.15)
    step = impute.KNNImputer(n_neighbors=int(rng.choice([1, 3, 5])), weights="uniform")
    return apart(rng, ending(rng, [step], table, pick(rng, "int2", "real")))


SPECS = {
    "imp_simple": simple,
    "imp_number": number,
    "imp_whole": whole,
    "imp_texts": texts,
    "imp_indicator": indicator,
    "imp_nearest": nearest,
    "imp_nearwhole": nearest_whole,
}
