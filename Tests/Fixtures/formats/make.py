"""Makes the folders beside it: one fitted model each, saved by every writer. Run with scikit-learn 1.9.1, MLflow 3.17.2, skops 0.16.0,
joblib 1.6.0, cloudpickle 3.1.3, lz4 4.4, lightgbm 4.7.0, xgboost 3.2.0 (Python 3.11, NumPy 2.4.6, pandas 3.1.1).

    python make.py [NAME ...]

Each folder has MLmodel, rows.json (example rows), and the same object as pickle.4, skops (deflated, which `skops.io.dump` offers)
and joblib.zlib. One has pickle.2, pickle.5, cloudpickle, joblib, and joblib in each compression too; one has skops.stored, which is
how MLflow saves skops.
"""

import json
import pathlib
import pickle
import shutil
import sys
import tempfile
import zipfile

import cloudpickle
import joblib
import mlflow
import numpy as np
import pandas as pd
import skops.io
from lightgbm import LGBMClassifier
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.ensemble import GradientBoostingClassifier, HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge, SGDClassifier
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeRegressor
from xgboost import XGBRegressor

HERE = pathlib.Path(__file__).parent
COMPRESSIONS = ["zlib", "gzip", "bz2", "xz", "lzma", "lz4"]


def table(seed=3, rows=120):
    random = np.random.default_rng(seed)
    frame = pd.DataFrame({
        "a": random.normal(size=rows), "b": random.normal(size=rows) * 40,
        "größe": random.choice(["klein", "groß", "mittel"], size=rows), "d": random.normal(size=rows).round(1),
    })
    frame["größe"] = frame["größe"].astype(object)
    frame.loc[::9, "a"] = np.nan
    label = (frame["b"] + frame["d"] > 0).astype(int) + (frame["größe"] == "groß")
    return frame, label.to_numpy(), (frame["b"] * 2 + frame["d"]).to_numpy()


def columns(last):
    numbers = Pipeline([("impute", SimpleImputer()), ("scale", StandardScaler())])
    texts = OneHotEncoder(handle_unknown="ignore")
    return Pipeline([
        ("prepare", ColumnTransformer([("numbers", numbers, ["a", "b", "d"]), ("texts", texts, ["größe"])])), ("last", last)])


def models():
    frame, label, target = table()
    plain = frame[["a", "b", "d"]].fillna(0)
    single = plain.astype("float32")
    yield "columns_forest", columns(RandomForestClassifier(3, max_depth=3, random_state=0)), frame, label
    yield "columns_logistic", columns(LogisticRegression()), frame, np.array(["ja", "nein", "vielleicht"], dtype=object)[label]
    yield "tree_missing", DecisionTreeRegressor(max_depth=4), frame[["a", "b", "d"]], target
    yield "gradient_boosting", GradientBoostingClassifier(n_estimators=2, max_depth=1, random_state=0), plain, label % 2
    yield "histogram_boosting", HistGradientBoostingClassifier(max_iter=1, max_leaf_nodes=4, max_bins=16, random_state=0), plain, label % 2
    yield "neighbours", KNeighborsClassifier(3), plain[:30], label[:30]
    yield "support_vectors", SVC(), plain[:40], label[:40]
    yield "descent", SGDClassifier(loss="modified_huber", random_state=0), plain, label
    yield "grid", GridSearchCV(Ridge(), {"alpha": [0.1, 1.0]}, cv=2), single, target
    yield "logarithm", Pipeline([("log", FunctionTransformer(np.log1p)), ("last", Ridge())]), plain.abs(), target
    yield "target", TransformedTargetRegressor(Ridge(), func=np.log1p, inverse_func=np.expm1), plain, np.abs(target)
    yield "columns_xgboost", columns(XGBRegressor(n_estimators=2, max_depth=2)), frame, target
    yield "columns_lightgbm", columns(LGBMClassifier(n_estimators=1, num_leaves=4, min_child_samples=5, verbose=-1)), frame, label


def save(name, model, frame, label):
    folder = HERE / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    model.fit(frame, label)
    example = frame.iloc[:5]
    method = "predict_proba" if hasattr(model, "predict_proba") else "predict"
    with tempfile.TemporaryDirectory() as temporary:
        mlflow.sklearn.save_model(
            model, temporary + "/model", serialization_format="cloudpickle", pyfunc_predict_fn=method,
            signature=mlflow.models.infer_signature(frame, getattr(model, method)(frame)), pip_requirements=[])
        text = pathlib.Path(temporary, "model", "MLmodel").read_text()
    (folder / "MLmodel").write_text(text)
    rows = json.loads(example.to_json(orient="records"))
    (folder / "rows.json").write_text(json.dumps({"dataframe_records": rows}, ensure_ascii=False))
    (folder / "pickle.4").write_bytes(pickle.dumps(model, 4))
    skops.io.dump(model, folder / "skops", compression=zipfile.ZIP_DEFLATED, compresslevel=9)
    joblib.dump(model, folder / "joblib.zlib", compress=("zlib", 9))
    if name == "tree_missing":
        skops.io.dump(model, folder / "skops.stored")
    if name == "columns_logistic":
        for protocol in [2, 5]:
            (folder / f"pickle.{protocol}").write_bytes(pickle.dumps(model, protocol))
        (folder / "cloudpickle").write_bytes(cloudpickle.dumps(model))
        joblib.dump(model, folder / "joblib")
        for compression in COMPRESSIONS:
            joblib.dump(model, folder / f"joblib.{compression}", compress=(compression, 3))


for name, model, frame, label in models():
    if len(sys.argv) < 2 or name in sys.argv[1:]:
        save(name, model, frame, label)
