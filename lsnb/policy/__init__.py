"""What an organization has decided about access: the value, its form in a file, and what is wrong with such a file."""

from __future__ import annotations

from lsnb.policy.items import Item, items_from_document, items_from_rows
from lsnb.policy.model import GENERIC_MAILBOXES, SENSITIVE_PERMISSIONS, Policy, Waiver, last_day
from lsnb.policy.parse import PROBLEM_COLUMNS, parse_policy
from lsnb.policy.template import policy_template, policy_to_rows, policy_to_toml

__all__ = [
    "GENERIC_MAILBOXES",
    "PROBLEM_COLUMNS",
    "SENSITIVE_PERMISSIONS",
    "Item",
    "Policy",
    "Waiver",
    "items_from_document",
    "items_from_rows",
    "last_day",
    "parse_policy",
    "policy_template",
    "policy_to_rows",
    "policy_to_toml",
]
