"""Retention of traces and monthly limits (API.md 8.16)."""

from __future__ import annotations

from dataclasses import asdict

from lsnb.sandbox.access import Caller
from lsnb.sandbox.records import Json, TraceTtl, UsageLimit
from lsnb.sandbox.refusals import RefusedError, make_forbidden, make_missing
from lsnb.sandbox.state import State

LONGLIVED_DAYS = 400


def list_for_organization(caller: Caller) -> list[Json]:
    """Return the organization's default and every workspace's own setting."""
    caller.need("organization:read")
    return [_shape(caller.state, ttl) for ttl in caller.state.trace_ttls.values()]


def set_for_organization(caller: Caller, tenant_id: str | None, tier: str, *, apply_to_all: bool) -> Json:
    """Set the default of the organization, or of one workspace."""
    caller.need("organization:manage")
    if tenant_id is not None and tenant_id not in caller.state.workspaces:
        raise make_missing("Workspace")
    return _upsert(caller, tenant_id, tier, apply_to_all=apply_to_all)


def list_for_workspace(caller: Caller) -> list[Json]:
    """Return the setting of the workspace, or else the organization's."""
    caller.need("workspaces:read")
    ttl = _find(caller.state, caller.place.id) or _find(caller.state, None)
    return [_shape(caller.state, ttl)] if ttl else []


def set_for_workspace(caller: Caller, tenant_id: str | None, tier: str, *, apply_to_all: bool) -> Json:
    """Set the default of the current workspace; another one's is refused."""
    caller.need("workspaces:manage")
    if tenant_id not in (None, caller.place.id):
        raise make_forbidden()
    return _upsert(caller, caller.place.id, tier, apply_to_all=apply_to_all)


def read_days(caller: Caller) -> Json:
    """Return how long extended retention keeps traces of the workspace (the Go route)."""
    caller.need("workspaces:read")
    ttl = _find(caller.state, caller.place.id)
    days = ttl.longlived_ttl_days if ttl else None
    return {
        "tenant_id": caller.place.id,
        "is_custom": days is not None,
        "longlived_ttl_days": days if days is not None else LONGLIVED_DAYS,
    }


def set_days(caller: Caller, days: int | None) -> Json:
    """Set how long extended retention keeps traces; Enterprise only. The bounds are not public (unknown 17)."""
    caller.need("workspaces:manage")
    if "enterprise" not in caller.state.organization.tier:
        raise RefusedError(400, "custom retention is not available on this organization's plan")
    if days is None or days < 1:
        raise RefusedError(400, "longlived_ttl_days must be at least 1")
    ttl = _find(caller.state, caller.place.id) or _make(caller.state, caller.place.id, "longlived")
    ttl.longlived_ttl_days = days
    ttl.updated_at = caller.state.stamp()
    caller.state.touch()
    caller.touched.append(ttl.id)
    return read_days(caller)


def list_limits(caller: Caller) -> list[Json]:
    """Return the limits of the workspace."""
    caller.need("workspaces:read")
    return [asdict(limit) for limit in caller.state.usage_limits.values() if limit.tenant_id == caller.place.id]


def list_all_limits(caller: Caller) -> list[Json]:
    """Return the limits of every workspace."""
    caller.need("organization:read")
    return [asdict(limit) for limit in caller.state.usage_limits.values()]


def set_limit(caller: Caller, limit_type: str, value: int, limit_id: str | None) -> Json:
    """Set a limit: the one with the id, or the workspace's limit of this type."""
    caller.need("workspaces:manage")
    state = caller.state
    mine = [limit for limit in state.usage_limits.values() if limit.tenant_id == caller.place.id]
    found = next((limit for limit in mine if limit_id == limit.id or limit.limit_type == limit_type), None)
    now = state.stamp()
    limit = found or UsageLimit(limit_id or state.new_id("usage limit"), caller.place.id, limit_type, value, now, now)
    limit.limit_type, limit.limit_value, limit.updated_at = limit_type, value, now
    state.usage_limits[limit.id] = limit
    state.touch()
    caller.touched.append(limit.id)
    return asdict(limit)


def delete_limit(caller: Caller, limit_id: str) -> None:
    """Delete a limit of the workspace."""
    caller.need("workspaces:manage")
    limit = caller.state.usage_limits.get(limit_id)
    if limit is None or limit.tenant_id != caller.place.id:
        raise make_missing("Usage limit")
    del caller.state.usage_limits[limit_id]
    caller.state.touch()


def _upsert(caller: Caller, tenant_id: str | None, tier: str, *, apply_to_all: bool) -> Json:
    state = caller.state
    ttl = _find(state, tenant_id) or _make(state, tenant_id, tier)
    ttl.default_trace_tier, ttl.apply_to_all_projects = tier, apply_to_all
    ttl.configured_by, ttl.updated_at = "user", state.stamp()
    state.touch()
    caller.touched.append(ttl.id)
    return _shape(state, ttl)


def _find(state: State, tenant_id: str | None) -> TraceTtl | None:
    return next((ttl for ttl in state.trace_ttls.values() if ttl.tenant_id == tenant_id), None)


def _make(state: State, tenant_id: str | None, tier: str) -> TraceTtl:
    now = state.stamp()
    ttl = TraceTtl(state.new_id("ttl"), tenant_id, tier, "user", now, now)
    state.trace_ttls[ttl.id] = ttl
    return ttl


def _shape(state: State, ttl: TraceTtl) -> Json:
    return asdict(ttl) | {"organization_id": state.organization.id}
