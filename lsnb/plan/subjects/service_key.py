"""Service keys: they are created, given other roles, and deleted.

Values: `description`, `role`, `role_id`, `role_name`, and the same with `org_` before it; of a key that is there
`short_key`; of a new one `workspaces` (none is the whole organization) and `expires_at` (None is never). Ids: `key_id`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any

import pandas as pd

from lsnb.plan.caller import is_own_key
from lsnb.plan.current_values import key_values, row_of
from lsnb.plan.kind_record import (
    MYSELF,
    PROMOTE,
    PROMOTE_IN_WORKSPACES,
    Draft,
    Fallback,
    Ids,
    Inverse,
    Kind,
    LeftAloneError,
    Need,
    Reading,
    Rows,
    Subject,
    Undo,
    UnlockPart,
    Values,
    always,
    only_workspace,
    step,
    unless_reversible,
    wanted,
)
from lsnb.plan.live import Present, Record, Resources
from lsnb.plan.model import Change, Plan, Risk, Stage
from lsnb.plan.payloads import NewKey
from lsnb.plan.reference_names import is_reference, key_reference
from lsnb.plan.roles import ORGANIZATION_POWERS, rank
from lsnb.sheets.requests import KeyRequest
from lsnb.snapshot import Caller, Snapshot
from lsnb.tables import builtin_roles
from lsnb.tables.spec import to_time

_CREATE, _SET, _DELETE = "CreateServiceKey", "SetServiceKeyRole", "DeleteServiceKey"
_ROLE_FIELDS = ("role", "role_id", "role_name")
_ORG_ROLE_FIELDS = ("org_role", "org_role_id", "org_role_name")
# How far the service's clock may be behind ours.
_CLOCK_SLACK = timedelta(minutes=5)

_NOT_PATCHED = Need(
    feature="can_patch_keys",
    offer="service_key_patch",
    missing="not offered by this server: the roles of a service key cannot be changed here.",
    instead="Make a new key with the role that is wanted, put it to use, then delete this one.",
)


def is_of_existing_key(change: Change) -> bool:
    """Tell whether a change gives a key that is there other roles, or deletes it."""
    return change.kind in (_SET, _DELETE)


def is_deletion(change: Change) -> bool:
    """Tell whether a change deletes a key."""
    return change.kind == _DELETE


def key_powers(values: Values | None) -> tuple[int, int]:
    """Rank what a service key may: in the organization (0 for none), and in its workspaces."""
    if values is None:
        return 0, 0
    organization = values.get("org_role_name")
    return rank(organization) + 1 if organization else 0, rank(values.get("role_name"))


def is_key_demotion(change: Change) -> bool:
    """Tell whether a change gives a service key a lesser role than it has, in the organization or in its workspaces."""
    if change.kind != _SET:
        return False
    return any(new < old for old, new in zip(key_powers(change.before), key_powers(change.after), strict=True))


def lost_key(change: Change, resources: Resources, *, since: str | None, others: Collection[str]) -> Record | None:
    """Find the key that a request without an answer has made: by its description and the time.

    Args:
        change: the change that makes it.
        resources: what is there now.
        since: when the request was sent, ISO 8601, UTC.
        others: the ids of keys that it is not.
    """
    description = (change.after or {}).get("description")
    earliest = datetime.fromisoformat(since) - _CLOCK_SLACK if since else None
    keys: Mapping[str, Record] = resources.all("keys")
    for id_, record in keys.items():
        if id_ in others or id_ in resources.earlier_keys or record.get("description") != description:
            continue
        made = record.get("created_at")
        if earliest is None or not made or datetime.fromisoformat(str(made)) >= earliest:
            return record
    return None


def _stage_of_set(before: Values | None, after: Values | None, ids: Ids) -> Stage:
    steps = [new - old for old, new in zip(key_powers(before), key_powers(after), strict=True)]
    return "demote" if min(steps) < 0 else "promote" if max(steps) > 0 else "change"


def _risk_of_new(before: Values | None, after: Values | None, ids: Ids) -> Risk:
    return _risk(before, after, otherwise="low" if (after or {}).get("expires_at") else "medium")


def _risk_of_set(before: Values | None, after: Values | None, ids: Ids) -> Risk:
    return _risk(before, after, otherwise="low")


def _risk(before: Values | None, after: Values | None, *, otherwise: Risk) -> Risk:
    held = [values for values in (before, after) if values]
    names = {values.get(name) for values in held for name in ("org_role_name", "role_name")}
    # A role that the server does not tell is none that somebody gives.
    if names & ORGANIZATION_POWERS or names - {None, *builtin_roles.SYSTEM_ROLES, builtin_roles.CUSTOM}:
        return "high"
    return "medium" if any(values.get("role_name") == builtin_roles.WORKSPACE_ADMIN for values in held) else otherwise


def _consequence_of_new(before: Values | None, after: Values | None, ids: Ids) -> str:
    never = "" if (after or {}).get("expires_at") else " It never expires."
    return f"The secret is shown once, when the key is made.{never}"


def _promotes(change: Change) -> bool:
    name, before = (change.after or {}).get("org_role_name"), (change.before or {}).get("org_role_name")
    return name in ORGANIZATION_POWERS and (before not in ORGANIZATION_POWERS or rank(before) < rank(name))


def _losing_itself(snapshot: Snapshot, change: Change) -> list[str]:
    values = change.before or {}
    return [str(values.get("description") or values.get("short_key") or change.id)]


def _is_callers_own(change: Change, caller: Caller) -> bool:
    # A token is no service key; a key of a kind that is not known may be one.
    return caller.kind != "pat" and is_own_key(caller, (change.before or {}).get("short_key"))


def _unlock_gain(change: Change) -> UnlockPart | None:
    if _promotes(change):
        return PROMOTE
    was, will = ((values or {}).get("role_name") for values in (change.before, change.after))
    makes_admin = will == builtin_roles.WORKSPACE_ADMIN != was
    return PROMOTE_IN_WORKSPACES if change.stage == "promote" or makes_admin else unless_reversible(change)


def _unlock_set(change: Change) -> UnlockPart | None:
    return UnlockPart(120, "demote", " key", " keys") if change.stage == "demote" else _unlock_gain(change)


def _draft(snapshot: Snapshot, request: KeyRequest) -> Draft:
    roles = dict(zip(_ROLE_FIELDS, request.role or (None, None, None), strict=True))
    of_organization = dict(zip(_ORG_ROLE_FIELDS, request.org_role or (None, None, None), strict=True))
    if request.action == "create":
        after: dict[str, Any] = {
            "description": request.description,
            **roles,
            **of_organization,
            "workspaces": [{"workspace": name, "workspace_id": id_} for name, id_ in request.workspaces],
            "expires_at": request.expires_at,
        }
        ids = {"key_id": key_reference(request.description)}
        return Draft(kind="CreateServiceKey", before=None, after=after, ids=ids)
    row = row_of(snapshot.service_keys, "service_key_id", request.key_id or "") or {}
    before = key_values(snapshot, row)
    given = {**(roles if request.role else {}), **(of_organization if request.org_role else {})}
    is_deleted = request.action == "delete"
    return Draft(
        kind="DeleteServiceKey" if is_deleted else "SetServiceKeyRole",
        before=before,
        after=None if is_deleted else {**before, **given},
        ids={"key_id": request.key_id},
        is_self=is_own_key(snapshot.meta.caller, before["short_key"]),
    )


def _new_key(plan: Plan, change: Change, present: Present) -> dict[str, Any]:
    after = wanted(change)
    key = NewKey(
        description=after["description"],
        role_id=after.get("role_id"),
        org_role_id=after.get("org_role_id"),
        workspace_ids=tuple(str(place["workspace_id"]) for place in after.get("workspaces") or ()),
        expires_at=after.get("expires_at"),
    )
    return {"key": key}


def _new_key_in_workspace(plan: Plan, change: Change, own_workspace: str | None) -> dict[str, Any] | None:
    place = only_workspace(change)
    return None if place is None else {"workspace_id": place, **_new_key(plan, change, Present())}


def _new_roles(plan: Plan, change: Change, present: Present) -> dict[str, Any]:
    before, after = change.before or {}, wanted(change)
    roles = {
        name: after.get(name) if after.get(name) != before.get(name) else None for name in ("role_id", "org_role_id")
    }
    return {"key_id": change.ids["key_id"], **roles}


def _in_own_workspace(plan: Plan, change: Change, own_workspace: str | None) -> dict[str, Any] | None:
    return None if own_workspace is None else {"workspace_id": own_workspace, "key_id": change.ids["key_id"]}


def _record(change: Change, present: Present) -> Record | None:
    id_ = change.ids["key_id"]
    return None if is_reference(id_) else present.resources.find("keys", id_)


def _shows_roles(record: Record) -> bool:
    return "role_id" in record


def _has_roles(record: Record, values: Values) -> bool:
    """Compare the roles of a key; one that is not known on either side is no difference."""
    return all(
        not record.get(name) or not values.get(name) or record[name] == values[name]
        for name in ("role_id", "org_role_id")
    )


def _has_roles_as_before(change: Change, present: Present) -> bool:
    record = _record(change, present)
    return record is not None and _has_roles(record, change.before or {})


def _has_roles_as_wanted(change: Change, present: Present) -> bool:
    record = _record(change, present)
    return record is not None and _shows_roles(record) and _has_roles(record, change.after or {})


def _roles_are_shown(change: Change, present: Present) -> bool:
    record = _record(change, present)
    return record is None or _shows_roles(record)


def _is_there(change: Change, present: Present) -> bool:
    record, before = _record(change, present), change.before or {}
    return record is not None and _blank(record.get("description")) == _blank(before.get("description"))


def _blank(value: object) -> str:
    return str(value or "").strip()


def _found_words(change: Change, present: Present) -> str:
    name = (change.before or change.after or {}).get("description")
    if _record(change, present) is None:
        return f"the service key {name!r} is not among those that the service lists"
    return f"the service key {name!r} {'has other roles' if change.kind == _SET else 'is there'}"


def _who(change: Change) -> str:
    return f"service key {name_of_key(change.after or change.before or {})}"


def name_of_key(values: Values) -> str:
    """Call a key, or a token, by its description and the end of it that may be shown."""
    name, shown = values.get("description"), values.get("short_key")
    return f"{name} ({shown})" if name and shown else str(name or shown or "")


def _before_words(change: Change) -> str:
    return "not there" if change.before is None else _roles_words(change.before)


def _after_words(change: Change) -> str:
    return "deleted" if change.after is None else _roles_words(change.after)


def _roles_words(values: Values) -> str:
    roles = [str(values[name]) for name in ("org_role", "role") if values.get(name)]
    return " and ".join(roles) or "roles not known"


def _words_of_new(change: Change) -> str:
    values = change.after or {}
    places = [str(place.get("workspace")) for place in values.get("workspaces") or ()]
    where = f"in {', '.join(places)}" if places else "in the whole organization"
    until = f"until {str(values['expires_at'])[:16].replace('T', ' ')} UTC" if values.get("expires_at") else "for ever"
    return f"{_roles_words(values)} {where}, {until}"


def _set_sentence(change: Change) -> str:
    return f"give {_who(change)}: {_roles_words(change.before or {})} → {_roles_words(change.after or {})}"


def _effect(table: str, rows: Rows, change: Change, snapshot: Snapshot) -> Rows:
    id_, after = change.ids["key_id"], change.after
    if after is None:
        return [row for row in rows if row["service_key_id"] != id_]
    roles = {
        "role": after.get("role"),
        "role_id": after.get("role_id"),
        "organization_role": after.get("org_role"),
        "organization_role_id": after.get("org_role_id"),
    }
    if change.kind == _SET:
        return [{**row, **roles} if row["service_key_id"] == id_ else row for row in rows]
    places = [str(place.get("workspace")) for place in after.get("workspaces") or ()]
    new = {
        **roles,
        "description": after.get("description"),
        "scope": "workspace" if places else "organization",
        "workspaces": ", ".join(places) or None,
        "created_by": snapshot.meta.caller.email,
        "created_at": snapshot.meta.read_at,
        "expires_at": to_time([after.get("expires_at")])[0].as_py(),
        "service_key_id": id_,
    }
    return [*rows, new]


def _delete_again(undo: Undo, change: Change) -> Inverse:
    id_ = undo.made_id(change, "key_id")
    before = key_values(undo.snapshot, undo.row("service_keys", "service_key_id", id_))
    return Inverse(
        draft=Draft(kind="DeleteServiceKey", before=before, after=None, ids={"key_id": id_}), rule="", note=""
    )


def _restore(undo: Undo, change: Change) -> Inverse:
    id_ = change.ids.get("key_id")
    now = key_values(undo.snapshot, undo.row("service_keys", "service_key_id", id_))
    after = change.after or {}
    if any(_differs(now.get(name), after.get(name)) for name in ("role_id", "org_role_id")):
        raise LeftAloneError("it has another role by now")
    old = {**now, **{name: (change.before or {}).get(name) for name in (*_ROLE_FIELDS, *_ORG_ROLE_FIELDS)}}
    if not old["role_id"] and not old["org_role_id"]:
        raise LeftAloneError("it is not known which role it had")
    draft = Draft(kind="SetServiceKeyRole", before=now, after=old, ids={"key_id": id_})
    return Inverse(draft=draft, rule="", note="")


def _differs(now: Any, then: Any) -> bool:
    """Compare two ids; one that the server does not tell is no difference."""
    return bool(now) and bool(then) and not pd.isna(now) and now != then


def _gone(undo: Undo, change: Change) -> str:
    values = change.before or {}
    name = values.get("description") or values.get("short_key") or ""
    return f"The key {name} was deleted; create another one and give it to what used it."


_SERVICE_KEY = Subject(
    name="service key",
    is_person=False,
    id_name="key_id",
    is_ground=True,
    name_field="",
    sheet="keys",
    reading=Reading(
        name="keys",
        method="list_service_keys",
        by="id",
        keeps=always(True),
        may_be_hidden=False,
        in_workspace="list_workspace_keys",
    ),
    undo_table="service_keys",
    who=_who,
    request=KeyRequest,
    draft=_draft,
    remarks=lambda snapshot, changes: [],
    warn=lambda snapshot, changes: [],
)

KINDS = (
    Kind(
        name=_CREATE,
        subject=_SERVICE_KEY,
        scope="organization",
        order=110,
        one="service key created",
        several="service keys created",
        tables=("service_keys",),
        stage=always("add"),
        wave=0,
        last_wave=0,
        risk=_risk_of_new,
        reversible=True,
        is_irreversible=False,
        consequence=_consequence_of_new,
        needs=None,
        mails=0,
        gives="key-role",
        removes=always(False),
        demotes=always(False),
        promotes=_promotes,
        losing_people=lambda snapshot, change: [],
        losing_keys=lambda snapshot, change: [],
        is_callers_own=always(False),
        may_hit_caller=always(False),
        moves_rights=always(False),
        shows_in_access=always(False),
        allowed_to="operators",
        unlock=_unlock_gain,
        unlock_self=MYSELF,
        steps=step(
            "create-key",
            "create_service_key",
            _new_key,
            is_once_only=True,
            fallback=Fallback(method="create_workspace_key", arguments=_new_key_in_workspace),
        ),
        batch=None,
        makes="secret",
        is_looked_at_last=False,
        holds=always(True),
        reached=lambda change, present: _record(change, present) is not None,
        is_shown=always(True),
        created_id=always(None),
        found_words=_found_words,
        before_words=always("not there"),
        after_words=_words_of_new,
        sentence=lambda change: f"create {_who(change)}: {_words_of_new(change)}",
        effect_on_people=always(None),
        effect=_effect,
        inverse=_delete_again,
        log_operations=("create_service_key", "create_api_key"),
    ),
    Kind(
        name=_SET,
        subject=_SERVICE_KEY,
        scope="organization",
        order=120,
        one="role of a service key changed",
        several="roles of service keys changed",
        tables=("service_keys",),
        stage=_stage_of_set,
        wave=0,
        last_wave=0,
        risk=_risk_of_set,
        reversible=True,
        is_irreversible=False,
        consequence=always(""),
        needs=_NOT_PATCHED,
        mails=0,
        gives="key-role",
        removes=always(False),
        demotes=is_key_demotion,
        promotes=_promotes,
        losing_people=lambda snapshot, change: [],
        losing_keys=lambda snapshot, change: _losing_itself(snapshot, change) if is_key_demotion(change) else [],
        is_callers_own=_is_callers_own,
        may_hit_caller=lambda change, caller: caller.kind != "pat" and is_key_demotion(change),
        moves_rights=always(False),
        shows_in_access=always(False),
        allowed_to="admins",
        unlock=_unlock_set,
        unlock_self=MYSELF,
        steps=step("set-key-role", "set_service_key_role", _new_roles, need=_NOT_PATCHED),
        batch=None,
        makes="nothing",
        is_looked_at_last=False,
        holds=_has_roles_as_before,
        reached=_has_roles_as_wanted,
        is_shown=_roles_are_shown,
        created_id=always(None),
        found_words=_found_words,
        before_words=_before_words,
        after_words=_after_words,
        sentence=_set_sentence,
        effect_on_people=always(None),
        effect=_effect,
        inverse=_restore,
        log_operations=("update_service_key",),
    ),
    Kind(
        name=_DELETE,
        subject=_SERVICE_KEY,
        scope="organization",
        order=180,
        one="service key deleted",
        several="service keys deleted",
        tables=("service_keys",),
        stage=always("remove"),
        wave=0,
        # The key in use goes last.
        last_wave=1,
        risk=always("high"),
        reversible=False,
        is_irreversible=True,
        consequence=always("Whatever uses the key stops working at once, and the same key never comes back."),
        needs=None,
        mails=0,
        gives="nothing",
        removes=always(False),
        demotes=always(False),
        promotes=always(False),
        losing_people=lambda snapshot, change: [],
        losing_keys=_losing_itself,
        is_callers_own=_is_callers_own,
        may_hit_caller=lambda change, caller: caller.kind != "pat",
        moves_rights=always(False),
        shows_in_access=always(False),
        allowed_to="operators",
        unlock=always(UnlockPart(60, "delete", " key", " keys")),
        unlock_self=MYSELF,
        steps=step(
            "delete-key",
            "delete_service_key",
            lambda plan, change, present: {"key_id": change.ids["key_id"]},
            fallback=Fallback(method="delete_workspace_key", arguments=_in_own_workspace),
        ),
        batch=None,
        makes="nothing",
        is_looked_at_last=False,
        holds=_is_there,
        reached=lambda change, present: _record(change, present) is None,
        is_shown=always(True),
        created_id=always(None),
        found_words=_found_words,
        before_words=_before_words,
        after_words=always("deleted"),
        sentence=lambda change: f"delete {_who(change)}",
        effect_on_people=always(None),
        effect=_effect,
        inverse=_gone,
        log_operations=("delete_service_key", "delete_api_key"),
    ),
)
