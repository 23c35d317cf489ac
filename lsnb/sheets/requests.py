"""What the sheets of workspaces, roles, keys, tokens and settings come down to: requests that are understood, and problems."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

import pandas as pd

from lsnb.sheets.problems import problems_error

SheetKind = Literal["access", "workspaces", "roles", "keys", "tokens", "settings", "scim_tokens"]


@dataclass(frozen=True, slots=True)
class WorkspaceRequest:
    """What a row asks of a workspace.

    Args:
        row: the row's number in the sheet.
        action: "create", "rename", "delete" or "unshare".
        workspace: its name; of a new one the name that it gets.
        workspace_id: its id; None of a new one.
        new_name: the name to give it.
        note: the person's own words.
    """

    row: int
    action: Literal["create", "rename", "delete", "unshare"]
    workspace: str
    workspace_id: str | None = None
    new_name: str | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class RoleRequest:
    """What a column of the matrix asks of a role.

    Args:
        row: the first row that asks for it; the header where none does.
        action: "create", "update" or "delete".
        role: its name.
        role_id: its id; None of a new one.
        description: its description afterwards.
        permissions: all its permissions afterwards, sorted.
        note: the person's own words.
    """

    row: int
    action: Literal["create", "update", "delete"]
    role: str
    role_id: str | None = None
    description: str = ""
    permissions: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True)
class KeyRequest:
    """What a row asks of a service key.

    Args:
        row: the row's number in the sheet.
        action: "create", "set" or "delete".
        key_id: its id; None of a new one.
        description: what it is for.
        role: the workspace role as (name, id, system name); None to leave it.
        org_role: the organization role likewise; None for none of a new one, and to leave it of another.
        workspaces: of a new one, its workspaces as (name, id); none for the whole organization.
        expires_at: of a new one, when it ends, ISO 8601 in UTC; None for never.
        note: the person's own words.
    """

    row: int
    action: Literal["create", "set", "delete"]
    key_id: str | None = None
    description: str = ""
    role: tuple[str, str | None, str] | None = None
    org_role: tuple[str, str | None, str] | None = None
    workspaces: tuple[tuple[str, str], ...] = ()
    expires_at: str | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class TokenRequest:
    """What a row asks of a personal access token.

    Args:
        row: the row's number in the sheet.
        action: "revoke" or "reinstate".
        token_id: its id.
        note: the person's own words.
    """

    row: int
    action: Literal["revoke", "reinstate"]
    token_id: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class ScimTokenRequest:
    """What a row asks of a SCIM token.

    Args:
        row: the row's number in the sheet.
        action: "delete".
        token_id: its id.
        note: the person's own words.
    """

    row: int
    action: Literal["delete"]
    token_id: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class SettingRequest:
    """What a row asks of a setting.

    Args:
        row: the row's number in the sheet.
        setting: the service's name for it.
        value: the value to give it.
        note: the person's own words.
    """

    row: int
    setting: str
    value: Any
    note: str = ""


Request = WorkspaceRequest | RoleRequest | KeyRequest | TokenRequest | ScimTokenRequest | SettingRequest


@dataclass(frozen=True, slots=True)
class Requests:
    """A sheet that is not about people, checked against a snapshot.

    Args:
        kind: what the sheet is about.
        requests: what is understood and asks for something.
        problems: one row per cell that is not understood, with `PROBLEM_COLUMNS`.
        source: what to call the sheet in a sentence.
        remarks: what a reader should know, as (rule, sentence).
    """

    kind: SheetKind
    requests: tuple[Request, ...]
    problems: pd.DataFrame
    source: str
    remarks: tuple[tuple[str, str], ...] = ()

    @property
    def rows(self) -> pd.DataFrame:
        """The requests as a table, one row each."""
        return pd.DataFrame([asdict(request) for request in self.requests])

    @property
    def is_clean(self) -> bool:
        """Whether every cell was understood."""
        return self.problems.empty

    def require_clean(self) -> Requests:
        """Return the requests themselves when every cell was understood.

        Raises:
            TableError: a cell was not; the message lists the first 20 problems, and `.problems` has all.
        """
        if self.is_clean:
            return self
        raise problems_error(self.problems, self.source)
