"""Who is an Organization Admin who can really sign in: the one answer for plans and for runs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from lsnb.plan.model import Change
from lsnb.plan.subjects.membership import removes_member, sets_organization_role
from lsnb.plan.subjects.setting import SSO_ONLY, setting_of, value_after
from lsnb.tables import builtin_roles


def has_sso(methods: str | None) -> bool:
    """Tell whether login methods include single sign-on: `supabase:sso`, `oidc`, `custom-oidc`, `saml`.

    Args:
        methods: the names of the login providers, joined by commas; None where they are not known.
    """
    words = {word.strip() for word in (methods or "").lower().split(",")}
    return any(word.endswith((":sso", "oidc")) or "saml" in word for word in words)


def can_sign_in(state: str | None, methods: str | None, *, sso_only: bool | None) -> bool:
    """Tell whether somebody can sign in.

    Under `sso_only`, login methods that are not known count as none: nobody knows that the person can get in.

    Args:
        state: "active", "pending" or "disabled".
        methods: the login methods, joined by commas; None where they are not known.
        sso_only: whether people can log in through single sign-on only; where that is not known, they are judged by the
            state alone, and whoever asks says so.
    """
    return state == "active" and (sso_only is not True or has_sso(methods))


def admins_who_can_sign_in(
    admins: Iterable[tuple[str, str, str | None]], *, sso_only: bool | None
) -> tuple[dict[str, str], dict[str, str]]:
    """Part active Organization Admins into those who can sign in and those who cannot: identity to address.

    Args:
        admins: identity, address and login methods of each active Organization Admin.
        sso_only: see `can_sign_in`.
    """
    able: dict[str, str] = {}
    unable: dict[str, str] = {}
    for identity, email, methods in admins:
        (able if can_sign_in("active", methods, sso_only=sso_only) else unable)[identity] = email
    return able, unable


def sso_only_after(changes: Iterable[Change], now: bool | None) -> bool | None:
    """Tell whether single sign-on is the only way in once the changes are made."""
    for change in changes:
        if setting_of(change) == SSO_ONLY:
            now = bool(value_after(change))
    return now


def unable_words(unable: Mapping[str, str], *, limit: int = 8) -> str:
    """Name Organization Admins who do not count since they cannot sign in, as the end of a message; empty for none."""
    if not unable:
        return ""
    names = sorted(unable.values())
    shown = ", ".join(names[:limit]) + (f" and {len(names) - limit:,} more" if len(names) > limit else "")
    return (
        f" {shown} {'does' if len(names) == 1 else 'do'} not count: people log in through single sign-on only, and no such "
        f"login of {'that person' if len(names) == 1 else 'these people'} is known."
    )


def is_organization_admin(values: Mapping[str, Any] | None) -> bool:
    """Tell whether the values of a change are those of an Organization Admin."""
    return (values or {}).get("role_name") == builtin_roles.ORGANIZATION_ADMIN


def takes_admin(change: Change) -> bool:
    """Tell whether a change takes the role Organization Admin from somebody who has joined."""
    if not (removes_member(change) or sets_organization_role(change)) or not is_organization_admin(change.before):
        return False
    return (change.before or {}).get("state") == "active" and not is_organization_admin(change.after)


def closes_logins(change: Change) -> bool:
    """Tell whether a change leaves single sign-on as the only way in, which can take an Admin's way in."""
    return sso_only_after([change], None) is True


def gives_admin(change: Change) -> bool:
    """Tell whether a change makes somebody who has joined Organization Admin."""
    return (
        sets_organization_role(change)
        and is_organization_admin(change.after)
        and (change.after or {}).get("state") == "active"
    )


def may_take_admin(change: Change) -> bool:
    """Tell whether a change can leave one Organization Admin fewer who can sign in."""
    return takes_admin(change) or closes_logins(change)
