"""XGBoost: boosters and its classes in the flavor `xgboost`, and its classes alone and in pipelines in the flavor `sklearn`."""

import pathlib
import tempfile

import numpy
import pandas
import xgboost
from sklearn import compose, impute, pipeline, preprocessing

from generate import Model

import tables

VERSION = tuple(int(part) for part in xgboost.__version__.split(".")[:2])
FORMATS = ["xgb", "json", "ubj"]
IDENTITY = ["reg:squarederror", "reg:pseudohubererror", "reg:absoluteerror"]
POSITIVE = ["count:poisson", "reg:gamma", "reg:tweedie", "reg:squaredlogerror"]


def typed(rng, table):
    """Some columns as float32, int32 and truth values: MLflow gives them to the model as the signature says."""
    table = table.copy()
    for name in table.columns[1:]:
        column = table[name]
        kind = str(rng.choice(["as it is", "float32", "bool"], p=[0.6, 0.25, 0.15]))
        if column.dtype.kind == "i" and kind == "float32":
            table[name] = column.astype("int32")
        elif kind == "float32":
            table[name] = column.astype("float32")
        elif kind == "bool" and not column.isna().any():
            table[name] = column > column.median()
    return table


def data(rng, missing=None, rows=160):
    missing = float(rng.choice([0.0, 0.15])) if missing is None else missing
    table = typed(rng, tables.numbers(rng, rows=rows, missing=missing))
    requests = tables.requests(rng, table, missing=bool(rng.integers(2)))
    for name in table.columns:
        # A column without missing cells is required; the rows keep its type.
        if table[name].dtype.kind in "ib":
            requests[name] = requests[name].astype(table[name].dtype)
        elif not table[name].isna().any():
            requests[name] = requests[name].fillna(0.5).astype(table[name].dtype)
        else:
            requests[name] = requests[name].astype(table[name].dtype)
    return table, requests


def parameters(rng):
    """What makes trees differ in shape, weights and number."""
    values = dict(
        max_depth=int(rng.integers(1, 7)), learning_rate=float(rng.choice([0.05, 0.3, 1.0])), reg_lambda=float(rng.choice([0.0, 1.0])),
        subsample=float(rng.choice([0.7, 1.0])), random_state=int(rng.integers(1000)), n_jobs=1,
        tree_method=str(rng.choice(["exact", "approx", "hist"])), min_child_weight=float(rng.choice([0.0, 1.0])),
    )
    booster = str(rng.choice(["gbtree", "dart", "gblinear"], p=[0.6, 0.25, 0.15]))
    if booster == "gblinear":
        return dict(booster="gblinear", random_state=0, n_jobs=1, learning_rate=0.3, reg_lambda=values["reg_lambda"])
    if booster == "dart":
        values.update(booster="dart", rate_drop=0.3, normalize_type=str(rng.choice(["tree", "forest"])))
    if rng.random() < 0.2:
        values["num_parallel_tree"] = 3
    if rng.random() < 0.3:
        values["grow_policy"] = "lossguide"
        if values["tree_method"] == "exact":
            values["tree_method"] = "hist"
    return values


def labels(rng, table, kind):
    target = tables.target(rng, table, "int3" if kind > 2 else "int2")
    return numpy.unique(target, return_inverse=True)[1]


def early(rng, values, table, target):
    """Sometimes early stopping, on the training table, by the classes' interface."""
    if values.get("booster", "gbtree") == "gblinear" or rng.random() < 0.6:
        return {}
    values["early_stopping_rounds"] = 2
    values["learning_rate"] = 1.0
    return dict(eval_set=[(table, target)], verbose=False)


def reloaded(suffix):
    """What MLflow serves: the file of `save_model`, loaded into a new object of the class."""

    def ask(estimator, rows):
        with tempfile.TemporaryDirectory() as folder:
            path = str(pathlib.Path(folder) / f"model.{suffix}")
            estimator.save_model(path)
            fresh = type(estimator)()
            fresh.load_model(path)
        if isinstance(fresh, xgboost.Booster):
            return fresh.predict(xgboost.DMatrix(rows))
        return fresh.predict(rows)

    return ask


def flavored(rng, estimator, table, requests):
    suffix = str(rng.choice(FORMATS))
    return Model(estimator, table, None, requests, flavor="xgboost", save=dict(model_format=suffix), ask=reloaded(suffix))


def classifier(rng, missing=None):
    table, requests = data(rng)
    kind = int(rng.choice([2, 3]))
    target = labels(rng, table, kind)
    values = parameters(rng)
    values["n_estimators"] = int(rng.integers(1, 25))
    if kind == 2:
        values["objective"] = str(rng.choice(["binary:logistic", "binary:hinge", "binary:logitraw", "reg:logistic"], p=[0.7, 0.1, 0.1, 0.1]))
    else:
        values["objective"] = str(rng.choice(["multi:softprob", "multi:softmax"]))
    if kind == 2 and values.get("booster") != "gblinear" and rng.random() < 0.2:
        values.pop("objective")
        target = numpy.stack([target, rng.integers(0, 2, len(target))], axis=1)
    if rng.random() < 0.3 and target.ndim == 1:
        values["base_score"] = float(rng.choice([0.1, 0.5, 0.9]))
    if missing is not None:
        values["missing"] = missing
    fit = early(rng, values, table, target) if target.ndim == 1 else {}
    make = xgboost.XGBRFClassifier if rng.random() < 0.15 and values.get("booster", "gbtree") == "gbtree" and not fit else xgboost.XGBClassifier
    if make is xgboost.XGBRFClassifier:
        values.pop("num_parallel_tree", None)
        values.pop("learning_rate", None)
        values["n_estimators"] = 10
    estimator = make(**values).fit(table, target, **fit)
    return table, requests, estimator


def regressor(rng, missing=None):
    table, requests = data(rng)
    values = parameters(rng)
    values["n_estimators"] = int(rng.integers(1, 25))
    choices = IDENTITY + POSITIVE
    if VERSION >= (2, 0):
        choices.append("reg:quantileerror")
    values["objective"] = str(rng.choice(choices))
    if values["objective"] == "reg:quantileerror":
        values["quantile_alpha"] = [float(rng.choice([0.1, 0.5]))] if rng.integers(2) else numpy.array([0.2, 0.5, 0.9])
        values["tree_method"] = "hist"
        values.pop("num_parallel_tree", None)
    if values.get("booster") == "gblinear" and values["objective"] in ("reg:absoluteerror", "reg:quantileerror"):
        values["objective"] = "reg:squarederror"
        values.pop("quantile_alpha", None)
        values.pop("tree_method", None)
    target = tables.target(rng, table, "positive" if values["objective"] in POSITIVE else "real")
    if values["objective"] == "reg:squarederror" and rng.random() < 0.4:
        target = numpy.stack([target, -target, target * rng.normal(size=len(target))], axis=1)
        if VERSION >= (2, 0) and values.get("booster", "gbtree") == "gbtree" and rng.random() < 0.6:
            values.update(multi_strategy="multi_output_tree", tree_method="hist", grow_policy="depthwise")
    if rng.random() < 0.3:
        values["base_score"] = float(rng.choice([0.25, 0.5, 3.0]))
    if missing is not None:
        values["missing"] = missing
    fit = early(rng, values, table, target) if target.ndim == 1 and values["objective"] != "reg:quantileerror" else {}
    make = xgboost.XGBRFRegressor if rng.random() < 0.15 and values.get("booster", "gbtree") == "gbtree" and not fit else xgboost.XGBRegressor
    if make is xgboost.XGBRFRegressor:
        values.pop("num_parallel_tree", None)
        values.pop("learning_rate", None)
        values["n_estimators"] = 10
    return table, requests, make(**values).fit(table, target, **fit)


def ranker(rng):
    table, requests = data(rng)
    target = labels(rng, table, 3)
    values = parameters(rng)
    values.update(n_estimators=8, objective=str(rng.choice(["rank:pairwise", "rank:ndcg", "rank:map"])))
    if values["objective"] == "rank:map":
        target = (target > 0).astype(int)
    estimator = xgboost.XGBRanker(**values).fit(table, target, group=[len(table) // 4] * 4)
    return flavored(rng, estimator, table, requests)


def booster(rng):
    table, requests = data(rng)
    values = parameters(rng)
    values["seed"] = values.pop("random_state")
    values["nthread"] = values.pop("n_jobs")
    values["eta"] = values.pop("learning_rate")
    values["lambda"] = values.pop("reg_lambda")
    choices = ["reg:squarederror", "binary:logistic", "binary:hinge", "multi:softmax", "multi:softprob", "count:poisson", "survival:cox", "survival:aft"]
    values["objective"] = str(rng.choice(choices))
    if values["objective"].startswith("multi:"):
        target = labels(rng, table, 3)
        values["num_class"] = 3
    elif values["objective"].startswith("binary:"):
        target = labels(rng, table, 2)
    elif values["objective"] == "reg:squarederror":
        target = tables.target(rng, table, "real")
    else:
        target = tables.target(rng, table, "positive")
    matrix = xgboost.DMatrix(table, label=target)
    if values["objective"] == "survival:aft":
        matrix.set_float_info("label_lower_bound", target.astype("float32"))
        matrix.set_float_info("label_upper_bound", target.astype("float32"))
    rounds = int(rng.integers(1, 25))
    extra = {}
    if values.get("booster", "gbtree") != "gblinear" and rng.random() < 0.3:
        extra = dict(evals=[(matrix, "train")], early_stopping_rounds=2, verbose_eval=False)
    estimator = xgboost.train(values, matrix, rounds, **extra)
    return flavored(rng, estimator, table, requests)


def alone(rng):
    """A class in a pickle, with a number for missing values as well."""
    missing = float(rng.choice([-5.0, 0.0, 0.1])) if rng.random() < 0.3 else None
    is_classifier = bool(rng.integers(2))
    table, requests, estimator = (classifier if is_classifier else regressor)(rng, missing)
    method = str(rng.choice(["predict", "predict_proba"])) if is_classifier else "predict"
    return Model(
        estimator, table, None, requests, method, save=dict(serialization_format=str(rng.choice(["pickle", "cloudpickle"]))),
        ask=lambda fitted, rows: getattr(fitted, method)(rows),
    )


def piped(rng):
    """A booster behind a column transformer, whose output is sparse or dense."""
    # MLflow 2.9 finds no type for texts with missing cells.
    missing = float(rng.choice([0.0, 0.15])) if VERSION >= (2, 0) else 0.0
    table = tables.mixed(rng, texts=int(rng.integers(1, 3)), missing=missing)
    table.columns = [str(name) for name in table.columns]
    requests = tables.requests(rng, table, missing=False, unseen=True)
    texts = [name for name in table.columns if table[name].dtype == object]
    numbers = [name for name in table.columns if name not in texts]
    encode = preprocessing.OneHotEncoder(handle_unknown="ignore")
    filled = pipeline.make_pipeline(impute.SimpleImputer(strategy="most_frequent"), encode)
    scale = str(rng.choice(["scale", "impute", "passthrough"]))
    steps = {"scale": pipeline.make_pipeline(impute.SimpleImputer(), preprocessing.StandardScaler()), "impute": impute.SimpleImputer(), "passthrough": "passthrough"}
    columns = compose.ColumnTransformer(
        [("words", filled, texts), ("numbers", steps[scale], numbers)], sparse_threshold=float(rng.choice([0.0, 0.3, 1.0]))
    )
    if hasattr(columns, "set_output") and rng.random() < 0.25:
        # A table with names of its own, which the booster learns.
        encode.set_params(sparse_output=False)
        columns.set_output(transform="pandas")
    kind = int(rng.choice([1, 2, 3]))
    values = parameters(rng)
    values["n_estimators"] = int(rng.integers(1, 20))
    if kind == 1:
        target = tables.target(rng, table, "real")
        last = xgboost.XGBRegressor(**values)
    else:
        target = labels(rng, table, kind)
        if rng.integers(2) and kind == 3:
            values["objective"] = "multi:softmax"
        last = xgboost.XGBClassifier(**values)
    if rng.random() < 0.2:
        last.set_params(missing=float(rng.choice([-1.0, 1.0])))
    method = str(rng.choice(["predict", "predict_proba"])) if kind > 1 else "predict"
    return Model(pipeline.Pipeline([("columns", columns), ("model", last)]), table, target, requests, method)


def coded(rng):
    """Splits on categories that are served as numbers, with codes that were never seen, negative, broken and huge."""
    rows = 240
    table = tables.numbers(rng, rows=rows, width=2)
    table.columns = [str(name) for name in table.columns]
    width = int(rng.integers(1, 4))
    sizes = [int(rng.choice([2, 5, 40, 90])) for _ in range(width)]
    for index, size in enumerate(sizes):
        codes = rng.integers(0, size, rows).astype(float)
        if rng.random() < 0.5:
            codes[rng.random(rows) < 0.1] = numpy.nan
        table[f"code_{index}"] = codes
    requests = tables.requests(rng, table, rows=60)
    for index, size in enumerate(sizes):
        column = table[f"code_{index}"]
        picked = column.iloc[rng.integers(0, rows, 60)].to_numpy(copy=True)
        odd = [size, size + 31, -1.0, -0.5, 0.5, size - 0.5, 16777215.0, 16777216.0, 1e9, -0.0, 1e-9]
        for row in range(60):
            if rng.random() < 0.3:
                picked[row] = float(rng.choice(odd))
        requests[f"code_{index}"] = picked if column.isna().any() else numpy.nan_to_num(picked)
    values = parameters(rng)
    if values.get("booster") == "gblinear":
        values = dict(random_state=1, n_jobs=1, max_depth=4)
    values.update(
        n_estimators=int(rng.integers(1, 15)), tree_method=str(rng.choice(["hist", "approx"])), enable_categorical=True,
        max_cat_to_onehot=int(rng.choice([1, 4, 100])),
    )
    kinds = ["q"] * 2 + ["c"] * width
    is_classifier = bool(rng.integers(2))
    numbers = table[[f"code_{index}" for index in range(width)]].fillna(0).to_numpy()
    score = sum(numpy.sin(numbers[:, index] * 2.3) for index in range(width)) + table.iloc[:, 0].rank(pct=True).to_numpy()
    make = xgboost.XGBClassifier if is_classifier else xgboost.XGBRegressor
    target = (score > numpy.median(score)).astype(int) if is_classifier else score
    if rng.integers(2):
        # Categories of pandas; 3.1 and newer keep them in the file.
        typed_table = table.copy()
        for index in range(width):
            name = f"code_{index}"
            typed_table[name] = pandas.Categorical(table[name].astype("Int64"), categories=list(range(sizes[index])))
        estimator = make(**values).fit(typed_table, target)
    else:
        estimator = make(feature_types=kinds, **values).fit(table, target)
    if rng.integers(2):
        method = str(rng.choice(["predict", "predict_proba"])) if is_classifier else "predict"
        return Model(estimator, table, None, requests, method, ask=lambda fitted, rows: getattr(fitted, method)(rows))
    suffix = str(rng.choice(["json", "ubj"]))
    if rng.integers(2):
        estimator = estimator.get_booster()
    return Model(estimator, table, None, requests, flavor="xgboost", save=dict(model_format=suffix), ask=reloaded(suffix))


def flavored_classifier(rng):
    table, requests, estimator = classifier(rng, float(rng.choice([-5.0, 0.0])) if rng.random() < 0.15 else None)
    return flavored(rng, estimator, table, requests)


def flavored_regressor(rng):
    table, requests, estimator = regressor(rng, float(rng.choice([-5.0, 0.0])) if rng.random() < 0.15 else None)
    return flavored(rng, estimator, table, requests)


SPECS = {
    "xgbgen_clf": flavored_classifier,
    "xgbgen_reg": flavored_regressor,
    "xgbgen_rank": ranker,
    "xgbgen_booster": booster,
    "xgbgen_alone": alone,
    "xgbgen_pipe": piped,
    "xgbgen_codes": coded,
}
