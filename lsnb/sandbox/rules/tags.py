"""Tags of a workspace's resources (API.md 8.17)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from lsnb.sandbox.access import Caller
from lsnb.sandbox.records import Json, Tagging, TagKey, TagValue
from lsnb.sandbox.refusals import RefusedError, make_missing

_GROUPS = ("alerts", "dashboards", "datasets", "deployments", "experiments", "fleet_integrations", "mcp_servers",
           "projects", "prompts", "queues", "sandboxes")  # fmt: skip


def list_keys(caller: Caller) -> list[Json]:
    """Return the workspace's tag keys."""
    return [_shape_key(key) for key in _keys(caller)]


def read_key(caller: Caller, key_id: str) -> Json:
    """Return one tag key."""
    return _shape_key(_find_key(caller, key_id))


def create_key(caller: Caller, key: str, description: str | None) -> Json:
    """Create a tag key."""
    caller.need("workspaces:manage")
    _check_free(key, [known.key for known in _keys(caller)])
    now = caller.state.stamp()
    made = TagKey(caller.state.new_id("tag-key"), caller.place.id, key, description, now, now)
    caller.state.tag_keys[made.id] = made
    _note(caller, made.id)
    return _shape_key(made)


def update_key(caller: Caller, key_id: str, changes: Json) -> Json:
    """Change a tag key; a null description clears it."""
    caller.need("workspaces:manage")
    found = _find_key(caller, key_id)
    if changes.get("key") is not None:
        _check_free(changes["key"], [known.key for known in _keys(caller) if known is not found])
    _change(caller, found, changes, "key")
    return _shape_key(found)


def delete_key(caller: Caller, key_id: str) -> None:
    """Delete a tag key with its values and taggings; that can change who has access."""
    caller.need("workspaces:manage")
    for value in _values(caller, _find_key(caller, key_id).id):
        _drop_value(caller, value.id)
    del caller.state.tag_keys[key_id]
    _note(caller, key_id)


def list_values(caller: Caller, key_id: str) -> list[Json]:
    """Return the values of a tag key."""
    return [asdict(value) for value in _values(caller, _find_key(caller, key_id).id)]


def read_value(caller: Caller, key_id: str, value_id: str) -> Json:
    """Return one tag value."""
    return asdict(_find_value(caller, key_id, value_id))


def create_value(caller: Caller, key_id: str, value: str, description: str | None) -> Json:
    """Create a tag value."""
    caller.need("workspaces:manage")
    key = _find_key(caller, key_id)
    _check_free(value, [known.value for known in _values(caller, key.id)])
    now = caller.state.stamp()
    made = TagValue(caller.state.new_id("tag-value"), key.id, value, description, now, now)
    caller.state.tag_values[made.id] = made
    _note(caller, made.id)
    return asdict(made)


def update_value(caller: Caller, key_id: str, value_id: str, changes: Json) -> Json:
    """Change a tag value; a null description clears it."""
    caller.need("workspaces:manage")
    found = _find_value(caller, key_id, value_id)
    if changes.get("value") is not None:
        _check_free(changes["value"], [known.value for known in _values(caller, key_id) if known is not found])
    _change(caller, found, changes, "value")
    return asdict(found)


def delete_value(caller: Caller, key_id: str, value_id: str) -> None:
    """Delete a tag value with its taggings; that can change who has access."""
    caller.need("workspaces:manage")
    _drop_value(caller, _find_value(caller, key_id, value_id).id)
    _note(caller, value_id)


def list_tags(caller: Caller) -> list[Json]:
    """Return all keys with their values in one answer."""
    return [_shape_key(key) | {"values": [asdict(value) for value in _values(caller, key.id)]} for key in _keys(caller)]


def list_taggings(caller: Caller, value_id: str | None) -> list[Json]:
    """Return what carries each tag value, grouped by the type of resource."""
    rows = []
    for key in _keys(caller):
        for value in _values(caller, key.id):
            if value_id in (None, value.id):
                rows.append(_shape_group(caller, key, value))
    return rows


def _shape_group(caller: Caller, key: TagKey, value: TagValue) -> Json:
    groups: dict[str, list[Json]] = {name: [] for name in _GROUPS}
    for tagging in _taggings(caller, value.id):
        resource = caller.state.resources.get(tagging.resource_id)
        plural = "sandboxes" if tagging.resource_type == "sandbox" else f"{tagging.resource_type}s"
        row = {
            "tagging_id": tagging.id,
            "resource_name": resource.name if resource else "",
            "resource_id": tagging.resource_id,
        }
        groups.setdefault(plural, []).append(row)
    return {
        "tag_key": key.key,
        "tag_key_id": key.id,
        "tag_value": value.value,
        "tag_value_id": value.id,
        "resources": groups,
    }


def create_tagging(caller: Caller, value_id: str, resource_type: str, resource_id: str) -> Json:
    """Put a tag value on a resource of the workspace."""
    caller.need("workspaces:manage")
    value = caller.state.tag_values.get(value_id)
    if value is None or caller.state.tag_keys[value.tag_key_id].workspace_id != caller.place.id:
        raise make_missing("Tag value")
    resource = caller.state.resources.get(resource_id)
    if resource is None or resource.workspace_id != caller.place.id or resource.kind != resource_type:
        raise make_missing("Resource")
    if any(t.resource_id == resource_id for t in _taggings(caller, value_id)):
        raise RefusedError(409, "The resource already has this tag")
    made = Tagging(caller.state.new_id("tagging"), value_id, resource_type, resource_id, caller.state.stamp())
    caller.state.taggings[made.id] = made
    _note(caller, made.id)
    return asdict(made)


def delete_tagging(caller: Caller, tagging_id: str) -> None:
    """Take a tag value off a resource."""
    caller.need("workspaces:manage")
    tagging = caller.state.taggings.get(tagging_id)
    value = caller.state.tag_values.get(tagging.tag_value_id) if tagging else None
    if value is None or caller.state.tag_keys[value.tag_key_id].workspace_id != caller.place.id:
        raise make_missing("Tagging")
    del caller.state.taggings[tagging_id]
    _note(caller, tagging_id)


def list_for_resource(caller: Caller, resource_type: str, resource_id: str) -> list[Json]:
    """Return the keys and values that one resource carries."""
    caller.need("workspaces:read")
    rows = []
    for key in _keys(caller):
        values = []
        for value in _values(caller, key.id):
            own = [
                t
                for t in _taggings(caller, value.id)
                if (t.resource_type, t.resource_id) == (resource_type, resource_id)
            ]
            if own:
                values.append(asdict(value) | {"taggings": [asdict(tagging) for tagging in own]})
        if values:
            rows.append(_shape_key(key) | {"values": values})
    return rows


def list_for_resources(caller: Caller, wanted: Sequence[tuple[str, str]]) -> dict[str, list[Json]]:
    """Return the same for several resources: resource id to tags."""
    return {resource_id: list_for_resource(caller, kind, resource_id) for kind, resource_id in wanted}


def _keys(caller: Caller) -> list[TagKey]:
    caller.need("workspaces:read")
    return [key for key in caller.state.tag_keys.values() if key.workspace_id == caller.place.id]


def _values(caller: Caller, key_id: str) -> list[TagValue]:
    return [value for value in caller.state.tag_values.values() if value.tag_key_id == key_id]


def _taggings(caller: Caller, value_id: str) -> list[Tagging]:
    return [tagging for tagging in caller.state.taggings.values() if tagging.tag_value_id == value_id]


def _find_key(caller: Caller, key_id: str) -> TagKey:
    key = next((key for key in _keys(caller) if key.id == key_id), None)
    if key is None:
        raise make_missing("Tag key")
    return key


def _find_value(caller: Caller, key_id: str, value_id: str) -> TagValue:
    value = next((v for v in _values(caller, _find_key(caller, key_id).id) if v.id == value_id), None)
    if value is None:
        raise make_missing("Tag value")
    return value


def _drop_value(caller: Caller, value_id: str) -> None:
    for tagging in _taggings(caller, value_id):
        del caller.state.taggings[tagging.id]
    del caller.state.tag_values[value_id]


def _check_free(text: str, taken: list[str]) -> None:
    if text in taken:
        raise RefusedError(409, f"{text} already exists")


def _change(caller: Caller, record: Any, changes: Json, name: str) -> None:
    if changes.get(name) is not None:
        setattr(record, name, changes[name])
    if "description" in changes:
        record.description = changes["description"]
    record.updated_at = caller.state.stamp()
    _note(caller, record.id)


def _note(caller: Caller, touched: str) -> None:
    caller.touched.append(touched)
    caller.state.touch()


def _shape_key(key: TagKey) -> Json:
    return {name: value for name, value in asdict(key).items() if name != "workspace_id"}
