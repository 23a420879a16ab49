#!/usr/bin/env python3
"""Records what the real databricks-sdk decides for random environments and configuration files.

    python3 -m venv V && V/bin/pip install databricks-sdk==0.156.0
    V/bin/python make_precedence.py > precedence.json

Each case is an environment, the text of ~/.databrickscfg (or null) and the profile that the caller names (or null). The verdict
is the SDK's own: `auth_type` and `host`, or the kind of its refusal. The network is closed to it: the host's documents and the
token endpoints are answered here, GitHub gives an identity token, and there is neither `az` nor `databricks`.
"""
import io
import json
import logging
import os
import random
import sys
import tempfile

import databricks.sdk.config as config
import databricks.sdk.credentials_provider as providers
import databricks.sdk.oauth as oauth
import databricks.sdk.version
import requests

SEED = 20261122
COUNT = 400
logging.disable(logging.CRITICAL)


class Answer:
    def __init__(self, status, body, headers=None):
        self.status_code, self.ok, self.headers, self._body = status, status < 400, headers or {}, body
        self.content = json.dumps(body).encode()

    def json(self):
        return self._body


def get(url, **_):
    if url.startswith("https://github.example/"):
        return Answer(200, {"value": "a.jwt.x"})
    if url.endswith("/aad/auth") or url.endswith("/oidc/oauth2/v2.0/authorize"):
        return Answer(302, {}, {"Location": "https://login.microsoftonline.com/tenant/oauth2/authorize",
                                "location": "https://login.microsoftonline.com/tenant/oauth2/authorize"})
    if url.startswith("https://management.azure.com/"):
        return Answer(200, {"properties": {"workspaceUrl": "adb-77.7.azuredatabricks.net"}})
    raise requests.ConnectionError("closed: " + url)


def post(url, *_, **__):
    return Answer(200, {"access_token": "t", "token_type": "Bearer", "expires_in": 3600})


requests.get, requests.post = get, post
config.get_host_metadata = lambda host, client=None: oauth.HostMetadata(oidc_endpoint=host + "/oidc")
config.get_endpoints_from_url = lambda url: oauth.OidcEndpoints("https://x/authorize", "https://x/token")

HOSTS = ["https://dbc-1.cloud.databricks.com", "dbc-2.cloud.databricks.com/", "https://adb-3.3.azuredatabricks.net/",
         "https://adb-4.4.azuredatabricks.net:443", "http://127.0.0.1:5110", "https://one.example/some/path/"]
VALUES = {
    "host": HOSTS, "token": ["dapi-env", "dapi-two"], "client_id": ["11111111-aaaa"], "client_secret": ["dose-env"],
    "username": ["user"], "password": ["pass:word"], "auth_type": [
        "pat", "basic", "oauth-m2m", "env-oidc", "file-oidc", "github-oidc", "azure-client-secret", "github-oidc-azure",
        "azure-cli", "databricks-cli", "azure-devops-oidc", "no-such-method"],
    "azure_client_id": ["22222222-bbbb"], "azure_client_secret": ["entra-secret"], "azure_tenant_id": ["tenant-env"],
    "azure_workspace_resource_id": ["/subscriptions/s/resourceGroups/g/providers/Microsoft.Databricks/workspaces/w"],
    "oidc_token_filepath": ["JWTFILE", "/no/such/file"], "oidc_token_env": ["MY_JWT"], "group_id": ["42"],
    "account_id": ["acc"], "workspace_id": ["123"], "token_audience": ["aud"],
}
ENV = {attr.name: attr.env for attr in config.Config.attributes() if attr.env}
THEMES = [["token"], ["client_id", "client_secret"], ["username", "password"], ["client_id"], [],
          ["azure_client_id", "azure_client_secret"], ["azure_client_id"],
          ["azure_client_id", "azure_client_secret", "azure_workspace_resource_id", "azure_tenant_id"],
          ["oidc_token_filepath", "client_id"], ["oidc_token_env"], ["oidc_token_filepath"], ["client_id", "auth_type"],
          ["oidc_token_filepath", "client_id", "auth_type"], ["token", "client_id", "auth_type"]]


def pick(rng, noise):
    """Mostly what belongs together, sometimes half of it, now and then something else."""
    names = [name for name in (["host"] if rng.random() < 0.95 else []) + rng.choice(THEMES) if rng.random() < 0.97]
    names += [name for name in VALUES if name not in names and rng.random() < noise]
    return {name: rng.choice(VALUES[name]) for name in names}


def section(rng, name, values):
    lines = [f"[{name}]"]
    for key, value in values.items():
        key = key.upper() if rng.random() < 0.1 else key
        lines.append(key + rng.choice([" = ", "=", ": ", "  =  "]) + value)
        if rng.random() < 0.1:
            lines.append(rng.choice(["# comment", "; token = other", "", "unknown = thing"]))
    if rng.random() < 0.05:
        lines.append("token =" if "token" not in values else "username =")
    return lines


def make(rng):
    env = {ENV[name]: value for name, value in pick(rng, 0.015).items()}
    if rng.random() < 0.3:
        env = {}
    if rng.random() < 0.2:
        env["DATABRICKS_OIDC_TOKEN"] = "a.jwt.y"
    if rng.random() < 0.3:
        env["MY_JWT"] = "a.jwt.z"
    if rng.random() < 0.5:
        env |= {"ACTIONS_ID_TOKEN_REQUEST_URL": "https://github.example/token?x=1", "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "gh"}
    if rng.random() < 0.05:
        env["DATABRICKS_OIDC_TOKEN_FILE"] = "JWTFILE"
    if rng.random() < 0.1:
        env["DATABRICKS_TOKEN"] = ""
    if rng.random() < 0.3:
        env["DATABRICKS_CONFIG_PROFILE"] = rng.choice(["dev"] * 3 + ["prod"] * 3 + ["DEFAULT", "absent"])
    profile = rng.choice(["dev"] * 5 + ["prod"] * 5 + ["DEFAULT", "absent", "__settings__"]) if rng.random() < 0.25 else None
    if rng.random() < 0.1:
        return env, None, profile
    lines = []
    if rng.random() < 0.2:
        lines += ["[__settings__]", "default_profile = " + rng.choice(["dev", "prod", "", "gone", "DEFAULT"])]
    if rng.random() < 0.9:
        lines += section(rng, "DEFAULT", pick(rng, 0.015))
    for name in ["dev", "prod"]:
        if rng.random() < 0.9:
            lines += section(rng, name, pick(rng, 0.015))
    if rng.random() < 0.03:
        lines.append(rng.choice(["[dev]", "no separator", "  "]))
    return env, "\n".join(lines) + "\n", profile


def kind(error):
    text = str(error)
    for words, name in [
            ("NoneType", "not azure"), ("more than one authorization method", "several"), ("has no", "profile"), ("reserved section", "profile"),
            ("cannot configure default credentials", "none"), ("does not support group", "group"),
            ("closed: ", "network")]:
        if words in text:
            return name
    return "file" if type(error).__module__ == "configparser" else "other: " + text[:80]


def verdict(env, file, profile):
    with tempfile.TemporaryDirectory() as home:
        if file is not None:
            open(home + "/.databrickscfg", "w").write(file.replace("JWTFILE", home + "/jwt"))
        open(home + "/jwt", "w").write("a.jwt.f\n")
        os.environ.clear()
        os.environ |= {name: value.replace("JWTFILE", home + "/jwt") for name, value in env.items()}
        os.environ |= {"HOME": home, "PATH": "/nonexistent"}
        try:
            cfg = config.Config(**({"profile": profile} if profile else {}))
            return {"method": cfg.auth_type, "host": cfg.host}
        except Exception as error:
            return {"error": kind(error)}


def main():
    rng = random.Random(SEED)
    cases = []
    for _ in range(COUNT):
        env, file, profile = make(rng)
        cases.append({"environment": env, "file": file, "profile": profile, "verdict": verdict(env, file, profile)})
    json.dump({"sdk": databricks.sdk.version.__version__, "seed": SEED, "cases": cases}, sys.stdout, indent=1)
    print()


main()
