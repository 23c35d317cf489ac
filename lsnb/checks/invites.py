"""Checks of open invitations."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lsnb.checks.context import Context, rows_of, text
from lsnb.checks.spec import Finding, alarm, check
from lsnb.tables import builtin_roles

_POWERFUL = (builtin_roles.ORGANIZATION_ADMIN, builtin_roles.ORGANIZATION_OPERATOR)


@check(
    "LS-INV-01",
    "No stale invitation",
    severity="medium",
    why="An open door for an address nobody watches.",
    fix="Cancel the invitation, and invite again when it is wanted.",
    supports="S CC6.2 · I A.5.18 · N AC-2",
    needs=("invites",),
    thresholds=("invite_days",),
)
def find_stale(context: Context) -> Iterator[Finding]:
    """Alarm for every invitation that waits for more than `invite_days`; info where the server gives no date."""
    for row in rows_of(context.frame("invites")):
        days = context.days_since(row.created_at)
        if days == float("inf"):
            yield _about(row, "When the invitation was made is not known.", is_info=True)
        elif days > context.policy.invite_days:
            yield _about(row, f"Pending for {days:.0f} days, the limit is {context.policy.invite_days}.")


@check(
    "LS-INV-02",
    "No pending invitation to an admin role",
    severity="high",
    why="Power is granted before the person is verified.",
    fix="Invite as Organization User, and promote once the person has joined.",
    supports="S CC6.2 · I A.8.2 · N AC-6",
    needs=("invites",),
)
def find_powerful(context: Context) -> Iterator[Finding]:
    """Alarm for every invitation to Organization Admin or Organization Operator."""
    for row in rows_of(context.frame("invites")):
        if row.role_name in _POWERFUL:
            yield _about(row, f"Invited as {row.role}.")


@check(
    "LS-INV-03",
    "No invitation beside a membership, or of a leaver",
    severity="medium",
    why="Acceptance would raise or restore rights.",
    fix="Cancel the invitation.",
    supports="S CC6.2 · I A.5.18 · N AC-2",
    needs=("invites", "members"),
)
def find_beside_membership(context: Context) -> Iterator[Finding]:
    """Alarm for every invitation of an address that is a member, enabled or not, or has left by the roster."""
    members = context.frame("members")
    is_disabled = dict(zip(members["email"], members["is_disabled"].fillna(False), strict=True))
    leavers = context.leavers()
    for row in rows_of(context.frame("invites")):
        if row.email in is_disabled:
            state = "whose account is disabled" if is_disabled[row.email] else "who is a member already"
            yield _about(row, f"Invites somebody {state}.")
        elif row.email in leavers:
            yield _about(row, "Invites somebody who has left by the roster.")


def _about(row: Any, reason: str, *, is_info: bool = False) -> Finding:
    found = alarm(f"invitation:{row.email}", reason, email=row.email, evidence=text(row.identity_id))
    return Finding("info", found.resource, reason, row.email, None, found.evidence) if is_info else found
