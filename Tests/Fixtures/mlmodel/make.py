"""Saves small models with whatever MLflow runs this and keeps their text files, all in one JSON file.

    python make.py OUTPUT_FOLDER      # writes OUTPUT_FOLDER/mlflow-VERSION.json: {case: {file name: text}}

Run once per MLflow version; the versions that made the committed files are in README.md.
"""

import json
import pathlib
import sys
import tempfile

import mlflow
import mlflow.pyfunc
import numpy as np
import pandas as pd

KEEP = {
    "MLmodel",
    "conda.yaml",
    "python_env.yaml",
    "requirements.txt",
    "input_example.json",
    "serving_input_example.json",
}


class Echo(mlflow.pyfunc.PythonModel):
    def predict(self, context, model_input, params=None):
        return [1.0] * len(model_input)


def schema_of_every_type():
    from mlflow.models.signature import ModelSignature
    from mlflow.types import ColSpec, Schema

    columns = [
        ColSpec(t, t)
        for t in ["boolean", "integer", "long", "float", "double", "string", "binary", "datetime"]
    ]
    for keyword in [{"required": False}, {"optional": True}]:
        try:
            columns.append(ColSpec("double", "maybe", **keyword))
            break
        except TypeError:
            continue  # MLflow 1.x has no optional columns
    try:
        from mlflow.types.schema import Array, Object, Property

        columns.append(ColSpec(Array("double"), "list"))
        columns.append(
            ColSpec(
                Object([Property("p", "string"), Property("q", "long", required=False)]),
                "object",
                required=False,
            )
        )
    except ImportError:
        pass
    try:
        from mlflow.types.schema import Map

        columns.append(ColSpec(Map("long"), "map"))
    except ImportError:
        pass
    return ModelSignature(inputs=Schema(columns))


def cases():
    from mlflow.models import infer_signature

    frame = pd.DataFrame(
        {"age": [39, 52], "rate": [0.5, None], "city": ["Oslo", "Rome"], "ok": [True, False]}
    )
    yield "frame", dict(input_example=frame, signature=infer_signature(frame, pd.DataFrame({"y": [1.0]})))
    yield "frame_unnamed", dict(input_example=pd.DataFrame([[1.0, 2.0], [3.0, 4.0]]))
    yield "frame_numbered", dict(input_example=pd.DataFrame([[1.0, 2.0]], columns=[3, 7]))
    yield "records", dict(input_example=[{"a": 1, "b": "x"}, {"a": 2, "b": "y"}])
    yield "record", dict(input_example={"a": 1, "b": "x"})
    array = np.array([[1.0, 2.0], [3.0, np.nan]])
    yield "array", dict(input_example=array, signature=infer_signature(array, np.array([1.0])))
    yield "arrays", dict(input_example={"x": np.array([[1, 2]]), "y": np.array(["a"])})
    yield "scalars", dict(input_example=[1, 2, 3])
    yield "types", dict(signature=schema_of_every_type())
    yield "bare", dict()
    from scipy.sparse import csr_matrix

    yield "sparse", dict(input_example=csr_matrix(np.eye(2)))
    params = {"k": 3, "scale": 0.5, "mode": "fast", "weights": [1.0, 2.0]}
    try:
        signature = infer_signature(frame, None, params)
        yield "frame_params", dict(input_example=(frame, params), signature=signature)
        yield "array_params", dict(input_example=(array, params))
    except TypeError:
        pass
    if not mlflow.__version__.startswith("1."):  # which refuses lists as values
        yield "record_list_value", dict(input_example={"a": "x", "b": ["u", "v"]})


def main(output):
    kept = {}
    for name, arguments in cases():
        with tempfile.TemporaryDirectory() as folder:
            model = pathlib.Path(folder) / "model"
            mlflow.pyfunc.save_model(
                str(model),
                python_model=Echo(),
                pip_requirements=["mlflow==" + mlflow.__version__, "numpy==1.26.4"],
                **arguments,
            )
            # The environment files say the same in every folder.
            kept[name] = {
                file.name: file.read_text()
                for file in sorted(model.iterdir())
                if file.name in KEEP and (name == "bare" or file.suffix not in {".yaml", ".txt"})
            }
    path = pathlib.Path(output) / f"mlflow-{mlflow.__version__}.json"
    path.write_text(json.dumps(kept, indent=1) + "\n")


main(sys.argv[1])
