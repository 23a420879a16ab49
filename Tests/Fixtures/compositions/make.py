"""Makes the models of this folder, which are refused: python make.py [NAME…] (scikit-learn 1.7.2, MLflow 3.4.0)."""

import pathlib
import shutil
import sys
import warnings

import mlflow
import numpy
import pandas
from sklearn import calibration, compose, dummy, ensemble, feature_selection, isotonic, linear_model, model_selection, neighbors, pipeline, preprocessing

warnings.simplefilter("ignore")
HERE = pathlib.Path(__file__).resolve().parent
rng = numpy.random.default_rng(0)
table = pandas.DataFrame({"a": rng.normal(size=40), "b": rng.normal(size=40)})
target = (table["a"] > 0).astype(int)
MODELS = {
    "isotonic_raise": isotonic.IsotonicRegression(out_of_bounds="raise").fit(table[["a"]], table["b"]),
    "dummy_uniform": dummy.DummyClassifier(strategy="uniform", random_state=0).fit(table, target),
    "search_without_refit": model_selection.GridSearchCV(
        linear_model.LogisticRegression(), {"C": [0.1, 1]}, cv=2, refit=False).fit(table, target),
    "target_power": compose.TransformedTargetRegressor(
        linear_model.LinearRegression(), transformer=preprocessing.PowerTransformer(standardize=False)).fit(table, table["a"]),
    "select_adaboost": pipeline.make_pipeline(
        feature_selection.SelectFromModel(ensemble.AdaBoostClassifier(n_estimators=1)),
        linear_model.LogisticRegression()).fit(table, target),
    "boosting_single": ensemble.GradientBoostingRegressor(
        n_estimators=1, max_depth=1, init=linear_model.LinearRegression()).fit(table, table["b"]),
    "calibrated_many": calibration.CalibratedClassifierCV(
        dummy.DummyClassifier(strategy="stratified", random_state=0), cv=2).fit(table, target),
}
whole = table.round()
MODELS["brute_weighted"] = neighbors.KNeighborsRegressor(algorithm="brute", weights="distance").fit(table, table["b"])
MODELS["brute_ties"] = neighbors.KNeighborsClassifier(algorithm="brute").fit(whole, target)
MODELS["brute_single"] = neighbors.KNeighborsClassifier(algorithm="brute").fit(table.astype("float32"), target)
logistic = linear_model.LogisticRegression()
MODELS["threshold_first"] = model_selection.FixedThresholdClassifier(logistic, pos_label=0).fit(table, target)
MODELS["threshold_prefit"] = model_selection.TunedThresholdClassifierCV(
    logistic.fit(table, target), cv="prefit", refit=False).fit(table, target)
MODELS["weight_scalar"] = pipeline.make_pipeline(
    compose.ColumnTransformer([("one", "passthrough", ["a"])], transformer_weights={"one": numpy.float64(0.1)}),
    linear_model.LogisticRegression()).fit(table.astype("float32"), target)
for name, model in MODELS.items():
    if sys.argv[1:] and name not in sys.argv[1:]:
        continue
    folder = HERE / name
    shutil.rmtree(folder, ignore_errors=True)
    columns = table[["a"]] if name.startswith("isotonic") else table
    if name in ("brute_single", "weight_scalar"):
        columns = table.astype("float32")
    mlflow.sklearn.save_model(
        model, str(folder / "model"), signature=mlflow.models.infer_signature(columns), serialization_format="cloudpickle",
        pip_requirements=["scikit-learn"])
    for file in (folder / "model").iterdir():
        if file.name not in ("MLmodel", "model.pkl"):
            file.unlink()
