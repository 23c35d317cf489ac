"""Find out who a key acts for, by every way that the service offers to a key."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from lsnb.errors import ApiError, AuthError, GatewayError, IncompleteListError, LsnbError, RateLimitedError, ServerError
from lsnb.errors import TransportError as NoAnswerError
from lsnb.snapshot import Caller

if TYPE_CHECKING:
    from lsnb.service.api import Api
    from lsnb.service.credentials import Key

# In how many workspaces the key is asked for whom it acts, where it has none of its own.
_MOST_PLACES = 3
_PUBLIC = "GET /auth/public"


def anonymous(key: Key) -> Caller:
    """Describe a key by itself, without asking the service."""
    kind = key.kind if key.kind in ("pat", "service") else "unknown"
    what = {"pat": "personal access token", "service": "service key"}.get(kind, "key")
    return Caller(kind=kind, identity=f"key:{key.fingerprint}", name=f"{what} {key.hint}", hint=key.hint)


def identify(
    api: Api, key: Key, *, workspace_id: str | None = None, workspace_ids: Iterable[str] | None = None
) -> Caller:
    """Ask the service who a key acts for: one request where it tells at once, none for service keys.

    Where it does not tell, it is asked in a workspace that the key sees, and then for the owner of the token in the
    lists of tokens. A plan is bound to the identity: for a token the person behind it, so that a rotated token still
    fits, and so that the plan cannot take anything from that person unnoticed.

    Args:
        api: the service.
        key: the key.
        workspace_id: a workspace that the key covers, where it is limited to some.
        workspace_ids: the workspaces that the key sees, where they were read already.

    Returns:
        The caller. Where nothing tells whose token it is, `is_known` is false and `tried` says what came back.

    Raises:
        AuthError: the service does not know the key.
        RateLimitedError: the service wants no more requests now.
        ServerError: the service has a problem, and nothing else tells whose token it is. It passes.
        GatewayError: something in front of the service refuses, likewise.
        TransportError: no answer came, likewise.
    """
    caller = anonymous(key)
    return caller if caller.kind == "service" else _Search(api, caller, workspace_ids).find(workspace_id)


def identify_if_possible(
    api: Api, key: Key, *, workspace_id: str | None = None, workspace_ids: Iterable[str] | None = None
) -> Caller:
    """Ask who a key acts for, and describe it by itself while the service has a problem.

    Enough for reading; whoever plans asks with `identify`.

    Raises:
        AuthError: the service does not know the key.
        TransportError: no answer came.
    """
    try:
        return identify(api, key, workspace_id=workspace_id, workspace_ids=workspace_ids)
    except (RateLimitedError, ServerError, GatewayError) as error:
        return replace(anonymous(key), tried=(f"{_PUBLIC}: {_came_back(error)}",))


@dataclass(frozen=True, slots=True)
class _Owner:
    """What one source says of the person behind a token.

    Args:
        email: the address, in lower case.
        ls_user_id: the id over all organizations.
        other_id: another id of the person, of the login or of the membership.
    """

    email: str | None
    ls_user_id: str | None
    other_id: str | None

    def __bool__(self) -> bool:
        return bool(self.email or self.ls_user_id or self.other_id)


class _Search:
    """The search for the owner of one token.

    Args:
        api: the service.
        caller: the key, described by itself.
        workspace_ids: the workspaces that the key sees; read where they are needed when None.
    """

    def __init__(self, api: Api, caller: Caller, workspace_ids: Iterable[str] | None) -> None:
        self._api = api
        self._caller = caller
        self._places = None if workspace_ids is None else list(workspace_ids)
        self._tried: list[str] = []
        self._trouble: LsnbError | None = None
        self._is_of_nobody = False

    def find(self, workspace_id: str | None) -> Caller:
        """Ask one way after the other, the cheapest first, until one tells whose token it is."""
        own = workspace_id or self._api.transport.settings.workspace_id
        for owner in self._answers(own):
            if not owner:
                continue
            found = self._complete(owner)
            if found.email or found.ls_user_id:
                return self._person(found)
            self._tried.append(f"the list of members: nobody has the id {found.other_id}")
        if self._trouble is not None:
            raise self._trouble
        if self._is_of_nobody and self._caller.kind == "unknown":
            # The service knows the key, and it is no person's: an older kind of service key.
            return replace(self._caller, kind="service", name=f"service key {self._caller.hint}")
        return replace(self._caller, tried=tuple(dict.fromkeys(self._tried)))

    def _answers(self, own: str | None) -> Iterable[_Owner]:
        yield self._ask(own)
        most = 1 if self._trouble is not None else _MOST_PLACES
        for place in [place for place in self._visible() if place != own][:most]:
            yield self._ask(place)
        mine: list[Mapping[str, Any]] = self._read("the list of own tokens", self._api.list_access_tokens)
        yield self._owner_in("the list of own tokens", mine, set())
        ids = {str(row.get("id")) for row in mine if self._is_own(row)}
        everybody = self._read("the list of all tokens", self._api.list_all_access_tokens)
        yield self._owner_in("the list of all tokens", everybody, ids if len(ids) == 1 else set())

    def _ask(self, workspace_id: str | None) -> _Owner:
        where = f"{_PUBLIC} with the workspace {workspace_id}" if workspace_id else _PUBLIC
        try:
            public = self._api.get_public_identity(workspace_id=workspace_id)
        except (AuthError, RateLimitedError):
            raise
        except (ApiError, NoAnswerError) as error:
            if isinstance(error, ServerError | GatewayError | NoAnswerError):
                self._trouble = self._trouble or error
            self._tried.append(f"{where}: {_came_back(error)}")
            return _Owner(None, None, None)
        owner = _Owner(_email(public.get("user_email")), _text(public, "ls_user_id"), _text(public, "user_id"))
        if not owner:
            # A service key is told apart by these fields being there, and empty.
            self._is_of_nobody = {"user_email", "ls_user_id"} <= public.keys()
            self._tried.append(f"{where}: names nobody")
        return owner

    def _visible(self) -> list[str]:
        if self._places is None:
            found = self._read("the list of workspaces", self._api.list_workspaces)
            self._places = [str(place["id"]) for place in found if place.get("id") and not place.get("is_deleted")]
        return self._places

    def _read(self, what: str, read: Any) -> list[Any]:
        """Read a list, and give none of it where it cannot be read."""
        try:
            return [row for row in read() if isinstance(row, Mapping)]
        except (AuthError, RateLimitedError):
            raise
        except (ApiError, NoAnswerError, IncompleteListError) as error:
            if self._trouble is not None and isinstance(error, ServerError | GatewayError | NoAnswerError):
                # It is not this one question that goes unanswered, so the others would only be waited for.
                raise self._trouble from None
            self._tried.append(f"{what}: {_came_back(error)}")
            return []

    def _is_own(self, row: Mapping[str, Any]) -> bool:
        shown = str(row.get("short_key") or "")
        return len(self._caller.hint) >= 4 and shown[-4:] == self._caller.hint[-4:]

    def _owner_in(self, what: str, rows: list[Mapping[str, Any]], ids: set[str]) -> _Owner:
        """Find the owner of this very token in a list of tokens, by its id or by the end that may be shown."""
        about = [row for row in rows if (str(row.get("id")) in ids if ids else self._is_own(row))]
        owners = {owner for owner in map(_owner_of, about) if owner}
        if len(owners) == 1:
            return owners.pop()
        if rows:
            said = "names no owner" if about else "does not list this token"
            self._tried.append(f"{what}: {'several tokens end alike' if owners else said}")
        return _Owner(None, None, None)

    def _complete(self, owner: _Owner) -> _Owner:
        """Add the address or the id that is missing, from the list of members."""
        if owner.email and owner.ls_user_id:
            return owner
        known = {value for value in (owner.ls_user_id, owner.other_id) if value}
        emails = [owner.email] if owner.email else None
        rows: list[Mapping[str, Any]] = []
        if emails is None:
            rows = self._read("the list of members", lambda: self._api.list_members().people.to_pylist())
            rows = [row for row in rows if not row.get("is_pending")]
        if not any(_is_person(row, owner.email, known) for row in rows):
            rows = self._read("the list of members", lambda: self._api.list_active_members(emails=emails))
        found = {
            (_email(row.get("email")), _text(row, "ls_user_id")) for row in rows if _is_person(row, owner.email, known)
        }
        if len(found) != 1:
            return owner
        email, ls_user_id = found.pop()
        return _Owner(owner.email or email, owner.ls_user_id or ls_user_id, owner.other_id)

    def _person(self, owner: _Owner) -> Caller:
        id_ = owner.ls_user_id or owner.other_id
        return Caller(
            kind="pat",
            identity=f"user:{id_}" if id_ else self._caller.identity,
            email=owner.email,
            name=owner.email or self._caller.name,
            ls_user_id=owner.ls_user_id,
            hint=self._caller.hint,
        )


def _is_person(row: Mapping[str, Any], email: str | None, ids: set[str]) -> bool:
    if email:
        return _email(row.get("email")) == email
    return any(_text(row, name) in ids for name in ("ls_user_id", "user_id", "id"))


def _owner_of(row: Mapping[str, Any]) -> _Owner:
    """Read whose a listed token is; who made a token is whose it is, since nobody can make another person's."""
    names = ("user_email", "owner_email", "email", "creator_email", "created_by_email", "created_by")
    texts = [str(row[name]).strip() for name in names if row.get(name)]
    email = next((text.lower() for text in texts if "@" in text), None)
    other = _text(row, "user_id") or next((text for text in texts if "@" not in text), None)
    return _Owner(email, _text(row, "ls_user_id"), other)


def _email(value: object) -> str | None:
    return str(value).strip().lower() or None if value else None


def _text(row: Mapping[str, Any], name: str) -> str | None:
    return str(row.get(name) or "").strip() or None


def _came_back(error: LsnbError) -> str:
    if isinstance(error, ApiError):
        is_other = error.status is not None and 200 <= error.status < 300
        return "an answer that is none of LangSmith's" if is_other else f"answered {error.status}"
    return "no answer came" if isinstance(error, NoAnswerError) else "the list came back incomplete"
