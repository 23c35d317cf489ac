"""The sheet of settings: names, types and bounds of every setting that can be changed, and values as people write them."""

from __future__ import annotations

import ipaddress
import json
import re
from typing import Any

import pandas as pd

from lsnb.sheets.cells import neutralise_text, restore_text
from lsnb.sheets.credential_index import Row, known, records_of
from lsnb.sheets.problems import HOLDS_KEY, CellProblem, Problems, holds_key
from lsnb.sheets.requests import Requests, SettingRequest
from lsnb.sheets.table import Layout, Line, read_table
from lsnb.sheets.text_normalize import Nearest, did_you_mean, fold, fold_loosely
from lsnb.snapshot import Snapshot
from lsnb.tables.settings import KNOWN_SETTINGS, ValueKind, known_setting
from lsnb.tables.spec import DTYPES

Kind = ValueKind

SETTING_COLUMNS: dict[str, str] = {
    "setting": "The setting, by the service's name for it.",
    "value": (
        "The value to give it: `true` or `false`, a number, a text, or several of them with commas between; `none` for no "
        "value. An empty cell leaves it as it is."
    ),
    "note": "Your own words, kept with the change and shown in the plan. They change nothing.",
}
LAYOUT = Layout(
    SETTING_COLUMNS,
    required=("setting", "value"),
    aliases={"name": "setting", "notes": "note"},
    ignored=frozenset({"area", "is changeable", "is offered", "meaning", "expected", "baseline"}),
)

#: Every setting that can be changed, with what its value is.
SETTING_KINDS: dict[str, Kind] = {name: known.kind for name, known in KNOWN_SETTINGS.items() if known.kind is not None}

#: Names that documents give and the service does not know; it would ignore them without a word.
_WRONG_NAMES = {"disable_public_sharing": "public_sharing_disabled"}
SEPARATORS = (":", "-", "_", " ", "&")
_TRUE, _FALSE = {"true", "yes", "on", "1", "wahr"}, {"false", "no", "off", "0", "falsch"}
_NONE = {"none", "null", "never", "unlimited"}
_NAME = re.compile(r"[a-zA-Z0-9\-_ ]+")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_OPTIONAL: frozenset[Kind] = frozenset({"days", "number", "text", "email", "list", "addresses"})


def parse_settings(frame: pd.DataFrame, snapshot: Snapshot, *, source: str = "sheet") -> Requests:
    """Read what a sheet asks of settings, and every cell that is not understood.

    Raises:
        UnreadableTableError: the settings could not be read.
    """
    problems = Problems(list(SETTING_COLUMNS))
    table = read_table(frame, LAYOUT, problems)
    parser = _Parser(snapshot, problems)
    for line in table.lines:
        parser.take(line)
    return Requests(
        "settings", tuple(parser.found.values()), problems.to_frame(), source, (*table.remarks, *parser.remarks)
    )


class _Parser:
    def __init__(self, snapshot: Snapshot, problems: Problems) -> None:
        self.problems = problems
        rows = records_of(snapshot.settings)
        self.rows = {str(row["setting"]): row for row in rows if row["area"] != "plan"}
        self.features = {str(row["setting"]): row for row in rows if row["area"] == "plan"}
        self.found: dict[str, SettingRequest] = {}
        self.remarks: list[tuple[str, str]] = []
        self._nearest = Nearest([*SETTING_KINDS, *_WRONG_NAMES])
        self._first: dict[str, tuple[int, Any]] = {}

    def _bad(self, line: Line, column: str, reason: str, hint: str = "") -> None:
        self.problems.add(line.row, line.raw.get(column, ""), CellProblem(column, reason, hint))

    def take(self, line: Line) -> None:
        """Read one row."""
        name = self._name(line)
        if name is None or not line.raw["value"].strip("\t\r\n"):
            return
        row = self.rows.get(name)
        if row is None:
            reason = "This server does not tell of this setting, so it cannot be changed and checked."
            self._bad(line, "setting", reason)
            return
        before = json.loads(str(row["value"]))
        kind = SETTING_KINDS[name]
        # What is there counts as it is written out, also where the service holds what could not be set: nothing, or [].
        value = before if _is_as_there(line, row) else read_value(restore_text(line.raw["value"]), kind, name)
        if isinstance(value, CellProblem):
            self._bad(line, "value", value.reason, value.hint)
            return
        if value is None and kind == "list" and before:
            value = []  # the service takes null for "leave it as it is"
        gate = known_setting(name).gate
        if value != before and known(row, "is_offered") == "False":
            reason = f"The organization's plan does not offer this ({gate} is false)."
            self._bad(line, "value", reason, "Empty the cell, or ask LangChain about the plan.")
            return
        if value != before and holds_key(line.raw["value"]):
            self._bad(line, "value", *HOLDS_KEY)
            return
        row_number, first = self._first.setdefault(name, (line.row, value))
        if first != value:
            self._bad(line, "value", f"Row {row_number} gives {name} another value.", "Keep one of the rows.")
        elif value != before:
            self.found.setdefault(name, SettingRequest(line.row, name, value, line["note"]))

    def _name(self, line: Line) -> str | None:
        text = line["setting"]
        key = fold_loosely(text).replace(" ", "_")
        if not key:
            self._bad(line, "setting", "The row names no setting.")
            return None
        if key in _WRONG_NAMES:
            right = _WRONG_NAMES[key]
            self.remarks.append(
                (
                    "wrong-name",
                    f"Row {line.row}: '{text}', as some documents write it, is no setting of the service, which would "
                    f"ignore it without a word; it is read as {right}.",
                )
            )
            return right
        if key in SETTING_KINDS:
            return key
        if key == "unshare_all":
            hint = "Write 'unshare' in the action of a workspace, in the sheet of workspaces."
            self._bad(line, "setting", "This is no setting, but something that is done once.", hint)
        elif key in self.rows:
            if line["value"] and not _is_as_there(line, self.rows[key]):
                self._bad(line, "setting", "This cannot be changed through the API.", "Take the row away.")
        elif key in self.features:
            if line["value"] and not _is_as_there(line, self.features[key]):
                self._bad(line, "setting", "This is what the organization's plan offers, which nobody changes here.")
        else:
            self._bad(line, "setting", "There is no such setting.", did_you_mean(self._nearest.find(text)))
        return None


def _is_as_there(line: Line, row: Row) -> bool:
    """Tell whether a cell holds the value that is there: as the sheet has it, or as JSON, as the table `settings` has it."""
    as_json = str(row["value"])
    shown = value_text(as_json)
    # A CSV file of ours that a spreadsheet saved as a workbook still has the apostrophe.
    return line.raw["value"].strip() in (as_json, shown, neutralise_text(shown))


def read_value(text: str, kind: Kind, name: str = "") -> Any:
    """Read a value as people write it; a `Misfit` where it is none of the kind."""
    plain = text.strip()
    if plain.startswith(('"', "[")):
        try:
            return _checked(json.loads(plain), kind, name)
        except ValueError:
            pass
    if kind in _OPTIONAL and fold(plain) in _NONE:
        return None
    if kind == "bool":
        word = fold(plain)
        if word in _TRUE | _FALSE:
            return word in _TRUE
        return CellProblem("value", "This is neither true nor false.", "Write true or false.")
    if kind in ("days", "number"):
        number = plain.removesuffix(".0").replace("_", "")
        if not re.fullmatch(r"-?\d+", number):
            return CellProblem("value", "This is no whole number.", "Write a number, or 'none' for no limit.")
        return _checked(int(number), kind, name)
    if kind in ("list", "addresses"):
        return _checked([part for part in re.split(r"[\s,;]+", plain) if part], kind, name)
    return _checked(text.strip("\t\r\n") if kind == "separator" else plain, kind, name)


def _checked(value: Any, kind: Kind, name: str) -> Any:
    """Check a value's bounds."""
    if kind in ("days", "number"):
        least = 1 if kind == "days" else 0
        if not isinstance(value, int) or isinstance(value, bool) or value < least:
            return CellProblem("value", f"The least is {least}.", "Write 'none' for no limit.")
    elif kind == "addresses":
        return _networks(value)
    elif kind == "list":
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            return CellProblem("value", "This is no list of texts.", "Write them with commas between.")
    elif not isinstance(value, str):
        return CellProblem("value", "This is no text.")
    elif kind == "separator" and value not in SEPARATORS:
        return CellProblem("value", "The separator is one of : - _ & or a blank.", 'Write a blank as " ".')
    elif kind == "email" and not _EMAIL.fullmatch(value):
        return CellProblem("value", "This is no e-mail address.", "Write an address, or 'none'.")
    elif kind == "name" and not _NAME.fullmatch(value):
        return CellProblem("value", "An organization's name has letters without accents, digits, blanks and - _ only.")
    return value


def _networks(value: Any) -> Any:
    """Check a list of addresses and networks, and keep them as they are written."""
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        return CellProblem("value", "This is no list of addresses.", "Write them with commas between, or 'none'.")
    for item in value:
        try:
            ipaddress.ip_network(item, strict=False)
        except ValueError:
            hint = "Write an address such as 203.0.113.7, or a network such as 203.0.113.0/24."
            return CellProblem("value", f"'{item}' is no address and no network.", hint)
    if not value:
        return CellProblem("value", "The list is empty.", "Write 'none' to let every address in.")
    return value


def value_text(as_json: str) -> str:
    """Write a value, given as JSON, as people write it; `read_value` gives the same value back."""
    value = json.loads(as_json)
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, list) and value and all(isinstance(v, str) and re.fullmatch(r'[^\s,;\["]+', v) for v in value):
        text = ", ".join(value)
        return json.dumps(value, ensure_ascii=False) if fold(text) in _NONE else text
    if (
        isinstance(value, str)
        and value
        and value.strip() == value
        and value[0] not in '"['
        and fold(value) not in _NONE
    ):
        return value
    return json.dumps(value, ensure_ascii=False)


def settings_sheet(snapshot: Snapshot) -> pd.DataFrame:
    """Write the sheet of settings: one row per setting that can be changed; unchanged, it asks for nothing.

    Beside the value stands what the setting means; that column is for the reader only.
    """
    rows = [row for row in records_of(snapshot.settings) if row["area"] != "plan" and row["setting"] in SETTING_KINDS]
    columns = {
        "setting": [str(row["setting"]) for row in rows],
        "value": [value_text(str(row["value"])) for row in rows],
        "note": [""] * len(rows),
        "meaning": [known(row, "meaning") for row in rows],
    }
    return pd.DataFrame({name: pd.Series(values, dtype=DTYPES["text"]) for name, values in columns.items()})


def setting_choices(snapshot: Snapshot) -> dict[str, list[str]]:
    """List what can be chosen in the columns of the sheet."""
    return {"value": ["true", "false", "none"]}
