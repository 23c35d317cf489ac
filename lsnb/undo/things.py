"""What is taken back of workspaces, roles, keys, tokens and settings, where each is still as the run left it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from lsnb.plan.changes import new_change
from lsnb.plan.model import Change, ChangeKind
from lsnb.plan.notes import Notes
from lsnb.plan.present import key_values, role_values, row_of, token_values
from lsnb.plan.references import is_reference, role_reference
from lsnb.plan.structure import Values
from lsnb.snapshot import Snapshot
from lsnb.undo.record import Record

#: What stands for a setting that was never set, where the service takes null for "leave it".
_UNSET: dict[type, Any] = {bool: False, list: [], str: ""}
_NULLABLE = frozenset({"ip_allowlist", "security_contact"})


def take_things_back(snapshot: Snapshot, made: Iterable[Change], record: Record, notes: Notes) -> list[Change]:
    """List what takes back what a run did to things.

    Args:
        snapshot: the organization as it is now.
        made: the changes that were carried out.
        record: what the run did, for the ids of what it created.
        notes: where to say what cannot come back, and what is left alone.
    """
    undoing = _Undoing(snapshot, record, notes)
    for change in made:
        undoing.take_back(change)
    return undoing.changes


class _Undoing:
    def __init__(self, snapshot: Snapshot, record: Record, notes: Notes) -> None:
        self.changes: list[Change] = []
        self._snapshot = snapshot
        self._record = record
        self._notes = notes

    def take_back(self, change: Change) -> None:
        """Decide about one change."""
        take = {
            "CreateWorkspace": self._delete_workspace,
            "RenameWorkspace": self._rename_back,
            "CreateRole": self._delete_role,
            "UpdateRole": self._restore_role,
            "DeleteRole": self._create_role,
            "CreateServiceKey": self._delete_key,
            "SetServiceKeyRole": self._restore_key,
            "RevokeAccessToken": self._restore_token,
            "ReinstateAccessToken": self._restore_token,
            "UpdateSettings": self._restore_setting,
        }.get(change.kind)
        if take is None:
            self._lost(change)
        else:
            take(change)

    def _lost(self, change: Change) -> None:
        lost = {
            "DeleteWorkspace": f"The workspace {change.workspace} was deleted with all that was in it, and does not come back.",
            "DeleteServiceKey": f"The key {_label(change.before)} was deleted; create another one and give it to what used it.",
            "UnshareAll": f"The public links of {change.workspace} do not come back; share anew what should be public.",
        }
        self._notes.add("cannot-come-back", lost.get(change.kind, f"{change.kind} cannot be taken back."))

    def _leave(self, change: Change, why: str) -> None:
        what = change.workspace or _label(change.before or change.after) or change.ids.get("setting", "")
        self._notes.add("not-undone", f"{change.kind} of {what} is not taken back: {why}.")

    def _made_id(self, change: Change, name: str) -> str | None:
        """Give the id of what a change created, or was about."""
        made = self._record.results[change.id].created_id
        own = change.ids.get(name)
        return made or (None if is_reference(own) else own)

    def _row(self, change: Change, table: str, column: str, id_: str | None) -> dict[str, Any] | None:
        if id_ is None:
            self._leave(change, "the journal does not say which id it got")
            return None
        if not self._snapshot.is_readable(table):
            self._leave(change, f"the {table.replace('_', ' ')} could not be read")
            return None
        row = row_of(self._snapshot.table(table), column, id_)
        if row is None or row.get("is_deleted") is True:
            self._leave(change, "it is not there any more")
            return None
        return row

    def _add(
        self,
        kind: ChangeKind,
        change: Change,
        before: Values | None,
        after: Values | None,
        ids: Mapping[str, str | None],
        *,
        workspace: str | None = None,
    ) -> Change:
        made = new_change(
            kind,
            email=change.email,
            before=before,
            after=after,
            reason=f"takes back {change.kind}: {change.reason}",
            ids=ids,
            workspace=workspace,
        )
        self.changes.append(made)
        return made

    def _delete_workspace(self, change: Change) -> None:
        id_ = self._made_id(change, "workspace_id")
        row = self._row(change, "workspaces", "workspace_id", id_)
        if row is None:
            return
        name = str(row["workspace"])
        access = self._snapshot.access
        here = access[(access["workspace_id"] == id_).fillna(False).astype(bool) & (access["source"] != "org-admin")]
        made = self._add(
            "DeleteWorkspace",
            change,
            {"workspace": name, "members": int(here["identity_id"].nunique())},
            None,
            {"workspace_id": id_},
            workspace=name,
        )
        self._notes.add(
            "deletes-what-was-made",
            f"Taking the workspace {name} back deletes it with all that has been put into it since.",
            made.id,
        )

    def _rename_back(self, change: Change) -> None:
        id_ = change.ids.get("workspace_id")
        row = self._row(change, "workspaces", "workspace_id", id_)
        old, new = (change.before or {}).get("workspace"), (change.after or {}).get("workspace")
        if row is None:
            return
        if row["workspace"] != new:
            self._leave(change, f"it is called {row['workspace']} by now")
            return
        self._add(
            "RenameWorkspace", change, {"workspace": new}, {"workspace": old}, {"workspace_id": id_}, workspace=new
        )

    def _role(self, change: Change) -> tuple[str, Values] | None:
        """Give the id and the values of a role that is still as the run left it."""
        id_ = self._made_id(change, "role_id")
        if self._row(change, "roles", "role_id", id_) is None or id_ is None:
            return None
        if not self._snapshot.is_readable("permissions"):
            self._leave(change, "the permissions could not be read")
            return None
        now = role_values(self._snapshot, id_)
        after = change.after or {}
        same = sorted(now["permissions"]) == sorted(after.get("permissions") or ())
        if not same or (now["description"] or "") != (after.get("description") or ""):
            self._leave(change, "it has been changed since")
            return None
        return id_, now

    def _delete_role(self, change: Change) -> None:
        found = self._role(change)
        if found:
            self._add("DeleteRole", change, found[1], None, {"role_id": found[0]})

    def _restore_role(self, change: Change) -> None:
        found = self._role(change)
        if found:
            old = {**(change.before or {}), "role": found[1]["role"]}
            self._add("UpdateRole", change, found[1], old, {"role_id": found[0]})

    def _create_role(self, change: Change) -> None:
        old = dict(change.before or {})
        roles = self._snapshot.roles
        # Two roles may differ by case only, as this one and another may have all along.
        if (roles["role"] == old.get("role")).fillna(False).any():
            self._leave(change, "there is a role of that name again")
            return
        made = self._add("CreateRole", change, None, old, {"role_id": role_reference(str(old.get("role")))})
        self._notes.add(
            "cannot-come-back",
            f"The role {old.get('role')} is made again with the same permissions and another id; access policies that were "
            "attached to it must be attached again.",
            made.id,
        )

    def _delete_key(self, change: Change) -> None:
        id_ = self._made_id(change, "key_id")
        row = self._row(change, "service_keys", "service_key_id", id_)
        if row is not None:
            self._add("DeleteServiceKey", change, key_values(self._snapshot, row), None, {"key_id": id_})

    def _restore_key(self, change: Change) -> None:
        id_ = change.ids.get("key_id")
        row = self._row(change, "service_keys", "service_key_id", id_)
        if row is None:
            return
        now, after = key_values(self._snapshot, row), change.after or {}
        if any(_differs(now.get(name), after.get(name)) for name in ("role_id", "org_role_id")):
            self._leave(change, "it has another role by now")
            return
        names = ("role", "role_id", "role_name", "org_role", "org_role_id", "org_role_name")
        old = {**now, **{name: (change.before or {}).get(name) for name in names}}
        if not old["role_id"] and not old["org_role_id"]:
            self._leave(change, "it is not known which role it had")
            return
        self._add("SetServiceKeyRole", change, now, old, {"key_id": id_})

    def _restore_token(self, change: Change) -> None:
        id_ = change.ids.get("token_id")
        row = self._row(change, "access_tokens", "access_token_id", id_)
        if row is None:
            return
        now = token_values(row)
        wanted = (change.before or {}).get("state")
        if now["state"] and now["state"] != (change.after or {}).get("state"):
            self._leave(change, f"it is {now['state']} by now")
            return
        kind: ChangeKind = "ReinstateAccessToken" if wanted == "active" else "RevokeAccessToken"
        before = {**now, "state": (change.after or {}).get("state")}
        self._add(kind, change, before, {**now, "state": wanted}, {"token_id": id_})

    def _restore_setting(self, change: Change) -> None:
        name = change.ids.get("setting", "")
        row = self._row(change, "settings", "setting", name)
        if row is None:
            return
        now = json.loads(str(row["value"]))
        if now != (change.after or {}).get(name):
            self._leave(change, "it has another value by now")
            return
        old = (change.before or {}).get(name)
        instead = None if old is not None or name in _NULLABLE else _UNSET.get(type(now))
        made = self._add(
            "UpdateSettings", change, {name: now}, {name: old if instead is None else instead}, {"setting": name}
        )
        if instead is not None:
            said = f"{name} was not set before, which the service does not take as a value; it is set to {json.dumps(instead)}."
            self._notes.add("cannot-come-back", said, made.id)


def _label(values: Values | None) -> str:
    found = values or {}
    return str(
        found.get("role") if "permissions" in found else found.get("description") or found.get("short_key") or ""
    )


def _differs(now: Any, then: Any) -> bool:
    """Compare two ids; one that the server does not tell is no difference."""
    return bool(now) and bool(then) and not pd.isna(now) and now != then
