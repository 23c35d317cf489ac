"""Secrets: no key in a frame, an error, a log or a pickle of ours; none that was pasted into a sheet is written back."""

from __future__ import annotations

import contextlib
import io
import logging
import pickle
import sys
import types

import pandas as pd
import pytest
import requests

import lsnb
from lsnb.errors import ConfigError, LsnbError
from lsnb.errors.safe_text import holds_key, without_keys
from lsnb.files.sheets import read_sheet, write_problems
from lsnb.service.config import load_settings
from lsnb.service.credentials import Key, find_key, store_key
from lsnb.service.secret_sinks import SecretFile
from lsnb.service.transport import Transport
from tests.apply import things as t
from tests.apply.acme import Acme
from tests.faults.frames import leaks

KEY = "lsv2_pt_0123456789abcdef0123456789abcdef_0a1b2c3d4e"
CORE = "0123456789abcdef"
COLUMNS = ["email", "langsmith_role", "workspace_id", "workspace_name", "action"]
UUID = "0a1b2c3d-0000-4000-8000-000000000000"


@pytest.fixture(autouse=True)
def own_folder(tmp_path, monkeypatch):
    """Let journals and notes go into the test's own folder."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def keyring(monkeypatch):
    """Put a keyring in place whose methods can be replaced."""
    fake = types.SimpleNamespace(get_password=lambda *_: None, set_password=lambda *_: None)
    monkeypatch.setitem(sys.modules, "keyring", fake)
    return fake


@pytest.mark.parametrize(
    "arguments",
    [
        {"api_key": "bad " + KEY},
        {"api_key": KEY + "\x07"},
        {"api_key": KEY + "é"},
        {"api_key": KEY.encode()},
        {"api_key": [KEY]},
        {"api_key": KEY, "endpoint": "ftp://x"},
        {"api_key": KEY, "endpoint": "http://langsmith.example.com"},
        {"api_key": KEY, "endpoint": 5},
        {"api_key": KEY, "endpoint": f"https://user:{KEY}@langsmith.example.com"},
        {"api_key": KEY, "endpoint": KEY},
        {"api_key": KEY, "organization_id": "x"},
        {"api_key": KEY, "organization_id": KEY},
        {"api_key": KEY, "organization_id": 5},
        {"api_key": KEY, "workspace_id": "x"},
        {"api_key": KEY, "workspace_id": KEY[:20] + "\u200b" + KEY[20:]},
        {"endpoint": KEY},
        {"endpoint": f"https://langsmith.example.com/{KEY}"},
        {"organization_id": KEY, "endpoint": "eu", "environ": {"LANGSMITH_API_KEY": KEY}},
        {"environ": {"LANGSMITH_API_KEY": "bad " + KEY}},
        {"environ": {"LANGSMITH_API_KEY": KEY, "LANGSMITH_ENDPOINT": "ftp://x"}},
        {"environ": {"LANGSMITH_API_KEY": KEY, "LANGSMITH_ORGANIZATION_ID": "x"}},
        {"environ": {"LANGSMITH_API_KEY": KEY, "LANGSMITH_TENANT_ID": KEY}},
        {"environ": {"LANGSMITH_ENDPOINT": KEY}},
        {"environ": 5, "api_key": KEY},
    ],
    ids=lambda value: ",".join(f"{k}={str(v)[:24]}" for k, v in value.items()).replace(KEY[:12], "K"),
)
@pytest.mark.parametrize("door", [lsnb.connect, load_settings], ids=["connect", "load_settings"])
def test_d4_no_frame_of_ours_has_the_key_when_settings_cannot_be_used(door, arguments):
    """Whatever is wrong, and wherever the key was put by mistake."""
    with pytest.raises(ConfigError) as caught:
        door(**arguments)
    assert [] == leaks(caught.value, KEY, CORE)


@pytest.mark.parametrize("variable", ["LANGSMITH_ENDPOINT", "LANGSMITH_ORGANIZATION_ID", "LANGSMITH_WORKSPACE_ID"])
def test_d4_no_frame_of_ours_has_the_environment_of_the_process(monkeypatch, variable):
    """The key is in it, and so may be other people's secrets."""
    monkeypatch.setenv("LANGSMITH_API_KEY", KEY)
    monkeypatch.setenv("OTHER_SECRET", "another-secret")
    monkeypatch.setenv(variable, "ftp://x")
    with pytest.raises(ConfigError) as caught:
        lsnb.connect()
    assert [] == leaks(caught.value, CORE, "another-secret")


@pytest.mark.parametrize(
    "action",
    [
        lambda: Key("bad " + KEY),
        lambda: Key(KEY.encode()),  # type: ignore[arg-type]
        lambda: find_key("bad " + KEY, {}),
        lambda: find_key(None, {"LANGSMITH_API_KEY": "bad " + KEY}),
        lambda: store_key("host", "bad " + KEY),
    ],
)
def test_d4_no_frame_of_ours_has_the_key_when_it_is_none(action):
    """The doors of `credentials` themselves."""
    with pytest.raises(ConfigError) as caught:
        action()
    assert [] == leaks(caught.value, CORE)


def test_d4_a_keyring_that_fails_or_is_interrupted_gives_nothing_away(keyring):
    """It fails on keeping, and it waits for its password until somebody presses Ctrl-C."""

    def interrupted(*_args):
        raise KeyboardInterrupt

    def fails(_service, _host, secret):
        raise RuntimeError(f"cannot keep {secret}")

    keyring.set_password = fails
    with pytest.raises(ConfigError) as refused:
        store_key("host", KEY)
    assert [] == leaks(refused.value, CORE)
    keyring.get_password = interrupted
    with pytest.raises(KeyboardInterrupt) as stopped:
        lsnb.connect(endpoint="eu", environ={"OTHER_SECRET": KEY})
    assert [] == leaks(stopped.value, CORE)
    keyring.get_password = lambda *_: KEY
    with pytest.raises(ConfigError) as wrong:
        lsnb.connect(endpoint="eu", organization_id="x", environ={})
    assert [] == leaks(wrong.value, CORE)


def test_d4_a_form_gives_nothing_away():
    """Typed or handed over, with a key or an address that cannot be used."""
    from lsnb.widgets.connecting import connect_form

    for arguments in (
        {"api_key": "bad " + KEY},
        {"api_key": KEY, "endpoint": "ftp://x"},
        {"endpoint": KEY, "api_key": KEY},
    ):
        form = connect_form(fresh=True)
        with pytest.raises(ConfigError) as caught:
            form.connect(**arguments)
        assert [] == leaks(caught.value, CORE)
        form.close()


@pytest.mark.parametrize("status", [401, 403, 404, 422, 500])
def test_d4_no_frame_of_ours_has_the_key_when_the_service_says_no(server, status):
    """Also where the answer quotes the key; and the connection that fails."""
    fault = {
        "path": "/",
        "times": 50,
        "kind": "status",
        "status": status,
        "headers": {"Retry-After": "0"},
        "body": {"detail": f"{server.key} no"},
    }
    requests.post(f"{server.url}/_sandbox/faults", json=fault, timeout=5)
    org = lsnb.connect(endpoint=server.url, api_key=server.key)
    found = []
    for action in (org.whoami, lambda: org.snapshot(tables=["workspaces"], audit_days=0)):
        with contextlib.suppress(LsnbError):
            try:
                action()
            except LsnbError as error:
                found += leaks(error, server.key)
                raise
    org.close()
    assert [] == found


def test_d4_no_frame_of_ours_has_the_key_when_nobody_answers():
    """A connection that is refused."""
    gone = Transport(load_settings(endpoint="http://127.0.0.1:9", api_key=KEY), sleep=lambda _: None)
    with pytest.raises(LsnbError) as caught:
        gone.get("/api/v1/orgs/current/info")
    assert [] == leaks(caught.value, CORE)


def test_d4_neither_log_nor_pickle_nor_repr_has_the_key(server):
    """With all logs of requests and urllib3 at their most talkative."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        with lsnb.connect(endpoint=server.url, api_key=server.key) as org:
            org.whoami()
            shown = f"{org!r} {vars(org)} {vars(org.api.transport)} {org.api.transport.settings}"
            for thing in (org.api.transport.settings, org.api.transport.settings.key):
                with pytest.raises(TypeError):
                    pickle.dumps(thing)
    finally:
        root.removeHandler(handler)
        root.setLevel(level)
    assert "GET" in stream.getvalue()
    assert server.key not in stream.getvalue() + shown


class _Broken:
    """A place that breaks after it has got the secret."""

    words = "a broken place"

    def __init__(self, found, error):
        self._keep, self._error = found.append, error

    def check(self):
        """Promise to take one."""

    def put(self, secret):
        """Break the promise."""
        self._keep(secret.reveal())
        raise self._error

    def close(self):
        """Do nothing."""


@pytest.mark.parametrize("error", [SystemExit(), GeneratorExit()], ids=repr)
def test_d4_no_frame_of_ours_has_the_secret_of_a_created_key(server, error):
    """The place breaks right after the key was made, in a way that nothing of ours catches."""
    acme = Acme(server)
    made: list[str] = []
    plan = t.plan_of(acme, t.create_key(acme, "Dashboards", "Viewer", "Production"))
    with lsnb.connect(endpoint=server.url, api_key=server.key) as org, pytest.raises(type(error)) as caught:
        org.apply(plan, confirm=plan.fingerprint, secrets=_Broken(made, error))
    assert [True] == [secret.startswith("lsv2_sk_") for secret in made]
    assert [] == leaks(caught.value, *made, server.key)


def test_d4_a_secret_file_that_cannot_be_written_gives_nothing_away(tmp_path):
    """The error is raised far from the text."""
    from lsnb.service.secret_sinks import Secret

    place = SecretFile(tmp_path / "no" / "keys.jsonl")
    with pytest.raises(ConfigError) as caught:
        place.put(Secret(KEY, name="Dashboards"))
    assert [] == leaks(caught.value, CORE)


PASTED = [
    KEY,
    f"my key: {KEY}, thanks",
    KEY.replace("_pt_", "_sk_"),
    "ls__" + "0123456789abcdef" * 2,
    KEY[:20] + "\u200b" + KEY[20:],
    KEY[:24] + "\n" + KEY[24:],
    KEY[:5] + "\u00ad" + KEY[5:],
    KEY.upper(),
    f"mykey{KEY}x",
    "\uff4c" + KEY[1:],
    KEY[:20] + " " + KEY[20:],
    f'"{KEY}"',
]


@pytest.mark.parametrize("pasted", PASTED, ids=ascii)
@pytest.mark.parametrize(
    ("column", "ending"),
    [(name, ".csv") for name in ("email", "langsmith_role", "workspace_name", "action", "note", "stray")]
    + [("note", ".xlsx")],
)
def test_d11_a_pasted_key_is_not_written_back(acme_snapshot, tmp_path, pasted, column, ending):
    """In any column, in any shape; the row stays where it was."""
    from lsnb.sheets import parse_sheet

    row = dict.fromkeys([*COLUMNS, "note", "stray"], "") | {
        "email": "grace.kim@acme.example",
        "langsmith_role": "Edtor",
    }
    frame = pd.DataFrame([row, {**row, column: pasted}, row])
    edits = parse_sheet(read_sheet(frame), acme_snapshot)
    path = write_problems(frame, edits, tmp_path / f"out{ending}")
    back = read_sheet(path)
    text = back.to_csv()
    assert "0123456789abcdef" not in text.lower()
    assert "(key removed)" in text
    assert "(key removed)" in "".join(back.loc[3].astype(str))
    assert [2, 3, 4] == back.index.tolist()
    problems = edits.problems.to_csv() + str(edits.problems.values.tolist())
    assert "0123456789abcdef" not in problems.lower()


def test_d11_a_key_in_the_header_is_not_written_back(acme_snapshot, tmp_path):
    """Somebody pasted over the name of a column."""
    from lsnb.sheets import parse_sheet

    frame = pd.DataFrame([["grace.kim@acme.example", "Edtor", "x"]], columns=["email", "langsmith_role", KEY])
    edits = parse_sheet(read_sheet(frame), acme_snapshot)
    path = write_problems(frame, edits, tmp_path / "out.csv")
    assert CORE not in path.read_text(encoding="utf-8")
    assert CORE not in str(edits)


@pytest.mark.parametrize("pasted", PASTED, ids=ascii)
def test_d11_no_output_of_ours_echoes_a_pasted_key(pasted):
    """Errors of every kind, and what is written of problems, know no key."""
    assert holds_key(pasted)
    assert "0123456789abcdef" not in without_keys(pasted).lower()
    assert "0123456789abcdef" not in str(LsnbError(f"row 2: {pasted!r} is no role. {pasted}")).lower()


@pytest.mark.parametrize(
    "text",
    [
        "lsv2_pt_…0a1b",
        "lsv2_sk_...3f9a",
        "urls__list",
        "keys that start with ls__ are old",
        "lsv2_pt_ is the prefix",
        "",
    ],
)
def test_d11_what_is_no_key_stays(text):
    """Hints, short forms and prefixes are shown by us ourselves."""
    assert not holds_key(text)
    assert text == without_keys(text)


@pytest.fixture(scope="module")
def acme_snapshot(running_server):
    """Read the small demo organization once."""
    running_server.reset()
    with lsnb.connect(endpoint=running_server.url, api_key=running_server.key) as org:
        return org.snapshot(tables=["access"], audit_days=0)
