"""Makes the small models of CatBoost beside it: python make.py (CatBoost 1.2.10). The files are kept; a new run gives other identifiers."""

import pathlib

import catboost
import numpy
import pandas

HERE = pathlib.Path(__file__).resolve().parent
rng = numpy.random.default_rng(7)
table = pandas.DataFrame(rng.normal(size=(120, 3)), columns=["age", "größe", "score"])
target = table["age"] + table["größe"] * table["score"]
gaps = table.copy()
gaps.loc[::7, "age"] = numpy.nan
common = {"iterations": 3, "depth": 2, "border_count": 8, "verbose": 0, "allow_writing_files": False, "random_seed": 1}

catboost.CatBoostRegressor(nan_mode="Max", **common).fit(gaps, target).save_model(HERE / "levels.cb")
kinds = pandas.cut(target, 3, labels=["low", "mid", "high"]).astype(str)
catboost.CatBoostClassifier(grow_policy="Lossguide", **common).fit(table.to_numpy(), kinds).save_model(HERE / "nodes.cb")
cities = table.assign(city=rng.choice(["Rom", "Oslo"], 120))
catboost.CatBoostRegressor(cat_features=["city"], **common).fit(cities, target).save_model(HERE / "categories.cb")
threshold = catboost.CatBoostClassifier(**common).fit(table, target > 0)
threshold.set_probability_threshold(0.3)
threshold.save_model(HERE / "threshold.cb")
catboost.CatBoostClassifier(loss_function="MultiLogloss", **common).fit(
    table, numpy.column_stack([target > 0, target > 1]).astype(int)).save_model(HERE / "labels.cb")
