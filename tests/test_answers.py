from __future__ import annotations

import json

import pytest

from lsnb.errors import (
    ApiError,
    AuthError,
    ConflictError,
    InvalidRequestError,
    KeyScopeError,
    NotFoundError,
    PermissionDeniedError,
    PlanGateError,
    RateLimitedError,
    ServerError,
    UnexpectedAnswerError,
    WorkspaceRequiredError,
    WrongRegionError,
)
from lsnb.service.credentials import Key
from lsnb.service.transport.responses import Call, detail_of, read_answer, scrub

PAT = Key("lsv2_pt_0123456789abcdef0123456789abcdef_a1b2c33f9a")
SERVICE = Key("lsv2_sk_0123456789abcdef0123456789abcdef_a1b2c33f9a")
ORG_PATH = "/api/v1/orgs/current/members"
WORKSPACE_PATH = "/api/v1/workspaces/current/members"
HTML = b"<!doctype html><html><head><title>Sign in &amp; go</title><style>a{}</style></head><body>Hi</body></html>"


def read(status, body, *, method="GET", path=ORG_PATH, key=PAT, headers=None):
    """Read one answer, given as bytes or as what becomes JSON."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    call = Call(method, path, "api.smith.langchain.com", key)
    return read_answer(call, status, headers or {"Content-Type": "application/json"}, raw)


@pytest.mark.parametrize(
    ("status", "body", "data"),
    [
        (200, b'[{"id": 1}]', [{"id": 1}]),
        (200, b"null", None),
        (200, b"", None),
        (200, b" \n", None),
        (204, b"", None),
        (201, b'{"a": "\xc3\xa9"}', {"a": "\u00e9"}),
        (202, b'"text"', "text"),
        (200, b"false", False),
    ],
)
def test_data_is_returned_when_the_answer_is_json(status, body, data):
    """Any 2xx with JSON or with nothing is a success."""
    reading = read(status, body)
    assert (data, None) == (reading.data, reading.error)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, InvalidRequestError),
        (401, AuthError),
        (402, PlanGateError),
        (403, PermissionDeniedError),
        (404, NotFoundError),
        (405, NotFoundError),
        (408, ServerError),
        (409, ConflictError),
        (410, NotFoundError),
        (418, ApiError),
        (422, InvalidRequestError),
        (429, RateLimitedError),
        (500, ServerError),
        (503, ServerError),
        (599, ServerError),
    ],
)
def test_error_is_of_its_kind_when_the_status_says_so(status, kind):
    """Each status has its exception, with all its attributes and a message that names all of it."""
    headers = {"X-Request-Id": "r-1"}
    error = read(status, {"detail": "Something else"}, headers=headers).error
    assert kind is type(error)
    assert (status, "GET", ORG_PATH, "Something else", "r-1") == (
        error.status,
        error.method,
        error.path,
        error.detail,
        error.request_id,
    )
    assert str(error).startswith(f"GET {ORG_PATH} answered {status}: Something else. ")
    assert len(str(error)) > len(f"GET {ORG_PATH} answered {status}: Something else. ") + 20


@pytest.mark.parametrize(
    ("body", "key", "path", "kind"),
    [
        ({"detail": "Forbidden"}, PAT, ORG_PATH, PermissionDeniedError),
        ({"error": "Forbidden"}, PAT, ORG_PATH, PermissionDeniedError),
        ({"detail": "Only org admins can create org-wide keys"}, SERVICE, ORG_PATH, PermissionDeniedError),
        ({"detail": "Missing permission organization:manage"}, SERVICE, ORG_PATH, PermissionDeniedError),
        ({"detail": "Forbidden"}, SERVICE, WORKSPACE_PATH, PermissionDeniedError),
        ({"detail": "Forbidden"}, SERVICE, ORG_PATH, KeyScopeError),
        ({"error": "Forbidden."}, SERVICE, "/api/v1/platform/orgs/current/members", KeyScopeError),
        ({}, SERVICE, "/api/v1/orgs/current", KeyScopeError),
        ({"detail": "Workspace-scoped keys may not do this"}, PAT, ORG_PATH, KeyScopeError),
        ({"error": "org_scoped_key_requires_workspace"}, SERVICE, WORKSPACE_PATH, WorkspaceRequiredError),
        (
            {"error": "org_scoped_key_requires_workspace", "message": "Please name a workspace ID"},
            SERVICE,
            ORG_PATH,
            WorkspaceRequiredError,
        ),
        ({"error": "ABAC is not enabled for this organization"}, PAT, ORG_PATH, PlanGateError),
        ({"detail": "Your plan does not include SCIM"}, SERVICE, ORG_PATH, PlanGateError),
        ({"detail": "RBAC is not available, upgrade to Enterprise"}, PAT, ORG_PATH, PlanGateError),
        ({"detail": "Invalid API key"}, PAT, ORG_PATH, WrongRegionError),
        ({"detail": "API key not found"}, SERVICE, ORG_PATH, WrongRegionError),
        ({"detail": "Invalid token"}, PAT, WORKSPACE_PATH, WrongRegionError),
    ],
)
def test_403_is_told_apart_when_the_body_gives_the_reason(body, key, path, kind):
    """The five reasons for a 403 have five exceptions; what is not recognised is a plain one."""
    reading = read(403, body, key=key, path=path)
    assert kind is type(reading.error)
    assert reading.trouble is None


def test_403_mentions_the_region_when_it_has_no_reason():
    """A key of another region cannot be told from a missing permission, so the message names both."""
    assert "LANGSMITH_ENDPOINT" in str(read(403, {"detail": "Forbidden"}).error)
    assert "LANGSMITH_ENDPOINT" not in str(read(403, {"detail": "Needs workspaces:manage"}).error)


def test_401_names_the_reasons_when_the_key_is_not_accepted():
    """Expiry and region are named; for the oldest kind of keys also why they cannot work."""
    message = str(read(401, {"detail": "Unauthorized"}).error)
    assert "expired" in message
    assert "region" in message
    assert "ls__" not in message
    legacy = Key("ls__0123456789abcdef0123456789abcdef")
    assert "October 2024" in str(read(401, {"detail": "Unauthorized"}, key=legacy).error)


@pytest.mark.parametrize("status", [401, 403])
@pytest.mark.parametrize("body", [HTML, b"denied by policy", b""])
def test_intermediary_is_blamed_when_401_or_403_is_not_json(status, body):
    """A firewall's page is not the service's verdict on the key, and may be retried."""
    reading = read(status, body)
    assert "intermediary" == reading.trouble
    assert status == reading.error.status
    assert "proxy" in str(reading.error)


@pytest.mark.parametrize(
    ("data", "detail"),
    [
        ({"detail": "text", "message": "m", "title": "t", "error": "e"}, "text"),
        ({"detail": "", "message": "m", "title": "t", "error": "e"}, "m"),
        ({"title": "t", "error": "e"}, "t"),
        ({"error": "e"}, "e"),
        ({"error": {"message": "inner", "code": 3}}, "inner"),
        (
            {"detail": [{"loc": ["body", 0, "email"], "msg": "field required", "type": "x"}]},
            "body.0.email: field required",
        ),
        ({"detail": [{"msg": "a"}, {"msg": "b"}]}, "a; b"),
        ({"detail": ["a", "b"]}, "a; b"),
        ({"detail": {"message": "m"}}, "m"),
        ({"type": "about:blank", "title": "Conflict", "status": 409, "detail": "name taken"}, "name taken"),
        ("just text", "just text"),
        ({}, ""),
        ([], ""),
        (None, ""),
        (42, "42"),
    ],
)
def test_detail_is_found_when_bodies_differ(data, detail):
    """All three generations of error bodies are read, in the documented order."""
    assert detail == detail_of(data)


def test_rejected_value_is_left_out_when_validation_fails():
    """FastAPI repeats what it was sent, which may be a password."""
    body = {"detail": [{"loc": ["body", "password"], "msg": "too short", "type": "x", "input": "hunter2"}]}
    error = read(422, body, method="POST").error
    assert "body.password: too short" == error.detail
    assert "hunter2" not in str(error)


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        (HTML, "Sign in & go"),
        (b"<p>Bad <b>gateway</b></p>", "Bad gateway"),
        (b"upstream connect error", "upstream connect error"),
        (b"\xff\xfe broken", "\ufffd\ufffd broken"),
        (b"x" * 5000, "x" * 500),
        (b"", ""),
    ],
)
def test_detail_is_readable_when_the_body_is_not_json(body, detail):
    """A page is shortened to its title, text to its first 500 characters."""
    assert detail == read(502, body).error.detail


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("key lsv2_pt_abc_def123 is bad", "key [key] is bad"),
        ("lsv2_sk_abc", "[key]"),
        ("old ls__abc123", "old [key]"),
        ("Authorization: Bearer eyJ0.eyJ1.x-y", "Authorization: [key]"),
        ("tools__and_else", "tools__and_else"),
        ("nothing", "nothing"),
    ],
)
def test_keys_are_scrubbed_when_the_service_repeats_them(text, expected):
    """What looks like a key does not get into messages."""
    assert expected == scrub(text)


@pytest.mark.parametrize("status", [200, 302, 400, 401, 403, 409, 422, 500])
@pytest.mark.parametrize("form", ["json", "text", "html"])
def test_key_of_any_shape_is_scrubbed_when_the_service_repeats_it(status, form):
    """Also a key with an unknown prefix is taken out, from every attribute of the error."""
    key = Key("an-unusual-key-of-a-proxy-1234")
    said = f"unknown key {key.reveal()}"
    body = {"json": json.dumps({"detail": said}), "text": said, "html": f"<title>{said}</title>"}[form].encode()
    headers = {"Location": f"https://{key.reveal()}.example/{key.reveal()}", "X-Request-Id": "r"}
    reading = read(status, body, key=key, headers=headers)
    if reading.error is not None:
        assert key.reveal() not in f"{reading.error} {vars(reading.error)}"


@pytest.mark.parametrize("body", [HTML, b"OK", b"<html>", b"\x1f\x8b\x08"])
def test_web_page_is_refused_when_it_comes_with_200(body):
    """A success that is not JSON is not believed; the message says to check the address."""
    reading = read(200, body, headers={"Content-Type": "text/html; charset=utf-8"})
    assert UnexpectedAnswerError is type(reading.error)
    assert "page" == reading.trouble
    assert "text/html instead of JSON" in str(reading.error)
    assert "sub-path" in str(reading.error)


@pytest.mark.parametrize("body", [b'[{"id": 1}, {"id"', b'{"a": ', b"[1, 2"])
def test_broken_json_is_refused_when_it_was_cut_short(body):
    """A cut body is an error without a word of the body, which may hold a new key; a write may have happened."""
    reading = read(200, body, method="POST")
    assert UnexpectedAnswerError is type(reading.error)
    assert "broken" == reading.trouble
    assert "" == reading.error.detail
    assert "may have been carried out" in str(reading.error)


@pytest.mark.parametrize(
    ("location", "where"),
    [
        ("https://other.example/login?token=secret", "https://other.example"),
        ("http://api.smith.langchain.com/x", "http://api.smith.langchain.com"),
        ("//other.example/x", "//other.example"),
        ("https://user:secret@other.example:8443/x", "https://other.example:8443"),
        ("/login", "another path of the same host"),
        ("", "another path of the same host"),
    ],
)
def test_redirect_names_only_the_host_when_not_followed(location, where):
    """The message says where it leads, without path and query, and that the key was not sent there."""
    error = read(307, b"", headers={"Location": location}).error
    assert UnexpectedAnswerError is type(error)
    assert where == error.detail
    assert "the API key was not sent there" in str(error)
    assert "secret" not in str(error)


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_write_says_to_look_first_when_the_server_failed(method):
    """After a 5xx nobody knows whether the change was made."""
    assert "may have been carried out" in str(read(500, {"detail": "x"}, method=method).error)


def test_answer_is_read_when_it_is_deeply_nested():
    """A body that no parser should follow is an error of ours, not a crash."""
    assert UnexpectedAnswerError is type(read(200, b"[" * 100_000).error)
