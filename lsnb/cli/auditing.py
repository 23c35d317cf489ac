"""The subcommands `audit`, `policy`, `who-can` and `explain`: what is wrong with access, and who can do what and why."""

from __future__ import annotations

import argparse
import os
import shutil
from pathlib import Path
from typing import Any

from lsnb.checks import FAILED, SEVERITIES, run_checks, tables_of
from lsnb.checks.remediation import Fixes, fixes
from lsnb.cli.common import (
    add_connection,
    add_json,
    check_folder,
    days,
    open_organization,
    print_json,
    print_table,
    print_text,
    say,
)
from lsnb.errors import ConfigError
from lsnb.files import make_folder, write_atomically
from lsnb.files.audit_file import ENDINGS, save_audit
from lsnb.files.policy_file import PolicyInForce, check_policy, find_policy
from lsnb.files.sheets import read_sheet
from lsnb.files.snapshot_file import load_snapshot
from lsnb.files.table_file import export_table, to_csv, to_records
from lsnb.loader import DEFAULT_TABLES
from lsnb.policy import Policy, policy_template, policy_to_rows
from lsnb.report.audit_text import audit_to_text
from lsnb.service.config import ORGANIZATION_VARIABLE
from lsnb.snapshot import Snapshot

_NOTHING, _PROBLEMS, _ALARMS = 0, 1, 2
#: What a question about rights looks at; the catalogue for permissions that nobody holds.
_QUESTION_TABLES = ("access", "permissions", "permission_catalogue", "policies", "settings")


def add_commands(commands: argparse._SubParsersAction[Any]) -> None:
    """Add the subcommands of this module."""
    audit = commands.add_parser("audit", help="what is wrong with access, worst first")
    audit.add_argument("--snapshot", type=Path, metavar="FILE", help="judge this snapshot instead of reading anew")
    audit.add_argument(
        "--earlier", type=Path, metavar="FILE", help="a snapshot to compare with, such as the last review's"
    )
    audit.add_argument(
        "--roster", type=Path, metavar="FILE", help="sheet with the columns email and status (active, ended)"
    )
    audit.add_argument(
        "--only", nargs="+", action="extend", metavar="ID", help="only these checks, such as LS-ADM or LS-KEY-02"
    )
    audit.add_argument(
        "--policy", metavar="FILE", help="thresholds, exceptions and waivers (lsnb policy); else the one that is found"
    )
    audit.add_argument(
        "--log-days",
        "--audit-days",
        type=days,
        metavar="N",
        help="how much of the audit log is read, where a check needs it (what the policy says, 400)",
    )
    audit.add_argument(
        "--fail-on", choices=SEVERITIES, default="low", help="exit with 2 for alarms of this severity and worse (low)"
    )
    audit.add_argument("-o", "--output", type=Path, metavar="FILE", help=f"also write a report: {', '.join(ENDINGS)}")
    audit.add_argument("--fixes", type=Path, metavar="DIR", help="also write the sheets that would repair what can be")
    add_connection(audit)
    add_json(audit)
    audit.set_defaults(run=_run_audit)

    policy = commands.add_parser("policy", help="write a policy to start from, or check one")
    parts = policy.add_subparsers(dest="part", metavar="init|check", required=True)
    init = parts.add_parser("init", help="write a policy with the defaults and what each entry means")
    init.add_argument("-o", "--output", type=Path, metavar="FILE", help="a .toml or .csv file; printed when left out")
    init.set_defaults(run=_run_policy_init)
    check = parts.add_parser("check", help="list everything that is wrong with a policy")
    check.add_argument("file", type=Path, metavar="FILE")
    add_json(check)
    check.set_defaults(run=_run_policy_check)

    who_can = commands.add_parser("who-can", help="who has a permission: people, service keys and tokens")
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


def _read(options: argparse.Namespace, *, tables: list[str]) -> Snapshot:
    if options.snapshot:
        return load_snapshot(options.snapshot)
    with open_organization(options) as org:
        return org.snapshot(tables=tables, audit_days=0)


def _run_audit(options: argparse.Namespace) -> int:
    if options.output:
        if options.output.suffix.lower() not in ENDINGS:
            raise ConfigError(f"{options.output.name!r} must end in {', '.join(ENDINGS)}.")
        check_folder(options.output)
    held_to = _policy_of(options)
    policy = held_to.policy or Policy()
    earlier = load_snapshot(options.earlier) if options.earlier else None
    roster = read_sheet(options.roster) if options.roster else None
    snap = _read_for_audit(options, policy)
    findings = run_checks(snap, policy=policy, roster=roster, earlier=earlier, only=options.only)
    if options.output:
        save_audit(findings, options.output, snapshot=snap)
    if options.fixes:
        _write_fixes(fixes(findings, snap, policy), options.fixes)
    alarms = findings[findings["status"] == "alarm"]
    if options.json:
        print_json(to_records(findings))
    else:
        width = shutil.get_terminal_size((100, 24)).columns
        print_text(audit_to_text(findings, snap, width=min(width, 120)))
        for row in findings[findings["status"] == "error"].itertuples():
            say(f"Could not check {row.id}: {row.reason}")
    stopped = findings["resource"].fillna("").str.startswith(FAILED) & (findings["status"] == "error")
    if stopped.any():
        # A check that came to no end is something to look at, whatever its severity.
        return _ALARMS
    grave = SEVERITIES[: SEVERITIES.index(options.fail_on) + 1]
    return _ALARMS if alarms["severity"].isin(grave).any() else _NOTHING


def _policy_of(options: argparse.Namespace) -> PolicyInForce:
    """Find the policy, as plans do, and say which one it is."""
    saved = load_snapshot(options.snapshot).meta.organization_id if options.snapshot else ""
    id_ = saved or options.organization_id or os.environ.get(ORGANIZATION_VARIABLE, "")
    held_to = find_policy(options.policy, organization_id=lambda: id_)
    if held_to.name:
        say(f"policy: {held_to}")
    return held_to


def _read_for_audit(options: argparse.Namespace, policy: Policy) -> Snapshot:
    """Read what the chosen checks look at, and no more; the log only where one of them needs it."""
    wanted = tables_of(options.only)
    if options.snapshot:
        return load_snapshot(options.snapshot)
    log_days = policy.log_days if options.log_days is None else options.log_days
    with open_organization(options) as org:
        return org.snapshot(
            tables=sorted(wanted & set(DEFAULT_TABLES)),
            audit_days=log_days if "audit_log" in wanted else 0,
            usage_days=max(policy.member_dormant_days, policy.admin_dormant_days),
        )


def _write_fixes(found: Fixes, folder: Path) -> None:
    """Write the sheets of a repair, and what is left to people, into a folder."""
    try:
        make_folder(folder)
    except OSError as error:
        raise ConfigError(f"the folder {str(folder)!r} cannot be made: {error.strerror}.") from None
    sheets = [export_table(sheet, folder / f"{kind}.csv", title=kind) for kind, sheet in found.items()]
    export_table(found.by_hand, folder / "by-hand.csv", title="by hand")
    names = " ".join(str(path) for path in sheets)
    say(
        f"Repairs: {f'lsnb plan {names}' if names else 'no sheet'}; {len(found.by_hand):,} left to people in by-hand.csv"
    )


def _run_policy_init(options: argparse.Namespace) -> int:
    if options.output is None:
        print_text(policy_template())
        return _NOTHING
    ending = options.output.suffix.lower()
    if ending not in (".toml", ".csv"):
        raise ConfigError(f"{options.output.name!r} must end in .toml or .csv.")
    check_folder(options.output)
    if options.output.exists():
        raise ConfigError(f"{str(options.output)!r} is there already. Name another file, or move it away first.")
    content = policy_template().encode() if ending == ".toml" else to_csv(policy_to_rows(Policy()))
    write_atomically(options.output, content, ConfigError)
    say(f"Wrote {options.output}. Change it, and look it through with: lsnb policy check {options.output}")
    return _NOTHING


def _run_policy_check(options: argparse.Namespace) -> int:
    _, problems = check_policy(options.file)
    if options.json:
        print_json(to_records(problems))
    elif len(problems):
        print_table(problems)
    else:
        say(f"{options.file.name} is a policy without problems.")
    return _PROBLEMS if len(problems) else _NOTHING


def _run_who_can(options: argparse.Namespace) -> int:
    snap = _read(options, tables=[*_QUESTION_TABLES, "service_keys", "access_tokens"])
    found = snap.who_can(options.permission, options.workspace)
    print_table(found, as_json=options.json)
    for text in found.attrs["unevaluated"]:
        say(f"Note: {text}")
    return _NOTHING


def _run_explain(options: argparse.Namespace) -> int:
    snap = _read(options, tables=[*_QUESTION_TABLES])
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
                "unevaluated": list(found.unevaluated),
            }
        )
    else:
        print_text(str(found) + "\n")
    return _NOTHING
