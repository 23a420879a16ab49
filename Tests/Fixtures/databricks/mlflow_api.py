"""The MLflow listener: the part of a tracking server that a download asks, with the ways of a server that has its artifacts in object
storage (chunked, no length, no ranges) by the setting `chunked`, and presigned downloads by `presigned`."""

import base64
import urllib.parse

import world as known
from plumbing import Handler, Reply, failure

REST = "/api/2.0/mlflow/"
ARTIFACTS = "/api/2.0/mlflow-artifacts/artifacts"
PRESIGNED = "/api/2.0/mlflow-artifacts/presigned/"


class MLflow(Handler):
    role = "mlflow"

    def route(self):
        if self.place.startswith("/__stand-in"):
            return
        self.check_login()
        if self.place == "/health":
            raise Reply(200, "OK", kind="text/plain")
        if self.place == "/api/3.0/mlflow/server-info":
            raise Reply(200, {"store_type": "SqlStore", "workspaces_enabled": False, "multipart_downloads_enabled": bool(self.world.presigned)})
        self.registry()
        if self.place == ARTIFACTS:
            self.listing(self.query.get("path", ""))
        if self.place.startswith(ARTIFACTS + "/"):
            self.artifact(self.place[len(ARTIFACTS) + 1 :])
        if self.place.startswith(PRESIGNED):
            if not self.world.presigned:
                raise failure(501, "NOT_IMPLEMENTED", "presigned downloads are not supported by this artifact repository")
            tree, path = self.inner(self.place[len(PRESIGNED) :])
            file = self.world.file(tree, path) if tree else None
            if not file:
                raise failure(404, "RESOURCE_DOES_NOT_EXIST", "no such artifact")
            url, headers = self.world.sign(tree, path)
            raise Reply(200, {"url": url, "headers": headers, "file_size": file.stat().st_size})

    def check_login(self):
        pair = base64.b64encode(f"{known.MLFLOW_USER}:{known.MLFLOW_PASSWORD}".encode()).decode()
        if self.world.mlflow_login and self.headers.get("Authorization") != f"Basic {pair}":
            raise Reply(
                401, "You are not authenticated.", {"WWW-Authenticate": 'Basic realm="mlflow"'}, "text/html"
            )

    def registry(self):
        name, version = self.query.get("name"), self.query.get("version")
        if self.place == REST + "registered-models/get" and name in known.WORKSPACE_MODELS:
            raise Reply(200, {"registered_model": {"name": name, "creation_timestamp": 1700000000000}})
        if self.place == REST + "registered-models/get-latest-versions":
            name = self.json().get("name") if self.command == "POST" else name
            version = max(known.WORKSPACE_MODELS.get(name, ("", {}))[1], default=None, key=int)
            raise Reply(200, {"model_versions": [self.version(name, version)]})
        if self.place == REST + "registered-models/alias":
            version = "1"
        elif self.place not in (REST + "model-versions/get", REST + "model-versions/get-download-uri"):
            return
        found = self.version(name, version)
        if self.place.endswith("get-download-uri"):
            raise Reply(200, {"artifact_uri": found["source"]})
        raise Reply(200, {"model_version": found})

    def version(self, name, version):
        tree, versions = known.WORKSPACE_MODELS.get(name, ("", {}))
        if version not in versions:
            raise failure(404, "RESOURCE_DOES_NOT_EXIST", f"Model Version (name={name}, version={version}) not found")
        return {
            "name": name,
            "version": version,
            "creation_timestamp": 1700000000000,
            "current_stage": versions[version][0],
            "source": f"mlflow-artifacts:/1/{tree}/artifacts/model",
            "run_id": known.RUN_ID,
            "status": versions[version][1],
        }

    def inner(self, path):
        """(tree, path from the model's root) of `1/TREE/artifacts/model/…`."""
        parts = path.strip("/").split("/")
        if len(parts) < 4 or parts[0] != "1" or parts[2:4] != ["artifacts", "model"]:
            return None, ""
        return parts[1], "/".join(parts[4:])

    def listing(self, path):
        tree, inner = self.inner(path)
        # A real server lists nothing, with status 200, for a file and for what is not there.
        if not tree or self.world.file(tree, inner):
            raise Reply(200, {})
        files = [
            # Names only, and a size of nothing is left out.
            {"path": name.split("/")[-1] if not self.world.extra_entries else name, "is_dir": is_folder, **({"file_size": size} if size else {})}
            for name, is_folder, size in self.world.entries(tree, inner) or []
        ]
        raise Reply(200, {"files": files} if files else {})

    def artifact(self, path):
        tree, inner = self.inner(path)
        file = self.world.file(tree, inner) if tree else None
        if not file:
            raise failure(404, "RESOURCE_DOES_NOT_EXIST", f"No such artifact: {urllib.parse.quote(path)}")
        reply = self.serve(file)
        if self.world.chunked:
            reply.status, reply.source = 200, (file, 0, file.stat().st_size)
            reply.headers = {}
            if self.plain_end is None:
                self.plain_end = reply.source[2]
        raise reply
