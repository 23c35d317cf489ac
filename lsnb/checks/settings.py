"""Checks of the organization's security settings."""

from __future__ import annotations

from collections.abc import Iterator

from lsnb.checks.context import Context
from lsnb.checks.spec import Finding, alarm, check, info, skip

_SUPPORTS = "S CC6.6, CC6.7 · I A.5.15, A.8.12 · N AC-3, CM-6"


def _unknown(context: Context, name: str) -> Iterator[Finding]:
    if not context.has_setting(name):
        yield info(f"setting:{name}", "The server does not say.")


@check(
    "LS-ORG-01a",
    "Public sharing is off",
    severity="medium",
    why="Anybody with the address reads what is shared.",
    fix="Switch on public_sharing_disabled.",
    supports=_SUPPORTS,
    needs=("settings",),
    feature="can_disable_public_sharing",
)
def find_public_sharing(context: Context) -> Iterator[Finding]:
    """Alarm where `public_sharing_disabled` is not true."""
    yield from _unknown(context, "public_sharing_disabled")
    if context.has_setting("public_sharing_disabled") and context.setting("public_sharing_disabled") is not True:
        yield alarm("setting:public_sharing_disabled", "Public sharing is on.")


@check(
    "LS-ORG-01b",
    "Keys and tokens have a longest life",
    severity="medium",
    why="Keys never expire by default.",
    fix="Set max_api_key_expiry_days, max_pat_expiry_days and max_service_key_expiry_days.",
    supports=_SUPPORTS,
    needs=("settings",),
    feature="can_set_api_key_max_expiry",
)
def find_no_maximum(context: Context) -> Iterator[Finding]:
    """Alarm for every longest life of keys and tokens that is not set."""
    for name in ("max_api_key_expiry_days", "max_pat_expiry_days", "max_service_key_expiry_days"):
        yield from _unknown(context, name)
        if context.has_setting(name) and not context.setting(name):
            yield alarm(f"setting:{name}", "No maximum is set.")


@check(
    "LS-ORG-01c",
    "Workspace Admins do not invite outsiders",
    severity="medium",
    why="Who is in the organization is then decided in every workspace.",
    fix="Switch off workspace_admin_can_invite_to_org.",
    supports=_SUPPORTS,
    needs=("settings",),
)
def find_workspace_invites(context: Context) -> Iterator[Finding]:
    """Alarm where `workspace_admin_can_invite_to_org` is on."""
    yield from _unknown(context, "workspace_admin_can_invite_to_org")
    if context.setting("workspace_admin_can_invite_to_org"):
        yield alarm(
            "setting:workspace_admin_can_invite_to_org", "Workspace Admins can invite people to the organization."
        )


@check(
    "LS-ORG-01d",
    "The list of addresses that may connect is in use",
    severity="medium",
    why="A leaked key then works from inside only.",
    fix="Set ip_allowlist; put your own address on it first, for it can lock you out.",
    supports=_SUPPORTS,
    needs=("settings",),
)
def find_no_allowlist(context: Context) -> Iterator[Finding]:
    """Alarm where `ip_allowlist` is empty though the plan offers it (`ip_allowlist_enabled`)."""
    if context.setting("ip_allowlist_enabled") is False:
        yield skip("setting:ip_allowlist", "The plan does not offer it (ip_allowlist_enabled is false).")
    elif not context.has_setting("ip_allowlist") or not context.has_setting("ip_allowlist_enabled"):
        yield info("setting:ip_allowlist", "The server does not say.")
    elif not context.setting("ip_allowlist"):
        yield alarm("setting:ip_allowlist", "Off, though the plan offers it.")


@check(
    "LS-ORG-01e",
    "There is a security contact",
    severity="medium",
    why="Nobody hears of an incident at the service otherwise.",
    fix="Set security_contact to an address that is read.",
    supports=_SUPPORTS,
    needs=("settings",),
)
def find_no_contact(context: Context) -> Iterator[Finding]:
    """Alarm where `security_contact` is empty."""
    yield from _unknown(context, "security_contact")
    if context.has_setting("security_contact") and not context.setting("security_contact"):
        yield alarm("setting:security_contact", "Nobody is named.")
