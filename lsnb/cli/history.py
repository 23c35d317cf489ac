"""The subcommands `diff` and `log`: what changed and who did it, and the audit log kept in a folder."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import pandas as pd

from lsnb.analysis.compare import Diff, diff
from lsnb.cli.common import add_connection, add_json, check_folder, open_organization, print_json, print_text, say
from lsnb.errors import ConfigError
from lsnb.files import write_atomically
from lsnb.files.log import LogStore, read_log, sync_log
from lsnb.files.log.sync import RETENTION
from lsnb.files.snapshot_file import load_snapshot
from lsnb.snapshot import Snapshot

_MOST_HOURS = 100_000
_SAME, _DIFFERENT = 0, 2
_ENDINGS = (".html", ".md", ".json", ".csv", ".txt")


def add_commands(commands: argparse._SubParsersAction[Any]) -> None:
    """Add the subcommands of this module."""
    compare = commands.add_parser("diff", help="what changed between two snapshots, and who did it")
    compare.add_argument("before", type=Path, metavar="A", help="a snapshot file")
    compare.add_argument(
        "after", type=Path, nargs="?", metavar="B", help="a later one; the organization now, when left out"
    )
    compare.add_argument("--log", type=Path, metavar="DIR", help="a kept audit log, beside those in the snapshots")
    compare.add_argument(
        "--names",
        type=Path,
        nargs="+",
        action="extend",
        default=[],
        metavar="FILE",
        help="further snapshots that know names of actors",
    )
    compare.add_argument("-o", "--output", type=Path, metavar="FILE", help=f"also write it: {', '.join(_ENDINGS)}")
    add_connection(compare)
    add_json(compare)
    compare.set_defaults(run=_run_diff)

    log = commands.add_parser("log", help="the audit log, kept in a folder")
    actions = log.add_subparsers(dest="action", metavar="ACTION", required=True)
    sync = actions.add_parser("sync", help="bring a folder up to date: Parquet files by day, only what is new is read")
    sync.add_argument("directory", type=Path, metavar="DIR")
    sync.add_argument("--since", metavar="TIME", help="how far back it is to reach, UTC (all that the service keeps)")
    sync.add_argument("--until", metavar="TIME", help="how far it is to be read, UTC (now)")
    sync.add_argument(
        "--overlap-hours", type=float, default=6, metavar="N", help="how long events may take to show up (6)"
    )
    add_connection(sync)
    add_json(sync)
    sync.set_defaults(run=_run_sync)


def _run_sync(options: argparse.Namespace) -> int:
    if not 0 <= options.overlap_hours <= _MOST_HOURS:
        raise ConfigError(f"--overlap-hours must not be negative, and at most {_MOST_HOURS:,}.")
    with open_organization(options) as org:
        result = sync_log(
            org,
            options.directory,
            since=options.since,
            until=options.until,
            overlap=pd.Timedelta(hours=options.overlap_hours),
        )
    if options.json:
        print_json(result.to_dict())
    else:
        print_text(str(result) + "\n")
    return 0


def _run_diff(options: argparse.Namespace) -> int:
    if options.output:
        if options.output.suffix.lower() not in _ENDINGS:
            raise ConfigError(f"{options.output.name!r} must end in {', '.join(_ENDINGS)}.")
        check_folder(options.output)
    before = load_snapshot(options.before)
    log = _kept_log(options.log, before) if options.log else None
    names = [load_snapshot(path) for path in options.names]
    after = load_snapshot(options.after) if options.after else _read_now(options, before)
    found = diff(before, after, log, snapshots=names)
    if options.output:
        _write(found, options.output)
    if options.json:
        print_json(found.to_json())
    else:
        print_text(found.to_text())
    return _DIFFERENT if found else _SAME


def _kept_log(directory: Path, before: Snapshot) -> pd.DataFrame:
    known = LogStore(directory).read_state().get("organization_id")
    if known and known != before.meta.organization_id:
        raise ConfigError(
            f"{str(directory)!r} keeps the log of another organization than {str(before.meta.organization)!r}."
        )
    # The day before, since tables are read some time before a snapshot is done.
    return read_log(directory, since=before.meta.read_at - pd.Timedelta(days=1))


def _read_now(options: argparse.Namespace, before: Snapshot) -> Snapshot:
    """Read the organization, with as much of its log as lies after the snapshot."""
    age = pd.Timestamp.now("UTC") - before.meta.read_at
    days = min(max(age, pd.Timedelta(0)) + pd.Timedelta(hours=1), RETENTION) / pd.Timedelta(days=1)
    tables = [name for name in before.table_names if name not in ("completeness", "usage", "audit_log")]
    with open_organization(options) as org:
        say("Reading the organization as it is now.")
        return org.snapshot(tables=[*tables, "audit_log"], audit_days=days)


def _write(found: Diff, path: Path) -> None:
    ending = path.suffix.lower()
    if ending == ".html":
        content = found.to_html(page=True, limit=None)
    elif ending == ".md":
        content = found.to_markdown(limit=None)
    elif ending == ".json":
        content = json.dumps(found.to_json(), indent=1, ensure_ascii=False) + "\n"
    elif ending == ".csv":
        content = found.to_csv()
    else:
        content = found.to_text(limit=None)
    write_atomically(path, content.encode(), ConfigError)
