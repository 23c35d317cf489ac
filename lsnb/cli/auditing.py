"""The subcommands `audit`, `who-can` and `explain`: what is wrong with access, and who can do what and why."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import pandas as pd

from lsnb.checks import SEVERITIES, run_checks
from lsnb.cli.common import (
    add_connection,
    add_json,
    check_folder,
    open_organization,
    print_json,
    print_table,
    printable,
    say,
)
from lsnb.errors import ConfigError
from lsnb.export import FORMATS, export_table, to_records
from lsnb.snapshot import Snapshot
from lsnb.store import load_snapshot

_NOTHING, _ALARMS = 0, 2
_SHOWN = ["severity", "id", "resource", "workspace", "reason"]


def add_commands(commands: argparse._SubParsersAction[Any]) -> None:
    """Add the subcommands of this module."""
    audit = commands.add_parser("audit", help="what is wrong with access, worst first")
    audit.add_argument("--snapshot", type=Path, metavar="FILE", help="judge this snapshot instead of reading anew")
    audit.add_argument(
        "--earlier", type=Path, metavar="FILE", help="a snapshot to compare with, such as the last review's"
    )
    audit.add_argument(
        "--roster", type=Path, metavar="FILE", help="CSV with the columns email and status (active, ended)"
    )
    audit.add_argument("--only", nargs="+", metavar="ID", help="only these checks, such as LS-ADM or LS-KEY-02")
    audit.add_argument("--audit-days", type=float, default=90, metavar="N", help="length of the audit log (90)")
    audit.add_argument(
        "--fail-on", choices=SEVERITIES, default="low", help="exit with 2 for alarms of this severity and worse (low)"
    )
    audit.add_argument("-o", "--output", type=Path, metavar="FILE", help=f"also write all rows: {', '.join(FORMATS)}")
    add_connection(audit)
    add_json(audit)
    audit.set_defaults(run=_run_audit)

    who_can = commands.add_parser("who-can", help="who has a permission")
    who_can.add_argument("permission", metavar="PERMISSION", help="such as runs:delete")
    who_can.add_argument("workspace", nargs="?", metavar="WORKSPACE", help="name or id; every workspace when left out")
    _add_reading(who_can)
    who_can.set_defaults(run=_run_who_can)

    explain = commands.add_parser("explain", help="whether a person has a permission, and why")
    explain.add_argument("person", metavar="EMAIL")
    explain.add_argument("permission", metavar="PERMISSION", help="such as runs:delete")
    explain.add_argument("workspace", nargs="?", metavar="WORKSPACE", help="name or id")
    _add_reading(explain)
    explain.set_defaults(run=_run_explain)


def _add_reading(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--snapshot", type=Path, metavar="FILE", help="look into this snapshot instead of reading anew")
    add_connection(parser)
    add_json(parser)


def _read(options: argparse.Namespace, *, tables: list[str] | None = None, audit_days: float = 0) -> Snapshot:
    if options.snapshot:
        return load_snapshot(options.snapshot)
    with open_organization(options) as org:
        return org.snapshot(tables=tables, audit_days=audit_days)


def _run_audit(options: argparse.Namespace) -> int:
    if options.output:
        if options.output.suffix.lower() not in FORMATS:
            raise ConfigError(f"{options.output.name!r} must end in {', '.join(FORMATS)}.")
        check_folder(options.output)
    earlier = load_snapshot(options.earlier) if options.earlier else None
    roster = _read_roster(options.roster) if options.roster else None
    snap = _read(options, audit_days=options.audit_days)
    findings = run_checks(snap, roster=roster, earlier=earlier, only=options.only)
    if options.output:
        export_table(findings, options.output, title="findings")
    alarms = findings[findings["status"] == "alarm"]
    if options.json:
        print_json(to_records(findings))
    else:
        print_table(alarms[_SHOWN])
        counts = findings.drop_duplicates(["id", "status"])["status"].value_counts()
        say(f"{len(alarms):,} alarms. Checks: " + ", ".join(f"{n} {status}" for status, n in counts.items()))
        for row in findings[findings["status"] == "error"].itertuples():
            say(f"Could not check {row.id}: {row.reason}")
    grave = SEVERITIES[: SEVERITIES.index(options.fail_on) + 1]
    return _ALARMS if alarms["severity"].isin(grave).any() else _NOTHING


def _read_roster(path: Path) -> pd.DataFrame:
    from lsnb.sheets import read_sheet

    return read_sheet(path)


def _run_who_can(options: argparse.Namespace) -> int:
    snap = _read(options, tables=["access", "permissions", "policies"])
    print_table(snap.who_can(options.permission, options.workspace), as_json=options.json)
    return _NOTHING


def _run_explain(options: argparse.Namespace) -> int:
    snap = _read(options, tables=["access", "permissions", "policies"])
    found = snap.explain(options.person, options.permission, options.workspace)
    if options.json:
        reasons = to_records(found.to_frame())
        print_json(
            {
                "person": found.person,
                "permission": found.permission,
                "workspace": found.workspace,
                "decision": found.decision,
                "reasons": reasons,
            }
        )
    else:
        sys.stdout.write(printable(str(found)) + "\n")
    return _NOTHING
