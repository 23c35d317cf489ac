"""Find what a question names: a permission, a person, a workspace, a role, a setting. What is not there is an error.

An unknown name has no answer: neither "nobody" nor "denied". The error names what is most like it.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from difflib import SequenceMatcher
from typing import NoReturn

import pandas as pd

from lsnb.errors import UnknownNameError
from lsnb.sheets.emails import clean_address
from lsnb.sheets.roles import role_words
from lsnb.sheets.text_normalize import Nearest, did_you_mean, fold, fold_loosely, quoted, tidy
from lsnb.snapshot import Snapshot
from lsnb.tables import builtin_roles
from lsnb.tables.settings import KNOWN_SETTINGS

#: So many names are listed where none is like the one that was given.
_MOST_LISTED = 20
#: Kinds of resource that access policies speak of, as the documentation and other tools write them.
RESOURCE_TYPES = (
    *("project", "prompt", "dataset", "queue", "queues", "deployment", "fleet_integration", "mcp_server", "sandbox"),
)
#: The same address but for a slip or two of the pen, by how much of it is alike.
_SLIP = 0.8


def refuse(
    what: str, name: str, known: Iterable[str], *, also: Iterable[str] = (), lead: str = "There are", hint: str = ""
) -> NoReturn:
    """Refuse a name that is not known, with those that are most like it.

    Args:
        what: what it should name, such as `workspace`.
        name: the name as it was given.
        known: the names that there are.
        also: other words for the same things, which may be meant as well.
        lead: how the list of names begins.
        hint: what else to say.

    Raises:
        UnknownNameError: always.
    """
    names = list(dict.fromkeys(known))
    near = Nearest([*names, *also]).find(name)
    parts = [f"There is no {what} {name!r}."]
    if near:
        parts.append(did_you_mean(near))
    if names and (not near or len(names) <= _MOST_LISTED):
        rest = f" and {len(names) - _MOST_LISTED} more" if len(names) > _MOST_LISTED else ""
        parts.append(f"{lead}: {', '.join(names[:_MOST_LISTED])}{rest}.")
    elif not names:
        parts.append("There is none at all.")
    parts.append(hint)
    raise UnknownNameError(" ".join(filter(None, parts)), name=name, nearest=near)


def known_permissions(snapshot: Snapshot, more: Iterable[str] = ()) -> frozenset[str]:
    """Give every permission that anybody has heard of: the documentation, the service, its roles and its policies.

    Args:
        snapshot: the reading.
        more: permissions that are known from elsewhere.
    """
    found = {*builtin_roles.PERMISSION_SCOPES, *more}
    for table in ("permission_catalogue", "permissions", "policies"):
        if snapshot.is_readable(table):
            found |= set(snapshot.table(table, columns=["permission"])["permission"].dropna().astype(str))
    return frozenset(found)


def find_permission(snapshot: Snapshot, permission: str, more: Iterable[str] = ()) -> str:
    """Find a permission as it is written; a role of tomorrow may hold one that no documentation knows yet.

    Args:
        snapshot: the reading.
        permission: such as `runs:delete`; case and blanks around it do not matter.
        more: permissions that are known from elsewhere.

    Raises:
        UnknownNameError: nobody has ever heard of it, or it stands for several.
    """
    known = known_permissions(snapshot, more)
    text = tidy(str(permission))
    if text in known:
        return text
    same = sorted(name for name in known if name.casefold() == text.casefold())
    if len(same) == 1:
        return same[0]
    if "*" in text:
        start = text.partition("*")[0].casefold()
        hits = sorted(name for name in known if "*" not in name and name.casefold().startswith(start))
        raise UnknownNameError(
            f"{permission!r} stands for several permissions; ask for one at a time"
            + (f": {quoted(hits, limit=_MOST_LISTED)}." if hits else f", and there is none like {start!r}."),
            name=str(permission),
            nearest=hits,
        )
    # Those of the same resource first.
    resource = text.partition(":")[0].casefold()
    names = sorted(known, key=lambda name: (name.partition(":")[0].casefold() != resource, name))
    return refuse("permission", text, names, hint="No role of this snapshot, no policy and no catalogue knows it.")


def find_workspace(snapshot: Snapshot, workspace: str) -> tuple[str, str]:
    """Find a workspace by name or id, as (name, id).

    Raises:
        UnknownNameError: there is none, or several have that name.
        UnreadableTableError: the workspaces could not be read.
    """
    return _find_place(_places(snapshot), workspace)


def _places(snapshot: Snapshot) -> list[tuple[str, str, bool]]:
    """List the workspaces as (name, id, is deleted), those that only somebody's access tells of among them."""
    frame = snapshot.table("workspaces", columns=["workspace", "workspace_id", "is_deleted"])
    gone = frame["is_deleted"].fillna(False).astype(bool)
    found = list(zip(frame["workspace"].astype(str), frame["workspace_id"].astype(str), gone, strict=True))
    if snapshot.status("workspaces")[0] == "complete" or not snapshot.is_readable("access"):
        return found
    ids = {place for _, place, _ in found}
    seen = snapshot.table("access", columns=["workspace", "workspace_id"]).dropna().drop_duplicates("workspace_id")
    rows = seen.astype(str).itertuples(index=False, name=None)
    return found + [(name, place, False) for name, place in rows if place not in ids]


def _find_place(places: Sequence[tuple[str, str, bool]], workspace: str) -> tuple[str, str]:
    wanted = fold(str(workspace))
    found = [place for place in places if fold(place[1]) == wanted]
    found = found or [place for place in places if fold(place[0]) == wanted]
    found = [place for place in found if not place[2]] or found
    if len(found) > 1:
        # Names may differ by case only; then the one that is written so is meant.
        found = [place for place in found if tidy(place[0]) == tidy(str(workspace))] or found
    if len(found) == 1:
        return found[0][:2]
    if not found:
        refuse("workspace", str(workspace), (name for name, _, is_deleted in places if not is_deleted))
    ids = [place for _, place, _ in found]
    raise UnknownNameError(
        f"{len(found)} workspaces are called {str(workspace)!r}; name one by its id: {', '.join(ids)}.",
        name=str(workspace),
        nearest=ids,
    )


def find_workspaces(snapshot: Snapshot, wanted: Iterable[str]) -> frozenset[str]:
    """Give the ids of workspaces that are told by name or id; `*` in a name stands for anything.

    Raises:
        UnknownNameError: one of them is not there, or several have its name.
        UnreadableTableError: the workspaces could not be read.
    """
    places = _places(snapshot)
    found: set[str] = set()
    for text in wanted:
        if "*" not in text:
            found.add(_find_place(places, text)[1])
            continue
        hits = {place for name, place, _ in places if matches_glob(name, text) or matches_glob(place, text)}
        if not hits:
            refuse("workspace like", text, (name for name, _, is_deleted in places if not is_deleted))
        found |= hits
    return frozenset(found)


def matches_glob(text: str, glob: str) -> bool:
    """Tell whether a text is as a pattern says, in which `*` stands for anything; case does not matter."""
    head, *middle = fold(glob).split("*")
    rest = fold(text)
    if not rest.startswith(head):
        return False
    rest = rest[len(head) :]
    for part in middle[:-1]:
        place = rest.find(part)
        if place < 0:
            return False
        rest = rest[place + len(part) :]
    return not middle or rest.endswith(middle[-1])


def check_setting(listed: Iterable[str], name: str) -> None:
    """Refuse the name of a setting that neither the server nor lsnb has heard of.

    Args:
        listed: the settings and features that the server tells of.
        name: the name.

    Raises:
        UnknownNameError: there is no such setting.
    """
    known = [*listed, *KNOWN_SETTINGS]
    if name not in KNOWN_SETTINGS:
        refuse("setting", name, known, hint="Where a server may not tell of it, give a default.")


class RoleFinder:
    """Finds roles by all their words: `Editor` and `Workspace User`, `Admin` and `Workspace Admin`, system names, ids.

    Args:
        roles: one row per role, with `role`, `role_name` and `role_id`.
    """

    def __init__(self, roles: pd.DataFrame) -> None:
        rows = roles[["role", "role_name", "role_id"]].drop_duplicates().astype(object)
        rows = rows.where(rows.notna(), "")
        self._roles = [(str(shown), str(system), str(id_)) for shown, system, id_ in rows.itertuples(index=False)]
        self._ids = {id_.casefold(): (shown, system, id_) for shown, system, id_ in self._roles if id_}

    def find(self, text: str) -> list[tuple[str, str, str]]:
        """List the roles that a text means, as (name, system name, id); a built-in one may come without an id.

        Raises:
            UnknownNameError: there is no such role, or it is the name of several.
        """
        if tidy(text).casefold() in self._ids:
            return [self._ids[tidy(text).casefold()]]
        if "*" in text:
            hits = [role for role in self._roles if any(matches_glob(word, text) for word in role_words(*role[:2]))]
            return hits or self._refuse(text)
        hits = self._matching(text, fold) or self._matching(text, fold_loosely)
        if len({(system, id_) for _, system, id_ in hits if id_}) > 1:
            # Names may differ by case only; then the one that is written so is meant.
            exact = [role for role in hits if tidy(text) in map(tidy, role_words(*role[:2]))]
            hits = exact or hits
        told_apart = {id_: (shown, system) for shown, system, id_ in hits if id_}
        if len(told_apart) > 1:
            listed = ", ".join(
                f"{id_} ({shown}, {'custom' if system == builtin_roles.CUSTOM else 'built in'})"
                for id_, (shown, system) in told_apart.items()
            )
            raise UnknownNameError(
                f"{len(told_apart)} roles are called {text!r}. Give the id: {listed}.",
                name=text,
                nearest=list(told_apart),
            )
        return hits or self._refuse(text)

    def _matching(self, text: str, how: Callable[[str], str]) -> list[tuple[str, str, str]]:
        wanted = how(text)
        return [role for role in self._roles if any(how(word) == wanted for word in role_words(*role[:2]))]

    def _refuse(self, text: str) -> NoReturn:
        words = (word for role in self._roles for word in role_words(*role[:2]) if not word.isupper())
        refuse("role", text, (shown for shown, _, _ in self._roles), also=words, lead="The roles are")


def role_finder(snapshot: Snapshot) -> RoleFinder:
    """Gather the roles of a snapshot: those it lists, those that people hold, and the built-in ones."""
    built_in = pd.DataFrame(
        [(shown, system, None) for system, (shown, _) in builtin_roles.SYSTEM_ROLES.items()],
        columns=["role", "role_name", "role_id"],
    )
    parts = [
        snapshot.table(table, columns=["role", "role_name", "role_id"]).dropna(subset=["role"]).drop_duplicates()
        for table in ("roles", "access")
        if snapshot.is_readable(table)
    ]
    found = pd.concat([part.astype(object) for part in [*parts, built_in]], ignore_index=True)
    listed = set(found.loc[found["role_id"].notna(), "role_name"])
    # A built-in role that the service lists need not be told a second time, without its id.
    return RoleFinder(found[found["role_id"].notna() | ~found["role_name"].isin(list(listed))])


def find_person(emails: Iterable[str], person: str, names: Mapping[str, str] | None = None, *, hint: str = "") -> str:
    """Find a person by the address, as it stands in a mail or a sheet: `Grace Kim <Grace.Kim@example.com>`.

    Args:
        emails: the addresses that there are.
        person: the address.
        names: the names of people by their addresses, to find whom somebody means who writes a name.
        hint: what else to say where nobody is like it.

    Raises:
        UnknownNameError: nobody has that address.
    """
    known = [str(email) for email in emails if isinstance(email, str) and email]
    by_form = {compose(email): email for email in known}
    wanted = compose(clean_address(str(person))[0])
    if wanted in by_form:
        return by_form[wanted]
    near = _nearest_people(wanted, known, names or {}, fold(str(person)))
    parts = [f"Nobody with the address {wanted or str(person)!r} is in this snapshot, as member or invitation."]
    parts.append(did_you_mean(near) or hint)
    raise UnknownNameError(" ".join(filter(None, parts)), name=str(person), nearest=near)


def _nearest_people(wanted: str, known: Sequence[str], names: Mapping[str, str], given: str) -> list[str]:
    """List the addresses of those whom somebody may mean by a name, a part of one, or an address without its domain."""
    if not given:
        return []
    named = [email for email, name in names.items() if name and fold(str(name)) == given]
    if named or "@" in wanted:
        return named or nearest_addresses(wanted, known)
    alike = [email for email in known if compose(email).rpartition("@")[0] == wanted]
    alike = alike or [email for email in known if given in fold(str(names.get(email) or "")).split()]
    rated = [(-SequenceMatcher(None, wanted, compose(email).rpartition("@")[0]).ratio(), email) for email in known]
    return alike[:3] or [email for rate, email in sorted(rated)[:3] if -rate >= _SLIP]


def hint_of_key(snapshot: Snapshot, name: str) -> str:
    """Say where a question about a key is answered, where a name is one of a key or may be one.

    Args:
        snapshot: the reading.
        name: what was asked for instead of a person.
    """
    where = "what a key or token may do is in who_can(...) and effective().by_key(...)."
    wanted = fold(str(name))
    for table, id_, kind in (
        ("service_keys", "service_key_id", "service key"),
        ("access_tokens", "access_token_id", "personal access token"),
    ):
        if wanted and snapshot.is_readable(table):
            known = snapshot.table(table, columns=[id_, "description", "short_key"]).astype(object)
            if any(fold(str(cell)) == wanted for column in known for cell in known[column].dropna()):
                return f"That is a {kind}: this is asked of people, and {where}"
    return "" if "@" in str(name) else f"This is asked of people, by their addresses; {where}"


def compose(email: str) -> str:
    """Write an address in one form, however its accents are composed and whatever its case."""
    return unicodedata.normalize("NFC", email).casefold().strip()


def nearest_addresses(email: str, known: Iterable[str], *, n: int = 3) -> list[str]:
    """List the addresses that one may be a slip of: nearly the same before the @, and nearly the same behind it."""
    local, _, domain = email.rpartition("@")
    rated = []
    for other in known:
        its_local, _, its_domain = compose(other).rpartition("@")
        if abs(len(local) - len(its_local)) > 4:
            continue
        alike = SequenceMatcher(None, local, its_local)
        if alike.quick_ratio() < _SLIP or alike.ratio() < _SLIP:
            continue
        if domain == its_domain or SequenceMatcher(None, domain, its_domain).ratio() >= _SLIP:
            rated.append((-alike.ratio(), other))
    return [other for _, other in sorted(rated)[:n]]
