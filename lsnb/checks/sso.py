"""Checks of single sign-on."""

from __future__ import annotations

from collections.abc import Iterator

from lsnb.checks.context import Context, pick, rows_of, text
from lsnb.checks.spec import Finding, alarm, check, info, skip
from lsnb.tables import builtin_roles

_SUPPORTS = "S CC6.1 · I A.8.5 · N IA-2, AC-2(1)"


@check(
    "LS-SSO-01a",
    "Single sign-on is enforced",
    severity="high",
    why="Other logins skip the identity provider's controls.",
    fix="Switch on sign-in through SSO only, logged in through SSO yourself.",
    supports=_SUPPORTS,
    needs=("settings",),
    feature="can_use_saml_sso",
)
def find_open_logins(context: Context) -> Iterator[Finding]:
    """Alarm where `sso_only` is not true."""
    if not context.has_setting("sso_only"):
        yield info("setting:sso_only", "The server does not say.")
    elif context.setting("sso_only") is not True:
        yield alarm("setting:sso_only", "Other ways to sign in are open.")


@check(
    "LS-SSO-01b",
    "Newcomers through single sign-on are not Admins",
    severity="high",
    why="A default role of Admin hands out power.",
    fix="Make Viewer the default role of the provider.",
    supports=_SUPPORTS,
    needs=("sso", "roles"),
    feature="can_use_saml_sso",
)
def find_generous_defaults(context: Context) -> Iterator[Finding]:
    """Alarm for every provider whose default role is the built-in Admin."""
    if context.frame("sso").empty:
        yield skip(context.organization, "No single sign-on is set up.")
        return
    admin = set(pick(context.frame("roles"), role_name=builtin_roles.WORKSPACE_ADMIN)["role_id"])
    for row in rows_of(context.frame("sso")):
        if row.default_role_id in admin:
            places = text(row.default_workspaces)
            reason = f"Newcomers become Admin in {places or 'the default workspaces'}."
            yield alarm(f"sso_provider:{places or row.provider_id}", reason, evidence=row.sso_id)


@check(
    "LS-SSO-01c",
    "Accounts are not made at sign-in where the identity provider makes them",
    severity="high",
    why="Provisioning at sign-in fights the identity provider's own.",
    fix="Switch off jit_provisioning_enabled.",
    supports=_SUPPORTS,
    needs=("settings", "scim_tokens"),
    feature="can_use_saml_sso",
)
def find_jit_beside_scim(context: Context) -> Iterator[Finding]:
    """Alarm where SCIM tokens exist and `jit_provisioning_enabled` is on."""
    n = len(context.frame("scim_tokens"))
    if n == 0:
        yield skip(context.organization, "No identity provider makes accounts here.")
    elif not context.has_setting("jit_provisioning_enabled"):
        yield info("setting:jit_provisioning_enabled", "The server does not say.")
    elif context.setting("jit_provisioning_enabled"):
        yield alarm("setting:jit_provisioning_enabled", f"On, while {n} SCIM tokens exist.")
