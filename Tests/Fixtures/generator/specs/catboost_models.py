"""Models of CatBoost on numbers: losses, growing policies, missing values, labels of every type. Left out where CatBoost is not installed."""

import numpy
from generate import Model

import tables

try:
    import catboost
except ImportError:
    catboost = None


def parameters(rng):
    """Parameters that change how trees look or how they are summed."""
    chosen = {
        "iterations": int(rng.integers(1, 60)), "learning_rate": float(rng.choice([0.05, 0.3])), "verbose": 0,
        "allow_writing_files": False, "random_seed": int(rng.integers(1000)), "thread_count": 1,
        "grow_policy": str(rng.choice(["SymmetricTree", "SymmetricTree", "Depthwise", "Lossguide"])),
        "nan_mode": str(rng.choice(["Min", "Max"])), "border_count": int(rng.choice([3, 64, 254, 700])),
    }
    chosen["depth"] = int(rng.integers(1, 9)) if chosen["grow_policy"] != "Lossguide" else 6
    return chosen


def widths(rng, table):
    """Some float32 columns, whole columns and truth values."""
    for name in table.columns:
        kind = str(rng.choice(["as is", "as is", "float32", "whole", "flags"]))
        if kind == "float32":
            table[name] = table[name].astype("float32")
        elif kind == "whole" and not table[name].isna().any():
            table[name] = (table[name].to_numpy() * 1e4).round().clip(-1e15, 1e15).astype("int64")
        elif kind == "flags" and not table[name].isna().any():
            table[name] = table[name] > table[name].median()
    return table


def asked(rng, table, missing):
    rows = tables.requests(rng, table.astype({n: "float64" for n in table if table[n].dtype.kind == "f"}), missing=missing)
    for name in table.columns:
        rows[name] = rows[name].astype(table[name].dtype)
    return rows


def ask(model, rows):
    return model.predict(rows)


def made(rng, model, table, target, missing):
    """Trained on names or, now and then, on a bare array."""
    try:
        model.fit(table.to_numpy(dtype=float) if rng.random() < 0.2 else table, target)
    except catboost.CatBoostError as error:
        if "All features are either constant or ignored" in str(error):
            return None
        raise
    return Model(model, table, target, asked(rng, table, missing), flavor="catboost", ask=ask)


def regressor(rng):
    loss = str(rng.choice([
        "RMSE", "MAE", "Quantile:alpha=0.8", "MAPE", "Lq:q=3", "Huber:delta=1.0", "Expectile:alpha=0.3", "LogCosh", "Poisson",
        "Tweedie:variance_power=1.4", "MultiRMSE"]))
    missing = float(rng.choice([0.0, 0.2]))
    table = widths(rng, tables.numbers(rng, missing=missing))
    target = tables.target(rng, table, "positive" if loss[0] in "PT" or loss == "MAPE" else "real")
    if loss == "MultiRMSE":
        target = numpy.column_stack([target, -2 * numpy.asarray(target)])
    model = catboost.CatBoostRegressor(loss_function=loss, **parameters(rng))
    return made(rng, model, table, target, missing > 0 or rng.random() < 0.3)


def classifier(rng):
    kind = str(rng.choice(["bool", "int2", "int3", "text2", "text3"]))
    missing = float(rng.choice([0.0, 0.2]))
    table = widths(rng, tables.numbers(rng, missing=missing))
    chosen = parameters(rng)
    if kind.endswith("3"):
        chosen["loss_function"] = str(rng.choice(["MultiClass", "MultiClassOneVsAll"]))
    model = catboost.CatBoostClassifier(**chosen)
    return made(rng, model, table, tables.target(rng, table, kind), missing > 0)


def base(rng):
    table = tables.numbers(rng)
    model = catboost.CatBoost(dict(parameters(rng), loss_function="RMSE"))
    return made(rng, model, table, tables.target(rng, table, "real"), False)


SPECS = {"catboost_regressor": regressor, "catboost_classifier": classifier, "catboost_base": base} if catboost else {}
