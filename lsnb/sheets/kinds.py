"""The kinds of sheets: what each looks like, how it is told from the others, and how it is written and read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import get_args

import pandas as pd

from lsnb.sheets.columns import SHEET_MEANINGS
from lsnb.sheets.export import sheet_choices, sheet_from_access
from lsnb.sheets.requests import SheetKind
from lsnb.sheets.role_matrix import ROLE_COLUMNS, role_choices, roles_sheet
from lsnb.sheets.scim_tokens import SCIM_TOKEN_COLUMNS, scim_token_choices, scim_tokens_sheet
from lsnb.sheets.service_keys import KEY_COLUMNS, key_choices, keys_sheet
from lsnb.sheets.setting_values import SETTING_COLUMNS, setting_choices, settings_sheet
from lsnb.sheets.text_normalize import fold_loosely, to_text
from lsnb.sheets.tokens import TOKEN_COLUMNS, token_choices, tokens_sheet
from lsnb.sheets.workspaces import WORKSPACE_COLUMNS, workspace_choices, workspaces_sheet
from lsnb.snapshot import Snapshot

SHEET_KINDS: tuple[SheetKind, ...] = get_args(SheetKind)


@dataclass(frozen=True, slots=True)
class Form:
    """How the sheet of a kind is written.

    Args:
        title: what the tab is called in Excel.
        columns: the columns, with what each is for.
        export: writes what is there as a sheet that asks for nothing.
        choices: what can be chosen in the columns.
        tables: the tables that reading and planning it needs, `access` apart.
    """

    title: str
    columns: Mapping[str, str]
    export: Callable[[Snapshot], pd.DataFrame]
    choices: Callable[[Snapshot], dict[str, list[str]]]
    tables: tuple[str, ...]


FORMS: dict[SheetKind, Form] = {
    "access": Form("Access", SHEET_MEANINGS, sheet_from_access, sheet_choices, ()),
    "workspaces": Form("Workspaces", WORKSPACE_COLUMNS, workspaces_sheet, workspace_choices, ("sso", "service_keys")),
    "roles": Form(
        "Roles",
        ROLE_COLUMNS,
        roles_sheet,
        role_choices,
        ("permissions", "permission_catalogue", "service_keys", "sso", "policies"),
    ),
    "keys": Form("Keys", KEY_COLUMNS, keys_sheet, key_choices, ("service_keys",)),
    "tokens": Form("Tokens", TOKEN_COLUMNS, tokens_sheet, token_choices, ("access_tokens",)),
    "scim_tokens": Form("SCIM tokens", SCIM_TOKEN_COLUMNS, scim_tokens_sheet, scim_token_choices, ("scim_tokens",)),
    "settings": Form("Settings", SETTING_COLUMNS, settings_sheet, setting_choices, ("access_tokens", "sso")),
}


def recognise(frame: pd.DataFrame) -> SheetKind:
    """Tell what a sheet is about by its columns; one that looks like nothing else is an access sheet."""
    keys = {fold_loosely(to_text(name)) for name in frame.columns}
    if "setting" in keys and "value" in keys:
        return "settings"
    if "permission" in keys and not keys & {"email", "workspace name"}:
        return "roles"
    if keys & {"scim token id", "short token"}:
        return "scim_tokens"
    if keys & {"token id", "access token id"} or ({"owner", "state", "action"} <= keys and "short key" in keys):
        return "tokens"
    is_of_keys = keys & {"key id", "service key id", "expires at"} or {"description", "org role"} <= keys
    if is_of_keys and "email" not in keys:
        return "keys"
    if "new name" in keys or (
        keys & {"workspace name", "workspace"} and not keys & {"email", "langsmith role", "role"}
    ):
        return "workspaces"
    return "access"


def kind_of_title(title: str) -> SheetKind | None:
    """Tell what a tab is about by its title; None where that says nothing."""
    key = fold_loosely(title)
    return next((kind for kind, form in FORMS.items() if key in (kind, fold_loosely(form.title))), None)
