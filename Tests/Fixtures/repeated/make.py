"""Makes the pickles of this folder, each of which refers to one object very often: python make.py (scikit-learn 1.7.2, XGBoost 3.0.5)."""

import pathlib
import pickle
import warnings

import numpy
import pandas
from sklearn import ensemble, linear_model, neural_network, svm
from xgboost import XGBRegressor

warnings.simplefilter("ignore")
HERE = pathlib.Path(__file__).resolve().parent
rng = numpy.random.default_rng(0)
table = pandas.DataFrame({"a": rng.normal(size=200), "b": rng.normal(size=200)})
target = table["a"] + table["b"] ** 2


def vote(parts):
    model = ensemble.VotingRegressor([("a", linear_model.LinearRegression())]).fit(table, target)
    model.estimators_ = parts
    return model


vectors = svm.SVR().fit(table, target)
booster = XGBRegressor(n_estimators=5, max_depth=3, n_jobs=1).fit(table, target)
network = neural_network.MLPRegressor(hidden_layer_sizes=(60,), max_iter=5).fit(table, target)
doubling = linear_model.LinearRegression().fit(table, target)
for _ in range(40):
    doubling = vote([doubling, doubling])
MODELS = {
    "vectors": vote([vectors] * 12000),
    "boosters": vote([booster] * 6000),
    "networks": vote([network] * 6000),
    "lines": vote([linear_model.LinearRegression().fit(table, target)] * 12000),
    "doubling": doubling,
}
for name, model in MODELS.items():
    (HERE / f"{name}.pkl").write_bytes(pickle.dumps(model, protocol=4))
