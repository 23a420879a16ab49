"""choices.py: which tracking and registry URI MLflow takes, and which store it opens, for variables and a current folder; as
choices.json beside this file. Made with MLflow 3.17.2. `CWD` stands for the current folder."""

import json
import os
import pathlib
import shutil
import warnings

warnings.simplefilter("ignore")
os.environ["MLFLOW_ALLOW_FILE_STORE"] = "true"
os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"

import mlflow
from mlflow.tracking._model_registry.utils import _get_store_registry
from mlflow.utils.uri import get_db_info_from_uri

FOLDER = pathlib.Path("/srv/mlflow-choices")
URIS = [
    None, "databricks", "databricks://prod", "databricks-uc", "databricks-uc://prod", "http://host:5000", "https://me:secret@host/ml",
    "uc:http://host:8080", "sqlite:///mlflow.db", "sqlite:////srv/m.db", "sqlite+pysqlite:///m.db", "file:///srv/mlruns", "./mlruns", "/srv/mlruns",
    "postgresql://u:p@host/db", "mysql+pymysql://u:p@host/db", "databricks:/prod", "databricks://", "databricks://a b", "databricks://scope:key",
    "databricks://prod/", "Databricks", "arn:aws:sagemaker:eu:1:mlflow-tracking-server/x", "gopher://x", "",
]
PAIRS = [(tracking, None) for tracking in URIS] + [(None, registry) for registry in URIS[1:]] + [
    ("databricks", "databricks"), ("databricks", "databricks://dev"), ("databricks://prod", "databricks-uc://dev"),
    ("http://host:5000", "databricks-uc"), ("http://host:5000", "http://other:5000"), ("sqlite:///a.db", "sqlite:///b.db"),
]


def verdict(uri):
    """The kind of store that MLflow opens, or null when it refuses the URI."""
    try:
        builder = _get_store_registry().get_store_builder(uri)
        if uri.startswith("databricks") and uri not in ("databricks", "databricks-uc"):
            get_db_info_from_uri(uri)
    except Exception:
        return None
    return builder.__name__.strip("_").removeprefix("get_").removesuffix("_store").removesuffix("_rest")


def main():
    rows = []
    for folder in ("empty", "mlruns", "database", "both"):
        shutil.rmtree(FOLDER, ignore_errors=True)
        FOLDER.mkdir()
        os.chdir(FOLDER)
        if folder in ("mlruns", "both"):
            (FOLDER / "mlruns" / "0").mkdir(parents=True)
            (FOLDER / "mlruns" / "0" / "meta.yaml").write_text("x")
        if folder in ("database", "both"):
            (FOLDER / "mlflow.db").write_bytes(b"")
        for tracking, registry in PAIRS if folder == "empty" else PAIRS[:1]:
            for name, value in (("MLFLOW_TRACKING_URI", tracking), ("MLFLOW_REGISTRY_URI", registry)):
                os.environ.pop(name, None)
                if value is not None:
                    os.environ[name] = value
            uris = []
            for ask in (mlflow.get_tracking_uri, mlflow.get_registry_uri):
                try:
                    uris.append(ask())
                except Exception:
                    uris.append(None)
            row = {"folder": folder, "MLFLOW_TRACKING_URI": tracking, "MLFLOW_REGISTRY_URI": registry}
            row["tracking"], row["registry"] = (uri and uri.replace(str(FOLDER), "CWD") for uri in uris)
            row["store"] = uris[1] and verdict(uris[1])
            rows.append(row)
    os.chdir("/")
    shutil.rmtree(FOLDER)
    path = pathlib.Path(__file__).with_name("choices.json")
    path.write_text("[\n" + ",\n".join(json.dumps(row) for row in rows) + "\n]\n", encoding="utf-8")


main()
