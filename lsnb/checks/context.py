"""What checks look at: one snapshot and what goes with it, read once and kept for all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

import pandas as pd

from lsnb.analysis.effective.lookup import compose
from lsnb.analysis.effective.principals import role_key
from lsnb.analysis.effective.rights import held_permissions
from lsnb.policy import Policy
from lsnb.snapshot import Snapshot
from lsnb.tables import builtin_roles

T = TypeVar("T")


class Context:
    """What the checks of one run look at.

    Args:
        snapshot: the reading.
        policy: thresholds and exceptions.
        roster: what `read_roster` made of one, with `email` and `status`; None where there is none.
        earlier: an earlier reading, such as that of the last review; None where there is none.
        tags: the values of every tag key in use, for access policies; those of the snapshot when None.
        campaigns: one row per access review, with `campaign`, `closed_at` and `n_open`; None where there are none.
    """

    def __init__(
        self,
        snapshot: Snapshot,
        policy: Policy,
        *,
        roster: pd.DataFrame | None = None,
        earlier: Snapshot | None = None,
        tags: Mapping[str, frozenset[str]] | None = None,
        campaigns: pd.DataFrame | None = None,
    ) -> None:
        self.snapshot = snapshot
        self.policy = policy
        self.roster = roster
        self.earlier = earlier
        self.tags = tags if tags is not None else _tags_of(snapshot)
        self.campaigns = campaigns
        self.now: pd.Timestamp = snapshot.meta.read_at
        self.organization = f"organization:{snapshot.meta.organization}"
        self._kept: dict[str, Any] = {}

    def keep(self, name: str, make: Callable[[], T]) -> T:
        """Make something once for all checks."""
        if name not in self._kept:
            self._kept[name] = make()
        found: T = self._kept[name]
        return found

    def frame(self, name: str) -> pd.DataFrame:
        """Give a table, not to be changed.

        Raises:
            UnreadableTableError: it could not be read.
        """
        return self.keep(f"table {name}", lambda: self.snapshot.table(name))

    def is_readable(self, name: str) -> bool:
        """Tell whether a table was read, at least in part."""
        return self.snapshot.is_readable(name)

    def setting(self, name: str) -> Any:
        """Give the value of a setting; None where it is not set or could not be read."""
        values: dict[str, Any] = self.keep("settings", self._settings)
        return values.get(name)

    def _settings(self) -> dict[str, Any]:
        if not self.is_readable("settings"):
            return {}
        return {str(name): self.snapshot.setting(str(name)) for name in self.frame("settings")["setting"]}

    def has_setting(self, name: str) -> bool:
        """Tell whether the service says anything about a setting."""
        self.setting(name)
        return name in self._kept["settings"]

    @property
    def members(self) -> pd.DataFrame:
        """The rows of `members` whose accounts are enabled."""
        return self.keep("enabled", lambda: pick(self.frame("members"), is_disabled=False))

    @property
    def admins(self) -> pd.DataFrame:
        """The rows of `members` of enabled Organization Admins."""
        return self.keep("admins", lambda: pick(self.members, role_name=builtin_roles.ORGANIZATION_ADMIN))

    @property
    def admin_emails(self) -> frozenset[str]:
        """The addresses of enabled Organization Admins."""
        return self.keep("admin emails", lambda: frozenset(str(email) for email in self.admins["email"]))

    @property
    def grants(self) -> pd.DataFrame:
        """The roles of enabled people in workspaces, implicit ones apart, with the role's `key`."""
        return self.keep("grants", self._grants)

    def _grants(self) -> pd.DataFrame:
        access = pick(self.frame("access"), scope="workspace", state="active")
        access = access[(access["source"] != "org-admin").fillna(False).astype(bool)]
        return access.assign(key=role_key(access["role_name"], access["role_id"]))

    @property
    def held(self) -> dict[str, frozenset[str]]:
        """Permissions by the role's key: a built-in role's system name, a custom role's id."""
        return self.keep("held", lambda: held_permissions(self.snapshot))

    @property
    def admin_permissions(self) -> frozenset[str]:
        """What the built-in Admin of a workspace holds."""
        return self.held[builtin_roles.WORKSPACE_ADMIN]

    @property
    def custom_roles(self) -> pd.DataFrame:
        """The rows of `roles` that are not built in."""
        return self.keep("custom roles", lambda: pick(self.frame("roles"), is_system=False))

    @property
    def custom_grants(self) -> pd.DataFrame:
        """The rows of `grants` whose role is not built in."""
        custom = set(self.custom_roles["role_id"].astype(str))
        return self.keep("custom grants", lambda: self.grants[self.grants["key"].isin(custom)])

    def live_tokens(self) -> pd.DataFrame:
        """Give the rows of `access_tokens` that still open something."""
        tokens = self.frame("access_tokens")
        ended = tokens["is_revoked"].fillna(False).astype(bool) | (tokens["expires_at"] <= self.now)
        return tokens[~ended]

    def live_keys(self) -> pd.DataFrame:
        """Give the rows of `service_keys` that still open something."""
        keys = self.frame("service_keys")
        return keys[~(keys["expires_at"] <= self.now)]

    def days_since(self, at: Any) -> float:
        """Count the days from a time to the reading; infinite where there is no time."""
        return float("inf") if pd.isna(at) else days_between(at, self.now)

    def is_unread(self, table: str, column: str) -> bool:
        """Tell whether a cell of a column held no value that is understood, so that a missing one may be that."""
        return any((cell[0], cell[1]) == (table, column) for cell in self.snapshot.meta.unread_cells)

    def leavers(self) -> frozenset[str]:
        """Give the addresses that the roster says have left, as the snapshot writes them."""
        return self.keep("leavers", lambda: self._as_here(self._on_roster("ended")))

    def employees(self) -> frozenset[str]:
        """Give the addresses that are on the roster, as the snapshot writes them."""
        return self.keep("employees", lambda: self._as_here(self._on_roster("ended") | self._on_roster("active")))

    def _on_roster(self, status: str) -> frozenset[str]:
        if self.roster is None:
            return frozenset()
        return frozenset(self.roster.loc[self.roster["status"] == status, "email"])

    def _as_here(self, composed: frozenset[str]) -> frozenset[str]:
        """Add to addresses in one form the same as the snapshot writes them, which may compose accents otherwise."""
        tables = [name for name in ("members", "invites", "access_tokens") if self.is_readable(name)]
        here = {text(email) for name in tables for email in self.frame(name)["email"]}
        return composed | {email for email in here if compose(email) in composed}

    def names_of_actors(self) -> dict[str, str]:
        """Give addresses by the ids that the audit log calls people by."""
        return self.keep("names of actors", self._names_of_actors)

    def _names_of_actors(self) -> dict[str, str]:
        if not self.is_readable("members"):
            return {}
        members = self.frame("members")[["ls_user_id", "identity_id", "email"]]
        known = {str(row.ls_user_id): str(row.email) for row in rows_of(members) if text(row.ls_user_id)}
        return known | {str(row.identity_id): str(row.email) for row in rows_of(members) if text(row.identity_id)}


def _tags_of(snapshot: Snapshot) -> Mapping[str, frozenset[str]] | None:
    """Give the values of every tag key; None where they were not read whole, for what is missing may be in the rest."""
    if snapshot.status("tags")[0] != "complete":
        return None
    found: dict[str, set[str]] = {}
    for row in rows_of(snapshot.tags):
        found.setdefault(row.key, set()).update([row.value] if text(row.value) else [])
    return {key: frozenset(values) for key, values in found.items()}


def days_between(start: Any, end: Any) -> float:
    """Count the days from one time to another, also where they lie centuries apart."""
    # The difference of two times of pandas is nanoseconds in 64 bits, which is 292 years at most.
    return float((end.to_pydatetime(warn=False) - start.to_pydatetime(warn=False)).total_seconds() / 86400)


def pick(frame: pd.DataFrame, **wanted: Any) -> pd.DataFrame:
    """Give the rows that have the wanted values; what is unknown has none of them."""
    keep = pd.Series(True, index=frame.index)
    for name, value in wanted.items():
        keep &= (frame[name] == value).fillna(False).astype(bool)
    return frame[keep]


def rows_of(frame: pd.DataFrame) -> Iterator[Any]:
    """Go over the rows by the names of the columns."""
    # To walk over Arrow's texts one by one takes several times as long as to unpack them all.
    yield from frame.astype(object).itertuples(index=False)


def text(value: Any) -> str:
    """Give a text, empty where it is unknown."""
    return value if isinstance(value, str) else ""


def day(at: Any) -> str:
    """Write a time as a day."""
    return "never" if pd.isna(at) else f"{at:%Y-%m-%d}"


def domain_of(email: str) -> str:
    """Give the part of an address behind the @."""
    return email.rpartition("@")[2].lower()


def is_listed(email: str, accepted: tuple[str, ...]) -> bool:
    """Tell whether an address, description or id is on a list of the policy; case does not matter."""
    return email.strip().lower() in {item.strip().lower() for item in accepted}
