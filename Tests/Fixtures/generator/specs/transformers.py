"""Steps that transform numbers: functions, polynomials, splines, bins, powers, quantiles, norms, thresholds and scalers."""

import numpy
import pandas
from generate import Model
from sklearn import ensemble, impute, linear_model, pipeline, preprocessing

import tables
from specs.encoders import final, pick, version


def single(rng, table, share=0.25):
    """Sometimes all columns as float32, sometimes one."""
    names = [name for name in table.columns if table[name].dtype == numpy.float64]
    if rng.random() < share:
        return table.astype({name: numpy.float32 for name in table.columns})
    if rng.random() < share and names:
        return table.astype({names[0]: numpy.float32})
    return table


def ending(rng, steps, table, missing=False, positive=False, linear=True, alone=0.3):
    rows = tables.requests(rng, table, missing=missing)
    for name in table.columns:
        if positive:
            rows[name] = rows[name].abs() + (0.01 if table[name].dtype.kind == "f" else 1)
        rows[name] = rows[name].astype(table[name].dtype)
    kind = pick(rng, "int2", "int3", "real")
    target = tables.target(rng, table, kind)
    if rng.random() < alone:
        return Model(pipeline.make_pipeline(*steps), table, target, rows, "transform")
    estimator = final(rng, kind)
    if not linear:
        make = ensemble.RandomForestRegressor if kind == "real" else ensemble.RandomForestClassifier
        estimator = make(4, max_depth=5, random_state=1)
    method = "predict_proba" if hasattr(estimator, "predict_proba") and rng.random() < 0.5 else "predict"
    return Model(pipeline.make_pipeline(*steps, estimator), table, target, rows, method)


def function(rng):
    positive = [numpy.log, numpy.log1p, numpy.log2, numpy.log10, numpy.sqrt, numpy.reciprocal]
    anywhere = [numpy.cbrt, numpy.square, numpy.absolute, numpy.sin, numpy.cos, numpy.arctan, numpy.arcsinh, numpy.tanh, numpy.sign, numpy.negative, numpy.rint, numpy.floor]
    chosen = pick(rng, *positive, *anywhere)
    kinds = ("positive", "skewed") if chosen in positive else ("normal", "small", "skewed", "whole")
    table = single(rng, tables.numbers(rng, kinds=kinds))
    if chosen in positive:
        table = table.abs() + 0.01 if rng.random() < 0.8 else (table.abs() + 1).round().astype(int)
    options = dict(validate=bool(rng.integers(2)))
    if chosen is numpy.log1p:
        options["inverse_func"] = numpy.expm1
    steps = [preprocessing.FunctionTransformer(chosen, **options)]
    if rng.random() < 0.4:
        steps.append(preprocessing.StandardScaler())
    # Without its check it gives a pandas table, which MLflow serves with names.
    alone = 0.3 if options["validate"] or len(steps) > 1 else 0
    return ending(rng, steps, table, positive=chosen in positive, alone=alone)


def polynomial(rng):
    table = single(rng, tables.numbers(rng, width=int(rng.integers(1, 5)), kinds=("normal", "whole", "constant")))
    degree = pick(rng, 1, 2, 3, 4, (2, 3), (0, 2), (1, 1), (3, 4))
    step = preprocessing.PolynomialFeatures(degree=degree, interaction_only=bool(rng.integers(2)), include_bias=bool(rng.integers(2)))
    steps = [preprocessing.StandardScaler(), step] if rng.random() < 0.6 else [step]
    return ending(rng, steps, table)


def polynomial_sparse(rng):
    table = pandas.DataFrame({f"c{i}": rng.choice([0.1, 2.0, 3.7], size=100) for i in range(3)})
    table.insert(0, "x", rng.choice([0.3, 1.7, -2.2], size=100))
    steps = [
        preprocessing.OneHotEncoder(handle_unknown="ignore"),
        preprocessing.MaxAbsScaler(),
        preprocessing.PolynomialFeatures(degree=pick(rng, 2, 3, 4), interaction_only=bool(rng.integers(2))),
    ]
    return ending(rng, steps, table, alone=0)


def spline(rng):
    table = tables.numbers(rng, width=int(rng.integers(1, 5)), kinds=("normal", "skewed", "large"))
    options = dict(
        n_knots=int(rng.integers(2, 8)), degree=int(rng.integers(1, 5)), knots=pick(rng, "uniform", "quantile"),
        extrapolation=pick(rng, "constant", "linear", "continue", "periodic", "error"), include_bias=bool(rng.integers(2)),
    )
    if options["extrapolation"] == "periodic":
        options["n_knots"] = options["degree"] + 2 + int(rng.integers(3))
    missing = False
    if version() >= (1, 2) and rng.random() < 0.3:
        options["sparse_output"] = True
    if version() >= (1, 9) and rng.random() < 0.4:
        options["handle_missing"] = "zeros"
        missing = True
    if rng.random() < 0.15:
        options["knots"] = numpy.sort(rng.normal(size=(5, table.shape[1])), axis=0) * table.abs().mean().to_numpy()
    model = ending(rng, [preprocessing.SplineTransformer(**options)], table, missing=missing, alone=0 if options.get("sparse_output") else 0.3)
    if options["extrapolation"] == "error":
        inside = table.iloc[rng.integers(0, len(table), 30)].reset_index(drop=True)
        model.requests = inside if isinstance(options["knots"], str) else model.requests
    return model


def bins(rng):
    table = single(rng, tables.numbers(rng, kinds=("normal", "whole", "skewed", "large", "small")))
    options = dict(n_bins=int(rng.integers(2, 9)), encode=pick(rng, "onehot", "onehot-dense", "ordinal"), strategy=pick(rng, "uniform", "quantile", "kmeans"))
    if version() >= (1, 2) or rng.random() < 0.5:
        options["dtype"] = pick(rng, None, numpy.float32, numpy.float64)
    if version() >= (1, 7) and options["strategy"] == "quantile":
        options["quantile_method"] = pick(rng, "linear", "averaged_inverted_cdf")
    steps = [preprocessing.KBinsDiscretizer(**options)]
    if rng.random() < 0.3:
        steps.insert(0, preprocessing.StandardScaler())
    return ending(rng, steps, table, alone=0 if options["encode"] == "onehot" else 0.3)


def power(rng):
    method = pick(rng, "yeo-johnson", "box-cox")
    table = single(rng, tables.numbers(rng, kinds=("positive", "normal", "skewed") if method == "yeo-johnson" else ("positive",)), 0.15)
    missing = rng.random() < 0.3
    if method == "box-cox":
        table = table.abs() + 0.01
    steps = [preprocessing.PowerTransformer(method=method, standardize=bool(rng.integers(2)))]
    if missing:
        steps.append(impute.SimpleImputer())
    return ending(rng, steps, table, missing=missing, positive=method == "box-cox")


def quantile(rng):
    table = single(rng, tables.numbers(rng, kinds=("normal", "skewed", "whole", "constant", "large", "small")), 0.1)
    missing = rng.random() < 0.3
    steps = [preprocessing.QuantileTransformer(n_quantiles=int(rng.choice([5, 20, 100, 160])), output_distribution=pick(rng, "uniform", "normal"))]
    if missing:
        steps.append(impute.SimpleImputer())
    return ending(rng, steps, table, missing=missing)


def norm(rng):
    table = single(rng, tables.numbers(rng, width=int(rng.integers(1, 12)), kinds=("normal", "whole", "constant", "small")))
    return ending(rng, [preprocessing.Normalizer(norm=pick(rng, "l1", "l2", "max"))], table)


def norm_sparse(rng):
    table = pandas.DataFrame({f"c{i}": rng.choice([0.1, 2.0, 3.7], size=100) for i in range(3)})
    table.insert(0, "x", rng.choice([0.3, 1.7, -2.2], size=100))
    steps = [preprocessing.OneHotEncoder(handle_unknown="ignore"), preprocessing.Normalizer(norm=pick(rng, "l1", "l2", "max"))]
    if rng.random() < 0.5:
        steps.insert(1, preprocessing.Binarizer(threshold=0.5))
    return ending(rng, steps, table, alone=0)


def threshold(rng):
    table = single(rng, tables.numbers(rng, kinds=("normal", "whole", "constant", "small")), 0.4)
    return ending(rng, [preprocessing.Binarizer(threshold=pick(rng, 0.0, 0.1, 1, -0.3))], table)


def scalers(rng):
    table = single(rng, tables.numbers(rng, kinds=("normal", "whole", "constant", "small", "large")))
    options = {"clip": bool(rng.integers(2))} if version() >= (1, 8) else {}
    step = pick(
        rng,
        preprocessing.StandardScaler(with_mean=bool(rng.integers(2)), with_std=bool(rng.integers(2))),
        preprocessing.MinMaxScaler(feature_range=pick(rng, (0, 1), (-1, 0.5)), clip=bool(rng.integers(2))),
        preprocessing.MaxAbsScaler(**options),
        preprocessing.RobustScaler(unit_variance=bool(rng.integers(2)), with_centering=bool(rng.integers(2)), quantile_range=pick(rng, (25.0, 75.0), (5.0, 90.0))),
    )
    return ending(rng, [step], table)


def chain(rng):
    """Several steps one after the other."""
    table = tables.numbers(rng, width=4, missing=0.1, kinds=("normal", "skewed", "positive"))
    makers = [
        lambda: preprocessing.StandardScaler(),
        lambda: preprocessing.PolynomialFeatures(2, include_bias=False),
        lambda: preprocessing.QuantileTransformer(n_quantiles=30),
        lambda: preprocessing.KBinsDiscretizer(4, encode="onehot-dense"),
        lambda: preprocessing.PowerTransformer(),
        lambda: preprocessing.Normalizer(),
        lambda: preprocessing.FunctionTransformer(numpy.arcsinh),
        lambda: preprocessing.SplineTransformer(4, extrapolation="linear"),
        lambda: preprocessing.Binarizer(),
        lambda: preprocessing.MinMaxScaler(clip=True),
    ]
    steps = [impute.SimpleImputer(strategy="median")] + [pick(rng, *makers)() for _ in range(int(rng.integers(2, 4)))]
    return ending(rng, steps, table, missing=True)


SPECS = {
    "tr_function": function,
    "tr_poly": polynomial,
    "tr_spolysparse": polynomial_sparse,
    "tr_spline": spline,
    "tr_bins": bins,
    "tr_power": power,
    "tr_quantile": quantile,
    "tr_norm": norm,
    "tr_snormsparse": norm_sparse,
    "tr_threshold": threshold,
    "tr_scalers": scalers,
    "tr_chain": chain,
}
