"""Copy a real organization's snapshot into a state, under invented names or as it is.

A snapshot is taken for what it can do, not for what it is: the sandbox shares no code with the client.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from lsnb.sandbox.copies.credentials import copy_credentials, hand_out_keys
from lsnb.sandbox.copies.draft import Draft
from lsnb.sandbox.copies.names import Names, Pseudonyms
from lsnb.sandbox.copies.people import copy_people
from lsnb.sandbox.copies.rows import Snapshot, gather_texts, read
from lsnb.sandbox.copies.structure import copy_structure
from lsnb.sandbox.copies.surroundings import copy_surroundings
from lsnb.sandbox.ids import parse_stamp, to_utc
from lsnb.sandbox.state import State

__all__ = ["make_copy"]

_TABLES = (
    "members", "invites", "access", "workspaces", "roles", "permissions", "service_keys", "access_tokens",
    "service_accounts", "settings", "sso", "scim_tokens", "policies", "shared_links", "usage", "audit_log",
)  # fmt: skip


def make_copy(
    snapshot: Snapshot, *, pseudonyms: bool = True, salt: str = "", now: str | datetime | None = None
) -> tuple[State, list[str]]:
    """Return an organization that is a copy of a snapshot, and what a reader must know about the copy.

    Args:
        snapshot: one reading of an organization.
        pseudonyms: invent names, addresses, ids and free text; the same one for the same thing everywhere.
        salt: what the invention hangs on. With the same secret salt two snapshots get the same names.
        now: shift every time so that the reading took place then; left out, times stay.

    """
    read_at = to_utc(snapshot.meta.read_at)
    reference = read_at if now is None else to_utc(now) if isinstance(now, datetime) else parse_stamp(now)
    names = Pseudonyms(salt, gather_texts(snapshot)) if pseudonyms else Names(snapshot.meta.organization_id)
    draft = Draft(snapshot, names, reference, shift=reference - read_at if now is not None else timedelta())
    draft.notes += _list_gaps(snapshot)
    copy_structure(draft)
    copy_people(draft)
    copy_credentials(draft)
    copy_surroundings(draft)
    hand_out_keys(draft)
    draft.state.touch()
    return draft.state, draft.notes


def _list_gaps(snapshot: Snapshot) -> list[str]:
    """Say which tables were not read. The reasons are left out: they may name workspaces."""
    missing = [name for name in _TABLES if not snapshot.is_readable(name)]
    notes = [f"Not in the snapshot, and so empty in the copy: {', '.join(missing)}."] if missing else []
    partial: list[str] = []
    if snapshot.is_readable("completeness"):
        found = {row["table"] for row in read(snapshot, "completeness") if row["status"] == "partial"}
        partial = [name for name in _TABLES if name in found and name not in missing]
    return notes + ([f"Read in part only, and so in part here: {', '.join(partial)}."] if partial else [])
