"""Settings: which service, which organization, which key; from arguments, then from the environment."""

from __future__ import annotations

import ipaddress
import os
import re
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from lsnb.errors import ConfigError
from lsnb.errors.safe_text import holds_key
from lsnb.service.credentials import KEY_VARIABLE, Key, find_key

if TYPE_CHECKING:
    from collections.abc import Mapping

# https://docs.langchain.com/langsmith/manage-organization-by-api and the region page of the same documentation
REGIONS: Final[dict[str, str]] = {
    "us": "https://api.smith.langchain.com",
    "eu": "https://eu.api.smith.langchain.com",
    "apac": "https://apac.api.smith.langchain.com",
    "aws": "https://aws.api.smith.langchain.com",
}
DEFAULT_ENDPOINT: Final = REGIONS["us"]

ENDPOINT_VARIABLE: Final = "LANGSMITH_ENDPOINT"
ORGANIZATION_VARIABLE: Final = "LANGSMITH_ORGANIZATION_ID"
WORKSPACE_VARIABLES: Final = ("LANGSMITH_WORKSPACE_ID", "LANGSMITH_TENANT_ID")  # the second is the older name

# What people see in their browser, and paste; the API lives next door.
_PAGES: Final[dict[str, str]] = {
    "smith.langchain.com": REGIONS["us"],
    "www.smith.langchain.com": REGIONS["us"],
    "us.smith.langchain.com": REGIONS["us"],
    "eu.smith.langchain.com": REGIONS["eu"],
    "apac.smith.langchain.com": REGIONS["apac"],
    "aws.smith.langchain.com": REGIONS["aws"],
}
_STRAY: Final = " \t\r\n\f\v\u00a0\u200b\ufeff\"'`\u201c\u201d\u2018\u2019<>,;"  # with no-break and typographic ones
_SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_NAME: Final = re.compile(r"[a-z0-9_](?:[a-z0-9._-]*[a-z0-9_])?\.?")
_UUID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_EXAMPLE: Final = f"Give a region ({', '.join(REGIONS)}) or an address such as {DEFAULT_ENDPOINT}"


@dataclass(frozen=True, slots=True)
class Settings:
    """Which service is spoken to, for which organization, and with which key.

    Attributes:
        base_url: address of the service, without a trailing slash and without /api; a sub-path is kept.
        key: the API key, which does not show itself.
        organization_id: UUID of the organization, where it is known.
        workspace_id: UUID of the workspace that is meant when a call names none.
    """

    base_url: str
    key: Key
    organization_id: str | None = None
    workspace_id: str | None = None

    @property
    def host(self) -> str:
        """Host, port and sub-path: what a plan is bound to."""
        return _host(self.base_url)


def load_settings(
    *,
    endpoint: str | None = None,
    api_key: str | Key | None = None,
    organization_id: str | None = None,
    workspace_id: str | None = None,
    environ: Mapping[str, str] | None = None,
) -> Settings:
    """Read the settings: an argument wins over the environment; an empty variable counts as none.

    Args:
        endpoint: a region ("us", "eu", "apac", "aws") or an address; else `LANGSMITH_ENDPOINT`, else the US cloud.
        api_key: the key; else `LANGSMITH_API_KEY`, else the system's keyring.
        organization_id: UUID; else `LANGSMITH_ORGANIZATION_ID`.
        workspace_id: UUID; else `LANGSMITH_WORKSPACE_ID`, else the older `LANGSMITH_TENANT_ID`.
        environ: the environment variables; the ones of this process when None.

    Raises:
        ConfigError: there is no key, or one of the values cannot be used.
    """
    found = settings_or_error(
        endpoint=endpoint,
        api_key=api_key,
        organization_id=organization_id,
        workspace_id=workspace_id,
        environ=environ,
    )
    if isinstance(found, Settings):
        return found
    # Raised after these are gone: a traceback may be shown with its local variables, and in here are the key, the
    # whole environment, and perhaps a password in the address.
    del endpoint, api_key, environ, organization_id, workspace_id
    raise found


def settings_or_error(
    *,
    endpoint: str | None = None,
    api_key: str | Key | None = None,
    organization_id: str | None = None,
    workspace_id: str | None = None,
    environ: Mapping[str, str] | None = None,
) -> Settings | BaseException:
    """Read the settings as `load_settings` does; what is wrong comes back as a value, without a frame of ours.

    Callers delete what they were given, and then raise it. A keyboard interrupt while a keyring waits for its password
    comes back likewise.
    """
    try:
        return _settings(endpoint, api_key, organization_id, workspace_id, os.environ if environ is None else environ)
    except ConfigError as error:
        return ConfigError(str(error))
    except Exception as error:
        return ConfigError(
            f"The settings cannot be used ({type(error).__name__}). Give address, key and ids as texts, or leave them out."
        )
    except BaseException as error:
        return type(error)()


def has_key(
    api_key: str | Key | None = None,
    *,
    endpoint: str | None = None,
    environ: Mapping[str, str] | None = None,
) -> bool:
    """Tell whether there is a key to connect with; without one a caller may offer the demo organization.

    A key that is there and cannot be used counts as there: silently showing the demo organization instead of
    saying what is wrong with it would mislead.
    """
    values = os.environ if environ is None else environ
    try:
        base_url = _base_url(endpoint, values)
        return find_key(api_key, values, host=_host(base_url)) is not None
    except ConfigError:
        return True


def normalise_base_url(text: str) -> str:
    """Return the base address that paths are appended to, from what people paste.

    Quotes and spaces around it, a missing scheme, trailing slashes and /api, /api/v1, /api/v2 are forgiven; the
    address of the web page of a cloud region becomes the address of its API. A sub-path is kept, since
    self-hosted installations may sit under one.

    Raises:
        ConfigError: it is not an address, holds a user name or password, a query or a fragment, or is plain http
            to another machine.
    """
    try:
        return _normalised(text)
    except ConfigError as error:
        problem = str(error)
    del text  # it may hold a password; see load_settings
    raise ConfigError(problem)


def _settings(
    endpoint: str | None,
    api_key: str | Key | None,
    organization_id: str | None,
    workspace_id: str | None,
    environ: Mapping[str, str],
) -> Settings:
    base_url = _base_url(endpoint, environ)
    key = find_key(api_key, environ, host=_host(base_url))
    if key is None:
        raise ConfigError(
            f"There is no API key for {_host(base_url)}. Give one in one of three ways: set {KEY_VARIABLE} in the "
            "environment; pass api_key=...; or keep it in the system's keyring with "
            f"lsnb.service.credentials.store_key({_host(base_url)!r}, key). "
            "Keys are made in LangSmith under Settings → API keys."
        )
    organization = organization_id or environ.get(ORGANIZATION_VARIABLE)
    workspace = workspace_id or next((environ[name] for name in WORKSPACE_VARIABLES if environ.get(name)), None)
    return Settings(
        base_url=base_url,
        key=key,
        organization_id=_uuid(organization, "organization_id", ORGANIZATION_VARIABLE),
        workspace_id=_uuid(workspace, "workspace_id", WORKSPACE_VARIABLES[0]),
    )


def _base_url(endpoint: str | None, environ: Mapping[str, str]) -> str:
    text = (endpoint or "").strip(_STRAY) or (environ.get(ENDPOINT_VARIABLE) or "").strip(_STRAY) or DEFAULT_ENDPOINT
    return REGIONS.get(text.lower()) or _normalised(text)


def _host(base_url: str) -> str:
    return base_url.partition("://")[2]


def _normalised(text: str) -> str:
    text = text.strip(_STRAY)
    if not text:
        raise ConfigError(f"The address of the service is empty. {_EXAMPLE}.")
    if holds_key(text):
        raise ConfigError(f"The address of the service holds what looks like an API key. {_EXAMPLE}.")
    if not _SCHEME.match(text):
        text = ("http://" if _may_be_plain(_bare_host(text)) else "https://") + text.lstrip("/")
    if "\\" in text or any(character <= " " or character == "\x7f" for character in text):
        raise ConfigError(f"The address of the service holds a space, a backslash or a control character. {_EXAMPLE}.")
    try:
        parts = urlsplit(text)
        port = parts.port
        host = _host_name(parts.hostname or "")
    except ValueError:
        raise ConfigError(f"The address of the service is not one that can be read. {_EXAMPLE}.") from None
    if "@" in parts.netloc:
        raise ConfigError(
            "The address of the service holds a user name or password. Leave it out: the API key is all that is "
            "sent, and an address is shown in messages and logs."
        )
    if parts.scheme not in {"http", "https"}:
        raise ConfigError(f"The address of the service starts with {parts.scheme}://; it must be https. {_EXAMPLE}.")
    if host in _PAGES and port in {None, 443}:
        return _PAGES[host]
    if parts.query or parts.fragment or text.endswith(("?", "#")):
        raise ConfigError(f"The address of the service holds a query or a fragment. Leave out what follows {host}/….")
    if parts.scheme == "http" and not _may_be_plain(host):
        raise ConfigError(
            f"The address of the service is plain http to {host}: the API key would travel unprotected. "
            "Use https; plain http is for this machine only (localhost, 127.0.0.1)."
        )
    netloc = f"[{host}]" if ":" in host else host
    if port is not None and port != {"http": 80, "https": 443}[parts.scheme]:
        netloc += f":{port}"
    return f"{parts.scheme}://{netloc}{_sub_path(parts.path)}"


def _host_name(host: str) -> str:
    """Return the host in the one form that every reader of addresses takes for the same host."""
    if ":" in host:
        return ipaddress.IPv6Address(host).compressed
    if not host.isascii():
        host = host.encode("idna").decode()
    if not _NAME.fullmatch(host):
        msg = "not the name of a host"
        raise ValueError(msg)
    address = _address(host)
    return host if address is None else str(address)


def _sub_path(path: str) -> str:
    segments = [segment for segment in path.split("/") if segment]
    if any(segment in {".", ".."} for segment in segments):
        raise ConfigError(f"The address of the service holds . or .. in its path. {_EXAMPLE}.")
    for index, segment in enumerate(segments):
        # A whole endpoint may have been pasted; nothing under /api belongs to the base.
        if segment == "api" and (index + 1 == len(segments) or segments[index + 1] in {"v1", "v2"}):
            segments = segments[:index]
            break
    return "".join(f"/{segment}" for segment in segments)


def _bare_host(text: str) -> str:
    rest = text.lstrip("/").partition("/")[0]
    if rest.startswith("["):
        return rest[1:].partition("]")[0]
    return rest.partition(":")[0]


def is_loopback(host: str) -> bool:
    """Tell whether a host is this machine under any of its names and ways to write them.

    `127.1`, `2130706433` and `0x7f000001` are 127.0.0.1 to every resolver, as is an IPv4 address within an IPv6 one;
    connecting to the unspecified address ends on this machine too.
    """
    name = host.strip("[]").rstrip(".").partition("%")[0].lower()
    if name == "localhost" or name.endswith(".localhost"):
        return True
    address = _address(name)
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return any(found.is_loopback or found.is_unspecified for found in (address, mapped) if found is not None)


def _may_be_plain(host: str) -> bool:
    """Tell whether plain http to a host surely stays on this machine; of other names a resolver decides where they are."""
    return host.lower() == "localhost" or ((address := _address(host)) is not None and address.is_loopback)


def _address(name: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Return the address that a name stands for by itself, in any of the ways to write one."""
    try:
        return ipaddress.ip_address(name)
    except ValueError:
        pass
    try:
        return ipaddress.IPv4Address(socket.inet_aton(name))
    except (OSError, ValueError):
        return None


def _uuid(text: str | None, argument: str, variable: str) -> str | None:
    value = (text or "").strip(_STRAY).lower()
    if not value:
        return None
    if _UUID.fullmatch(value):
        return value
    if holds_key(value):
        raise ConfigError(f"{argument} ({variable}) holds what looks like an API key; give the UUID there.")
    raise ConfigError(
        f"{argument} ({variable}) is not a UUID: {value[:40]!r}. It looks like "
        "0a1b2c3d-0000-4000-8000-000000000000; LangSmith shows it under Settings."
    )
