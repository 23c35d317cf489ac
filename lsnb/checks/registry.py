"""Every check, in the order of the areas."""

from __future__ import annotations

from lsnb.checks import (
    admins,
    invites,
    keys,
    links,
    log,
    members,
    policies,
    review,
    roles,
    scim,
    settings,
    sso,
    tokens,
    workspaces,
)
from lsnb.checks.spec import Check

_AREAS = (
    *(admins, members, invites, workspaces, roles, keys, tokens),
    *(sso, scim, settings, policies, links, log, review),
)

#: Every check by its id.
CHECKS: dict[str, Check] = {
    found.id: found for area in _AREAS for found in vars(area).values() if isinstance(found, Check)
}
