"""Makes the small texts of this folder: python3 make.py. The committed ones are of LightGBM 4.6.0, NumPy 2.4.6 (3.3.5, 1.26.4 for `old`).

Importances and parameters, which no reader looks at, are cut out.
"""

import pathlib
import re

import lightgbm
import numpy

HERE = pathlib.Path(__file__).resolve().parent
rng = numpy.random.default_rng(7)
table = numpy.c_[rng.normal(size=(300, 2)), rng.integers(0, 40, size=300)]
table[:60, 1] = numpy.nan
target = table[:, 0] * 0.2 + numpy.isin(table[:, 2] % 7, [1, 3]) * 20


def write(name, rounds, categorical="auto", labels=target, **parameters):
    common = {"num_leaves": 4, "min_data_in_leaf": 5, "min_data_per_group": 2, "verbose": -1, "num_threads": 1, "seed": 1, "cat_smooth": 1, "cat_l2": 1}
    model = lightgbm.train({**common, **parameters}, lightgbm.Dataset(table, labels, categorical_feature=categorical), rounds)
    text = re.sub(r"(?s)feature_importances:.*end of parameters\n", "", model.model_to_string(num_iteration=-1))
    (HERE / f"{name}.txt").write_text(text)


if lightgbm.__version__ < "4":
    write("old", 2, objective="binary", labels=target > 5, boosting="rf", bagging_fraction=0.6, bagging_freq=1)
else:
    write("categories", 2, [2], objective="regression", reg_sqrt=True)
    write("linear", 2, objective="regression", linear_tree=True)
    write("classes", 1, objective="multiclass", num_class=3, labels=numpy.digitize(table[:, 0], [0, 1]), zero_as_missing=True)
