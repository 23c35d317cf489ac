"""Show the console as an app: what `lsnb console` does.

Voila runs the notebook and shows what its cells put out, without the code. Whoever reaches the page acts with the key
that the server was started with, so the page is on this machine only and wants a token.
"""

from __future__ import annotations

import argparse
import os
import secrets
import sys
import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING

from lsnb.cli.lab import find_notebooks, has_display
from lsnb.errors import ConfigError, MissingExtraError
from lsnb.service.credentials import find_key

if TYPE_CHECKING:
    from collections.abc import Sequence

CONSOLE_NOTEBOOK = "09_console.ipynb"
DEFAULT_PORT = 8866

_DEMO_NOTE = "No key is set, so the console shows the embedded demo organization. For your own: LANGSMITH_API_KEY."


def run_app(
    notebook: Path | None = None,
    *,
    port: int = DEFAULT_PORT,
    dark: bool = False,
    browser: bool | None = None,
    extra: Sequence[str] = (),
) -> int:
    """Serve the console until stopped, and first print the address with its token.

    Args:
        notebook: The notebook to show; by default the console's, of the checkout or a working copy.
        port: The port to listen on; where it is taken, the next that is free.
        dark: Whether the page is dark.
        browser: Whether to open a web browser; by default when there is a display to show it on.
        extra: Further arguments, given to Voila as they are.

    Returns:
        The exit code: 0 once the server was stopped.

    Raises:
        MissingExtraError: Voila is not installed.
        ConfigError: There is no such notebook.
    """
    try:
        from tornado.ioloop import IOLoop
        from voila.app import Voila
    except ImportError:
        raise MissingExtraError("voila", "app", "show the console as an app") from None
    # A key that cannot be used is told here rather than on the page.
    key = find_key(None, os.environ)
    path = find_notebooks(Path.cwd()) / CONSOLE_NOTEBOOK if notebook is None else notebook.resolve()
    if not path.is_file():
        raise ConfigError(f"There is no notebook {path} to show. Name one.")
    opens_browser = has_display(sys.platform, os.environ) if browser is None else browser
    token = secrets.token_hex(24)
    server = Voila()
    server.initialize(app_arguments(path, port=port, dark=dark, token=token, extra=extra))

    def tell() -> None:
        address = f"http://127.0.0.1:{server.port}{server.base_url}?token={token}"
        note = "" if key else f"{_DEMO_NOTE}\n"
        print(f"The console is at\n\n    {address}\n\n{note}Stop it with Ctrl-C.", flush=True)
        if opens_browser:
            webbrowser.open(address)

    # The server binds its port before it enters the loop; what is said there is true.
    IOLoop.current().add_callback(tell)
    server.start()
    return 0


def app_arguments(notebook: Path, *, port: int, dark: bool, token: str, extra: Sequence[str]) -> list[str]:
    """Build Voila's arguments; the caller's own come last, where they win."""
    return [
        str(notebook),
        f"--port={port}",
        "--Voila.ip=127.0.0.1",
        f"--token={token}",
        "--no-browser",
        "--Voila.log_level=WARN",
        f"--theme={'dark' if dark else 'light'}",
        "--show_tracebacks=False",
        *extra,
    ]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `lsnb console` to a parser; `run_options` takes what it read."""
    parser.add_argument("--notebook", type=Path, metavar="FILE", help="notebook to show (default: the console of lsnb)")
    parser.add_argument("--port", type=int, default=DEFAULT_PORT, help="port (default: 8866, or another free one)")
    parser.add_argument("--dark", action="store_true", help="a dark page")
    parser.add_argument("--no-browser", action="store_true", help="only print the address")
    parser.add_argument("extra", nargs="*", metavar="ARG", help="after --: further arguments for Voila")


def run_options(options: argparse.Namespace) -> int:
    """Call `run_app` as the parsed options say."""
    browser = False if options.no_browser else None
    return run_app(options.notebook, port=options.port, dark=options.dark, browser=browser, extra=options.extra)
