"""Personal access tokens (API.md 8.9, 9)."""

from __future__ import annotations

from collections.abc import Sequence

from lsnb.sandbox.access import Caller
from lsnb.sandbox.records import Json, Key
from lsnb.sandbox.refusals import RefusedError, make_forbidden, make_missing
from lsnb.sandbox.rules.keys import KeyRequest, drop, keep_new
from lsnb.sandbox.rules.shapes import shape_key


def list_tokens(caller: Caller, workspace_ids: Sequence[str] = ()) -> list[Json]:
    """Return the caller's own tokens.

    Organization Admins can list everybody's at the real service, but the path of that list is not public (unknown 20).
    With the behaviour `pats_listed="all"` it is this one, and the rows say whose each token is.
    """
    person = _need_person(caller)
    everybody = caller.state.behaviours.pats_listed == "all" and caller.is_admin
    tokens = [k for k in caller.state.keys.values() if k.kind == "pat" and (everybody or k.person_id == person)]
    wanted = set(workspace_ids)
    return [_shape(caller, key) for key in tokens if not wanted or key.default_workspace_id in wanted]


def create_token(caller: Caller, request: KeyRequest) -> Json:
    """Create a token for the caller."""
    _need_person(caller)
    caller.need("organization:pats:create")
    if caller.settings["pat_creation_disabled"]:
        raise make_forbidden("Personal access token creation is disabled for this organization")
    default = request.default_workspace_id
    if default is not None and (default not in caller.state.workspaces or caller.workspace_role(default) is None):
        raise make_missing("Workspace")
    if default is None:
        mine = [w.id for w in caller.visible_workspaces() if not w.is_deleted]
        request.default_workspace_id = mine[0] if mine else None
    request.workspaces = None
    return keep_new(caller, request, "pat")


def delete_token(caller: Caller, token_id: str) -> Json:
    """Delete one of the caller's own tokens."""
    person = _need_person(caller)
    key = caller.state.keys.get(token_id)
    if key is None or key.kind != "pat" or key.person_id != person:
        raise make_missing("API key")
    return drop(caller, key)


def set_revoked(caller: Caller, token_id: str, *, is_revoked: bool) -> None:
    """Deactivate or reinstate a token; Admins anybody's, others their own (API.md 9).

    The real service takes up to a minute until it holds; here it holds at once.
    """
    key = caller.state.keys.get(token_id)
    mine = caller.person is not None and key is not None and key.person_id == caller.person.id
    if key is None or key.kind != "pat" or not (mine or caller.is_admin):
        raise RefusedError(404, "Personal access token not found", family="problem")
    key.is_revoked = is_revoked
    caller.state.touch()
    caller.touched.append(key.id)


def _need_person(caller: Caller) -> str:
    if caller.person is None:
        raise make_forbidden()
    return caller.person.id


def _shape(caller: Caller, key: Key) -> Json:
    data = shape_key(caller.state, key)
    if caller.state.behaviours.pats_listed == "all":
        owner = caller.state.people.get(key.person_id or "")
        data |= {"ls_user_id": owner.ls_user_id if owner else None, "user_email": owner.email if owner else None}
    return data
