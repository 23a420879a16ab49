"""Errors that people meet, by name: (status, body, headers, type) as public reports and MLflow's and Databricks' clients have them."""

REASON = "type.googleapis.com/google.rpc.ErrorInfo"


def _body(code, message, reason=None):
    details = {"details": [{"@type": REASON, "reason": reason, "domain": "filesystem.databricks.com"}]} if reason else {}
    return {"error_code": code, "message": message, **details}


def _json(status, code, message, headers=None, reason=None):
    return (status, _body(code, message, reason), headers or {}, "application/json")


ERRORS = {
    # A number as code is what workspaces have been seen to send (databricks-sdk-go issues 873, 917, 1046).
    "bad_token": _json(403, 403, "Invalid access token."),
    "no_token": _json(401, "401", "Credential was not sent or was of an unsupported type for this API."),
    "no_grant": _json(
        403, "PERMISSION_DENIED", "User does not have EXECUTE on Routine or Model 'main.default.churn' and USE SCHEMA on Schema 'main.default'."
    ),
    "no_read": _json(403, "PERMISSION_DENIED", "User does not have permission CAN_READ on registered model 'churn'."),
    "ip_list": _json(403, "PERMISSION_DENIED", "Source IP address: 203.0.113.7 is blocked by Databricks IP ACL for workspace: 1234567890123456"),
    "html_missing": (404, "<!doctype html><title>404 Not Found</title>", {}, "text/html"),
    "no_endpoint": _json(404, "ENDPOINT_NOT_FOUND", "No API found for 'GET /mlflow/model-versions/get'"),
    "no_metastore": _json(404, "METASTORE_DOES_NOT_EXIST", "No metastore assigned for the current workspace."),
    "no_catalog": _json(404, "CATALOG_DOES_NOT_EXIST", "Catalog 'main' does not exist."),
    "no_schema": _json(404, "SCHEMA_DOES_NOT_EXIST", "Schema 'main.default' does not exist."),
    "feature_off": _json(403, "FEATURE_DISABLED", "Legacy workspace model registry is disabled. Please use models in Unity Catalog."),
    "invalid_state": _json(400, "INVALID_STATE", "Model version is not ready."),
    "bad_parameter": _json(400, "INVALID_PARAMETER_VALUE", "Invalid value for parameter 'version'."),
    "limit": _json(429, "REQUEST_LIMIT_EXCEEDED", "Rate limit of 40 requests per second exceeded."),
    "limit_seconds": _json(429, "RESOURCE_EXHAUSTED", "Too many requests.", {"Retry-After": "1"}),
    "limit_long": _json(429, "REQUEST_LIMIT_EXCEEDED", "Too many requests.", {"Retry-After": "3600"}),
    "unavailable": _json(503, "TEMPORARILY_UNAVAILABLE", "The service is temporarily unavailable."),
    "inner": _json(500, "INTERNAL_ERROR", "boom"),
    "text": (400, "BAD_REQUEST: something is wrong", {}, "text/plain"),
    "empty": (400, b"", {}, "text/plain"),
    "signed_off": _json(
        403, "PERMISSION_DENIED", "Presigned URLs API is not enabled", reason="FILES_API_API_IS_NOT_ENABLED"
    ),
    "zone": _json(500, "INTERNAL_ERROR", "Network zone of the requester is unknown", reason="FILES_API_REQUESTER_NETWORK_ZONE_UNKNOWN"),
    "expired_aws": (
        403, "<?xml version='1.0'?><Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>", {}, "application/xml"
    ),
    "expired_azure": (
        403,
        "<?xml version='1.0'?><Error><Code>AuthenticationFailed</Code><Message>Server failed to authenticate the request.</Message>"
        "<AuthenticationErrorDetail>Signature not valid in the specified time frame</AuthenticationErrorDetail></Error>",
        {"x-ms-error-code": "AuthenticationFailed"},
        "application/xml",
    ),
    "firewall": (
        403,
        "<?xml version='1.0'?><Error><Code>AuthorizationFailure</Code><Message>This request is not authorized to perform this operation."
        "</Message></Error>",
        {"x-ms-error-code": "AuthorizationFailure"},
        "application/xml",
    ),
    "skewed": (
        403,
        "<?xml version='1.0'?><Error><Code>RequestTimeTooSkewed</Code><Message>The difference between the request time and the "
        "current time is too large.</Message></Error>",
        {},
        "application/xml",
    ),
    "html": (200, "<!doctype html><html><title>Sign in</title></html>", {}, "text/html"),
}
