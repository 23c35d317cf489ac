"""The organization's settings, each with a fitting field, what it was, and what could lock people out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import pandas as pd

from lsnb.plan import Plan, Rules
from lsnb.plan.resource_changes import LOCKING_SETTINGS
from lsnb.sheets.credential_index import records_of
from lsnb.sheets.problems import CellProblem
from lsnb.sheets.setting_values import SEPARATORS, SETTING_KINDS, read_value, settings_sheet, value_text
from lsnb.snapshot import Caller
from lsnb.tables.settings import known_setting
from lsnb.tables.spec import DTYPES
from lsnb.widgets import alerts, controls
from lsnb.widgets.sheet_form import SheetForm, known, require
from lsnb.widgets.unsaved import Unsaved

if TYPE_CHECKING:
    from lsnb.organization import Organization
    from lsnb.snapshot import Snapshot
    from lsnb.widgets.planning import PlanView

_AREAS = {"security": "Security", "organization": "Organization", "product": "Other parts of the product"}
_HINTS = {"days": "a number, or none for no limit", "number": "a number, or none", "email": "an address, or none"}
_BLANK_NAMES = {" ": "a blank"}
_NOT_SET = "none"


class SettingsForm(SheetForm):
    """A field per setting that can be changed through the API."""

    tables = ("settings",)

    def __init__(self, org: Organization, snapshot: Snapshot | None = None, *, fresh: bool = False) -> None:
        #: The field of each setting, by the service's name for it.
        self.fields: dict[str, Any] = {}
        self._notes: dict[str, Any] = {}
        self._rows: dict[str, dict[str, Any]] = {}
        self._locked: set[str] = set()
        self._before: dict[str, str] = {}
        self._risks: dict[str, str] = {}
        self._facts = controls.html()
        super().__init__("Settings", org, kind="settings", fresh=fresh)
        #: The address that this machine's requests come from, to judge a list of allowed addresses.
        self.address_field = controls.line_field(
            "Your address", self.memory.get("address", ""), hint="203.0.113.7, as the service sees it"
        )
        self.on_value(self.address_field, lambda typed: self.memory.keep(address=typed))
        self._address_row = controls.row(self.address_field)
        self.begin(snapshot)

    # What it holds

    @property
    def edited(self) -> dict[str, tuple[Any, Any]]:
        """What was changed: by setting, its value before and after; a value that cannot be read stays its text."""
        self.snapshot  # noqa: B018  wait for it
        return self._edited()

    @property
    def problems(self) -> dict[str, str]:
        """What is wrong with what was typed, by setting."""
        found = {}
        for name in self.fields:
            value = self._read(name)
            if self._is_changed(name) and isinstance(value, CellProblem):
                found[name] = f"{value.reason} {value.hint}".strip()
        return found

    def sheet(self) -> dict[str, pd.DataFrame]:
        """Give the sheet of settings, with a row per setting that was changed."""
        self.snapshot  # noqa: B018  wait for it
        names = [name for name in self.fields if self._is_changed(name)]
        rows = [(name, self._text(name)) for name in names]
        frame = pd.DataFrame(rows, columns=["setting", "value"]).astype(DTYPES["text"])
        return {"settings": frame}

    # What it does

    def set(self, setting: str, value: Any) -> None:
        """Change a setting.

        Args:
            setting: the service's name for it, such as `public_sharing_disabled`.
            value: true or false, a number, a text, a list of texts, or None for no limit.

        Raises:
            LsnbError: there is no such setting, it cannot be changed, or it takes no such value.
        """
        self.snapshot  # noqa: B018  wait for it
        require(
            setting in self.fields, f"There is no setting {setting!r} to change. There is: {', '.join(self.fields)}."
        )
        require(setting not in self._locked, f"The organization's plan does not offer {setting}, so it stays as it is.")
        text = value if isinstance(value, str) else value_text(json.dumps(value))
        found = read_value(text, self._kind(setting), setting)
        if isinstance(found, CellProblem):
            require(False, f"{setting} was not set: {found.reason} {found.hint}".strip())
        if self._kind(setting) in ("bool", "separator"):
            text = found if isinstance(found, str) else value_text(json.dumps(found))
        self.fields[setting].value = text

    def plan(self, *, allow: Mapping[str, str] | None = None, rules: Rules | None = None) -> Plan:
        """Make a plan of the edits; a list of allowed addresses is judged by the address that the form was told.

        Args:
            allow: safety rules to set aside by name, each with the reason.
            rules: the thresholds to judge by; a `caller_address` in them counts rather than the form's.

        Raises:
            TableError: an edit cannot be carried out.
            PlanError: nothing was edited, no plan can be made of it, or the address is none.
        """
        return super().plan(allow=allow, rules=self._rules(rules))

    def show_plan(self, *, allow: Mapping[str, str] | None = None, rules: Rules | None = None) -> PlanView:
        """Make a plan of the edits and show it below the form; see `plan`."""
        return super().show_plan(allow=allow, rules=self._rules(rules))

    def risk(self, setting: str) -> str:
        """Say how changing a setting could lock people out; the empty text where it cannot."""
        self.snapshot  # noqa: B018  wait for it
        return self._risks.get(setting, "")

    def summary(self) -> str:
        """Say in a line what was changed."""
        if self._snapshot is None:
            return "Settings, not read yet."
        names = ", ".join(self._edited())
        return f"{len(self.fields):,} settings, {len(self._edited()):,} changed{': ' + names if names else ''}."

    # Inside

    def _rules(self, rules: Rules | None) -> Rules:
        typed = str(self.address_field.value).strip() or None
        asked = rules or Rules()
        return asked if asked.caller_address else replace(asked, caller_address=typed)

    def _edited(self) -> dict[str, tuple[Any, Any]]:
        return {
            name: (json.loads(self._rows[name]["value"]), self._value(name))
            for name in self.fields
            if self._is_changed(name)
        }

    def build(self, snapshot: Snapshot) -> list[Any]:
        """Make the fields for a reading, with what was remembered."""
        table = snapshot.settings
        table = table[table["area"] != "plan"]
        self._rows = {str(row["setting"]): row for row in records_of(table)}
        sheet = settings_sheet(snapshot)
        self._before = dict(zip(sheet["setting"].astype(object), sheet["value"].astype(object), strict=True))
        self._locked = {name for name in self._before if known(self._rows[name]["is_offered"]) == "False"}
        caller = snapshot.meta.caller if snapshot.meta.caller.kind != "unknown" else self.organization.caller
        self._risks = {name: risk_of(name, caller) for name in self._before if name in LOCKING_SETTINGS}
        remembered = self.memory.get("texts", {})
        self.fields, self._notes = {}, {}
        children: list[Any] = [self._facts]
        for area, title in _AREAS.items():
            names = [name for name in self._before if self._rows[name]["area"] == area]
            if not names:
                continue
            children.append(controls.heading(title))
            for name in names:
                self.fields[name] = self._make_field(name, remembered.get(name, self._start(name)))
                self._notes[name] = Unsaved()
                self._notes[name].add_class("lsnb-setting-note")
                row = controls.row(self.fields[name], self._notes[name])
                row.add_class("lsnb-setting")
                children.append(row)
                self.on_value(self.fields[name], partial(self._on_edit, name))
                if name == "ip_allowlist":
                    children.append(self._address_row)
        for name in self.fields:
            self._draw_note(name)
        self._draw_facts()
        return children

    def _make_field(self, name: str, text: str) -> Any:
        label, kind = known_setting(name).title or name.replace("_", " ").capitalize(), self._kind(name)
        if kind == "bool":
            options: list[controls.Option] = [("on", "true"), ("off", "false")]
            if self._before[name] == _NOT_SET:
                options.append(("not set", _NOT_SET))
            field = controls.choice_field(label, options, text)
        elif kind == "separator":
            options = [(_BLANK_NAMES.get(mark, mark), mark) for mark in SEPARATORS]
            field = controls.choice_field(label, options, text)
        elif kind in ("list", "addresses"):
            field = controls.line_field(label, text, hint="with commas between, or none", live=True)
        else:
            field = controls.line_field(label, text, hint=_HINTS.get(kind, ""), live=True)
        field.disabled = name in self._locked
        return field

    def _kind(self, name: str) -> Any:
        return SETTING_KINDS[name]

    def _start(self, name: str) -> str:
        """Give what the field of a setting shows at first."""
        if self._kind(name) == "separator":
            return str(json.loads(self._rows[name]["value"]))
        # An empty list is an empty field; what it was stands beside it once it is changed.
        return "" if self._before[name] == "[]" else self._before[name]

    def _read(self, name: str) -> Any:
        return read_value(str(self.fields[name].value), self._kind(name), name)

    def _value(self, name: str) -> Any:
        value = self._read(name)
        return self.fields[name].value if isinstance(value, CellProblem) else value

    def _text(self, name: str) -> str:
        """Give a setting as the sheet writes it; what cannot be read stays as it was typed, for the plan to refuse."""
        value = self._read(name)
        return str(self.fields[name].value) if isinstance(value, CellProblem) else value_text(json.dumps(value))

    def _is_changed(self, name: str) -> bool:
        if self.fields[name].value == self._start(name) or name in self._locked:
            return False
        return str(self.fields[name].value) != "" and self._value(name) != json.loads(self._rows[name]["value"])

    def _on_edit(self, name: str, _value: Any) -> None:
        self.memory.keep(texts={name: self.fields[name].value for name in self.fields if self._is_changed(name)})
        self._draw_note(name)
        self._draw_facts()

    def _draw_note(self, name: str) -> None:
        row, is_changed, problem = self._rows[name], self._is_changed(name), self.problems.get(name, "")
        meaning = known(row["meaning"])
        lines = [f"{name}: {meaning}" if meaning else name]
        if name in self._locked:
            lines.append("The organization's plan does not offer it.")
        said = "".join(map(alerts.quiet, lines))
        risk = self._risks.get(name, "")
        if problem:
            said += alerts.card("This cannot be used", [problem], tone="bad")
        elif is_changed:
            step = f"{_shown(self._before[name])} → {_shown(self._text(name))}"
            said += alerts.card(step, [risk], tone="warn" if risk else "plain")
        elif risk:
            said += alerts.line(risk, kind="risk")
        self._notes[name].value = said

    def _draw_facts(self) -> None:
        n_risky = sum(name in LOCKING_SETTINGS for name in self._edited())
        if "ip_allowlist" in self.fields:
            controls.show(self._address_row, self._is_changed("ip_allowlist"))
        self._facts.value = alerts.facts(
            [(len(self.fields), "settings"), (len(self._edited()), "changed"), (n_risky, "of them can lock people out")]
        )
        self.refresh()


def settings_form(org: Organization, snapshot: Snapshot | None = None, *, fresh: bool = False) -> SettingsForm:
    """Change settings: `.set(setting, value)`, `.edited`, `.problems`, `.risk(setting)`, `.plan()`.

    Args:
        org: the organization.
        snapshot: the reading to edit; made anew when None.
        fresh: begin without what was changed before.
    """
    return SettingsForm(org, snapshot, fresh=fresh)


def risk_of(setting: str, caller: Caller) -> str:
    """Say how changing a setting could lock people out, and whoever holds this key; empty where it cannot.

    Args:
        setting: the service's name for it.
        caller: whose key it is.
    """
    is_person = caller.kind == "pat"
    if setting == "sso_only":
        own = f" Make sure that {caller.email or 'you'} can come in that way." if is_person else ""
        return f"Can lock people out: who cannot use single sign-on cannot log in any more.{own}"
    if setting == "ip_allowlist":
        return (
            "Can lock you out: only the addresses named here may connect. Yours must be among them, and that of the "
            "machine that this runs on."
        )
    if setting == "pat_creation_disabled":
        own = (
            " This key is such a token: it works until it ends, and nobody can make the next one." if is_person else ""
        )
        return f"Can lock scripts out: nobody can make a personal access token any more.{own}"
    return ""


def _shown(text: str) -> str:
    return {"true": "on", "false": "off", "none": "not set", "[]": "nothing", '" "': "a blank"}.get(text, text)
