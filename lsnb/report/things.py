"""Changes of workspaces, roles, keys, tokens and settings in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lsnb.plan.model import Change
from lsnb.plan.structure import permission_steps

Values = Mapping[str, Any]

#: How many permissions are named before the rest is counted.
_MOST_NAMED = 12

#: What each kind is called when it is counted: one, and several.
THING_WORDS: dict[str, tuple[str, str]] = {
    "CreateWorkspace": ("workspace created", "workspaces created"),
    "RenameWorkspace": ("workspace renamed", "workspaces renamed"),
    "DeleteWorkspace": ("workspace deleted", "workspaces deleted"),
    "CreateRole": ("role created", "roles created"),
    "UpdateRole": ("role changed", "roles changed"),
    "DeleteRole": ("role deleted", "roles deleted"),
    "CreateServiceKey": ("service key created", "service keys created"),
    "SetServiceKeyRole": ("role of a service key changed", "roles of service keys changed"),
    "DeleteServiceKey": ("service key deleted", "service keys deleted"),
    "RevokeAccessToken": ("access token revoked", "access tokens revoked"),
    "ReinstateAccessToken": ("access token reinstated", "access tokens reinstated"),
    "UpdateSettings": ("setting changed", "settings changed"),
    "UnshareAll": ("workspace without public links", "workspaces without public links"),
}


def thing_words(change: Change) -> str:
    """Call what a change is about: `role Auditor`, `service key night job`, `setting sso_only`; empty for people."""
    values = change.after or change.before or {}
    if change.kind in ("CreateRole", "UpdateRole", "DeleteRole"):
        return f"role {values.get('role')}"
    if change.kind in ("CreateServiceKey", "SetServiceKeyRole", "DeleteServiceKey"):
        return f"service key {_key_name(values)}"
    if change.kind in ("RevokeAccessToken", "ReinstateAccessToken"):
        owner = f" of {change.email}" if change.email else ""
        return f"token {_key_name(values)}{owner}"
    if change.kind == "UpdateSettings":
        return f"setting {change.ids.get('setting', '')}"
    if change.kind in THING_WORDS:
        return f"workspace {change.workspace or values.get('workspace')}"
    return ""


def _key_name(values: Values) -> str:
    name, shown = values.get("description"), values.get("short_key")
    return f"{name} ({shown})" if name and shown else str(name or shown or "")


def thing_before(change: Change) -> str | None:
    """Say what is there before a change; None where the change is about a person."""
    if change.kind not in THING_WORDS:
        return None
    values = change.before
    if values is None:
        return "not there"
    if change.kind == "UnshareAll":
        return _links_words(values)
    if change.kind == "DeleteWorkspace":
        return f"{values.get('workspace')}, {_counted(int(values.get('members') or 0), 'person', 'people')} in it"
    return _values_words(change, values)


def thing_after(change: Change) -> str | None:
    """Say what is there after a change; None where the change is about a person."""
    if change.kind not in THING_WORDS:
        return None
    values = change.after
    if values is None:
        return "no public links" if change.kind == "UnshareAll" else "deleted"
    if change.kind == "CreateRole":
        return f"{_role_words(values)}: {_named(sorted(values.get('permissions') or ()))}"
    if change.kind == "UpdateRole":
        return _steps_words(change)
    if change.kind == "CreateServiceKey":
        return _new_key_words(values)
    return _values_words(change, values)


def _values_words(change: Change, values: Values) -> str:
    if "permissions" in values:
        return _role_words(values)
    if change.kind in ("SetServiceKeyRole", "DeleteServiceKey"):
        return _roles_words(values)
    if "state" in values:
        return str(values["state"])
    if change.kind == "UpdateSettings":
        return _setting_words(values.get(change.ids.get("setting", "")))
    return str(values.get("workspace"))


def _role_words(values: Values) -> str:
    n = len(values.get("permissions") or ())
    return f"{values.get('role')} with {_counted(n, 'permission', 'permissions')}"


def _steps_words(change: Change) -> str:
    """Show what a role gains and loses: `+runs:share, -runs:delete`; and another description."""
    gained, lost = permission_steps(change)
    parts = [_named([*(f"+{name}" for name in gained), *(f"-{name}" for name in lost)])] if gained or lost else []
    before, after = change.before or {}, change.after or {}
    if before.get("description") != after.get("description"):
        parts.append(f"description: {after.get('description')}")
    return "; ".join(parts) or "nothing new"


def _roles_words(values: Values) -> str:
    roles = [str(values[name]) for name in ("org_role", "role") if values.get(name)]
    return " and ".join(roles) or "roles not known"


def _new_key_words(values: Values) -> str:
    places = [str(place.get("workspace")) for place in values.get("workspaces") or ()]
    where = f"in {', '.join(places)}" if places else "in the whole organization"
    until = f"until {str(values['expires_at'])[:16].replace('T', ' ')} UTC" if values.get("expires_at") else "for ever"
    return f"{_roles_words(values)} {where}, {until}"


def _setting_words(value: Any) -> str:
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value)) or "an empty list"
    return str(value) if str(value).strip() else repr(value)


def _links_words(values: Values) -> str:
    n = values.get("shared_links")
    return "public links" if n is None else _counted(int(n), "public link", "public links")


def _named(names: list[str]) -> str:
    if len(names) > _MOST_NAMED:
        return f"{', '.join(names[:_MOST_NAMED])} and {len(names) - _MOST_NAMED:,} more"
    return ", ".join(names)


def _counted(n: int, one: str, several: str) -> str:
    return f"{n:,} {one if n == 1 else several}"


def thing_sentence(change: Change) -> str:
    """Say what a change does in a sentence: `create role Auditor with 12 permissions`; empty for people."""
    what = thing_words(change)
    if not what:
        return ""
    before, after = change.before or {}, change.after or {}
    if change.kind == "CreateRole":
        return f"create {what} with {_counted(len(after.get('permissions') or ()), 'permission', 'permissions')}"
    if change.kind == "UpdateRole":
        return f"change {what}: {_steps_words(change)}"
    if change.kind == "RenameWorkspace":
        return f"rename {what} to {after.get('workspace')}"
    if change.kind == "CreateServiceKey":
        return f"create {what}: {_new_key_words(after)}"
    if change.kind in ("SetServiceKeyRole", "UpdateSettings"):
        verb = "set" if change.kind == "UpdateSettings" else "give"
        return f"{verb} {what}: {_values_words(change, before)} → {_values_words(change, after)}"
    if change.kind == "UnshareAll":
        return f"take back {_links_words(before)} of {what}"
    starts = ("Create", "Delete", "Revoke", "Reinstate")
    return next((f"{start.lower()} {what}" for start in starts if change.kind.startswith(start)), what)
