"""Who is allowed in: Databricks' OAuth, and the places that lend an identity (GitHub, Azure DevOps, Entra)."""

import base64
import re
import urllib.parse

import world as known
from plumbing import Reply

BEARER = {"token_type": "Bearer"}


def check(handler):
    """Lets a request with a good token pass; else answers as Databricks does."""
    given = handler.headers.get("Authorization", "")
    if given == f"Bearer {known.TOKEN}":
        return
    if given.startswith("Bearer ") and given[7:] in handler.world.issued:
        if handler.world.accepts(given[7:]):
            return
        raise Reply(401, {"error_code": "401", "message": "Access token has expired."})
    if not given:
        message = "Credential was not sent or was of an unsupported type for this API."
        raise Reply(401, {"error_code": "401", "message": message}, {"WWW-Authenticate": 'Bearer realm="DatabricksRealm"'})
    raise Reply(
        403, {"error_code": 403, "message": "Invalid access token."}, {"X-Databricks-Reason-Phrase": "Invalid access token."}
    )


def route(handler):
    """The requests that need no token."""
    world, place, method = handler.world, handler.place, handler.command
    base = world.origin("workspace")
    form = dict(urllib.parse.parse_qsl(handler.body.decode("utf-8", "replace"))) if method == "POST" else {}
    if place == "/.well-known/databricks-config":
        if not world.host_metadata:
            raise Reply(404, "<html><title>404 Not Found</title></html>", kind="text/html")
        raise Reply(
            200,
            {"oidc_endpoint": base + "/oidc", "account_id": known.ACCOUNT_ID, "workspace_id": known.WORKSPACE_ID, "cloud": "AWS"},
        )
    if place in ("/oidc/.well-known/oauth-authorization-server", "/oidc/.well-known/openid-configuration"):
        raise Reply(
            200,
            {
                "issuer": base + "/oidc",
                "authorization_endpoint": base + "/oidc/v1/authorize",
                "token_endpoint": base + "/oidc/v1/token",
                "grant_types_supported": ["client_credentials", "authorization_code", "refresh_token"],
                "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "none"],
            },
        )
    if place == "/oidc/v1/token" and method == "POST":
        databricks_token(handler, form)
    if place == "/_github/id-token":
        if handler.headers.get("Authorization") != f"Bearer {known.GITHUB_RUNTIME_TOKEN}":
            raise Reply(401, {"message": "bad runtime token"})
        raise Reply(200, {"count": len(known.OIDC_JWT), "value": known.OIDC_JWT})
    if re.fullmatch(r"/_devops/[^/]+/_apis/distributedtask/hubs/[^/]+/plans/[^/]+/jobs/[^/]+/oidctoken", place) and method == "POST":
        if handler.headers.get("Authorization") != f"Bearer {known.DEVOPS_TOKEN}":
            raise Reply(401, {"message": "bad access token"})
        if "api-version" not in handler.query:
            raise Reply(400, {"message": "no api-version"})
        raise Reply(200, {"oidcToken": known.OIDC_JWT})
    match = re.fullmatch(r"/_entra/([^/]+)/oauth2/(?:v2\.0/)?token", place)
    if match and method == "POST":
        entra_token(handler, form)
    if place == "/aad/auth":
        location = f"https://login.microsoftonline.com/{known.TENANT}/oauth2/authorize?x=1"
        raise Reply(302, b"", {"Location": location}, "")


def databricks_token(handler, form):
    world = handler.world
    if form.get("grant_type") == "client_credentials":
        pair = f"{known.CLIENT_ID}:{known.CLIENT_SECRET}"
        basic = "Basic " + base64.b64encode(pair.encode()).decode()
        posted = (form.get("client_id"), form.get("client_secret"))
        if handler.headers.get("Authorization") != basic and posted != (known.CLIENT_ID, known.CLIENT_SECRET):
            raise Reply(401, {"error": "invalid_client", "error_description": "Client authentication failed"})
    elif form.get("grant_type") == "urn:ietf:params:oauth:grant-type:token-exchange":
        jwt = "urn:ietf:params:oauth:token-type:jwt"
        if form.get("subject_token") != known.OIDC_JWT or form.get("subject_token_type") != jwt:
            raise Reply(400, {"error": "invalid_grant", "error_description": "TOKEN_INVALID: no matching federation policy"})
    else:
        raise Reply(400, {"error": "unsupported_grant_type", "error_description": "unsupported"})
    if form.get("scope") != "all-apis":
        raise Reply(400, {"error": "invalid_scope", "error_description": "scope must be all-apis"})
    token = world.issue("eyStandIn.", world.oauth_ttl)
    raise Reply(200, {**BEARER, "access_token": token, "scope": "all-apis", "expires_in": world.oauth_ttl})


def entra_token(handler, form):
    if form.get("client_secret") != known.CLIENT_SECRET and form.get("client_assertion") != known.OIDC_JWT:
        raise Reply(401, {"error": "invalid_client", "error_description": "AADSTS7000215: Invalid client secret provided."})
    seconds = handler.world.oauth_ttl
    token = handler.world.issue("eyEntra.", seconds)
    # Entra's first version sends numbers as text.
    raise Reply(200, {**BEARER, "expires_in": str(seconds), "resource": form.get("resource"), "access_token": token})
