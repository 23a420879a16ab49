"""The workspace listener: both registries, runs and logged models, the Files API, DBFS."""

import base64
import hashlib
import re
import time
import urllib.parse
import uuid

import errors
import identity
import world as known
from plumbing import Handler, Reply, failure

MLFLOW = "/api/2.0/mlflow/"
LEGACY = MLFLOW + "unity-catalog/"
NATIVE = "/api/2.1/unity-catalog/"
MADE = 1700000000000  # milliseconds since 1970
STAGES = ["none", "staging", "production", "archived"]


def missing(what):
    return failure(404, "RESOURCE_DOES_NOT_EXIST", what)


def number(text, otherwise):
    return int(text) if text else otherwise


class Workspace(Handler):
    role = "workspace"

    def route(self):
        identity.route(self)
        identity.check(self)
        self.workspace_registry()
        self.runs()
        self.logged_models()
        self.catalog_legacy()
        self.catalog_native()
        if self.place.startswith("/api/2.0/fs/"):
            self.files(self.place[len("/api/2.0/fs") :])
        if self.place.startswith(("/api/2.0/dbfs/", "/dbfs/")):
            self.dbfs()

    def listed(self, tree, path, prefix=""):
        """The answer of MLflow's listings: one level, paged."""
        entries = self.world.entries(tree, path)
        if entries is None:
            return {}
        part, token = self.world.page(entries, self.query.get("page_token"), self.world.page_size)
        files = [
            {"path": prefix + path, "is_dir": is_folder, **({} if is_folder or size is None else {"file_size": size})}
            for path, is_folder, size in part
        ]
        return {"files": files, **({"next_page_token": token} if token else {})}

    def signed(self, tree, path):
        url, headers = self.world.sign(tree, path)
        return url, [{"name": name, "value": value} for name, value in headers.items()]

    # -- the workspace's own registry

    def version(self, name, version):
        if name not in known.WORKSPACE_MODELS:
            raise missing(f"RegisteredModel '{name}' does not exist. It might have been deleted.")
        if not re.fullmatch(r"\d+", version or ""):
            raise failure(400, "INVALID_PARAMETER_VALUE", f"Invalid value for version: '{version}'")
        tree, versions = known.WORKSPACE_MODELS[name]
        if version not in versions:
            raise missing(f"ModelVersion '{version}' of RegisteredModel '{name}' does not exist. It might have been deleted.")
        stage, status = versions[version]
        return tree, {
            "name": name,
            "version": version,
            "creation_timestamp": MADE,
            "last_updated_timestamp": MADE,
            "user_id": "me@example.com",
            "current_stage": stage,
            "description": "",
            "source": f"{known.TRACKING}/{known.RUN_ID}/artifacts/model",
            "run_id": known.RUN_ID,
            "status": status,
            "status_message": "the files are not complete" if status == "FAILED_REGISTRATION" else "",
        }

    def workspace_registry(self):
        place, query = self.place, self.query
        name, version = query.get("name"), query.get("version")
        if place == MLFLOW + "registered-models/get":
            if name not in known.WORKSPACE_MODELS:
                raise missing(f"RegisteredModel '{name}' does not exist. It might have been deleted.")
            latest = [self.version(name, number)[1] for number in known.WORKSPACE_MODELS[name][1]]
            raise Reply(200, {"registered_model": {"name": name, "creation_timestamp": MADE, "latest_versions": latest}})
        if place == MLFLOW + "registered-models/get-latest-versions":
            self.latest_versions()
        if place == MLFLOW + "model-versions/get":
            raise Reply(200, {"model_version": self.version(name, version)[1]})
        if place == MLFLOW + "model-versions/get-download-uri":
            if self.version(name, version)[1]["status"] != "READY":
                raise failure(400, "INVALID_STATE", f"Model version '{version}' has an invalid status. Expected status is READY.")
            digest = hashlib.md5(name.encode()).hexdigest()
            raise Reply(200, {"artifact_uri": f"dbfs:/databricks/mlflow-registry/{digest}/models/model"})
        if place == MLFLOW + "model-versions/list-artifacts":
            tree, _ = self.version(name, version)
            listed = self.listed(tree, query.get("path", ""))
            raise Reply(200, {"root_uri": "dbfs:/databricks/mlflow-registry/abc/models/model", **listed} if listed else {})
        if place == MLFLOW + "model-versions/get-signed-download-uri":
            tree, _ = self.version(name, version)
            path = query.get("path", "")
            if not self.world.file(tree, path):
                raise missing(f"No artifact at path {path!r}")
            url, headers = self.signed(tree, path)
            raise Reply(200, {"signed_uri": url, **({"headers": headers} if headers else {})})

    def latest_versions(self):
        if self.command == "POST":
            name, stages = self.json().get("name"), self.json().get("stages")
        else:
            pairs = urllib.parse.parse_qsl(self.path.partition("?")[2])
            name, stages = self.query.get("name"), [value for key, value in pairs if key == "stages"]
        if name not in known.WORKSPACE_MODELS:
            raise missing(f"RegisteredModel '{name}' does not exist. It might have been deleted.")
        for stage in stages or []:
            if stage.lower() not in STAGES:
                raise failure(
                    400,
                    "INVALID_PARAMETER_VALUE",
                    f"Invalid Model Version stage: {stage}. Value must be one of None, Staging, Production, Archived.",
                )
        wanted = [stage.lower() for stage in stages] if stages else STAGES
        best = {stage.lower(): version for version, (stage, _) in sorted(known.WORKSPACE_MODELS[name][1].items(), key=lambda v: int(v[0]))}
        found = [self.version(name, version)[1] for stage, version in best.items() if stage in wanted]
        raise Reply(200, {"model_versions": found} if found else {})

    # -- runs and logged models

    def runs(self):
        if self.place == MLFLOW + "runs/get":
            run = self.query.get("run_id")
            if run != known.RUN_ID:
                raise missing(f"Run '{run}' not found.")
            info = {
                "run_id": run,
                "run_uuid": run,
                "experiment_id": known.EXPERIMENT_ID,
                "status": "FINISHED",
                "artifact_uri": f"{known.TRACKING}/{run}/artifacts",
                "lifecycle_stage": "active",
            }
            raise Reply(200, {"run": {"info": info, "data": {}}})
        if self.place == MLFLOW + "artifacts/list":
            path = self.query.get("path", "")
            listed = {}
            if path == "":
                listed = {"files": [{"path": "model", "is_dir": True}]}
            elif path == "model" or path.startswith("model/"):
                listed = self.listed("model", path[6:], "model/")
            raise Reply(200, {"root_uri": f"{known.TRACKING}/{known.RUN_ID}/artifacts", **listed})
        if self.place == MLFLOW + "artifacts/credentials-for-read" and self.command == "POST":
            asked = self.json()
            infos = []
            for path in asked.get("path", []):
                if path.startswith("model/") and self.world.file("model", path[6:]):
                    url, headers = self.signed("model", path[6:])
                    infos.append(
                        {"run_id": asked.get("run_id"), "path": path, "signed_uri": url, "headers": headers, "type": "AWS_PRESIGNED_URL"}
                    )
            raise Reply(200, {"credential_infos": infos})

    def logged_models(self):
        if self.place == MLFLOW + "logged-models/search":
            models = [self.logged_model()] if "'clf'" in str(self.json().get("filter")) else []
            raise Reply(200, {"models": models} if models else {})
        match = re.fullmatch(re.escape(MLFLOW) + r"logged-models/([^/]+)(/.*)?", self.place)
        if not match:
            return
        if match[1] != known.MODEL_ID:
            raise missing(f"Logged model with ID '{match[1]}' not found.")
        if not match[2]:
            raise Reply(200, {"model": self.logged_model()})
        if match[2] == "/artifacts/directories":
            raise Reply(200, self.listed("model", self.query.get("artifact_directory_path", "")))
        if match[2] == "/artifacts/credentials-for-download" and self.command == "POST":
            infos = []
            for path in self.json().get("paths", []):
                if self.world.file("model", path):
                    url, headers = self.signed("model", path)
                    info = {"path": path, "signed_uri": url, "headers": headers, "type": "AWS_PRESIGNED_URL"}
                    infos.append({"model_id": known.MODEL_ID, "path": path, "credential_info": info})
            raise Reply(200, {"credentials": infos})

    def logged_model(self):
        return {
            "info": {
                "model_id": known.MODEL_ID,
                "experiment_id": known.EXPERIMENT_ID,
                "name": "clf",
                "status": "LOGGED_MODEL_READY",
                "source_run_id": known.RUN_ID,
                "artifact_uri": f"{known.TRACKING}/logged_models/{known.MODEL_ID}/artifacts",
            }
        }

    # -- Unity Catalog

    def catalog(self, name):
        if name.count(".") != 2:
            raise failure(
                400, "INVALID_PARAMETER_VALUE", f"'{name}' is not a valid name for a Unity Catalog registered model; use catalog.schema.model"
            )
        if name not in known.CATALOG_MODELS:
            raise missing(f"Registered Model '{name}' does not exist.")
        return known.CATALOG_MODELS[name]

    def catalog_version(self, name, version, native=False):
        tree, versions, aliases = self.catalog(name)
        version = str(version)
        if version not in versions:
            raise missing(f"Model version '{version}' of '{name}' does not exist.")
        storage, status = versions[version]
        own = [alias for alias, target in aliases.items() if target == version]
        both = {
            "source": f"{known.TRACKING}/{known.RUN_ID}/artifacts/model",
            "run_id": known.RUN_ID,
            "status": status,
            "storage_location": self.location(tree, storage, version),
        }
        if native:
            catalog, schema, model = name.split(".")
            return {
                **both,
                "catalog_name": catalog,
                "schema_name": schema,
                "model_name": model,
                "version": int(version),
                "created_at": MADE,
                "updated_at": MADE,
                "id": str(uuid.uuid5(uuid.NAMESPACE_URL, name + version)),
                "aliases": [{"alias_name": alias, "version_num": int(version)} for alias in own],
            }
        return {
            **both,
            "name": name,
            "version": version,
            "creation_timestamp": MADE,
            "last_updated_timestamp": MADE,
            "user_id": "me@example.com",
            "aliases": [{"alias": alias, "version": version} for alias in own],
        }

    def location(self, tree, storage, version):
        key = f"models/{tree}/versions/{version}"
        tls = self.world.ports["azure"]
        return {
            "aws": f"s3://{known.BUCKET}/{key}",
            "r2": f"r2://{known.BUCKET}@r2.localhost:{tls}/{key}",
            "azure": f"abfss://{known.AZURE_FILE_SYSTEM}@{known.AZURE_ACCOUNT}.dfs.localhost:{tls}/{key}",
            "gcp": f"gs://{known.BUCKET}/{key}",
        }.get(storage, f"s3://db-default-storage/{key}")

    def lent(self, name, version):
        """Temporary credentials."""
        self.catalog_version(name, version)
        if self.world.credentials == "denied":
            raise failure(403, "PERMISSION_DENIED", "Temporary credentials for model versions are not enabled in this metastore.")
        storage = known.CATALOG_MODELS[name][1][str(version)][0]
        keys = {"access_key_id": known.AWS["key"], "secret_access_key": known.AWS["secret"], "session_token": known.AWS["session"]}
        end = {"expiration_time": int((time.time() + self.world.credentials_ttl) * 1000)}
        return {
            "presigned": {**end, "storage_mode": "DEFAULT_STORAGE"},
            "aws": {**end, "aws_temp_credentials": keys, "storage_mode": "CUSTOMER_HOSTED"},
            "r2": {**end, "r2_temp_credentials": keys},
            "azure": {**end, "azure_user_delegation_sas": {"sas_token": known.SAS}, "storage_mode": "CUSTOMER_HOSTED"},
            "gcp": {**end, "gcp_oauth_token": {"oauth_token": known.GOOGLE_TOKEN}},
            "unknown": end,
        }[storage]

    def alias(self, name, alias, native=False):
        aliases = self.catalog(name)[2]
        if alias not in aliases:
            raise missing(f"Alias '{alias}' does not exist on model '{name}'.")
        return self.catalog_version(name, aliases[alias], native)

    def versions(self, name, native=False):
        versions = list(self.catalog(name)[1])
        size = min(number(self.query.get("max_results"), self.world.page_size) or self.world.page_size, 1000)
        part, token = self.world.page(versions, self.query.get("page_token"), size)
        found = [self.catalog_version(name, version, native) for version in part]
        return {"model_versions": found, **({"next_page_token": token} if token else {})}

    def catalog_legacy(self):
        place, query = self.place, self.query
        name = query.get("name", "")
        if place == LEGACY + "registered-models:is-databricks-sdk-models-artifact-repository-enabled":
            raise Reply(200, {"is_databricks_sdk_models_artifact_repository_enabled": bool(self.world.sdk_repo)})
        if place == LEGACY + "registered-models/get":
            aliases = [{"alias": alias, "version": version} for alias, version in self.catalog(name)[2].items()]
            raise Reply(200, {"registered_model": {"name": name, "creation_timestamp": MADE, "aliases": aliases}})
        if place == LEGACY + "registered-models/alias":
            raise Reply(200, {"model_version": self.alias(name, query.get("alias"))})
        if place == LEGACY + "model-versions/get":
            raise Reply(200, {"model_version": self.catalog_version(name, query.get("version"))})
        if place == LEGACY + "model-versions/search":
            match = re.fullmatch(r"name\s*=\s*'(.*)'", query.get("filter", ""))
            if not match:
                raise failure(400, "INVALID_PARAMETER_VALUE", "Invalid filter; use name='catalog.schema.model'")
            raise Reply(200, self.versions(match[1]))
        if place == LEGACY + "model-versions/get-download-uri":
            raise Reply(200, {"artifact_uri": self.catalog_version(name, query.get("version"))["storage_location"]})
        if place == LEGACY + "model-versions/generate-temporary-credentials" and self.command == "POST":
            asked = self.json()
            raise Reply(200, {"credentials": self.lent(asked.get("name", ""), asked.get("version"))})
        if place == LEGACY + "model-versions/emit-lineage" and self.command == "POST":
            raise Reply(200, {})

    def catalog_native(self):
        if self.place == NATIVE + "temporary-model-version-credentials" and self.command == "POST":
            asked = self.json()
            name = ".".join(str(asked.get(part)) for part in ("catalog_name", "schema_name", "model_name"))
            raise Reply(200, self.lent(name, asked.get("version")))
        match = re.fullmatch(re.escape(NATIVE) + r"models/([^/]+)(?:/(versions|aliases)(?:/([^/]+))?)?", self.place)
        if not match:
            return
        name, kind, item = match.groups()
        if kind == "versions":
            raise Reply(200, self.catalog_version(name, item, native=True) if item else self.versions(name, native=True))
        if kind == "aliases" and item:
            raise Reply(200, self.alias(name, item, native=True))
        if kind is None:
            self.catalog(name)
            catalog, schema, model = name.split(".")
            raise Reply(200, {"name": model, "catalog_name": catalog, "schema_name": schema, "full_name": name, "created_at": MADE})

    # -- Files API

    def stored(self, path):
        """(tree, path from the model's root, the root) of an absolute path of the Files API, or None."""
        match = re.fullmatch(r"(/+Models/([^/]+)/([^/]+)/([^/]+)/(\d+))(?:/(.*))?", path)
        if match:
            model = known.CATALOG_MODELS.get(f"{match[2]}.{match[3]}.{match[4]}")
            return (model[0], (match[6] or "").rstrip("/"), match[1]) if model and match[5] in model[1] else None
        inner = f"/WorkspaceInternal/Mlflow/Artifacts/{known.EXPERIMENT_ID}"
        for root in (
            f"{inner}/Runs/{known.RUN_ID}/artifacts/model",
            f"{inner}/LoggedModels/{known.MODEL_ID}/artifacts",
            "/Volumes/main/default/vol/churn",
        ):
            if path.rstrip("/") == root or path.startswith(root + "/"):
                return "model", path[len(root) + 1 :].rstrip("/"), root
        return None

    def files(self, place):
        if self.world.files_api == "absent":
            raise failure(404, "ENDPOINT_NOT_FOUND", f"No API found for '{self.command} {self.place}'")
        if self.world.files_api == "denied":
            raise failure(403, "PERMISSION_DENIED", "Access to the Files API for models is not enabled for this workspace.")
        if place == "/create-download-url" and self.command == "POST":
            path = self.query.get("path") or self.json().get("path", "")
            found = self.stored(path)
            if self.world.signed_urls != "on":
                raise Reply(*errors.ERRORS["signed_off" if self.world.signed_urls == "off" else "zone"])
            if not found or not self.world.file(*found[:2]):
                raise failure(404, "NOT_FOUND", f"The file being accessed is not found: {path}")
            url, headers = self.signed(*found[:2])
            raise Reply(200, {"url": url, **({"headers": headers} if headers else {})})
        if place.startswith("/directories"):
            self.directory(place[len("/directories") :])
        if place.startswith("/files"):
            found = self.stored(place[len("/files") :])
            file = self.world.file(*found[:2]) if found else None
            if not file:
                raise failure(404, "NOT_FOUND", f"The file being accessed is not found: {place[len('/files') :]}")
            raise self.serve(file)

    def directory(self, path):
        found = self.stored(path)
        entries = None
        if found and not self.world.file(*found[:2]):
            entries = self.world.entries(*found[:2])
        if entries is None:
            raise failure(404, "NOT_FOUND", f"The directory being accessed is not found: {path}")
        if self.command == "HEAD":
            raise Reply(200, b"", {}, "")
        size = min(number(self.query.get("page_size"), self.world.page_size), 1000)
        part, token = self.world.page(entries, self.query.get("page_token"), size)
        contents = [
            {
                "path": f"{found[2]}/{name}",
                "name": name.split("/")[-1],
                "is_directory": is_folder,
                **({} if is_folder or size is None else {"file_size": size}),
                "last_modified": MADE,
            }
            for name, is_folder, size in part
        ]
        raise Reply(200, {"contents": contents, **({"next_page_token": token} if token else {})})

    # -- DBFS

    def dbfs(self):
        path = self.place[5:] if self.place.startswith("/dbfs/") else self.query.get("path", "")
        inner = None
        for root in (f"/databricks/mlflow-tracking/{known.EXPERIMENT_ID}/{known.RUN_ID}/artifacts/model", "/FileStore/models/churn"):
            if path.rstrip("/") == root or path.startswith(root + "/"):
                inner = path[len(root) + 1 :].rstrip("/")
        entries = None if inner is None else self.world.entries("model", inner)
        if entries is None:
            raise missing(f"No file or directory exists on path {path}.")
        file = self.world.file("model", inner)
        if self.place.startswith("/dbfs/"):
            if not file:
                raise missing(f"{path} is a folder")
            raise self.serve(file)
        if self.place.endswith("/get-status"):
            size = file.stat().st_size if file else 0
            raise Reply(200, {"path": path, "is_dir": not file, "file_size": size, "modification_time": MADE})
        if self.place.endswith("/list"):
            base = path.rstrip("/")
            files = [
                {
                    "path": path if file else base + "/" + name.split("/")[-1],
                    "is_dir": is_folder,
                    **({} if size is None else {"file_size": size}),
                    "modification_time": MADE,
                }
                for name, is_folder, size in entries
            ]
            raise Reply(200, {"files": files} if files else {})
        if self.place.endswith("/read"):
            offset, length = number(self.query.get("offset"), 0), number(self.query.get("length"), 524288)
            if not file or length < 0 or offset < 0:
                raise failure(400, "INVALID_PARAMETER_VALUE", "bad read")
            if length > 1 << 20:
                raise failure(400, "MAX_READ_SIZE_EXCEEDED", "Cannot read more than 1 MB")
            part = file.read_bytes()[offset : offset + length]
            raise Reply(200, {"bytes_read": len(part), "data": base64.b64encode(part).decode()})
