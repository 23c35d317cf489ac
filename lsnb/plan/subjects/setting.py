"""Settings of the organization: one change sets one of them.

Values: the setting's own name with its value. Ids: `setting`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from lsnb.plan.current_values import row_of
from lsnb.plan.kind_record import (
    Batch,
    Draft,
    Ids,
    Inverse,
    Kind,
    LeftAloneError,
    Reading,
    Rows,
    Step,
    Subject,
    Undo,
    UnlockPart,
    Values,
    always,
    step,
    unless_reversible,
)
from lsnb.plan.live import Present
from lsnb.plan.model import Change, Risk, RuleResult, Stage
from lsnb.sheets.requests import SettingRequest
from lsnb.snapshot import Snapshot
from lsnb.tables.settings import KNOWN_SETTINGS, known_setting

_UPDATE = "UpdateSettings"
#: The setting that closes every login but single sign-on; it has an endpoint of its own.
SSO_ONLY = "sso_only"
#: What stands between the parts of the name of an identity provider's group, which decides what a group gives.
_SEPARATOR_SETTING = "scim_group_name_separator"
#: The settings that can lock out whoever makes the plan; they come last of all.
LOCKING_SETTINGS = frozenset(
    name for name, known in KNOWN_SETTINGS.items() if known.is_changeable and known.risk == "high"
)
# For these an empty value of any kind says the same: that nothing is set.
_NOTHING: tuple[Any, ...] = (None, "", [])
#: What stands for a setting that was never set, where the service takes null for "leave it".
_UNSET: dict[type, Any] = {bool: False, list: [], str: ""}
_NULLABLE = frozenset({"ip_allowlist", "security_contact"})


def setting_of(change: Change) -> str | None:
    """Give the name of the setting that a change sets; None where it sets none."""
    return change.ids.get("setting") if change.kind == _UPDATE else None


def value_after(change: Change) -> Any:
    """Give the value that a change sets."""
    return (change.after or {}).get(change.ids.get("setting", ""))


def settings_of(changes: Sequence[Change]) -> dict[str, Any]:
    """Give the settings that changes set, in one body."""
    return {change.ids["setting"]: value_after(change) for change in changes}


def _stage(before: Values | None, after: Values | None, ids: Ids) -> Stage:
    return "self" if ids.get("setting") in LOCKING_SETTINGS else "change"


def _risk(before: Values | None, after: Values | None, ids: Ids) -> Risk:
    return known_setting(ids.get("setting")).risk


def _consequence(before: Values | None, after: Values | None, ids: Ids) -> str:
    setting = ids.get("setting", "")
    if not (after or {}).get(setting):
        return ""
    return {
        SSO_ONLY: "Everybody who does not come through single sign-on is locked out.",
        "ip_allowlist": "Every request from another address is refused.",
        "pat_creation_disabled": (
            "Nobody can make a personal access token any more; those that are there go on working until they expire."
        ),
        "public_sharing_disabled": "Links that are public already stay public.",
    }.get(setting, "")


def _is_separator(change: Change) -> bool:
    return change.ids.get("setting") == _SEPARATOR_SETTING


def _draft(snapshot: Snapshot, request: SettingRequest) -> Draft:
    name = request.setting
    row = row_of(snapshot.settings, "setting", name) or {"value": "null"}
    return Draft(
        kind="UpdateSettings",
        before={name: json.loads(str(row["value"]))},
        after={name: request.value},
        ids={"setting": name},
    )


def _warn(snapshot: Snapshot, changes: Sequence[Change]) -> list[RuleResult]:
    """Warn of what settings break for others."""
    asked = {name: change for change in changes if (name := setting_of(change)) is not None}
    found = []
    tokens = asked.get("pat_creation_disabled")
    if tokens and value_after(tokens):
        message = (
            "Once nobody can make personal access tokens, scripts that use one end with their token, and people need "
            "service keys, which only Organization Admins can make for the whole organization."
        )
        found.append(RuleResult("tokens-off", message, (tokens.id,)))
    invites = {name: _after(snapshot, asked, name) for name in ("invites_enabled", "jit_provisioning_enabled")}
    closing = [asked[name].id for name in invites if name in asked]
    if closing and all(value is False for value in invites.values()):
        message = "Neither invitations nor single sign-on would bring anybody new into the organization."
        found.append(RuleResult("closed-door", message, tuple(closing)))
    return found


def _after(snapshot: Snapshot, asked: Mapping[str, Change], name: str) -> Any:
    if name in asked:
        return value_after(asked[name])
    return snapshot.setting(name, default=None) if snapshot.is_readable("settings") else None


_LOGINS = step(
    "update-settings",
    "set_sso_only",
    lambda plan, change, present: {"sso_only": bool(value_after(change))},
)
_OTHERS = step(
    "update-settings",
    "update_settings",
    lambda plan, change, present: {"values": settings_of([change])},
)


def _steps(change: Change) -> tuple[Step, ...]:
    return (_LOGINS if change.ids.get("setting") == SSO_ONLY else _OTHERS)(change)


def _group(change: Change) -> tuple[str, ...] | None:
    return None if change.ids.get("setting") == SSO_ONLY else (change.kind,)


def _has(change: Change, present: Present, values: Values | None) -> bool:
    setting, settings = change.ids["setting"], present.resources.all("settings")
    return setting in settings and _is_same(settings[setting], (values or {}).get(setting))


def _is_same(here: Any, there: Any) -> bool:
    if here in _NOTHING or there in _NOTHING:
        return here in _NOTHING and there in _NOTHING
    if isinstance(here, list) and isinstance(there, list | tuple):
        return sorted(map(str, here)) == sorted(map(str, there))
    return bool(here == there)


def _found_words(change: Change, present: Present) -> str:
    setting, settings = change.ids["setting"], present.resources.all("settings")
    if setting not in settings:
        return f"this server shows no setting {setting}; a name that it does not know is ignored"
    return f"{setting} is {settings[setting]!r}"


def _who(change: Change) -> str:
    return f"setting {change.ids.get('setting', '')}"


def _before_words(change: Change) -> str:
    return "not there" if change.before is None else _words(change, change.before)


def _after_words(change: Change) -> str:
    return "deleted" if change.after is None else _words(change, change.after)


def _words(change: Change, values: Values | None) -> str:
    value = (values or {}).get(change.ids.get("setting", ""))
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value)) or "an empty list"
    return str(value) if str(value).strip() else repr(value)


def _sentence(change: Change) -> str:
    return f"set {_who(change)}: {_words(change, change.before)} → {_words(change, change.after)}"


def _effect(table: str, rows: Rows, change: Change, snapshot: Snapshot) -> Rows:
    name = change.ids["setting"]
    value = json.dumps(value_after(change), ensure_ascii=False, sort_keys=True)
    return [{**row, "value": value} if row["setting"] == name and row["area"] != "plan" else row for row in rows]


def _restore(undo: Undo, change: Change) -> Inverse:
    name = change.ids.get("setting", "")
    now = json.loads(str(undo.row("settings", "setting", name)["value"]))
    if now != value_after(change):
        raise LeftAloneError("it has another value by now")
    old = (change.before or {}).get(name)
    instead = None if old is not None or name in _NULLABLE else _UNSET.get(type(now))
    draft = Draft(
        kind="UpdateSettings",
        before={name: now},
        after={name: old if instead is None else instead},
        ids={"setting": name},
    )
    if instead is None:
        return Inverse(draft=draft, rule="", note="")
    note = f"{name} was not set before, which the service does not take as a value; it is set to {json.dumps(instead)}."
    return Inverse(draft=draft, rule="cannot-come-back", note=note)


_SETTING = Subject(
    name="setting",
    is_person=False,
    id_name="setting",
    is_ground=True,
    name_field="",
    sheet="settings",
    reading=Reading(
        name="settings",
        method="get_organization_info",
        by="name",
        keeps=always(True),
        may_be_hidden=False,
        in_workspace=None,
    ),
    undo_table=None,
    who=_who,
    request=SettingRequest,
    draft=_draft,
    remarks=lambda snapshot, changes: [],
    warn=_warn,
)

KINDS = (
    Kind(
        name=_UPDATE,
        subject=_SETTING,
        scope="organization",
        order=100,
        one="setting changed",
        several="settings changed",
        tables=("settings",),
        stage=_stage,
        wave=0,
        # It needs rights that the caller's own change may take.
        last_wave=-1,
        risk=_risk,
        reversible=True,
        is_irreversible=False,
        consequence=_consequence,
        needs=None,
        mails=0,
        gives="nothing",
        removes=always(False),
        demotes=always(False),
        promotes=always(False),
        losing_people=lambda snapshot, change: [],
        losing_keys=lambda snapshot, change: [],
        is_callers_own=always(False),
        may_hit_caller=always(False),
        moves_rights=_is_separator,
        shows_in_access=_is_separator,
        allowed_to="operators",
        unlock=unless_reversible,
        unlock_self=UnlockPart(180, "settings", "", ""),
        steps=_steps,
        batch=Batch(
            name="update-settings",
            method="update_settings",
            group=_group,
            arguments=lambda changes: {"values": settings_of(changes)},
            names_people=False,
            # One setting that the organization's plan does not include.
            asks_first=False,
            is_refused_whole=True,
        ),
        makes="nothing",
        is_looked_at_last=False,
        holds=lambda change, present: _has(change, present, change.before),
        reached=lambda change, present: _has(change, present, change.after),
        is_shown=always(True),
        created_id=always(None),
        found_words=_found_words,
        before_words=_before_words,
        after_words=_after_words,
        sentence=_sentence,
        effect_on_people=always(None),
        effect=_effect,
        inverse=_restore,
        log_operations=("update_organization_info", "update_login_methods"),
    ),
)
