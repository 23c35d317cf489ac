"""What the subcommands share: the options for a connection, and how tables are printed."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd

from lsnb.cli.output import put, put_json, tell
from lsnb.errors import ConfigError
from lsnb.errors.safe_text import marked
from lsnb.files import check_place
from lsnb.files.table_file import to_records
from lsnb.organization import Organization
from lsnb.report.text_table import frame_to_text
from lsnb.service.config import has_key
from lsnb.service.connection import connect, connect_demo
from lsnb.service.credentials import keyring_trouble

#: A thousand years: no log goes back further, and no time that can be counted is further away.
_MOST_DAYS = 365_000


def add_connection(parser: argparse.ArgumentParser) -> None:
    """Add the options that say which organization is meant; a key is never one of them, since commands are seen."""
    group = parser.add_argument_group("connection")
    group.add_argument("--endpoint", metavar="URL", help="region (us, eu, apac, aws) or address; LANGSMITH_ENDPOINT")
    group.add_argument("--organization-id", metavar="ID", help="LANGSMITH_ORGANIZATION_ID")
    group.add_argument("--workspace-id", metavar="ID", help="LANGSMITH_WORKSPACE_ID")
    group.add_argument("--demo", action="store_true", help="use the embedded demo organization")


def add_policy(parser: argparse.ArgumentParser) -> None:
    """Add the option for the policy that plans and runs are held to."""
    parser.add_argument(
        "--policy",
        metavar="FILE",
        help="hold it to this policy, or to none; else LSNB_POLICY, lsnb-policy.toml here, or the organization's own",
    )


def days(text: str) -> float:
    """Read a number of days, or of hours, from the words of the command: 0 or more, and less than centuries.

    Raises:
        argparse.ArgumentTypeError: it is none.
    """
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0 <= number <= _MOST_DAYS:
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 0 to {_MOST_DAYS:,}")
    return number


def whole(least: int, most: int) -> Callable[[str], int]:
    """Make what reads a whole number from the words of the command; anything else is a usage error with the limits.

    Args:
        least: the least that makes sense.
        most: the most.
    """

    def read(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            value = least - 1
        if not least <= value <= most:
            raise argparse.ArgumentTypeError(f"{text!r} is no whole number from {least:,} to {most:,}")
        return value

    return read


def add_json(parser: argparse.ArgumentParser) -> None:
    """Add the option for one JSON document on standard output."""
    parser.add_argument("--json", action="store_true", help="print one JSON document and nothing else")


def add_force(parser: argparse.ArgumentParser) -> None:
    """Add the option that lets files be replaced that somebody may have edited."""
    parser.add_argument("--force", action="store_true", help="replace files that were edited, or are not of lsnb")


def open_organization(options: argparse.Namespace) -> Organization:
    """Connect as the options say.

    Without a key a notebook gets the demo organization, and a command does not: a nightly export of invented people
    would look like a success.

    Raises:
        ConfigError: there is no key, and no `--demo`.
    """
    policy = getattr(options, "policy", None)
    if options.demo:
        return connect_demo(quiet=True, policy=policy)
    if not has_key(endpoint=options.endpoint):
        trouble = keyring_trouble()
        raise ConfigError(
            f"no key was found{f', and {trouble}' if trouble else ''}. Set LANGSMITH_API_KEY (and LANGSMITH_ENDPOINT outside the US cloud), or try the "
            "embedded demo organization with --demo."
        )
    return connect(
        endpoint=options.endpoint,
        organization_id=options.organization_id,
        workspace_id=options.workspace_id,
        policy=policy,
    )


def check_folder(path: Path) -> None:
    """Find out before a long reading, or before anything is changed, that its result could not be written.

    Raises:
        ConfigError: the folder does not exist, or the file cannot be written there.
    """
    if not path.absolute().parent.is_dir():
        raise ConfigError(f"the folder {str(path.parent)!r} does not exist. Make it first.")
    check_place(path, ConfigError)


def print_json(data: Any) -> None:
    """Print one JSON document."""
    put_json(data)


def print_text(text: str) -> None:
    """Print text for a person."""
    put(text)


def print_table(frame: pd.DataFrame, *, as_json: bool = False) -> None:
    """Print a table, or the same as JSON records."""
    if as_json:
        print_json(to_records(frame))
    elif frame.empty:
        put("(no rows)\n")
    else:
        put(frame_to_text(frame) + "\n")


def say(text: str) -> None:
    """Write a line for the person who watches, apart from the output."""
    tell(text)


def printable(text: str) -> str:
    """Take out what would steer the terminal; names come from strangers."""
    return marked(text)
