"""What people hold, by column, and as small values for the few whom a plan is about."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from lsnb.plan.roles import Role
from lsnb.plan.subjects.setting import SSO_ONLY
from lsnb.snapshot import Snapshot

SEPARATOR = "\x1f"

_COLUMNS = (
    "email",
    "scope",
    "workspace",
    "role",
    "source",
    "state",
    "workspace_id",
    "role_id",
    "role_name",
    "identity_id",
    "ls_user_id",
)


class Grant(NamedTuple):
    """A role that a person holds in one workspace by a row of their own; implicit access is none."""

    workspace: str | None
    workspace_id: str
    role: Role
    source: str


class Person(NamedTuple):
    """A person with the role in the organization.

    Args:
        email: the address, in lower case.
        state: "active", "pending" or "disabled".
        role: the organization role.
        source: why they hold it.
        identity_id: the id in the organization, or of the pending invitation.
        ls_user_id: the id over all organizations.
    """

    email: str
    state: str
    role: Role
    source: str
    identity_id: str
    ls_user_id: str | None


class CurrentState:
    """What everybody holds, as the snapshot has it.

    Args:
        snapshot: the snapshot.

    Attributes:
        held: one row per role that somebody holds themselves, implicit access apart, for everybody who can be told
            by the address.
        keys: for each of those rows the address and the workspace's id, which is empty for the organization.
        organization: all rows of the organization, also of people who cannot be told by the address.
        ambiguous: addresses that several identities share, so that no row can mean one of them.
        invited_again: open invitations of people who have joined, with the workspaces that they name, by address.
        n_nameless: how many people have no address at all.
        login_methods: the login methods of people who have joined, by identity; those that are not known are left out.
        sso_only: whether people can log in through single sign-on only; None where the settings could not be read.
    """

    def __init__(self, snapshot: Snapshot) -> None:
        access = snapshot.table("access")
        table = pa.table({name: to_text(access[name]) for name in _COLUMNS})
        is_organization = pc.equal(table["scope"], "organization")
        direct = table.filter(pc.or_(is_organization, pc.not_equal(table["source"], "org-admin")))
        self.organization: pa.Table = table.filter(is_organization)
        dropped, self.ambiguous = _shared_addresses(self.organization)
        self.n_nameless = int(pc.sum(pc.equal(self.organization["email"], "")).as_py() or 0)
        self.invited_again: dict[str, tuple[Person, list[Grant]]] = {}
        if dropped:
            is_dropped = pc.is_in(direct["identity_id"], value_set=pa.array(dropped, pa.string()))
            self.invited_again = _invitations(direct.filter(is_dropped), self.ambiguous)
            direct = direct.filter(pc.invert(is_dropped))
        direct = direct.filter(pc.not_equal(direct["email"], ""))
        self.held: pa.Table = direct.combine_chunks()
        self.keys = place_keys(self.held["email"], self.held["workspace_id"])
        self._is_person = pc.equal(self.held["scope"], "organization")
        self.login_methods = _login_methods(snapshot)
        self.sso_only = bool(snapshot.setting(SSO_ONLY, default=False)) if snapshot.is_readable("settings") else None

    def people(self, emails: Iterable[str]) -> dict[str, Person]:
        """Find the people with these addresses."""
        wanted = pa.array(sorted(set(emails)), pa.string())
        rows = self.held.filter(pc.and_(self._is_person, pc.is_in(self.held["email"], value_set=wanted)))
        return {person.email: person for person in people_of(rows)}

    def places_besides(self, known: Iterable[str]) -> list[str]:
        """Name the workspaces in which somebody holds a role and that are not among the known ones."""
        ids = self.held["workspace_id"]
        unknown = pc.and_(pc.is_valid(ids), pc.invert(pc.is_in(ids, value_set=pa.array(sorted(known), pa.string()))))
        return sorted(name for name in pc.unique(self.held["workspace"].filter(unknown)).to_pylist() if name)

    def places(self, emails: Iterable[str]) -> dict[str, list[Grant]]:
        """Find in which workspaces the people with these addresses hold a role of their own."""
        wanted = pa.array(sorted(set(emails)), pa.string())
        rows = self.held.filter(pc.and_(pc.invert(self._is_person), pc.is_in(self.held["email"], value_set=wanted)))
        found: dict[str, list[Grant]] = defaultdict(list)
        for email, grant in zip(rows["email"].to_pylist(), grants_of(rows), strict=True):
            found[email].append(grant)
        return found


def _login_methods(snapshot: Snapshot) -> dict[str, str]:
    if not snapshot.is_readable("members"):
        return {}
    members = snapshot.table("members", columns=["identity_id", "login_methods"]).dropna()
    return dict(zip(members["identity_id"].astype(object), members["login_methods"].astype(object), strict=True))


def joined_domains(standing: CurrentState) -> set[str]:
    """List the domains of the people who have joined."""
    rows = standing.organization
    joined = rows.filter(pc.not_equal(rows["state"], "pending"))
    return set(pc.unique(pc.replace_substring_regex(joined["email"], r"^.*@", "")).to_pylist())


def people_of(rows: pa.Table) -> Iterator[Person]:
    """Give rows of `organization` as values."""
    fields = ("email", "state", "role", "role_id", "role_name", "source", "identity_id", "ls_user_id")
    for email, state, role, role_id, role_name, source, identity, user in values_of(rows, fields):
        yield Person(email, state, Role(role, role_id, role_name), source, identity, user)


def grants_of(rows: pa.Table) -> Iterator[Grant]:
    """Give rows of `held` as values."""
    for workspace, workspace_id, role, role_id, role_name, source in values_of(
        rows, ("workspace", "workspace_id", "role", "role_id", "role_name", "source")
    ):
        yield Grant(workspace, workspace_id or "", Role(role, role_id, role_name), source)


def values_of(rows: pa.Table, fields: Iterable[str]) -> Iterator[tuple[Any, ...]]:
    """Give some columns row by row, as plain Python values."""
    return zip(*(rows[field].to_pylist() for field in fields), strict=True)


def place_keys(emails: Any, workspace_ids: Any) -> pa.Array:
    """Join addresses and workspace ids into one key a row, so that one look-up finds both."""
    keys = pc.binary_join_element_wise(emails, pc.fill_null(workspace_ids, ""), SEPARATOR)
    return keys.combine_chunks() if isinstance(keys, pa.ChunkedArray) else keys


def to_text(column: pd.Series) -> pa.Array:
    """Give a column of text of any origin as one Arrow array."""
    array = pa.array(column, from_pandas=True)
    if isinstance(array, pa.ChunkedArray):
        array = array.combine_chunks()
    return array if array.type == pa.string() else array.cast(pa.string())


def _invitations(rows: pa.Table, ambiguous: frozenset[str]) -> dict[str, tuple[Person, list[Grant]]]:
    """Find the open invitations among the rows of people whom their address does not lead to."""
    is_person = pc.equal(rows["scope"], "organization")
    found: dict[str, tuple[Person, list[Grant]]] = {
        person.email: (person, [])
        for person in people_of(rows.filter(is_person))
        if person.state == "pending" and person.email not in ambiguous
    }
    places = rows.filter(pc.invert(is_person))
    for email, identity, grant in zip(
        places["email"].to_pylist(), places["identity_id"].to_pylist(), grants_of(places), strict=True
    ):
        if email in found and found[email][0].identity_id == identity:
            found[email][1].append(grant)
    return found


def _shared_addresses(organization: pa.Table) -> tuple[list[str], frozenset[str]]:
    """Find identities that an address does not lead to, and the addresses that lead to none.

    Somebody who has joined and was invited again is the one who joined. Two who joined cannot be told apart.
    """
    counts = pc.value_counts(organization["email"])
    twice = [
        email for email in counts.filter(pc.greater(counts.field("counts"), 1)).field("values").to_pylist() if email
    ]
    if not twice:
        return [], frozenset()
    rows = organization.filter(pc.is_in(organization["email"], value_set=pa.array(twice, pa.string())))
    by_email: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for email, state, identity in values_of(rows, ("email", "state", "identity_id")):
        by_email[email].append((state, identity))
    dropped: list[str] = []
    ambiguous: set[str] = set()
    for email, found in by_email.items():
        joined = [identity for state, identity in found if state != "pending"]
        if len(joined) != 1:
            ambiguous.add(email)
        dropped += [identity for _, identity in found if [identity] != joined]
    return dropped, frozenset(ambiguous)
