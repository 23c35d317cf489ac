"""Checks of access policies (attribute-based access)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from lsnb.analysis.effective.abac import IF_EXISTS, Condition, Rule, match_condition, read_rules
from lsnb.checks.context import Context
from lsnb.checks.spec import Finding, alarm, check, info

_SUPPORTS = "S CC6.3 · I A.8.3 · N AC-3"
_NEGATIVE = "not_"


def _rules(context: Context) -> tuple[Rule, ...]:
    return context.keep("rules", lambda: read_rules(context.frame("policies")))


def _about(rule: Rule, reason: str) -> Finding:
    return alarm(f"access_policy:{rule.policy}", reason, evidence=rule.policy_id)


def _untold(context: Context, rules: list[Rule]) -> Iterator[Finding]:
    if context.tags is None and rules:
        names = ", ".join(rule.policy for rule in rules)
        yield info(
            context.organization, f"The tags of the workspaces were not read whole, so these are not judged: {names}."
        )


def _matches_some_value(condition: Condition, tags: Mapping[str, frozenset[str]]) -> bool:
    """Tell whether a condition holds for some value that is in use, or for resources without the tag."""
    if condition.operator.endswith(IF_EXISTS):
        return True
    return any(match_condition(condition, {condition.key: value}) != "no" for value in tags.get(condition.key, ()))


@check(
    "LS-ABC-01a",
    "Every deny can match something",
    severity="high",
    why="A deny that matches nothing protects nothing.",
    fix="Correct the value that the policy compares with, or delete the policy.",
    supports=_SUPPORTS,
    needs=("policies",),
    looks_at=("tags",),
    feature="can_use_abac",
)
def find_toothless(context: Context) -> Iterator[Finding]:
    """Alarm for every deny of whose groups none can hold for any value in use of the tag keys that exist.

    A tag key that does not exist is left to LS-ABC-01d. Info where the tags were not read.
    """
    denies = [rule for rule in _rules(context) if rule.effect == "deny"]
    yield from _untold(context, denies)
    tags = context.tags
    if tags is None:
        return
    for rule in denies:
        keys = {condition.key for group in rule.groups for condition in group.conditions}
        can_match = any(all(_matches_some_value(c, tags) for c in group.conditions) for group in rule.groups)
        if not can_match and keys <= tags.keys():
            yield _about(rule, "A deny that matches no value in use, and so nothing.")


@check(
    "LS-ABC-01b",
    "No allow matches everything",
    severity="high",
    why="An allow adds to what the role grants, and this one adds it everywhere.",
    fix="Name the values that are meant.",
    supports=_SUPPORTS,
    needs=("policies",),
    feature="can_use_abac",
)
def find_boundless(context: Context) -> Iterator[Finding]:
    """Alarm for every allow with a group whose conditions are all `matches *`, or that has none."""
    for rule in _rules(context):
        for group in rule.groups if rule.effect == "allow" else ():
            stars = [
                c.operator.removesuffix(IF_EXISTS) == "matches" and set(c.value) == {"*"} for c in group.conditions
            ]
            if all(stars):
                yield _about(rule, f"Allows {group.permission} where {group}: everywhere, or wherever there is a tag.")
                break


@check(
    "LS-ABC-01c",
    "Every policy is on a role",
    severity="high",
    why="A policy on no role does nothing, whatever its author believes.",
    fix="Attach the policy to a role, or delete it.",
    supports=_SUPPORTS,
    needs=("policies", "roles"),
    absent_from=("roles",),
    feature="can_use_abac",
)
def find_unattached(context: Context) -> Iterator[Finding]:
    """Alarm for every policy that is attached to no role, or to roles only that do not exist."""
    known = set(context.frame("roles")["role_id"])
    for rule in _rules(context):
        if not known & set(rule.role_ids):
            yield _about(rule, "On roles that do not exist." if rule.role_ids else "On no role.")


@check(
    "LS-ABC-01d",
    "Policies speak of tags that exist",
    severity="high",
    why="A policy about a tag that nobody uses bites nothing, or everything that has no tag.",
    fix="Correct the tag's key or value, or create it.",
    supports=_SUPPORTS,
    needs=("policies",),
    looks_at=("tags",),
    feature="can_use_abac",
)
def find_ghost_tags(context: Context) -> Iterator[Finding]:
    """Alarm for every policy that compares with a tag key or value that does not exist; info without the tags.

    What is compared not to be equal need not exist.
    """
    rules = [rule for rule in _rules(context) if any(group.conditions for group in rule.groups)]
    yield from _untold(context, rules)
    tags = context.tags
    if tags is None:
        return
    for rule in rules:
        conditions = [condition for group in rule.groups for condition in group.conditions]
        ghosts = [f"the key {c.key!r}" for c in conditions if c.key not in tags]
        ghosts += [
            f"a value {c.value!r} of {c.key!r}"
            for c in conditions
            if c.key in tags and not c.operator.startswith(_NEGATIVE) and not _has_value(c, tags[c.key])
        ]
        if ghosts:
            yield _about(rule, f"There is no such tag: {', '.join(dict.fromkeys(ghosts))}.")


def _has_value(condition: Condition, values: frozenset[str]) -> bool:
    return any(match_condition(condition, {condition.key: value}) != "no" for value in values)


@check(
    "LS-ABC-01e",
    "No allow opens untagged data by accident",
    severity="high",
    why="An allow with `_if_exists` matches everything that has no such tag.",
    fix="Use the operator without `_if_exists`, and tag the data.",
    supports=_SUPPORTS,
    needs=("policies",),
    feature="can_use_abac",
)
def find_open_untagged(context: Context) -> Iterator[Finding]:
    """Alarm for every allow with a group of whose conditions all match where the tag is absent (`_if_exists`)."""
    for rule in _rules(context):
        for group in rule.groups if rule.effect == "allow" else ():
            if group.conditions and all(c.operator.endswith(IF_EXISTS) for c in group.conditions):
                yield _about(rule, f"Allows {group.permission} on everything without the tag: {group}.")
                break
