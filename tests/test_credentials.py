from __future__ import annotations

import copy
import dataclasses
import hashlib
import json
import logging
import pickle
import pprint
import sys
import traceback

import pytest
from IPython.lib.pretty import pretty

from lsnb.errors import ConfigError
from lsnb.service.config import Settings
from lsnb.service.credentials import KEYRING_SERVICE, Key, find_key, forget_key, store_key

SECRET = "lsv2_pt_0123456789abcdef0123456789abcdef_a1b2c33f9a"
HOST = "api.smith.langchain.com"


class FakeKeyring:
    """The three functions of the keyring package, over a dict."""

    def __init__(self, passwords=None, error=None):
        self.passwords, self.error = dict(passwords or {}), error

    def get_password(self, service, user):
        """Return a password, or fail as told."""
        if self.error:
            raise self.error
        return self.passwords.get((service, user))

    def set_password(self, service, user, password):
        """Keep a password, or fail as told."""
        if self.error:
            raise self.error
        self.passwords[service, user] = password

    def delete_password(self, service, user):
        """Remove a password."""
        del self.passwords[service, user]


@pytest.fixture
def no_keyring(monkeypatch):
    """Hide the keyring package, which this machine may have."""
    monkeypatch.setitem(sys.modules, "keyring", None)


def install(monkeypatch, **options):
    """Put a keyring where the real one would be imported from."""
    keyring = FakeKeyring(**options)
    monkeypatch.setitem(sys.modules, "keyring", keyring)
    return keyring


def shown(error):
    """Return the traceback as tools that print local variables do."""
    return "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())


@pytest.mark.parametrize(
    "show",
    [
        repr,
        str,
        ascii,
        lambda key: f"{key}",
        lambda key: f"{key!r:>80}",
        lambda key: f"{key:>80}",
        lambda key: "%s %r" % (key, key),  # noqa: UP031 - the old way shows it too, or not
        lambda key: "{0} {0!r}".format(key),  # noqa: UP032
        pretty,
        pprint.pformat,
        lambda key: pretty({"key": [key]}),
        lambda key: json.dumps({"key": key}, default=str),
        lambda key: repr([getattr(key, name) for name in dir(key)]),
        lambda key: repr(Settings("https://host", key)),
        lambda key: repr(dataclasses.asdict(Settings("https://host", key))),
        lambda key: pprint.pformat(Settings("https://host", key)),
    ],
)
def test_key_never_shows_when_printed(show):
    """No way of printing a key, or something that holds it, shows its text."""
    text = show(Key(SECRET))
    assert SECRET[8:-4] not in text


def test_key_never_shows_when_logged(caplog):
    """A key that is handed to a logger comes out as its hint."""
    logging.getLogger("test").warning("with %s and %r", Key(SECRET), Key(SECRET))
    assert SECRET[8:-4] not in caplog.text
    assert "lsv2_pt_…3f9a" in caplog.text


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_key_refuses_when_pickled(protocol):
    """A key does not get into a file by way of pickle, by itself or inside of settings."""
    with pytest.raises(TypeError, match="not pickled"):
        pickle.dumps(Key(SECRET), protocol)
    with pytest.raises(TypeError, match="not pickled"):
        pickle.dumps(Settings("https://host", Key(SECRET)), pickle.HIGHEST_PROTOCOL)


def test_key_has_no_dict_when_inspected():
    """Neither vars() nor the state that copyreg would take is there."""
    key = Key(SECRET)
    with pytest.raises(TypeError):
        vars(key)
    with pytest.raises(TypeError):
        key.__getstate__()
    with pytest.raises(TypeError):
        json.dumps(key)


def test_key_is_the_same_when_copied():
    """Copies are the key itself, so that settings can be copied."""
    key = Key(SECRET)
    assert key is copy.copy(key)
    assert key is copy.deepcopy({"a": [key]})["a"][0]


@pytest.mark.parametrize(
    ("secret", "kind", "hint"),
    [
        (SECRET, "pat", "lsv2_pt_…3f9a"),
        ("lsv2_sk_0123456789abcdef", "service", "lsv2_sk_…cdef"),
        ("ls__0123456789abcdefghij", "legacy", "ls__…ghij"),
        ("something-else-altogether", "unknown", "…ther"),
        ("lsv2_pt_short", "pat", "…"),
        ("0123456789012345678", "unknown", "…"),
        ("01234567890123456789", "unknown", "…6789"),
    ],
)
def test_kind_and_hint_when_made(secret, kind, hint):
    """The kind follows from the prefix; the hint shows four characters only of a long secret."""
    key = Key(secret)
    assert (kind, hint) == (key.kind, key.hint)
    assert secret == key.reveal()
    assert hashlib.sha256(secret.encode()).hexdigest()[:16] == key.fingerprint


@pytest.mark.parametrize("text", [f"  {SECRET}\n", f'"{SECRET}"', f"'{SECRET}' ", f"\t{SECRET}\r\n"])
def test_key_is_cleaned_when_pasted(text):
    """Whitespace and the quotes that some readers of .env files keep are taken off."""
    assert SECRET == Key(text).reveal()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "empty"),
        (" \n", "empty"),
        ("''", "empty"),
        (f"{SECRET[:20]} {SECRET[20:]}", "whitespace"),
        (f"{SECRET[:20]}\n{SECRET[20:]}", "whitespace"),
        (f"{SECRET[:20]}\x00{SECRET[20:]}", "control characters"),
        (f"{SECRET}…", "not ASCII"),
    ],
)
def test_bad_key_is_refused_when_made(text, reason):
    """The error says what is wrong, and neither it nor its traceback shows the text."""
    with pytest.raises(ConfigError, match=reason) as caught:
        Key(text, source="keyring")
    assert "keyring" in str(caught.value)
    own_frames = caught.value.with_traceback(caught.tb.tb_next)  # the frame of this test has the text
    assert SECRET[:20] not in shown(own_frames)


def test_keys_are_equal_when_their_text_is():
    """Equality and hash go by the text, whatever the source; a key is not equal to its text."""
    assert Key(SECRET) == Key(f" {SECRET}", source="keyring")
    assert Key(SECRET) != Key(SECRET[:-1])
    assert Key(SECRET) != SECRET
    assert {Key(SECRET)} == {Key(SECRET), Key(SECRET, source="keyring")}


def test_find_key_takes_the_argument_when_all_are_there(monkeypatch):
    """The order is argument, environment, keyring, and the key says which it was."""
    install(monkeypatch, passwords={(KEYRING_SERVICE, HOST): "from-the-keyring-of-this-host"})
    environ = {"LANGSMITH_API_KEY": "from-the-environment-variable"}
    given = Key("from-an-object-that-was-given", source="demo")
    found = [
        find_key(given, environ),
        find_key("from-the-argument-of-the-call", environ),
        find_key(None, environ),
        find_key(" ", {"LANGSMITH_API_KEY": " "}),
    ]
    assert ["demo", "argument", "environment LANGSMITH_API_KEY", "keyring"] == [key.source for key in found if key]
    assert "from-the-keyring-of-this-host" == (found[3] and found[3].reveal())


@pytest.mark.usefixtures("no_keyring")
def test_find_key_gives_none_when_there_is_none():
    """Without any source there is no key, and no error."""
    assert find_key(None, {}) is None


def test_find_key_asks_for_the_host_when_it_looks_in_the_keyring(monkeypatch):
    """The keyring holds one key for each host."""
    install(monkeypatch, passwords={(KEYRING_SERVICE, "eu.example.com"): SECRET})
    assert find_key(None, {}) is None
    assert Key(SECRET) == find_key(None, {}, host="eu.example.com")


def test_find_key_gives_none_when_the_keyring_is_broken(monkeypatch):
    """A keyring without a back end is an ordinary state of a server."""
    install(monkeypatch, error=RuntimeError("no back end"))
    assert find_key(None, {}) is None


def test_find_key_shows_nothing_when_the_variable_is_bad():
    """The traceback with local variables has neither the environment nor its key."""
    with pytest.raises(ConfigError, match="environment LANGSMITH_API_KEY") as caught:
        find_key(None, {"LANGSMITH_API_KEY": f"{SECRET} {SECRET}", "OTHER": SECRET})
    assert SECRET not in shown(caught.value.with_traceback(caught.tb.tb_next))


def test_store_and_forget_when_keyring_is_there(monkeypatch):
    """A stored key is found for its host, and gone after it was forgotten; forgetting twice is fine."""
    keyring = install(monkeypatch)
    store_key(HOST, SECRET)
    assert {(KEYRING_SERVICE, HOST): SECRET} == keyring.passwords
    assert Key(SECRET) == find_key(None, {}, host=HOST)
    forget_key(HOST)
    forget_key(HOST)
    assert {} == keyring.passwords


@pytest.mark.usefixtures("no_keyring")
def test_store_says_what_to_install_when_keyring_is_missing():
    """The error names the package and the other way; its traceback does not show the key."""
    with pytest.raises(ConfigError, match="pip install keyring") as caught:
        store_key(HOST, SECRET)
    assert SECRET not in shown(caught.value.with_traceback(caught.tb.tb_next))
    with pytest.raises(ConfigError, match="pip install keyring"):
        forget_key(HOST)


def test_store_shows_nothing_when_the_keyring_refuses(monkeypatch):
    """What a back end says is left out, as it may quote the key."""
    install(monkeypatch, error=RuntimeError(f"cannot keep {SECRET}"))
    with pytest.raises(ConfigError, match="RuntimeError") as caught:
        store_key(HOST, SECRET)
    assert SECRET not in shown(caught.value.with_traceback(caught.tb.tb_next))
