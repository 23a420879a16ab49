"""Naive Bayes and discriminant analysis."""

import numpy
import pandas
import sklearn
from generate import Model
from sklearn import discriminant_analysis, linear_model, naive_bayes, pipeline, preprocessing

import tables

from specs.linear_models import TARGETS, asked, odd_types

VERSION = tuple(int(part) for part in sklearn.__version__.split(".")[:2])


def method_of(rng):
    return str(rng.choice(["predict", "predict_proba"]))


def label(rng, table):
    return tables.target(rng, table, str(rng.choice(TARGETS)))


def gaussian(rng):
    table = odd_types(rng, tables.numbers(rng, width=int(rng.integers(1, 12)), kinds=("normal", "large", "small", "whole", "skewed")))
    target = label(rng, table)
    priors = None
    if rng.random() < 0.3:
        count = len(numpy.unique(target))
        priors = (numpy.arange(count) + 1.0) / (numpy.arange(count) + 1.0).sum()
    smoothing = float(rng.choice([1e-9, 1e-3, 1]))
    return Model(naive_bayes.GaussianNB(priors=priors, var_smoothing=smoothing), table, target, asked(rng, table), method_of(rng))


def counts(rng):
    """Multinomial, complement and Bernoulli models of non-negative columns."""
    table = tables.numbers(rng, kinds=("positive", "constant"))
    for name in table.columns:
        table[name] = table[name].abs() if rng.random() < 0.5 else rng.integers(0, 6, len(table))
    table = odd_types(rng, table)
    target = label(rng, table)
    alpha = float(rng.choice([0.1, 1, 1e-3]))
    choice = int(rng.integers(5))
    if choice == 0:
        estimator = naive_bayes.MultinomialNB(alpha=alpha, fit_prior=bool(rng.integers(2)))
    elif choice == 1:
        estimator = naive_bayes.ComplementNB(alpha=alpha, norm=bool(rng.integers(2)))
    elif choice == 2:
        estimator = naive_bayes.BernoulliNB(alpha=alpha, binarize=float(rng.choice([0, 0.5, 1, 0.3])))
    elif choice == 3:
        estimator = pipeline.make_pipeline(preprocessing.MinMaxScaler(clip=True), naive_bayes.BernoulliNB(alpha=alpha, binarize=0.4))
    else:
        estimator = pipeline.make_pipeline(preprocessing.MinMaxScaler(clip=True), naive_bayes.MultinomialNB(alpha=alpha))
    return Model(estimator, table, target, asked(rng, table), method_of(rng))


def encoded(rng):
    """Words as one-hot columns in front of a naive Bayes model."""
    table = tables.mixed(rng, width=1, texts=3)
    table = table[[name for name in table.columns if table[name].dtype == object]]
    first = preprocessing.OneHotEncoder(handle_unknown="ignore")
    base = table.iloc[:, 0].map({word: number for number, word in enumerate(sorted(set(table.iloc[:, 0])))})
    target = tables.target(rng, pandas.DataFrame({"base": base.astype(float)}), str(rng.choice(TARGETS)))
    second = [naive_bayes.BernoulliNB, naive_bayes.MultinomialNB, naive_bayes.ComplementNB][int(rng.integers(3))]()
    requests = tables.requests(rng, table, unseen=True)
    return Model(pipeline.make_pipeline(first, second), table, target, requests, method_of(rng))


def categorical(rng):
    rows, width = 160, int(rng.integers(1, 6))
    kind = str(rng.choice(["int64", "float64", "bool"]))
    values = rng.integers(0, 2 if kind == "bool" else 5, size=(rows, width))
    table = pandas.DataFrame(values, columns=tables.NAMES[:width]).astype(kind)
    target = tables.target(rng, table.astype(float), str(rng.choice(TARGETS)))
    requests = table.iloc[rng.integers(0, rows, 40)].reset_index(drop=True)
    if kind == "float64":
        requests = requests + rng.choice([0, 0, 0.5, 0.999], size=requests.shape)
    elif kind == "int64" and rng.random() < 0.3:
        requests.iloc[0, 0] = int(rng.choice([-1, 77]))
    estimator = naive_bayes.CategoricalNB(alpha=float(rng.choice([0.01, 1])), fit_prior=bool(rng.integers(2)))
    return Model(estimator, table, target, requests, method_of(rng))


def linear_discriminant(rng):
    table = odd_types(rng, tables.numbers(rng, width=int(rng.integers(2, 8)), kinds=("normal", "large", "small", "whole", "skewed")))
    solver = str(rng.choice(["svd", "lsqr", "eigen"]))
    arguments = {} if solver == "svd" or rng.random() < 0.5 else {"shrinkage": "auto"}
    target = label(rng, table)
    if rng.random() < 0.2:
        count = len(numpy.unique(target))
        arguments["priors"] = [1 / count] * count
    estimator = discriminant_analysis.LinearDiscriminantAnalysis(solver=solver, **arguments)
    return Model(estimator, table, target, asked(rng, table), method_of(rng))


def projection(rng):
    table = odd_types(rng, tables.numbers(rng, width=int(rng.integers(2, 8)), kinds=("normal", "whole", "skewed")))
    target = tables.target(rng, table, str(rng.choice(["int3", "text3", "int2"])))
    first = discriminant_analysis.LinearDiscriminantAnalysis(solver=str(rng.choice(["svd", "eigen"])), n_components=1)
    return Model(pipeline.make_pipeline(first, linear_model.LogisticRegression()), table, target, asked(rng, table), method_of(rng))


def quadratic(rng):
    table = odd_types(rng, tables.numbers(rng, width=int(rng.integers(2, 6)), kinds=("normal", "large", "whole", "skewed")))
    target = tables.target(rng, table, str(rng.choice(["bool", "int2", "int3", "text3"])))
    estimator = discriminant_analysis.QuadraticDiscriminantAnalysis(reg_param=float(rng.choice([0, 0.1])))
    return Model(estimator, table, target, asked(rng, table), method_of(rng))


SPECS = {
    "nb_gaussian": gaussian,
    "nb_counts": counts,
    "nb_encoded": encoded,
    "nb_categorical": categorical,
    "lindisc": linear_discriminant,
    "lindisc_projection": projection,
    "quaddisc": quadratic,
}
