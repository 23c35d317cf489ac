from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
import threading
import urllib.request

import pytest
import requests

from tests.guard.loopback_only import OutsideConnectionError, is_loopback

pytest_plugins = ["pytester"]

os.environ["LANGSMITH_API_KEY"] = "planted"  # while collecting, before any fixture has run
DOCUMENTATION_ADDRESS = ("192.0.2.1", 443)  # RFC 5737: belongs to nobody


def open_socket():
    """Connect a socket."""
    with socket.socket() as connection:
        connection.settimeout(0.2)
        connection.connect(DOCUMENTATION_ADDRESS)


def open_socket_for_a_number():
    """Connect a socket, asking for an error number."""
    with socket.socket() as connection:
        connection.settimeout(0.2)
        connection.connect_ex(DOCUMENTATION_ADDRESS)


def send_a_datagram():
    """Send one without connecting."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as connection:
        connection.sendto(b"x", DOCUMENTATION_ADDRESS)


def look_up_a_name():
    """Ask which address a name has."""
    socket.getaddrinfo("api.smith.langchain.com", 443)


def connect_in_asyncio():
    """Connect from an event loop."""
    asyncio.run(asyncio.wait_for(asyncio.open_connection(*DOCUMENTATION_ADDRESS), 0.2))


WAYS_OUT = {
    "socket": open_socket,
    "connect_ex": open_socket_for_a_number,
    "datagram": send_a_datagram,
    "look-up": look_up_a_name,
    "asyncio": connect_in_asyncio,
    "requests": lambda: requests.get("https://api.smith.langchain.com/info", timeout=0.2),
    "urllib": lambda: urllib.request.urlopen("https://example.com", timeout=0.2),
}


@pytest.mark.parametrize("way", WAYS_OUT)
def test_every_way_out_is_refused(way, outside_connections):
    """A connection beyond loopback raises an OSError and is written down, whichever library asks."""
    with pytest.raises(OSError, match="tests stay on this machine"):
        WAYS_OUT[way]()
    assert len(outside_connections) == 1
    outside_connections.clear()


def test_a_thread_is_guarded_too(outside_connections):
    """What a thread tries is refused and written down, though its error never reaches the test."""
    errors = []

    def reach_out():
        try:
            open_socket()
        except OutsideConnectionError as error:
            errors.append(error)

    thread = threading.Thread(target=reach_out)
    thread.start()
    thread.join()
    assert (1, ["connect 192.0.2.1"]) == (len(errors), outside_connections)
    outside_connections.clear()


def test_a_swallowed_attempt_fails_the_test(pytester):
    """A test that reaches out and hides the error is red all the same."""
    pytester.makeconftest("from tests.conftest import outside_connections  # noqa: F401\n")
    pytester.makepyfile(
        "import socket\n"
        "from contextlib import suppress\n"
        "def test_quiet():\n"
        "    with suppress(OSError):\n"
        "        socket.create_connection(('192.0.2.1', 443), timeout=0.2)\n"
    )
    result = pytester.runpytest_inprocess("-p", "no:randomly", "-p", "no:cacheprovider")
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["*reached beyond loopback: ?'getaddrinfo 192.0.2.1'?*"])


def test_child_processes_are_guarded(child_environment):
    """A kernel started with the child environment cannot reach out either."""
    code = "import socket; socket.create_connection(('192.0.2.1', 443), timeout=0.2)"
    child = subprocess.run([sys.executable, "-c", code], env=child_environment, capture_output=True, text=True)
    assert child.returncode != 0
    assert "OutsideConnectionError: tests stay on this machine" in child.stderr


def test_loopback_is_left_alone():
    """Servers on this machine are reached by name and by both kinds of address."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        socket.create_connection(("localhost", listening.getsockname()[1]), timeout=2).close()
    assert [True, True, True, False, False] == [
        is_loopback(host) for host in ("127.0.0.1", "::1", None, "10.0.0.1", "localhost.example.com")
    ]


def test_no_settings_come_from_outside():
    """The developer's own key is not visible to a test, as this planted one is not."""
    assert [] == [name for name in os.environ if name.startswith("LANGSMITH_")]
