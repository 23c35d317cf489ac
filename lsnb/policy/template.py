"""A policy written down: as commented TOML to start from, or as the rows of a table."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterable
from typing import Any

import pandas as pd

from lsnb.policy.items import COLUMNS
from lsnb.policy.model import DICTIONARIES, LISTS, THRESHOLDS, Policy, Waiver, meanings
from lsnb.tables.spec import DTYPES

_HEAD = """\
# What this organization has decided about access. `lsnb policy check FILE` finds what is wrong with this file, and
# `lsnb audit --policy FILE` goes by it. What is left out keeps its default; a list that is given is the whole list.
"""
_EXAMPLES = {
    "domain_exceptions": '# "partner.example.com" = 2026-12-31',
    "restricted_workspaces": '# "Production" = ["ada@example.com", "bob@example.com"]',
    "permission_holders": '# "runs:delete" = ["ada@example.com"]',
}
_WAIVERS = """\
# Findings that somebody has accepted for a while: the check and resource as the audit names them ("*" for every
# resource), who accepts it, why, and the last day on which it holds. A waiver that has ended is a finding itself.
"""
_WAIVER_EXAMPLE = """\
# [[waivers]]
# check = "LS-KEY-02"
# resource = "service_key:Ingestion"
# owner = "ada@example.com"
# reason = "Is replaced with the new pipeline, ticket 123."
# until = 2026-12-31
"""
_WIDTH = 118


def policy_template() -> str:
    """Write the default policy as TOML with a comment on each entry: what to start from."""
    return policy_to_toml(Policy())


def policy_to_toml(policy: Policy) -> str:
    """Write a policy as commented TOML; reading it gives the same policy."""
    said = meanings()
    blocks = [_HEAD, "[thresholds]"]
    for name in THRESHOLDS:
        value = getattr(policy, name)
        blocks.append(f"{_comment(said[name])}\n{name} = {_toml(list(value) if name == 'work_hours' else value)}")
    blocks.append("\n[lists]")
    blocks += [f"{_comment(said[name])}\n{name} = {_toml(getattr(policy, name))}" for name in LISTS]
    for name in DICTIONARIES:
        entries = getattr(policy, name)
        lines = [f"{_key(key)} = {_toml(value)}" for key, value in entries.items()]
        blocks.append("\n".join([f"\n[{name}]", _comment(said[name]), *(lines or [_EXAMPLES[name]])]))
    waivers = [_waiver(waiver) for waiver in policy.waivers] or [_WAIVER_EXAMPLE]
    blocks.append("\n" + _WAIVERS + "\n".join(waivers))
    return "\n".join(blocks)


def _comment(text: str) -> str:
    return textwrap.fill(text, _WIDTH, initial_indent="# ", subsequent_indent="# ", break_on_hyphens=False)


def _key(text: str) -> str:
    return _toml(text)


def _toml(value: Any) -> str:
    if isinstance(value, pd.Timestamp):
        return _end(value)
    if isinstance(value, str):
        # TOML's basic strings are those of JSON, but that every control character must be escaped.
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, list | tuple):
        line = f"[{', '.join(map(_toml, value))}]"
        return line if len(line) < _WIDTH - 30 else "[\n" + "".join(f"    {_toml(item)},\n" for item in value) + "]"
    return str(value)


def _end(at: pd.Timestamp) -> str:
    """Write until when something holds: as a day where that is what was meant."""
    if at == at.normalize():
        return f"{at - pd.Timedelta(days=1):%Y-%m-%d}"
    return str(at.isoformat())


def _waiver(waiver: Waiver) -> str:
    values = {"check": waiver.check, "resource": waiver.resource, "owner": waiver.owner, "reason": waiver.reason}
    lines = [f"{name} = {_toml(value)}" for name, value in values.items()]
    return "\n".join(["[[waivers]]", *lines, f"until = {_toml(waiver.ends_at)}", ""])


def policy_to_rows(policy: Policy) -> pd.DataFrame:
    """Write a policy as a table with one row per statement: `kind, name, value, owner, reason, until`."""
    rows: list[dict[str, Any]] = []
    for name in THRESHOLDS:
        value = getattr(policy, name)
        rows.append({"kind": name, "value": "{}-{}".format(*value) if name == "work_hours" else str(value)})
    for name in LISTS:
        rows += _rows_of(name, getattr(policy, name))
    rows += [{"kind": "domain_exceptions", "name": n, "until": _end(e)} for n, e in policy.domain_exceptions.items()]
    for kind in DICTIONARIES[1:]:
        for name, people in getattr(policy, kind).items():
            rows += [{"kind": kind, "name": name, "value": person} for person in people] or [
                {"kind": kind, "name": name}
            ]
    rows += [
        {
            "kind": "waivers",
            "name": waiver.check,
            "value": waiver.resource,
            "owner": waiver.owner,
            "reason": waiver.reason,
            "until": _end(waiver.ends_at),
        }
        for waiver in policy.waivers
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype(DTYPES["text"])


def _rows_of(kind: str, values: Iterable[Any]) -> list[dict[str, Any]]:
    if kind == "duty_pairs":
        return [{"kind": kind, "name": first, "value": second} for first, second in values] or [{"kind": kind}]
    return [{"kind": kind, "value": value} for value in values] or [{"kind": kind}]
