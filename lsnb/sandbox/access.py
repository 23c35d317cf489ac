"""Find out who is calling and what they may do (API.md 2, 6.2, 6.3b)."""

from __future__ import annotations

from dataclasses import dataclass, field

from lsnb.sandbox.ids import make_hash
from lsnb.sandbox.permissions import CATALOGUE
from lsnb.sandbox.plans import read_config, read_settings
from lsnb.sandbox.records import Json, Key, Person, Role, Workspace
from lsnb.sandbox.refusals import RefusedError, make_forbidden
from lsnb.sandbox.state import State


@dataclass(slots=True)
class Caller:
    """Whoever sent the request: a key or a browser session, and the workspace it speaks about."""

    state: State
    key: Key | None = None
    person: Person | None = None
    workspace: Workspace | None = None
    email: str | None = None
    """The address of a signed-in browser; its person may still be pending."""
    touched: list[str] = field(default_factory=list)
    """Ids of what the request changed, for the audit log."""

    @property
    def name(self) -> str | None:
        """Return what the request log calls the caller's credential."""
        if self.key is not None:
            return self.key.name or self.key.short_key
        return f"session:{self.email}" if self.email else None

    @property
    def is_service(self) -> bool:
        """Tell whether the caller is a service key."""
        return self.key is not None and self.key.kind == "service"

    @property
    def is_workspace_key(self) -> bool:
        """Tell whether the caller is a service key of certain workspaces only."""
        return self.key is not None and self.key.kind == "service" and self.key.workspace_ids is not None

    @property
    def org_role(self) -> Role | None:
        """Return the caller's organization role."""
        if self.person is not None:
            return self.state.roles[self.person.role_id]
        role_id = self.key.org_role_id if self.key else None
        return self.state.roles[role_id] if role_id else None

    @property
    def org_permissions(self) -> list[str]:
        """Return the caller's organization permissions."""
        return self.org_role.permissions if self.org_role else []

    @property
    def is_admin(self) -> bool:
        """Tell whether the caller acts as Organization Admin."""
        return self.org_role is not None and self.org_role.name == "ORGANIZATION_ADMIN"

    @property
    def is_operator(self) -> bool:
        """Tell whether the caller acts as Organization Operator."""
        return self.org_role is not None and self.org_role.name == "ORGANIZATION_OPERATOR"

    @property
    def config(self) -> Json:
        """Return the plan's flags."""
        return read_config(self.state.organization)

    @property
    def settings(self) -> Json:
        """Return the organization's settings."""
        return read_settings(self.state.organization)

    @property
    def place(self) -> Workspace:
        """Return the workspace of a workspace-scoped request."""
        if self.workspace is None:
            raise make_forbidden()
        return self.workspace

    def workspace_role(self, workspace_id: str) -> Role | None:
        """Return the caller's role in a workspace, None where it has no business."""
        admin = self.state.find_role("WORKSPACE_ADMIN")
        if self.is_admin:
            return admin
        if self.person is not None:
            membership = self.state.places[self.person.id].get(workspace_id)
            if membership is None:
                return None
            if not self.config["can_use_rbac"] or membership.role_id is None:
                return admin
            return self.state.roles[membership.role_id]
        if self.key is None or (self.key.workspace_ids is not None and workspace_id not in self.key.workspace_ids):
            return None
        return self.state.roles[self.key.role_id] if self.key.role_id else admin

    def visible_workspaces(self) -> list[Workspace]:
        """Return the workspaces in which the caller has a role, deleted ones included."""
        return [w for w in self.state.workspaces.values() if self.workspace_role(w.id) is not None]

    def may(self, permission: str) -> bool:
        """Tell whether the caller holds a permission, in the request's workspace if it is a workspace permission."""
        if permission.startswith("organization:"):
            return permission in self.org_permissions
        role = self.workspace_role(self.workspace.id) if self.workspace else None
        return role is not None and permission in role.permissions

    def need(self, permission: str) -> None:
        """Refuse with 403 unless the caller holds the permission."""
        if not self.may(permission):
            raise make_forbidden()

    def need_admin(self, reason: str = "Forbidden") -> None:
        """Refuse with 403 unless the caller acts as Organization Admin."""
        if not self.is_admin:
            raise make_forbidden(reason)

    def need_plan(self, flag: str, reason: str) -> None:
        """Refuse with 403 unless the plan offers something (API.md 5)."""
        if not self.config[flag]:
            raise make_forbidden(reason)


def identify(state: State, api_key: str | None, bearer: str | None) -> Caller:
    """Return who a credential belongs to.

    Raises:
        RefusedError: 401, because there is none, or it is unknown, revoked, expired or its owner is gone.

    """
    if api_key:
        return _identify_key(state, api_key)
    if bearer:
        email = state.sessions.get(make_hash(bearer), "")
        person = state.find_person(email)
        if state.find_invitation(email) or (person is not None and not person.is_disabled):
            return Caller(state, person=person, email=email)
    raise RefusedError(401, "Invalid token" if bearer else "Missing API key")


def _identify_key(state: State, secret: str) -> Caller:
    key = state.key_by_hash.get(make_hash(secret))
    if key is None:
        raise RefusedError(401, "Invalid API key")
    if key.is_revoked:
        raise RefusedError(401, "API key has been revoked")
    if key.expires_at is not None and key.expires_at <= state.stamp():
        raise RefusedError(401, "API key has expired")
    person = state.people.get(key.person_id or "") if key.kind == "pat" else None
    if key.kind == "pat" and (person is None or person.is_disabled):
        raise RefusedError(401, "Invalid API key")
    key.last_used_at = state.stamp()
    return Caller(state, key=key, person=person)


def check_organization(caller: Caller, organization_id: str | None) -> None:
    """Refuse a request that names another organization than the credential's."""
    behaviours = caller.state.behaviours
    if organization_id is None:
        if behaviours.organization_header_required or caller.key is None:
            raise make_forbidden("X-Organization-Id is required")
    elif organization_id.lower() != caller.state.organization.id:
        raise RefusedError(behaviours.wrong_organization_status, "Forbidden")


def enter_organization(caller: Caller, organization_id: str | None) -> Caller:
    """Return the caller of an organization endpoint; keys of single workspaces are turned away."""
    if caller.is_workspace_key:
        raise make_forbidden()
    check_organization(caller, organization_id)
    return caller


def enter_workspace(caller: Caller, tenant_id: str | None, organization_id: str | None) -> Caller:
    """Return the caller of a workspace endpoint with the workspace it means."""
    if organization_id is not None:
        check_organization(caller, organization_id)
    chosen = tenant_id.lower() if tenant_id else _default_workspace(caller)
    workspace = caller.state.workspaces.get(chosen or "")
    if workspace is None or workspace.is_deleted or caller.workspace_role(workspace.id) is None:
        raise make_forbidden()
    caller.workspace = workspace
    return caller


def _default_workspace(caller: Caller) -> str | None:
    """Return the workspace of a request without `X-Tenant-Id`."""
    if caller.key is None:
        raise make_forbidden("X-Tenant-Id is required")
    if caller.is_service and caller.key.workspace_ids is None:
        raise RefusedError(
            403,
            "This API key is organization-scoped: name a workspace ID in the X-Tenant-Id header.",
            code="org_scoped_key_requires_workspace",
        )
    if caller.key.default_workspace_id is not None:
        return caller.key.default_workspace_id
    mine = caller.key.workspace_ids or [w.id for w in caller.visible_workspaces() if not w.is_deleted]
    return mine[0] if mine else None


def list_permissions() -> list[Json]:
    """Return the catalogue as `GET /orgs/permissions` does (API.md 8.5)."""
    return [{"name": p.name, "description": p.description, "access_scope": p.scope} for p in CATALOGUE]
