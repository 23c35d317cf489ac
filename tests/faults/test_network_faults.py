"""What went wrong between us and a service: proxies, authorities, gateways, and what a plan sends."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import pandas as pd
import pytest

import lsnb
from lsnb.errors import AuthError, ConfigError, GatewayError, LsnbError, TransportError, WrongRegionError
from lsnb.files.log import sync_log
from lsnb.plan import drop_changes
from lsnb.service.config import is_loopback
from lsnb.service.credentials import Key
from lsnb.service.transport import Transport

ELSEWHERE = "https://ls.example.com"
SECRET = "lsv2_pt_0123456789abcdef0123456789abcdef_0123456789"
SET_UP = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
INVITE = pd.DataFrame({"email": ["new@acme.example"], "langsmith_role": ["Organization User"]})


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch):
    """Take proxies and authorities of this machine away."""
    for name in SET_UP:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


class Proxy:
    """A proxy on loopback that keeps what it is sent, and answers the same to all."""

    def __init__(self, answer: bytes) -> None:
        self.seen = b""
        self._answer = answer
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                caller, _ = self._socket.accept()
            except OSError:
                return
            with caller:
                self.seen += caller.recv(65536)
                caller.sendall(self._answer)

    def close(self) -> None:
        """Stop listening."""
        self._socket.close()


@pytest.fixture
def proxy() -> Iterator[Proxy]:
    """Give a proxy that answers 407 to all."""
    found = Proxy(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
    yield found
    found.close()


def refusal(base: str, method: str = "POST", **options: object) -> tuple[TransportError, float]:
    """Send one request that must fail, and give the error and how long it took."""
    settings = lsnb.service.config.load_settings(endpoint=base, api_key=SECRET, environ={})
    started = time.monotonic()
    with Transport(settings, **options) as transport, pytest.raises(TransportError) as caught:  # type: ignore[arg-type]
        transport.request(method, "/api/v1/orgs/current/roles", body={} if method == "POST" else None)
    return caught.value, time.monotonic() - started


# --- D1: loopback stays on this machine ---


@pytest.mark.parametrize(
    "names", [("HTTP_PROXY", "http_proxy"), ("ALL_PROXY", "all_proxy"), ("http_proxy", "NO_PROXY")]
)
def test_d1_no_proxy_is_used_for_this_machine(server, proxy, monkeypatch, names):
    """Whatever variable names a proxy, the demo organization answers and the proxy gets nothing."""
    for name in names:
        monkeypatch.setenv(name, "example.com" if name == "NO_PROXY" else proxy.url)
    org = lsnb.connect(endpoint=server.url, api_key=server.key)
    assert "ada.lindqvist@acme.example" == org.whoami().caller.email
    assert len(org.read_access().members)
    assert b"" == proxy.seen


@pytest.mark.parametrize("where", ["127.0.0.1", "localhost", "127.1", "2130706433", "0x7f000001"])
def test_d1_no_proxy_of_a_session_is_used_for_this_machine(server, proxy, where):
    """Also a session's own proxies, and every way to write the address."""
    import requests

    session = requests.Session()
    session.proxies = {"http": proxy.url, "all": proxy.url, "http://127.0.0.1": proxy.url}
    settings = lsnb.service.config.load_settings(
        endpoint=f"http://{where}:{server.port}", api_key=server.key, environ={}
    )
    with Transport(settings, session=session) as transport:
        assert transport.get("/api/v1/orgs/current/info")["display_name"]
    assert b"" == proxy.seen


def test_d1_the_command_works_beside_a_proxy_that_nobody_answers_for(child_environment):
    """`lsnb whoami --demo` neither needs nor tries the proxy, and ~/.netrc changes nothing."""
    dead = "http://127.0.0.1:9"
    environment = child_environment | {"HTTP_PROXY": dead, "http_proxy": dead, "ALL_PROXY": dead}
    command = [sys.executable, "-m", "lsnb", "whoami", "--demo"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert (0, True) == (done.returncode, "ada.lindqvist@acme.example" in done.stdout), done.stderr


def test_d1_a_netrc_does_not_replace_the_key(server, tmp_path, monkeypatch):
    """A password for this machine in ~/.netrc is not sent, and the key is."""
    (tmp_path / "netrc").write_text("default login dana password hunter2\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    lsnb.connect(endpoint=server.url, api_key=server.key).whoami()
    assert {"admin_pat", None} >= {line["key"] for line in server.requests}


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1", True),
        ("127.255.0.9", True),
        ("127.1", True),
        ("2130706433", True),
        ("0x7f.0.0.1", True),
        ("0177.0.0.1", True),
        ("0.0.0.0", True),
        ("localhost", True),
        ("LocalHost.", True),
        ("demo.localhost", True),
        ("::1", True),
        ("[::1]", True),
        ("::ffff:127.0.0.1", True),
        ("::", True),
        ("localhost.evil.example", False),
        ("127.0.0.1.evil.example", False),
        ("notlocalhost", False),
        ("128.0.0.1", False),
        ("::ffff:10.0.0.1", False),
        ("10.0.0.1", False),
        ("", False),
    ],
)
def test_d1_this_machine_is_known_under_all_its_names(host, expected):
    """Each spelling of loopback counts, and nothing that only looks like it."""
    assert expected is is_loopback(host)


def test_d1_other_hosts_keep_their_proxy(proxy, monkeypatch):
    """A proxy for the service elsewhere is asked for a tunnel, without the key."""
    monkeypatch.setenv("HTTPS_PROXY", proxy.url)
    refusal(ELSEWHERE)
    assert proxy.seen.startswith(b"CONNECT ls.example.com:443")
    assert SECRET.encode() not in proxy.seen


# --- D2: the demo organization answers this machine only ---

CONTROLS = "/_sandbox/state"
SERVICE = "/api/v1/orgs/current/info"


def ask(server, path=CONTROLS, method="GET", **headers):
    """Send one request with headers of our own, and give status and text."""
    import requests

    sent = {"X-API-Key": server.key, **{name.replace("_", "-"): value for name, value in headers.items()}}
    answer = requests.request(method, server.url + path, headers=sent, timeout=5, proxies={"http": ""})
    return answer.status_code, answer.text


@pytest.mark.parametrize("path", [CONTROLS, SERVICE, "/api/v1/info", "/nothing"])
@pytest.mark.parametrize(
    "host",
    [
        "rebind.evil.example",
        "rebind.evil.example:80",
        "127.0.0.1.evil.example",
        "localhost.evil.example",
        "evil.example.",
        "127.0.0.1.",
        "localhost.",
        "localhost@evil.example",
        "[2001:db8::1]:80",
        "0.0.0.0",
        "10.0.0.1",
        "localhost:99999",
        "localhost:x",
        "",
    ],
)
def test_d2_another_host_is_refused(server, path, host):
    """A name that only leads here gets a sentence, whatever it asks for; nothing of it is kept or shown."""
    status, text = ask(server, path, Host=host)
    assert 400 <= status < 500
    assert "acme" not in text
    assert [] == server.requests


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://localhost:3000"},
        {"Origin": "https://127.0.0.1"},
        {"Origin": "http://127.0.0.1.evil.example"},
        {"Origin": ""},
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
        {"Origin": "http://evil.example", "Content_Type": "text/plain"},
    ],
)
def test_d2_another_page_is_refused(server, headers):
    """A page elsewhere can neither read nor change anything, below `/_sandbox` or of the service."""
    server.faults.add(method="GET", path="nothing", times=1, kind="status", status=500)
    body = {"display_name": "Hacked"}
    before = server.dump()
    for path, method in (
        (CONTROLS, "GET"),
        ("/_sandbox/reset", "POST"),
        (SERVICE, "GET"),
        ("/api/v1/workspaces", "POST"),
    ):
        status, text = ask(server, path, method, **headers)
        assert (403, False) == (status, "Acme" in text)
        assert "web pages" in text
    assert (before, [], 1) == (server.dump(), server.requests, len(server.faults.as_list()))
    assert body["display_name"] not in str(server.dump())


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.0.0.1:{port}", "localhost:{port}", "LOCALHOST", "[::1]:{port}", "127.9.9.9"]
)
def test_d2_this_machine_is_answered(server, host):
    """Each name of this machine is, with and without a page of the same address."""
    host = host.format(port=server.port)
    assert 200 == ask(server, SERVICE, Host=host)[0]
    assert 200 == ask(server, SERVICE, Host=host, Origin=f"http://{host}", Sec_Fetch_Site="same-origin")[0]
    assert 200 == ask(server, SERVICE, Host=host, Sec_Fetch_Site="none")[0]


@pytest.mark.parametrize(
    "start",
    [
        b"GET /_sandbox/state HTTP/1.0\r\n\r\n",
        b"GET /_sandbox/state HTTP/1.1\r\n\r\n",
        b"GET /_sandbox/state HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n",
    ],
)
def test_d2_no_host_or_two_are_refused(server, start):
    """What does not say whom it means is not answered."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as connection:
        connection.sendall(start)
        answer = connection.recv(65536)
    assert answer.split()[1] in (b"400", b"403")
    assert b"acme" not in answer


@pytest.mark.parametrize("pseudonyms", [False, True])
def test_d2_the_controls_of_a_copy_want_the_token(server, tmp_path, pseudonyms):
    """Nobody else on this machine can read or steer a copy; the token is at the server and in what is printed."""
    from lsnb import sandbox

    snap = lsnb.connect(endpoint=server.url, api_key=server.key).snapshot(tables=["access"])
    state = tmp_path / "state.json"
    with sandbox.from_snapshot(snap, pseudonyms=pseudonyms, state_file=state) as copy:
        assert copy.control_token == sandbox.describe(copy)["control_token"]
        for path, method in ((CONTROLS, "GET"), ("/_sandbox/reset", "POST"), ("/_sandbox/requests", "GET")):
            for wrong in ({}, {"X_Sandbox_Token": ""}, {"X_Sandbox_Token": server.control_token}):
                status, text = ask(copy, path, method, **wrong)
                assert (403, True, False) == (status, "X-Sandbox-Token" in text, copy.control_token in text)
            assert 200 == ask(copy, path, method, X_Sandbox_Token=copy.control_token)[0]
        assert 200 == ask(copy, SERVICE)[0]
    with sandbox.start(state_file=state) as again:
        assert 403 == ask(again)[0]


# --- D8: what this machine is set up with ---


@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "does not exist"),
        (b"", "holds no certificates"),
        (b"-----BEGIN nonsense", "holds no"),
        ("folder", "folder"),
    ],
)
def test_d8_authorities_that_cannot_be_used_are_named_at_once(tmp_path, monkeypatch, variable, content, reason):
    """A missing, empty or damaged file, or a folder without certificates: said with variable and path, and not sent."""
    path = tmp_path / "corp.pem"
    if content == "folder":
        path.mkdir()
    elif content is not None:
        path.write_bytes(content)
    monkeypatch.setenv(variable, str(path))
    for method in ("POST", "GET"):
        error, took_s = refusal("https://127.0.0.1:9", method)
        assert ("not-sent", True) == (error.outcome, took_s < 2)
        for part in ("was not sent", variable, str(path), reason):
            assert part in str(error)
        assert "may have been" not in str(error)
        assert ("Nothing was changed" in str(error)) is (method == "POST")


def test_d8_authorities_of_a_session_are_used_and_checked():
    """What the session says goes before the environment, and is named where it is wrong."""
    import requests

    session = requests.Session()
    session.verify = "/nonexistent/own.pem"
    error, _ = refusal("https://127.0.0.1:9", session=session)
    assert "session.verify names /nonexistent/own.pem" in str(error)


def test_d8_authorities_do_not_matter_to_the_demo_organization(server, monkeypatch):
    """Plain http on this machine needs none."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nonexistent/corp.pem")
    assert lsnb.connect(endpoint=server.url, api_key=server.key).whoami().organization


@pytest.mark.parametrize(
    ("address", "parts"),
    [
        ("ftp://user:hunter2@proxy.example:21", ("proxy.example:21", "ftp://", "not supported")),
        ("gopher://proxy.example", ("proxy.example", "gopher://")),
        ("http://", ("not one that can be read",)),
        ("http://user:hunter2@[::1", ("not one that can be read",)),
        ("http://proxy.example:port", ("not one that can be read",)),
        ("http://proxy.example:99999", ("not one that can be read",)),
        ("socks5://user:hunter2@proxy.example:1080", ("PySocks", "requests[socks]")),
    ],
)
def test_d8_a_proxy_that_cannot_be_used_is_named_at_once(monkeypatch, address, parts):
    """Its scheme, its address or a missing package: said with the variable, without its password, and not sent."""
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    monkeypatch.setenv("HTTPS_PROXY", address)
    error, took_s = refusal(ELSEWHERE)
    assert ("not-sent", True) == (error.outcome, took_s < 2)
    for part in ("was not sent", "HTTPS_PROXY", "Nothing was changed", *parts):
        assert part in str(error)
    assert "hunter2" not in str(error)


@pytest.mark.parametrize("kind", ["unknown name", "nobody listens", "wants a password"])
def test_d8_a_proxy_that_does_not_work_is_named_at_once(proxy, monkeypatch, kind):
    """One that is not found, not there or wants a password: no second attempt, and not sent."""

    def no_such_name(*args: object, **options: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    addresses = {"unknown name": "http://proxy.invalid:3128", "nobody listens": "http://127.0.0.1:9"}
    if kind == "unknown name":
        monkeypatch.setattr(socket, "getaddrinfo", no_such_name)
    monkeypatch.setenv("all_proxy", addresses.get(kind, proxy.url))
    error, took_s = refusal(ELSEWHERE)
    assert ("not-sent", True) == (error.outcome, took_s < 2)
    assert "that all_proxy names" in str(error)
    expected = {"unknown name": "name of the host", "nobody listens": "refused", "wants a password": "407"}
    assert expected[kind] in str(error)


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    """Make a certificate for another host, signed by itself, and one for this machine that is over."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("needs openssl, to make a certificate")
    folder = tmp_path_factory.mktemp("certificates")
    for name, more in {"other": ["-addext", "subjectAltName=DNS:other.example"], "own": []}.items():
        own = ["-addext", "subjectAltName=IP:127.0.0.1"]
        command = [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={name}"]
        command += [*(more or own), "-keyout", folder / f"{name}.key", "-out", folder / f"{name}.pem"]
        subprocess.run(command, check=True, capture_output=True)
    return folder


@pytest.mark.parametrize("kind", ["unknown authority", "another host", "no TLS at all", "hangs up"])
def test_d8_a_failed_secure_connection_is_final_and_not_sent(certificates, monkeypatch, kind):
    """What goes wrong before the request goes out never counts as perhaps carried out."""
    import ssl

    name = "other" if kind == "another host" else "own"
    if kind == "another host":
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificates / "other.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates / f"{name}.pem", certificates / f"{name}.key")
    listening = socket.create_server(("127.0.0.1", 0))
    accepted = []

    def serve() -> None:
        while True:
            try:
                caller, _ = listening.accept()
            except OSError:
                return
            accepted.append(caller)
            with caller:
                if kind == "no TLS at all":
                    caller.recv(1000)
                    caller.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
                elif kind != "hangs up":
                    try:
                        context.wrap_socket(caller, server_side=True).close()
                    except OSError:
                        continue

    threading.Thread(target=serve, daemon=True).start()
    error, took_s = refusal(f"https://127.0.0.1:{listening.getsockname()[1]}", sleep=lambda seconds: None)
    listening.close()
    assert "not-sent" == error.outcome
    assert "may have been" not in str(error)
    if kind != "hangs up":  # that may pass
        assert (1, True) == (len(accepted), took_s < 2)
    words = {"unknown authority": "self", "another host": "for another host", "no TLS at all": "no secure connection"}
    assert words.get(kind, "was not sent") in str(error)


# --- D9: a gateway in front of the service ---

DOORS = {
    "whoami": lambda org, folder: org.whoami(),
    "members": lambda org, folder: org.snapshot(tables=["access"]).members,
    "plan": lambda org, folder: org.plan(INVITE),
    "log": lambda org, folder: sync_log(org, folder / "log", since=pd.Timestamp.now("UTC") - pd.Timedelta(days=1)),
}


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("status", [403, 401, 407, 200, 302, 503])
def test_d9_a_gateway_is_blamed_through_every_door(server, tmp_path, door, status):
    """A page instead of an answer is not a verdict on the key, whoever asks."""
    headers = {"Location": "https://login.corp.example/in?x=1"} if status == 302 else None
    server.faults.add(method="*", path=".*", times=None, kind="html", status=status, headers=headers)
    org = lsnb.connect(endpoint=server.url, api_key=server.key)
    org.api.transport.attempts = 1
    with pytest.raises(LsnbError, match=r"proxy, firewall or gateway in front of 127\.0\.0\.1") as caught:
        DOORS[door](org, tmp_path)
    assert not isinstance(caught.value, WrongRegionError)
    assert "region" not in str(caught.value)


@pytest.mark.parametrize(("status", "kind"), [(403, GatewayError), (407, GatewayError), (401, AuthError)])
def test_d9_whoami_says_so_at_once(server, status, kind):
    """What a gateway refuses is not asked for again and again."""
    server.faults.add(method="*", path=".*", times=None, kind="html", status=status)
    started = time.monotonic()
    with pytest.raises(kind, match="gateway"):
        lsnb.connect(endpoint=server.url, api_key=server.key).whoami()
    assert (True, True) == (time.monotonic() - started < 2, len(server.requests) <= 2)


def test_d9_an_audit_behind_a_gateway_is_no_audit(server, monkeypatch, capsys):
    """A reading of which a gateway keeps everything back fails at once, with its sentence, and writes no file."""
    from lsnb.cli import main

    server.faults.add(method="*", path=".*", times=None, kind="html", status=403)
    monkeypatch.setenv("LANGSMITH_ENDPOINT", server.url)
    monkeypatch.setenv("LANGSMITH_API_KEY", server.key)
    started = time.monotonic()
    assert 0 != main(["audit"])
    shown = capsys.readouterr()
    assert ("", True) == (shown.out, "gateway in front of" in shown.err)
    assert time.monotonic() - started < 3


def test_d9_a_gateway_that_refuses_one_path_is_no_missing_right(server):
    """Workspaces that a gateway keeps back are not none."""
    server.faults.add(method="GET", path="/workspaces$", times=None, kind="html", status=403)
    org = lsnb.connect(endpoint=server.url, api_key=server.key)
    org.api.transport.attempts = 1
    with pytest.raises(GatewayError, match="/workspaces"):
        org.whoami()


def test_d9_a_service_that_refuses_is_still_another_region(server):
    """The service's own 403 on everything keeps its sentence."""
    server.faults.add(method="*", path="/(orgs|workspaces|settings|auth)", times=None, kind="status", status=403)
    with pytest.raises(WrongRegionError):
        lsnb.connect(endpoint=server.url, api_key=server.key).whoami()


# --- the organization is named ---


def unnamed(server):
    """List the requests with a key that do not name the organization, after the first one that could have told it."""
    lines = [line for line in server.requests if line["key"]]
    assert lines
    return [line["path"] for line in lines[1:] if line["organization_id"] != server.organization_id]


def read_snapshot(org, folder):
    """Read everything."""
    org.snapshot()


def carry_out(org, folder):
    """Plan and apply."""
    plan = org.plan(INVITE)
    org.apply(plan, confirm=plan.fingerprint, journal=folder / "j.jsonl")


NAMING = {
    "snapshot": read_snapshot,
    "members": lambda org, folder: org.read_access(),
    "whoami": lambda org, folder: org.whoami(),
    "plan": lambda org, folder: org.plan(INVITE),
    "apply": carry_out,
    "log": lambda org, folder: sync_log(org, folder / "log", since=pd.Timestamp.now("UTC") - pd.Timedelta(days=1)),
}


@pytest.mark.parametrize("door", NAMING)
@pytest.mark.parametrize("key", ["admin_pat", "admin_service_key"])
def test_the_organization_is_named_after_the_first_answer(server, tmp_path, door, key):
    """Of all requests of a reading, a plan and a run only the first does not say which organization it means."""
    NAMING[door](lsnb.connect(endpoint=server.url, api_key=Key(server.keys[key])), tmp_path)
    assert [] == unnamed(server)


def test_the_organization_is_named_from_the_first_request_where_it_is_set(server):
    """Whoever says which organization is meant says it everywhere, also in the first request."""
    org = lsnb.connect(endpoint=server.url, api_key=server.key, organization_id=server.organization_id)
    org.snapshot(tables=["members"])
    assert {server.organization_id} == {line["organization_id"] for line in server.requests if line["key"]}


def test_plain_http_elsewhere_stays_refused():
    """What only looks like this machine gets no key in clear."""
    for host in ("localhost.evil.example", "demo.localhost", "10.0.0.1", "0x0a000001"):
        with pytest.raises(ConfigError, match="plain http"):
            lsnb.connect(endpoint=f"http://{host}:8000", api_key=SECRET)


# --- planning writes nothing ---

SHEETS: dict[str, list[dict[str, str]] | dict[str, list[str]]] = {
    "access": [
        {"email": "new@acme.example", "langsmith_role": "Organization User"},
        {"email": "grace.kim@acme.example", "langsmith_role": "Organization Viewer"},
        {"email": "yuki.sato@acme.example", "workspace_name": "Production", "action": "remove"},
        {"email": "new.hire@acme.example", "langsmith_role": "Organization Viewer"},
    ],
    "keys": [
        {"description": "Monthly cost report", "role": "Workspace User"},
        {
            "description": "Another",
            "role": "Workspace Viewer",
            "workspaces": "Production",
            "expires_at": "never",
            "action": "create",
        },
    ],
    "tokens": [{"description": "Workshop", "action": "revoke"}],
    "roles": {"permission": ["projects:read", "runs:read"], "Release Auditor": ["x", "x"]},
    "workspaces": [
        {"workspace_name": "New place", "action": "create"},
        {"workspace_name": "Marketing", "new_name": "Growth"},
    ],
    "settings": [{"setting": "max_pat_expiry_days", "value": "90"}],
}
KINDS = {
    "InviteMember",
    "SetServiceKeyRole",
    "CreateServiceKey",
    "CreateRole",
    "CreateWorkspace",
    "RenameWorkspace",
    "UpdateSettings",
}


def plans_of(org):
    """Make a plan of each sheet and one of all of them, where the key may."""
    frames = {kind: pd.DataFrame(rows) for kind, rows in SHEETS.items()}
    made = []
    for sheets in (*({kind: frame} for kind, frame in frames.items()), frames):
        try:
            made.append(org.plan(sheets))
        except LsnbError:  # asked all the same
            continue
    return made


@pytest.mark.parametrize("key", ["admin_pat", "admin_service_key", "operator_pat", "viewer_pat", "workspace_key"])
@pytest.mark.parametrize("newer", [True, False])
def test_planning_sends_gets_only(server, key, newer):
    """Nothing that is planned, with any key and on older and newer servers, asks the service to change anything."""
    server.behaviours.newer_endpoints = newer
    org = lsnb.connect(endpoint=server.url, api_key=server.keys[key])
    before = len(server.state.audit)
    plans = plans_of(org)
    if key == "admin_pat":
        kinds = {change.kind for plan in plans for change in plan.changes}
        assert kinds >= KINDS
        assert kinds & {"SetOrgRole", "ReplaceInvite"}
        assert ("RevokeAccessToken" in kinds) is newer
    assert {"GET"} == {line["method"] for line in server.requests}
    assert before == len(server.state.audit)


def test_planning_an_undo_less_of_it_and_what_an_audit_proposes_sends_gets_only(server, tmp_path):
    """Taking back, dropping changes and mending findings plan with reads alone, too."""
    org = lsnb.connect(endpoint=server.url, api_key=server.key)
    rows = [{"email": "new.hire@acme.example", "langsmith_role": "Organization Viewer"}, *INVITE.to_dict("records")]
    plan = org.plan(pd.DataFrame(rows))
    run = org.apply(plan, confirm=plan.fingerprint, journal=tmp_path / "j.jsonl")
    assert run.is_done
    since = len(server.requests)
    back = org.undo(run)
    assert len(back) == 2
    snap = org.snapshot(audit_days=0)
    assert len(drop_changes(back, snap, [back.changes[0].id])) == 1
    mended = org.plan(dict(lsnb.fixes(lsnb.audit(snap), snap)))
    assert {"DeleteServiceKey", "UpdateSettings"} <= {change.kind for change in mended.changes}
    assert {"GET"} == {line["method"] for line in server.requests[since:]}


def test_an_open_invitation_is_changed_in_place_or_not_at_all(server, tmp_path):
    """A plan that names no e-mail sends none: where the server cannot, the row fails and says what to do."""
    server.behaviours.pending_patch = False
    sheet = pd.DataFrame([{"email": "new.hire@acme.example", "langsmith_role": "Organization Viewer"}])
    org = lsnb.connect(endpoint=server.url, api_key=server.key)
    plan = org.plan(sheet)
    assert (["SetOrgRole"], ["found-at-apply"]) == ([c.kind for c in plan.changes], [w.rule for w in plan.warnings])
    run = org.apply(plan, confirm=plan.fingerprint, journal=tmp_path / "a.jsonl")
    row = run.results.iloc[0]
    assert ("failed", True) == (row["outcome"], row["reason"].startswith("not offered by this server"))
    assert "POST" not in {line["method"] for line in server.requests}
    # What was learnt is used: the next plan names the e-mail that the older way takes.
    plan = org.plan(sheet)
    assert ["ReplaceInvite"] == [change.kind for change in plan.changes]
    assert "second e-mail" in plan.changes[0].consequence
    assert org.apply(plan, confirm=plan.fingerprint, journal=tmp_path / "b.jsonl").is_done


def test_an_older_server_gets_the_older_plan_at_once(server):
    """Where its answers have nothing of what came with it, the plan names the second e-mail."""
    server.behaviours.newer_endpoints = False
    org = lsnb.connect(endpoint=server.url, api_key=server.key)
    plan = org.plan(pd.DataFrame([{"email": "new.hire@acme.example", "langsmith_role": "Organization Viewer"}]))
    assert ["ReplaceInvite"] == [change.kind for change in plan.changes]


def test_a_key_whose_role_cannot_be_changed_fails_alone(server, tmp_path):
    """The plan says that it is not known, the run says what to do instead, and the rest is done."""
    server.behaviours.service_key_patch = False
    org = lsnb.connect(endpoint=server.url, api_key=server.key)
    keys = pd.DataFrame([{"description": "Monthly cost report", "role": "Workspace User"}])
    plan = org.plan({"keys": keys, "access": INVITE})
    assert "found-at-apply" in [warning.rule for warning in plan.warnings]
    run = org.apply(plan, confirm=plan.fingerprint, journal=tmp_path / "j.jsonl")
    assert {"done": 1, "failed": 1} == run.counts
    assert "Make a new key" in " ".join(run.results["next_step"].dropna())
    left = org.plan({"keys": keys})
    assert ([], ["not-offered"]) == (list(left.changes), [warning.rule for warning in left.warnings])
