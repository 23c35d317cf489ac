"""From findings to the sheets that would repair them: what a plan can do, and what is left to people.

Nothing is changed here. The sheets go through the ordinary plan, with its rules and its review.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import pandas as pd

from lsnb.checks.context import Context, is_listed
from lsnb.checks.use import judge_person
from lsnb.policy import Policy
from lsnb.snapshot import Snapshot
from lsnb.tables import builtin_roles
from lsnb.tables.spec import DTYPES

#: The sheets, in the order in which they are shown, with their columns.
SHEETS: dict[str, tuple[str, ...]] = {
    "access": ("email", "langsmith_role", "workspace_id", "workspace_name", "action", "note"),
    "tokens": ("token_id", "short_key", "description", "owner", "action", "note"),
    "keys": ("key_id", "short_key", "description", "action", "note"),
    "settings": ("setting", "value", "note"),
}
BY_HAND = ("id", "severity", "resource", "email", "workspace", "reason", "what_to_do")

_USER_NAME = builtin_roles.SYSTEM_ROLES[builtin_roles.ORGANIZATION_USER][0]
_REMOVE, _DEMOTE = "remove", "demote"
_REMOVING = frozenset({"LS-MEM-02", "LS-MEM-03", "LS-MEM-04"})
_DEMOTING = frozenset({"LS-ADM-03", "LS-ADM-04", "LS-ADM-06"})
_DORMANT = frozenset({"LS-MEM-03", "LS-ADM-06"})
_CANCELLING = frozenset({"LS-INV-01", "LS-INV-02", "LS-INV-03"})
#: Settings that no repair can lock anybody out with, and the value that repairs.
_SETTINGS: dict[str, Callable[[Policy], str]] = {
    "public_sharing_disabled": lambda _: "true",
    "workspace_admin_can_invite_to_org": lambda _: "false",
    "jit_provisioning_enabled": lambda _: "false",
    "max_api_key_expiry_days": lambda policy: str(policy.key_max_days),
    "max_service_key_expiry_days": lambda policy: str(policy.key_max_days),
    "max_pat_expiry_days": lambda policy: str(policy.token_max_days),
}


#: So many rows of a sheet stand in a notebook.
_MOST_SHOWN = 200


class Fixes(Mapping[str, pd.DataFrame]):
    """The sheets that would repair findings, by kind, and what is left to people.

    It is a mapping of `access`, `tokens`, `keys` and `settings` to sheets, as `org.plan` takes it; a kind with nothing
    to repair is not in it.

    Attributes:
        by_hand: one row per finding that no sheet repairs: `id, severity, resource, email, workspace, reason,
            what_to_do`.
    """

    def __init__(self, sheets: Mapping[str, pd.DataFrame], by_hand: pd.DataFrame) -> None:
        self._sheets = dict(sheets)
        self.by_hand = by_hand

    def __getitem__(self, kind: str) -> pd.DataFrame:
        return self._sheets[kind]

    def __iter__(self) -> Iterator[str]:
        return iter(self._sheets)

    def __len__(self) -> int:
        return len(self._sheets)

    def __repr__(self) -> str:
        rows = ", ".join(f"{kind} {len(sheet):,}" for kind, sheet in self.items())
        return f"<Fixes: {rows or 'nothing that a sheet repairs'}; by hand {len(self.by_hand):,}>"

    def _repr_html_(self) -> str:
        from lsnb.report.page_shell import render_report

        tables = [*self.items(), *([("by hand", self.by_hand)] if len(self.by_hand) else [])]
        return render_report("sheets", sheets=[_shown(title, table) for title, table in tables])


def _shown(title: str, table: pd.DataFrame) -> tuple[str, list[str], list[tuple[object, ...]], int]:
    first = table.head(_MOST_SHOWN).itertuples(index=False, name=None)
    return title, [str(name).replace("_", " ") for name in table.columns], list(first), len(table)


class _Left(Exception):  # noqa: N818  # no error: it carries why a finding is left to people
    """A finding that no sheet repairs."""


class _Repair(NamedTuple):
    """What repairs a finding about people's access."""

    email: str
    place: tuple[str, str] | None
    action: str


def fixes(findings: pd.DataFrame, snapshot: Snapshot, policy: Policy | None = None) -> Fixes:
    """Give the sheets that would repair what can be repaired without somebody's judgement.

    People who have left, are disabled or dormant are removed; admins who are dormant, foreign or surplus become
    Organization Users; stale and powerful invitations are cancelled; who is in a restricted workspace and not named
    leaves it; unused keys are deleted and unused tokens revoked; settings that can lock nobody out are hardened. The
    caller and break-glass accounts are never touched, and as many enabled Organization Admins are left as the policy
    needs.

    Args:
        findings: what `lsnb.audit` gave, or a part of it; only its alarms count.
        snapshot: what was audited.
        policy: what it was audited by; the defaults when None.

    Returns:
        The sheets, each row with the ids of the checks in `note`, and what is left to people with the reason.

    Raises:
        UnreadableTableError: the members were not read.
    """
    return _Workshop(snapshot, policy or Policy()).repair(findings[findings["status"] == "alarm"])


class _Workshop:
    """Decides finding by finding."""

    def __init__(self, snapshot: Snapshot, policy: Policy) -> None:
        self._snapshot = snapshot
        self._policy = policy
        members = snapshot.members
        self._members = members
        self._twice = set(members.loc[members["email"].duplicated(keep=False), "email"])
        enabled = members[~members["is_disabled"].fillna(False).astype(bool)]
        self._admins = set(enabled.loc[enabled["role_name"] == builtin_roles.ORGANIZATION_ADMIN, "email"])
        self._joined = set(members["email"])
        self._invited = set(snapshot.invites["email"]) if snapshot.is_readable("invites") else set()
        self._people: dict[tuple[str, str], tuple[_Repair, list[str]]] = {}
        self._rows: dict[str, dict[str, dict[str, Any]]] = {"tokens": {}, "keys": {}, "settings": {}}
        self._by_hand: list[tuple[Any, ...]] = []
        self._context = Context(snapshot, policy)

    def repair(self, findings: pd.DataFrame) -> Fixes:
        """Decide about every finding, what is surer first."""
        rows: list[Any] = list(findings.itertuples(index=False))
        # Who leaves is no surplus admin any more, so the counts come last.
        for row in sorted(rows, key=lambda row: row.id in ("LS-ADM-02", "LS-ADM-03") and pd.isna(row.email)):
            try:
                self._repair(row)
            except _Left as left:
                self._leave(row, str(left) or row.fix)
        sheets = {"access": self._access_sheet()}
        for kind, found in self._rows.items():
            sheets[kind] = _frame(kind, list(found.values()))
        kept = {kind: sheets[kind] for kind in SHEETS if len(sheets[kind])}
        return Fixes(kept, pd.DataFrame(self._by_hand, columns=list(BY_HAND)).astype(DTYPES["text"]))

    def _leave(self, row: Any, what: str) -> None:
        self._by_hand.append((row.id, row.severity, row.resource, row.email, row.workspace, row.reason, what))

    def _repair(self, row: Any) -> None:
        kind, _, name = str(row.resource).partition(":")
        if kind == "waiver":
            raise _Left("Renew the acceptance in the policy, or take it out.")
        if row.id in _DORMANT:
            self._need_proof(row)
        if row.id in _REMOVING:
            self._person(row, _REMOVE)
        elif row.id == "LS-ADM-02" or (row.id == "LS-ADM-03" and kind == "organization"):
            self._surplus(row)
        elif row.id in _DEMOTING:
            self._person(row, _DEMOTE)
        elif row.id in _CANCELLING:
            self._invitation(row)
        elif row.id == "LS-WSP-03":
            self._place(row)
        elif row.id == "LS-PAT-02":
            self._secret("tokens", row)
        elif row.id == "LS-KEY-03":
            self._secret("keys", row)
        elif kind == "setting" and name in _SETTINGS:
            value = _SETTINGS[name](self._policy)
            self._note("settings", name, {"setting": name, "value": value}, row.id)
        else:
            raise _Left

    def _need_proof(self, row: Any) -> None:
        """Let nobody be called dormant whom not every source that could show use was read for."""
        days = self._policy.member_dormant_days if row.id == "LS-MEM-03" else self._policy.admin_dormant_days
        here = self._members[self._members["email"] == str(row.email)]
        found = [judge_person(self._context, member, days) for member in here.itertuples(index=False)]
        if not found or any(judged is None or judged[0] != "alarm" for judged in found):
            raise _Left("Not every source that could show use was read for this person; look into it by hand.")

    def _guard(self, email: str) -> None:
        """Let nobody be touched who must not be."""
        caller = self._snapshot.meta.caller
        own = self._members.loc[self._members["email"] == email, "ls_user_id"].dropna()
        if email == (caller.email or "").lower() or (caller.ls_user_id and caller.ls_user_id in set(own)):
            raise _Left("It is about yourself; let another Organization Admin decide.")
        if is_listed(email, self._policy.break_glass):
            raise _Left("It is about a break-glass account, which no sheet touches; look into it by hand.")
        if email in self._twice:
            raise _Left("Two people share the address, so a sheet cannot tell them apart; do it in LangSmith.")

    def _spend_admin(self, email: str) -> None:
        """Count an admin who is removed or demoted, as long as enough are left."""
        if email not in self._admins:
            return
        if len(self._admins) <= max(self._policy.min_admins, 1):
            raise _Left(
                f"Only {len(self._admins)} enabled Organization Admins would be left; appoint another one first."
            )
        self._admins.discard(email)

    def _person(self, row: Any, action: str) -> None:
        email = str(row.email)
        if email not in self._joined:
            raise _Left
        self._guard(email)
        self._spend_admin(email)
        known = self._people.get((email, ""))
        if known and known[0].action == _REMOVE:
            action = _REMOVE  # what goes further already repairs this as well
        self._add(_Repair(email, None, action), row.id)

    def _surplus(self, row: Any) -> None:
        """Demote the newest of those who are too many, until the limit is kept."""
        role = builtin_roles.ORGANIZATION_ADMIN if row.id == "LS-ADM-02" else builtin_roles.ORGANIZATION_OPERATOR
        members = self._members
        accepted = self._policy.accepted_admins if row.id == "LS-ADM-02" else self._policy.accepted_operators
        here = members[(members["role_name"] == role) & ~members["is_disabled"].fillna(False).astype(bool)]
        left = [str(email) for email in here["email"] if (str(email), "") not in self._people]
        if row.id == "LS-ADM-02":
            limit = int(max(self._policy.max_admins, self._policy.max_admins_share * len(members)))
        else:
            limit = self._policy.max_operators
        newest = here.sort_values(["created_at", "email"], ascending=False)["email"]
        for email in (str(e) for e in newest if str(e) in left and not is_listed(str(e), accepted)):
            if len(left) <= limit:
                break
            try:
                self._guard(email)
                self._spend_admin(email)
            except _Left:
                continue
            self._add(_Repair(email, None, _DEMOTE), row.id)
            left.remove(email)
        if len(left) > limit:
            raise _Left(f"{len(left)} would be left, of at most {limit}: decide which of them need it.")

    def _invitation(self, row: Any) -> None:
        email = str(row.email)
        if email not in self._invited:
            raise _Left
        if email in self._joined:
            raise _Left("A member has this address as well, whom a row would mean; cancel the invitation in LangSmith.")
        self._add(_Repair(email, None, _REMOVE), row.id)

    def _place(self, row: Any) -> None:
        email = str(row.email)
        self._guard(email)
        access = self._snapshot.access
        here = access[
            (access["email"] == email) & (access["workspace"] == row.workspace) & (access["scope"] == "workspace")
        ]
        own = here[here["source"].isin(["direct", "no-rbac"])]
        if own.empty or own["workspace_id"].nunique() > 1:
            raise _Left(
                "A group of the identity provider, or a role in the organization, gives the access; change that."
            )
        place = (str(row.workspace), str(own["workspace_id"].iloc[0]))
        self._add(_Repair(email, place, _REMOVE), row.id)

    def _secret(self, kind: str, row: Any) -> None:
        """Find the key or token by the id in the evidence."""
        table, column = {"tokens": ("access_tokens", "access_token_id"), "keys": ("service_keys", "service_key_id")}[
            kind
        ]
        found = self._snapshot.table(table)
        wanted = str(row.evidence).partition(" [")[0].split(", ")[0]
        found = found[found[column] == wanted]
        if found.empty:
            raise _Left
        secret = found.iloc[0]
        caller = self._snapshot.meta.caller
        if caller.identity == wanted:
            raise _Left("It is the key that you use.")
        cells = {"short_key": secret["short_key"], "description": secret["description"]}
        if kind == "tokens":
            email = "" if pd.isna(secret["email"]) else str(secret["email"])
            if email and caller.email and email == caller.email.lower():
                raise _Left("It is a token of your own, perhaps the one that you use; revoke it in LangSmith.")
            cells |= {"token_id": wanted, "owner": email, "action": "revoke"}
        else:
            if is_listed(str(secret["description"]), self._policy.accepted_keys):
                raise _Left("The policy accepts this key; ask its owner.")
            cells |= {"key_id": wanted, "action": "delete"}
        self._note(kind, wanted, cells, row.id)

    def _note(self, kind: str, key: str, cells: dict[str, Any], check: str) -> None:
        row = self._rows[kind].setdefault(key, {**cells, "note": ""})
        row["note"] = f"{row['note']}, {check}" if row["note"] else check

    def _add(self, repair: _Repair, check: str) -> None:
        key = (repair.email, repair.place[1] if repair.place else "")
        checks = self._people[key][1] if key in self._people else []
        self._people[key] = (repair, [*checks, check])

    def _access_sheet(self) -> pd.DataFrame:
        leaving = {
            email for (email, place), (repair, _) in self._people.items() if not place and repair.action == _REMOVE
        }
        rows = []
        for (email, place), (repair, checks) in sorted(self._people.items()):
            if place and email in leaving:
                continue  # whoever leaves the organization leaves its workspaces
            rows.append(
                {
                    "email": email,
                    "langsmith_role": _USER_NAME if repair.action == _DEMOTE else "",
                    "workspace_id": place,
                    "workspace_name": repair.place[0] if repair.place else "",
                    "action": "remove" if repair.action == _REMOVE else "",
                    "note": ", ".join(dict.fromkeys(checks)),
                }
            )
        return _frame("access", rows)


def _frame(kind: str, rows: list[dict[str, Any]]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=list(SHEETS[kind])).astype(DTYPES["text"])
    return frame.fillna("")
