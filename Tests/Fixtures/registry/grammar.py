"""grammar.py FILE: what MLflow makes of each `models:/` URI in FILE (a JSON list), as JSON: a list of [id, name, version, stage, alias,
subpath], or null for a URI that it refuses."""

import json
import sys

from mlflow.exceptions import MlflowException
from mlflow.store.artifact.models_artifact_repo import ModelsArtifactRepository
from mlflow.store.artifact.utils.models import _parse_model_uri


def parsed(uri):
    try:
        base, subpath = ModelsArtifactRepository.split_models_uri(uri)
        return [*_parse_model_uri(base), subpath]
    except MlflowException:
        return None


print(json.dumps([parsed(uri) for uri in json.load(open(sys.argv[1], encoding="utf-8"))]))
