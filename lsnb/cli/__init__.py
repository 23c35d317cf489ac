"""The command `lsnb`: the same functions as in a notebook, for schedules and CI.

Exit codes: 0 fine, 1 error, 2 there is something to look at (changes, alarms, differences), 3 refused as unsafe.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from lsnb import __version__
from lsnb.cli import auditing, changing, history, reading, serving
from lsnb.errors import LsnbError, SpentPlanError, StalePlanError, UnconfirmedPlanError, UnsafePlanError

__all__ = ["build_parser", "main"]

_GROUPS = (serving, reading, changing, auditing, history)
_REFUSED = (UnsafePlanError, StalePlanError, SpentPlanError, UnconfirmedPlanError)


def build_parser() -> argparse.ArgumentParser:
    """Build the parser with every subcommand."""
    parser = argparse.ArgumentParser(
        prog="lsnb",
        description="Audit and change who has access to what in a LangSmith organization.",
        epilog=(
            "Settings come from LANGSMITH_API_KEY, LANGSMITH_ENDPOINT, LANGSMITH_ORGANIZATION_ID and "
            "LANGSMITH_WORKSPACE_ID. Exit codes: 0 fine, 1 error, 2 something to look at, 3 refused as unsafe."
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
    options = build_parser().parse_args(arguments)
    try:
        code: int = options.run(options)
    except LsnbError as error:
        sys.stderr.write(f"lsnb {options.command}: {error}\n")
        return 3 if isinstance(error, _REFUSED) else 1
    except KeyboardInterrupt:
        sys.stderr.write(f"\nlsnb {options.command}: stopped.\n")
        return 130
    except BrokenPipeError:
        # The reader of a pipe, such as head, has gone; there is nobody left to tell.
        sys.stderr.close()
        return 1
    return code
