"""What a sheet is the whole truth for, and whether what was read is whole enough to take something away."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from lsnb.errors import PlanError
from lsnb.plan.model import Mode
from lsnb.plan.notes import Notes, listed
from lsnb.snapshot import Snapshot

ORGANIZATION = "organization"
_PEOPLE_TABLES = ("access", "members", "invites")


@dataclass(frozen=True, slots=True)
class SyncScope:
    """What a plan may touch.

    Args:
        names: what the plan records: names of workspaces, or "organization"; empty unless the mode is sync.
        words: the same in a sentence.
        places: the ids of the workspaces.
        is_organization: whether roles of the organization are within it.
        is_everything: whether nothing is out of it.
    """

    names: tuple[str, ...]
    words: str
    places: frozenset[str]
    is_organization: bool
    is_everything: bool


_EVERYTHING = SyncScope((), "the organization", frozenset(), is_organization=True, is_everything=True)


def find_scope(snapshot: Snapshot, scope: str | Sequence[str], *, mode: Mode) -> SyncScope:
    """Find what the declared scope of a sync covers.

    Args:
        snapshot: the organization as it was read.
        scope: names or ids of workspaces, or "organization", which covers all workspaces too. A workspace that is
            itself called "organization" is given by its id.
        mode: the mode of the plan; only sync has a scope.

    Raises:
        PlanError: sync without a scope, a scope without sync, or a workspace that is unknown or not the only one.
    """
    wanted = [scope] if isinstance(scope, str) else list(scope)
    wanted = [name.strip() for name in wanted if name.strip()]
    if mode != "sync":
        if wanted:
            raise PlanError(f"A scope belongs to the mode 'sync'; in the mode {mode!r} only the rows themselves count.")
        return _EVERYTHING
    if not wanted:
        raise PlanError(
            "Under 'sync' whatever the sheet leaves out is removed, so it must be said what the sheet is the whole truth "
            'for: scope=["Production"] for single workspaces, or scope="organization" for everything.'
        )
    if not snapshot.is_readable("workspaces"):
        raise PlanError(
            f"The workspaces could not be read, so a scope cannot be found: {snapshot.status('workspaces')[1]}"
        )
    workspaces = snapshot.workspaces
    workspaces = workspaces[~workspaces["is_deleted"].astype("boolean").fillna(False).astype(bool)]
    names = dict(zip(workspaces["workspace_id"].astype(str), workspaces["workspace"].astype(str), strict=True))
    if any(name.casefold() == ORGANIZATION for name in wanted):
        others = [name for name in wanted if name.casefold() != ORGANIZATION]
        if others:
            raise PlanError(
                f"The scope names the organization, which covers everything, and {listed(others)} beside it. Name the one "
                "or the other; a workspace that is called so is given by its id."
            )
        return SyncScope((ORGANIZATION,), "the organization", frozenset(names), True, False)
    places = {_find_workspace(name, names) for name in wanted}
    labels = list(names.values())
    shown = tuple(
        sorted(
            names[place] if labels.count(names[place]) == 1 and names[place].casefold() != ORGANIZATION else place
            for place in places
        )
    )
    return SyncScope(shown, listed(shown), frozenset(places), False, False)


def _find_workspace(name: str, names: dict[str, str]) -> str:
    if name in names:
        return name
    exact = [place for place, label in names.items() if label == name]
    found = exact or [place for place, label in names.items() if label.casefold() == name.casefold()]
    if len(found) == 1:
        return found[0]
    if found:
        raise PlanError(f"{len(found)} workspaces are called {name!r}; give the id instead: {listed(sorted(found))}.")
    near = get_close_matches(name, list(names.values()), n=1)
    hint = f" Did you mean {near[0]!r}?" if near else f" The workspaces are: {listed(sorted(names.values()))}."
    raise PlanError(f"There is no workspace {name!r} to sync.{hint}")


def check_whole(snapshot: Snapshot, *, takes_away: bool, notes: Notes) -> None:
    """Make sure that nobody is removed on the strength of a list that was cut short.

    Args:
        snapshot: the organization as it was read.
        takes_away: whether the plan may remove somebody.
        notes: where to say that the list is not whole, when the plan only adds and changes.

    Raises:
        PlanError: the plan may remove somebody, and the list of people is not known to be whole.
    """
    parts = snapshot.completeness
    parts = parts[parts["table"].isin(list(_PEOPLE_TABLES))]
    # Tables that were not asked for say nothing; `access` is known to be there.
    parts = parts[parts["status"] != "not-loaded"]
    said = parts[parts["status"] != "complete"]
    if (parts["table"] == "access").any() and said.empty:
        return
    reasons = [f"{row.table} is {row.status}: {row.reason}" for row in said.itertuples()]
    why = "; ".join(reasons) or "the snapshot does not say how much of it was read"
    if takes_away:
        raise PlanError(
            f"The list of people is not known to be whole ({why}), and nothing is removed on the strength of a list that "
            "may have been cut short. Read it with a key that may see everybody, or leave the removals out."
        )
    notes.add(
        "partial-list",
        f"The list of people is not known to be whole ({why}): somebody who seems new may be there already.",
    )
