"""Attribute-based access: when a policy matches a resource, and what comes of roles and policies together.

The rules are those of https://docs.langchain.com/langsmith/abac: groups are alternatives, the conditions of a group must
all hold, a deny wins over everything, an allow adds to what the role grants, and where no policy matches the role
decides. Policies look at a resource's tags; without those, a match is open and the verdict "maybe".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Literal

import pandas as pd

from lsnb.errors.safe_text import visible_line

RuleResult = Literal["no", "maybe", "yes"]
Decision = Literal["allowed", "denied", "depends", "unknown"]

#: The only attribute that policies can look at today.
TAG_ATTRIBUTE = "resource_tag_key"
IF_EXISTS = "_if_exists"
PLAIN_OPERATORS = ("equals", "not_equals", "equals_ignore_case", "not_equals_ignore_case", "matches", "not_matches")


@dataclass(frozen=True, slots=True)
class Condition:
    """One comparison of one tag.

    Args:
        attribute: what is looked at, `resource_tag_key`.
        key: the tag's key.
        operator: how it is compared.
        value: what it is compared with.
    """

    attribute: str
    key: str
    operator: str
    value: str

    def __str__(self) -> str:
        return visible_line(f"{self.key} {self.operator} {self.value!r}")


@dataclass(frozen=True, slots=True)
class Group:
    """Conditions that must all hold, for one permission on one kind of resource."""

    permission: str
    resource_type: str
    conditions: tuple[Condition, ...]

    def __str__(self) -> str:
        return " and ".join(map(str, self.conditions)) or "always"


@dataclass(frozen=True, slots=True)
class Rule:
    """One access policy.

    Args:
        policy: its name.
        policy_id: its id.
        effect: `allow` or `deny`.
        role_ids: the ids of the workspace roles that it is attached to.
        groups: its alternatives.
    """

    policy: str
    policy_id: str
    effect: str
    role_ids: tuple[str, ...]
    groups: tuple[Group, ...]

    def about(self, permission: str, resource_type: str | None = None) -> list[Group]:
        """List the groups about one permission, and about one kind of resource where that is given."""
        return [
            group
            for group in self.groups
            if group.permission == permission and resource_type in (None, group.resource_type)
        ]


def match_condition(condition: Condition, tags: Mapping[str, str] | None) -> RuleResult:
    """Tell whether a condition holds for a resource.

    Args:
        condition: the comparison.
        tags: the resource's tags, key to value; None where they are not known.

    Returns:
        "maybe" where the tags are not known, or the attribute or operator is newer than this code.
    """
    operator = condition.operator.removesuffix(IF_EXISTS)
    if tags is None or condition.attribute != TAG_ATTRIBUTE or operator not in PLAIN_OPERATORS:
        return "maybe"
    if condition.key not in tags:
        return "yes" if condition.operator.endswith(IF_EXISTS) else "no"
    found, wanted = tags[condition.key], condition.value
    plain = operator.removeprefix("not_")
    if plain == "equals_ignore_case":
        holds = found.casefold() == wanted.casefold()
    elif plain == "matches":
        # Square brackets are ordinary letters here: the service knows `*` and `?` only.
        holds = fnmatchcase(found, wanted.replace("[", "[[]"))
    else:
        holds = found == wanted
    return "yes" if holds is not operator.startswith("not_") else "no"


def match_group(group: Group, tags: Mapping[str, str] | None) -> RuleResult:
    """Tell whether all conditions of a group hold; a group without conditions always does."""
    verdicts = {match_condition(condition, tags) for condition in group.conditions}
    return "no" if "no" in verdicts else "maybe" if "maybe" in verdicts else "yes"


def match_groups(groups: Iterable[Group], tags: Mapping[str, str] | None) -> RuleResult:
    """Tell whether any of the groups holds."""
    verdicts = {match_group(group, tags) for group in groups}
    return "yes" if "yes" in verdicts else "maybe" if "maybe" in verdicts else "no"


def decide(*, permits: bool, allow: RuleResult, deny: RuleResult) -> Decision:
    """Decide from what the role permits and which policies match.

    Args:
        permits: whether a role grants the permission.
        allow: whether an allow policy matches.
        deny: whether a deny policy matches.
    """
    if deny == "yes":
        return "denied"
    if permits or allow == "yes":
        return "depends" if deny == "maybe" else "allowed"
    return "depends" if allow == "maybe" else "denied"


def read_rules(policies: pd.DataFrame) -> tuple[Rule, ...]:
    """Put the rows of `policies` together to rules again.

    Args:
        policies: the table `policies`, one row per condition.
    """
    rules: dict[str, tuple[str, str, tuple[str, ...], dict[int, tuple[str, str, list[Condition]]]]] = {}
    for row in policies.itertuples(index=False):
        role_ids = tuple(filter(None, _text(row.role_ids).split(", ")))
        name, policy_id = _text(row.policy), _text(row.policy_id)
        groups = rules.setdefault(policy_id, (name, _text(row.effect), role_ids, {}))[3]
        if pd.isna(row.group):  # type: ignore[arg-type]  # pandas-stubs types a row's values as anything
            continue
        number = int(str(row.group))
        conditions = groups.setdefault(number, (_text(row.permission), _text(row.resource_type), []))[2]
        if _text(row.operator):
            conditions.append(
                Condition(
                    _text(row.attribute_name), _text(row.attribute_key), _text(row.operator), _text(row.attribute_value)
                )
            )
    return tuple(
        Rule(name, policy_id, effect, role_ids, tuple(Group(p, kind, tuple(c)) for p, kind, c in groups.values()))
        for policy_id, (name, effect, role_ids, groups) in rules.items()
    )


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
