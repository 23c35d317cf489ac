"""API keys: where one is found, and how it is kept from ever being shown."""

from __future__ import annotations

import hashlib
import hmac
import importlib
from typing import TYPE_CHECKING, Any, Final, Literal, NoReturn

from lsnb.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

KeyKind = Literal["pat", "service", "legacy", "unknown"]

KEY_VARIABLE: Final = "LANGSMITH_API_KEY"
KEYRING_SERVICE: Final = "lsnb"

# https://docs.langchain.com/langsmith/create-account-api-key
_PREFIXES: Final[dict[str, KeyKind]] = {"lsv2_pt_": "pat", "lsv2_sk_": "service", "ls__": "legacy"}
_SHORTEST_HINTED: Final = 20  # four characters of a shorter secret would be too much of it
_DEFAULT_HOST: Final = "api.smith.langchain.com"


class Key:
    """An API key that never shows itself.

    The text lives in a closure, not in an attribute: pretty printers, debuggers and tracebacks that print every
    attribute or local variable find a function there. It cannot be pickled, and so not cached to disk or sent to
    another process by accident.

    Args:
        secret: the text of the key; whitespace around it is taken off.
        source: where it came from, to be named in messages: "argument", "environment LANGSMITH_API_KEY",
            "keyring" or "demo".

    Raises:
        ConfigError: the text is empty, or holds characters that no key has.
    """

    __slots__ = ("_reveal", "fingerprint", "hint", "kind", "source")

    source: str
    kind: KeyKind
    hint: str
    fingerprint: str

    def __init__(self, secret: str, *, source: str = "argument") -> None:
        self.source = source
        self.hint = "…"  # a half-made key can be printed too, by whoever shows the traceback of the error below
        kind = type(secret).__name__
        if kind != "str" and not issubclass(type(secret), str):
            del secret
            raise ConfigError(f"The API key (from {source}) cannot be used: it is no text, but {kind}.")
        text = _cleaned(secret)
        problem = _problem(text)
        if problem:
            # A traceback may be shown with its local variables.
            del secret, text
            raise ConfigError(f"The API key (from {source}) cannot be used: {problem}. Copy it again from LangSmith.")
        prefix = next((known for known in _PREFIXES if text.startswith(known)), "")
        self.kind = _PREFIXES.get(prefix, "unknown")
        if len(text) >= _SHORTEST_HINTED:
            self.hint = f"{prefix}…{text[-4:]}"
        self.fingerprint = hashlib.sha256(text.encode()).hexdigest()[:16]
        self._reveal: Callable[[], str] = lambda: text

    def reveal(self) -> str:
        """Return the text of the key; the only way to it."""
        return self._reveal()

    def __repr__(self) -> str:
        return f"<API key {self.hint} from {self.source}>"

    def __format__(self, spec: str) -> str:
        return format(repr(self), spec)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Key):
            return NotImplemented
        return hmac.compare_digest(self.reveal().encode(), other.reveal().encode())

    def __hash__(self) -> int:
        return hash(self.fingerprint)

    def __copy__(self) -> Key:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Key:
        return self

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        msg = "An API key is not pickled: it would be readable in the file. Connect again instead."
        raise TypeError(msg)

    def __getstate__(self) -> NoReturn:
        self.__reduce_ex__(0)


def find_key(api_key: str | Key | None, environ: Mapping[str, str], *, host: str = _DEFAULT_HOST) -> Key | None:
    """Return the key to use: the argument, else `LANGSMITH_API_KEY`, else the system's keyring.

    Args:
        api_key: the key, where the caller gave one.
        environ: the environment variables.
        host: the host that the key is for; the keyring holds one key for each host.

    Returns:
        The key, or None where there is none.

    Raises:
        ConfigError: the key that was found holds characters that no key has.
    """
    found = _given_key(api_key, environ)
    # A traceback may be shown with its local variables, of what follows too.
    del api_key, environ
    if isinstance(found, ConfigError):
        raise found
    return _key_in_keyring(host) if found is None else found


def make_key(text: str | Key, *, source: str = "argument") -> Key | ConfigError:
    """Make a key of a text; what is wrong with it comes back as a value.

    Raised in here, the error's traceback would show the argument; the caller deletes its own first.
    """
    if isinstance(text, Key):
        return text
    try:
        return Key(text, source=source)
    except ConfigError as error:
        return ConfigError(str(error))


def store_key(host: str, key: str | Key) -> None:
    """Keep a key in the system's keyring, under the host it is for.

    Raises:
        ConfigError: no keyring is installed, or it refused, or the key cannot be one.
    """
    found = make_key(key)
    del key  # see find_key
    if isinstance(found, ConfigError):
        raise found
    keyring = _require_keyring("keep an API key")
    failed = _attempt(lambda: keyring.set_password(KEYRING_SERVICE, host, found.reveal()))
    if failed:
        raise ConfigError(f"The keyring did not take the key for {host} ({failed}). Set {KEY_VARIABLE} instead.")


def forget_key(host: str) -> None:
    """Take the key of a host out of the system's keyring; no error when there is none.

    Raises:
        ConfigError: no keyring is installed, or it refused.
    """
    keyring = _require_keyring("forget a stored API key")
    if _key_in_keyring(host) is None:
        return
    failed = _attempt(lambda: keyring.delete_password(KEYRING_SERVICE, host))
    if failed:
        raise ConfigError(f"The keyring did not remove the key for {host} ({failed}). Remove it there by hand.")


def _given_key(api_key: str | Key | None, environ: Mapping[str, str]) -> Key | ConfigError | None:
    """Make a key of the argument, else of the environment; None where neither has one."""
    for text, source in ((api_key, "argument"), (environ.get(KEY_VARIABLE), f"environment {KEY_VARIABLE}")):
        if text is not None and not (isinstance(text, str) and not _cleaned(text)):
            return make_key(text, source=source)
    return None


def _cleaned(text: str) -> str:
    text = text.strip()
    # Some readers of .env files keep the quotes.
    if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'":
        text = text[1:-1].strip()
    return text


def _problem(text: str) -> str:
    if not text:
        return "it is empty"
    if any(character.isspace() for character in text):
        return "there is whitespace inside it"
    if not all("!" <= character <= "~" for character in text):
        return "it holds control characters or characters that are not ASCII"
    return ""


def _keyring() -> Any:
    try:
        return importlib.import_module("keyring")
    except ImportError:
        return None


def _require_keyring(purpose: str) -> Any:
    keyring = _keyring()
    if keyring is None:
        raise ConfigError(
            f"The package 'keyring' is needed to {purpose}, and it is not installed. "
            f"Install it with:  pip install keyring  (or set {KEY_VARIABLE} in the environment instead)"
        )
    return keyring


def _key_in_keyring(host: str) -> Key | None:
    keyring = _keyring()
    if keyring is None:
        return None
    try:
        # A locked or missing back end is an ordinary state of a server, not an error of ours.
        secret = keyring.get_password(KEYRING_SERVICE, host)
    except Exception:
        return None
    if not secret:
        return None
    found = make_key(secret, source="keyring")
    del secret  # see find_key
    if isinstance(found, ConfigError):
        raise found
    return found


def keyring_trouble(host: str = _DEFAULT_HOST) -> str:
    """Name what kept the system's keyring from being asked, to be said where no key was found; empty where it answers."""
    keyring = _keyring()
    failed = "" if keyring is None else _attempt(lambda: keyring.get_password(KEYRING_SERVICE, host))
    # Without a back end nothing can ever have been kept there.
    return "" if failed in ("", "NoKeyringError") else f"the system's keyring could not be asked ({failed}): unlock it"


def _attempt(action: Callable[[], object]) -> str:
    """Return the name of what went wrong, without its text: a back end may quote what it was given."""
    try:
        action()
    except Exception as error:
        return type(error).__name__
    return ""
