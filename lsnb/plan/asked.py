"""What a sheet asks of workspaces, roles, keys, tokens and settings, as changes of what is there."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from lsnb.edits.requests import (
    KeyRequest,
    Request,
    Requests,
    RoleRequest,
    SettingRequest,
    TokenRequest,
    WorkspaceRequest,
)
from lsnb.errors import PlanError
from lsnb.plan.caller import is_own_key
from lsnb.plan.changes import new_change
from lsnb.plan.model import Change, ChangeKind
from lsnb.plan.notes import Notes, row_words
from lsnb.plan.present import key_values, n_members, role_values, row_of, token_values
from lsnb.plan.references import key_reference, role_reference, workspace_reference
from lsnb.plan.settings import setting
from lsnb.safe_text import without_keys
from lsnb.snapshot import Snapshot

_NOTE_LENGTH = 200


def plan_requests(snapshot: Snapshot, sheet: Requests, notes: Notes) -> list[Change]:
    """Make the changes that a sheet asks for.

    Args:
        snapshot: the organization as it was read.
        sheet: the sheet, without problems.
        notes: where to say what a reader should know.

    Raises:
        TableError: the sheet has problems.
        PlanError: the organization's plan does not offer what the sheet is about.
    """
    sheet.require_clean()
    for rule, message in sheet.remarks:
        notes.add(rule, f"{sheet.source}: {message}")
    if sheet.kind == "roles" and sheet.requests and setting(snapshot, "can_use_rbac", True) is False:
        raise PlanError(
            f"{sheet.source} asks for changes of roles, and the organization's plan has no roles (can_use_rbac is false): "
            "everybody in a workspace is its Admin. Leave the sheet of roles out."
        )
    asked = _Asked(snapshot, sheet.source)
    changes = [asked.change_for(request) for request in sheet.requests]
    if sheet.kind == "workspaces":
        _note_full(snapshot, changes, notes)
    return changes


class _Asked:
    """The requests of one sheet."""

    def __init__(self, snapshot: Snapshot, source: str) -> None:
        self.snapshot = snapshot
        self.source = source

    def reason(self, request: Request) -> str:
        """Say which row asks, and what it notes."""
        words = row_words([request.row], self.source)
        note = without_keys(" ".join(request.note.split()))[:_NOTE_LENGTH]
        return f"{words} ({note})" if note else words

    def change_for(self, request: Request) -> Change:
        """Make the change for a request."""
        if isinstance(request, WorkspaceRequest):
            return self._workspace(request)
        if isinstance(request, RoleRequest):
            return self._role(request)
        if isinstance(request, KeyRequest):
            return self._key(request)
        if isinstance(request, TokenRequest):
            return self._token(request)
        return self._setting(request)

    def _workspace(self, request: WorkspaceRequest) -> Change:
        name = request.workspace
        ids = {"workspace_id": request.workspace_id or workspace_reference(name)}
        before: dict[str, Any] | None = {"workspace": name}
        after: dict[str, Any] | None = None
        kind: ChangeKind
        if request.action == "create":
            kind, before, after = "CreateWorkspace", None, {"workspace": name}
        elif request.action == "rename":
            kind, after = "RenameWorkspace", {"workspace": request.new_name}
        elif request.action == "delete":
            kind = "DeleteWorkspace"
            before = {"workspace": name, "members": n_members(self.snapshot, ids["workspace_id"])}
        else:
            kind, before = "UnshareAll", {"shared_links": self._n_links(ids["workspace_id"])}
        return new_change(kind, before=before, after=after, reason=self.reason(request), ids=ids, workspace=name)

    def _n_links(self, workspace_id: str) -> int | None:
        if not self.snapshot.is_readable("shared_links"):
            return None
        links = self.snapshot.shared_links
        return int((links["workspace_id"] == workspace_id).fillna(False).sum())

    def _role(self, request: RoleRequest) -> Change:
        values = {
            "role": request.role,
            "description": request.description,
            "permissions": sorted(request.permissions),
        }
        kind: ChangeKind = "CreateRole"
        before: dict[str, Any] | None = None
        after: dict[str, Any] | None = values
        if request.role_id:
            before = role_values(self.snapshot, request.role_id)
            kind, after = ("UpdateRole", values) if request.action == "update" else ("DeleteRole", None)
        ids = {"role_id": request.role_id or role_reference(request.role)}
        column = f"column {request.role!r}, {self.reason(request)}"
        return new_change(kind, before=before, after=after, reason=column, ids=ids)

    def _key(self, request: KeyRequest) -> Change:
        names = ("role", "role_id", "role_name")
        roles = dict(zip(names, request.role or (None, None, None), strict=True))
        of_organization = dict(
            zip((f"org_{name}" for name in names), request.org_role or (None, None, None), strict=True)
        )
        if request.action == "create":
            places = [{"workspace": name, "workspace_id": id_} for name, id_ in request.workspaces]
            after: dict[str, Any] = {
                "description": request.description,
                **roles,
                **of_organization,
                "workspaces": places,
                "expires_at": request.expires_at,
            }
            ids = {"key_id": key_reference(request.description)}
            return new_change("CreateServiceKey", before=None, after=after, reason=self.reason(request), ids=ids)
        row = row_of(self.snapshot.service_keys, "service_key_id", request.key_id or "") or {}
        before = key_values(self.snapshot, row)
        is_own = is_own_key(self.snapshot.meta.caller, before["short_key"])
        given = {**(roles if request.role else {}), **(of_organization if request.org_role else {})}
        return new_change(
            "DeleteServiceKey" if request.action == "delete" else "SetServiceKeyRole",
            before=before,
            after=None if request.action == "delete" else {**before, **given},
            reason=self.reason(request),
            ids={"key_id": request.key_id},
            is_self=is_own,
        )

    def _token(self, request: TokenRequest) -> Change:
        row = row_of(self.snapshot.access_tokens, "access_token_id", request.token_id) or {}
        values = token_values(row)
        is_revoking = request.action == "revoke"
        states = ("active", "revoked") if is_revoking else ("revoked", "active")
        return new_change(
            "RevokeAccessToken" if is_revoking else "ReinstateAccessToken",
            email=row.get("email"),
            before={**values, "state": states[0]},
            after={**values, "state": states[1]},
            reason=self.reason(request),
            ids={"token_id": request.token_id},
            is_self=is_own_key(self.snapshot.meta.caller, values["short_key"]),
        )

    def _setting(self, request: SettingRequest) -> Change:
        name = request.setting
        row = row_of(self.snapshot.settings, "setting", name) or {"value": "null"}
        return new_change(
            "UpdateSettings",
            before={name: json.loads(str(row["value"]))},
            after={name: request.value},
            reason=self.reason(request),
            ids={"setting": name},
        )


def _note_full(snapshot: Snapshot, changes: Iterable[Change], notes: Notes) -> None:
    """Warn where the organization's plan has no room for the workspaces that would be created."""
    created = [change for change in changes if change.kind == "CreateWorkspace"]
    if not created:
        return
    most = setting(snapshot, "max_workspaces", -1)
    n_there = int((~snapshot.workspaces["is_deleted"].astype("boolean").fillna(False)).sum())
    freed = sum(change.kind == "DeleteWorkspace" for change in changes)
    is_full = setting(snapshot, "reached_max_workspaces", False) is True and not freed
    if is_full or (isinstance(most, int) and 0 <= most < n_there + len(created)):
        limit = f"at most {most:,} workspaces" if isinstance(most, int) and most >= 0 else "no more workspaces"
        notes.add(
            "max-workspaces",
            f"The organization's plan allows {limit}, and the key sees {n_there:,}; the service may refuse "
            f"{len(created):,} more. What is deleted makes room only afterwards.",
            *(change.id for change in created),
        )
