"""Turn records into the objects of the wire (API.md 7)."""

from __future__ import annotations

from functools import partial
from typing import Any

from lsnb.sandbox.records import Invitation, Json, Key, Membership, Person, Role, Workspace
from lsnb.sandbox.state import State


def shape_workspace(state: State, workspace: Workspace) -> Json:
    """Return a workspace without the caller's role."""
    return {
        "id": workspace.id,
        "organization_id": state.organization.id,
        "created_at": workspace.created_at,
        "display_name": workspace.display_name,
        "is_personal": workspace.is_personal,
        "is_deleted": workspace.is_deleted,
        "tenant_handle": workspace.tenant_handle,
        "data_plane_url": None,
    }


def shape_role(state: State, role: Role) -> Json:
    """Return a role; some servers keep the permissions of built-in roles to themselves."""
    hidden = role.organization_id is None and not state.behaviours.system_permissions_shown
    data: Json = {
        "id": role.id,
        "name": role.name,
        "display_name": role.display_name,
        "description": role.description,
        "organization_id": role.organization_id,
        "permissions": [] if hidden else role.permissions,
        "access_scope": role.access_scope,
    }
    if state.behaviours.has("role_restriction"):
        data["is_restricted"] = role.is_restricted
    return data


def name_role(state: State, role_id: str | None) -> str | None:
    """Return what member lists call a role."""
    if role_id is None:
        return None
    role = state.roles.get(role_id)
    if role is None:  # gone while somebody holds it, as tests let it go
        return None
    return role.display_name if state.behaviours.role_names == "display" else role.name


def shape_login_method(person: Person, method: Json) -> Json:
    """Return one way in which a person signs in."""
    first, _, last = person.full_name.partition(" ")
    return {
        "id": method["id"],
        "provider": method["provider"],
        "ls_user_id": person.ls_user_id,
        "saml_provider_id": method.get("saml_provider_id"),
        "provider_user_id": person.user_id,
        "created_at": method["created_at"],
        "updated_at": method["created_at"],
        "email": person.email,
        "full_name": person.full_name,
        "first_name": first,
        "last_name": last or None,
        "username": None,
        "is_disabled": person.is_disabled,
        "provisioning_method": method.get("provisioning_method"),
        "email_confirmed_at": method["created_at"],
    }


def _shape_person(person: Person) -> Json:
    return {
        "email": person.email,
        "full_name": person.full_name,
        "display_name": person.full_name,
        "avatar_url": person.avatar_url,
        "is_disabled": person.is_disabled,
        "linked_login_methods": [shape_login_method(person, method) for method in person.login_methods],
    }


def shape_identity(state: State, person: Person, membership: Membership | None = None) -> Json:
    """Return the bare identity: of the organization, or of a workspace if a membership is given."""
    role_id = membership.role_id if membership else person.role_id
    return {
        "id": membership.id if membership else person.id,
        "organization_id": state.organization.id,
        "tenant_id": membership.workspace_id if membership else None,
        "created_at": membership.created_at if membership else person.created_at,
        "user_id": person.user_id,
        "ls_user_id": person.ls_user_id,
        "read_only": False,
        "role_id": role_id,
        "role_name": name_role(state, role_id),
        "access_scope": "workspace" if membership else "organization",
    }


def shape_member(state: State, person: Person) -> Json:
    """Return an active member of the organization; `role_id` is the organization role."""
    return (
        shape_identity(state, person)
        | _shape_person(person)
        | {
            "org_role_id": person.role_id,
            "org_role_name": name_role(state, person.role_id),
            "tenant_ids": list(state.places[person.id]),
        }
    )


def shape_workspace_member(state: State, membership: Membership) -> Json:
    """Return an active member of a workspace; `role_id` is the workspace role, `id` the workspace identity id."""
    person = state.people[membership.person_id]
    return (
        shape_identity(state, person, membership)
        | _shape_person(person)
        | {"org_role_id": person.role_id, "org_role_name": name_role(state, person.role_id)}
    )


def _shape_invitation(state: State, invitation: Invitation) -> Json:
    return {
        "email": invitation.email,
        "read_only": False,
        "workspace_ids": list(invitation.places) or None,
        "workspace_role_id": invitation.workspace_role_id,
        "password": None,
        "full_name": invitation.full_name,
        "user_id": "" if state.behaviours.pending_user_id == "empty" else None,
        "organization_id": state.organization.id,
    }


def shape_pending(state: State, invitation: Invitation) -> Json:
    """Return a pending person of the organization as an invitation answers it."""
    role = {"id": invitation.role_id, "name": name_role(state, invitation.role_id)}
    where = state.behaviours.pending_role_field
    plain, org = where in ("both", "role_id"), where in ("both", "org_role_id")
    return _shape_invitation(state, invitation) | {
        "id": invitation.id,
        "tenant_id": None,
        "created_at": invitation.created_at,
        "access_scope": "organization",
        "role_id": role["id"] if plain else None,
        "role_name": role["name"] if plain else None,
        "org_role_id": role["id"] if org else None,
        "org_role_name": role["name"] if org else None,
    }


def shape_org_pending(state: State, invitation: Invitation) -> Json:
    """Return a pending person as the organization's lists do: with `tenant_ids`."""
    return shape_pending(state, invitation) | {"tenant_ids": list(invitation.places)}


def shape_workspace_pending(state: State, invitation: Invitation, workspace_id: str) -> Json:
    """Return a pending person of a workspace; `id` is the pending workspace identity id."""
    place = invitation.places[workspace_id]
    return _shape_invitation(state, invitation) | {
        "id": place["id"],
        "tenant_id": workspace_id,
        "created_at": place["created_at"],
        "access_scope": "workspace",
        "role_id": place["role_id"],
        "role_name": name_role(state, place["role_id"]),
        "org_role_id": invitation.role_id,
        "org_role_name": name_role(state, invitation.role_id),
    }


def shape_key(state: State, key: Key) -> Json:
    """Return a key without its secret; workspaces are told by name only."""
    places = map(state.workspaces.get, key.workspace_ids) if key.workspace_ids is not None else None
    default = state.workspaces.get(key.default_workspace_id or "")
    data: Json = {
        "created_at": key.created_at,
        "id": key.id,
        "short_key": key.short_key,
        "description": key.description,
        "read_only": False,
        "last_used_at": key.last_used_at,
        "expires_at": key.expires_at,
        "workspace_names": [place.display_name for place in places if place] if places is not None else None,
        "default_workspace_name": default.display_name if default else None,
    }
    return data | (_shape_key_details(state, key) if state.behaviours.key_details else {})


def _shape_key_details(state: State, key: Key) -> Json:
    """Return the newer fields. Which they are is public, how the creator and a revocation are written is not."""
    data: Json = {
        "role_id": key.role_id,
        "org_role_id": key.org_role_id,
        "access_scope": "organization" if key.workspace_ids is None else "workspace",
    }
    if key.kind == "pat":
        return data | {"is_revoked": key.is_revoked}
    creator = state.people.get(key.person_id or "")
    # A creator who has left is still named by id, which then leads nowhere.
    return data | {
        "created_by": creator.ls_user_id if creator else key.person_id,
        "created_by_email": creator.email if creator else None,
    }


def sort_people(state: State, sort_by: str) -> Any:
    """Return the sort key of a list of active members; the id makes the order stable under paging."""
    return partial(_person_key, state, sort_by)


def _person_key(state: State, sort_by: str, person: Person) -> tuple[str, str]:
    match sort_by:
        case "name":
            return person.full_name.lower(), person.id
        case "email":
            return person.email, person.id
        case "role":
            return state.roles[person.role_id].display_name, person.id
        case _:
            return person.created_at, person.id
