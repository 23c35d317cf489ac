"""Where the decisions about single people come together: changes, what waits, and what is worth saying."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from lsnb.plan.caller import is_caller
from lsnb.plan.current_state import Grant
from lsnb.plan.kind_record import Values
from lsnb.plan.membership_changes import new_change
from lsnb.plan.model import Change, ChangeKind, Deferred
from lsnb.plan.notes import Notes, listed, row_words
from lsnb.plan.roles import Role
from lsnb.plan.row_changes import RowIntent, note_words
from lsnb.plan.rules import ServerFeatures
from lsnb.plan.subjects.invitation import InvitationValues
from lsnb.plan.subjects.people import PlaceValues
from lsnb.snapshot import Caller


@dataclass(slots=True)
class PlanBuilder:
    """What a plan is made into, and what all decisions need to know.

    Args:
        source: what to call the sheet.
        scope_words: what the sheet is the whole truth for, under sync.
        caller: who makes the plan.
        server: what the server offers.
        notes: what is worth saying.
        new_role: the organization role for new people whom the sheet gives none; None where it could not be read.
        has_rbac: whether the organization's plan has roles.
        may_touch_organization: whether roles of the organization are within the scope.
    """

    source: str
    scope_words: str
    caller: Caller
    server: ServerFeatures
    notes: Notes
    has_rbac: bool
    may_touch_organization: bool
    new_role: Role | None = None
    changes: list[Change] = field(default_factory=list)
    waiting: list[Deferred] = field(default_factory=list)
    rows_of: dict[str, tuple[int, ...]] = field(default_factory=dict)

    def add(
        self,
        kind: ChangeKind,
        email: str,
        wishes: Iterable[RowIntent],
        *,
        before: Values | None,
        after: Values | None,
        ids: Mapping[str, str | None],
        workspace: str | None = None,
        why: str = "",
    ) -> Change:
        """Add a change, with the rows that ask for it as the reason.

        Args:
            kind: what is done.
            email: whom it concerns.
            wishes: what asks for it.
            before: the values now.
            after: the values wanted.
            ids: the ids that the calls need.
            workspace: the workspace's name, for changes in one workspace.
            why: what else explains it.
        """
        asked = list(wishes)
        change = new_change(
            kind,
            email=email,
            before=before,
            after=after,
            reason=self.reason(asked, why),
            ids=ids,
            workspace=workspace,
            is_self=is_caller(self.caller, email, ids.get("ls_user_id")),
        )
        self.changes.append(change)
        self.rows_of[change.id] = tuple(wish.row for wish in asked if wish.row is not None)
        return change

    def wait(self, wish: RowIntent, reason: str) -> None:
        """Add what cannot be done yet."""
        role = wish.role.label if wish.role else None
        self.waiting.append(Deferred(wish.email, wish.workspace, role, f"{self.reason([wish])}: {reason}"))

    def reason(self, wishes: Iterable[RowIntent], why: str = "") -> str:
        """Say which rows ask for something, and what the sheet notes beside them."""
        asked = list(wishes)
        rows = [wish.row for wish in asked if wish.row is not None]
        words = (
            row_words(rows, self.source) if rows else f"not in {self.source}, the whole truth for {self.scope_words}"
        )
        notes = note_words(asked)
        return "; ".join(filter(None, (f"{words} ({notes})" if notes else words, why)))

    def contradicts(self, email: str, removal: RowIntent, wanted: list[RowIntent]) -> bool:
        """Tell whether the sheet removes somebody whom it gives something else; then nothing is done about them."""
        if not wanted:
            return False
        rows = [wish.row for wish in (removal, *wanted) if wish.row is not None]
        places = listed([wish.workspace or "the organization" for wish in wanted])
        self.notes.add(
            "contradiction",
            f"{email}: {row_words(rows, self.source)} remove them from the organization and give them a role in "
            f"{places}. Nothing is done about them; keep one of the two.",
        )
        return True


def invitation_data(role: Role, places: Iterable[Grant | RowIntent], workspace_role: Role | None) -> InvitationValues:
    """Give an invitation to be sent as JSON-able data.

    Args:
        role: the organization role.
        places: the workspaces.
        workspace_role: the one role for all of them; None where the organization's plan has none, or there are none.
    """
    ordered = sorted(places, key=lambda place: (place.workspace or "", place.workspace_id or ""))
    return {
        "role": role.role,
        "role_id": role.role_id,
        "role_name": role.role_name,
        "workspaces": [{"workspace": place.workspace, "workspace_id": place.workspace_id} for place in ordered],
        "workspace_role": workspace_role.role if workspace_role else None,
        "workspace_role_id": workspace_role.role_id if workspace_role else None,
        "workspace_role_name": workspace_role.role_name if workspace_role else None,
    }


def memberships_data(places: Iterable[Grant]) -> list[PlaceValues]:
    """Give what somebody holds in workspaces as JSON-able data."""
    ordered = sorted(places, key=lambda grant: (grant.workspace or "", grant.workspace_id))
    return [
        {"workspace": grant.workspace, "workspace_id": grant.workspace_id, **grant.role.to_data()} for grant in ordered
    ]
