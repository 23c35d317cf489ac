"""The sandbox against the official OpenAPI document: every operation, its answers and its errors."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from lsnb.sandbox.app import make_app

from .cases import CASES, Case
from .conftest import Client

DOCUMENT = Path(__file__).parents[2].parent / "shared" / "langsmith" / "openapi-admin.json"
METHODS = ("get", "post", "put", "patch", "delete")
OPEN = {"/api/v1/info", "/api/v1/info/health", "/api/v1/login", "/api/v1/sso/settings/{sso_login_slug}",
        "/api/v1/sso/email-lookup", "/api/v1/sso/email-verification/status",
        "/api/v1/sso/email-verification/confirm"}  # fmt: skip

pytestmark = pytest.mark.skipif(not DOCUMENT.exists(), reason="the official OpenAPI document is not at hand")


def load() -> dict[str, Any]:
    """Read the document, or nothing where it is not at hand."""
    return json.loads(DOCUMENT.read_text()) if DOCUMENT.exists() else {"paths": {}}


OFFICIAL = load()
OPERATIONS = {
    f"{method.upper()} {path}": item[method]
    for path, item in OFFICIAL["paths"].items()
    for method in METHODS
    if method in item
}


def check(operation: str, response: Any) -> None:
    """Hold a response to the schema that is documented for its status, if there is one."""
    documented = OPERATIONS[operation]["responses"].get(str(response.status_code), {})
    schema = documented.get("content", {}).get("application/json", {}).get("schema")
    if response.status_code == 204:
        assert response.content == b""
    elif schema:
        jsonschema.Draft202012Validator({**schema, "components": OFFICIAL["components"]}).validate(response.json())


def send(client: Client, case: Case, **changed: Any) -> Any:
    """Send the request of a case."""
    method, _, template = case.operation.partition(" ")
    key = changed.get("key", case.key)
    body = changed.get("body", case.body)
    return client.call(
        method,
        template.format_map(changed.get("path", case.path)),
        key=key,
        workspace=case.workspace or "prod",
        params=case.query,
        json=body,
        auth=case.auth,
    )


def test_cases_cover_every_operation():
    """No operation of the document is left out."""
    assert {case.operation for case in CASES} == set(OPERATIONS)


def test_own_document_lists_every_operation():
    """The server's own OpenAPI document has each official operation."""
    mine = {f"{method.upper()} {path}" for path, item in make_app().openapi()["paths"].items() for method in item}
    assert set(OPERATIONS) - mine == set()


@pytest.mark.parametrize("case", CASES, ids=str)
def test_answer_is_as_documented(small, client, case):
    """Each plausible request gets the expected status and a body of the documented shape."""
    small.behaviours.update(case.behaviours)
    if case.prepare is not None:
        case.prepare(small.state)
    response = send(client, case)
    assert case.status == response.status_code, response.text
    check(case.operation, response)
    if case.status >= 400:
        assert {"detail", "error"} & set(response.json())


FIRST = {case.operation: case for case in reversed(CASES) if case.status < 300}


@pytest.mark.parametrize("operation", sorted(op for op in FIRST if op.partition(" ")[2] not in OPEN))
def test_no_credential_is_401(client, operation):
    """Scope headers alone are no authentication."""
    response = send(client, FIRST[operation], key=None)
    assert response.status_code == 401
    check(operation, response)
    assert ("error" if operation.partition(" ")[2].startswith(("/v1", "/auth", "/workspaces")) else "detail") in (
        response.json()
    )


@pytest.mark.parametrize("operation", sorted(op for op in FIRST if "{" in op and " /api/" in op and "slug" not in op))
def test_malformed_id_is_422(client, operation):
    """FastAPI routes answer a path that holds no UUID with the real shape of validation errors."""
    case = FIRST[operation]
    response = send(client, case, path=dict.fromkeys(case.path, "not-a-uuid"))
    assert response.status_code == 422
    check(operation, response)
    assert response.json()["detail"][0]["loc"][0] == "path"


WITH_BODY = sorted(op for op, item in OPERATIONS.items() if item.get("requestBody", {}).get("required") and op in FIRST)


@pytest.mark.parametrize("operation", [op for op in WITH_BODY if " /api/" in op])
def test_body_of_wrong_type_is_422(small, client, operation):
    """FastAPI routes say which part of a body is wrong."""
    small.behaviours.update(FIRST[operation].behaviours)
    response = send(client, FIRST[operation], body="nonsense")
    assert response.status_code == 422
    check(operation, response)
    assert response.json()["detail"][0]["loc"][0] == "body"
