"""record.py: 2,600 generated URIs with what MLflow makes of them, as verdicts.jsonl beside this file; seed 11. Made with MLflow 3.17.2.

One JSON list a line: [URI, verdict]. The verdict is null for a URI that MLflow refuses, else by its scheme
  models  [id, name, version, stage, alias, sub-path, profile URI for databricks, profile URI for databricks-uc]
  runs    [run, path, profile URI]
  dbfs    [kind, profile URI]; kind is "run", "logged_model", "acl" (neither of them, below mlflow-tracking), "volume", "no volume", "file"
  mlflow-artifacts  [the address below http://tracking:5000/ml]
A profile URI is null when the authority is no registry; "refused" when MLflow refuses it."""

import json
import pathlib
import random
import warnings

warnings.simplefilter("ignore")

from mlflow.exceptions import MlflowException
from mlflow.store.artifact.databricks_logged_model_artifact_repo import DatabricksLoggedModelArtifactRepository
from mlflow.store.artifact.databricks_run_artifact_repo import DatabricksRunArtifactRepository
from mlflow.store.artifact.mlflow_artifacts_repo import MlflowArtifactsRepository
from mlflow.store.artifact.models_artifact_repo import ModelsArtifactRepository
from mlflow.store.artifact.runs_artifact_repo import RunsArtifactRepository
from mlflow.store.artifact.utils.models import _parse_model_uri
from mlflow.utils.uri import (
    get_databricks_profile_uri_from_artifact_uri,
    is_databricks_acled_artifacts_uri,
    is_uc_volumes_uri,
    is_valid_dbfs_uri,
    is_valid_uc_volumes_uri,
)

PIECES = [
    "churn", "churn", "main.ml.churn", "a b", "m-1", "1", "007", "latest", "LATEST", "Production", "x@y", "@", "é", "a%20b", ".", "..",
    " ", "?", "#", "", "1;v=2", "a+b", "data", "MLmodel", "١",
]
AUTHORITIES = [
    "databricks", "databricks", "databricks-uc", "databricks-uc", "prod@databricks", "prod@databricks", "prod@databricks-uc",
    "Prod-2_x@databricks-uc", "DATABRICKS", "x@Databricks-UC", "@databricks", "scope:key@databricks", "scope:key@databricks-uc",
    "databricks:443", "p@databricks:1", "a b@databricks", "a@b@databricks", "host", "host:5000", "churn", "databricksx", "é@databricks",
]
DBFS = [
    ["databricks", "mlflow-tracking", "12", "0abc", "artifacts", "model"], ["databricks", "mlflow-tracking", "12", "logged_models", "m-1"],
    ["databricks", "mlflow-tracking", "12"], ["databricks", "mlflow-tracking", "12", "logged_models"],
    ["databricks", "mlflow-tracking", "12", "tr-9", "artifacts"], ["databricks", "mlflow-registry", "7f", "models"],
    ["Volumes", "main", "default", "vol", "x"], ["Volumes", "main", "default", "vol"], ["volumes", "a", "b", "c", "d"], ["Volume", "a", "b"],
    ["mnt", "models"], ["x", "databricks", "mlflow-tracking", "12", "0abc"], ["FileStore", "a b", "é"],
]


def profile(uri, scheme):
    try:
        return get_databricks_profile_uri_from_artifact_uri(uri, scheme)
    except MlflowException:
        return "refused"


def models(uri):
    base, subpath = ModelsArtifactRepository.split_models_uri(uri)
    return [*_parse_model_uri(base), subpath, profile(uri, "databricks"), profile(uri, "databricks-uc")]


def runs(uri):
    return [*RunsArtifactRepository.parse_runs_uri(uri), profile(uri, "databricks")]


def dbfs(uri):
    if not is_valid_dbfs_uri(uri):
        return None
    if is_uc_volumes_uri(uri):
        kind = "volume" if is_valid_uc_volumes_uri(uri) else "no volume"
    elif not is_databricks_acled_artifacts_uri(uri):
        kind = "file"
    elif DatabricksLoggedModelArtifactRepository.is_logged_model_uri(uri):
        kind = "logged_model"
    else:
        kind = "run" if DatabricksRunArtifactRepository.is_run_uri(uri) else "acl"
    return [kind, profile(uri, "databricks")]


def artifacts(uri):
    return [MlflowArtifactsRepository.resolve_uri(uri, "http://tracking:5000/ml")]


def main():
    chance = random.Random(11)
    lines = []
    for scheme, count, verdict in (("models", 1600, models), ("runs", 400, runs), ("dbfs", 400, dbfs), ("mlflow-artifacts", 200, artifacts)):
        for _ in range(count):
            start = scheme.upper() if chance.random() < 0.03 else scheme
            start += ":" if chance.random() < 0.05 else f"://{chance.choice(AUTHORITIES)}/" if chance.random() < 0.5 else ":/"
            if scheme == "dbfs":
                parts = chance.choice(DBFS) + [chance.choice(PIECES) for _ in range(chance.randrange(3))]
            else:
                parts = [chance.choice(PIECES) for _ in range(chance.randrange(5))]
            uri = start + "/".join(parts)
            try:
                made = verdict(uri)
            except (MlflowException, ValueError):
                made = None
            lines.append(json.dumps([uri, made], ensure_ascii=False))
    path = pathlib.Path(__file__).with_name("verdicts.jsonl")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


main()
