"""Makes preprocessing.json: what NumPy, SciPy and scikit-learn give for the operators of preprocessing (scikit-learn 1.9.1, SciPy 1.17.1,
NumPy 2.4.6). Run it in Tests/Fixtures/skiff.
"""

import json
import math

import numpy as np
from scipy import special, stats
from sklearn import impute, preprocessing

rng = np.random.default_rng(20261127)
cases = []


def plain(values):
    flat = [float(value) for value in np.asarray(values, dtype=float).ravel()]
    return [value if math.isfinite(value) else "nan" if math.isnan(value) else "inf" if value > 0 else "-inf" for value in flat]


def add(operator, rows, outputs, **parameters):
    width = np.asarray(rows).shape[1]
    cases.append({"operator": operator, "width": width, "rows": plain(rows), "outputs": plain(outputs), **parameters})


odd = np.array([[-3.5], [-1], [-1e-9], [-0.0], [0], [1e-9], [0.25], [0.5], [1.5], [2.5], [1e6], [np.nan]])
positive = np.array([[1e-300], [1e-9], [0.25], [0.5], [1], [1.5], [1e6], [1e300], [np.nan]])
anywhere = "cbrt sin cos tan arctan arcsinh tanh expm1 absolute fabs ceil floor trunc rint negative positive sign square reciprocal"
for name in anywhere.split():
    with np.errstate(all="ignore"):
        add("function", odd, getattr(np, name)(odd), name=name)
for name in "log log2 log10 log1p sqrt reciprocal".split():
    add("function", positive, getattr(np, name)(positive), name=name)
for value in (0.0, 0.4, -1.3, 2.0, 1e-20, 1.0):
    with np.errstate(all="ignore"):
        add("powerTransform", positive, special.boxcox(positive, value), method="boxCox", value=value)
        add("powerTransform", odd, stats.yeojohnson(odd.ravel(), value), method="yeoJohnson", value=value)
edges = [-1.0, 0.0, 0.25, 0.25, 1.5]
add("bin", odd, np.searchsorted(edges, odd, side="right"), edges=edges)
rows = np.vstack([rng.normal(size=(20, 9)), np.zeros((1, 9)), rng.normal(size=(1, 9)) * 1e-18])
for norm in ("l1", "l2", "max"):
    add("unitNorm", rows, preprocessing.normalize(rows, norm=norm), norm=norm)
table = np.column_stack([rng.normal(size=200), rng.integers(0, 4, 200), np.full(200, 7.0)])
asked = np.vstack([table[:30], table.min(0) - 1, table.max(0) + 1, [[0.0, 1.5, 7.0]], [[np.nan] * 3], table.min(0), table.max(0)])
for distribution in ("uniform", "normal"):
    step = preprocessing.QuantileTransformer(n_quantiles=17, output_distribution=distribution).fit(table)
    add("quantileMap", asked, step.transform(asked), distribution=distribution, quantiles=plain(step.quantiles_.T), references=plain(step.references_))
table = rng.normal(size=(50, 1))
asked = np.vstack([table[:15], table.min(0), table.max(0), [[9.0], [-9.0], [1e5]]])
words = {"constant": "constant", "linear": "linear", "continue": "proceed", "periodic": "wrap", "error": "refuse"}
for extrapolation, word in words.items():
    for degree in (1, 2, 3):
        step = preprocessing.SplineTransformer(6, degree, extrapolation=extrapolation).fit(table)
        inside = asked[:17] if extrapolation == "error" else asked
        span = degree + (degree == 1 and word == "linear")
        add("spline", inside, step.transform(inside), outside=word, degree=degree, knots=plain(step.bsplines_[0].t), span=span)
table = rng.normal(size=(30, 4))
table[rng.random((30, 4)) < 0.2] = np.nan
asked = rng.normal(size=(25, 4))
asked[rng.random((25, 4)) < 0.4] = np.nan
asked[0] = np.nan
for count in (1, 3, 30):
    step = impute.KNNImputer(n_neighbors=count).fit(table)
    add("nearestFill", asked, step.transform(asked), table=plain(table), means=plain(np.nanmean(table, axis=0)), neighbours=count)
with open("preprocessing.json", "w") as file:
    file.write("[\n" + ",\n".join(json.dumps(case) for case in cases) + "\n]\n")
