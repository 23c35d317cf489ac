"""Tokens of identity providers: they are deleted.

Values: `description`, `short_token`. Ids: `scim_token_id`.
"""

from __future__ import annotations

from lsnb.plan.current_values import row_of
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
    step,
)
from lsnb.plan.live import Present, Record
from lsnb.plan.model import Change
from lsnb.sheets.requests import ScimTokenRequest
from lsnb.snapshot import Snapshot


def _draft(snapshot: Snapshot, request: ScimTokenRequest) -> Draft:
    row = row_of(snapshot.scim_tokens, "scim_token_id", request.token_id) or {}
    return Draft(
        kind="DeleteScimToken",
        before={"description": row.get("description"), "short_token": row.get("short_token")},
        after=None,
        ids={"scim_token_id": request.token_id},
    )


def _name(values: Values | None) -> str:
    name, shown = (values or {}).get("description"), (values or {}).get("short_token")
    return f"{name} ({shown})" if name and shown else str(name or shown or "")


def _who(change: Change) -> str:
    return f"SCIM token {_name(change.before)}".rstrip()


def _record(change: Change, present: Present) -> Record | None:
    return present.resources.find("scim_tokens", change.ids["scim_token_id"])


def _holds(change: Change, present: Present) -> bool:
    record, before = _record(change, present), change.before or {}
    return record is not None and (record.get("description") or "") == (before.get("description") or "")


def _found_words(change: Change, present: Present) -> str:
    record, name = _record(change, present), _name(change.before)
    if record is None:
        return f"there is no SCIM token {name!r}"
    return f"there is a SCIM token with the description {str(record.get('description') or '')!r}"


def _effect(table: str, rows: Rows, change: Change, snapshot: Snapshot) -> Rows:
    return [row for row in rows if row["scim_token_id"] != change.ids["scim_token_id"]]


def _gone(undo: Undo, change: Change) -> str:
    return (
        f"The {_who(change)} was deleted and does not come back; make another one where the identity provider is set up, "
        "and give it to the provider."
    )


_SCIM_TOKEN = Subject(
    name="SCIM token",
    is_person=False,
    id_name="scim_token_id",
    is_ground=True,
    name_field="",
    sheet="scim_tokens",
    reading=Reading(
        name="scim_tokens",
        method="list_scim_tokens",
        by="id",
        keeps=always(True),
        may_be_hidden=False,
        in_workspace=None,
    ),
    undo_table=None,
    who=_who,
    request=ScimTokenRequest,
    draft=_draft,
    remarks=lambda snapshot, changes: [],
    warn=lambda snapshot, changes: [],
)

KINDS = (
    Kind(
        name="DeleteScimToken",
        subject=_SCIM_TOKEN,
        scope="organization",
        order=185,
        one="SCIM token deleted",
        several="SCIM tokens deleted",
        tables=("scim_tokens",),
        stage=always("remove"),
        wave=0,
        last_wave=0,
        risk=always("high"),
        reversible=False,
        is_irreversible=True,
        consequence=always(
            "An identity provider that uses it can bring nobody in and shut nobody out from then on, and the same token "
            "never comes back."
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
        allowed_to="operators",
        unlock=always(UnlockPart(65, "delete", " SCIM token", " SCIM tokens")),
        unlock_self=MYSELF,
        steps=step(
            "delete-scim-token",
            "delete_scim_token",
            lambda plan, change, present: {"token_id": change.ids["scim_token_id"]},
        ),
        batch=None,
        makes="nothing",
        is_looked_at_last=True,
        holds=_holds,
        reached=lambda change, present: _record(change, present) is None,
        is_shown=always(True),
        created_id=always(None),
        found_words=_found_words,
        before_words=lambda change: str((change.before or {}).get("short_token") or "there"),
        after_words=always("deleted"),
        sentence=lambda change: f"delete {_who(change)}",
        effect=_effect,
        effect_on_people=always(None),
        inverse=_gone,
        log_operations=("delete_scim_token",),
    ),
)
