"""Attribute-based access policies (API.md 8.12, 9)."""

from __future__ import annotations

from typing import Any

from lsnb.sandbox.access import Caller
from lsnb.sandbox.permissions import BY_NAME
from lsnb.sandbox.records import AccessPolicy, Json
from lsnb.sandbox.refusals import Family, RefusedError, make_missing

_PLAIN = ("equals", "not_equals", "equals_ignore_case", "not_equals_ignore_case", "matches", "not_matches")
OPERATORS = (*_PLAIN, *(f"{name}_if_exists" for name in _PLAIN))
RESOURCE_TYPES = ("project", "prompt", "dataset", "queue", "deployment", "fleet_integration", "mcp_server", "sandbox")


def list_policies(caller: Caller) -> Json:
    """Return every policy, unpaged."""
    _need(caller, "organization:read")
    return {"access_policies": [_shape(policy) for policy in caller.state.policies.values()]}


def read_policy(caller: Caller, policy_id: str) -> Json:
    """Return one policy."""
    _need(caller, "organization:read")
    return _shape(_find(caller, policy_id))


def create_policy(caller: Caller, body: Json) -> Json:
    """Create a policy, attached at once to the roles it names."""
    _need(caller, "organization:manage")
    state = caller.state
    checked = _check(body, status=400)
    role_ids = _check_roles(caller, body.get("role_ids") or [])
    _check_name(caller, checked["name"], None)
    now = state.stamp()
    policy = AccessPolicy(state.new_id("policy"), **checked, role_ids=role_ids, created_at=now, updated_at=now)
    state.policies[policy.id] = policy
    state.touch()
    caller.touched.append(policy.id)
    return {"id": policy.id}


def update_policy(caller: Caller, policy_id: str, body: Json) -> Json:
    """Change a policy; a body that makes no sense is a 422 problem document (API.md 9)."""
    _need(caller, "organization:manage")
    policy = _find(caller, policy_id, family="problem")
    names = ("name", "description", "effect", "condition_groups")
    known = {name: getattr(policy, name) for name in names}
    given = {name: body[name] for name in names if body.get(name) is not None}
    checked = _check(known | given, status=422, family="problem")
    _check_name(caller, checked["name"], policy)
    for name, value in checked.items():
        setattr(policy, name, value)
    policy.updated_at = caller.state.stamp()
    caller.state.touch()
    caller.touched.append(policy.id)
    return _shape(policy)


def delete_policy(caller: Caller, policy_id: str) -> None:
    """Delete a policy. The official document knows no 404 here, so deleting what is gone succeeds."""
    _need(caller, "organization:manage")
    if caller.state.policies.pop(policy_id, None) is not None:
        caller.state.touch()
        caller.touched.append(policy_id)


def attach(caller: Caller, role_id: str, policy_ids: list[str]) -> None:
    """Attach policies to a workspace role."""
    _need(caller, "organization:manage")
    _check_roles(caller, [role_id])
    for policy in [_find(caller, policy_id) for policy_id in policy_ids]:
        if role_id not in policy.role_ids:
            policy.role_ids.append(role_id)
            caller.touched.append(policy.id)
    caller.state.touch()


def detach(caller: Caller, role_id: str, policy_ids: list[str]) -> None:
    """Detach policies from a role (API.md 9)."""
    _need(caller, "organization:manage")
    _check_roles(caller, [role_id])
    for policy in [_find(caller, policy_id) for policy_id in policy_ids]:
        policy.role_ids = [i for i in policy.role_ids if i != role_id]
        caller.touched.append(policy.id)
    caller.state.touch()


def _need(caller: Caller, permission: str) -> None:
    caller.need_plan("can_use_abac", "ABAC is not enabled for this organization")
    caller.need(permission)


def _find(caller: Caller, policy_id: str, family: Family | None = None) -> AccessPolicy:
    policy = caller.state.policies.get(policy_id)
    if policy is None:
        raise RefusedError(404, "access policy not found", family=family)
    return policy


def _check_roles(caller: Caller, role_ids: list[str]) -> list[str]:
    for role_id in role_ids:
        role = caller.state.roles.get(role_id)
        if role is None:
            raise make_missing("role")
        if role.access_scope != "workspace":
            raise RefusedError(400, "access policies apply to workspace roles only")
    return list(role_ids)


def _check_name(caller: Caller, name: str, own: AccessPolicy | None) -> None:
    if any(policy.name == name and policy is not own for policy in caller.state.policies.values()):
        raise RefusedError(409, f"an access policy named {name} already exists")


def _check(body: Json, *, status: int, family: Family | None = None) -> Json:
    """Return the checked fields of a policy."""

    def refuse(reason: str) -> RefusedError:
        return RefusedError(status, reason, family=family)

    if not isinstance(body.get("name"), str) or not body["name"].strip():
        raise refuse("name is required")
    if body.get("effect") not in ("allow", "deny"):
        raise refuse("effect must be allow or deny")
    groups = body.get("condition_groups")
    if not isinstance(groups, list) or not groups:
        raise refuse("at least one condition group is required")
    for group in groups:
        if (problem := _find_problem(group)) is not None:
            raise refuse(problem)
    return {
        "name": body["name"],
        "description": body.get("description") or "",
        "effect": body["effect"],
        "condition_groups": [_clean(group) for group in groups],
    }


def _find_problem(group: Any) -> str | None:
    """Say what is wrong with a condition group, None if nothing."""
    if not isinstance(group, dict) or group.get("permission") not in BY_NAME:
        return "unknown permission in a condition group"
    if group.get("resource_type") not in RESOURCE_TYPES:
        return "unknown resource_type in a condition group"
    conditions = group.get("conditions")
    if not isinstance(conditions, list) or not conditions:
        return "a condition group needs conditions"
    for condition in conditions:
        if not isinstance(condition, dict) or condition.get("operator") not in OPERATORS:
            return "unknown operator in a condition"
        if condition.get("attribute_name") != "resource_tag_key":
            return "attribute_name must be resource_tag_key"
        if not condition.get("attribute_key"):
            return "attribute_key is required"
    return None


def _clean(group: Json) -> Json:
    names = ("attribute_name", "attribute_key", "operator", "attribute_value")
    return {
        "permission": group["permission"],
        "resource_type": group["resource_type"],
        "conditions": [{name: condition.get(name, "") for name in names} for condition in group["conditions"]],
    }


def _shape(policy: AccessPolicy) -> Json:
    return {
        "id": policy.id,
        "name": policy.name,
        "description": policy.description,
        "effect": policy.effect,
        "role_ids": policy.role_ids,
        "condition_groups": policy.condition_groups,
        "created_at": policy.created_at,
        "updated_at": policy.updated_at,
    }
