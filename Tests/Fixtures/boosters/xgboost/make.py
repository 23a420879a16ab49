"""Makes the small files beside it: PYTHON make.py, once with XGBoost 1.7.6, 2.1.4 and 3.2.0 each.

`trees-*` have two trees of three features with names and a missing value, `dart-*` two trees with weights, `linear-*` no trees, `codes-*` a
split on categories, `vectors-*` trees with vector leaves, `classes-*` three classes, `snapshot-*` is what a pickle holds.
"""

import pathlib

import numpy
import pandas
import xgboost

HERE = pathlib.Path(__file__).resolve().parent
VERSION = "".join(xgboost.__version__.split(".")[:2])
random = numpy.random.default_rng(1)
table = pandas.DataFrame({"a": random.normal(size=60), "größe": random.normal(size=60), "c": random.integers(0, 3, 60).astype(float)})
table.loc[::7, "größe"] = numpy.nan
target = (table.a + table.c > 1).astype(float)


def save(name, parameters, suffixes, label=target, matrix=None):
    matrix = matrix or xgboost.DMatrix(table, label=label)
    booster = xgboost.train({"max_depth": 2, "seed": 1, "nthread": 1, **parameters}, matrix, 2)
    for suffix in suffixes:
        booster.save_model(HERE / f"{name}-{VERSION}.{suffix}")
    return booster


def main():
    old = VERSION == "17"
    plain = ["bin", "json", "ubj"] if old else ["json", "ubj"]
    trees = save("trees", {"objective": "binary:logistic", "base_score": 0.25}, plain)
    save("linear", {"objective": "reg:squarederror", "booster": "gblinear"}, plain[:1])
    if old:
        save("dart", {"objective": "reg:squarederror", "booster": "dart", "rate_drop": 0.9, "one_drop": 1}, ["bin"])
    coded = xgboost.DMatrix(table, label=target, feature_types=["q", "q", "c"], enable_categorical=True)
    save("codes", {"objective": "binary:logistic", "tree_method": "hist", "max_cat_to_onehot": 1}, ["json"], matrix=coded)
    save("classes", {"objective": "multi:softprob", "num_class": 3, "tree_method": "hist"}, ["ubj"], label=table.c)
    if not old:
        both = numpy.stack([target, 1 - target], axis=1)
        save("vectors", {"multi_strategy": "multi_output_tree", "tree_method": "hist"}, ["ubj"], matrix=xgboost.DMatrix(table, label=both))
    (HERE / f"snapshot-{VERSION}.ubj").write_bytes(bytes(trees.__getstate__()["handle"]))


main()
