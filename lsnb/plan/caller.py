"""Tell whether something is the caller's own: the person behind a token, or the very key that makes the plan."""

from __future__ import annotations

from lsnb.snapshot import Caller


def is_caller(caller: Caller, email: str | None, ls_user_id: str | None) -> bool:
    """Tell whether a person is the one who makes the plan; a service key is no person."""
    by_id = bool(ls_user_id) and ls_user_id == caller.ls_user_id
    return by_id or bool(email and caller.email and caller.email.strip().lower() == email)


def is_own_key(caller: Caller, short_key: str | None) -> bool:
    """Tell whether a key or token is the one that makes the plan, by the end of it that may be shown.

    Two keys may end alike; then the other one is spared too, which is the safe mistake.
    """
    shown = caller.hint or (caller.name if "…" in caller.name else "")
    return bool(short_key) and bool(shown) and str(short_key)[-4:] == shown[-4:]
