"""Open the notebooks in JupyterLab: what `lsnb lab` does.

The server runs in this process, so that the address it really got can be printed first.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from lsnb.errors import ConfigError, LsnbError, MissingExtraError
from lsnb.files import make_folder, write_atomically
from lsnb.service.credentials import find_key

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

FIRST_NOTEBOOK = "00_start_here.ipynb"
WORKING_COPY = "lsnb-notebooks"
PACKAGE = Path(__file__).parents[1]

_DEMO_NOTE = "No key is set, so the notebooks use the embedded demo organization. For your own: LANGSMITH_API_KEY."


def run_lab(
    notebook_dir: Path | None = None, *, port: int = 0, browser: bool | None = None, extra: Sequence[str] = ()
) -> int:
    """Serve the notebooks until stopped, and first print the address with its token.

    Args:
        notebook_dir: The folder to open; by default the checkout's, or a working copy of the packaged notebooks.
        port: The port to listen on; 0 takes Jupyter's usual one, or the next that is free.
        browser: Whether to open a web browser; by default when there is a display to show it on.
        extra: Further arguments, given to JupyterLab as they are.

    Returns:
        The exit code: 0 once the server was stopped.

    Raises:
        MissingExtraError: JupyterLab is not installed.
        ConfigError: There is no such folder, or nothing to open in it.
    """
    try:
        from jupyterlab.labapp import LabApp
    except ImportError:
        raise MissingExtraError("jupyterlab", "lab", "open the notebooks") from None
    # A key that cannot be used is told here rather than in the first cell.
    key = find_key(None, os.environ)
    folder = find_notebooks(Path.cwd()) if notebook_dir is None else notebook_dir.resolve()
    if not folder.is_dir():
        raise ConfigError(f"There is no folder {folder} to open. Name one that holds notebooks.")
    opens_browser = has_display(sys.platform, os.environ) if browser is None else browser
    os.environ["JUPYTER_CONFIG_PATH"] = config_path(os.environ)
    server = LabApp.initialize_server(
        lab_arguments(folder, port=port, browser=opens_browser, is_root=is_root(), extra=extra)
    )
    # The server binds its port in the event loop; what is said there after that is true.
    note = "" if key else f"{_DEMO_NOTE}\n"
    text = f"JupyterLab serves {folder} at\n\n    {server.local_url}\n\n{note}Stop it with Ctrl-C."
    server.io_loop.add_callback(print, text, flush=True)
    server.start()
    return 0


def lab_arguments(folder: Path, *, port: int, browser: bool, is_root: bool, extra: Sequence[str]) -> list[str]:
    """Build JupyterLab's arguments; the caller's own come last, where they win."""
    start = f"/lab/tree/{FIRST_NOTEBOOK}" if (folder / FIRST_NOTEBOOK).is_file() else "/lab"
    arguments = [
        f"--ServerApp.root_dir={folder}",
        f"--LabApp.default_url={start}",
        "--ServerApp.answer_yes=True",  # one Ctrl-C is enough: outputs are in the notebooks, which save themselves
        "--ServerApp.log_level=WARN",
        # Nothing asks the outside for news or newer versions.
        "--LabApp.news_url=None",
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
    ]
    if port:
        arguments.append(f"--ServerApp.port={port}")
    if not browser:
        arguments.append("--no-browser")
    if is_root:
        arguments.append("--allow-root")
    return [*arguments, *extra]


def config_path(environ: Mapping[str, str]) -> str:
    """Put our defaults on Jupyter's path: no pop-up asks about news. What a person set themselves goes before it."""
    return os.pathsep.join(filter(None, [environ.get("JUPYTER_CONFIG_PATH"), str(PACKAGE / "cli" / "_jupyter")]))


def find_notebooks(working_dir: Path, *, package: Path = PACKAGE) -> Path:
    """Find the checkout's notebooks, or put a working copy of the packaged ones under `working_dir`.

    What is already in the working copy stays as it is: it may hold the reader's own work.

    Args:
        working_dir: Where a working copy goes.
        package: The installed package, to look inside and beside.

    Returns:
        The folder to open.

    Raises:
        ConfigError: Neither is there.
    """
    checkout = package.parent
    if (checkout / "pyproject.toml").is_file() and (checkout / "notebooks").is_dir():
        return checkout / "notebooks"
    packaged = sorted((package / "_notebooks").glob("*.ipynb"))
    if not packaged:
        raise ConfigError("This installation came without notebooks. Name a folder that holds some.")
    folder = working_dir / WORKING_COPY
    make_folder(folder)  # results and journals will lie in it
    for notebook in packaged:
        if not (folder / notebook.name).exists():
            write_atomically(folder / notebook.name, notebook.read_bytes(), ConfigError)
    return folder


def has_display(platform: str, environ: Mapping[str, str]) -> bool:
    """Say whether a browser window could be seen by whoever starts this."""
    if "SSH_CONNECTION" in environ:
        return False
    return platform in ("darwin", "win32") or bool(environ.get("DISPLAY") or environ.get("WAYLAND_DISPLAY"))


def is_root() -> bool:
    """Say whether this is the super-user, as in most containers; Jupyter wants to be told that it is meant."""
    return hasattr(os, "geteuid") and os.geteuid() == 0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `lsnb lab` to a parser; `run_options` takes what it read."""
    parser.add_argument("--notebooks", type=Path, metavar="DIR", help="folder to open (default: those of lsnb)")
    parser.add_argument("--port", type=int, default=0, help="port to listen on (default: 8888, or the next free one)")
    parser.add_argument("--no-browser", action="store_true", help="only print the address")
    parser.add_argument("extra", nargs="*", metavar="ARG", help="after --: further arguments for JupyterLab")


def run_options(options: argparse.Namespace) -> int:
    """Call `run_lab` as the parsed options say."""
    browser = False if options.no_browser else None
    return run_lab(options.notebooks, port=options.port, browser=browser, extra=options.extra)


def main(argv: Sequence[str] | None = None) -> int:
    """Run `python -m lsnb.cli.lab`."""
    parser = argparse.ArgumentParser(prog="lsnb lab", description="Open the notebooks in JupyterLab.")
    add_arguments(parser)
    try:
        return run_options(parser.parse_args(argv))
    except LsnbError as error:
        print(error, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
