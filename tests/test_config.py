from __future__ import annotations

import sys
import traceback

import pytest

from lsnb.errors import ConfigError
from lsnb.service.config import DEFAULT_ENDPOINT, REGIONS, has_key, load_settings, normalise_base_url
from lsnb.service.credentials import Key

SECRET = "lsv2_pt_0123456789abcdef0123456789abcdef_a1b2c33f9a"
ID = "0a1b2c3d-0000-4000-8000-00000000000a"
OTHER_ID = "0a1b2c3d-0000-4000-8000-00000000000b"
US = "https://api.smith.langchain.com"
EU = "https://eu.api.smith.langchain.com"


@pytest.fixture(autouse=True)
def no_keyring(monkeypatch):
    """Hide the keyring package, which this machine may have."""
    monkeypatch.setitem(sys.modules, "keyring", None)


def shown(caught):
    """Return the traceback as tools that print local variables do, without the frame of the test."""
    error = caught.value.with_traceback(caught.tb.tb_next)
    return "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())


@pytest.mark.parametrize(
    ("pasted", "expected"),
    [
        (US, US),
        (f"{US}/", US),
        (f"{US}///", US),
        (f"{US}/api", US),
        (f"{US}/api/v1", US),
        (f"{US}/api/v1/", US),
        (f"{US}/api/v2", US),
        (f"{US}/api/v1/orgs/current", US),
        (f' "{EU}" ', EU),
        (f"\u201c{EU}\u201d", EU),
        (f"<{EU}>,", EU),
        ("eu.api.smith.langchain.com", EU),
        ("//eu.api.smith.langchain.com", EU),
        ("EU.API.Smith.LangChain.com/api/v1", EU),
        ("HTTPS://EU.API.SMITH.LANGCHAIN.COM", EU),
        ("https://ls.example.com:443/x", "https://ls.example.com/x"),
        ("https://ls.example.com:8443/api", "https://ls.example.com:8443"),
        ("https://ls.example.com/langsmith/api/v1/", "https://ls.example.com/langsmith"),
        ("https://ls.example.com/a//b/", "https://ls.example.com/a/b"),
        ("https://ls.example.com/apis", "https://ls.example.com/apis"),
        ("https://ls.example.com/api/other", "https://ls.example.com/api/other"),
        ("http://localhost:8123/sub", "http://localhost:8123/sub"),
        ("localhost:1984", "http://localhost:1984"),
        ("127.0.0.1:8123/sub/api", "http://127.0.0.1:8123/sub"),
        ("http://127.9.9.9", "http://127.9.9.9"),
        ("http://[::1]:80", "http://[::1]"),
        ("https://[2001:DB8::1]:444/", "https://[2001:db8::1]:444"),
        ("https://bücher.example", "https://xn--bcher-kva.example"),
        ("https://smith.langchain.com", US),
        ("https://smith.langchain.com/o/0a1b/settings/members?tab=1#x", US),
        ("eu.smith.langchain.com", EU),
        ("https://apac.smith.langchain.com/", REGIONS["apac"]),
        ("https://aws.smith.langchain.com/", REGIONS["aws"]),
    ],
)
def test_address_is_normalised_when_pasted(pasted, expected):
    """What people paste becomes the base that paths are appended to, and stays so when normalised again."""
    assert expected == normalise_base_url(pasted)
    assert expected == normalise_base_url(expected)


@pytest.mark.parametrize(
    ("pasted", "reason"),
    [
        ("", "empty"),
        ("  '' ", "empty"),
        ("http://ls.example.com", "plain http"),
        ("http://10.0.0.1", "plain http"),
        ("http://127.0.0.1.example.com", "plain http"),
        ("http://localhost.example.com", "plain http"),
        ("ftp://ls.example.com", "must be https"),
        ("file:///etc/passwd", "one that can be read"),
        ("https://", "one that can be read"),
        ("https://ls.example.com:port", "one that can be read"),
        ("https://ls.example.com:99999", "one that can be read"),
        ("https://[::1", "one that can be read"),
        ("https://a b.example.com", "space"),
        ("https://ls.example.com\n.evil.example", "control character"),
        ("https://ls.example.com\\@evil.example", "backslash"),
        ("https://ls.exa%6dple.com", "one that can be read"),
        ("https://ls.example.com/a/../b", r"\. or \.\."),
        ("https://ls.example.com?x=hunter2", "query"),
        ("https://ls.example.com/#hunter2", "fragment"),
        ("https://ls.example.com/?", "query"),
        ("https://dana:hunter2@ls.example.com", "password"),
        ("dana:hunter2@ls.example.com", "password"),
        ("https://hunter2@ls.example.com/api", "password"),
        ("https://dana:hunter2@smith.langchain.com", "password"),
    ],
)
def test_address_is_refused_when_it_is_not_one(pasted, reason):
    """The error says what is wrong, and neither it nor its traceback shows a password or a query."""
    with pytest.raises(ConfigError, match=reason) as caught:
        normalise_base_url(pasted)
    assert "hunter2" not in shown(caught)


@pytest.mark.parametrize(
    ("endpoint", "environ", "expected"),
    [
        (None, {}, DEFAULT_ENDPOINT),
        (None, {"LANGSMITH_ENDPOINT": ""}, DEFAULT_ENDPOINT),
        (None, {"LANGSMITH_ENDPOINT": f"{EU}/api/v1"}, EU),
        (None, {"LANGSMITH_ENDPOINT": "APAC"}, REGIONS["apac"]),
        ("eu", {"LANGSMITH_ENDPOINT": US}, EU),
        (" AWS ", {}, REGIONS["aws"]),
        ("https://ls.example.com/sub/", {"LANGSMITH_ENDPOINT": US}, "https://ls.example.com/sub"),
    ],
)
def test_endpoint_is_taken_from_argument_then_environment(endpoint, environ, expected):
    """The argument wins; a region's name stands for its address."""
    assert expected == load_settings(endpoint=endpoint, api_key=SECRET, environ=environ).base_url


@pytest.mark.parametrize(
    ("base", "host"),
    [(US, "api.smith.langchain.com"), ("http://127.0.0.1:8123/sub/api/v1", "127.0.0.1:8123/sub")],
)
def test_host_names_port_and_sub_path_when_there_are(base, host):
    """Two installations on one machine have different hosts, since plans are bound to it."""
    assert host == load_settings(endpoint=base, api_key=SECRET, environ={}).host


def test_ids_are_taken_from_argument_then_environment():
    """Arguments win; the older name of the workspace variable counts last; empty ones count as none."""
    environ = {
        "LANGSMITH_API_KEY": SECRET,
        "LANGSMITH_ORGANIZATION_ID": f" {ID.upper()} ",
        "LANGSMITH_WORKSPACE_ID": "",
        "LANGSMITH_TENANT_ID": OTHER_ID,
    }
    settings = load_settings(environ=environ)
    assert (ID, OTHER_ID) == (settings.organization_id, settings.workspace_id)
    settings = load_settings(environ={**environ, "LANGSMITH_WORKSPACE_ID": ID}, organization_id=OTHER_ID)
    assert (OTHER_ID, ID) == (settings.organization_id, settings.workspace_id)
    settings = load_settings(environ={"LANGSMITH_API_KEY": SECRET})
    assert (None, None) == (settings.organization_id, settings.workspace_id)


def test_id_is_refused_when_it_is_not_a_uuid():
    """The error shows the value and names the variable; a key that was pasted there is not shown."""
    with pytest.raises(ConfigError, match=r"organization_id .*'acme'"):
        load_settings(api_key=SECRET, organization_id="Acme", environ={})
    with pytest.raises(ConfigError, match="looks like an API key") as caught:
        load_settings(api_key=SECRET, environ={"LANGSMITH_WORKSPACE_ID": SECRET})
    assert SECRET not in shown(caught)


def test_missing_key_names_three_ways_when_there_is_none():
    """The error for no key says how to give one."""
    with pytest.raises(ConfigError) as caught:
        load_settings(environ={})
    assert type(caught.value) is ConfigError
    for way in ("LANGSMITH_API_KEY", "api_key=", "store_key('api.smith.langchain.com', key)"):
        assert way in str(caught.value)


def test_nothing_shows_when_settings_are_refused():
    """A traceback with local variables has no key, no password and no environment."""
    environ = {"LANGSMITH_API_KEY": SECRET, "OTHER_PASSWORD": "hunter2"}
    for arguments in ({"endpoint": "https://dana:hunter2@x.example"}, {"organization_id": "acme", "api_key": SECRET}):
        with pytest.raises(ConfigError) as caught:
            load_settings(environ=environ, **arguments)
        assert SECRET not in shown(caught)
        assert "hunter2" not in shown(caught)


def test_has_key_tells_when_there_is_one(monkeypatch):
    """Argument and environment count; a key that cannot be used counts, so that its error is seen."""
    assert has_key(environ={}) is False
    assert has_key(environ={"LANGSMITH_API_KEY": " "}) is False
    assert has_key(environ={"LANGSMITH_API_KEY": SECRET}) is True
    assert has_key(Key(SECRET), environ={}) is True
    assert has_key(environ={"LANGSMITH_API_KEY": "two words"}) is True
    monkeypatch.setenv("LANGSMITH_API_KEY", SECRET)
    assert has_key() is True
    assert Key(SECRET) == load_settings().key


def test_settings_cannot_be_changed_when_made():
    """Settings are frozen, so that a plan's host stays the one it was made for."""
    settings = load_settings(api_key=SECRET, environ={})
    with pytest.raises(AttributeError):
        settings.base_url = EU  # type: ignore[misc]
