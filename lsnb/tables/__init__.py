"""The tables of a snapshot: one module per area, each with its specs and its builders."""

from __future__ import annotations

from lsnb.tables.access import ACCESS
from lsnb.tables.activity import AUDIT_LOG, SHARED_LINKS, USAGE
from lsnb.tables.completeness import COMPLETENESS
from lsnb.tables.keys import ACCESS_TOKENS, SCIM_TOKENS, SERVICE_ACCOUNTS, SERVICE_KEYS
from lsnb.tables.people import INVITES, MEMBERS
from lsnb.tables.settings import POLICIES, SETTINGS, SSO
from lsnb.tables.spec import Column, TableSpec, empty_frame
from lsnb.tables.structure import PERMISSION_CATALOGUE, PERMISSIONS, ROLES, WORKSPACES
from lsnb.tables.tags import TAGS

__all__ = ["SPECS", "Column", "TableSpec", "empty_frame"]

#: Every table by name, in the order in which the documentation shows them.
SPECS: dict[str, TableSpec] = {
    spec.name: spec
    for spec in (
        MEMBERS,
        INVITES,
        ACCESS,
        WORKSPACES,
        ROLES,
        PERMISSIONS,
        PERMISSION_CATALOGUE,
        SERVICE_KEYS,
        ACCESS_TOKENS,
        SERVICE_ACCOUNTS,
        SETTINGS,
        SSO,
        SCIM_TOKENS,
        POLICIES,
        TAGS,
        SHARED_LINKS,
        USAGE,
        AUDIT_LOG,
        COMPLETENESS,
    )
}
