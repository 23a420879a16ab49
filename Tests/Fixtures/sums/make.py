"""Makes the models of this folder, in which a step compares exactly what an earlier one summed: python make.py

scikit-learn 1.7.2, XGBoost 3.0.5, MLflow 3.4.0. All are refused.
"""

import pathlib
import shutil
import warnings

import mlflow
import numpy
import pandas
from sklearn import decomposition, impute, linear_model, neighbors, pipeline, preprocessing
from xgboost import XGBRegressor

warnings.simplefilter("ignore")
HERE = pathlib.Path(__file__).resolve().parent
rng = numpy.random.default_rng(0)
table = pandas.DataFrame({"a": rng.integers(1, 9, 40).astype(float), "b": rng.integers(1, 9, 40).astype(float)})
target = table["a"] * 2 + table["b"]
small = dict(n_estimators=1, max_depth=1)


def chain(*steps):
    return pipeline.make_pipeline(*steps).fit(table, target)


def ufunc(function):
    return preprocessing.FunctionTransformer(function)


def polars():
    model = chain(preprocessing.StandardScaler(), linear_model.LinearRegression())
    model[0]._sklearn_output_config = {"transform": "polars"}
    return model


union = pipeline.FeatureUnion([("one", preprocessing.OneHotEncoder(handle_unknown="ignore"))], transformer_weights={"one": 0})
MODELS = {
    "neighbours": chain(decomposition.PCA(2), neighbors.KNeighborsRegressor(3, algorithm="kd_tree")),
    "stored_zeros": chain(preprocessing.SplineTransformer(n_knots=3, sparse_output=True), XGBRegressor(**small)),
    "weight_zero": chain(union, XGBRegressor(**small)),
    "missing_number": chain(decomposition.PCA(2), XGBRegressor(missing=-1.0, **small)),
    "impute_number": chain(decomposition.PCA(2), impute.SimpleImputer(missing_values=-1.0), linear_model.LinearRegression()),
    "floor": chain(ufunc(numpy.log2), ufunc(numpy.floor), linear_model.LinearRegression()),
    "sign": chain(decomposition.PCA(2), ufunc(numpy.sign), linear_model.LinearRegression()),
    "binarizer": chain(decomposition.PCA(2), preprocessing.Binarizer(), linear_model.LinearRegression()),
    "polars": polars(),
}
for name, model in MODELS.items():
    folder = HERE / name
    shutil.rmtree(folder, ignore_errors=True)
    mlflow.sklearn.save_model(
        model, str(folder / "model"), signature=mlflow.models.infer_signature(table), serialization_format="cloudpickle",
        pip_requirements=["scikit-learn"])
    for file in (folder / "model").iterdir():
        if file.name not in ("MLmodel", "model.pkl"):
            file.unlink()
