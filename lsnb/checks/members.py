"""Checks of members: who they are, whether they are still here, and whether they use what they have."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pandas as pd

from lsnb.checks.context import Context, day, domain_of, is_listed, pick, rows_of, text
from lsnb.checks.spec import Finding, alarm, check, info, person, skip
from lsnb.checks.use import judge_person
from lsnb.policy import last_day

_NO_ROSTER = "There is no roster to compare with."


@check(
    "LS-MEM-01",
    "Every member is on the roster",
    severity="high",
    why="An account without a person is orphaned.",
    fix="Find out who uses the account; remove it, or put it on the roster or the accepted list.",
    supports="S CC6.2 · I A.5.16 · N AC-2(3)(b)",
    needs=("members",),
)
def find_strangers(context: Context) -> Iterator[Finding]:
    """Alarm for every enabled member whose address is not on the roster, accepted accounts apart."""
    if context.roster is None:
        yield info(context.organization, _NO_ROSTER)
        return
    known = context.employees()
    for email in context.members["email"]:
        if email not in known and not is_listed(email, context.policy.accepted_accounts):
            yield person(email, "Not on the roster.")


@check(
    "LS-MEM-02",
    "No leaver keeps access",
    severity="critical",
    why="It is the first thing an auditor samples.",
    fix="Remove the person from the organization, and revoke their tokens.",
    supports="S CC6.2 · I A.5.18 · N AC-2(3), PS-4",
    needs=("members",),
    also=("access_tokens",),
)
def find_leavers(context: Context) -> Iterator[Finding]:
    """Alarm for everybody who has left by the roster and is an enabled member, or has a live token."""
    if context.roster is None:
        yield info(context.organization, _NO_ROSTER)
        return
    leavers = context.leavers()
    enabled = leavers & set(context.members["email"])
    tokens = _tokens_by_owner(context)
    for email in sorted(enabled | (leavers & tokens.keys())):
        what = ["an enabled account"] if email in enabled else []
        what += [f"{len(tokens[email])} live tokens"] if email in tokens else []
        yield person(
            email, f"Left by the roster, and has {' and '.join(what)}.", evidence=", ".join(tokens.get(email, ()))
        )


@check(
    "LS-MEM-03",
    "No dormant member",
    severity="medium",
    why="Seats and exposure without use.",
    fix="Remove the person, or make them Organization Viewer until they need more.",
    supports="S CC6.3 · I A.5.18 · N AC-2(3)(d)",
    needs=("members",),
    looks_at=("access_tokens", "audit_log", "usage"),
    thresholds=("member_dormant_days",),
)
def find_dormant_members(context: Context) -> Iterator[Finding]:
    """Alarm for every enabled member who is not Organization Admin, without a trace of use for the days of the policy.

    Info where a source that could show use was not read for the person: the audit log, the usage report and everybody's
    tokens, over the whole time. Organization Admins are looked at by LS-ADM-06.
    """
    for row in rows_of(context.members):
        if row.email in context.admin_emails:
            continue
        if (found := judge_person(context, row, context.policy.member_dormant_days)) is not None:
            status, at, grounds = found
            yield person(row.email, f"Last trace of use {day(at)} ({grounds}).", status=status)


@check(
    "LS-MEM-04",
    "Disabled people hold nothing",
    severity="critical",
    why="A disabled identity with live tokens or grants can come back.",
    fix="Remove the person from the organization, and revoke their tokens.",
    supports="S CC6.2 · I A.5.18 · N AC-2(3)",
    needs=("members", "access"),
    also=("access_tokens",),
)
def find_holding_disabled(context: Context) -> Iterator[Finding]:
    """Alarm for every disabled member with a live token or a role in a workspace; agent credentials are not read."""
    places = pick(context.frame("access"), scope="workspace", state="disabled").groupby("email")["workspace"].agg(list)
    tokens = _tokens_by_owner(context)
    for email in pick(context.frame("members"), is_disabled=True)["email"]:
        held = places.get(email, [])
        what = [f"roles in {', '.join(map(str, held))}"] if held else []
        what += [f"{len(tokens[email])} live tokens"] if email in tokens else []
        if what:
            yield person(email, f"Disabled, and has {' and '.join(what)}.", evidence=", ".join(tokens.get(email, ())))


@check(
    "LS-MEM-05",
    "One person, one account",
    severity="medium",
    why="Aliases and case variants double access.",
    fix="Keep one account, and remove the other.",
    supports="S CC6.1 · I A.5.16 · N IA-4",
    needs=("members",),
)
def find_doubles(context: Context) -> Iterator[Finding]:
    """Alarm for every enabled member beyond the first with one name, or one address apart from `+` and case."""
    members = context.members.sort_values(["created_at", "email"], kind="stable")
    seen: dict[str, str] = {}
    # The plain address is the account, and the one with the plus its alias, whichever came first.
    plain_first = sorted(rows_of(members), key=lambda row: "+" in row.email)
    for row in plain_first:
        local, _, domain = row.email.rpartition("@")
        keys = [f"{local.partition('+')[0]}@{domain}"]
        if text(row.name).strip():
            keys.append(f"name {' '.join(row.name.casefold().split())}")
        other = next((seen[key] for key in keys if key in seen), None)
        if other is not None:
            yield person(row.email, f"The same person as {other}, by name or address.", evidence=text(row.identity_id))
        for key in keys:
            seen.setdefault(key, row.email)


@check(
    "LS-MEM-06",
    "No shared or generic mailbox as a member",
    severity="high",
    why="Actions cannot be tied to a person.",
    fix="Give the people behind it accounts of their own, or use a service key, and remove this one.",
    supports="S CC6.1 · I A.5.16 · N IA-2, IA-4",
    needs=("members",),
)
def find_mailboxes(context: Context) -> Iterator[Finding]:
    """Alarm for every enabled member whose local part consists of generic words and digits only."""
    generic = set(context.policy.generic_mailboxes)
    for email in context.members["email"]:
        words = [word for word in re.split(r"[._\-+0-9]+", email.rpartition("@")[0]) if word]
        is_generic = bool(words) and all(word in generic for word in words)
        if (is_generic or "".join(words) in generic) and not is_listed(email, context.policy.accepted_accounts):
            yield person(email, "A mailbox of several people, by its name.")


@check(
    "LS-MEM-07",
    "Member domains are allowed ones",
    severity="high",
    why="Unknown organizations are inside, or invited to come in.",
    fix="Remove the person or cancel the invitation, or give the domain or address a dated exception.",
    supports="S CC6.2 · I A.5.15 · N AC-2",
    needs=("members",),
    also=("invites",),
    thresholds=("allowed_domains",),
)
def find_foreign_members(context: Context) -> Iterator[Finding]:
    """Alarm for every enabled member and open invitation whose domain is not allowed and has no exception that holds."""
    policy = context.policy
    if not policy.allowed_domains:
        yield info(context.organization, "The policy names no allowed domains.")
        return
    for email in context.members["email"]:
        reason = _foreign_reason(context, email)
        if reason:
            yield person(email, reason)
    if context.is_readable("invites"):
        for row in rows_of(context.frame("invites")):
            reason = _foreign_reason(context, row.email)
            if reason:
                yield alarm(f"invitation:{row.email}", reason, email=row.email, evidence=text(row.identity_id))


def _foreign_reason(context: Context, email: str) -> str:
    """Say why the domain of an address is not an allowed one; empty where it is."""
    policy = context.policy
    exceptions = {name.lower(): end for name, end in policy.domain_exceptions.items()}
    domain = domain_of(email)
    end = exceptions.get(email, exceptions.get(domain))
    if is_listed(domain, policy.allowed_domains) or (end is not None and end > context.now):
        return ""
    over = f" any more; the exception ended on {last_day(end)}" if end is not None else ""
    return f"The domain {domain} is not allowed{over}."


@check(
    "LS-MEM-08",
    "Members belong to at least one workspace",
    severity="low",
    why="A seat with no purpose, often a half-done move.",
    fix="Add the person to a workspace, or remove them.",
    supports="S CC6.3 · I A.5.18 · N AC-2",
    needs=("members", "access"),
    absent_from=("members", "access"),
)
def find_homeless(context: Context) -> Iterator[Finding]:
    """Alarm for every enabled member with no role in any workspace, Organization Admins apart."""
    placed = set(context.grants["email"]) | context.admin_emails
    for row in rows_of(context.members):
        if row.email not in placed:
            yield person(row.email, f"{text(row.role) or 'Member'} in no workspace.")


@check(
    "LS-MEM-09",
    "Provisioning matches policy",
    severity="medium",
    why="Hand-made accounts beside SCIM escape deprovisioning.",
    fix="Let the identity provider make the account, or put it on the accepted list.",
    supports="S CC6.2 · I A.5.16 · N AC-2(1)",
    needs=("members", "scim_tokens"),
    feature="can_use_saml_sso",
)
def find_hand_made(context: Context) -> Iterator[Finding]:
    """Alarm for every enabled member whom SCIM did not make, while SCIM tokens exist, accepted accounts apart."""
    if context.frame("scim_tokens").empty:
        yield skip(context.organization, "No identity provider makes accounts here.")
        return
    members = context.members
    if members["provisioned_by"].isna().all() and len(members):
        yield info(context.organization, "The server does not say what made the accounts.")
        return
    for row in rows_of(members):
        methods = [method.strip() for method in text(row.provisioned_by).split(",") if method.strip()]
        if "scim" not in methods and not is_listed(row.email, context.policy.accepted_accounts):
            yield person(
                row.email, f"Made by {', '.join(methods) or 'hand'}, while the identity provider makes accounts."
            )


def _tokens_by_owner(context: Context) -> dict[str, list[str]]:
    """Give the ids of live tokens by their owners; none where tokens could not be read."""
    if not context.is_readable("access_tokens"):
        return {}
    tokens: pd.DataFrame = context.live_tokens()
    owned: dict[str, list[str]] = {}
    for row in rows_of(tokens):
        owned.setdefault(text(row.email), []).append(row.access_token_id)
    return owned
