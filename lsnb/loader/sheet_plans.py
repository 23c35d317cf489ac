"""From whatever sheets somebody brings to a plan: read what they are about, check them, plan."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

from lsnb.checks.policy_gate import TABLES as GATE_TABLES
from lsnb.checks.policy_gate import apply_gate
from lsnb.errors import TableError, UnsafePlanError
from lsnb.files import check_output
from lsnb.files.policy_file import PolicyInForce
from lsnb.files.sheets import SheetSources, gather_sheets, write_sheets
from lsnb.loader.sources import utc_now
from lsnb.plan import Mode, Plan, RuleResult, Rules, ServerFeatures, rules_under, seal
from lsnb.plan.kinds import kind_of
from lsnb.plan.model import Change
from lsnb.plan.protection import is_protected
from lsnb.plan.sheets import NamedSheet, SheetSet, plan_set, read_set
from lsnb.service.capabilities import can_revoke_tokens
from lsnb.sheets import Edits
from lsnb.sheets.kinds import FORMS
from lsnb.sheets.requests import SheetKind
from lsnb.sheets.text_normalize import fold, text_column
from lsnb.snapshot import Snapshot

if TYPE_CHECKING:
    from lsnb.service.api import Api

Read = Callable[[Iterable[str]], Snapshot]
Sheets = Mapping[SheetKind, NamedSheet | Edits]


def tables_for(sheets: Sheets) -> tuple[str, ...]:
    """List the tables that must be read to check and plan sheets; `access` brings people, roles and workspaces."""
    needed = dict.fromkeys(["access"])
    for kind, sheet in sheets.items():
        needed |= dict.fromkeys(FORMS[kind].tables)
        if kind == "workspaces" and _asks_to_unshare(sheet):
            needed["shared_links"] = None  # one list per workspace, so only where their number is of use
    return tuple(needed)


def _asks_to_unshare(sheet: NamedSheet | Edits) -> bool:
    if isinstance(sheet, Edits):
        return False
    actions = [index for index, name in enumerate(sheet.frame.columns) if fold(str(name)) == "action"]
    return any("unshare" in {fold(text) for text in text_column(sheet.frame.iloc[:, index])} for index in actions)


def check_sheets(brought: SheetSources, read: Read, *, snapshot: Snapshot | None = None) -> SheetSet:
    """Check sheets against the organization, without planning anything.

    Args:
        brought: what `lsnb.files.sheets.gather_sheets` takes.
        read: reads the tables of these names.
        snapshot: the reading to check against; the organization is read anew when None.

    Raises:
        TableError: a file cannot be read as a sheet.
        UnreadableTableError: a table that a sheet is about could not be read.
        PlanError: the organization's plan does not offer what a sheet is about.
    """
    sheets = gather_sheets(brought)
    return read_set(snapshot if snapshot is not None else read(tables_for(sheets)), sheets)


def plan_sheets(
    api: Api,
    sheets: SheetSet,
    *,
    mode: Mode = "update",
    scope: str | Sequence[str] = (),
    rules: Rules | None = None,
    allow: Mapping[str, str] | None = None,
) -> Plan:
    """Make one plan of sheets that were checked, and ask what the server offers where that matters.

    Raises:
        TableError: a sheet has problems.
        PlanError: a plan cannot be made.
    """
    sheets.require_clean()
    return plan_set(
        sheets,
        mode=mode,
        scope=scope,
        rules=rules or Rules(),
        allow=allow,
        created_at=utc_now().isoformat(),
        nonce=uuid4().hex,
        server=_server_features(api, sheets),
    )


def _server_features(api: Api, sheets: SheetSet) -> ServerFeatures:
    """Find out what the server offers, with reads alone and only where the plan depends on it."""
    features = {need.feature for change in sheets.changes if (need := kind_of(change).needs) is not None}
    roles = sheets.snapshot.roles if sheets.snapshot.is_readable("roles") else None
    offers = api.transport.offers
    return ServerFeatures(
        can_patch_pending=offers.get("pending_patch"),
        can_patch_keys=offers.get("service_key_patch"),
        can_revoke_tokens=can_revoke_tokens(api) if "can_revoke_tokens" in features else None,
        seems_newer=roles is not None and bool(roles["is_restricted"].notna().any()),
    )


def hold_to(plan: Plan, held_to: PolicyInForce, snapshot: Snapshot, read: Read) -> Plan:
    """Hold a plan to the policy in force, and note in the plan which one that was.

    Args:
        plan: the plan, made by the rules under that policy.
        held_to: the policy in force.
        snapshot: what the plan was made from.
        read: reads the tables of these names; a plan is made from little, and a policy looks at more.
    """
    if held_to.policy is None:
        if not held_to.set_aside or not plan.changes:
            return plan
        said = f"The plan is not held to the policy {held_to.set_aside}, which was {held_to.source}."
        return seal(replace(plan, warnings=(*plan.warnings, RuleResult("policy-off", said))))
    named = seal(replace(plan, policy=held_to.name, policy_digest=held_to.digest))
    if not plan.changes:
        return named
    has_all = all(snapshot.status(name)[0] != "not-loaded" for name in GATE_TABLES)
    return apply_gate(named, snapshot if has_all else read(GATE_TABLES), held_to.policy)


def gate_of(
    plan: Plan, held_to: PolicyInForce, read: Read
) -> Callable[[Sequence[Change]], Iterable[RuleResult]] | None:
    """Give what holds a plan to the policy once more, on what is there as it is carried out; None where none is in force.

    Args:
        plan: the plan, which was held to this policy when it was made.
        held_to: the policy in force.
        read: reads the tables of these names anew.
    """
    if held_to.policy is None or "policy" in plan.allowed:
        return None

    def refusals(changes: Sequence[Change]) -> Iterable[RuleResult]:
        left = replace(plan, changes=tuple(changes), refusals=())
        return apply_gate(left, read(GATE_TABLES), held_to.policy).refusals

    return refusals


def check_held_to(plan: Plan, held_to: PolicyInForce) -> None:
    """Make sure that a plan was held to the policy in force; where none is at hand, what the plan says of it holds.

    Raises:
        UnsafePlanError: it was held to none, or to another one.
    """
    if held_to.policy is None or plan.policy_digest == held_to.digest or "policy" in plan.allowed or plan.is_empty:
        return
    was = f"another policy, or an earlier state of it ({plan.policy})" if plan.policy else "no policy"
    rules = rules_under(held_to.policy)
    touched = sorted({c.email for c in plan.changes if c.email and is_protected(c.email, rules)})
    reason = (
        f"policy: the plan was held to {was}, and {held_to} is in force here. Make the plan again under it; or name the one "
        "to go by, as in connect(policy=...) or --policy."
    )
    reasons = [reason]
    if touched:
        reasons.append(f"protected: {', '.join(touched)} must never be touched, and the plan would.")
    raise UnsafePlanError("\n- ".join(["The plan is refused, and nothing was changed:", *reasons]), reasons=reasons)


def export_sheets(
    path: str | os.PathLike[str], kinds: Sequence[SheetKind], read: Read, *, overwrite: bool = False
) -> Snapshot:
    """Write sheets of what is there for editing, and give the reading that they were made from.

    Raises:
        TableError: the file cannot be written, or is there already and was edited.
        UnreadableTableError: a table could not be read.
    """
    check_output(Path(path), TableError, overwrite=overwrite)
    needed = dict.fromkeys(["access", *(table for kind in kinds for table in FORMS[kind].tables)])
    snapshot = read(tuple(needed))
    write_sheets(snapshot, path, kinds, overwrite=overwrite)
    return snapshot
