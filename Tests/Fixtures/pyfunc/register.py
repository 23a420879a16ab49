"""register.py EXAMPLES_FOLDER: registers the example models with the MLflow server of MLFLOW_TRACKING_URI by MLflow's own client.

credit-default gets two versions, version 2 with the alias `champion`; credit-monitor gets one. Prints what it made as JSON.
"""

import json
import pathlib
import sys

import mlflow
from mlflow.models import Model


def registered(folder, name):
    """Logs a saved model folder into a new run as it is, and registers that."""
    with mlflow.start_run() as run:
        client = mlflow.MlflowClient()
        client.log_artifacts(run.info.run_id, str(folder), "model")
        version = mlflow.register_model(f"runs:/{run.info.run_id}/model", name)
    return {"run": run.info.run_id, "version": version.version}


def logged(folder, name):
    """Logs a loaded model in the manner of MLflow 3 (a logged model with an id), and registers that."""
    example = Model.load(str(folder)).load_input_example(str(folder))
    model = mlflow.sklearn.load_model(str(folder))
    with mlflow.start_run() as run:
        info = mlflow.sklearn.log_model(
            model,
            name="model",
            input_example=example,
            serialization_format="cloudpickle",
            signature=mlflow.models.get_model_info(str(folder)).signature,
            pip_requirements=str(folder / "requirements.txt"),
            registered_model_name=name,
        )
    return {"run": run.info.run_id, "version": info.registered_model_version, "model": info.model_id}


def main():
    examples = pathlib.Path(sys.argv[1])
    client = mlflow.MlflowClient()
    made = {
        "credit-default": [
            registered(examples / "credit-default/model", "credit-default"),
            logged(examples / "credit-default/model", "credit-default"),
        ],
        "credit-monitor": [registered(examples / "credit-monitor/model", "credit-monitor")],
    }
    client.set_registered_model_alias("credit-default", "champion", 2)
    print(json.dumps(made))


if __name__ == "__main__":
    main()
