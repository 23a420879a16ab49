"""Projections, clusters, mixtures and nearest centroids."""

import numpy
import sklearn
from generate import Model
from sklearn import cluster, decomposition, linear_model, mixture, neighbors, pipeline, preprocessing

import tables

from specs.bayes_and_discriminants import label, method_of
from specs.linear_models import TARGETS, asked, odd_types

VERSION = tuple(int(part) for part in sklearn.__version__.split(".")[:2])
KINDS = ("normal", "whole", "skewed")


def projected(rng):
    width = int(rng.integers(3, 9))
    kinds = KINDS if rng.random() < 0.7 else ("normal", "large")
    table = odd_types(rng, tables.numbers(rng, width=width, kinds=kinds))
    count = int(rng.integers(1, width))
    choice = int(rng.integers(4))
    if choice == 0:
        first = decomposition.PCA(n_components=count, whiten=bool(rng.integers(2)))
    elif choice == 1:
        first = decomposition.PCA(n_components=0.9, svd_solver="full", whiten=bool(rng.integers(2)))
    elif choice == 2:
        first = decomposition.IncrementalPCA(n_components=count, whiten=bool(rng.integers(2)))
    else:
        first = decomposition.TruncatedSVD(n_components=count)
    steps = [first]
    if rng.random() < 0.6:
        steps.insert(0, preprocessing.StandardScaler())
    if rng.random() < 0.5:
        target, last, method = label(rng, table), linear_model.LogisticRegression(max_iter=300), method_of(rng)
    else:
        target, last, method = tables.target(rng, table, "real"), linear_model.LinearRegression(), "predict"
    return Model(pipeline.make_pipeline(*steps, last), table, target, asked(rng, table), method)


def clusters(rng):
    table = odd_types(rng, tables.numbers(rng, kinds=KINDS + ("large",)))
    maker = [cluster.KMeans, cluster.MiniBatchKMeans][int(rng.integers(2))]
    estimator = maker(n_clusters=int(rng.integers(1, 9)), n_init=2, random_state=0)
    if rng.random() < 0.5:
        estimator = pipeline.make_pipeline(preprocessing.StandardScaler(), estimator)
    return Model(estimator, table, None, asked(rng, table))


def cluster_distances(rng):
    table = odd_types(rng, tables.numbers(rng, kinds=KINDS))
    estimator = cluster.KMeans(n_clusters=int(rng.integers(2, 6)), n_init=2, random_state=0)
    steps = [preprocessing.StandardScaler(), estimator, linear_model.Ridge()]
    return Model(pipeline.make_pipeline(*steps), table, tables.target(rng, table, "real"), asked(rng, table))


def independent(rng):
    """Directions without a mean, or with one that only some of the parameters subtract."""
    table = tables.numbers(rng, width=int(rng.integers(3, 7)), kinds=("normal", "whole", "skewed"))
    target, last, method = label(rng, table), linear_model.LogisticRegression(max_iter=300), method_of(rng)
    if rng.random() < 0.6:
        whiten = ["unit-variance", "arbitrary-variance", False][rng.integers(3)]
        arguments = {} if whiten is False else {"n_components": int(rng.integers(1, 4))}
        first = decomposition.FastICA(whiten=whiten, random_state=0, max_iter=50, **arguments)
    else:
        first = neighbors.NeighborhoodComponentsAnalysis(n_components=2, max_iter=5, random_state=0)
    return Model(pipeline.make_pipeline(preprocessing.StandardScaler(), first, last), table, target, asked(rng, table), method)


def examples(rng):
    """Clusters by the nearest of some points; rows between two of them are refused, so none are asked for."""
    table = tables.numbers(rng, rows=80, width=int(rng.integers(2, 5)), kinds=("normal", "skewed"))
    estimator = [
        cluster.MeanShift(), cluster.AffinityPropagation(random_state=0), cluster.Birch(), cluster.Birch(n_clusters=None, threshold=0.8),
    ][rng.integers(4)]
    if rng.random() < 0.5:
        estimator = pipeline.make_pipeline(preprocessing.StandardScaler(), estimator)
    requests = table + rng.normal(size=table.shape) * table.std().to_numpy() / 9
    return Model(estimator, table, None, requests)


def centroids(rng):
    table = odd_types(rng, tables.numbers(rng, kinds=KINDS + ("large", "constant")))
    arguments = {"metric": str(rng.choice(["euclidean", "euclidean", "manhattan"]))}
    if rng.random() < 0.4:
        arguments["shrink_threshold"] = float(rng.choice([0.1, 1]))
    if VERSION >= (1, 6) and rng.random() < 0.6:
        arguments["priors"] = "empirical"
    estimator = neighbors.NearestCentroid(**arguments)
    method = method_of(rng)
    if not hasattr(estimator, "predict_proba"):
        method = "predict"
    steps = [estimator] if method == "predict" and rng.random() < 0.5 else [preprocessing.StandardScaler(), estimator]
    return Model(pipeline.make_pipeline(*steps), table, label(rng, table), asked(rng, table), method)


def mixtures(rng):
    table = odd_types(rng, tables.numbers(rng, kinds=KINDS))
    kind = str(rng.choice(["full", "tied", "diag", "spherical"]))
    arguments = {"n_components": int(rng.integers(1, 5)), "covariance_type": kind, "random_state": 0}
    if rng.random() < 0.3:
        process = str(rng.choice(["dirichlet_process", "dirichlet_distribution"]))
        estimator = mixture.BayesianGaussianMixture(weight_concentration_prior_type=process, **arguments)
    else:
        estimator = mixture.GaussianMixture(**arguments)
    if rng.random() < 0.5:
        estimator = pipeline.make_pipeline(preprocessing.StandardScaler(), estimator)
    return Model(estimator, table, None, asked(rng, table), method_of(rng))


SPECS = {
    "examples": examples,
    "independent": independent,
    "projected": projected,
    "clusters": clusters,
    "cluster_distances": cluster_distances,
    "centroids": centroids,
    "mixtures": mixtures,
}
