"""The subcommands `whoami`, `snapshot` and `export`: they only read."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from lsnb.cli.common import (
    add_connection,
    add_force,
    add_json,
    check_folder,
    days,
    open_organization,
    print_json,
    print_text,
    say,
)
from lsnb.errors import ConfigError
from lsnb.files import check_output, remember_output
from lsnb.files.table_file import FORMATS, export_table
from lsnb.loader import DEFAULT_TABLES
from lsnb.sheets.kinds import FORMS, SHEET_KINDS
from lsnb.snapshot import Snapshot


def add_commands(commands: argparse._SubParsersAction[Any]) -> None:
    """Add the subcommands of this module."""
    whoami = commands.add_parser("whoami", help="what the key is and may do")
    add_connection(whoami)
    add_json(whoami)
    whoami.set_defaults(run=_run_whoami)

    snapshot = commands.add_parser("snapshot", help="read the organization into one file")
    snapshot.add_argument("-o", "--output", type=Path, required=True, metavar="FILE", help="such as 2026-11.lsnb")
    snapshot.add_argument("--tables", nargs="+", action="extend", metavar="TABLE", help="only these tables")
    snapshot.add_argument("--exclude", nargs="+", action="extend", default=[], metavar="TABLE", help="not these tables")
    snapshot.add_argument("--audit-days", type=days, default=7, metavar="N", help="length of the audit log (7)")
    snapshot.add_argument("--usage-days", type=days, default=30, metavar="N", help="length of the usage report (30)")
    add_connection(snapshot)
    add_json(snapshot)
    snapshot.set_defaults(run=_run_snapshot)

    export = commands.add_parser("export", help="write one table to a file")
    export.add_argument("table", metavar="TABLE", help=", ".join((*DEFAULT_TABLES, "completeness")))
    export.add_argument(
        "-o", "--output", type=Path, required=True, metavar="FILE", help=f"ending in {', '.join(FORMATS)}"
    )
    export.add_argument(
        "--sheet", action="store_true", help=f"the sheet for editing, .csv, .tsv or .xlsx: {', '.join(SHEET_KINDS)}"
    )
    export.add_argument("--audit-days", type=days, default=7, metavar="N", help="length of the audit log (7)")
    export.add_argument("--usage-days", type=days, default=30, metavar="N", help="length of the usage report (30)")
    add_force(export)
    add_connection(export)
    add_json(export)
    export.set_defaults(run=_run_export)


def _run_whoami(options: argparse.Namespace) -> int:
    with open_organization(options) as org:
        found = org.whoami()
    if options.json:
        print_json(found.to_dict())
    else:
        print_text(str(found) + "\n")
    return 0


def _run_snapshot(options: argparse.Namespace) -> int:
    check_folder(options.output)
    with open_organization(options) as org:
        snap = org.snapshot(
            tables=options.tables,
            exclude=options.exclude,
            audit_days=options.audit_days,
            usage_days=options.usage_days,
        )
    snap.save(options.output)
    if options.json:
        print_json({"file": str(options.output), **snap.facts(), "gaps": _gaps(snap)})
        return 0
    for name, value in snap.facts().items():
        shown = f"{value:,}" if isinstance(value, int) else value
        print_text(f"{name:<22}{shown}\n")
    print_text(f"{'file':<22}{options.output}\n")
    _say_gaps(snap, options.tables or DEFAULT_TABLES)
    return 0


def _run_export(options: argparse.Namespace) -> int:
    if options.sheet:
        return _export_sheet(options)
    if options.table not in (*DEFAULT_TABLES, "completeness"):
        raise ConfigError(f"there is no table {options.table!r}. There are: {', '.join(DEFAULT_TABLES)}, completeness.")
    if options.output.suffix.lower() not in FORMATS:
        raise ConfigError(f"{options.output.name!r} must end in {', '.join(FORMATS)}.")
    check_folder(options.output)
    # The table may have been edited as a sheet since it was exported.
    check_output(options.output, ConfigError, overwrite=options.force, spares_strangers=False)
    tables = None if options.table == "completeness" else [options.table]
    with open_organization(options) as org:
        snap = org.snapshot(tables=tables, audit_days=options.audit_days, usage_days=options.usage_days)
    frame = snap.table(options.table)
    export_table(frame, options.output, title=options.table)
    remember_output(options.output)
    if options.json:
        print_json({"file": str(options.output), "table": options.table, "rows": len(frame), "gaps": _gaps(snap)})
        return 0
    print_text(f"{options.table}: {len(frame):,} rows in {options.output}\n")
    _say_gaps(snap, [options.table])
    return 0


def _export_sheet(options: argparse.Namespace) -> int:
    """Write a sheet that can be edited and planned."""
    kind = next((kind for kind in SHEET_KINDS if kind == options.table), None)
    if kind is None:
        raise ConfigError(f"--sheet goes with {', '.join(SHEET_KINDS)}, not with {options.table!r}.")
    if options.output.suffix.lower() not in (".csv", ".tsv", ".xlsx"):
        raise ConfigError(f"{options.output.name!r} must end in .csv, .tsv or .xlsx.")
    check_folder(options.output)
    with open_organization(options) as org:
        snap = org.export_sheets(options.output, kind, overwrite=options.force)
    say(f"The {kind} sheet is in {options.output}. Edit it, then:  lsnb plan {options.output}")
    _say_gaps(snap, ["access", *FORMS[kind].tables])
    if options.json:
        print_json({"file": str(options.output), "gaps": _gaps(snap)})
    return 0


def _gaps(snap: Snapshot) -> list[dict[str, str]]:
    gaps = snap.gaps()
    gaps = gaps[gaps["status"] != "not-loaded"]
    return [
        {"table": str(row.table), "status": str(row.status), "reason": str(row.reason)} for row in gaps.itertuples()
    ]


def _say_gaps(snap: Snapshot, tables: list[str] | tuple[str, ...]) -> None:
    for gap in _gaps(snap):
        if gap["table"] in tables:
            say(f"Note: {gap['table']} is {gap['status']}: {gap['reason']}")
