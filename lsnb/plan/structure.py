"""Changes of what people work in and with, and not of their membership: workspaces, roles, keys, tokens, settings.

Here follows from what is there and what is wanted when such a change is made, how much power it moves, and what it
brings with it. Values and ids of these changes:

- `CreateWorkspace`, `RenameWorkspace`, `DeleteWorkspace`: `workspace`; of one that is deleted also `members`, their number.
- `CreateRole`, `UpdateRole`, `DeleteRole`: `role`, `description`, `permissions`, always the whole sorted list.
- `CreateServiceKey`, `SetServiceKeyRole`, `DeleteServiceKey`: `description`, `role`, `role_id`, `role_name`, and the same
  with `org_` before it; of a key that is there `short_key`; of a new one `workspaces` (none is the whole organization)
  and `expires_at` (None is never).
- `RevokeAccessToken`, `ReinstateAccessToken`: `description`, `short_key`, `state`, which is active or revoked.
- `UpdateSettings`: the setting's own name; one change per setting.
- `UnshareAll`: `shared_links`, their number where it is known.

`ids` names the thing: `workspace_id`, `role_id`, `key_id`, `token_id` or `setting`. What the same plan creates has a
reference there, as `lsnb.plan.references` tells.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lsnb import catalogue
from lsnb.plan.model import Change, Risk, Stage
from lsnb.plan.roles import ORGANIZATION_POWERS, rank
from lsnb.policy import SENSITIVE_PERMISSIONS
from lsnb.tables.settings import KNOWN_SETTINGS, known_setting

Values = Mapping[str, Any]

#: The kinds of change that are told about here, and under which name each has its thing in `ids`.
THINGS: dict[str, str] = {
    "CreateWorkspace": "workspace_id",
    "RenameWorkspace": "workspace_id",
    "DeleteWorkspace": "workspace_id",
    "CreateRole": "role_id",
    "UpdateRole": "role_id",
    "DeleteRole": "role_id",
    "CreateServiceKey": "key_id",
    "SetServiceKeyRole": "key_id",
    "DeleteServiceKey": "key_id",
    "RevokeAccessToken": "token_id",
    "ReinstateAccessToken": "token_id",
    "UpdateSettings": "setting",
    "UnshareAll": "workspace_id",
}

#: The settings that can lock out whoever makes the plan; they come last of all.
LOCKING_SETTINGS = frozenset(
    name for name, known in KNOWN_SETTINGS.items() if known.is_changeable and known.risk == "high"
)

_SENSITIVE = frozenset(SENSITIVE_PERMISSIONS)
_STAGES: dict[str, Stage] = {
    "CreateWorkspace": "create",
    "CreateRole": "create",
    "CreateServiceKey": "add",
    "RenameWorkspace": "change",
    "ReinstateAccessToken": "change",
    "UpdateSettings": "change",
}
_ONE_WAY = frozenset({"DeleteWorkspace", "DeleteServiceKey", "UnshareAll"})
#: What undo brings back entirely. A kind that is not among them does not come back, as far as anybody knows.
_REVERSIBLE = frozenset(THINGS) - _ONE_WAY - {"DeleteRole"}
#: The risk of the kinds whose values do not matter; one that is nowhere here is high.
_RISKS: dict[str, Risk] = {
    "CreateWorkspace": "low",
    "RenameWorkspace": "low",
    "DeleteRole": "medium",
    "RevokeAccessToken": "medium",
    "ReinstateAccessToken": "medium",
}


def permissions_of(values: Values | None) -> frozenset[str]:
    """Give the permissions of a role's values; none where there is no role."""
    return frozenset((values or {}).get("permissions") or ())


def permission_steps(change: Change) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Give the permissions that a change of a role adds, and those that it takes away, each sorted."""
    before, after = permissions_of(change.before), permissions_of(change.after)
    return tuple(sorted(after - before)), tuple(sorted(before - after))


def sensitive_gains(change: Change) -> tuple[str, ...]:
    """Give the sensitive permissions that a change of a role newly grants, sorted."""
    if change.kind not in ("CreateRole", "UpdateRole"):
        return ()
    return tuple(name for name in permission_steps(change)[0] if name in _SENSITIVE)


def key_powers(values: Values | None) -> tuple[int, int]:
    """Rank what a service key may: in the organization (0 for none), and in its workspaces."""
    if values is None:
        return 0, 0
    organization = values.get("org_role_name")
    return rank(organization) + 1 if organization else 0, rank(values.get("role_name"))


def is_key_demotion(change: Change) -> bool:
    """Tell whether a change gives a service key a lesser role than it has, in the organization or in its workspaces."""
    if change.kind != "SetServiceKeyRole":
        return False
    return any(new < old for old, new in zip(key_powers(change.before), key_powers(change.after), strict=True))


def stage_of_thing(kind: str, before: Values | None, after: Values | None, setting: str | None) -> Stage:
    """Tell when a change is made."""
    if kind == "UpdateSettings" and setting in LOCKING_SETTINGS:
        return "self"
    if kind == "UpdateRole":
        return "demote" if permissions_of(before) - permissions_of(after) else "change"
    if kind == "SetServiceKeyRole":
        steps = [new - old for old, new in zip(key_powers(before), key_powers(after), strict=True)]
        return "demote" if min(steps) < 0 else "promote" if max(steps) > 0 else "change"
    return _STAGES.get(kind, "remove")


def risk_of_thing(kind: str, before: Values | None, after: Values | None, setting: str | None) -> Risk:
    """Tell how much power a change gives or takes, and whether what goes can come back."""
    if kind in _ONE_WAY:
        return "high"
    if kind in ("CreateRole", "UpdateRole"):
        gained, lost = permissions_of(after) - permissions_of(before), permissions_of(before) - permissions_of(after)
        if gained & _SENSITIVE:
            return "high" if kind == "UpdateRole" else "medium"
        return "medium" if lost else "low"
    if kind in ("CreateServiceKey", "SetServiceKeyRole"):
        return _risk_of_key(before, after, is_new=kind == "CreateServiceKey")
    if kind == "UpdateSettings":
        return known_setting(setting).risk
    return _RISKS.get(kind, "high")


def _risk_of_key(before: Values | None, after: Values | None, *, is_new: bool) -> Risk:
    held = [values for values in (before, after) if values]
    names = {values.get(name) for values in held for name in ("org_role_name", "role_name")}
    # A role that the server does not tell is none that somebody gives.
    if names & ORGANIZATION_POWERS or names - {None, *catalogue.SYSTEM_ROLES, catalogue.CUSTOM}:
        return "high"
    if any(values.get("role_name") == catalogue.WORKSPACE_ADMIN for values in held):
        return "medium"
    return "medium" if is_new and not (after or {}).get("expires_at") else "low"


def is_reversible_thing(kind: str) -> bool:
    """Tell whether undo brings the old state back entirely."""
    return kind in _REVERSIBLE


def consequence_of_thing(kind: str, before: Values | None, after: Values | None, setting: str | None) -> str:
    """Say what cannot come back, or what else happens."""
    if kind == "DeleteWorkspace":
        return "Everything in the workspace is gone for good: its projects, traces, datasets, prompts, memberships and keys."
    if kind == "DeleteServiceKey":
        return "Whatever uses the key stops working at once, and the same key never comes back."
    if kind == "UnshareAll":
        return (
            "Public links stop working and do not come back. The service describes the reach of this once as the "
            "workspace and once as the whole organization."
        )
    if kind == "DeleteRole":
        return (
            "Taking it back makes another role with the same name and permissions: access policies attached to this one "
            "do not come back."
        )
    if kind == "RevokeAccessToken":
        return "Whatever uses the token stops working within about a minute, until it is reinstated."
    if kind == "CreateServiceKey":
        never = "" if (after or {}).get("expires_at") else " It never expires."
        return f"The secret is shown once, when the key is made.{never}"
    if kind == "UpdateSettings":
        return _consequence_of_setting(setting, (after or {}).get(setting or ""))
    return ""


def _consequence_of_setting(setting: str | None, value: Any) -> str:
    if setting == "sso_only" and value:
        return "Everybody who does not come through single sign-on is locked out."
    if setting == "ip_allowlist" and value:
        return "Every request from another address is refused."
    if setting == "pat_creation_disabled" and value:
        return "Nobody can make a personal access token any more; those that are there go on working until they expire."
    if setting == "public_sharing_disabled" and value:
        return "Links that are public already stay public."
    return ""
