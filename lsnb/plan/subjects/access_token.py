"""Personal access tokens: they are revoked and reinstated.

Values: `description`, `short_key`, `state`, which is active or revoked. Ids: `token_id`.
"""

from __future__ import annotations

from lsnb.plan.caller import is_caller, is_own_key
from lsnb.plan.current_values import row_of, token_values
from lsnb.plan.kind_record import (
    MYSELF,
    Draft,
    Inverse,
    Kind,
    LeftAloneError,
    Need,
    Reading,
    Rows,
    Subject,
    Undo,
    UnlockPart,
    always,
    step,
    unless_reversible,
)
from lsnb.plan.live import Present
from lsnb.plan.model import Change
from lsnb.plan.subjects.service_key import name_of_key
from lsnb.sheets.requests import TokenRequest
from lsnb.snapshot import Caller, Snapshot

_REVOKE, _REINSTATE = "RevokeAccessToken", "ReinstateAccessToken"

_NOT_REVOKED = Need(
    feature="can_revoke_tokens",
    offer=None,
    missing="not offered by this server: tokens cannot be revoked here.",
    instead="Ask the owner to delete the token in LangSmith; removing somebody ends all their tokens.",
)
_NOT_REINSTATED = Need(
    feature="can_revoke_tokens",
    offer=None,
    missing="not offered by this server: tokens cannot be reinstated here.",
    instead="Ask the owner to make a new token in LangSmith.",
)


def is_revocation(change: Change) -> bool:
    """Tell whether a change revokes a token."""
    return change.kind == _REVOKE


def _draft(snapshot: Snapshot, request: TokenRequest) -> Draft:
    row = row_of(snapshot.access_tokens, "access_token_id", request.token_id) or {}
    values = token_values(row)
    is_revoking = request.action == "revoke"
    states = ("active", "revoked") if is_revoking else ("revoked", "active")
    return Draft(
        kind="RevokeAccessToken" if is_revoking else "ReinstateAccessToken",
        email=row.get("email"),
        before={**values, "state": states[0]},
        after={**values, "state": states[1]},
        ids={"token_id": request.token_id},
        is_self=is_own_key(snapshot.meta.caller, values["short_key"]),
    )


def _is_callers_own(change: Change, caller: Caller) -> bool:
    # A service key is no token, and other people's tokens are not the caller's.
    is_foreign = bool(change.email and caller.email) and not is_caller(caller, change.email, None)
    is_own = is_own_key(caller, (change.before or {}).get("short_key"))
    return caller.kind != "service" and not is_foreign and is_own


def _state(change: Change, present: Present) -> str | None:
    record = present.resources.find("tokens", change.ids["token_id"])
    if record is None:
        return None
    if record.get("revoked_at"):
        return "revoked"
    known = record.get("is_revoked")
    return None if known is None else "revoked" if known else "active"


def _holds(change: Change, present: Present) -> bool:
    # Other people's tokens are listed by some services only; asking twice for the same does no harm.
    state = _state(change, present)
    return state is None or state == (change.before or {}).get("state", state)


def _reached(change: Change, present: Present) -> bool:
    return _state(change, present) == (change.after or {}).get("state")


def _found_words(change: Change, present: Present) -> str:
    name = (change.before or change.after or {}).get("description")
    if present.resources.find("tokens", change.ids["token_id"]) is None:
        return f"the token {name!r} is not among those that the service lists"
    return f"the token {name!r} is {_state(change, present) or 'there'}"


def _who(change: Change) -> str:
    owner = f" of {change.email}" if change.email else ""
    return f"token {name_of_key(change.after or change.before or {})}{owner}"


def _before_words(change: Change) -> str:
    return "not there" if change.before is None else str(change.before.get("state"))


def _after_words(change: Change) -> str:
    return "deleted" if change.after is None else str(change.after.get("state"))


def _effect(table: str, rows: Rows, change: Change, snapshot: Snapshot) -> Rows:
    id_, is_revoked = change.ids["token_id"], is_revocation(change)
    return [{**row, "is_revoked": is_revoked} if row["access_token_id"] == id_ else row for row in rows]


def _restore(undo: Undo, change: Change) -> Inverse:
    id_ = change.ids.get("token_id")
    now = token_values(undo.row("access_tokens", "access_token_id", id_))
    was, then = (change.before or {}).get("state"), (change.after or {}).get("state")
    if now["state"] and now["state"] != then:
        raise LeftAloneError(f"it is {now['state']} by now")
    draft = Draft(
        kind="ReinstateAccessToken" if was == "active" else "RevokeAccessToken",
        before={**now, "state": then},
        after={**now, "state": was},
        ids={"token_id": id_},
        email=change.email,
    )
    return Inverse(draft=draft, rule="", note="")


_ACCESS_TOKEN = Subject(
    name="access token",
    is_person=False,
    id_name="token_id",
    is_ground=True,
    name_field="",
    sheet="tokens",
    reading=Reading(
        name="tokens",
        method="list_access_tokens",
        by="id",
        keeps=always(True),
        # A service key has no tokens of its own, and may still revoke those of others.
        may_be_hidden=True,
        in_workspace=None,
    ),
    undo_table="access_tokens",
    who=_who,
    request=TokenRequest,
    draft=_draft,
    remarks=lambda snapshot, changes: [],
    warn=lambda snapshot, changes: [],
)

KINDS = (
    Kind(
        name=_REINSTATE,
        subject=_ACCESS_TOKEN,
        scope="organization",
        order=130,
        one="access token reinstated",
        several="access tokens reinstated",
        tables=("access_tokens",),
        stage=always("change"),
        wave=0,
        last_wave=0,
        risk=always("medium"),
        reversible=True,
        is_irreversible=False,
        consequence=always(""),
        needs=_NOT_REINSTATED,
        mails=0,
        gives="token",
        removes=always(False),
        demotes=always(False),
        promotes=always(False),
        losing_people=lambda snapshot, change: [],
        losing_keys=lambda snapshot, change: [],
        is_callers_own=always(False),
        may_hit_caller=always(False),
        moves_rights=always(False),
        shows_in_access=always(False),
        allowed_to="operators-and-owner",
        unlock=unless_reversible,
        unlock_self=MYSELF,
        steps=step(
            "reinstate-token",
            "reinstate_access_token",
            lambda plan, change, present: {"token_id": change.ids["token_id"]},
            need=_NOT_REINSTATED,
        ),
        batch=None,
        makes="nothing",
        is_looked_at_last=False,
        holds=_holds,
        reached=_reached,
        is_shown=lambda change, present: _state(change, present) is not None,
        created_id=always(None),
        found_words=_found_words,
        before_words=_before_words,
        after_words=_after_words,
        sentence=lambda change: f"reinstate {_who(change)}",
        effect_on_people=always(None),
        effect=_effect,
        inverse=_restore,
        # No public page says what it is called there.
        log_operations=(),
    ),
    Kind(
        name=_REVOKE,
        subject=_ACCESS_TOKEN,
        scope="organization",
        order=170,
        one="access token revoked",
        several="access tokens revoked",
        tables=("access_tokens",),
        stage=always("remove"),
        wave=0,
        # The token in use goes last.
        last_wave=1,
        risk=always("medium"),
        reversible=True,
        is_irreversible=False,
        consequence=always("Whatever uses the token stops working within about a minute, until it is reinstated."),
        needs=_NOT_REVOKED,
        mails=0,
        gives="nothing",
        removes=always(False),
        demotes=always(False),
        promotes=always(False),
        losing_people=lambda snapshot, change: [change.email or change.id],
        losing_keys=lambda snapshot, change: [],
        is_callers_own=_is_callers_own,
        may_hit_caller=always(True),
        moves_rights=always(False),
        shows_in_access=always(False),
        allowed_to="operators-and-owner",
        unlock=always(UnlockPart(70, "revoke", " token", " tokens")),
        unlock_self=MYSELF,
        steps=step(
            "revoke-token",
            "revoke_access_token",
            lambda plan, change, present: {"token_id": change.ids["token_id"]},
            need=_NOT_REVOKED,
        ),
        batch=None,
        makes="nothing",
        is_looked_at_last=False,
        holds=_holds,
        reached=_reached,
        is_shown=lambda change, present: _state(change, present) is not None,
        created_id=always(None),
        found_words=_found_words,
        before_words=_before_words,
        after_words=_after_words,
        sentence=lambda change: f"revoke {_who(change)}",
        effect_on_people=always(None),
        effect=_effect,
        inverse=_restore,
        log_operations=("revoke_personal_access_token",),
    ),
)
