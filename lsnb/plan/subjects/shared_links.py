"""Public links: all of a workspace are taken back at once.

Values: `shared_links`, their number where it is known. Ids: `workspace_id`.
"""

from __future__ import annotations

from lsnb.plan.kind_record import (
    MYSELF,
    Draft,
    Kind,
    Reading,
    Rows,
    Subject,
    Undo,
    UnlockPart,
    Values,
    always,
    counted,
    step,
)
from lsnb.plan.live import Present
from lsnb.plan.model import Change
from lsnb.snapshot import Snapshot


def unsharing(snapshot: Snapshot, workspace: str, workspace_id: str) -> Draft:
    """Draft the change that takes back all public links of a workspace.

    Args:
        snapshot: the organization as it was read.
        workspace: the workspace's name.
        workspace_id: its id.
    """
    n_links = None
    if snapshot.is_readable("shared_links"):
        links = snapshot.shared_links
        n_links = int((links["workspace_id"] == workspace_id).fillna(False).sum())
    return Draft(
        kind="UnshareAll",
        before={"shared_links": n_links},
        after=None,
        ids={"workspace_id": workspace_id},
        workspace=workspace,
    )


def _who(change: Change) -> str:
    values = change.after or change.before or {}
    return f"workspace {change.workspace or values.get('workspace')}"


def _links_words(values: Values) -> str:
    n = values.get("shared_links")
    return "public links" if n is None else counted(int(n), "public link", "public links")


def _holds(change: Change, present: Present) -> bool:
    known = (change.before or {}).get("shared_links")
    n_links = present.resources.links.get(change.ids["workspace_id"], 0)
    return n_links > 0 and known in (None, n_links)


def _found_words(change: Change, present: Present) -> str:
    n = present.resources.links.get(change.ids["workspace_id"], 0)
    return f"{change.workspace} has {counted(n, 'public link', 'public links')}"


def _effect(table: str, rows: Rows, change: Change, snapshot: Snapshot) -> Rows:
    return [row for row in rows if row.get("workspace_id") != change.ids["workspace_id"]]


def _gone(undo: Undo, change: Change) -> str:
    return f"The public links of {change.workspace} do not come back; share anew what should be public."


_SHARED_LINKS = Subject(
    name="shared links",
    is_person=False,
    id_name="workspace_id",
    is_ground=True,
    name_field="",
    sheet="workspaces",
    reading=Reading(
        name="links",
        method="list_shared_links",
        by="workspace",
        keeps=always(True),
        may_be_hidden=False,
        in_workspace=None,
    ),
    undo_table=None,
    who=_who,
    request=None,
    draft=None,
    remarks=lambda snapshot, changes: [],
    warn=lambda snapshot, changes: [],
)

KINDS = (
    Kind(
        name="UnshareAll",
        subject=_SHARED_LINKS,
        scope="organization",
        order=210,
        one="workspace without public links",
        several="workspaces without public links",
        tables=("shared_links",),
        stage=always("remove"),
        wave=0,
        last_wave=0,
        risk=always("high"),
        reversible=False,
        is_irreversible=True,
        consequence=always(
            "Public links stop working and do not come back. The service describes the reach of this once as the "
            "workspace and once as the whole organization."
        ),
        needs=None,
        mails=0,
        gives="nothing",
        removes=always(False),
        demotes=always(False),
        promotes=always(False),
        losing_people=lambda snapshot, change: [],
        losing_keys=lambda snapshot, change: [],
        is_callers_own=always(False),
        may_hit_caller=always(False),
        moves_rights=always(False),
        shows_in_access=always(False),
        allowed_to="operators-and-workspace-admins",
        unlock=always(UnlockPart(80, "unshare", " workspace", " workspaces")),
        unlock_self=MYSELF,
        steps=step(
            "unshare-all",
            "unshare_all",
            lambda plan, change, present: {"workspace_id": change.ids["workspace_id"]},
        ),
        batch=None,
        makes="nothing",
        is_looked_at_last=True,
        holds=_holds,
        reached=lambda change, present: present.resources.links.get(change.ids["workspace_id"]) == 0,
        is_shown=always(True),
        created_id=always(None),
        found_words=_found_words,
        before_words=lambda change: "not there" if change.before is None else _links_words(change.before),
        after_words=always("no public links"),
        sentence=lambda change: f"take back {_links_words(change.before or {})} of {_who(change)}",
        effect_on_people=always(None),
        effect=_effect,
        inverse=_gone,
        log_operations=("unshare_entities",),
    ),
)
