"""The table `tags`: what resources of workspaces can be tagged with, which is what access policies compare with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from lsnb.tables.spec import TableSpec, build_frame, text

TAGS = TableSpec(
    name="tags",
    row="one value of one tag key of one workspace; a key without values has one row without a value",
    columns=(
        text("workspace", "the workspace's name", required=True),
        text("key", "the tag's key, such as `Environment`", required=True),
        text("value", "the tag's value"),
        text("description", "what its author wrote about the value"),
        text("workspace_id", "the workspace's id", required=True),
        text("tag_key_id", "the key's id", required=True),
        text("tag_value_id", "the value's id"),
    ),
    key=("workspace_id", "tag_key_id", "tag_value_id"),
    sort=("workspace", "key", "value", "workspace_id"),
    endpoints=("GET /api/v1/workspaces/current/tags",),
    note="Read only where access policies exist and could be read, since it takes a call per workspace.",
)


def build_tags(records: Sequence[tuple[str, Mapping[str, Any]]], workspaces: pd.DataFrame) -> pd.DataFrame:
    """Build `tags` from the lists of the workspaces.

    Args:
        records: the keys with their values, each with the id of its workspace.
        workspaces: `workspaces`, to name them.
    """
    names = dict(zip(workspaces["workspace_id"], workspaces["workspace"], strict=True))
    rows = [
        (
            names.get(place, place),
            record["key"],
            value.get("value"),
            value.get("description") or None,
            place,
            record["id"],
            value.get("id"),
        )
        for place, record in records
        for value in record.get("values") or [{}]
    ]
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(TAGS.columns)
    return build_frame(TAGS, dict(zip(TAGS.column_names, map(list, columns), strict=True)))
