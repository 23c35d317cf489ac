"""The command `lsnb`: the same functions as in a notebook, for schedules and CI.

Exit codes: 0 fine, 1 error, 2 there is something to look at (changes, alarms, differences), 3 refused as unsafe, 64
wrong words after `lsnb`, 130 stopped.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

from lsnb import __version__
from lsnb.cli import auditing, changing, history, output, reading, serving
from lsnb.errors import (
    BusyOrganizationError,
    SpentPlanError,
    StalePlanError,
    UnconfirmedPlanError,
    UnsafePlanError,
)

__all__ = ["build_parser", "main"]

_GROUPS = (serving, reading, changing, auditing, history)
_REFUSED = (UnsafePlanError, StalePlanError, SpentPlanError, BusyOrganizationError, UnconfirmedPlanError)
_ERROR, _REFUSAL, _USAGE, _STOPPED = 1, 3, 64, 130


class UsageError(Exception):
    """The words after `lsnb` are not understood; the text says which, the attribute `usage` how it is written."""

    def __init__(self, message: str, *, usage: str, command: str) -> None:
        self.usage = usage
        self.command = command
        super().__init__(message)


class _Parser(argparse.ArgumentParser):
    """A parser whose errors are raised, so that they can be told in JSON too, and with a code of their own."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(message, usage=self.format_usage(), command=self.prog)


def build_parser() -> argparse.ArgumentParser:
    """Build the parser with every subcommand."""
    parser = _Parser(
        prog="lsnb",
        description="Audit and change who has access to what in a LangSmith organization.",
        epilog=(
            "Settings come from LANGSMITH_API_KEY, LANGSMITH_ENDPOINT, LANGSMITH_ORGANIZATION_ID and "
            "LANGSMITH_WORKSPACE_ID. Exit codes: 0 fine, 1 error, 2 something to look at, 3 refused as unsafe, "
            f"{_USAGE} wrong options, {_STOPPED} stopped."
        ),
    )
    parser.add_argument("--version", action="version", version=f"lsnb {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for group in _GROUPS:
        group.add_commands(commands)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command.

    Args:
        arguments: the words after `lsnb`; those of the process when None.

    Returns:
        The exit code.
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    with output.prepared():
        name = "lsnb"
        code = _ERROR
        try:
            options = build_parser().parse_args(words)
            name = f"lsnb {options.command}"
            code = options.run(_with_letters(options))
            output.finish()
        except SystemExit as end:  # --help and --version
            _finish()
            return end.code if isinstance(end.code, int) else 0
        except BaseException as error:
            code = _tell(error, name, as_json=_wants_json(words))
            _finish()
            if isinstance(error, GeneratorExit):
                raise
    return code


def _tell(error: BaseException, name: str, *, as_json: bool) -> int:
    """Say what went wrong, on standard error and where it is wanted as JSON, and give the exit code."""
    if isinstance(error, UsageError):
        code, message = _USAGE, str(error)
        output.tell(f"{error.usage}{error.command}: error: {message}")
    elif isinstance(error, KeyboardInterrupt):
        code, message = _STOPPED, "stopped."
        output.tell(f"\n{name}: {message}")
    elif isinstance(error, BrokenPipeError):
        output.silence()
        return _ERROR
    else:
        code = _REFUSAL if isinstance(error, _REFUSED) else _ERROR
        message = output.message_of(error)
        output.tell(f"{name}: {message}")
    if as_json and not isinstance(error, output.OutputError):
        output.put_error(error, message, code)
    return code


def _finish() -> None:
    try:
        output.finish()
    except output.OutputError:
        return


def _wants_json(words: Sequence[str]) -> bool:
    """Tell whether JSON was asked for, also where the words as a whole are not understood."""
    before = words[: words.index("--")] if "--" in words else words
    return any(len(word) > 3 and "--json".startswith(word) for word in before)


def _with_letters(options: argparse.Namespace) -> argparse.Namespace:
    """Read names in the words as UTF-8 where the locale could not; paths stay as the system gave them."""
    for name, value in vars(options).items():
        setattr(options, name, _lettered(value))
    return options


def _lettered(value: Any) -> Any:
    if isinstance(value, list):
        return [_lettered(item) for item in value]
    if not isinstance(value, str) or value.isprintable():
        return value
    try:
        return os.fsencode(value).decode("utf-8")
    except UnicodeError:
        return value
