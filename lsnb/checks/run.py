"""Runs the checks over a snapshot and puts what they find into one table."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace

import pandas as pd

from lsnb.checks.context import Context
from lsnb.checks.registry import CHECKS
from lsnb.checks.roster import read_roster
from lsnb.checks.spec import SEVERITIES, STATUSES, Check, Finding, alarm
from lsnb.errors import DiffError, TableError, UnknownNameError
from lsnb.policy import Policy
from lsnb.snapshot import Snapshot
from lsnb.tables.spec import DTYPES

#: How the resource of a check begins that could not be carried out to its end.
FAILED = "check:"
COLUMNS = ("id", "severity", "title", "status", "resource", "email", "workspace", "reason", "evidence", "fix")


def run_checks(
    snapshot: Snapshot,
    *,
    policy: Policy | None = None,
    roster: pd.DataFrame | None = None,
    earlier: Snapshot | None = None,
    tags: Mapping[str, Collection[str]] | None = None,
    campaigns: pd.DataFrame | None = None,
    only: Collection[str] | None = None,
) -> pd.DataFrame:
    """Run the checks and give what they found.

    Args:
        snapshot: the reading; its `read_at` is the time that everything is measured by.
        policy: thresholds and accepted exceptions; the defaults when None.
        roster: one row per employee, with `email` and `status` (`active`, `ended` or another word of the same meaning).
        earlier: an earlier reading, such as that of the last review.
        tags: the values of every tag key in use, for the checks of access policies; those of the snapshot when None.
        campaigns: one row per access review, with `campaign`, `closed_at` (UTC, empty while open) and `n_open`.
        only: ids of checks, or starts of them such as `LS-ADM`; every check when None.

    Returns:
        One row per finding, alarms first and then by severity. A check that found nothing has one row with status
        `ok`; one that could not read what it needs, or stumbled over a strange value, has `error` and the others go on;
        one that the plan makes pointless has `skip`, and what the data does not decide is `info`. The thresholds that a
        check went by stand in `evidence`. A waiver that has ended is an alarm, and one that matches nothing is info.

    Raises:
        TableError: the roster or the reviews lack a column, or the roster has rows that are not understood.
        UnknownNameError: `only` or a waiver names no check.
        DiffError: the earlier snapshot is of another organization.
    """
    found_by = collect_findings(
        snapshot, policy=policy, roster=roster, earlier=earlier, tags=tags, campaigns=campaigns, only=only
    )
    rows = [
        (c.id, c.severity, c.title, f.status, f.resource, f.email, f.workspace, f.reason, f.evidence or None, c.fix)
        for c, f in found_by
    ]
    found = pd.DataFrame(rows, columns=list(COLUMNS)).astype(DTYPES["text"])
    order = pd.DataFrame(
        {
            "status": found["status"].map({name: rank for rank, name in enumerate(STATUSES)}),
            "severity": found["severity"].map({name: rank for rank, name in enumerate(SEVERITIES)}),
            "id": found["id"],
            "resource": found["resource"],
            "workspace": found["workspace"],
        }
    ).sort_values(["status", "severity", "id", "resource", "workspace"], kind="stable")
    return found.loc[order.index].reset_index(drop=True)


def collect_findings(
    snapshot: Snapshot,
    *,
    policy: Policy | None = None,
    roster: pd.DataFrame | None = None,
    earlier: Snapshot | None = None,
    tags: Mapping[str, Collection[str]] | None = None,
    campaigns: pd.DataFrame | None = None,
    only: Collection[str] | None = None,
) -> list[tuple[Check, Finding]]:
    """Run the checks and give what they found as values, check by check; see `run_checks`."""
    _need_columns("campaigns", campaigns, ("campaign", "closed_at", "n_open"))
    _need_same_organization(snapshot, earlier)
    _need_known_waivers(policy)
    people = None if roster is None else read_roster(roster)
    known_tags = None if tags is None else {key: frozenset(values) for key, values in tags.items()}
    context = Context(
        snapshot, policy or Policy(), roster=people, earlier=earlier, tags=known_tags, campaigns=campaigns
    )
    return [(check, found) for check in choose_checks(only) for found in run_check(check, context)]


def _need_same_organization(snapshot: Snapshot, earlier: Snapshot | None) -> None:
    """Refuse another organization's reading: everybody would look new in it."""
    if earlier is None or earlier.meta.organization_id == snapshot.meta.organization_id:
        return
    here, there = snapshot.meta, earlier.meta
    raise DiffError(
        f"The earlier snapshot is of another organization: {there.organization} ({there.organization_id}) instead of "
        f"{here.organization} ({here.organization_id}). Give an earlier one of the same organization."
    )


def tables_of(only: Collection[str] | None = None) -> frozenset[str]:
    """Name the tables that checks look at, so that no more need be read; those of settings and people always.

    Raises:
        TableError: `only` names no check.
    """
    looked = {name for check in choose_checks(only) for name in (*check.needs, *check.also, *check.looks_at)}
    return frozenset(looked | {"settings", "members", "access"})


def run_check(check: Check, context: Context) -> list[Finding]:
    """Run one check; what stands in its way becomes its only finding.

    Args:
        check: the check.
        context: what it looks at.
    """
    hindrance = _hindrance(check, context)
    raw = [hindrance] if hindrance else _run_guarded(check, context)
    found = [_waive(check, _weigh(check, finding, context), context) for finding in raw]
    if not found:
        found = [_all_well(check, context)]
    found += _ended_waivers(check, context)
    found += _idle_waivers(check, raw, context)
    limits = "; ".join(f"{name}={_short(getattr(context.policy, name))}" for name in check.thresholds)
    if not limits:
        return found
    return [replace(f, evidence=f"{f.evidence} [{limits}]" if f.evidence else f"[{limits}]") for f in found]


def _run_guarded(check: Check, context: Context) -> list[Finding]:
    """Run a check; where it stumbles over a value that nobody expected, that is what it found, and the others go on.

    What it had found before stays found.
    """
    found: list[Finding] = []
    try:
        for finding in check.run(context):
            found.append(_plain(finding))  # what came before a failure is kept
    except Exception as error:  # one strange value must not cost the whole audit
        what = f"{type(error).__name__}: {error}"[:200]
        reason = f"Could not check: the check stopped at a value that it does not understand ({what})."
        found.append(Finding("error", f"{FAILED}{check.id}", reason))
    return found


def _plain(finding: Finding) -> Finding:
    """Leave out what is unknown: a row that the service sent broken has no address, workspace or id."""
    email, workspace = (value if isinstance(value, str) else None for value in (finding.email, finding.workspace))
    evidence = finding.evidence if isinstance(finding.evidence, str) else ""
    return replace(finding, email=email, workspace=workspace, evidence=evidence)


def _hindrance(check: Check, context: Context) -> Finding | None:
    """Say why a check cannot be run: the plan has no such feature, or a table could not be read."""
    if check.feature and context.setting(check.feature) is False:
        return Finding("skip", context.organization, f"The plan does not offer it ({check.feature} is false).")
    for table in check.needs:
        if not context.is_readable(table):
            status, reason = context.snapshot.status(table)
            if status == "unavailable":
                return Finding("skip", context.organization, f"Does not apply: {table} is not there: {reason}")
            return Finding("error", context.organization, f"Could not check: {table} could not be read: {reason}")
    return None


def _all_well(check: Check, context: Context) -> Finding:
    """Say that nothing was found, and never that all is well where not everything was read."""
    for table in (*check.needs, *check.also):
        status, reason = context.snapshot.status(table)
        if status not in ("complete", "unavailable"):
            return Finding("info", context.organization, f"Nothing found, but {table} was not wholly read: {reason}")
    if "permissions" in (*check.needs, *check.also) and context.is_readable("roles"):
        roles = context.frame("roles")
        silent = ", ".join(roles.loc[roles["n_permissions"].isna(), "role"].fillna("a role without a name"))
        if silent:
            reason = f"Nothing found, but the service does not tell what these roles grant: {silent}."
            return Finding("info", context.organization, reason)
    return Finding("ok", context.organization, "Nothing found.")


def _weigh(check: Check, finding: Finding, context: Context) -> Finding:
    """Make an alarm about something missing an info, where what it is missing from was not wholly read."""
    if finding.status != "alarm":
        return finding
    for table in check.absent_from:
        status, reason = context.snapshot.status(table)
        if status == "partial":
            return replace(
                finding,
                status="info",
                reason=f"{finding.reason} That is not certain, for {table} was not wholly read: {reason}",
            )
    return finding


def _waive(check: Check, finding: Finding, context: Context) -> Finding:
    """Make an alarm that somebody has accepted an info, and say so where the acceptance has ended."""
    if finding.status != "alarm":
        return finding
    for waiver in context.policy.waivers:
        if waiver.check != check.id or waiver.resource not in ("*", finding.resource):
            continue
        who = f"by {waiver.owner} until {waiver.last_day}: {waiver.reason}"
        if waiver.ends_at > context.now:
            return replace(finding, status="info", reason=f"{finding.reason} Accepted {who}")
        return replace(finding, reason=f"{finding.reason} The acceptance has ended ({who})")
    return finding


def _ended_waivers(check: Check, context: Context) -> list[Finding]:
    """Report every acceptance that has ended: somebody must renew it, or repair what it was about."""
    return [
        alarm(
            f"waiver:{waiver.resource}",
            f"The acceptance by {waiver.owner} ended on {waiver.last_day} and was not renewed: {waiver.reason}",
        )
        for waiver in context.policy.waivers
        if waiver.check == check.id and waiver.ends_at <= context.now
    ]


def _idle_waivers(check: Check, found: list[Finding], context: Context) -> list[Finding]:
    """Report every acceptance that holds and accepts nothing: a slip of the pen, or what is repaired by now."""
    if any(finding.status in ("error", "skip") for finding in found):
        return []  # what was not checked may still be there
    seen = [finding.resource for finding in found if finding.status in ("alarm", "info")]
    idle = []
    for waiver in context.policy.waivers:
        if waiver.check != check.id or waiver.ends_at <= context.now:
            continue
        if waiver.resource in seen or (waiver.resource == "*" and seen):
            continue
        near = difflib.get_close_matches(waiver.resource, list(dict.fromkeys(seen)), n=1, cutoff=0.6)
        hint = f" The nearest finding is about {near[0]!r}." if near else ""
        idle.append(
            Finding(
                "info",
                f"waiver:{waiver.resource}",
                f"The acceptance by {waiver.owner} until {waiver.last_day} matches nothing that this check found.{hint} "
                "Correct it, or take it out.",
            )
        )
    return idle


def _need_known_waivers(policy: Policy | None) -> None:
    """Refuse waivers of checks that are not there: what they were to accept alarms, or they accept nothing."""
    for waiver in policy.waivers if policy else ():
        if waiver.check not in CHECKS:
            near = difflib.get_close_matches(waiver.check.upper(), CHECKS, n=3, cutoff=0.6)
            hint = f" Did you mean {' or '.join(map(repr, near))}?" if near else ""
            raise UnknownNameError(
                f"A waiver by {waiver.owner} names the check {waiver.check!r}, and there is no such check.{hint}",
                name=waiver.check,
                nearest=near,
            )


def choose_checks(only: Collection[str] | None) -> Iterator[Check]:
    """Give the checks with these ids, or starts of ids; all when None.

    Raises:
        UnknownNameError: there is no such check.
    """
    if only is None:
        yield from CHECKS.values()
        return
    given = [only] if isinstance(only, str) else [str(start) for start in only]
    if not given:
        raise UnknownNameError("No check is named, and an audit of nothing would look like a clean one.", name="")
    wanted = [start.strip().upper() for start in given]
    for start, text in zip(wanted, given, strict=True):
        if not start or not any(name.upper().startswith(start) for name in CHECKS):
            near = difflib.get_close_matches(start, CHECKS, n=3, cutoff=0.6)
            hint = f" Did you mean {' or '.join(map(repr, near))}?" if near else ""
            raise UnknownNameError(
                f"There is no check {text!r}.{hint} The checks are: {', '.join(CHECKS)}.", name=text, nearest=near
            )
    yield from (check for name, check in CHECKS.items() if name.upper().startswith(tuple(wanted)))


def _need_columns(what: str, frame: pd.DataFrame | None, columns: tuple[str, ...]) -> None:
    missing = [name for name in columns if frame is not None and name not in frame.columns]
    if missing:
        raise TableError(f"The {what} needs the columns {', '.join(columns)}; missing: {', '.join(missing)}.")


def _short(value: object) -> str:
    """Write a threshold, and of a list how long it is."""
    if isinstance(value, Mapping) or (isinstance(value, tuple) and len(value) > 2):
        return f"{len(value)} entries"
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)
