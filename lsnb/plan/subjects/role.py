"""Custom roles of workspaces: they are created, changed and deleted.

Values: `role`, `description`, `permissions`, always the whole sorted list. Ids: `role_id`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from lsnb.plan.current_values import holders_of_role, keys_with_role, role_values
from lsnb.plan.kind_record import (
    MYSELF,
    Draft,
    Ids,
    Inverse,
    Kind,
    LeftAloneError,
    Reading,
    Rows,
    Subject,
    Undo,
    UnlockPart,
    Values,
    always,
    counted,
    step,
    unless_reversible,
    wanted,
)
from lsnb.plan.live import Present, Record
from lsnb.plan.model import Change, Plan, Risk, RuleResult, Stage
from lsnb.plan.notes import listed
from lsnb.plan.reference_names import is_reference, role_reference
from lsnb.policy import SENSITIVE_PERMISSIONS
from lsnb.sheets.requests import RoleRequest
from lsnb.snapshot import Caller, Snapshot
from lsnb.tables import builtin_roles

_CREATE, _UPDATE, _DELETE = "CreateRole", "UpdateRole", "DeleteRole"
_SENSITIVE = frozenset(SENSITIVE_PERMISSIONS)
#: How many permissions are named before the rest is counted.
_MOST_NAMED = 12


def deletions(changes: Iterable[Change]) -> list[Change]:
    """List the changes that delete a role."""
    return [change for change in changes if change.kind == _DELETE]


def creations(changes: Iterable[Change]) -> list[Change]:
    """List the changes that create a role."""
    return [change for change in changes if change.kind == _CREATE]


def updates(changes: Iterable[Change]) -> list[Change]:
    """List the changes that give a role other permissions, another name or another description."""
    return [change for change in changes if change.kind == _UPDATE]


def is_update(change: Change) -> bool:
    """Tell whether a change gives a role other permissions, another name or another description."""
    return change.kind == _UPDATE


def permissions_after(changes: Iterable[Change]) -> dict[str, frozenset[str]]:
    """Give the permissions of the roles that changes create or change, by id."""
    return {
        change.ids["role_id"]: permissions_of(change.after) for change in changes if change.kind in (_CREATE, _UPDATE)
    }


def permissions_of(values: Values | None) -> frozenset[str]:
    """Give the permissions of a role's values; none where there is no role."""
    return frozenset((values or {}).get("permissions") or ())


def permission_steps(change: Change) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Give the permissions that a change of a role adds, and those that it takes away, each sorted."""
    before, after = permissions_of(change.before), permissions_of(change.after)
    return tuple(sorted(after - before)), tuple(sorted(before - after))


def takes_permissions(change: Change) -> bool:
    """Tell whether a change takes permissions from a role that stays."""
    return change.kind == _UPDATE and bool(permission_steps(change)[1])


def sensitive_gains(change: Change) -> tuple[str, ...]:
    """Give the sensitive permissions that a change of a role newly grants, sorted."""
    if change.kind not in (_CREATE, _UPDATE):
        return ()
    return tuple(name for name in permission_steps(change)[0] if name in _SENSITIVE)


def _stage_of_update(before: Values | None, after: Values | None, ids: Ids) -> Stage:
    return "demote" if permissions_of(before) - permissions_of(after) else "change"


def _risk_of_creation(before: Values | None, after: Values | None, ids: Ids) -> Risk:
    return "medium" if permissions_of(after) & _SENSITIVE else "low"


def _risk_of_update(before: Values | None, after: Values | None, ids: Ids) -> Risk:
    gained, lost = permissions_of(after) - permissions_of(before), permissions_of(before) - permissions_of(after)
    return "high" if gained & _SENSITIVE else "medium" if lost else "low"


def _draft(snapshot: Snapshot, request: RoleRequest) -> Draft:
    values = {
        "role": request.role,
        "description": request.description,
        "permissions": sorted(request.permissions),
    }
    where = f"column {request.role!r}, "
    if not request.role_id:
        ids = {"role_id": role_reference(request.role)}
        return Draft(kind="CreateRole", before=None, after=values, ids=ids, where=where)
    before, ids = role_values(snapshot, request.role_id), {"role_id": request.role_id}
    if request.action == "update":
        return Draft(kind="UpdateRole", before=before, after=values, ids=ids, where=where)
    return Draft(kind="DeleteRole", before=before, after=None, ids=ids, where=where)


def _warn(snapshot: Snapshot, changes: Sequence[Change]) -> list[RuleResult]:
    """Warn of roles that gain sensitive permissions, and of what may hold a deleted role without being seen."""
    found = []
    for change in changes:
        gained = sensitive_gains(change)
        name = (change.after or change.before or {}).get("role")
        if gained and change.kind == _UPDATE:
            n = len(holders_of_role(snapshot, change.ids["role_id"]))
            who = "nobody holds it yet" if not n else f"{n:,} {'person holds' if n == 1 else 'people hold'} it"
            message = f"The role {name} would gain {listed(gained)}, which are sensitive; {who}."
            found.append(RuleResult("sensitive-permissions", message, (change.id,)))
        elif gained:
            message = f"The new role {name} would have {listed(gained)}, which are sensitive."
            found.append(RuleResult("sensitive-permissions", message, (change.id,)))
        if change.kind == _DELETE:
            found += _unseen_holders(snapshot, change)
    return found


def _unseen_holders(snapshot: Snapshot, change: Change) -> list[RuleResult]:
    name = (change.before or {}).get("role")
    unseen = [
        word
        for table, word in (("service_keys", "service keys"), ("sso", "the single sign-on settings"))
        if not snapshot.is_readable(table)
    ]
    found = []
    if unseen:
        message = f"Whether {listed(unseen)} use the role {name} could not be read; the service refuses where they do."
        found.append(RuleResult("role-use-unknown", message, (change.id,)))
    if snapshot.is_readable("policies"):
        policies = snapshot.policies
        attached = policies["role_ids"].fillna("").str.contains(change.ids["role_id"], regex=False)
        names = sorted(set(policies.loc[attached.astype(bool), "policy"].astype(object)))
        if names:
            message = f"Access policies are attached to the role {name} and lose it: {listed(names)}."
            found.append(RuleResult("role-policies", message, (change.id,)))
    return found


def _losing_people(snapshot: Snapshot, change: Change) -> list[str]:
    return holders_of_role(snapshot, change.ids["role_id"]) if takes_permissions(change) else []


def _losing_keys(snapshot: Snapshot, change: Change) -> list[str]:
    return keys_with_role(snapshot, change.ids["role_id"]) if takes_permissions(change) else []


def _may_hit_caller(change: Change, caller: Caller) -> bool:
    return takes_permissions(change)


def _moves_rights(change: Change) -> bool:
    is_renamed = (change.before or {}).get("role") != (change.after or {}).get("role")
    return takes_permissions(change) or is_renamed


def _unlock_update(change: Change) -> UnlockPart | None:
    if change.stage == "demote":
        return UnlockPart(130, "narrow", " role", " roles")
    return UnlockPart(160, "widen", " role", " roles") if sensitive_gains(change) else unless_reversible(change)


def _new_role(plan: Plan, change: Change, present: Present) -> dict[str, Any]:
    after = wanted(change)
    return {"name": after["role"], "description": after["description"] or "", "permissions": after["permissions"]}


def _changed_role(plan: Plan, change: Change, present: Present) -> dict[str, Any]:
    return {"role_id": change.ids["role_id"], **_new_role(plan, change, present)}


def _record(change: Change, present: Present) -> Record | None:
    id_ = change.ids["role_id"]
    return None if is_reference(id_) else present.resources.find("roles", id_)


def _named(change: Change, present: Present) -> Record | None:
    return present.resources.named("roles", "display_name", (change.after or {}).get("role"))


def _is_same(record: Record | None, values: Values | None) -> bool:
    found = values or {}
    return (
        record is not None
        and record.get("display_name") == found.get("role")
        and _blank(record.get("description")) == _blank(found.get("description"))
        and set(record.get("permissions") or ()) == set(found.get("permissions") or ())
    )


def _blank(value: object) -> str:
    return str(value or "").strip()


def _is_as_before(change: Change, present: Present) -> bool:
    return _is_same(_record(change, present), change.before)


def _is_created(change: Change, present: Present) -> bool:
    return _is_same(_record(change, present) or _named(change, present), change.after)


def _is_as_wanted(change: Change, present: Present) -> bool:
    return _is_same(_record(change, present), change.after)


def _created_id(change: Change, present: Present) -> str | None:
    record = _named(change, present)
    return str(record["id"]) if record is not None else None


def _found_words(change: Change, present: Present) -> str:
    return _record_words(change, _record(change, present))


def _found_words_of_new(change: Change, present: Present) -> str:
    return _record_words(change, _record(change, present) or _named(change, present))


def _record_words(change: Change, record: Record | None) -> str:
    values = change.before or change.after or {}
    name = values.get("role")
    if record is None:
        return f"there is no role {name!r}"
    live, known = set(record.get("permissions") or ()), set(values.get("permissions") or ())
    parts = [f"the role {name!r} is there"]
    if record.get("display_name") != name:
        parts.append(f"is called {record.get('display_name')!r}")
    if live - known:
        parts.append(f"has {', '.join(sorted(live - known))} too")
    if known - live:
        parts.append(f"has not {', '.join(sorted(known - live))}")
    if _blank(record.get("description")) != _blank(values.get("description")):
        parts.append("has another description")
    if change.before and change.after and len(parts) == 1:
        parts.append("as it was before")
    return ", ".join(parts)


def _who(change: Change) -> str:
    return f"role {(change.after or change.before or {}).get('role')}"


def _before_words(change: Change) -> str:
    return "not there" if change.before is None else _role_words(change.before)


def _role_words(values: Values) -> str:
    n = len(values.get("permissions") or ())
    return f"{values.get('role')} with {counted(n, 'permission', 'permissions')}"


def _words_of_new(change: Change) -> str:
    values = change.after or {}
    return f"{_role_words(values)}: {_listed(sorted(values.get('permissions') or ()))}"


def _steps_words(change: Change) -> str:
    """Show what a role gains and loses: `+runs:share, -runs:delete`; and another description."""
    gained, lost = permission_steps(change)
    parts = [_listed([*(f"+{name}" for name in gained), *(f"-{name}" for name in lost)])] if gained or lost else []
    before, after = change.before or {}, change.after or {}
    if before.get("description") != after.get("description"):
        parts.append(f"description: {after.get('description')}")
    return "; ".join(parts) or "nothing new"


def _listed(names: list[str]) -> str:
    if len(names) > _MOST_NAMED:
        return f"{', '.join(names[:_MOST_NAMED])} and {len(names) - _MOST_NAMED:,} more"
    return ", ".join(names)


def _create_sentence(change: Change) -> str:
    n = len((change.after or {}).get("permissions") or ())
    return f"create {_who(change)} with {counted(n, 'permission', 'permissions')}"


def _effect(table: str, rows: Rows, change: Change, snapshot: Snapshot) -> Rows:
    return (_effect_on_roles if table == "roles" else _effect_on_permissions)(rows, change)


def _effect_on_roles(rows: Rows, change: Change) -> Rows:
    id_, after = change.ids["role_id"], change.after
    if after is None:
        return [row for row in rows if row["role_id"] != id_]
    values = {
        "role": after["role"],
        "description": after.get("description") or None,
        "n_permissions": len(after.get("permissions") or ()),
    }
    if change.kind == _UPDATE:
        return [{**row, **values} if row["role_id"] == id_ else row for row in rows]
    return [
        *rows,
        {**values, "scope": "workspace", "role_name": builtin_roles.CUSTOM, "is_system": False, "role_id": id_},
    ]


def _effect_on_permissions(rows: Rows, change: Change) -> Rows:
    id_, after = change.ids["role_id"], change.after
    others = [row for row in rows if row["role_id"] != id_]
    if after is None:
        return others
    new = {
        "role": after["role"],
        "scope": "workspace",
        "known_from": "service",
        "role_name": builtin_roles.CUSTOM,
        "role_id": id_,
    }
    return [*others, *({**new, "permission": name} for name in after.get("permissions") or ())]


def _as_left(undo: Undo, change: Change) -> tuple[str, Values]:
    """Give the id and the values of a role that is still as the run left it."""
    id_ = undo.made_id(change, "role_id")
    undo.row("roles", "role_id", id_)
    if not undo.snapshot.is_readable("permissions"):
        raise LeftAloneError("the permissions could not be read")
    now, after = role_values(undo.snapshot, str(id_)), change.after or {}
    same = sorted(now["permissions"]) == sorted(after.get("permissions") or ())
    if not same or (now["description"] or "") != (after.get("description") or ""):
        raise LeftAloneError("it has been changed since")
    return str(id_), now


def _delete_again(undo: Undo, change: Change) -> Inverse:
    id_, now = _as_left(undo, change)
    draft = Draft(kind="DeleteRole", before=now, after=None, ids={"role_id": id_})
    return Inverse(draft=draft, rule="", note="")


def _restore(undo: Undo, change: Change) -> Inverse:
    id_, now = _as_left(undo, change)
    old = {**(change.before or {}), "role": now["role"]}
    return Inverse(draft=Draft(kind="UpdateRole", before=now, after=old, ids={"role_id": id_}), rule="", note="")


def _create_again(undo: Undo, change: Change) -> Inverse:
    old = dict(change.before or {})
    roles = undo.snapshot.roles
    # Two roles may differ by case only, as this one and another may have all along.
    if (roles["role"] == old.get("role")).fillna(False).any():
        raise LeftAloneError("there is a role of that name again")
    ids = {"role_id": role_reference(str(old.get("role")))}
    return Inverse(
        draft=Draft(kind="CreateRole", before=None, after=old, ids=ids),
        rule="cannot-come-back",
        note=f"The role {old.get('role')} is made again with the same permissions and another id; access policies that "
        "were attached to it must be attached again.",
    )


def made_again(undone: Iterable[Change], undoing: Iterable[Change]) -> dict[str, str]:
    """Give the reference to each role that is made again, by the id of the one that was deleted: its holders get the new one.

    Args:
        undone: the changes that are taken back.
        undoing: what takes them back.
    """
    again = {
        change.ids["role_id"]: role_reference(str((change.before or {}).get("role"))) for change in deletions(undone)
    }
    references = {change.ids["role_id"] for change in creations(undoing)}
    return {id_: reference for id_, reference in again.items() if reference in references}


_ROLE = Subject(
    name="role",
    is_person=False,
    id_name="role_id",
    is_ground=False,
    name_field="role",
    sheet="roles",
    reading=Reading(
        name="roles", method="list_roles", by="id", keeps=always(True), may_be_hidden=False, in_workspace=None
    ),
    undo_table="permissions",
    who=_who,
    request=RoleRequest,
    draft=_draft,
    remarks=lambda snapshot, changes: [],
    warn=_warn,
)

KINDS = (
    Kind(
        name=_CREATE,
        subject=_ROLE,
        scope="organization",
        order=20,
        one="role created",
        several="roles created",
        tables=("roles", "permissions"),
        stage=always("create"),
        wave=0,
        last_wave=0,
        risk=_risk_of_creation,
        reversible=True,
        is_irreversible=False,
        consequence=always(""),
        needs=None,
        mails=0,
        gives="nothing",
        removes=always(False),
        demotes=always(False),
        promotes=always(False),
        losing_people=lambda snapshot, change: [],
        losing_keys=lambda snapshot, change: [],
        is_callers_own=always(False),
        may_hit_caller=always(False),
        moves_rights=always(False),
        shows_in_access=always(False),
        allowed_to="operators",
        unlock=unless_reversible,
        unlock_self=MYSELF,
        steps=step("create-role", "create_role", _new_role, is_once_only=True),
        batch=None,
        makes="id",
        is_looked_at_last=False,
        holds=lambda change, present: _named(change, present) is None,
        reached=_is_created,
        is_shown=always(True),
        created_id=_created_id,
        found_words=_found_words_of_new,
        before_words=_before_words,
        after_words=_words_of_new,
        sentence=_create_sentence,
        effect_on_people=always(None),
        effect=_effect,
        inverse=_delete_again,
        log_operations=("create_role",),
    ),
    Kind(
        name=_UPDATE,
        subject=_ROLE,
        scope="organization",
        order=80,
        one="role changed",
        several="roles changed",
        tables=("roles", "permissions"),
        stage=_stage_of_update,
        wave=0,
        last_wave=0,
        risk=_risk_of_update,
        reversible=True,
        is_irreversible=False,
        consequence=always(""),
        needs=None,
        mails=0,
        gives="permissions",
        removes=always(False),
        demotes=always(False),
        promotes=always(False),
        losing_people=_losing_people,
        losing_keys=_losing_keys,
        is_callers_own=always(False),
        may_hit_caller=_may_hit_caller,
        moves_rights=_moves_rights,
        shows_in_access=always(True),
        allowed_to="operators",
        unlock=_unlock_update,
        unlock_self=MYSELF,
        steps=step("update-role", "update_role", _changed_role),
        batch=None,
        makes="nothing",
        is_looked_at_last=True,
        holds=_is_as_before,
        reached=_is_as_wanted,
        is_shown=always(True),
        created_id=always(None),
        found_words=_found_words,
        before_words=_before_words,
        after_words=lambda change: "deleted" if change.after is None else _steps_words(change),
        sentence=lambda change: f"change {_who(change)}: {_steps_words(change)}",
        effect_on_people=always(None),
        effect=_effect,
        inverse=_restore,
        log_operations=("update_role",),
    ),
    Kind(
        name=_DELETE,
        subject=_ROLE,
        scope="organization",
        order=190,
        one="role deleted",
        several="roles deleted",
        tables=("roles", "permissions"),
        stage=always("remove"),
        # When nothing uses it any more; whoever goes may hold it.
        wave=2,
        last_wave=0,
        risk=always("medium"),
        reversible=False,
        is_irreversible=False,
        consequence=always(
            "Taking it back makes another role with the same name and permissions: access policies attached to this one "
            "do not come back."
        ),
        needs=None,
        mails=0,
        gives="nothing",
        removes=always(False),
        demotes=always(False),
        promotes=always(False),
        losing_people=lambda snapshot, change: [],
        losing_keys=lambda snapshot, change: [],
        is_callers_own=always(False),
        may_hit_caller=always(True),
        moves_rights=always(True),
        shows_in_access=always(True),
        allowed_to="operators",
        unlock=always(UnlockPart(50, "delete", " role", " roles")),
        unlock_self=MYSELF,
        steps=step(
            "delete-role",
            "delete_role",
            lambda plan, change, present: {"role_id": change.ids["role_id"]},
        ),
        batch=None,
        makes="nothing",
        is_looked_at_last=False,
        holds=_is_as_before,
        reached=lambda change, present: _record(change, present) is None,
        is_shown=always(True),
        created_id=always(None),
        found_words=_found_words,
        before_words=_before_words,
        after_words=always("deleted"),
        sentence=lambda change: f"delete {_who(change)}",
        effect_on_people=always(None),
        effect=_effect,
        inverse=_create_again,
        log_operations=("delete_role",),
    ),
)
