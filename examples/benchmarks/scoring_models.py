"""The models of scoring.py: how each is trained, and how its library is asked."""

import json
import os
import pathlib
import pickle
import shutil
import sys
import warnings

warnings.simplefilter("ignore")
os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
os.environ["MLFLOW_ALLOW_PICKLE_DESERIALIZATION"] = "true"

import lightgbm
import mlflow
import numpy
import pandas
import xgboost
from mlflow.models import infer_signature
from sklearn.compose import ColumnTransformer
from sklearn.datasets import make_classification
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "credit-default"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from credit_data import FEATURES, TARGET, card_holders  # noqa: E402
from train import pipeline  # noqa: E402

ROWS = 2000


class Model:
    """A model, the rows to ask, and how each side asks.

    `exact`: the answers have the same bits. Where a library adds in the order of its BLAS they need only be near.
    """

    def __init__(self, title, folder, rows, exact=True):
        self.title, self.folder, self.rows, self.exact = title, folder, rows, exact
        self.rivals = {}  # name: function of a number of rows (a slice) that answers


def save(flavor, model, folder, table, **arguments):
    shutil.rmtree(folder, ignore_errors=True)
    module = {"sklearn": mlflow.sklearn, "xgboost": mlflow.xgboost, "lightgbm": mlflow.lightgbm}[flavor]
    name = {"sklearn": "sk_model", "xgboost": "xgb_model", "lightgbm": "lgb_model"}[flavor]
    module.save_model(**{name: model}, path=str(folder), signature=infer_signature(table.head()), pip_requirements=["none"], **arguments)


# The data.


def numbers(columns=30, rows=20_000, informative=10, wrong=0.01):
    """Numeric columns, some of them informative, and classes, a part of them wrong."""
    values, target = make_classification(
        rows, columns, n_informative=informative, n_redundant=columns // 6, flip_y=wrong, random_state=3
    )
    return pandas.DataFrame(values.astype(numpy.float32).astype(float), columns=[f"x{i}" for i in range(columns)]), target


def words(columns=20, categories=50, rows=20_000):
    """Columns of texts."""
    random = numpy.random.default_rng(4)
    codes = random.integers(0, categories, (rows, columns))
    score = random.normal(size=(columns, categories))[numpy.arange(columns), codes].sum(axis=1)
    names = numpy.array([f"category {i}" for i in range(categories)], dtype=object)
    return pandas.DataFrame({f"c{i}": names[codes[:, i]] for i in range(columns)}), (score + random.normal(size=rows) > 0).astype(int)


def mixed(rows=20_000):
    """25 numeric columns with gaps and 25 columns of texts with ten categories each."""
    table, target = numbers(25, rows)
    random = numpy.random.default_rng(5)
    table = table.mask(random.random(table.shape) < 0.05)
    for i in range(25):
        table[f"c{i}"] = numpy.array([f"category {k}" for k in range(10)], dtype=object)[random.integers(0, 10, rows)]
    return table, target


def numbered_categories(rows=20_000):
    """20 numeric columns and 10 of category numbers."""
    table, target = numbers(20, rows)
    random = numpy.random.default_rng(6)
    for i in range(10):
        table[f"c{i}"] = ((target * 7 * (i < 3) + random.integers(0, 40, rows)) % 40).astype(float)
    return table, target


# The models: functions of the folder where models are kept.


def sklearn_model(folder, name, title, data, estimator, exact=True, onnx=False):
    """A classifier of scikit-learn that answers `predict_proba`."""
    table, target = data
    place = folder / name
    if not (place / "MLmodel").exists():
        estimator.fit(table[:-ROWS], target[:-ROWS])
        for part in (estimator, *(step for _, step in getattr(estimator, "steps", []))):
            if hasattr(part, "n_jobs"):
                part.n_jobs = None
        save("sklearn", estimator, place, table, serialization_format="cloudpickle", pyfunc_predict_fn="predict_proba")
    model = pickle.loads((place / "model.pkl").read_bytes())
    found = Model(title, place, table[-ROWS:], exact)
    found.rivals["scikit-learn, DataFrame"] = lambda part: model.predict_proba(found.rows[part])
    if onnx:
        floats = numpy.ascontiguousarray(found.rows.to_numpy(dtype=numpy.float32))
        add_onnx(found, model, floats, "ONNX Runtime")
    return found


def credit_forest(folder):
    frame = card_holders(32_000, 7)
    training, unseen = frame.iloc[:28_000], frame.iloc[28_000 : 28_000 + ROWS]
    place = folder / "credit-rf"
    if not (place / "MLmodel").exists():
        model = pipeline(RandomForestClassifier(n_estimators=500, max_depth=12, n_jobs=2, random_state=1), scaled=False)
        model.fit(training[FEATURES], training[TARGET])
        model[-1].n_jobs = None
        save("sklearn", model, place, training[FEATURES], serialization_format="cloudpickle", pyfunc_predict_fn="predict_proba")
    model = pickle.loads((place / "model.pkl").read_bytes())
    found = Model("forest of 500 trees, depth 12, behind imputers and one-hot encoders", place, unseen[FEATURES])
    encoded = model[0].transform(found.rows)
    encoded = numpy.ascontiguousarray(encoded.toarray() if hasattr(encoded, "toarray") else encoded)
    found.rivals["scikit-learn, the pipeline"] = lambda part: model.predict_proba(found.rows[part])
    found.rivals["scikit-learn, the forest alone"] = lambda part: model[-1].predict_proba(encoded[part])
    add_onnx(found, model[-1], encoded.astype(numpy.float32), "ONNX Runtime, the forest alone")
    return found


def add_onnx(found, model, floats, name):
    import onnxruntime
    import skl2onnx
    from skl2onnx.common.data_types import FloatTensorType

    file = found.folder.parent / f"{found.folder.name}.onnx"
    if not file.exists():
        kinds = [("x", FloatTensorType([None, floats.shape[1]]))]
        file.write_bytes(skl2onnx.convert_sklearn(model, initial_types=kinds, options={"zipmap": False}).SerializeToString())
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
    found.rivals[name] = lambda part: session.run(None, {"x": floats[part]})[1]


def deep_forest(folder):
    estimator = RandomForestClassifier(n_estimators=300, n_jobs=2, random_state=1)
    return sklearn_model(folder, "deep-forest", "forest of 300 trees without a bound of depth", numbers(wrong=0.05), estimator)


def shallow_forest(folder):
    estimator = RandomForestClassifier(n_estimators=1000, max_depth=3, n_jobs=2, random_state=1)
    return sklearn_model(folder, "shallow-forest", "forest of 1,000 trees, depth 3", numbers(), estimator, onnx=True)


def single_tree(folder):
    return sklearn_model(folder, "single-tree", "one decision tree", numbers(wrong=0.05), DecisionTreeClassifier(random_state=1), onnx=True)


def histogram_boosting(folder):
    table, target = data = numbered_categories()
    categories = [name.startswith("c") for name in table]
    estimator = HistGradientBoostingClassifier(
        max_iter=300, categorical_features=categories, early_stopping=False, random_state=1
    )
    return sklearn_model(folder, "hist-boosting", "HistGradientBoosting, 300 trees, 10 of 30 features categories", data, estimator)


def wide_forest(folder):
    estimator = make_pipeline(OneHotEncoder(), RandomForestClassifier(n_estimators=300, max_depth=12, n_jobs=2, random_state=1))
    return sklearn_model(folder, "wide-forest", "forest of 300 trees, depth 12, behind 20 columns of 50 texts each", words(), estimator)


def wide_logistic(folder):
    estimator = make_pipeline(OneHotEncoder(), LogisticRegression(max_iter=300))
    return sklearn_model(folder, "wide-logistic", "logistic regression behind 20 columns of 50 texts each", words(), estimator, exact=False)


def mixed_logistic(folder):
    numeric = make_pipeline(SimpleImputer(strategy="median"), StandardScaler())
    texts = make_pipeline(SimpleImputer(strategy="most_frequent"), OneHotEncoder(handle_unknown="ignore"))
    columns = ColumnTransformer([("numbers", numeric, [f"x{i}" for i in range(25)]), ("texts", texts, [f"c{i}" for i in range(25)])])
    estimator = make_pipeline(columns, LogisticRegression(max_iter=300))
    title = "logistic regression behind imputers, scalers and encoders of 50 columns"
    return sklearn_model(folder, "mixed-logistic", title, mixed(), estimator, exact=False)


def linear(folder):
    estimator = LogisticRegression(max_iter=200)
    data = numbers(1000, 4_000, 40)
    return sklearn_model(folder, "linear", "logistic regression of 1,000 columns", data, estimator, exact=False)


def perceptron(folder):
    estimator = make_pipeline(StandardScaler(), MLPClassifier((100, 50), max_iter=20, random_state=1))
    return sklearn_model(folder, "perceptron", "perceptron of 30, 100, 50 and 1 neurons", numbers(), estimator, exact=False)


def support_vectors(folder):
    estimator = make_pipeline(StandardScaler(), SVC(C=1.0, probability=True, random_state=1))
    data = numbers(30, 8_000)
    return sklearn_model(folder, "support-vectors", "support vector machine", data, estimator, exact=False)


def neighbours(folder):
    estimator = KNeighborsClassifier(5)
    return sklearn_model(folder, "neighbours", "5 neighbours of 10,000 points in 8 columns", numbers(8, 12_000, 6), estimator)


def xgboost_model(folder, name, trees, depth, wrong=0.01):
    table, target = numbers(wrong=wrong)
    place = folder / name
    if not (place / "MLmodel").exists():
        model = xgboost.XGBClassifier(n_estimators=trees, max_depth=depth, learning_rate=0.1, n_jobs=2, random_state=1)
        model.fit(table[:-ROWS], target[:-ROWS])
        save("xgboost", model.get_booster(), place, table, model_format="ubj")
    booster = xgboost.Booster({"nthread": 1})
    booster.load_model(next(place.glob("model.*")))
    found = Model(f"XGBoost, {trees} trees of depth {depth}", place, table[-ROWS:])
    floats = numpy.ascontiguousarray(found.rows.to_numpy(dtype=numpy.float32))
    found.rivals["xgboost, DataFrame"] = lambda part: booster.predict(xgboost.DMatrix(found.rows[part], nthread=1))
    plain = xgboost.Booster({"nthread": 1})
    plain.load_model(next(place.glob("model.*")))
    plain.feature_names = None
    found.rivals["xgboost, inplace_predict"] = lambda part: plain.inplace_predict(floats[part])
    return found


def lightgbm_model(folder, name, trees, leaves):
    table, target = numbers()
    place = folder / name
    if not (place / "MLmodel").exists():
        model = lightgbm.LGBMClassifier(n_estimators=trees, num_leaves=leaves, n_jobs=2, random_state=1, verbose=-1)
        model.fit(table[:-ROWS], target[:-ROWS])
        save("lightgbm", model.booster_, place, table)
    booster = lightgbm.Booster(model_file=str(place / "model.lgb"))
    found = Model(f"LightGBM, {trees:,} trees of {leaves} leaves", place, table[-ROWS:])
    values = numpy.ascontiguousarray(found.rows.to_numpy())
    found.rivals["lightgbm, array"] = lambda part: booster.predict(values[part], num_threads=1)
    return found


MODELS = {
    "credit-rf": credit_forest,
    "xgboost": lambda folder: xgboost_model(folder, "xgboost", 500, 6),
    "lightgbm": lambda folder: lightgbm_model(folder, "lightgbm", 500, 31),
    "deep-forest": deep_forest,
    "shallow-forest": shallow_forest,
    "single-tree": single_tree,
    "xgboost-deep": lambda folder: xgboost_model(folder, "xgboost-deep", 500, 10, wrong=0.05),
    "lightgbm-64": lambda folder: lightgbm_model(folder, "lightgbm-64", 1000, 64),
    "hist-boosting": histogram_boosting,
    "wide-forest": wide_forest,
    "wide-logistic": wide_logistic,
    "mixed-logistic": mixed_logistic,
    "linear": linear,
    "perceptron": perceptron,
    "support-vectors": support_vectors,
    "neighbours": neighbours,
}
