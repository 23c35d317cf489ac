"""Workspaces: they are created, renamed and deleted.

Values: `workspace`, the name; of one that is deleted also `members`, their number. Ids: `workspace_id`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from lsnb.plan.current_values import n_members
from lsnb.plan.kind_record import (
    MYSELF,
    Draft,
    Inverse,
    Kind,
    LeftAloneError,
    Reading,
    Rows,
    Subject,
    Undo,
    UnlockPart,
    always,
    counted,
    step,
    unless_reversible,
    wanted,
)
from lsnb.plan.live import Present, Record
from lsnb.plan.membership_effects import MembershipEffects
from lsnb.plan.model import Change, Plan, RuleResult
from lsnb.plan.notes import listed
from lsnb.plan.reference_names import is_reference, workspace_reference
from lsnb.plan.settings import setting
from lsnb.plan.sso_defaults import warn_of_sso_defaults
from lsnb.plan.subjects.shared_links import unsharing
from lsnb.sheets.requests import WorkspaceRequest
from lsnb.snapshot import Snapshot

_CREATE, _RENAME, _DELETE = "CreateWorkspace", "RenameWorkspace", "DeleteWorkspace"


def deletions(changes: Iterable[Change]) -> list[Change]:
    """List the changes that delete a workspace."""
    return [change for change in changes if change.kind == _DELETE]


def renames(changes: Iterable[Change]) -> list[Change]:
    """List the changes that give a workspace another name."""
    return [change for change in changes if change.kind == _RENAME]


def new_names(changes: Iterable[Change]) -> dict[str, str]:
    """Give the new names of workspaces, by id."""
    return {change.ids["workspace_id"]: str((change.after or {})["workspace"]) for change in renames(changes)}


def follow_workspaces(keys: Rows, changes: Iterable[Change]) -> Rows:
    """Follow the workspaces of keys, of which the service gives the names only; a key of none but deleted ones ends.

    Args:
        keys: the rows of `service_keys`.
        changes: the changes of a plan, looked at together, since names may be given on.
    """
    names: dict[str, str | None] = {
        str((change.before or {}).get("workspace")): (change.after or {}).get("workspace")
        for change in changes
        if change.kind in (_RENAME, _DELETE)
    }
    found = []
    for row in keys:
        held = str(row["workspaces"] or "").split(", ")
        left = [name for name in (names.get(name, name) for name in held) if name is not None]
        if left:
            found.append({**row, "workspaces": ", ".join(left)} if left != held else row)
    return found


def _draft(snapshot: Snapshot, request: WorkspaceRequest) -> Draft:
    name = request.workspace
    ids = {"workspace_id": request.workspace_id or workspace_reference(name)}
    make = partial(Draft, ids=ids, workspace=name)
    if request.action == "create":
        return make(kind="CreateWorkspace", before=None, after={"workspace": name})
    if request.action == "rename":
        return make(kind="RenameWorkspace", before={"workspace": name}, after={"workspace": request.new_name})
    if request.action == "delete":
        before = {"workspace": name, "members": n_members(snapshot, ids["workspace_id"])}
        return make(kind="DeleteWorkspace", before=before, after=None)
    return unsharing(snapshot, name, ids["workspace_id"])


def _remarks(snapshot: Snapshot, changes: Sequence[Change]) -> list[RuleResult]:
    """Warn where the organization's plan has no room for the workspaces that would be created."""
    created = [change for change in changes if change.kind == _CREATE]
    if not created:
        return []
    most = setting(snapshot, "max_workspaces", -1)
    n_there = int((~snapshot.workspaces["is_deleted"].astype("boolean").fillna(False)).sum())
    is_full = setting(snapshot, "reached_max_workspaces", False) is True and not deletions(changes)
    if not is_full and not (isinstance(most, int) and 0 <= most < n_there + len(created)):
        return []
    limit = f"at most {most:,} workspaces" if isinstance(most, int) and most >= 0 else "no more workspaces"
    message = (
        f"The organization's plan allows {limit}, and the key sees {n_there:,}; the service may refuse "
        f"{len(created):,} more. What is deleted makes room only afterwards."
    )
    return [RuleResult("max-workspaces", message, tuple(change.id for change in created))]


def _warn(snapshot: Snapshot, changes: Sequence[Change]) -> list[RuleResult]:
    """Warn of what else a deleted workspace is used by: single sign-on, and keys that act nowhere else."""
    deleted = deletions(changes)
    return [*warn_of_sso_defaults(snapshot, deleted), *_keys_that_end(snapshot, deleted)] if deleted else []


def _keys_that_end(snapshot: Snapshot, deleted: Sequence[Change]) -> list[RuleResult]:
    """Name the keys whose workspaces would all be gone; the service tells those of a key by their names only."""
    if not snapshot.is_readable("service_keys"):
        return []
    gone = {change.workspace for change in deleted}
    keys = snapshot.service_keys
    ending = [
        str(description)
        for description, places in zip(
            keys["description"].astype(object), keys["workspaces"].fillna("").astype(object), strict=True
        )
        if places and set(places.split(", ")) <= gone
    ]
    if not ending:
        return []
    message = (
        f"Keys that act nowhere else end with their workspace, and do not come back: {listed(sorted(ending))}. Whatever "
        "uses them stops working."
    )
    return [RuleResult("workspace-keys", message, tuple(change.id for change in deleted))]


def _people_in_it(snapshot: Snapshot, change: Change) -> list[str]:
    access = snapshot.access
    here = access[(access["workspace_id"] == change.ids.get("workspace_id", "")).fillna(False).astype(bool)]
    return sorted(set(here.loc[here["source"] != "org-admin", "email"].dropna().astype(object)))


def _who(change: Change) -> str:
    values = change.after or change.before or {}
    return f"workspace {change.workspace or values.get('workspace')}"


def _record(change: Change, present: Present) -> Record | None:
    id_ = change.ids["workspace_id"]
    return None if is_reference(id_) else present.resources.find("workspaces", id_)


def _named(change: Change, present: Present) -> Record | None:
    return present.resources.named("workspaces", "display_name", (change.after or {}).get("workspace"))


def _is_as_before(change: Change, present: Present) -> bool:
    record = _record(change, present)
    return record is not None and bool(record.get("display_name") == (change.before or {}).get("workspace"))


def _is_as_wanted(change: Change, present: Present) -> bool:
    record = _record(change, present)
    return record is not None and bool(record.get("display_name") == (change.after or {}).get("workspace"))


def _is_created(change: Change, present: Present) -> bool:
    record = _record(change, present) or _named(change, present)
    return record is not None and record.get("display_name") == (change.after or {}).get("workspace")


def _found_words(change: Change, record: Record | None) -> str:
    if record is None:
        name = (change.before or change.after or {}).get("workspace")
        return f"there is no workspace {name!r} under that id" if change.before else f"there is no workspace {name!r}"
    return f"the workspace is there and is called {record.get('display_name')!r}"


def _new_workspace(plan: Plan, change: Change, present: Present) -> dict[str, Any]:
    # The same change of the same plan always asks for the same id, so that the service itself refuses a second one.
    id_ = str(uuid5(NAMESPACE_URL, f"lsnb:{plan.fingerprint}:{plan.created_at}:{change.id}"))
    return {"name": str(wanted(change)["workspace"]), "workspace_id": id_}


def _effect(table: str, rows: Rows, change: Change, snapshot: Snapshot) -> Rows:
    id_, after = change.ids["workspace_id"], change.after
    if table == "service_keys":
        return rows  # they go by name, so all that changes names is looked at together, by `follow_workspaces`
    if after is None:
        return [row for row in rows if row.get("workspace_id") != id_]
    if change.kind == _CREATE:
        new = {
            "workspace": after["workspace"],
            "is_personal": False,
            "is_deleted": False,
            "created_at": snapshot.meta.read_at,
            "workspace_id": id_,
            "organization_id": snapshot.meta.organization_id,
        }
        return [*rows, new]
    return [{**row, "workspace": after.get("workspace")} if row.get("workspace_id") == id_ else row for row in rows]


def _close(effects: MembershipEffects, change: Change) -> None:
    effects.closed.add(change.ids.get("workspace_id", ""))


def _delete_again(undo: Undo, change: Change) -> Inverse:
    id_ = undo.made_id(change, "workspace_id")
    name = str(undo.row("workspaces", "workspace_id", id_)["workspace"])
    return Inverse(
        draft=Draft(
            kind="DeleteWorkspace",
            before={"workspace": name, "members": n_members(undo.snapshot, str(id_))},
            after=None,
            ids={"workspace_id": id_},
            workspace=name,
        ),
        rule="deletes-what-was-made",
        note=f"Taking the workspace {name} back deletes it with all that has been put into it since.",
    )


def _rename_back(undo: Undo, change: Change) -> Inverse:
    id_ = change.ids.get("workspace_id")
    row = undo.row("workspaces", "workspace_id", id_)
    old, new = (change.before or {}).get("workspace"), (change.after or {}).get("workspace")
    if row["workspace"] != new:
        raise LeftAloneError(f"it is called {row['workspace']} by now")
    draft = Draft(
        kind="RenameWorkspace",
        before={"workspace": new},
        after={"workspace": old},
        ids={"workspace_id": id_},
        workspace=new,
    )
    return Inverse(draft=draft, rule="", note="")


def _gone(undo: Undo, change: Change) -> str:
    return f"The workspace {change.workspace} was deleted with all that was in it, and does not come back."


def _before_deletion(change: Change) -> str:
    values = change.before
    if values is None:
        return "not there"
    return f"{values.get('workspace')}, {counted(int(values.get('members') or 0), 'person', 'people')} in it"


def _id_of(record: Record | None) -> str | None:
    return str(record["id"]) if record is not None else None


_WORKSPACE = Subject(
    name="workspace",
    is_person=False,
    id_name="workspace_id",
    is_ground=False,
    name_field="workspace",
    sheet="workspaces",
    reading=Reading(
        name="workspaces",
        method="list_workspaces",
        by="id",
        keeps=lambda record: not record.get("is_deleted"),
        may_be_hidden=False,
        in_workspace=None,
    ),
    undo_table=None,
    who=_who,
    request=WorkspaceRequest,
    draft=_draft,
    remarks=_remarks,
    warn=_warn,
)

KINDS = (
    Kind(
        name=_CREATE,
        subject=_WORKSPACE,
        scope="organization",
        order=10,
        one="workspace created",
        several="workspaces created",
        tables=("workspaces",),
        stage=always("create"),
        wave=0,
        last_wave=0,
        risk=always("low"),
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
        shows_in_access=always(True),
        allowed_to="operators",
        unlock=unless_reversible,
        unlock_self=MYSELF,
        steps=step("create-workspace", "create_workspace", _new_workspace, is_once_only=True),
        batch=None,
        makes="id",
        is_looked_at_last=False,
        holds=lambda change, present: _named(change, present) is None,
        reached=_is_created,
        is_shown=always(True),
        created_id=lambda change, present: _id_of(_named(change, present)),
        found_words=lambda change, present: _found_words(change, _record(change, present) or _named(change, present)),
        before_words=always("not there"),
        after_words=lambda change: str((change.after or {}).get("workspace")),
        sentence=lambda change: f"create {_who(change)}",
        effect_on_people=always(None),
        effect=_effect,
        inverse=_delete_again,
        log_operations=("create_workspace",),
    ),
    Kind(
        name=_RENAME,
        subject=_WORKSPACE,
        scope="organization",
        order=90,
        one="workspace renamed",
        several="workspaces renamed",
        tables=("workspaces", "shared_links", "service_keys"),
        stage=always("change"),
        wave=0,
        last_wave=0,
        risk=always("low"),
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
        moves_rights=always(True),
        shows_in_access=always(True),
        allowed_to="operators-and-workspace-admins",
        unlock=unless_reversible,
        unlock_self=MYSELF,
        steps=step(
            "rename-workspace",
            "rename_workspace",
            lambda plan, change, present: {
                "workspace_id": change.ids["workspace_id"],
                "name": str(wanted(change)["workspace"]),
            },
        ),
        batch=None,
        makes="nothing",
        is_looked_at_last=False,
        holds=_is_as_before,
        reached=_is_as_wanted,
        is_shown=always(True),
        created_id=always(None),
        found_words=lambda change, present: _found_words(change, _record(change, present)),
        before_words=lambda change: str((change.before or {}).get("workspace")),
        after_words=lambda change: str((change.after or {}).get("workspace")),
        sentence=lambda change: f"rename {_who(change)} to {(change.after or {}).get('workspace')}",
        effect_on_people=always(None),
        effect=_effect,
        inverse=_rename_back,
        log_operations=("update_workspace",),
    ),
    Kind(
        name=_DELETE,
        subject=_WORKSPACE,
        scope="organization",
        order=200,
        one="workspace deleted",
        several="workspaces deleted",
        tables=("workspaces", "shared_links", "service_keys"),
        stage=always("remove"),
        # After everything that happens in it.
        wave=1,
        last_wave=0,
        risk=always("high"),
        reversible=False,
        is_irreversible=True,
        consequence=always(
            "Everything in the workspace is gone for good: its projects, traces, datasets, prompts, memberships and keys."
        ),
        needs=None,
        mails=0,
        gives="nothing",
        removes=always(False),
        demotes=always(False),
        promotes=always(False),
        losing_people=_people_in_it,
        losing_keys=lambda snapshot, change: [],
        is_callers_own=always(False),
        may_hit_caller=always(True),
        moves_rights=always(True),
        shows_in_access=always(True),
        allowed_to="operators-and-workspace-admins",
        unlock=always(UnlockPart(40, "delete", " workspace", " workspaces")),
        unlock_self=MYSELF,
        steps=step(
            "delete-workspace",
            "delete_workspace",
            lambda plan, change, present: {"workspace_id": change.ids["workspace_id"]},
        ),
        batch=None,
        makes="nothing",
        is_looked_at_last=True,
        holds=_is_as_before,
        reached=lambda change, present: _record(change, present) is None,
        is_shown=always(True),
        created_id=always(None),
        found_words=lambda change, present: _found_words(change, _record(change, present)),
        before_words=_before_deletion,
        after_words=always("deleted"),
        sentence=lambda change: f"delete {_who(change)}",
        effect_on_people=_close,
        effect=_effect,
        inverse=_gone,
        log_operations=("delete_workspace",),
    ),
)
