"""What a machine is set up to put between us and a service: a proxy, and the authorities whose certificates count.

What cannot work is found before anything is sent, and named with the variable that says so: a request through it would
fail in words that tell neither.
"""

from __future__ import annotations

import importlib.util
import os
import re
import ssl
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import requests
import urllib3
from requests.utils import DEFAULT_CA_BUNDLE_PATH, get_environ_proxies, prepend_scheme_if_needed, select_proxy

from lsnb.service.config import is_loopback
from lsnb.service.transport.failures import Failed

if TYPE_CHECKING:
    from collections.abc import Mapping

AUTHORITY_VARIABLES: Final = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")

_SOCKS: Final = frozenset({"socks4", "socks4a", "socks5", "socks5h"})
_SCHEMES: Final = frozenset({"http", "https", *_SOCKS})
_HASHED: Final = re.compile(r"[0-9a-f]{8}\.\d+")  # how OpenSSL looks for a certificate in a folder


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a request to one service goes through.

    Attributes:
        proxies: the proxies, as requests takes them; empty for a service on this machine.
        verify: the file or folder of authorities; True for those that come with requests.
        proxy: the proxy in words, with what names it; empty where there is none.
        trouble: why nothing can be sent this way.
    """

    proxies: Mapping[str, str] = field(repr=False)  # may hold a password
    verify: str | bool
    proxy: str
    trouble: Failed | None


def find_surroundings(session: requests.Session, url: str) -> Surroundings:
    """Find out what a request to a URL goes through: what the session says, then the environment.

    A service on this machine is spoken to directly, whatever is set: a proxy would take it for its own machine, and
    would see the key.
    """
    parts = urlsplit(url)
    proxies: dict[str, str] = {}
    if not is_loopback(parts.hostname or ""):
        proxies = {**(get_environ_proxies(url) if session.trust_env else {}), **session.proxies}
        proxies = {name: value for name, value in proxies.items() if value}
    verify, named_by = _authorities(session)
    chosen = select_proxy(url, proxies)
    words = ""
    trouble = None
    if chosen:
        source = _source_of(chosen, session, parts.scheme)
        words, trouble = _checked_proxy(chosen, source)
    if trouble is None and parts.scheme == "https":
        trouble = _trouble_with_authorities(verify, named_by)
    return Surroundings(proxies, verify, words, trouble)


def _authorities(session: requests.Session) -> tuple[str | bool, str]:
    """Return the authorities, and what names them. The check is never off, whatever the session says."""
    if isinstance(session.verify, str | os.PathLike):
        return os.fspath(session.verify), "session.verify"
    for name in AUTHORITY_VARIABLES if session.trust_env else ():
        if os.environ.get(name):
            return os.environ[name], name
    return True, ""


def _trouble_with_authorities(verify: str | bool, named_by: str) -> Failed | None:
    path = DEFAULT_CA_BUNDLE_PATH if isinstance(verify, bool) else verify
    what = _wrong_with(Path(path), is_ours=isinstance(verify, bool))
    if not what:
        return None
    if isinstance(verify, bool):
        return Failed(
            "authorities",
            f"the certificates that come with the package certifi {what} ({_shown(path)})",
            "Install certifi anew, or set REQUESTS_CA_BUNDLE to a file of certificate authorities",
        )
    return Failed(
        "authorities",
        f"{named_by} names {_shown(path)} for the certificate authorities, and that {what}",
        f"Set {named_by} to a PEM file of the authorities that you trust, or leave it unset",
    )


def _wrong_with(path: Path, *, is_ours: bool) -> str:
    """Say what is wrong with a file or folder of authorities; empty where nothing is."""
    try:
        if path.is_dir():
            is_usable = any(_HASHED.fullmatch(name) for name in os.listdir(path))
            return "" if is_usable else "is a folder without certificates under the names that OpenSSL looks for"
        if not path.exists():
            return "does not exist"
        if not path.is_file():
            return "is no file"
        if is_ours:
            return ""
        path.open("rb").close()
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cafile=str(path))
    except ssl.SSLError:
        return "holds no certificates that can be read (PEM)"
    except (OSError, ValueError) as error:
        return f"cannot be read ({getattr(error, 'strerror', None) or 'no path of a file'})"
    return ""


def _source_of(proxy: str, session: requests.Session, scheme: str) -> str:
    """Name what says that this proxy is used; a person corrects it there."""
    if proxy in session.proxies.values():
        return "session.proxies"
    wanted = (f"{scheme}_proxy", "all_proxy")
    names = [name for name in sorted(os.environ) if name.lower() in wanted and os.environ[name] == proxy]
    return " and ".join(names) or "the system's settings"


def _checked_proxy(proxy: str, source: str) -> tuple[str, Failed | None]:
    """Return the proxy in words, without a name and password in it, and why it cannot be used."""
    unset = f"Correct it, or leave {source} unset"
    try:
        parsed = urllib3.util.parse_url(prepend_scheme_if_needed(proxy, "http"))  # type: ignore[no-untyped-call]
        scheme, host, port = parsed.scheme or "", parsed.host or "", parsed.port
    except (ValueError, urllib3.exceptions.HTTPError):
        scheme = host = ""
        port = None
    if not host or any(character <= " " for character in proxy):
        trouble = Failed("proxy", f"the address of the proxy that {source} names is not one that can be read", unset)
        return f"the proxy that {source} names", trouble
    words = f"the proxy {_shown(host)}{f':{port}' if port else ''} that {source} names"
    if scheme not in _SCHEMES:
        known = "it must be http, https, or socks5 with the package PySocks"
        return words, Failed(
            "proxy", f"{words} starts with {_shown(scheme)}://, which is not supported; {known}", unset
        )
    if scheme in _SOCKS and importlib.util.find_spec("socks") is None:
        return words, Failed(
            "proxy",
            f"{words} is a SOCKS proxy, and the package PySocks that is needed for it is not installed",
            f"Install it with pip install 'requests[socks]', or leave {source} unset",
        )
    return words, None


def _shown(text: str) -> str:
    return text if text.isprintable() else ascii(text)
