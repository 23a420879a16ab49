"""Boosters and estimators of LightGBM: objectives, boosting types, missing values, categories, linear leaves, and LightGBM in pipelines."""

import lightgbm
import numpy
from generate import Model
from sklearn import compose, impute, pipeline, preprocessing
from sklearn.ensemble import BaggingClassifier

import tables


def parameters(rng):
    """Parameters that change how trees look or how they are summed."""
    boosting = str(rng.choice(["gbdt", "gbdt", "dart", "rf", "goss"]))
    chosen = {
        "boosting_type": boosting, "n_estimators": int(rng.integers(1, 25)), "num_leaves": int(rng.integers(2, 24)),
        "learning_rate": float(rng.choice([0.05, 0.1, 0.5])), "min_child_samples": int(rng.integers(1, 12)),
        "verbose": -1, "n_jobs": 1, "random_state": int(rng.integers(1000)), "use_missing": bool(rng.integers(4)),
        "zero_as_missing": bool(rng.integers(4) == 0), "extra_trees": bool(rng.integers(4) == 0),
    }
    if boosting == "rf":
        chosen.update(subsample=0.7, subsample_freq=1, colsample_bytree=0.8)
    if chosen["num_leaves"] > 2 and rng.random() < 0.1:
        chosen["min_split_gain"] = 1e9  # trees of a single leaf
    return chosen


def widths(rng, table):
    """Some float32 columns, whole columns of 32 bits and truth values: they decide in which width LightGBM compares."""
    kind = str(rng.choice(["as is", "as is", "float32", "whole", "mixed", "flags"]))
    for name in table.columns:
        if kind == "float32":
            table[name] = table[name].astype("float32")
        elif kind == "whole":
            table[name] = numpy.nan_to_num(table[name].to_numpy() * 1e7).round().astype("int64")
        elif kind == "mixed" and not table[name].isna().any():
            table[name] = table[name].astype(str(rng.choice(["float32", "float64"])))
        elif kind == "flags" and rng.random() < 0.5 and not table[name].isna().any():
            table[name] = table[name] > table[name].median()
    return table


def asked(rng, table, missing):
    """Requests of the table's types, with the numbers at which LightGBM's idea of zero ends."""
    rows = tables.requests(rng, table.astype({n: "float64" for n in table if table[n].dtype.kind == "f"}), missing=missing)
    for name in table.columns:
        if table[name].dtype.kind == "f":
            values = rows[name].to_numpy(dtype=float, copy=True)
            for row in range(len(values)):
                if rng.random() < 0.08:
                    edge = float(numpy.float32(1e-35))
                    values[row] = rng.choice([edge, -edge, numpy.nextafter(edge, 1), numpy.nextafter(-edge, -1), 1e-36, -1e-36, 0.0])
            rows[name] = values
        rows[name] = rows[name].astype(table[name].dtype)
    return rows


def regressor(rng):
    objective = str(rng.choice([
        "regression", "regression_l1", "huber", "fair", "quantile", "mape", "poisson", "gamma", "tweedie", "sqrt",
        "cross_entropy", "cross_entropy_lambda"]))
    missing = float(rng.choice([0.0, 0.2]))
    table = widths(rng, tables.numbers(rng, missing=missing))
    target = tables.target(rng, table, "positive" if objective in ("poisson", "gamma", "tweedie", "mape") else "real")
    chosen = parameters(rng)
    if objective == "sqrt":
        objective, chosen["reg_sqrt"] = "regression", True
    if objective.startswith("cross"):
        target = 1 / (1 + numpy.exp(-target))
    if chosen["boosting_type"] == "rf" and objective in ("poisson", "gamma", "tweedie"):
        chosen["boosting_type"] = "gbdt"
    model = lightgbm.LGBMRegressor(objective=objective, **chosen)
    return Model(model, table, target, asked(rng, table, missing > 0), flavor=str(rng.choice(["lightgbm", "sklearn"])))


def classifier(rng):
    kind = str(rng.choice(["bool", "int2", "int3", "text2", "text3", "odd"]))
    missing = float(rng.choice([0.0, 0.2]))
    table = widths(rng, tables.numbers(rng, missing=missing))
    chosen = parameters(rng)
    is_multi = kind in ("int3", "text3", "odd")
    chosen["objective"] = str(rng.choice(["multiclass", "multiclassova", "softmax", "ova"])) if is_multi else str(rng.choice(["binary", "cross_entropy"]))
    if rng.random() < 0.3:
        chosen["sigmoid"] = 1.7
    if rng.random() < 0.3:
        chosen["class_weight"] = "balanced"
    flavor = str(rng.choice(["lightgbm", "sklearn"]))
    method = "predict" if flavor == "lightgbm" else str(rng.choice(["predict", "predict_proba"]))
    model = lightgbm.LGBMClassifier(**chosen)
    return Model(model, table, tables.target(rng, table, kind), asked(rng, table, missing > 0), method, flavor)


def stopped(rng):
    """Early stopping: the classes predict with the best iteration."""
    table = tables.numbers(rng)
    target = tables.target(rng, table, "text2")
    chosen = {**parameters(rng), "boosting_type": "gbdt", "n_estimators": 60, "learning_rate": 0.5}
    fit = {"eval_set": [(table.iloc[:50], target[::-1][:50])], "callbacks": [lightgbm.early_stopping(3, verbose=False)]}
    return Model(lightgbm.LGBMClassifier(**chosen), table, target, asked(rng, table, False), "predict_proba", fit=fit)


def ranker(rng):
    table = tables.numbers(rng)
    target = numpy.digitize(tables.target(rng, table, "real"), [0, 2])
    model = lightgbm.LGBMRanker(objective=str(rng.choice(["lambdarank", "rank_xendcg"])), n_estimators=8, min_child_samples=3, verbose=-1)
    return Model(model, table, target, asked(rng, table, False), flavor="lightgbm", fit={"group": [40] * 4})


def booster(rng):
    objective = str(rng.choice(["regression", "binary", "multiclass", "multiclassova", "cross_entropy", "own"]))
    missing = float(rng.choice([0.0, 0.2]))
    table = tables.numbers(rng, missing=missing)
    several = objective.startswith("multi")
    target = tables.target(rng, table, "int3" if several else "int2" if objective != "regression" else "real")
    if several:
        target = numpy.unique(target, return_inverse=True)[1]
    chosen = {key: value for key, value in parameters(rng).items() if key not in ("n_estimators", "n_jobs")}
    chosen.update(objective=objective, linear_tree=bool(rng.integers(2)) and chosen["boosting_type"] == "gbdt", num_threads=1)
    if several:
        chosen["num_class"] = 3
    if chosen["linear_tree"]:
        chosen["zero_as_missing"] = False
    codes = int(rng.integers(3))
    categorical = []
    for index in range(codes):
        name = f"code{index}"
        table[name] = rng.integers(-1 if rng.random() < 0.3 else 0, int(rng.choice([3, 40, 300])), size=len(table)).astype(float)
        target = target + (table[name].to_numpy() % 3 == 1) * 2 if objective == "regression" else target
        categorical.append(table.columns.get_loc(name))
    chosen.update(min_data_per_group=2, cat_smooth=1.0, max_cat_to_onehot=int(rng.choice([1, 4])))
    data = lightgbm.Dataset(table, target, categorical_feature=categorical or "auto", free_raw_data=False)
    own = {"objective": "none"} if objective == "own" else {}
    function = lambda scores, data: (scores - data.get_label(), numpy.ones_like(scores))  # noqa: E731
    rounds = int(rng.integers(1, 12))
    if own and lightgbm.__version__ < "4":
        fitted = lightgbm.train({**chosen, **own}, data, rounds, fobj=function)
    else:
        fitted = lightgbm.train({**chosen, **({"objective": function} if own else {})}, data, rounds)
    rows = asked(rng, table, missing > 0)
    for name in table.columns[len(table.columns) - codes:]:
        values = rows[name].to_numpy(copy=True)
        for row in range(len(values)):
            if rng.random() < 0.4:
                values[row] = rng.choice([-1.0, -0.5, 0.9, 31.0, 32.0, 500.0, 2.0**31, 1e12, -1e12])
        rows[name] = values
    return Model(fitted, table, target, rows, flavor="lightgbm", ask=lambda model, rows: model.predict(rows))


def linear(rng):
    missing = float(rng.choice([0.0, 0.2]))
    table = widths(rng, tables.numbers(rng, missing=missing))
    model = lightgbm.LGBMRegressor(
        linear_tree=True, n_estimators=int(rng.integers(1, 10)), num_leaves=int(rng.integers(2, 10)), verbose=-1, min_child_samples=5)
    return Model(model, table, tables.target(rng, table, "real"), asked(rng, table, missing > 0))


def in_pipeline(rng):
    missing = float(rng.choice([0.0, 0.15]))
    table = tables.mixed(rng, missing=missing)
    texts = [name for name in table if table[name].dtype == object]
    numbers = [name for name in table if name not in texts]
    encode = preprocessing.OneHotEncoder(handle_unknown="ignore") if rng.random() < 0.6 else preprocessing.OrdinalEncoder(
        handle_unknown="use_encoded_value", unknown_value=-1)
    columns = compose.ColumnTransformer([
        ("texts", pipeline.make_pipeline(impute.SimpleImputer(strategy="constant", fill_value="none"), encode), texts),
        ("numbers", preprocessing.StandardScaler() if rng.random() < 0.5 else "passthrough", numbers)],
        sparse_threshold=float(rng.choice([0, 0.3, 1])))
    kind = str(rng.choice(["text2", "int3", "bool"]))
    model = pipeline.make_pipeline(columns, lightgbm.LGBMClassifier(n_estimators=8, num_leaves=6, min_child_samples=5, verbose=-1))
    method = str(rng.choice(["predict", "predict_proba"]))
    return Model(model, table, tables.target(rng, table, kind), tables.requests(rng, table, missing=missing > 0, unseen=True), method)


def bagged(rng):
    """A classifier inside of another one, which asks it for its labels."""
    table = tables.numbers(rng, rows=80)
    kind = str(rng.choice(["int2", "text3"]))
    inner = lightgbm.LGBMClassifier(n_estimators=3, num_leaves=4, min_child_samples=5, verbose=-1)
    estimator = BaggingClassifier(inner, n_estimators=2, random_state=int(rng.integers(100)))
    return Model(estimator, table, tables.target(rng, table, kind), tables.requests(rng, table), "predict_proba")


SPECS = {
    "lgb_bagged": bagged,
    "lgb_regressor": regressor, "lgb_classifier": classifier, "lgb_stopped": stopped, "lgb_ranker": ranker, "lgb_booster": booster,
    "lgb_linear": linear, "lgb_pipeline": in_pipeline,
}
