"""Logs fresh models with real MLflow: python generate.py OUT --seed N [--only PART,…] [--count K]

Run it with the Python whose libraries are to be compared. Each specification of `specs/*.py` is a function of a random generator that
gives a `Model`; every one is fitted, saved by its flavor of MLflow and asked, K times with other random numbers. OUT then holds one
folder per model as `Tests/parity.py` reads them: `model/`, `inputs.json`, `expected.json` (what the estimator itself answered), `meta.json`.
What cannot be fitted or saved is said and left out.
"""

import argparse
import contextlib
import dataclasses
import importlib
import importlib.metadata
import inspect
import io
import json
import math
import os
import pathlib
import shutil
import sys
import traceback
import warnings

os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault("MLFLOW_ALLOW_PICKLE_DESERIALIZATION", "true")

import numpy
import pandas

HERE = pathlib.Path(__file__).resolve().parent


@dataclasses.dataclass
class Model:
    """A model to fit and to ask."""

    estimator: object
    table: pandas.DataFrame
    target: object
    #: Rows to ask; `tables.requests` makes them.
    requests: pandas.DataFrame
    predict_fn: str = "predict"
    #: "sklearn", "xgboost", "lightgbm" or "catboost".
    flavor: str = "sklearn"
    #: Further arguments of `save_model`: `serialization_format`, `model_format`.
    save: dict = dataclasses.field(default_factory=dict)
    #: Further arguments of `fit`.
    fit: dict = dataclasses.field(default_factory=dict)
    #: For what is no estimator: a function of the fitted model and the rows that gives the answer. `estimator` is fitted already.
    ask: object = None
    #: The model is logged with the signature of an array, and asked by `inputs`.
    is_tensor: bool = False


def plain(value):
    """Numbers as shortest texts would have them; words for what JSON cannot say."""
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, pandas.DataFrame):
        return plain(value.to_numpy())
    if isinstance(value, pandas.Series):
        return plain(value.to_numpy())
    if isinstance(value, numpy.ndarray):
        return plain(value.tolist()) if value.dtype != numpy.float32 else plain(value.astype(float).tolist())
    if isinstance(value, numpy.generic):
        return plain(value.item())
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    return value


def cells(table):
    """The request's records; a missing cell is null."""
    records = []
    for row in table.astype(object).to_numpy().tolist():
        values = [None if isinstance(v, float) and math.isnan(v) else v.item() if isinstance(v, numpy.generic) else v for v in row]
        records.append(dict(zip(table.columns, values)))
    return records


def save(model, folder, mlflow):
    if "input_example" in model.save or model.is_tensor:
        example = model.save.pop("input_example", None)
        rows = model.table.to_numpy() if model.is_tensor else model.table
        signature = None if example is not None else mlflow.models.infer_signature(rows, None)
        return write(model, folder, mlflow, {"signature": signature, "input_example": example})
    # Missing cells make every column optional, so that a request may leave any of them empty.
    try:
        signature = mlflow.models.infer_signature(model.table, None)
    except mlflow.exceptions.MlflowException:  # MLflow 2.9 knows no missing texts
        texts = [name for name in model.table if model.table[name].dtype == object]
        signature = mlflow.models.infer_signature(model.table.fillna({name: "" for name in texts}), None)
    write(model, folder, mlflow, {"signature": signature})


def write(model, folder, mlflow, described):
    module = importlib.import_module(f"mlflow.{model.flavor}")
    arguments = {**described, **model.save}
    accepted = inspect.signature(module.save_model).parameters
    if model.flavor == "sklearn":
        arguments.setdefault("serialization_format", "cloudpickle")
        arguments["pyfunc_predict_fn"] = model.predict_fn
    for name in ("pip_requirements",):
        if name in accepted:
            arguments[name] = [f"{model.flavor if model.flavor != 'sklearn' else 'scikit-learn'}"]
    name = {"sklearn": "sk_model", "xgboost": "xgb_model", "lightgbm": "lgb_model", "catboost": "cb_model"}[model.flavor]
    module.save_model(**{name: model.estimator, "path": str(folder), **arguments})


def answers(model):
    raw = {}
    if model.ask is not None:
        found = model.ask(model.estimator, model.requests)
        return {model.predict_fn: plain(found), f"{model.predict_fn}_dtype": str(getattr(found, "dtype", ""))}
    found = getattr(model.estimator, model.predict_fn)(model.requests.to_numpy() if model.is_tensor else model.requests)
    raw[model.predict_fn] = plain(found)
    first = found[0] if isinstance(found, list) and len(found) else found
    raw[f"{model.predict_fn}_dtype"] = str(getattr(first, "dtype", "float64"))
    return raw


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--only", default="", help="specifications with one of these in their name")
    parser.add_argument("--count", type=int, default=3, help="models per specification")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    sys.path.insert(0, str(HERE))
    import mlflow

    version = importlib.metadata.version("scikit-learn")
    specifications = {}
    for file in sorted((HERE / "specs").glob("*.py")):
        module = importlib.import_module(f"specs.{file.stem}")
        for name, function in module.SPECS.items():
            specifications[name] = function
    parts = options.only.split(",")
    made, failed = 0, []
    for name, function in specifications.items():
        if not any(part in name for part in parts):
            continue
        for number in range(options.count):
            rng = numpy.random.default_rng([options.seed, number, *name.encode()])
            numpy.random.seed(int(rng.integers(2**31)))
            place = options.out / f"sk{version.replace('.', '')}__{name}__s{options.seed}n{number}"
            shutil.rmtree(place, ignore_errors=True)
            try:
                model = function(rng)
                if model is None:  # not in this version of the library
                    continue
                place.mkdir(parents=True)
                with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
                    if model.ask is None:
                        model.estimator.fit(model.table.to_numpy() if model.is_tensor else model.table, model.target, **model.fit)
                    try:
                        raw = answers(model)
                    except ValueError as error:
                        raw = {"error": str(error)}
                    save(model, place / "model", mlflow)
            except Exception as error:
                shutil.rmtree(place, ignore_errors=True)
                last = traceback.extract_tb(error.__traceback__)[-1]
                failed.append(f"{name} {number}: {type(error).__name__}: {str(error)[:200]} ({last.name}:{last.lineno})")
                continue
            body = {"inputs": model.requests.to_numpy().tolist()} if model.is_tensor else {"dataframe_records": cells(model.requests)}
            (place / "inputs.json").write_text(json.dumps(body, ensure_ascii=False))
            served = {"status": 400, "body": raw["error"]} if "error" in raw else None
            (place / "expected.json").write_text(json.dumps({"raw": raw, "served": served}, ensure_ascii=False))
            meta = {"env": version, "spec": name, "flavor": model.flavor, "predict_fn": model.predict_fn, "fallback_expected": False}
            (place / "meta.json").write_text(json.dumps(meta))
            made += 1
    for line in failed:
        print(f"left out {line}", file=sys.stderr)
    print(f"{made} models in {options.out}, {len(failed)} left out")


if __name__ == "__main__":
    main()
