"""make.py KIND: log and register small models with the MLflow that runs this, KIND being `sqlite` or `files`, in the folder that
`PLACE` names; the store is then in `PLACE/KIND` and moved by make.sh to this folder.

The models are folders with an `MLmodel` and one more file that says which one it is: nothing here trains anything. The name of the
folder is as long as it is so that a test can put the name of its own folder in its place, filled up with slashes, byte by byte."""

import json
import os
import pathlib
import sys
import tempfile
import time

os.environ["MLFLOW_ALLOW_FILE_STORE"] = "true"
os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"

import mlflow
from mlflow.tracking import MlflowClient

PLACE = "/srv/mlflow/this-name-is-as-long-as-the-folders-of-tests-so-that-they-can-stand-in-its-place-byte-by-byte"
MAJOR = int(mlflow.__version__.split(".")[0])


def folder(words):
    """A model folder that says `words`."""
    path = pathlib.Path(tempfile.mkdtemp())
    (path / "MLmodel").write_text("flavors:\n  python_function:\n    loader_module: model\n")
    (path / "data").mkdir()
    (path / "data" / "which.txt").write_text(words + "\n")
    return str(path)


def log(client, experiment, words, artifact_path="model"):
    run = client.create_run(experiment)
    client.log_artifacts(run.info.run_id, folder(words), artifact_path)
    client.set_terminated(run.info.run_id)
    return run.info


def registers(client, experiment, runs):
    client.create_registered_model("churn")
    for number in (1, 2, 3, 4):
        info = log(client, experiment, f"churn {number}")
        runs.append(f"runs:/{info.run_id}/model")
        client.create_model_version("churn", f"{info.artifact_uri}/model", info.run_id)
    client.transition_model_version_stage("churn", "1", "Archived")
    client.transition_model_version_stage("churn", "2", "Production")
    client.delete_model_version("churn", "4")
    if hasattr(client, "set_registered_model_alias"):
        client.set_registered_model_alias("churn", "champion", "2")
        client.set_registered_model_alias("churn", "Challenger", "3")

    client.create_registered_model("iris demo é")
    info = log(client, experiment, "iris by its run", "deep/model")
    runs.append(f"runs:/{info.run_id}/deep/model")
    client.create_model_version("iris demo é", f"runs:/{info.run_id}/deep/model", info.run_id, description="long " * 900)
    client.create_registered_model("far")
    client.create_model_version("far", "s3://bucket/models/far")
    client.create_model_version("far", "mlflow-artifacts:/1/models/far")
    client.create_registered_model("empty")


def logs(client, experiment, runs):
    """What only MLflow 3 has."""
    run = client.create_run(experiment)
    client.log_artifacts(run.info.run_id, folder("the run's own"), "other")
    runs.append(f"runs:/{run.info.run_id}/other")
    runs.append(f"runs:/{run.info.run_id}/classifier")
    for words in ("logged 1", "logged 2"):
        time.sleep(0.05)
        model = client.create_logged_model(experiment, name="classifier", source_run_id=run.info.run_id)
        client.log_model_artifacts(model.model_id, folder(words))
        client.finalize_logged_model(model.model_id, "READY")
        runs.append(f"models:/{model.model_id}")
    client.create_registered_model("logged")
    client.create_model_version("logged", f"models:/{model.model_id}", run.info.run_id, model_id=model.model_id)
    client.create_logged_model(experiment, name="pending", source_run_id=run.info.run_id)
    client.copy_model_version("models:/churn/2", "copied")


REFERENCES = [
    "models:/churn/1", "models:/churn/2", "models:/churn/03", "models:/churn/4", "models:/churn/5", "models:/churn/latest",
    "models:/churn/LATEST", "models:/churn/production", "models:/churn/Staging", "models:/churn/None", "models:/churn/none",
    "models:/churn/archived", "models:/churn/nowhere", "models:/churn@champion", "models:/churn@Challenger",
    "models:/churn@challenger", "models:/churn@latest", "models:/iris demo é/1", "models:/iris%20demo/1", "models:/empty/latest",
    "models:/absent/1", "models:/logged/1", "models:/copied/latest", "models:/m-absent", "runs:/0123456789abcdef0123456789abcdef/model",
]


def verdict(uri):
    """What the model says it is, or null when MLflow does not find it."""
    try:
        if hasattr(mlflow, "artifacts") and hasattr(mlflow.artifacts, "download_artifacts"):
            path = mlflow.artifacts.download_artifacts(uri, dst_path=tempfile.mkdtemp())
        return (pathlib.Path(path) / "data" / "which.txt").read_text().strip()
    except Exception:
        return None


def main(kind):
    place = pathlib.Path(PLACE) / kind
    place.mkdir(parents=True)
    os.chdir(place)
    uri = "sqlite:///mlflow.db" if kind == "sqlite" else f"file://{place}/mlruns"
    mlflow.set_tracking_uri(uri)
    client = MlflowClient(tracking_uri=uri, registry_uri=uri)
    experiment = client.create_experiment("churn")
    runs = []
    if MAJOR > 1 or kind == "sqlite":
        registers(client, experiment, runs)
    else:
        info = log(client, experiment, "a run before registries of files")
        runs.append(f"runs:/{info.run_id}/model")
    if MAJOR >= 3:
        logs(client, experiment, runs)
    expected = {uri: verdict(uri) for uri in REFERENCES + runs}
    (place / "expected.json").write_text(json.dumps(expected, indent=1, ensure_ascii=False) + "\n")


main(sys.argv[1])
