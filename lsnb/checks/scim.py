"""Checks of the identity provider's tokens."""

from __future__ import annotations

from collections.abc import Iterator

from lsnb.checks.context import Context, rows_of, text
from lsnb.checks.spec import Finding, alarm, check


@check(
    "LS-SCM-01",
    "SCIM tokens are few, described and in use",
    severity="high",
    why="A stale token can create admins by the name of a group.",
    fix="Delete tokens that nobody uses; replace old ones; write down what each is for.",
    supports="S CC6.1 · I A.5.17 · N IA-5",
    needs=("scim_tokens",),
    feature="can_use_saml_sso",
    thresholds=("max_scim_tokens", "scim_unused_days", "scim_max_age_days", "new_grace_days"),
)
def find_stale_tokens(context: Context) -> Iterator[Finding]:
    """Alarm for every token without a description, unused or too old, and where there are too many."""
    tokens, policy = context.frame("scim_tokens"), context.policy
    if len(tokens) > policy.max_scim_tokens:
        yield alarm(context.organization, f"{len(tokens)} SCIM tokens, the limit is {policy.max_scim_tokens}.")
    for row in rows_of(tokens):
        age, idle = context.days_since(row.created_at), context.days_since(row.last_used_at)
        wrong = [] if text(row.description).strip() else ["no description"]
        if idle > policy.scim_unused_days and age >= policy.new_grace_days:
            wrong.append("never used" if idle == float("inf") else f"not used for {idle:.0f} days")
        if policy.scim_max_age_days < age < float("inf"):
            wrong.append(f"{age:.0f} days old")
        if wrong:
            name = text(row.description).strip() or text(row.short_token)
            yield alarm(f"scim_token:{name}", f"The token: {', '.join(wrong)}.", evidence=row.scim_token_id)
