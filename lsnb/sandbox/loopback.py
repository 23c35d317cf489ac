"""Answer this machine and nobody else's pages: look at whom a request means, and at whose page sent it.

A web page anywhere can make a browser on this machine send requests to loopback, and a name that its owner points to
127.0.0.1 makes the page of that name look like ours. The browser says both, in `Host` and in `Origin`.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable

_HOST = re.compile(r"(?P<name>\[[0-9a-fA-F:.]+\]|[^\[\]:@/\s]+)(?::(?P<port>[0-9]{1,5}))?")
#: What a browser says of requests that a person or a page of the same address asked for.
_OWN_PAGES = frozenset({"same-origin", "none"})


def find_trespass(headers: Iterable[tuple[bytes, bytes]]) -> str | None:
    """Return why a request is not answered, in one sentence; None where it may be.

    Args:
        headers: its headers, as ASGI gives them.
    """
    named: dict[str, list[str]] = {}
    for name, value in headers:
        named.setdefault(name.decode("latin-1").lower(), []).append(value.decode("latin-1").strip())
    hosts, origins = named.get("host", []), named.get("origin", [])
    if len(hosts) != 1 or not is_loopback_host(hosts[0]):
        return (
            "The demo organization answers requests to this machine only, and this one names another host, or none, in "
            "its Host header. Use the address that was printed at the start, with 127.0.0.1 or localhost."
        )
    foreign = [origin for origin in origins if origin.lower() != f"http://{hosts[0].lower()}"]
    sites = [site.lower() for site in named.get("sec-fetch-site", [])]
    if foreign or not _OWN_PAGES.issuperset(sites):
        return (
            "The demo organization does not answer other web pages, and a browser sent this request for one (Origin, "
            "Sec-Fetch-Site). Ask from Python, a shell, or the address bar."
        )
    return None


def is_loopback_host(text: str) -> bool:
    """Tell whether the value of a Host header is a name of loopback, with or without a port."""
    found = _HOST.fullmatch(text)
    if found is None or int(found["port"] or 0) > 65535:
        return False
    name = found["name"].lower()
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        address = ipaddress.ip_address(name.strip("[]"))
    except ValueError:
        return False
    is_bracketed = name.startswith("[")
    if isinstance(address, ipaddress.IPv4Address):
        return address.is_loopback and not is_bracketed
    mapped = address.ipv4_mapped
    return is_bracketed and (address.is_loopback or (mapped is not None and mapped.is_loopback))
