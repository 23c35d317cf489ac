"""Roles as people write them: by name, by the names of the official tools, by id."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import pandas as pd

from lsnb.sheets.problems import CellProblem
from lsnb.sheets.text_normalize import Nearest, did_you_mean, fold, fold_loosely, quoted, tidy
from lsnb.tables import builtin_roles

RoleScope = Literal["organization", "workspace"]

_COLUMN = "langsmith_role"

#: What the official tool calls the built-in roles; what we write first.
OFFICIAL_LABELS: dict[str, str] = {
    builtin_roles.ORGANIZATION_ADMIN: "Organization Admin",
    builtin_roles.ORGANIZATION_OPERATOR: "Organization Operator",
    builtin_roles.ORGANIZATION_USER: "Organization User",
    builtin_roles.ORGANIZATION_VIEWER: "Organization Viewer",
    builtin_roles.WORKSPACE_ADMIN: "Workspace Admin",
    builtin_roles.WORKSPACE_USER: "Workspace User",
    builtin_roles.WORKSPACE_VIEWER: "Workspace Viewer",
}

# The Editor is WORKSPACE_USER to the service, and both words are in use.
_MORE_NAMES = {builtin_roles.WORKSPACE_USER: ("Workspace Editor", "WORKSPACE_EDITOR")}


@dataclass(frozen=True, slots=True)
class Role:
    """A role that a row can name.

    Args:
        name: the name that people see.
        system_name: the system name; every custom role has `CUSTOM`.
        role_id: the id; None where the service does not list the role.
        scope: "organization" or "workspace".
    """

    name: str
    system_name: str
    role_id: str | None
    scope: RoleScope

    @property
    def is_built_in(self) -> bool:
        """Whether it is one of LangSmith's own roles."""
        return self.system_name != builtin_roles.CUSTOM

    def describe(self) -> str:
        """Name the role so that it can be told from others of the same name."""
        kind = "built in" if self.is_built_in else "custom"
        return f"'{tidy(self.name)}' ({kind}, id {self.role_id})"


class RoleIndex:
    """The roles of an organization under all their names.

    Args:
        roles: the table `roles`.
        has_rbac: whether the plan has roles; without, everybody in a workspace is its Admin.
    """

    def __init__(self, roles: pd.DataFrame, *, has_rbac: bool = True) -> None:
        columns = [roles[name].astype(object).tolist() for name in ("role", "role_name", "role_id", "scope")]
        self.roles = [Role(*values) for values in zip(*columns, strict=True)]
        self.has_rbac = has_rbac
        if not has_rbac and not any(role.system_name == builtin_roles.WORKSPACE_ADMIN for role in self.roles):
            name = builtin_roles.SYSTEM_ROLES[builtin_roles.WORKSPACE_ADMIN][0]
            self.roles.append(Role(name, builtin_roles.WORKSPACE_ADMIN, None, "workspace"))
        self._by_id = {role.role_id.casefold(): role for role in self.roles if role.role_id}
        self._folded: dict[tuple[str, str], list[Role]] = defaultdict(list)
        self._loose: dict[tuple[str, str], list[Role]] = defaultdict(list)
        for role in self.roles:
            for name in _names(role):
                for index, key in ((self._folded, fold(name)), (self._loose, fold_loosely(name))):
                    if role not in index[role.scope, key]:
                        index[role.scope, key].append(role)
        self._nearest = {scope: Nearest(self._all_names(scope)) for scope in ("organization", "workspace")}
        self._label_of: dict[Role, str] = {}
        self._labels_of: dict[RoleScope, list[str]] = {}

    def find(self, text: str, scope: RoleScope) -> Role | CellProblem:
        """Find the role that a cell names.

        Args:
            text: the cell.
            scope: "workspace" for a row that names a workspace, "organization" for one that does not.

        Returns:
            The role, or why there is none. In a row with a workspace, `Organization Admin` is the one role of the
            organization that is found, as the official tool reads it: it holds in every workspace.
        """
        own = self._candidates(text, scope)
        if len(own) > 1:
            listed = ", ".join(role.describe() for role in own)
            return CellProblem(
                _COLUMN, f"{len(own)} roles have this name: {listed}.", "Write the id of the one you mean."
            )
        if own:
            return self._offered(own[0])
        if self._matches(text, _other(scope)):
            return self._misplaced(scope)
        return self._unknown(text, scope)

    def label(self, role: Role) -> str:
        """Give the text to write for a role: one that `find` reads as this role, the id where no name does."""
        if role not in self._label_of:
            names = [OFFICIAL_LABELS.get(role.system_name, role.name), role.name]
            clear = [name for name in names if self._candidates(name, role.scope) == [role]]
            self._label_of[role] = (clear or [role.role_id or role.name])[0]
        return self._label_of[role]

    def labels(self, scope: RoleScope) -> list[str]:
        """List the labels of all roles of a scope that can be given, built-in ones first from most to least."""
        if scope in self._labels_of:
            return self._labels_of[scope]
        offered = [role for role in self.roles if role.scope == scope and isinstance(self._offered(role), Role)]
        rank = {name: index for index, name in enumerate(OFFICIAL_LABELS)}
        offered.sort(key=lambda role: (rank.get(role.system_name, len(rank)), fold(role.name), role.role_id or ""))
        self._labels_of[scope] = list(dict.fromkeys(self.label(role) for role in offered))
        return self._labels_of[scope]

    def by_id(self, role_id: str) -> Role | None:
        """Give the role with an id; None where there is none."""
        return self._by_id.get(role_id.casefold())

    def by_system_name(self, system_name: str) -> Role | None:
        """Give the built-in role with a system name; None where the service does not list it."""
        return next((role for role in self.roles if role.is_built_in and role.system_name == system_name), None)

    def _candidates(self, text: str, scope: RoleScope) -> list[Role]:
        found = self._matches(text, scope)
        if scope == "workspace":
            everywhere = self._matches(text, "organization")
            found += [role for role in everywhere if role.system_name == builtin_roles.ORGANIZATION_ADMIN]
        return found

    def _matches(self, text: str, scope: RoleScope) -> list[Role]:
        by_id = self._by_id.get(tidy(text).casefold())
        if by_id is not None:
            return [by_id] if by_id.scope == scope else []
        found = self._folded.get((scope, fold(text)), [])
        if len(found) > 1 and not any(role.is_built_in for role in found):
            # Custom roles may differ by case only. A built-in role's name is never given away so.
            exact = [role for role in found if tidy(role.name) == tidy(text)]
            found = exact if len(exact) == 1 else found
        return list(found or self._loose.get((scope, fold_loosely(text)), []))

    def _offered(self, role: Role) -> Role | CellProblem:
        if self.has_rbac or role.scope == "organization" or role.system_name == builtin_roles.WORKSPACE_ADMIN:
            return role
        reason = "The organization's plan has no roles for workspaces: everybody in a workspace is its Admin."
        return CellProblem(_COLUMN, reason, "Write 'Workspace Admin', or leave the cell empty.")

    def _misplaced(self, scope: RoleScope) -> CellProblem:
        choices = quoted(self.labels(scope))
        if scope == "workspace":
            reason = "This is a role of the organization, and the row names a workspace."
            return CellProblem(_COLUMN, reason, f"Empty the workspace cells, or write {choices}.")
        reason = "This is a role of workspaces, and the row names no workspace."
        return CellProblem(_COLUMN, reason, f"Name the workspace, or write {choices}.")

    def _unknown(self, text: str, scope: RoleScope) -> CellProblem:
        where = "the organization" if scope == "organization" else "workspaces"
        near = self._nearest[scope].find(text)
        hint = did_you_mean(near) or f"Write {quoted(self.labels(scope))}."
        return CellProblem(_COLUMN, f"There is no such role of {where}.", hint)

    def _all_names(self, scope: str) -> Iterable[str]:
        """List the names to suggest: the labels first, system names not at all."""
        roles = [role for role in self.roles if role.scope == scope and isinstance(self._offered(role), Role)]
        return [OFFICIAL_LABELS.get(role.system_name, role.name) for role in roles] + [role.name for role in roles]


def _other(scope: RoleScope) -> RoleScope:
    return "organization" if scope == "workspace" else "workspace"


def _names(role: Role) -> Iterable[str]:
    """List every name of a role."""
    return role_words(role.name, role.system_name)


def role_words(name: str, system_name: str) -> tuple[str, ...]:
    """List every word for a role: the name that people see, and of a built-in one also those of other tools.

    Args:
        name: the name that people see.
        system_name: the system name; every custom role has `CUSTOM`.
    """
    if system_name not in builtin_roles.SYSTEM_ROLES:
        return (name,) if system_name == builtin_roles.CUSTOM else (name, system_name)
    documented = builtin_roles.SYSTEM_ROLES[system_name][0]
    return (name, system_name, documented, OFFICIAL_LABELS[system_name], *_MORE_NAMES.get(system_name, ()))
