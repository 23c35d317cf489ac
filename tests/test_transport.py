from __future__ import annotations

import http.server
import io
import json
import logging
import re
import shutil
import socket
import ssl
import subprocess
import threading
import time
import traceback
from contextlib import contextmanager

import pytest
import requests
import urllib3
from requests.adapters import BaseAdapter

from lsnb.errors import (
    AuthError,
    ConfigError,
    ConflictError,
    KeyScopeError,
    LsnbError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitedError,
    ServerError,
    TransportError,
    UnexpectedAnswerError,
    WorkspaceRequiredError,
)
from lsnb.service.config import Settings
from lsnb.service.credentials import Key
from lsnb.service.transport import Transport, should_retry
from lsnb.service.transport.throttle import Pace
from lsnb.service.transport.wire import failure_of

SECRET = "lsv2_pt_0123456789abcdef0123456789abcdef_a1b2c33f9a"
ORGANIZATION = "0a1b2c3d-0000-4000-8000-00000000000a"
WORKSPACE = "0a1b2c3d-0000-4000-8000-00000000000b"
BASE = "https://ls.example.com"
ITEMS = "/api/v1/orgs/current/roles"
MEMBERS = "/v1/platform/orgs/current/members"
HTML = b"<!doctype html><title>LangSmith</title>"


def response(status=200, body: object = None, headers=None):
    """Return an answer as requests has it; a body that is not bytes becomes JSON."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    answer = requests.Response()
    answer.status_code = status
    answer.headers.update({"Content-Type": "application/json", **(headers or {})})
    answer.raw = urllib3.HTTPResponse(io.BytesIO(raw), headers=answer.headers, status=status, preload_content=False)
    return answer


class Stub(BaseAdapter):
    """A service that is a function from request to response; it keeps what it was asked, with the headers of then."""

    def __init__(self, answer):
        super().__init__()
        self.answer, self.requests, self.options = answer, [], []
        self.lock = threading.Lock()

    def send(self, request, **options):  # type: ignore[override]
        """Answer, or raise as told."""
        with self.lock:
            self.requests.append(request.copy())
            self.options.append(options)
        copied = dict(request.headers)  # urllib3 has such local variables, and tracebacks may show them
        result = self.answer(request)
        if isinstance(result, BaseException):
            try:
                raise RuntimeError(len(copied))
            except RuntimeError:
                raise result  # noqa: B904 - what it was raised in hangs on it, frames and all
        result.request = request
        return result

    def close(self):
        """Do nothing."""

    @property
    def sent(self):
        """List the requests as METHOD path."""
        return [f"{request.method} {request.path_url}" for request in self.requests]


def stubbed(answer, *, base=BASE, organization_id=None, workspace_id=None, key=SECRET, **options):
    """Return a transport over a stub, and the stub; nobody really sleeps."""
    if isinstance(answer, list):
        left = iter(answer)
        stub = Stub(lambda request: next(left))
    else:
        stub = Stub(answer)
    session = requests.Session()
    session.mount("https://", stub)
    session.mount("http://", stub)
    settings = Settings(base, Key(key), organization_id, workspace_id)
    options = {"sleep": lambda seconds: None, "jitter": lambda: 0.0, **options}
    return Transport(settings, session=session, **options), stub


def connection_error(inner):
    """Wrap an error as requests does."""
    return requests.ConnectionError(inner)


def refused():
    """Return what requests raises when nobody listens."""
    inner = urllib3.exceptions.NewConnectionError(None, "Failed to establish a new connection")  # type: ignore[arg-type]
    return connection_error(urllib3.exceptions.MaxRetryError(None, "/x?email=dana", inner))  # type: ignore[arg-type]


def dropped():
    """Return what requests raises when a kept connection turns out to be closed."""
    gone = ConnectionResetError(104, "Connection reset by peer")
    return connection_error(urllib3.exceptions.ProtocolError("Connection aborted.", gone))


def read_timeout():
    """Return what requests raises when no answer comes."""
    return requests.ReadTimeout("Read timed out.")


def truncated():
    """Return what requests raises when a body breaks off."""
    return requests.exceptions.ChunkedEncodingError("Connection broken: IncompleteRead")


def every_local(error):
    """Return all that tools show of an exception and of those that hang on it, and its attributes."""
    shown, seen = "", set()
    todo = [error]
    while todo:
        item = todo.pop()
        if item is None or id(item) in seen:
            continue
        seen.add(id(item))
        shown += "".join(traceback.TracebackException.from_exception(item, capture_locals=True).format())
        shown += repr(getattr(item, "__dict__", {}))
        todo += [item.__cause__, item.__context__]
        frame = item.__traceback__
        while frame:
            for value in frame.tb_frame.f_locals.values():
                for holder in (value, getattr(value, "request", None)):
                    shown += repr(getattr(holder, "headers", ""))
            frame = frame.tb_next
    return shown


@pytest.fixture(autouse=True)
def no_bundle(monkeypatch):
    """Take certificates and proxies of this machine away."""
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@contextmanager
def local_server(handle, context=None):
    """Serve on loopback, over TLS with a context: `handle` gets the handler of one request. Yields the base address."""

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            """Let the test answer."""
            length = int(self.headers.get("Content-Length") or 0)
            self.rfile.read(length)
            handle(self)

        do_POST = do_PATCH = do_DELETE = do_PUT = do_GET  # noqa: N815 - the names are http.server's

        def log_message(self, *_arguments):
            """Keep quiet."""

        def reply(self, status=200, body=b"null", headers=()):
            """Answer with a whole body."""
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **dict(headers)}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.handle_error = lambda *_: None  # type: ignore[method-assign]
    if context:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http{'s' if context else ''}://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def to(base, key=SECRET, **options):
    """Return a transport with a session of its own, that does not sleep."""
    return Transport(Settings(base, Key(key)), **{"sleep": lambda s: None, "jitter": lambda: 0.0, **options})


# --- one request ---


def test_request_returns_the_answer_when_it_is_json():
    """Status, data, headers and the service's id of the request come back; data does not show."""
    transport, _ = stubbed([response(201, {"key": "new-secret"}, {"X-Request-Id": "r-7"})])
    answer = transport.request("POST", ITEMS, body={"a": 1})
    assert (201, {"key": "new-secret"}, "r-7") == (answer.status, answer.data, answer.request_id)
    assert "r-7" == answer.headers["x-request-id"]
    assert "new-secret" not in repr(answer)


@pytest.mark.parametrize(
    ("scope", "options", "argument", "expected"),
    [
        ("organization", {}, None, (SECRET, None, None)),
        ("organization", {"organization_id": ORGANIZATION}, None, (SECRET, ORGANIZATION, None)),
        ("organization", {"workspace_id": WORKSPACE}, None, (SECRET, None, None)),
        ("workspace", {"organization_id": ORGANIZATION}, None, (SECRET, ORGANIZATION, None)),
        ("workspace", {"workspace_id": WORKSPACE}, None, (SECRET, None, WORKSPACE)),
        ("workspace", {"workspace_id": WORKSPACE}, "other", (SECRET, None, "other")),
        ("none", {"organization_id": ORGANIZATION, "workspace_id": WORKSPACE}, "other", (None, None, None)),
    ],
)
def test_headers_follow_the_scope_when_sent(scope, options, argument, expected):
    """Key, organization and workspace are sent to those that need them, and to no others."""
    transport, stub = stubbed([response()], **options)
    transport.request("GET", ITEMS, scope=scope, workspace_id=argument)
    headers = stub.requests[0].headers
    assert expected == tuple(headers.get(name) for name in ("X-API-Key", "X-Organization-Id", "X-Tenant-Id"))
    assert "application/json" == headers["Accept"]
    assert re.fullmatch(r"lsnb/\d+\.\d+\.\d+\S*", headers["User-Agent"])
    assert "gzip" in headers["Accept-Encoding"]
    assert "Content-Type" not in headers


def test_organization_is_sent_when_it_was_learnt():
    """An id that was learnt later is sent from then on; that of the settings wins."""
    transport, stub = stubbed(lambda request: response())
    transport.get(ITEMS)
    transport.learn_organization(ORGANIZATION)
    transport.get(ITEMS)
    assert [None, ORGANIZATION] == [request.headers.get("X-Organization-Id") for request in stub.requests]
    fixed, _ = stubbed([], organization_id=ORGANIZATION)
    fixed.learn_organization("other")
    assert ORGANIZATION == fixed.organization_id


def test_query_and_body_are_encoded_when_sent():
    """None is left out, lists are repeated, booleans are lower case; a body is JSON, also with DELETE."""
    transport, stub = stubbed(lambda request: response())
    transport.get(ITEMS, params={"emails": ["a@x.example", "b@x.example"], "q": None, "all": True, "limit": 5})
    transport.request("DELETE", ITEMS, body={"share_tokens": ["t"]})
    assert f"{ITEMS}?emails=a%40x.example&emails=b%40x.example&all=true&limit=5" == stub.requests[0].path_url
    assert {"share_tokens": ["t"]} == json.loads(stub.requests[1].body)
    assert "application/json" == stub.requests[1].headers["Content-Type"]


def test_path_is_appended_when_the_base_has_a_sub_path():
    """Installations under a sub-path are reached there."""
    transport, stub = stubbed([response()], base=f"{BASE}/langsmith")
    transport.get(ITEMS)
    assert f"{BASE}/langsmith{ITEMS}" == stub.requests[0].url


@pytest.mark.parametrize("path", ["api/v1/x", "/api/v1/x?y=1", "/api/v1/../x", "/x#y", "/x\\y", ""])
def test_path_is_refused_when_it_is_not_plain(path):
    """An id with a query or dots in it cannot turn a request into another one."""
    transport, stub = stubbed([])
    with pytest.raises(ValueError, match="path"):
        transport.get(path)
    assert [] == stub.sent


def test_limits_are_always_set_when_sent():
    """Every request has time limits, checks certificates, and does not follow redirects by itself."""
    transport, stub = stubbed([response()], timeout_s=(1, 2))
    transport.get(ITEMS)
    assert (1, 2) == stub.options[0]["timeout"]
    assert stub.options[0]["verify"] is True


def test_session_is_refused_when_it_does_not_check_certificates(monkeypatch):
    """Verification cannot be off, not even when it is switched off later or by the environment."""
    session = requests.Session()
    session.verify = False
    with pytest.raises(ConfigError, match="certificates"):
        Transport(Settings(BASE, Key(SECRET)), session=session)
    monkeypatch.setenv("CURL_CA_BUNDLE", "")
    transport, stub = stubbed([response()])
    transport._wire._session.verify = False
    transport.get(ITEMS)
    assert stub.options[0]["verify"] is True


def test_environment_is_used_when_it_names_proxy_and_certificates(monkeypatch, tmp_path):
    """Proxies and CA bundles of the environment count; the password in ~/.netrc is not sent."""
    bundle, netrc = tmp_path / "ca.pem", tmp_path / "netrc"
    bundle.touch()
    netrc.write_text("machine ls.example.com login dana password hunter2\n")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(bundle))
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
    monkeypatch.setenv("NETRC", str(netrc))
    transport, stub = stubbed([response()])
    transport.get(ITEMS)
    assert str(bundle) == stub.options[0]["verify"]
    assert "http://proxy.example:3128" == stub.options[0]["proxies"]["https"]
    assert "Authorization" not in stub.requests[0].headers


def test_attempts_are_counted_when_sent():
    """The counter counts what was sent, each attempt by itself, and shows in the repr."""
    transport, _ = stubbed([response(500), response(), response()])
    transport.get(ITEMS)
    transport.get(ITEMS)
    assert 3 == transport.n_requests
    assert "<Transport to ls.example.com, 3 requests sent>" == repr(transport)


def test_log_has_no_secrets_when_at_info(caplog):
    """Method, path, status and time are logged; no query, header or body."""
    caplog.set_level(logging.DEBUG, "lsnb.service.transport")
    transport, _ = stubbed([response(200, {"secret": "hunter2"}), refused()], attempts=1)
    transport.request("POST", ITEMS, params={"email": "dana@x.example"}, body={"password": "hunter3"})
    with pytest.raises(TransportError):
        transport.request("PATCH", ITEMS)
    messages = [record.getMessage() for record in caplog.records]
    assert re.fullmatch(rf"POST {ITEMS} 200 \d+ ms", messages[0])
    assert re.fullmatch(rf"PATCH {ITEMS} connect \d+ ms", messages[1])


# --- the key stays here ---

FAILURES = {
    "connection refused": refused,
    "connection dropped": dropped,
    "read time-out": read_timeout,
    "connect time-out": lambda: requests.ConnectTimeout("timed out"),
    "certificate": lambda: requests.exceptions.SSLError("bad"),
    "truncated": truncated,
    "invalid URL": lambda: requests.exceptions.InvalidURL("bad"),
    "defect": lambda: AssertionError("a defect in an adapter"),
    "interrupt": lambda: KeyboardInterrupt(),
    "401": lambda: response(401, {"detail": f"Invalid key {SECRET}"}),
    "403": lambda: response(403, {"detail": "Forbidden"}),
    "403 of a firewall": lambda: response(403, HTML),
    "429": lambda: response(429, {}),
    "500": lambda: response(500, {"error": f"key {SECRET}"}),
    "HTML": lambda: response(200, HTML),
    "invalid JSON": lambda: response(200, b'{"a": '),
    "other host": lambda: response(302, b"", {"Location": "https://evil.example/"}),
}


@pytest.mark.parametrize("scope", ["organization", "workspace"])
@pytest.mark.parametrize("failure", FAILURES)
def test_key_is_out_of_reach_when_it_fails(failure, scope):
    """No traceback with local variables, chained exception or attribute has the key, whatever went wrong."""

    def answer(request):
        result = FAILURES[failure]()
        if isinstance(result, requests.RequestException):
            result.request = request
        return result

    transport, _ = stubbed(answer)
    with pytest.raises(BaseException) as caught:  # noqa: PT011 - also the interrupt
        transport.request("POST", ITEMS, body={}, scope=scope)
    # The frames of this test hold the stub, which kept the request as the service would.
    error = caught.value.with_traceback(caught.tb.tb_next)
    assert SECRET[8:] not in every_local(error)
    assert error.__context__ is None
    assert error.__cause__ is None


def test_key_is_not_kept_when_the_request_is_over():
    """Neither session nor the finished request holds the key."""
    kept = []

    def answer(request):
        kept.append(request)
        return response()

    transport, stub = stubbed(answer)
    transport.get(ITEMS)
    assert SECRET == stub.requests[0].headers["X-API-Key"]
    assert "X-API-Key" not in kept[0].headers
    assert SECRET not in repr(transport._wire._session.headers)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize(
    "location",
    [
        "https://evil.example/x",
        "//evil.example/x",
        "https://ls.example.com.evil.example/",
        "http://ls.example.com/x",
        "https://ls.example.com:8443/x",
        "https://ls.example.com@evil.example/",
        "https://evil.example\\@ls.example.com/",
        "https://u:p@ls.example.com/",
        "https://ls.example.com:port/",
        "ftp://ls.example.com/",
    ],
)
def test_key_stays_when_redirected_to_another_place(location, status):
    """Another host, port or scheme gets nothing at all, and the error says so."""
    transport, stub = stubbed(lambda request: response(status, b"", {"Location": location}))
    with pytest.raises(UnexpectedAnswerError, match="the API key was not sent there"):
        transport.get(ITEMS)
    assert [f"GET {ITEMS}"] == stub.sent


def test_redirect_is_followed_when_it_stays():
    """Within the same host and port a read follows up to three redirects."""
    locations = ["/api/v1/b?x=1", "https://ls.example.com:443/api/v1/c", "d"]

    def answer(request):
        n = len(stub.requests)
        return response(307, b"", {"Location": locations[n - 1]}) if n <= 3 else response(200, [1])

    transport, stub = stubbed(answer)
    assert [1] == transport.get(ITEMS, params={"q": "a"})
    assert [f"GET {ITEMS}?q=a", "GET /api/v1/b?x=1", "GET /api/v1/c", "GET /api/v1/d"] == stub.sent
    assert 4 == transport.n_requests


def test_redirect_ends_when_it_goes_in_circles():
    """The fourth redirect is an error."""
    transport, stub = stubbed(lambda request: response(302, b"", {"Location": ITEMS}))
    with pytest.raises(UnexpectedAnswerError, match="redirect"):
        transport.get(ITEMS)
    assert 4 == len(stub.sent)


@pytest.mark.parametrize("method", ["POST", "PATCH", "PUT", "DELETE"])
def test_redirect_is_not_followed_when_it_is_a_write(method):
    """A write is not sent to another path."""
    transport, stub = stubbed(lambda request: response(307, b"", {"Location": "/api/v1/b"}))
    with pytest.raises(UnexpectedAnswerError):
        transport.request(method, ITEMS)
    assert 1 == len(stub.sent)


@pytest.mark.parametrize("location", ["https://[::1/", "https://ls.example.com:port/", "\\x", "https://\xff/"])
def test_redirect_is_an_error_when_its_target_makes_no_sense(location):
    """A broken Location is the service's mistake, with a session of our own and with one that was given."""
    with (
        local_server(lambda h: h.reply(302, b"", {"Location": location})) as base,
        to(base) as transport,
        pytest.raises(LsnbError),
    ):
        transport.get(ITEMS)
    transport, stub = stubbed(lambda request: response(302, b"", {"Location": location}))
    with pytest.raises(LsnbError):
        transport.get(ITEMS)
    assert all(request.url.startswith(BASE) for request in stub.requests)


# --- again, or not ---


@pytest.mark.parametrize(
    ("cause", "read", "write"),
    [
        (429, True, True),
        ("connect", True, True),
        (408, True, False),
        (500, True, False),
        (502, True, False),
        (503, True, False),
        (501, False, False),
        ("timeout", True, False),
        ("lost", True, False),
        ("truncated", True, False),
        ("broken", True, False),
        ("intermediary", True, False),
        ("certificate", False, False),
        ("request", False, False),
        ("stopped", False, False),
        (200, False, False),
        (400, False, False),
        (401, False, False),
        (403, False, False),
        (404, False, False),
        (409, False, False),
        (422, False, False),
    ],
)
def test_retry_is_decided_by_method_and_cause(cause, read, write):
    """Reads are repeated after anything that may pass; writes only when surely not carried out."""
    assert read is should_retry("GET", cause, attempt=1, attempts=4)
    assert read is should_retry("POST", cause, attempt=1, attempts=4, is_read=True)
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        assert write is should_retry(method, cause, attempt=1, attempts=4)
    assert should_retry("GET", cause, attempt=4, attempts=4) is False


@pytest.mark.parametrize(
    "failure",
    [
        refused,
        dropped,
        read_timeout,
        truncated,
        lambda: response(408),
        lambda: response(429),
        lambda: response(502, HTML),
        lambda: response(403, HTML),
        lambda: response(401, b""),
        lambda: response(200, b'[{"id"'),
    ],
)
def test_read_succeeds_when_the_fourth_attempt_does(failure):
    """A read is tried four times in all."""
    transport, stub = stubbed([failure(), failure(), failure(), response(200, [1])])
    assert [1] == transport.get(ITEMS)
    assert 4 == len(stub.sent)


@pytest.mark.parametrize(
    ("failure", "kind"),
    [
        (refused, TransportError),
        (read_timeout, TransportError),
        (lambda: response(429), RateLimitedError),
        (lambda: response(503), ServerError),
        (lambda: response(403, HTML), PermissionDeniedError),
        (lambda: response(401, HTML), AuthError),
        (lambda: response(200, b"[1, "), UnexpectedAnswerError),
    ],
)
def test_read_fails_when_all_attempts_do(failure, kind):
    """After four attempts the last error is raised."""
    transport, stub = stubbed(lambda request: failure())
    with pytest.raises(kind):
        transport.get(ITEMS)
    assert 4 == len(stub.sent)


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize(
    ("failure", "outcome", "n_sent"),
    [
        (refused, "not-sent", 4),
        (lambda: requests.ConnectTimeout("x"), "not-sent", 4),
        (dropped, "unknown", 1),
        (read_timeout, "unknown", 1),
        (truncated, "unknown", 1),
        (lambda: requests.exceptions.ProxyError("x"), "unknown", 1),
        (lambda: requests.ConnectionError("x"), "unknown", 1),
        (lambda: requests.exceptions.InvalidURL("x"), "not-sent", 1),
    ],
)
def test_write_is_sent_once_when_it_may_have_been_carried_out(failure, outcome, n_sent, method):
    """Only a request that surely did not arrive is repeated; the error says which it was."""
    transport, stub = stubbed(lambda request: failure())
    with pytest.raises(TransportError) as caught:
        transport.request(method, ITEMS, body={})
    assert (outcome, n_sent, method, ITEMS) == (
        caught.value.outcome,
        len(stub.sent),
        caught.value.method,
        caught.value.path,
    )
    told = "Nothing was changed" if outcome == "not-sent" else "may have been carried out"
    assert told in str(caught.value)
    assert "dana" not in str(caught.value)


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (lambda: response(500), ServerError),
        (lambda: response(503, {}, {"Retry-After": "1"}), ServerError),
        (lambda: response(408), ServerError),
        (lambda: response(409), ConflictError),
        (lambda: response(403, HTML), PermissionDeniedError),
        (lambda: response(200, b"{"), UnexpectedAnswerError),
        (lambda: response(200, HTML), UnexpectedAnswerError),
    ],
)
def test_write_is_sent_once_when_it_was_answered(answer, kind):
    """No answer other than 429 makes a write go out again."""
    transport, stub = stubbed(lambda request: answer())
    with pytest.raises(kind):
        transport.request("POST", ITEMS, body={})
    assert 1 == len(stub.sent)


def test_write_is_repeated_when_it_was_refused_for_its_rate():
    """A 429 says that nothing was done."""
    transport, stub = stubbed([response(429, HTML), response(200, {"id": 1})])
    assert {"id": 1} == transport.request("POST", ITEMS, body={}).data
    assert 2 == len(stub.sent)


def test_retry_can_be_forced_or_forbidden_when_the_caller_knows():
    """A POST that only reads may be repeated; a request with retry=False goes out once in any case."""
    transport, stub = stubbed([response(500), response(200, [])])
    assert [] == transport.request("POST", ITEMS, retry=True).data
    transport, stub = stubbed([response(429)])
    with pytest.raises(RateLimitedError):
        transport.request("GET", ITEMS, retry=False)
    assert 1 == len(stub.sent)


def test_waits_follow_the_service_when_it_asks():
    """Without a wish waits double; with one, on a 503 or 429, it is obeyed, in seconds or milliseconds."""
    slept: list[float] = []
    answers = [dropped(), response(503), response(503, {}, {"Retry-After": "7"}), response()]
    transport, _ = stubbed(answers, sleep=slept.append)
    transport.get(ITEMS)
    assert [1.0, 2.0, 7.0] == slept

    slept.clear()
    answers = [response(429, {}, {"Retry-After-Ms": "1500"}), response()]
    transport, _ = stubbed(answers, sleep=slept.append)
    transport.get(ITEMS)
    assert [pytest.approx(1.5, abs=0.1)] == slept


def test_rate_limit_error_says_how_long_when_it_is_final():
    """The wait that the service asks for is an attribute, uncapped."""
    slept: list[float] = []
    transport, _ = stubbed(lambda request: response(429, {}, {"Retry-After": "600"}), sleep=slept.append)
    with pytest.raises(RateLimitedError) as caught:
        transport.get(ITEMS)
    assert 600.0 == caught.value.retry_after_s
    assert max(slept) < 62  # the cap, and the slower rate after it


def test_all_threads_hold_when_one_is_refused():
    """After one 429 no thread sends before the wait is over."""
    sent_at, refused_at = [], []
    lock = threading.Lock()

    def answer(request):
        with lock:
            sent_at.append(time.monotonic())
            if len(sent_at) == 8:
                refused_at.append(time.monotonic())
                return response(429, {}, {"Retry-After": "0.4"})
        time.sleep(0.01)
        return response()

    transport, _ = stubbed(answer, workers=4, sleep=time.sleep, pace=Pace())
    transport.map(lambda _: transport.get(ITEMS), range(24))
    # Those that were on their way when the answer came have been sent already.
    late = [at - refused_at[0] for at in sent_at if at > refused_at[0] + 0.05]
    assert 25 == len(sent_at)
    assert min(late) >= 0.3
    assert 0.3 < transport.pace.waiting_s < 0.5


def test_others_hold_when_the_last_attempt_was_refused():
    """A refusal that is not retried still tells all other threads to wait."""
    slept: list[float] = []
    transport, _ = stubbed([response(429, {}, {"Retry-After": "30"}), response()], sleep=slept.append)
    with pytest.raises(RateLimitedError):
        transport.request("POST", ITEMS, retry=False)
    assert [] == slept
    transport.get(ITEMS)
    assert [pytest.approx(30, abs=1)] == slept


# --- path forms ---


def forms(*, api, bare):
    """Return a service that answers the two forms of a platform path each in its own way."""
    return lambda request: (api if request.path_url.startswith("/api/") else bare)()


def missing():
    """Return FastAPI's answer for an unknown path."""
    return response(404, {"detail": "Not Found"})


@pytest.mark.parametrize(
    ("path", "prefixed"),
    [
        (MEMBERS, f"/api{MEMBERS}"),
        ("/auth/public", "/api/v1/auth/public"),
        ("/workspaces/current/ttl-settings", "/api/v1/workspaces/current/ttl-settings"),
    ],
)
def test_form_with_api_is_preferred_when_it_works(path, prefixed):
    """Routes outside of /api/v1 are asked for under it first, and the other form is never tried."""
    transport, stub = stubbed(lambda request: response())
    transport.get(path)
    transport.get(path)
    assert [f"GET {prefixed}"] * 2 == stub.sent


@pytest.mark.parametrize("wrong", [missing, lambda: response(405, {}), lambda: response(200, HTML)])
def test_other_form_is_remembered_when_only_it_works(wrong):
    """A 404 or a web page leads to the other form, once for the whole transport."""
    transport, stub = stubbed(forms(api=wrong, bare=response))
    for _ in range(3):
        transport.get(MEMBERS)
    assert [f"GET /api{MEMBERS}", *[f"GET {MEMBERS}"] * 3] == stub.sent


def test_form_is_found_once_when_many_ask_at_once():
    """Forty threads that start together cause one detection."""

    def answer(request):
        time.sleep(0.01)
        return forms(api=missing, bare=response)(request)

    transport, stub = stubbed(answer)
    transport.map(lambda _: transport.get(MEMBERS), range(40))
    assert 1 == stub.sent.count(f"GET /api{MEMBERS}")
    assert 41 == len(stub.sent)


def test_first_error_is_raised_when_neither_form_is_known():
    """An old server without the route: the error names the preferred form, and nothing is remembered."""
    transport, stub = stubbed(forms(api=missing, bare=lambda: response(200, HTML)))
    for _ in range(2):
        with pytest.raises(NotFoundError) as caught:
            transport.get(MEMBERS)
        assert f"/api{MEMBERS}" == caught.value.path
    assert [f"GET /api{MEMBERS}", f"GET {MEMBERS}"] * 2 == stub.sent


def test_known_form_stays_when_an_object_is_missing():
    """An ordinary 404 is not taken for an unknown path once the form is known."""
    transport, stub = stubbed([response(), missing(), response()])
    transport.get(MEMBERS)
    with pytest.raises(NotFoundError):
        transport.request("DELETE", f"{MEMBERS}/1")
    transport.get(MEMBERS)
    assert all(line.split()[1].startswith("/api/") for line in stub.sent)


def test_form_is_not_decided_when_the_service_is_down():
    """A failing server teaches nothing, and waiting threads do not queue up behind each other's attempts."""
    running, most = [], [0]

    def answer(request):
        running.append(request)
        most[0] = max(most[0], len(running))
        time.sleep(0.02)
        running.remove(request)
        return response(503)

    transport, stub = stubbed(answer, attempts=1)

    def fail(_):
        with pytest.raises(ServerError):
            transport.get(MEMBERS)

    transport.map(fail, range(10))
    assert {f"GET /api{MEMBERS}"} == set(stub.sent)
    assert most[0] > 1
    stub.answer = forms(api=missing, bare=response)
    transport.get(MEMBERS)
    assert f"GET {MEMBERS}" == stub.sent[-1]


def test_write_tries_the_other_form_only_when_surely_not_carried_out():
    """After a 404 a write goes to the other form; after a web page with 200 it does not."""
    transport, stub = stubbed(forms(api=missing, bare=lambda: response(201, {"id": 1})))
    assert {"id": 1} == transport.request("POST", "/v1/platform/orgs/current/scim/tokens", body={}).data
    transport, stub = stubbed(forms(api=lambda: response(200, HTML), bare=response))
    with pytest.raises(UnexpectedAnswerError):
        transport.request("POST", "/v1/platform/orgs/current/scim/tokens", body={})
    assert 1 == len(stub.sent)


# --- lists and threads ---


def paged(n, *, counted=True):
    """Return a service with a list of n rows."""

    def answer(request):
        query = dict(pair.split("=") for pair in request.path_url.partition("?")[2].split("&"))
        offset, limit = int(query["offset"]), int(query["limit"])
        rows = [{"id": i} for i in range(offset, min(offset + limit, n))]
        return response(200, rows, {"X-Pagination-Total": str(n)} if counted else {})

    return answer


def test_list_takes_the_fewest_requests_when_counted():
    """20,000 people are forty requests, each asked once, and progress comes in the calling thread."""
    transport, stub = stubbed(paged(20_000))
    told = []
    rows = transport.read_all(
        "/api/v1/list",
        scope="organization",
        params={"active_is": True},
        on_page=lambda n, total: told.append((n, total, threading.current_thread())),
    )
    assert [{"id": i} for i in range(20_000)] == rows
    assert 40 == transport.n_requests == len(set(stub.sent))
    assert all("active_is=true" in line for line in stub.sent)
    assert (20_000, 20_000, threading.current_thread()) == told[-1]


def test_list_is_read_inline_when_already_in_a_thread():
    """Many lists at once, each of several pages, do not wait for each other's threads."""
    transport, _ = stubbed(paged(45, counted=False), workers=2)
    lists = transport.map(lambda i: transport.read_all(f"/api/v1/{i}", scope="workspace", limit=10), range(8))
    assert [45] * 8 == [len(rows) for rows in lists]


def test_list_is_refused_when_it_is_no_list():
    """An object in place of a list is not taken for an empty list."""
    transport, _ = stubbed([response(200, {"members": []})])
    with pytest.raises(UnexpectedAnswerError, match="not a list"):
        transport.read_all(ITEMS, scope="organization")
    transport, _ = stubbed([response(200, b"")])
    with pytest.raises(UnexpectedAnswerError, match="not a list"):
        transport.read_all(ITEMS, scope="organization")


def test_list_fails_when_one_page_does():
    """A page that fails after its attempts fails the list."""

    def answer(request):
        return response(500) if "offset=30" in request.path_url else paged(100)(request)

    transport, _ = stubbed(answer)
    with pytest.raises(ServerError):
        transport.read_all(ITEMS, scope="organization", limit=10)


def test_map_keeps_order_and_runs_at_once():
    """Results are in the order of the items, and as many run at once as there are workers, or fewer if so asked."""
    transport, _ = stubbed([], workers=4)
    running, most = set(), [0]

    def work(item):
        running.add(item)
        most[0] = max(most[0], len(running))
        time.sleep(0.01 * (item % 3))
        running.discard(item)
        return item * item

    assert [i * i for i in range(20)] == transport.map(work, iter(range(20)))
    assert 4 == most[0]
    most[0] = 0
    assert [i * i for i in range(20)] == transport.map(work, range(20), workers=2)
    assert 2 >= most[0]
    assert [] == transport.map(work, [])


def test_map_stops_when_one_fails():
    """The first error is raised, what has not started never does, and what runs has ended by then."""
    transport, _ = stubbed([], workers=3)
    started, ended = [], []

    def work(item):
        started.append(item)
        if item == 2:
            msg = "two"
            raise KeyError(msg)
        time.sleep(0.05)
        ended.append(item)

    with pytest.raises(KeyError, match="two"):
        transport.map(work, range(1000))
    assert 5 > len(started)
    assert sorted(started) == sorted([*ended, 2])


def test_map_stops_when_interrupted():
    """An interrupt of the calling thread leaves nothing to be started later, and cuts waits for retries short."""
    waiting = threading.Event()

    def answer(request):
        waiting.set()
        return response(503, {}, {"Retry-After": "50"})

    transport, stub = stubbed(answer, workers=2, sleep=time.sleep)

    def work(item):
        if item == 0:
            waiting.wait(5)
            time.sleep(0.05)
        else:
            transport.get(ITEMS)

    def interrupt(_result):
        raise KeyboardInterrupt

    begun = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        transport.map(work, range(100), on_result=interrupt)
    assert time.monotonic() - begun < 20
    assert 1 == len(stub.sent)


def test_map_does_not_wait_for_itself_when_nested():
    """Deeper calls run in the thread they are in; more of them than threads do not block."""
    transport, _ = stubbed([], workers=2)

    def outer(i):
        return sum(transport.map(lambda j: transport.map(lambda k: i + j + k, [0])[0], range(3)))

    assert [3 * i + 3 for i in range(10)] == transport.map(outer, range(10))


def test_transport_can_be_used_in_with():
    """Leaving `with` ends the threads; a session that was given stays open for its owner."""
    transport, stub = stubbed(lambda request: response())
    before = threading.active_count()
    with transport as entered:
        entered.map(lambda _: entered.get(ITEMS), range(4))
    deadline = time.monotonic() + 5
    while threading.active_count() > before and time.monotonic() < deadline:
        time.sleep(0.01)
    assert before >= threading.active_count()
    transport.get(ITEMS)
    assert 5 == len(stub.sent)


# --- a real connection ---


def test_gzip_is_read_when_the_server_sends_it():
    """Compressed answers are read whole."""
    import gzip

    body = gzip.compress(json.dumps(list(range(5000))).encode())
    with local_server(lambda h: h.reply(200, body, {"Content-Encoding": "gzip"})) as base, to(base) as transport:
        assert list(range(5000)) == transport.get(ITEMS)


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_cut_body_is_not_taken_for_whole_when_the_connection_breaks(method):
    """Fewer bytes than announced are an error, unknown for a write and repeated for a read."""
    n_calls = [0]

    def handle(handler):
        n_calls[0] += 1
        handler.send_response(200)
        handler.send_header("Content-Length", "100")
        handler.end_headers()
        handler.wfile.write(b"[1, 2]")
        handler.close_connection = True

    with (
        local_server(handle) as base,
        to(base) as transport,
        pytest.raises(TransportError, match="cut short") as caught,
    ):
        transport.request(method, ITEMS)
    assert "unknown" == caught.value.outcome
    assert {"GET": 4, "POST": 1}[method] == n_calls[0]


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_write_is_unknown_when_the_server_hangs_up_on_a_kept_connection(method):
    """A server that reads a request and closes may have carried it out; a read is simply asked again."""
    n_calls = [0]

    def handle(handler):
        n_calls[0] += 1
        if n_calls[0] == 2:
            handler.close_connection = True
            handler.connection.shutdown(socket.SHUT_RDWR)
        else:
            handler.reply()

    with local_server(handle) as base, to(base, workers=1) as transport:
        transport.get(ITEMS)
        if method == "GET":
            assert transport.get(ITEMS) is None
        else:
            with pytest.raises(TransportError) as caught:
                transport.request(method, ITEMS, body={})
            assert "unknown" == caught.value.outcome
    assert {"GET": 3, "POST": 2}[method] == n_calls[0]


def test_write_is_not_sent_when_nobody_listens():
    """A refused connection is surely not carried out, and the message has the system's own words."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        base = f"http://127.0.0.1:{closed.getsockname()[1]}"
        transport = to(base, attempts=2)
        with pytest.raises(TransportError, match="Connection refused") as caught:
            transport.request("POST", ITEMS, body={}, params={"email": "dana@x.example"})
    assert "not-sent" == caught.value.outcome
    assert "dana" not in str(caught.value)
    assert SECRET not in every_local(caught.value.with_traceback(caught.tb.tb_next))


def test_slow_answer_ends_when_the_time_is_over():
    """A server that does not answer is given up after the time limit."""
    release = threading.Event()

    def handle(handler):
        release.wait(5)
        handler.close_connection = True

    with local_server(handle) as base, to(base, timeout_s=(1, 0.1), attempts=1) as transport:
        try:
            with pytest.raises(TransportError, match="in time") as caught:
                transport.get(ITEMS)
        finally:
            release.set()
    assert "unknown" == caught.value.outcome


def test_cookies_are_not_kept_when_the_server_sets_them():
    """The key is all that says who we are."""
    seen = []

    def handle(handler):
        seen.append(handler.headers.get("Cookie"))
        handler.reply(200, b"[]", {"Set-Cookie": "session=1; Path=/"})

    with local_server(handle) as base, to(base) as transport:
        transport.get(ITEMS)
        transport.get(ITEMS)
    assert [None, None] == seen


def test_connections_are_kept_when_many_requests_are_sent():
    """Forty threads use at most forty connections for many more requests."""
    ports = set()

    def handle(handler):
        ports.add(handler.client_address[1])
        handler.reply()

    with local_server(handle) as base, to(base, workers=8) as transport:
        transport.map(lambda _: transport.get(ITEMS), range(100))
    assert 8 >= len(ports)


def test_older_failure_is_ignored_when_an_error_is_classified():
    """What was being handled at the time says nothing about this request: a write must not count as not sent."""
    error = dropped()
    error.__context__ = error.__cause__ = refused()
    assert "lost" == failure_of(error)


def test_every_error_is_ours_when_the_service_misbehaves():
    """Whatever comes back, one `except LsnbError` catches it."""
    for name, failure in FAILURES.items():
        if name in {"defect", "interrupt"}:
            continue
        transport, _ = stubbed(lambda request, failure=failure: failure())
        with pytest.raises(LsnbError):
            transport.get(ITEMS)


@pytest.fixture(scope="module")
def own_authority(tmp_path_factory):
    """Make a certificate for 127.0.0.1 that nobody has signed, and its key, in one file."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("needs openssl, to make a certificate")
    folder = tmp_path_factory.mktemp("tls")
    command = [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1"]
    command += ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", folder / "key.pem", "-out", folder / "cert.pem"]
    subprocess.run(command, check=True, capture_output=True)
    return folder


def test_key_is_not_sent_when_the_certificate_is_not_trusted(own_authority, monkeypatch):
    """An unknown authority ends it at once, before anything is sent; naming it makes it work."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(own_authority / "cert.pem", own_authority / "key.pem")
    seen = []

    def handle(handler):
        seen.append(handler.headers["X-API-Key"])
        handler.reply()

    with local_server(handle, context) as base:
        with to(base) as transport, pytest.raises(TransportError, match=r"not trusted .*self.signed") as caught:
            transport.request("POST", ITEMS, body={})
        assert ("not-sent", 1, []) == (caught.value.outcome, transport.n_requests, seen)
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(own_authority / "cert.pem"))
        with to(base) as transport:
            transport.get(ITEMS)
        assert [SECRET] == seen


# --- the demo organization ---


def test_lists_agree_when_read_from_the_demo_organization(server):
    """The counted list has as many active people as the bare one, whatever the size of the pages."""
    with to(server.url, server.keys["admin_pat"], workers=4) as transport:
        enriched = transport.read_all(MEMBERS, scope="organization", params={"active_is": True}, limit=7)
        bare = transport.read_all("/api/v1/orgs/current/members/active", scope="organization", limit=7)
    assert len(enriched) > 14
    assert {row["id"] for row in bare} == {row["id"] for row in enriched}


@pytest.mark.parametrize(
    ("name", "scope", "path", "kind"),
    [
        ("workspace_key", "organization", "/api/v1/orgs/current/info", KeyScopeError),
        ("admin_service_key", "workspace", "/api/v1/workspaces/current/members/active", WorkspaceRequiredError),
        ("expired_pat", "organization", "/api/v1/orgs/current/info", AuthError),
        ("admin_pat", "organization", "/api/v1/orgs/current/nothing", NotFoundError),
    ],
)
def test_refusals_are_told_apart_when_the_demo_organization_makes_them(server, name, scope, path, kind):
    """Keys that may not do something get the error that says why."""
    with to(server.url, key=server.keys[name]) as transport, pytest.raises(kind):
        transport.get(path, scope=scope)


@pytest.mark.parametrize("fault", ["status", "drop-before", "drop-after", "html", "truncate"])
def test_faults_are_survived_by_reads_only_when_the_demo_organization_makes_them(server, fault):
    """A read goes through; a write goes out once and says that its outcome is open."""
    path = "/api/v1/orgs/current/info"
    options = {"path": path, "times": 1, "kind": fault, "status": 503}
    with to(server.url, key=server.keys["admin_pat"]) as transport:
        server.faults.add(method="GET", **options)
        assert transport.get(path)["display_name"]
        assert 2 == transport.n_requests
        server.faults.add(method="PATCH", **options)
        with pytest.raises((TransportError, ServerError)) as caught:
            transport.request("PATCH", path, body={})
        assert "unknown" == getattr(caught.value, "outcome", "unknown")
        assert 3 == transport.n_requests
