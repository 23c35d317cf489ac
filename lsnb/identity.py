"""Who a key acts for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsnb.errors import ApiError, AuthError, RateLimitedError, ServerError
from lsnb.snapshot import Caller

if TYPE_CHECKING:
    from lsnb.api import Api
    from lsnb.credentials import Key


def anonymous(key: Key) -> Caller:
    """Describe a key by itself, without asking the service."""
    kind = key.kind if key.kind in ("pat", "service") else "unknown"
    what = {"pat": "personal access token", "service": "service key"}.get(kind, "key")
    return Caller(kind=kind, identity=f"key:{key.fingerprint}", name=f"{what} {key.hint}", hint=key.hint)


def identify(api: Api, key: Key, *, workspace_id: str | None = None) -> Caller:
    """Ask the service who a key acts for; one request, none for service keys.

    A plan is bound to the identity: for a token the person behind it, so that a rotated token still fits.

    Args:
        api: the service.
        key: the key.
        workspace_id: a workspace that the key covers, where it is limited to some.

    Raises:
        AuthError: the service does not know the key.
        RateLimitedError: the service wants no more requests now.
        ServerError: the service has a problem. It passes, and without the caller nothing would keep a plan from taking
            away that person's own rights.
        TransportError: no answer came.
    """
    caller = anonymous(key)
    if caller.kind == "service":
        return caller
    try:
        public = api.get_public_identity(workspace_id=workspace_id)
    except (AuthError, RateLimitedError, ServerError):
        raise
    except ApiError:
        # Older servers do not offer it, and a person without a workspace may not use it.
        return caller
    email = str(public.get("user_email") or "").strip().lower() or None
    user = public.get("ls_user_id") or public.get("user_id")
    if not user:
        return caller
    return Caller(
        kind=caller.kind,
        identity=f"user:{user}",
        email=email,
        name=email or caller.name,
        ls_user_id=str(public.get("ls_user_id") or "") or None,
        hint=key.hint,
    )


def identify_if_possible(api: Api, key: Key, *, workspace_id: str | None = None) -> Caller:
    """Ask who a key acts for, and describe it by itself while the service has a problem.

    Enough for reading; whoever plans asks with `identify`.

    Raises:
        AuthError: the service does not know the key.
        TransportError: no answer came.
    """
    try:
        return identify(api, key, workspace_id=workspace_id)
    except (RateLimitedError, ServerError):
        return anonymous(key)
