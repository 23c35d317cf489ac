"""Check what a question says of the resource: a tag or kind that nobody knows would change the answer silently."""

from __future__ import annotations

from collections.abc import Mapping

from lsnb.analysis.effective.lookup import RESOURCE_TYPES, refuse
from lsnb.analysis.effective.rights import Rights
from lsnb.sheets.text_normalize import Nearest
from lsnb.snapshot import Snapshot


def check_resource(
    snapshot: Snapshot, rights: Rights, tags: Mapping[str, str] | None, resource_type: str | None
) -> None:
    """Refuse a kind of resource that nobody knows, and a tag that is not there but for a slip.

    Args:
        snapshot: the reading.
        rights: its rights, with the policies.
        tags: the tags of the resource in question.
        resource_type: its kind.

    Raises:
        UnknownNameError: there is no such kind, or no such tag.
    """
    groups = [group for rule, _ in rights.rules for group in rule.groups]
    if resource_type is not None:
        known = {*RESOURCE_TYPES, *(group.resource_type for group in groups if group.resource_type)}
        if resource_type not in known:
            refuse("kind of resource", resource_type, sorted(known))
    if not tags:
        return
    named = {condition.key for group in groups for condition in group.conditions}
    if snapshot.is_readable("tags"):
        named |= set(snapshot.table("tags", columns=["key"])["key"].dropna().astype(str))
    is_whole = snapshot.status("tags")[0] == "complete"
    nearest = Nearest(sorted(named))
    for key in tags:
        # A tag that no policy looks at changes nothing; one that is nearly what a policy looks at is a slip.
        if key not in named and (is_whole or nearest.find(key)):
            refuse("tag", key, sorted(named))
