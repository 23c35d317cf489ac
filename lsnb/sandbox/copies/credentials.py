"""Copy keys, tokens and accounts without their secrets, and hand out keys that work."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from lsnb.sandbox.copies.draft import Draft
from lsnb.sandbox.copies.rows import split_names
from lsnb.sandbox.ids import make_demo_secret, make_hash, make_short_key, make_stamp
from lsnb.sandbox.records import Json, Key, KeyKind, Person, ScimToken, ServiceAccount

_PREFIXES: dict[KeyKind, str] = {"pat": "lsv2_pt_", "service": "lsv2_sk_"}


def copy_credentials(draft: Draft) -> None:
    """Copy service keys, tokens, service accounts and SCIM tokens."""
    for row in draft.read("service_keys"):
        _add_key(
            draft, "service", row["service_key_id"], row,
            workspace_ids=_find_places(draft, row),
            person_id=_find_creator(draft, row["created_by"]),
            role_id=draft.role_id(row["role_id"]),
            org_role_id=draft.role_id(row["organization_role_id"]),
        )  # fmt: skip
    for row in draft.read("access_tokens"):
        owner = draft.find_person(row["ls_user_id"]) or draft.find_person(row["email"])
        places = split_names(row["workspaces"], draft.workspace_ids)
        _add_key(
            draft, "pat", row["access_token_id"], row,
            workspace_ids=places or None,
            person_id=owner.id if owner else None,
            is_revoked=bool(row["is_revoked"]),
        )  # fmt: skip
    _copy_accounts(draft)
    for row in draft.read("scim_tokens"):
        token = ScimToken(
            id=draft.names.id(row["scim_token_id"]),
            description=draft.names.label("SCIM token", row["description"]),
            short_token=draft.names.short_key("lsv2_scim_", row["short_token"]),
            created_at=draft.since(row["created_at"]),
            updated_at=draft.since(row["updated_at"] or row["created_at"]),
            last_used_at=draft.stamp(row["last_used_at"]),
        )
        draft.state.scim_tokens[token.id] = token


def _add_key(draft: Draft, kind: KeyKind, real_id: str, row: Json, **fields: Any) -> None:
    key_id = draft.names.id(real_id)
    draft.state.add_key(
        Key(
            id=key_id,
            kind=kind,
            secret_hash=f"nothing has this hash: {key_id}",
            short_key=draft.names.short_key(_PREFIXES[kind], row["short_key"]),
            description=draft.names.label("Key", row["description"]),
            created_at=draft.since(row["created_at"]),
            default_workspace_id=draft.workspace_ids.get(row["default_workspace"] or ""),
            expires_at=draft.stamp(row["expires_at"]),
            last_used_at=draft.stamp(row["last_used_at"]),
            **fields,
        )
    )


def _find_places(draft: Draft, row: Json) -> list[str] | None:
    """Return a service key's workspaces; servers that do not tell the scope name them for keys of workspaces only."""
    places = split_names(row["workspaces"], draft.workspace_ids)
    is_wide = row["scope"] == "organization" if row["scope"] else row["workspaces"] is None
    return None if is_wide else places


def _find_creator(draft: Draft, real: str | None) -> str | None:
    """Return who made a key; somebody who has left is still named, by what then leads nowhere."""
    person = draft.find_person(real)
    if person or not real:
        return person.id if person else None
    return draft.names.email(real) if "@" in real else draft.names.id(real)


def _copy_accounts(draft: Draft) -> None:
    for row in draft.read("service_accounts"):
        real, place = row["service_account_id"], draft.workspaces.get(row["default_workspace_id"] or "")
        account = ServiceAccount(
            id=draft.names.id(real),
            name=draft.names.label("Account", row["service_account"]),
            created_at=draft.since(row["created_at"]),
            updated_at=draft.since(row["updated_at"] or row["created_at"]),
            organization_identity_id=draft.names.make("service identity", real),
            default_workspace_id=place.id if place else None,
        )
        draft.state.service_accounts[account.id] = account


def hand_out_keys(draft: Draft) -> None:
    """Add the keys that every demo organization has, each where there is somebody to own it."""
    state = draft.state
    admin = _find_holder(draft, "ORGANIZATION_ADMIN") or _invent_admin(draft)
    workspace = next((place.id for place in state.live_workspaces()), None)
    for name, role in (("operator", "OPERATOR"), ("user", "USER"), ("viewer", "VIEWER")):
        owner = _find_holder(draft, f"ORGANIZATION_{role}")
        if owner is not None:
            _add_demo_key(draft, f"{name}_pat", "pat", owner)
    _add_demo_key(draft, "admin_pat", "pat", admin)
    admin_roles = {
        "role_id": draft.system_role_id("WORKSPACE_ADMIN"),
        "org_role_id": draft.system_role_id("ORGANIZATION_ADMIN"),
    }
    _add_demo_key(draft, "admin_service_key", "service", admin, **admin_roles)
    if workspace is not None:
        editor = draft.system_role_id("WORKSPACE_USER")
        place = {"workspace_ids": [workspace], "default_workspace_id": workspace}
        _add_demo_key(draft, "workspace_key", "service", admin, role_id=editor, **place)
    over = make_stamp(state.reference - timedelta(days=2))
    _add_demo_key(draft, "expired_pat", "pat", admin, expires_at=over)


def _find_holder(draft: Draft, role: str) -> Person | None:
    """Return who gets the key of a role: whoever read the snapshot, as a plan is bound to that person; else the oldest."""
    caller = draft.snapshot.meta.caller
    role_id = draft.system_role_id(role)
    holders = [p for p in draft.state.people.values() if p.role_id == role_id and not p.is_disabled]
    reader = draft.find_person(caller.ls_user_id) or draft.find_person(caller.email)
    if reader in holders:
        return reader
    return min(holders, key=lambda person: (person.created_at, person.id), default=None)


def _invent_admin(draft: Draft) -> Person:
    """Add an Organization Admin: every organization has one, but not every key may see who that is."""
    draft.notes.append("No Organization Admin is in the snapshot; an invented one, stand.in@copy.example, was added.")
    make = draft.names.make
    return draft.state.add_person(
        Person(
            id=make("identity", "stand-in"),
            email="stand.in@copy.example",
            full_name="Stand-in Admin",
            user_id=make("user", "stand-in"),
            ls_user_id=make("ls user", "stand-in"),
            role_id=draft.system_role_id("ORGANIZATION_ADMIN"),
            created_at=draft.now,
        )
    )


def _add_demo_key(draft: Draft, name: str, kind: KeyKind, owner: Person, **fields: Any) -> None:
    secret = make_demo_secret(_PREFIXES[kind], draft.state.organization.id, name)
    draft.state.add_key(
        Key(
            id=draft.names.make("demo key", name),
            kind=kind,
            secret_hash=make_hash(secret),
            short_key=make_short_key(secret),
            description=f"{name} of this copy",
            created_at=make_stamp(draft.state.reference - timedelta(days=30)),
            name=name,
            person_id=owner.id,
            **fields,
        )
    )
