"""client.py FILE: the real clients, MLflow's and the Databricks SDK, on the cases of FILE; what they got is printed as JSON.

FILE is {"folder": where to download to, "cases": [{"name", "uri", "environment"}]}: each case downloads `uri` to FOLDER/NAME. A `uri` of
`sdk:NAME` asks the Databricks SDK for a registered model in place of a download. The answer is {NAME: null or an error}. The modules are
imported once and each case is a fork of that, two at a time: importing takes longer than downloading.
"""

import json
import os
import pathlib
import socket
import sys

own_getaddrinfo = socket.getaddrinfo


def getaddrinfo(host, *arguments, **options):
    """curl takes `*.localhost` for this machine by itself; Python asks a name server."""
    here = isinstance(host, str) and host.endswith(".localhost")
    return own_getaddrinfo("127.0.0.1" if here else host, *arguments, **options)


socket.getaddrinfo = getaddrinfo


def download(case, folder):
    if case["uri"].startswith("sdk:"):
        from databricks.sdk import WorkspaceClient

        name = case["uri"][4:]
        answer = WorkspaceClient().api_client.do("GET", "/api/2.0/mlflow/model-versions/get", query={"name": name, "version": "1"})
        assert answer["model_version"]["name"] == name
        return
    import mlflow

    mlflow.artifacts.download_artifacts(artifact_uri=case["uri"], dst_path=str(folder / case["name"]))


def child(case, folder):
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "LANG", "TMPDIR", "PYTHONDONTWRITEBYTECODE")}
    os.environ.clear()
    os.environ.update(kept)
    os.environ["HOME"] = str(folder)
    os.environ.update(case["environment"])
    report = folder / f"{case['name']}.report"
    try:
        download(case, folder)
        report.write_text("null")
    except BaseException as error:
        report.write_text(json.dumps(f"{type(error).__name__}: {error}"))
    os._exit(0)


def main():
    os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
    import azure.storage.filedatalake  # noqa: F401
    import boto3  # noqa: F401
    import databricks.sdk  # noqa: F401
    import google.cloud.storage  # noqa: F401
    import mlflow  # noqa: F401
    import mlflow.store.artifact.artifact_repository_registry  # noqa: F401

    todo = json.loads(pathlib.Path(sys.argv[1]).read_text())
    folder = pathlib.Path(todo["folder"])
    running = 0
    for case in todo["cases"]:
        if running == 2:
            os.wait()
            running -= 1
        if os.fork() == 0:
            child(case, folder)
        running += 1
    while running:
        os.wait()
        running -= 1
    print(json.dumps({case["name"]: json.loads((folder / f"{case['name']}.report").read_text()) for case in todo["cases"]}))


if __name__ == "__main__":
    main()
