"""Whether a change says of itself what it would do, and whether that is true of what is there.

People read what a change shows: names of roles, people and workspaces. The service is sent ids. In a plan that lsnb made the
two belong together; a file can be edited, and its fingerprint made anew.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import pandas as pd

from lsnb.plan.current_values import role_names
from lsnb.plan.kinds import kind_of
from lsnb.plan.membership_changes import new_change
from lsnb.plan.model import Change
from lsnb.plan.references import is_reference
from lsnb.plan.resource_changes import RESOURCE_IDS
from lsnb.plan.subjects import role, service_key, workspace
from lsnb.plan.subjects.invitation import cancels_invitation, replaces_invitation
from lsnb.plan.subjects.membership import (
    gives_workspace_role,
    removes_from_workspace,
    removes_member,
    sets_organization_role,
)
from lsnb.snapshot import Snapshot
from lsnb.tables import builtin_roles

Values = Mapping[str, Any]

_RISKS = ("low", "medium", "high")
_POWERS = frozenset(name for name, (_, scope) in builtin_roles.SYSTEM_ROLES.items() if scope == "organization")
#: Before `role`, `role_id` and `role_name` in values.
_PREFIXES = ("", "org_", "workspace_")


class Told(NamedTuple):
    """A role as values tell of it.

    Args:
        role_id: its id, which is what the service is sent.
        role: what it is called.
        role_name: its system name.
    """

    role_id: str
    role: str | None
    role_name: str | None


def contradictions(changes: Iterable[Change]) -> list[str]:
    """Say which changes do not fit together, each in a sentence; empty for all that lsnb makes."""
    made = list(changes)
    twice = sorted(id_ for id_, n in Counter(change.id for change in made).items() if n > 1)
    found = [f"Several changes have the id {id_}." for id_ in twice]
    for change in made:
        reasons = _contradictions_of(change)
        if reasons:
            whom = change.email or change.workspace or "what it is about"
            found.append(f"{change.kind} of {whom} ({change.id}): {'; '.join(reasons)}.")
    return found


def _contradictions_of(change: Change) -> list[str]:
    before, after, ids = change.before or {}, change.after or {}, change.ids
    found = []
    kind = kind_of(change)
    gives = kind.gives in ("role", "invitation")
    if (_ends(change) and change.after is not None) or (gives and change.after is None):
        found.append("what it leads to is not what such a change leads to")
    try:
        found += _as_made(change)
    except (KeyError, TypeError, ValueError, AttributeError):
        return [*found, "it lacks what such a change has"]
    if gives:
        for name in ("role_id", "workspace_role_id"):
            if ids.get(name) != after.get(name):
                found.append(f"the {name} that it would send is not that of the role that it shows")
    is_pending, state = ids.get("pending") == "true", before.get("state")
    if _is_in_place(change) and state and is_pending != (state == "pending"):
        found.append(
            f"it shows somebody who is {state}, and would be sent for {'an invited' if is_pending else 'a joined'} person"
        )
    is_of_invited = cancels_invitation(change) or replaces_invitation(change)
    if (is_of_invited and state not in (None, "pending")) or (removes_member(change) and state == "pending"):
        found.append(f"there is no such change of somebody who is {state}")
    if kind.subject.name == "workspace" and change.workspace not in (
        None,
        before.get("workspace"),
        after.get("workspace"),
    ):
        found.append(
            f"it shows the workspace {change.workspace} and is about {before.get('workspace') or after.get('workspace')}"
        )
    if kind.subject.name == "setting" and {*before, *after} != {ids["setting"]}:
        found.append(f"it shows other settings than {ids['setting']}")
    return found


def _ends(change: Change) -> bool:
    """Tell whether nothing is left of what a change is about."""
    is_deletion = bool(workspace.deletions([change]) or role.deletions([change])) or service_key.is_deletion(change)
    return is_deletion or kind_of(change).removes(change)


def _is_in_place(change: Change) -> bool:
    """Tell whether a change is of somebody who stays in the organization, or stays invited."""
    return sets_organization_role(change) or gives_workspace_role(change) or removes_from_workspace(change)


def _as_made(change: Change) -> list[str]:
    """Compare a change with the one that is made of the same values."""
    made = new_change(
        change.kind,
        before=change.before,
        after=change.after,
        reason=change.reason,
        ids=change.ids,
        email=change.email,
        workspace=change.workspace,
    )
    found = []
    if change.id != made.id:
        found.append("its id is that of another change")
    # Which of these three follows from what was there, which is compared with what is there now.
    is_near = {change.stage, made.stage} <= {"promote", "change", "demote"}
    if change.scope != made.scope or not (is_near or change.stage in (made.stage, "self")):
        found.append(
            f"it is a change of {made.scope} at the stage {made.stage}, not of {change.scope} at {change.stage}"
        )
    if _RISKS.index(change.risk) < _RISKS.index(made.risk):
        found.append(f"its risk is {made.risk}, not {change.risk}")
    if (change.reversible and not made.reversible) or made.consequence not in change.consequence:
        found.append("it hides what cannot come back")
    if change.scope == "workspace" and not change.ids.get("workspace_id"):
        found.append("it names no workspace by its id")
    return found


def untruths(snapshot: Snapshot, changes: Sequence[Change]) -> dict[str, str]:
    """Compare what changes show with what is under the ids that would be sent.

    What cannot be looked up is left out here: whatever needs it says so.

    Args:
        snapshot: what is there now.
        changes: the changes.

    Returns:
        By the id of a change, what is otherwise.
    """
    roles = role_names(snapshot) if snapshot.is_readable("roles") else {}
    renamed = {c.ids["role_id"]: (c.after or {}).get("role") for c in role.updates(changes)}
    people = _addresses(snapshot, {c.ids["identity_id"] for c in changes if c.ids.get("identity_id")})
    things = {
        "key_id": _rows(snapshot, "service_keys", "service_key_id", changes, "key_id"),
        "token_id": _rows(snapshot, "access_tokens", "access_token_id", changes, "token_id"),
    }
    found = {}
    for change in changes:
        reasons = [
            *_of_roles(change, roles, renamed),
            *_of_person(change, people),
            *_of_thing(change, things.get(RESOURCE_IDS.get(change.kind, ""), {})),
        ]
        if reasons:
            found[change.id] = "; ".join(dict.fromkeys(reasons))
    return found


def _of_roles(change: Change, roles: Mapping[str, tuple[str, str]], renamed: Mapping[str, Any]) -> Iterator[str]:
    if kind_of(change).subject.name == "role":
        return  # these are compared with the role itself, all of it
    for values, is_wanted in ((change.before, False), (change.after, True)):
        for told in _told(values):
            if told.role_id not in roles:
                continue
            role, role_name = roles[told.role_id]
            # A role of a workspace that is given is told by its id; by the name of another the rules go.
            names = {None, role_name, role} if is_wanted and role_name not in _POWERS else {None, role_name}
            is_other = told.role_name not in names
            # What a custom role is called is compared where it is given, as it may have got another name since.
            is_shown = is_wanted or role_name != builtin_roles.CUSTOM
            is_called = is_shown and told.role is not None and told.role not in (role, renamed.get(told.role_id))
            if is_other or is_called:
                yield f"the role that it shows as {told.role or told.role_name} is called {role} now"


def _told(values: Values | None) -> Iterator[Told]:
    if values is None:
        return
    places = values.get("workspaces") or ()
    for holder in (values, *(place for place in places if isinstance(place, Mapping))):
        for prefix in _PREFIXES:
            role_id = holder.get(f"{prefix}role_id")
            if role_id and not is_reference(role_id):
                yield Told(str(role_id), holder.get(f"{prefix}role"), holder.get(f"{prefix}role_name"))


def _of_person(change: Change, people: Mapping[str, str]) -> Iterator[str]:
    here = people.get(change.ids.get("identity_id", ""))
    if here is not None and here != (change.email or "").strip().lower():
        yield f"the person under that id is {here or 'somebody without an address'}, not {change.email}"


def _of_thing(change: Change, rows: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    here = rows.get(change.ids.get(RESOURCE_IDS.get(change.kind, ""), ""))
    if here is None or change.before is None:
        return
    for name, shown in (
        ("short_key", change.before.get("short_key")),
        ("email", change.email if "Token" in change.kind else None),
    ):
        known = here.get(name)
        if shown and known and str(shown).strip().lower() != str(known).strip().lower():
            yield f"what is under that id is {known}, not {shown}"


def _addresses(snapshot: Snapshot, ids: set[str]) -> dict[str, str]:
    """Give the addresses of the people with these ids, joined or invited."""
    found: dict[str, str] = {}
    for name in ("members", "invites"):
        if ids and snapshot.is_readable(name):
            table = snapshot.table(name, columns=["identity_id", "email"])
            table = table[table["identity_id"].isin(list(ids)).astype(bool)].astype(object)
            for id_, email in table.itertuples(index=False, name=None):
                found[str(id_)] = "" if pd.isna(email) else str(email).strip().lower()
    return found


def _rows(
    snapshot: Snapshot, table: str, column: str, changes: Sequence[Change], name: str
) -> dict[str, dict[str, Any]]:
    """Give the rows of the things that changes are about, by id."""
    ids = {change.ids[name] for change in changes if RESOURCE_IDS.get(change.kind) == name}
    if not ids or not snapshot.is_readable(table):
        return {}
    frame = snapshot.table(table)
    frame = frame[frame[column].isin(list(ids)).astype(bool)].astype(object)
    rows = frame.where(frame.notna(), None).to_dict("records")
    return {str(row[column]): {str(title): value for title, value in row.items()} for row in rows}
