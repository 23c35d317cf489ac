"""The server itself: paths, log, files, latency, several at once (DESIGN 7)."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from lsnb import sandbox

from .conftest import NOW, Client, acme

MEMBERS = "/v1/platform/orgs/current/members"


@pytest.mark.parametrize("prefix", ["", "/api"])
@pytest.mark.parametrize("path", [MEMBERS, "/auth/public", "/workspaces/current/ttl-settings"])
def test_go_routes_answer_with_and_without_api(client, prefix, path):
    """Both spellings of a Go route are the same route."""
    assert client.call("GET", prefix + path, workspace="prod").status_code == 200


def test_api_only_server_shows_its_web_page(small, client):
    """A self-hosted server answers paths without `/api` with HTML and 200."""
    small.behaviours.platform_paths = "api-only"
    response = client.call("GET", MEMBERS)
    assert response.status_code == 200
    assert response.headers["content-type"].startswith("text/html")
    assert client.get("/api" + MEMBERS)


def test_bare_only_server_does_not_know_the_prefix(small, client):
    """The other way round the prefixed form is a 404."""
    small.behaviours.platform_paths = "bare-only"
    assert client.call("GET", "/api" + MEMBERS).status_code == 404
    assert client.get(MEMBERS)


def test_unknown_route_lists_the_known_ones(client):
    """A 404 of a route helps; a wrong method is a 405."""
    response = client.call("GET", "/api/v1/nothing")
    assert response.status_code == 404
    assert "GET /api/v1/orgs/current/info" in response.json()["known"]
    assert client.call("DELETE", "/api/v1/info").status_code == 405


def test_mounted_below_a_path():
    """Everything is served below the mount point and nothing beside it."""
    with sandbox.start(seed="empty", root_path="/sub/") as server:
        assert server.url.endswith("/sub")
        assert requests.get(server.url + "/api/v1/info", timeout=5).status_code == 200
        assert requests.get(server.url + "/_sandbox/requests", timeout=5).json()
        beside = server.url.removesuffix("/sub") + "/api/v1/info"
        assert requests.get(beside, timeout=5).status_code == 404


@pytest.mark.parametrize(
    ("behaviour", "method", "path", "body"),
    [
        ("enriched_members", "GET", MEMBERS, None),
        ("pending_patch", "PATCH", f"/api/v1/orgs/current/members/{acme('identity', 'x')}/pending", {}),
        ("service_key_patch", "PATCH", f"/api/v1/orgs/current/service-keys/{acme('key', 'cost-report')}", {}),
        ("token_revocation", "POST", f"/api/v1/orgs/current/personal-access-tokens/{acme('key', 'user_pat')}/revocation", None),
        ("role_restriction", "PUT", f"/api/v1/orgs/current/roles/{acme('role', 'prompt')}/restriction", {"is_restricted": True}),
        ("single_workspace_read", "GET", f"/api/v1/workspaces/{acme('workspace', 'prod')}", None),
        ("access_policy_patch", "PATCH", f"/v1/platform/orgs/current/access-policies/{acme('policy', 'orphan')}", {}),
    ],
)  # fmt: skip
def test_newer_endpoints_can_be_missing(small, client, behaviour, method, path, body):
    """Each newer endpoint is there, unless switched off as on an older server."""
    there = client.call(method, path, json=body).status_code
    assert there < 300 or behaviour == "pending_patch"
    setattr(small.behaviours, behaviour, False)
    assert client.call(method, path, json=body).status_code in (404, 405)


def test_request_log_names_the_key_and_never_shows_it(small, client):
    """A line tells who, what and how long; of a body only the names of its fields."""
    body = [{"email": "Some.One@acme.example", "role_id": None}, {"email": "two@acme.example", "full_name": "T"}]
    client.call("POST", "/api/v1/orgs/current/members/batch", workspace="prod", params={"a": "1"}, json=body)
    requests.get(small.url + "/api/v1/orgs/current", headers={"X-API-Key": small.keys["expired_pat"]}, timeout=5)
    first, second = small.requests
    assert first["key"] == "admin_pat"
    assert first["body_keys"] == ["email", "full_name", "role_id"]
    assert first["body_items"] == 2
    assert (first["method"], first["status"], first["query"]) == ("POST", 200, "a=1")
    assert first["workspace_id"] == acme("workspace", "prod")
    assert (second["key"], second["status"]) == ("expired_pat", 401)
    text = json.dumps(small.requests)
    assert "some.one" not in text.lower()
    assert not any(secret in text for secret in small.keys.values())


def test_mistake_of_the_sandbox_is_a_500(small, client, caplog):
    """Even then the client gets JSON, the log a line, and the trace is not lost."""
    small.state.roles.clear()
    response = client.call("GET", "/api/v1/orgs/current/roles")
    assert (response.status_code, response.json()) == (500, {"detail": "Internal Server Error"})
    assert small.requests[-1]["status"] == 500
    assert "KeyError" in caplog.text


def test_control_calls_are_not_logged(small, client):
    """Looking at the sandbox is no request to the service."""
    client.get("/api/v1/info")
    assert len(requests.get(small.url + "/_sandbox/requests", timeout=5).json()) == 1
    requests.post(small.url + "/_sandbox/reset", timeout=5)
    assert small.requests == []


def test_state_and_acceptance_over_http(small):
    """The state can be read and a pending person accepted from outside; secrets are only hashes."""
    url = small.url + "/_sandbox"
    person = requests.post(url + "/accept", json={"email": "NEW.hire@acme.example"}, timeout=5).json()
    assert person["email"] == "new.hire@acme.example"
    data = requests.get(url + "/state", timeout=5).json()
    assert person["id"] in {row["id"] for row in data["people"]}
    assert not any(secret in json.dumps(data) for secret in small.keys.values())
    assert requests.post(url + "/accept", json={"email": "new.hire@acme.example"}, timeout=5).status_code == 404


def test_behaviours_over_http_and_reset(small):
    """Switches can be set from outside; an unknown one is an error; a reset brings the first ones back."""
    url = small.url + "/_sandbox/behaviours"
    assert requests.patch(url, json={"role_names": "name"}, timeout=5).json()["role_names"] == "name"
    assert requests.patch(url, json={"no_such": 1}, timeout=5).status_code == 400
    small.reset()
    assert small.behaviours.role_names == "display"
    assert small.behaviours.clock == "fixed"


def test_latency_is_waited_in_parallel():
    """Forty requests at once take about as long as one."""
    with sandbox.start(seed="empty", latency_ms=150) as server, ThreadPoolExecutor(40) as pool:
        url = server.url + "/api/v1/info"
        started = time.perf_counter()
        answers = list(pool.map(lambda _: requests.get(url, timeout=10).status_code, range(40)))
        assert answers == [200] * 40
        assert 0.15 <= time.perf_counter() - started < 3


def test_several_run_at_once_and_do_not_mix():
    """Each server has its own organization."""
    with sandbox.start(seed="empty") as one, sandbox.start(seed="norbac") as two:
        assert one.organization_id != two.organization_id
        header = {"X-API-Key": one.key}
        assert requests.get(one.url + "/api/v1/orgs/current", headers=header, timeout=5).status_code == 200
        assert requests.get(two.url + "/api/v1/orgs/current", headers=header, timeout=5).status_code == 401
        info = requests.get(two.url + "/api/v1/orgs/current/info", headers={"X-API-Key": two.key}, timeout=5).json()
        assert info["display_name"] == "Bistro Labs"


def test_stop_ends_it_and_may_be_called_twice():
    """After `stop` nothing listens."""
    server = sandbox.start(seed="empty")
    server.stop()
    server.stop()
    with pytest.raises(requests.ConnectionError):
        requests.get(server.url + "/api/v1/info", timeout=1)


def test_state_file_survives_and_log_file_has_a_line_each(tmp_path):
    """What was written is there after a restart, also what was written just before the end."""
    files = {"state_file": tmp_path / "state.json", "log_file": tmp_path / "log.jsonl"}
    with sandbox.start(seed="small", now=NOW, **files) as server:
        client = Client(server)
        client.call("POST", "/api/v1/orgs/current/members", json={"email": "kept@acme.example"})
        saved = json.loads(files["state_file"].read_text())
        assert "kept@acme.example" in {row["email"] for row in saved["state"]["invitations"]}
        before = server.dump()
        client.session.close()
    with sandbox.start(seed="empty", **files) as server:
        assert server.dump() == json.loads(json.dumps(before))
        client = Client(server)
        assert (
            client.call("POST", "/api/v1/orgs/current/members", json={"email": "kept@acme.example"}).status_code == 409
        )
        client.session.close()
    lines = [json.loads(line) for line in files["log_file"].read_text().splitlines()]
    assert [200, 409] == [line["status"] for line in lines]
    assert not list(tmp_path.glob("*.part"))


def test_large_answers_are_compressed_when_accepted(client):
    """Answers over a kilobyte are compressed for those who say they take it."""
    plain = client.call("GET", MEMBERS, headers={"Accept-Encoding": "identity"})
    packed = client.call("GET", MEMBERS, headers={"Accept-Encoding": "gzip"})
    assert "content-encoding" not in plain.headers
    assert packed.headers["content-encoding"] == "gzip"
    assert plain.content == packed.content
    assert packed.headers["x-pagination-total"] == plain.headers["x-pagination-total"]


def test_describe_tells_what_a_client_needs(small):
    """Address, organization and keys, as JSON values."""
    described = sandbox.describe(small)
    assert {"url", "organization_id", "keys"} == set(described)
    names = {"admin_pat", "admin_service_key", "operator_pat", "user_pat", "viewer_pat", "workspace_key", "expired_pat"}
    assert names == set(described["keys"])
    json.dumps(described)


@pytest.mark.parametrize("signal_", [signal.SIGINT, signal.SIGTERM])
def test_serve_forever_prints_one_line_and_ends_cleanly(tmp_path, child_environment, signal_):
    """The command's server says where it is on standard output, and saves when it is told to end."""
    state_file = tmp_path / "state.json"
    code = f"from lsnb import sandbox; sandbox.serve_forever(seed='empty', state_file={str(state_file)!r})"
    child = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, env=child_environment)
    with child:
        described = json.loads(child.stdout.readline())
        assert requests.get(described["url"] + "/api/v1/info", timeout=5).status_code == 200
        os.kill(child.pid, signal_)
        assert child.wait(timeout=10) == 0
        assert child.stdout.read() == ""
    assert state_file.exists()


def test_missing_dependencies_are_named(child_environment):
    """Without FastAPI the package imports, and starting says what to install."""
    code = (
        "import sys; sys.modules['fastapi'] = None\n"
        "from lsnb import sandbox\n"
        "try: sandbox.start()\n"
        "except ImportError as error: print(error)"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=child_environment, check=True
    )
    assert "pip install 'lsnb[sandbox]'" in result.stdout
