"""Name everything public material leaves open about the service, as switches (API.md 11)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from operator import attrgetter
from typing import Any, Literal


@dataclass(slots=True)
class Behaviours:
    """Say how this server decides what the documentation does not; every field may be changed while it runs."""

    # Paths and age of the server (API.md 1, 9).
    platform_paths: Literal["both", "api-only", "bare-only"] = "both"
    """`api-only`: paths without `/api` answer 200 with the web UI's HTML. `bare-only`: `/api/v1/platform` is 404."""
    enriched_members: bool = True
    """False: the enriched member list is 404, as on older self-hosted servers."""
    newer_endpoints: bool = True
    """False: nothing of API.md section 9 exists, whatever the switches below say."""
    pending_patch: bool = True
    service_key_patch: bool = True
    token_revocation: bool = True
    role_restriction: bool = True
    single_workspace_read: bool = True
    access_policy_patch: bool = True
    batch_adds_active: bool = True
    """The newer workspace batch adds people who are already in the organization instead of answering 409."""
    key_details: bool = True
    """Keys are listed with the newer fields: roles, scope and owner."""
    basic_auth: bool = False
    """The installation signs people in with passwords (API.md 8.6, basic-auth mode)."""

    # Credentials (API.md 2; unknowns 8 and 9).
    user_route_status: Literal[401, 403] = 403
    permissions_accept_keys: bool = True
    wrong_organization_status: Literal[403, 404] = 403
    organization_header_required: bool = False
    pats_listed: Literal["own", "all"] = "own"

    # Invitations and members (unknowns 1 to 6 and 16).
    duplicate_status: Literal[409, 400] = 409
    batch_failure: Literal["whole", "partial"] = "whole"
    batch_order: Literal["input", "reversed"] = "input"
    default_organization_role: str = "ORGANIZATION_USER"
    default_workspace_role: str = "WORKSPACE_ADMIN"
    """Used when `role_id` is left out; the deprecated `read_only: false` used to mean Admin."""
    rbac_off: Literal["refuse", "ignore"] = "refuse"
    """What a workspace role does where `can_use_rbac` is off: 403, or nothing."""
    last_admin_protected: bool = False
    self_change_allowed: bool = True
    """May the caller remove or demote itself."""
    admin_rows: Literal["allow", "refuse"] = "allow"
    """Adding an Organization Admin to a workspace, or changing such a row: allowed, or 400."""
    enriched_implicit_admins: bool = False
    """True: the enriched list shows Organization Admins in every workspace."""
    invitation_days: int | None = None
    """Pending invitations vanish after so many days; None: never."""
    pending_user_id: Literal["null", "empty"] = "null"
    pending_role_field: Literal["both", "role_id", "org_role_id"] = "both"
    role_names: Literal["display", "name"] = "display"
    """What `role_name` holds in member lists."""

    # Roles (unknowns 7, 10, 12, 17 and 21).
    system_permissions_shown: bool = True
    role_in_use_status: Literal[409, 400] = 409
    duplicate_role_name: Literal["refuse", "allow"] = "refuse"
    duplicate_workspace_name: Literal["refuse", "allow"] = "allow"
    operator_manages_roles: bool = True
    operator_manages_sso: bool = True
    operator_changes_key_roles: bool = True
    """The newest text allows it with limits; the operations page denies it."""
    restricted_role_needs: Literal["workspaces:manage", "admin"] = "workspaces:manage"

    # The rest (unknowns 11, 13, 15 and 19).
    unshare_all_reach: Literal["organization", "workspace"] = "organization"
    service_keys_survive: bool = True
    audit_end: Literal["inclusive", "exclusive"] = "inclusive"
    audit_time_unit: Literal["ms", "s"] = "ms"
    audit_delay_s: float = 0.0
    log_reads: bool = False
    clock: Literal["real", "fixed"] = "real"
    """`fixed`: the server's time stands still at the seed's reference date."""

    def update(self, changes: Mapping[str, Any]) -> None:
        """Set some switches; a name that does not exist is an error, so that a typing mistake cannot pass unseen."""
        known = {field.name for field in fields(self)}
        if unknown := sorted(set(changes) - known):
            raise ValueError(f"no such behaviour: {', '.join(unknown)}; known are {', '.join(sorted(known))}")
        for name, value in changes.items():
            setattr(self, name, value)

    def as_dict(self) -> dict[str, Any]:
        """Return every switch with its value."""
        return asdict(self)

    def as_key(self) -> tuple[Any, ...]:
        """Return every value, to tell whether something remembered was made under the same switches."""
        key: tuple[Any, ...] = _values(self)
        return key

    def has(self, newer: str) -> bool:
        """Tell whether an endpoint of API.md section 9 exists on this server."""
        return self.newer_endpoints and bool(getattr(self, newer))


_values = attrgetter(*(field.name for field in fields(Behaviours)))
