"""Keep a process to this machine: a connection or a name look-up beyond loopback raises, and is written down.

It sits under every HTTP library, because it replaces methods of `socket.socket` itself and so holds in every thread.
"""

from __future__ import annotations

import ipaddress
import socket
from typing import Any

Attempts = list[str]


class OutsideConnectionError(OSError):
    """Something reached beyond this machine. An OSError, as a machine without a network would give."""


def is_loopback(host: object) -> bool:
    """Say whether a host, as given to `connect` or `getaddrinfo`, is this machine."""
    if host is None:  # getaddrinfo: the local addresses
        return True
    name = host.decode() if isinstance(host, bytes) else str(host)
    if name in ("", "localhost", socket.gethostname()):
        return True
    try:
        address = ipaddress.ip_address(name.split("%")[0])
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified


def install() -> Attempts:
    """Guard this process from now on.

    Returns:
        The list that collects what was tried, for code that swallows the error.
    """
    attempts: Attempts = []

    def refuse(what: str, host: object) -> None:
        attempts.append(f"{what} {host}")
        raise OutsideConnectionError(f"tests stay on this machine, and this was {what} {host}")

    def guarded_method(name: str, position: int) -> None:
        original = getattr(socket.socket, name)

        def method(self: socket.socket, *args: Any) -> Any:
            address = args[position]
            if self.family in (socket.AF_INET, socket.AF_INET6) and not is_loopback(address[0]):
                refuse(name, address[0])
            return original(self, *args)

        setattr(socket.socket, name, method)

    def guarded_lookup(name: str) -> None:
        original = getattr(socket, name)

        def function(host: object, *args: Any, **kwargs: Any) -> Any:
            if not is_loopback(host):
                refuse(name, host)
            return original(host, *args, **kwargs)

        setattr(socket, name, function)

    guarded_method("connect", 0)
    guarded_method("connect_ex", 0)
    guarded_method("sendto", -1)
    for lookup in ("getaddrinfo", "gethostbyname", "gethostbyname_ex"):
        guarded_lookup(lookup)
    return attempts
