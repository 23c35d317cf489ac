"""One reading of an organization, frozen: its tables, and what could not be read.

Checks, plans, differences and reports are functions of snapshots; nothing here asks the service anything.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import pandas as pd

from lsnb.errors import TableError, UnreadableTableError
from lsnb.errors.safe_text import visible_line
from lsnb.tables import SPECS
from lsnb.tables.access_matrix import access_matrix, count_roles

if TYPE_CHECKING:
    from lsnb.analysis.effective import Effective, Explanation


#: Marks that no default was given.
_UNSAID: Any = object()


@dataclass(frozen=True, slots=True)
class Caller:
    """Who the key acts for.

    Args:
        kind: "pat" (a person's token), "service" (a service key) or "unknown".
        identity: what a plan is bound to: the person behind a token, or the service key itself.
        email: the person behind a token.
        name: what to call the caller in a sentence.
        ls_user_id: the person's id over all organizations.
        role: the organization role; unknown for keys of single workspaces.
        is_organization_wide: whether the key may use the organization's endpoints.
        hint: the part of the key that may be shown, by which it is found among the keys; empty where not known.
        tried: what was asked for the owner of a token that is not known, with what came back.
    """

    kind: Literal["pat", "service", "unknown"]
    identity: str
    email: str | None = None
    name: str = ""
    ls_user_id: str | None = None
    role: str | None = None
    is_organization_wide: bool = True
    hint: str = ""
    tried: tuple[str, ...] = ()

    @property
    def is_known(self) -> bool:
        """Whether it is known whom a plan must not harm: the person behind a token, or the service key itself."""
        return self.kind == "service" or bool(self.email or self.ls_user_id)


@dataclass(frozen=True, slots=True)
class SnapshotMeta:
    """Where and when a snapshot was read.

    Args:
        organization_id: the organization's id.
        organization: the organization's name.
        host: the host and sub-path of the service.
        read_at: when the reading ended, UTC.
        caller: who the key acts for.
        version: the version of lsnb that read it.
        usage_since: from when on the usage report was asked for, UTC; None where nobody says so.
        unread_cells: cells that held nothing that is understood, and are unknown, as (table, column, what stood there).
    """

    organization_id: str
    organization: str
    host: str
    read_at: pd.Timestamp
    caller: Caller
    version: str
    usage_since: pd.Timestamp | None = None
    unread_cells: tuple[tuple[str, str, str], ...] = ()


class Snapshot:
    """One reading of an organization, frozen.

    Every table is an attribute that gives a copy, so a notebook may change what it got. A table that could not be read
    raises `UnreadableTableError`: it is unknown, which is not the same as empty.

    Args:
        meta: where and when it was read.
        tables: the tables by name, `completeness` among them.
    """

    __slots__ = ("_tables", "meta")

    meta: SnapshotMeta
    _tables: dict[str, pd.DataFrame]

    def __init__(self, meta: SnapshotMeta, tables: Mapping[str, pd.DataFrame]) -> None:
        object.__setattr__(self, "meta", meta)
        object.__setattr__(self, "_tables", dict(tables))

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"A snapshot is frozen; {name!r} cannot be set. Take a copy of a table and change that.")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"A snapshot is frozen; {name!r} cannot be deleted.")

    def table(self, name: str, *, columns: list[str] | None = None) -> pd.DataFrame:
        """Give a copy of one table.

        Args:
            name: the table.
            columns: only these columns; all when None.

        Raises:
            TableError: there is no table of that name.
            UnreadableTableError: the table could not be read, or was not asked for.
        """
        if name not in SPECS:
            raise TableError(f"There is no table {name!r}. The tables are: {', '.join(SPECS)}.")
        if name not in self._tables:
            status, reason = self.status(name)
            hint = (
                f"Load it with org.snapshot(tables=[{name!r}])."
                if status == "not-loaded"
                else "See snap.completeness for all parts, and org.whoami() for what this key may read."
            )
            raise UnreadableTableError(name, reason, hint)
        frame: pd.DataFrame = self._tables[name]
        return frame.copy() if columns is None else frame[columns].copy()

    def status(self, name: str) -> tuple[str, str]:
        """Tell how completely a table was read, and why not, as (status, reason).

        Where several endpoints stand behind a table, the worst one counts.
        """
        completeness = self._tables["completeness"]
        rows = completeness[completeness["table"] == name]
        if rows.empty:
            return "not-loaded", "it was not asked for."
        for status in ("unreadable", "unavailable", "not-loaded", "partial"):
            hit = rows[rows["status"] == status]
            if not hit.empty:
                reason = hit["reason"].iloc[0]
                return status, "no reason was given." if pd.isna(reason) else str(reason)
        return "complete", ""

    def is_readable(self, name: str) -> bool:
        """Tell whether a table was read, at least in part."""
        return name in self._tables

    @property
    def table_names(self) -> list[str]:
        """The names of the tables that were read."""
        return [name for name in SPECS if name in self._tables]

    @property
    def members(self) -> pd.DataFrame:
        """One row per person who has joined, also when disabled."""
        return self.table("members")

    @property
    def invites(self) -> pd.DataFrame:
        """One row per person who has been invited and has not joined yet."""
        return self.table("invites")

    @property
    def access(self) -> pd.DataFrame:
        """One row per role that one person holds, in the organization or in one workspace."""
        return self.table("access")

    @property
    def workspaces(self) -> pd.DataFrame:
        """One row per workspace that the key may see."""
        return self.table("workspaces")

    @property
    def roles(self) -> pd.DataFrame:
        """One row per role, of the organization or of workspaces, built in or custom."""
        return self.table("roles")

    @property
    def permissions(self) -> pd.DataFrame:
        """One row per permission granted by one role."""
        return self.table("permissions")

    @property
    def permission_catalogue(self) -> pd.DataFrame:
        """One row per permission that exists."""
        return self.table("permission_catalogue")

    @property
    def service_keys(self) -> pd.DataFrame:
        """One row per service key, without its secret."""
        return self.table("service_keys")

    @property
    def access_tokens(self) -> pd.DataFrame:
        """One row per personal access token, without its secret."""
        return self.table("access_tokens")

    @property
    def service_accounts(self) -> pd.DataFrame:
        """One row per service account."""
        return self.table("service_accounts")

    @property
    def settings(self) -> pd.DataFrame:
        """One row per setting of the organization or feature of its plan."""
        return self.table("settings")

    @property
    def sso(self) -> pd.DataFrame:
        """One row per single sign-on provider."""
        return self.table("sso")

    @property
    def scim_tokens(self) -> pd.DataFrame:
        """One row per token of an identity provider, without its secret."""
        return self.table("scim_tokens")

    @property
    def policies(self) -> pd.DataFrame:
        """One row per condition of an access policy."""
        return self.table("policies")

    @property
    def tags(self) -> pd.DataFrame:
        """One row per value of a tag key of a workspace; read only where access policies exist."""
        return self.table("tags")

    @property
    def shared_links(self) -> pd.DataFrame:
        """One row per public link."""
        return self.table("shared_links")

    @property
    def usage(self) -> pd.DataFrame:
        """One row per person or key and stretch of time, with the number of traces."""
        return self.table("usage")

    @property
    def audit_log(self) -> pd.DataFrame:
        """One row per call that the service wrote down."""
        return self.table("audit_log")

    @property
    def completeness(self) -> pd.DataFrame:
        """One row per table and endpoint: what was read, what was not, and why."""
        return self.table("completeness")

    def setting(self, name: str, default: Any = _UNSAID) -> Any:
        """Give the value of one setting, or of one feature of the plan, as a Python object.

        Args:
            name: the service's name for it.
            default: what to give where the server does not tell of it; None for a setting that is known to be one.

        Raises:
            UnknownNameError: there is no such setting, and no default is given.
            UnreadableTableError: the settings could not be read.
        """
        settings = self.table("settings", columns=["setting", "value"])
        values = settings.loc[settings["setting"] == name, "value"]
        if not values.empty:
            return json.loads(values.iloc[0])
        if default is _UNSAID:
            from lsnb.analysis.effective.lookup import check_setting

            check_setting(settings["setting"].astype(str), str(name))
            return None
        return default

    @property
    def has_rbac(self) -> bool:
        """Whether the plan has roles; without, every member of a workspace is its Admin."""
        return bool(self.setting("can_use_rbac", default=True))

    def filter_access(
        self,
        *,
        email: str | Iterable[str] | None = None,
        workspace: str | Iterable[str] | None = None,
        role: str | Iterable[str] | None = None,
        scope: str | None = None,
        source: str | Iterable[str] | None = None,
        state: str | Iterable[str] | None = None,
    ) -> pd.DataFrame:
        """Pick rows of `access`.

        Args:
            email: an address, or several, of which those that nobody has are left out with a warning and listed in
                `.attrs["unknown"]`; `*` stands for anything, as in `*@example.com`.
            workspace: names or ids of workspaces, `*` as above.
            role: names of roles by any of their words (`Editor`, `Workspace User`, `WORKSPACE_USER`), or ids, `*` as
                above; case does not matter where it is clear what is meant.
            scope: `organization` or `workspace`.
            source: why people hold the role, such as `direct`.
            state: `active`, `pending` or `disabled`.

        Returns:
            A new frame with the columns of `access`; empty where what is asked for is known and nobody has it.

        Raises:
            UnknownNameError: there is no such person, workspace, role, scope, source or state; or one of several
                addresses nearly is somebody's.
            UnreadableTableError: access could not be read.
        """
        from lsnb.analysis.effective.access_filter import filter_access

        return filter_access(self, email=email, workspace=workspace, role=role, scope=scope, source=source, state=state)

    def matrix(self, *, state: str | Iterable[str] | None = None) -> pd.DataFrame:
        """Show who holds what in which workspace: people down, workspaces across, the role in the cell.

        Where somebody holds a role twice in one workspace, the one that counts is shown: Admin by being Organization
        Admin before a role of their own. Workspaces of the same name are told apart by the start of their ids.

        Args:
            state: only people who are `active`, `pending` or `disabled`.

        Returns:
            One row per person (index `email`), one categorical column per workspace; a cell without access is missing.

        Raises:
            UnknownNameError: there is no such state.
        """
        access = self.table(
            "access", columns=["email", "scope", "workspace_id", "role", "role_name", "source", "state"]
        )
        if state is not None:
            from lsnb.analysis.effective.access_filter import match_words

            access = access[match_words(access["state"], "state", state)]
        return access_matrix(access, self.table("workspaces", columns=["workspace", "workspace_id"]))

    def roles_by_workspace(self) -> pd.DataFrame:
        """Count who holds which role in which workspace, implicit access included; people who have not joined apart.

        Returns:
            One row per workspace, one column per role from most to least, counting people.
        """
        return count_roles(self.matrix(state="active"))

    def explain(
        self, person: str, permission: str, workspace: str | None = None, *, tags: Mapping[str, str] | None = None
    ) -> Explanation:
        """Tell whether a person has a permission, and why; see `lsnb.analysis.effective.explain`."""
        from lsnb.analysis.effective import explain

        return explain(self, person, permission, workspace, tags=tags)

    def who_can(
        self, permission: str, workspace: str | None = None, *, tags: Mapping[str, str] | None = None
    ) -> pd.DataFrame:
        """List who has a permission, in one workspace or all; see `lsnb.analysis.effective.who_can`."""
        from lsnb.analysis.effective import who_can

        return who_can(self, permission, workspace, tags=tags)

    def effective(self) -> Effective:
        """Give who may do what where, computed piece by piece; see `lsnb.analysis.effective.Effective`."""
        from lsnb.analysis.effective import effective

        return effective(self)

    def facts(self) -> dict[str, Any]:
        """Sum the snapshot up: what a summary line, a notebook card and a report header show."""
        facts: dict[str, Any] = {
            "organization": self.meta.organization,
            "host": self.meta.host,
            "read_at": self.meta.read_at.strftime("%Y-%m-%d %H:%M UTC"),
            "read_by": self.meta.caller.name,
        }
        facts |= {name: len(self._tables[name]) for name in self.table_names if name != "completeness"}
        return facts

    def gaps(self) -> pd.DataFrame:
        """List the tables that were not read, or not wholly, with the reason."""
        completeness = self.completeness
        return completeness[completeness["status"] != "complete"].reset_index(drop=True)

    def read_by(self, caller: Caller) -> Snapshot:
        """Give the same snapshot as read by somebody who is known by now.

        A reading of people and access alone does not ask who the key acts for; a plan must know, to protect that person.

        Args:
            caller: who the key acts for; the organization role is looked up among the members where it is missing.
        """
        role = caller.role
        if role is None and caller.email and self.is_readable("members"):
            members = self._tables["members"]
            found = members.loc[members["email"] == caller.email, "role"].dropna()
            role = None if found.empty else str(found.iloc[0])
        known = replace(caller, role=role, is_organization_wide=self.meta.caller.is_organization_wide)
        return Snapshot(replace(self.meta, caller=known), self._tables)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the snapshot to one file that `lsnb.load_snapshot` reads back exactly.

        Raises:
            SnapshotFileError: the file cannot be written.
        """
        # The one door from here to the world of files, and only when it is used.
        from lsnb.files.snapshot_file import save_snapshot

        save_snapshot(self, path)

    def __repr__(self) -> str:
        facts = self.facts()
        head = f"Snapshot of {facts.pop('organization')} at {facts.pop('host')}, read {facts.pop('read_at')}"
        facts.pop("read_by")
        counts = ", ".join(f"{name} {n:,}" for name, n in facts.items())
        missing = ", ".join(f"{row.table} ({row.status})" for row in self.gaps().itertuples())
        return visible_line(f"<{head}: {counts}{f'; not whole: {missing}' if missing else ''}>")

    def _repr_html_(self) -> str:
        # The one door from here to reports, and only when it is shown.
        from lsnb.report.page_shell import render_report

        facts = self.facts()
        named = {name: facts.pop(name) for name in ("organization", "host", "read_at", "read_by")}
        counts = [(n, name.replace("_", " ")) for name, n in facts.items()]
        return render_report("snapshot", **named, counts=counts, gaps=list(self.gaps().itertuples()))
