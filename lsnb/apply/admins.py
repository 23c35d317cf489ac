"""Keep enough Organization Admins, counted on what is there now and not on what the plan saw."""

from __future__ import annotations

from collections.abc import Iterable

from lsnb import catalogue
from lsnb.apply.present import Person
from lsnb.plan.model import Change, Plan
from lsnb.plan.rules import Rules


def takes_admin(change: Change) -> bool:
    """Tell whether a change takes the role Organization Admin from somebody who has joined."""
    before = change.before or {}
    if change.kind not in ("RemoveMember", "SetOrgRole") or before.get("role_name") != catalogue.ORGANIZATION_ADMIN:
        return False
    return before.get("state") == "active" and (change.after or {}).get("role_name") != catalogue.ORGANIZATION_ADMIN


def gives_admin(change: Change) -> bool:
    """Tell whether a change makes somebody who has joined Organization Admin."""
    after = change.after or {}
    return (
        change.kind == "SetOrgRole"
        and after.get("role_name") == catalogue.ORGANIZATION_ADMIN
        and after.get("state") == "active"
    )


class AdminCount:
    """Counts who is Organization Admin now, and who would be.

    Args:
        plan: the plan.
        rules: how many must be left.
        everybody: the people of the organization, as they are now.
    """

    def __init__(self, plan: Plan, rules: Rules, everybody: Iterable[Person]) -> None:
        ids = {change.before.get("role_id") for change in plan.changes if change.before and takes_admin(change)}
        self.now = {
            person.identity_id
            for person in everybody
            if person.state == "active" and (person.role_id in ids - {None} or person.is_organization_admin)
        }
        wanted = 1 if "min-admins" in plan.allowed else rules.min_admins
        # Where there were too few before, the plan may leave as few, and somebody must be left in any case.
        self.least = max(1, min(wanted, len(self.now)))

    def after(self, changes: Iterable[Change]) -> set[str]:
        """Tell who would be Organization Admin after some changes."""
        left = set(self.now)
        for change in changes:
            identity = change.ids.get("identity_id", "")
            if takes_admin(change):
                left.discard(identity)
            elif gives_admin(change):
                left.add(identity)
        return left

    def refusal(self, changes: Iterable[Change]) -> str:
        """Say why some changes cannot be made; empty where they leave enough."""
        left = len(self.after(changes))
        if left >= self.least:
            return ""
        return (
            f"min-admins: {len(self.now):,} active Organization Admin{'' if len(self.now) == 1 else 's'} are there now, "
            f"{left:,} would be left, and at least {self.least:,} must be."
        )
