"""Changes of workspaces, roles, keys, tokens, settings and links of the small demo organization, as plans have them."""

from __future__ import annotations

from lsnb.plan import changes_to_plan, new_change
from lsnb.plan.references import key_reference, role_reference, workspace_reference
from lsnb.plan.safety import IRREVERSIBLE_KINDS
from tests.apply.acme import WIDE, address

READING = ("projects:read", "runs:read", "workspaces:read")


def plan_of(acme, *changes, allow=None):
    """Plan changes, with everything irreversible allowed by name."""
    named = {f"irreversible:{c.id}": "test" for c in changes if c.kind in IRREVERSIBLE_KINDS}
    plan = changes_to_plan(acme.snapshot(), changes, rules=WIDE, allow=named | (allow or {}), created_at=acme.stamp())
    assert plan.is_safe, plan.to_text()
    return plan


def change(kind, before=None, after=None, *, workspace=None, email=None, **ids):
    """Make a change for no other reason than the test."""
    return new_change(kind, before=before, after=after, reason="test", ids=ids, workspace=workspace, email=email)


def create_workspace(name):
    """Make a workspace."""
    return change("CreateWorkspace", None, {"workspace": name}, workspace=name, workspace_id=workspace_reference(name))


def rename_workspace(acme, old, new):
    """Give a workspace another name."""
    values = {"workspace": old}, {"workspace": new}
    return change("RenameWorkspace", *values, workspace=old, workspace_id=acme.workspace_id(old))


def delete_workspace(acme, name):
    """Delete a workspace."""
    before = {"workspace": name, "members": 1}
    return change("DeleteWorkspace", before, None, workspace=name, workspace_id=acme.workspace_id(name))


def role_values(acme, name):
    """Give a role as it is."""
    role = acme.server.state.roles[acme.role_id(name)]
    return {"role": role.display_name, "description": role.description, "permissions": sorted(role.permissions)}


def create_role(name, permissions=READING):
    """Make a role."""
    after = {"role": name, "description": f"what {name} needs", "permissions": sorted(permissions)}
    return change("CreateRole", None, after, role_id=role_reference(name))


def update_role(acme, name, *, add=(), drop=(), **more):
    """Add permissions to a role, and take some away."""
    before = role_values(acme, name)
    permissions = sorted((set(before["permissions"]) | set(add)) - set(drop))
    return change("UpdateRole", before, before | {"permissions": permissions} | more, role_id=acme.role_id(name))


def delete_role(acme, name):
    """Delete a role."""
    return change("DeleteRole", role_values(acme, name), None, role_id=acme.role_id(name))


def no_roles():
    """Give the role values of a key that has none."""
    return dict.fromkeys(("role", "role_id", "role_name", "org_role", "org_role_id", "org_role_name"))


def role_of_key(acme, name):
    """Give the role values of a key with a workspace role."""
    role = acme.server.state.roles[acme.role_id(name)]
    return no_roles() | {"role": name, "role_id": role.id, "role_name": role.name}


def create_key(acme, description, role="Viewer", *places, expires_at="2031-01-01T00:00:00Z", role_id=None):
    """Make a service key of some workspaces."""
    roles = role_of_key(acme, role) if role_id is None else no_roles() | {"role": role, "role_id": role_id}
    workspaces = [{"workspace": place, "workspace_id": acme.workspace_id(place)} for place in places]
    after = {"description": description, **roles, "workspaces": workspaces, "expires_at": expires_at}
    return change("CreateServiceKey", None, after, key_id=key_reference(description))


def key_of(acme, description):
    """Find a key by its description."""
    return next(key for key in acme.server.state.keys.values() if key.description == description)


def key_values(acme, key):
    """Give a key as it is."""
    name = acme.server.state.roles[key.role_id].display_name
    return {"description": key.description, "short_key": key.short_key, **role_of_key(acme, name)}


def set_key_role(acme, description, role):
    """Give a key another workspace role."""
    key = key_of(acme, description)
    before = key_values(acme, key)
    return change("SetServiceKeyRole", before, before | role_of_key(acme, role), key_id=key.id)


def delete_key(acme, description):
    """Delete a key."""
    key = key_of(acme, description)
    return change("DeleteServiceKey", key_values(acme, key), None, key_id=key.id)


def delete_scim_token(acme, description):
    """Delete a token of an identity provider."""
    token = next(token for token in acme.server.state.scim_tokens.values() if token.description == description)
    before = {"description": description, "short_token": token.short_token}
    return change("DeleteScimToken", before, None, scim_token_id=token.id)


def revoke(acme, description):
    """Revoke a token."""
    key = key_of(acme, description)
    before = {"description": description, "short_key": key.short_key, "state": "active"}
    return change("RevokeAccessToken", before, before | {"state": "revoked"}, token_id=key.id)


def reinstate(acme, description):
    """Reinstate a token."""
    key = key_of(acme, description)
    before = {"description": description, "short_key": key.short_key, "state": "revoked"}
    return change("ReinstateAccessToken", before, before | {"state": "active"}, token_id=key.id)


def setting(name, before, after):
    """Change a setting."""
    return change("UpdateSettings", {name: before}, {name: after}, setting=name)


def unshare(acme, place, count):
    """End the public links of a workspace."""
    return change("UnshareAll", {"shared_links": count}, None, workspace=place, workspace_id=acme.workspace_id(place))


def invite(acme, name, place, role, *, place_id=None, role_id=None):
    """Invite somebody to a workspace, which the same plan may create."""
    organization_role = acme.role_id("Organization User")
    role_id = role_id or acme.role_id(role)
    after = {
        "role": "Organization User",
        "role_id": organization_role,
        "role_name": "ORGANIZATION_USER",
        "workspaces": [{"workspace": place, "workspace_id": place_id or acme.workspace_id(place)}],
        "workspace_role": role,
        "workspace_role_id": role_id,
        "workspace_role_name": role,
    }
    ids = {"role_id": organization_role, "workspace_role_id": role_id}
    return change("InviteMember", None, after, email=address(name), **ids)


def add_member(acme, name, place, role="Viewer", *, place_id=None, role_id=None):
    """Add somebody to a workspace."""
    person = acme.server.state.find_person(address(name))
    role_id = role_id or acme.role_id(role)
    return change(
        "AddWorkspaceMember",
        None,
        {"role": role, "role_id": role_id, "role_name": role, "state": "active"},
        workspace=place,
        email=address(name),
        identity_id=person.id,
        workspace_id=place_id or acme.workspace_id(place),
        role_id=role_id,
    )


def every_kind(acme):
    """Make one change of every kind, some of which need what others create."""
    return (
        create_workspace("Robotics"),
        create_role("Field Engineer"),
        invite(
            acme,
            "new.one",
            "Robotics",
            "Field Engineer",
            place_id=workspace_reference("Robotics"),
            role_id=role_reference("Field Engineer"),
        ),
        add_member(acme, "grace.kim", "Robotics", place_id=workspace_reference("Robotics")),
        rename_workspace(acme, "Marketing", "Growth"),
        delete_workspace(acme, "Sales-Demos"),
        update_role(acme, "Annotator", add=["datasets:read", "prompts:read"]),
        update_role(acme, "Power User", drop=["runs:delete"]),
        create_key(acme, "Dashboards", "Viewer", "Production", "Staging"),
        create_key(acme, "Field data", "Field Engineer", "Research", role_id=role_reference("Field Engineer")),
        set_key_role(acme, "Nightly load of Research", "Viewer"),
        delete_key(acme, "Default API key"),
        delete_scim_token(acme, "Okta provisioning"),
        delete_role(acme, "Dataset Curator"),
        revoke(acme, "Production sync"),
        reinstate(acme, "Old laptop"),
        setting("public_sharing_disabled", False, True),
        setting("max_service_key_expiry_days", None, 3000),
        setting("workspace_admin_can_invite_to_org", True, False),
        unshare(acme, "Support", 2),
    )


def prepare(acme):
    """Bring the organization to where every kind of change has something to do."""
    state = acme.server.state
    state.behaviours.pats_listed = "all"
    key_of(acme, "Old laptop").is_revoked = True
    unused = acme.role_id("Dataset Curator")
    for membership in state.memberships.values():
        if membership.role_id == unused:
            membership.role_id = acme.role_id("Viewer")
    state.touch()


def things_of(state):
    """Give what is there of all that can be changed: (what, name) to value."""
    names = {role.id: role.display_name for role in state.roles.values()}
    places = {place.id: place.display_name for place in state.workspaces.values()}
    found: dict[tuple[str, ...], object]
    found = {("workspace", place.display_name): True for place in state.workspaces.values() if not place.is_deleted}
    for role in state.roles.values():
        found["role", role.display_name] = (role.description, frozenset(role.permissions))
    for key in state.keys.values():
        covered = key.workspace_ids and tuple(sorted(places[id_] for id_ in key.workspace_ids))
        values = (names.get(key.role_id), names.get(key.org_role_id), covered, key.expires_at, key.is_revoked)
        found[key.kind, key.description, key.short_key if key.kind == "pat" else ""] = values
    found |= {("setting", name): str(value) for name, value in state.organization.settings.items()}
    found |= {("scim", token.id): token.description for token in state.scim_tokens.values()}
    for link in state.share_links.values():
        found["link", link.id] = link.workspace_id
    return found
