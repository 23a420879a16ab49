"""seed.py FOLDER NAME: fills the MLflow server of MLFLOW_TRACKING_URI with awkward models and downloads each by MLflow's own client.

`iris demo` version 1 is a logged model (MLflow 3) with the alias `champion`. `old-model` has version 1 of run artifacts (odd names, one of
them NAME, an empty file, 3 MB in a folder; stage Production) and version 2 whose source is a `runs:/` URI. A further run has run artifacts
and a logged model of the same name. What the client downloads lies below FOLDER; references and their folders are printed as JSON.
"""

import json
import pathlib
import random
import sys

import mlflow
import numpy
from mlflow import MlflowClient
from sklearn.linear_model import LogisticRegression


def old_files(folder, name):
    (folder / "data" / "deep er").mkdir(parents=True)
    (folder / "MLmodel").write_text("flavors: {}\n")
    (folder / "data" / "weights.bin").write_bytes(random.Random(1).randbytes(3_000_000))
    (folder / "data" / name).write_text("hello")
    (folder / "data" / "deep er" / "x").write_text("deep")
    (folder / "empty.bin").write_bytes(b"")


def main():
    folder = pathlib.Path(sys.argv[1])
    client = MlflowClient()
    inputs = numpy.array([[0.0], [1.0], [2.0]])
    classifier = LogisticRegression().fit(inputs, [0, 1, 1])
    old_files(folder / "source", sys.argv[2])
    with mlflow.start_run() as run:
        info = mlflow.sklearn.log_model(classifier, name="clf", registered_model_name="iris demo", input_example=inputs)
        mlflow.log_artifacts(str(folder / "source"), "old")
    with mlflow.start_run() as both:
        mlflow.log_artifacts(str(folder / "source"), "clf")
        mlflow.sklearn.log_model(classifier, name="clf")
    client.set_registered_model_alias("iris demo", "champion", "1")
    client.create_registered_model("old-model")
    client.create_model_version("old-model", source=f"{run.info.artifact_uri}/old", run_id=run.info.run_id)
    client.create_model_version("old-model", source=f"runs:/{run.info.run_id}/old", run_id=run.info.run_id)
    client.transition_model_version_stage("old-model", "1", "Production")
    references = [
        "models:/iris demo/1",
        "models:/iris demo@champion",
        "models:/iris demo/latest",
        f"models:/{info.model_id}",
        f"runs:/{run.info.run_id}/clf",
        f"runs:/{both.info.run_id}/clf",
        "models:/old-model/1",
        "models:/old-model/2",
        "models:/old-model/production",
        f"runs:/{run.info.run_id}/old",
    ]
    made = {}
    for number, reference in enumerate(references):
        mlflow.artifacts.download_artifacts(reference, dst_path=str(folder / str(number)))
        # A run's path is kept below the destination.
        name = reference.split("/")[2] if reference.startswith("runs:") else ""
        made[reference] = str(folder / str(number) / name)
    print(json.dumps(made))


if __name__ == "__main__":
    main()
