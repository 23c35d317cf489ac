"""Tags (API.md 8.17)."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Body, Response

from lsnb.sandbox.routes import bodies
from lsnb.sandbox.routes.context import WorkspaceCaller, answer
from lsnb.sandbox.rules import tags as rules

router = APIRouter(prefix="/api/v1/workspaces/current")
_KEY = "/tag-keys/{tag_key_id}"
_VALUES = _KEY + "/tag-values"
_VALUE = _VALUES + "/{tag_value_id}"


@router.get("/tag-keys")
async def list_keys(caller: WorkspaceCaller) -> Response:
    """List tag keys (API.md 8.17)."""
    return answer(rules.list_keys(caller))


@router.post("/tag-keys")
async def create_key(caller: WorkspaceCaller, body: bodies.TagKeyCreate) -> Response:
    """Create a tag key (API.md 8.17)."""
    return answer(rules.create_key(caller, body.key, body.description))


@router.get(_KEY)
async def read_key(caller: WorkspaceCaller, tag_key_id: UUID) -> Response:
    """Return one tag key (API.md 8.17)."""
    return answer(rules.read_key(caller, str(tag_key_id)))


@router.patch(_KEY)
async def update_key(caller: WorkspaceCaller, tag_key_id: UUID, body: bodies.TagKeyPatch) -> Response:
    """Change a tag key (API.md 8.17)."""
    return answer(rules.update_key(caller, str(tag_key_id), body.model_dump(exclude_unset=True)))


@router.delete(_KEY)
async def delete_key(caller: WorkspaceCaller, tag_key_id: UUID) -> Response:
    """Delete a tag key (API.md 8.17)."""
    rules.delete_key(caller, str(tag_key_id))
    return answer()


@router.get(_VALUES)
async def list_values(caller: WorkspaceCaller, tag_key_id: UUID) -> Response:
    """List the values of a tag key (API.md 8.17)."""
    return answer(rules.list_values(caller, str(tag_key_id)))


@router.post(_VALUES)
async def create_value(caller: WorkspaceCaller, tag_key_id: UUID, body: bodies.TagValueCreate) -> Response:
    """Create a tag value (API.md 8.17)."""
    return answer(rules.create_value(caller, str(tag_key_id), body.value, body.description))


@router.get(_VALUE)
async def read_value(caller: WorkspaceCaller, tag_key_id: UUID, tag_value_id: UUID) -> Response:
    """Return one tag value (API.md 8.17)."""
    return answer(rules.read_value(caller, str(tag_key_id), str(tag_value_id)))


@router.patch(_VALUE)
async def update_value(
    caller: WorkspaceCaller, tag_key_id: UUID, tag_value_id: UUID, body: bodies.TagValuePatch
) -> Response:
    """Change a tag value (API.md 8.17)."""
    changes = body.model_dump(exclude_unset=True)
    return answer(rules.update_value(caller, str(tag_key_id), str(tag_value_id), changes))


@router.delete(_VALUE)
async def delete_value(caller: WorkspaceCaller, tag_key_id: UUID, tag_value_id: UUID) -> Response:
    """Delete a tag value (API.md 8.17)."""
    rules.delete_value(caller, str(tag_key_id), str(tag_value_id))
    return answer()


@router.get("/tags")
async def list_tags(caller: WorkspaceCaller) -> Response:
    """List keys with their values (API.md 8.17)."""
    return answer(rules.list_tags(caller))


@router.get("/tags/resource")
async def list_for_resource(caller: WorkspaceCaller, resource_type: bodies.ResourceKind, resource_id: UUID) -> Response:
    """List the tags of one resource (API.md 8.17)."""
    return answer(rules.list_for_resource(caller, resource_type, str(resource_id)))


@router.post("/tags/resources")
async def list_for_resources(caller: WorkspaceCaller, body: Annotated[list[bodies.ResourceRef], Body()]) -> Response:
    """List the tags of several resources (API.md 8.17)."""
    return answer(rules.list_for_resources(caller, [(item.resource_type, str(item.resource_id)) for item in body]))


@router.get("/taggings")
async def list_taggings(caller: WorkspaceCaller, tag_value_id: UUID | None = None) -> Response:
    """List what carries each tag value (API.md 8.17)."""
    return answer(rules.list_taggings(caller, bodies.text(tag_value_id)))


@router.post("/taggings")
async def create_tagging(caller: WorkspaceCaller, body: bodies.TaggingCreate) -> Response:
    """Tag a resource (API.md 8.17)."""
    return answer(rules.create_tagging(caller, str(body.tag_value_id), body.resource_type, str(body.resource_id)))


@router.delete("/taggings/{tagging_id}")
async def delete_tagging(caller: WorkspaceCaller, tagging_id: UUID) -> Response:
    """Untag a resource (API.md 8.17)."""
    rules.delete_tagging(caller, str(tagging_id))
    return answer()
