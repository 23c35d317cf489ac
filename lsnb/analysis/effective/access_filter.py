"""Pick rows of `access` by people, workspaces, roles and the rest; a name that is not there is an error, never nobody."""

from __future__ import annotations

import difflib
import warnings
from collections.abc import Iterable

import pandas as pd

from lsnb.analysis.effective.lookup import (
    compose,
    find_person,
    find_workspaces,
    hint_of_key,
    matches_glob,
    nearest_addresses,
    refuse,
    role_finder,
)
from lsnb.errors import UnknownNameError
from lsnb.sheets.emails import clean_address
from lsnb.sheets.text_normalize import fold, quoted
from lsnb.snapshot import Snapshot

_MOST_NAMED = 5
Wanted = str | Iterable[str]
#: The words that a column of `access` may hold.
WORDS: dict[str, tuple[str, ...]] = {
    "scope": ("organization", "workspace"),
    "source": ("direct", "org-admin", "no-rbac", "group", "invite"),
    "state": ("active", "pending", "disabled"),
}


def filter_access(
    snapshot: Snapshot,
    *,
    email: Wanted | None,
    workspace: Wanted | None,
    role: Wanted | None,
    scope: Wanted | None,
    source: Wanted | None,
    state: Wanted | None,
) -> pd.DataFrame:
    """Pick rows of `access`; see `Snapshot.filter_access`.

    Raises:
        UnknownNameError: something that is asked for is not there.
        UnreadableTableError: access could not be read.
    """
    access = snapshot.access
    keep = pd.Series(True, index=access.index)
    unknown: list[str] = []
    for name, wanted in (("scope", scope), ("source", source), ("state", state)):
        if wanted is not None:
            keep &= match_words(access[name], name, wanted)
    if workspace is not None:
        keep &= access["workspace_id"].isin(list(find_workspaces(snapshot, _listed(workspace)))).astype(bool)
    if role is not None:
        keep &= _match_roles(access, snapshot, _listed(role))
    if email is not None:
        of_people, unknown = _match_people(access, snapshot, email)
        keep &= of_people
    found = access[keep].reset_index(drop=True)
    if unknown:
        found.attrs["unknown"] = unknown
    if unknown and len(found):  # an empty answer shows by itself that nobody is there
        warnings.warn(
            f"Nobody with the address {quoted(unknown, limit=_MOST_NAMED)} is in this snapshot; the rows are those of "
            'the others. All of them are in .attrs["unknown"].',
            stacklevel=3,
        )
    return found


def match_words(column: pd.Series, name: str, wanted: Wanted) -> pd.Series:
    """Tell which rows hold one of the wanted words of a column that holds a few words only.

    Raises:
        UnknownNameError: the column never holds such a word.
    """
    known = dict.fromkeys([*WORDS[name], *column.dropna().drop_duplicates().astype(str)])
    hits: set[str] = set()
    for text in _listed(wanted):
        found = [word for word in known if (matches_glob(word, text) if "*" in text else fold(word) == fold(text))]
        if not found:
            refuse(name, text, known)
        hits.update(found)
    return column.isin(list(hits)).fillna(False).astype(bool)


def _listed(wanted: Wanted) -> list[str]:
    return [str(text) for text in wanted] if _is_list(wanted) else [str(wanted)]


def _is_list(wanted: object) -> bool:
    return isinstance(wanted, Iterable) and not isinstance(wanted, str)


def _match_roles(access: pd.DataFrame, snapshot: Snapshot, wanted: list[str]) -> pd.Series:
    finder = role_finder(snapshot)
    hits = pd.Series(False, index=access.index)
    for text in wanted:
        for shown, system, role_id in finder.find(text):
            if role_id:
                hits |= (access["role_id"] == role_id).fillna(False).astype(bool)
            if not role_id or system != "CUSTOM":
                # A built-in role may stand there without an id, and so may what the service does not list.
                column, name = ("role_name", system) if system not in ("", "CUSTOM") else ("role", shown)
                hits |= (access[column] == name).fillna(False).astype(bool)
    return hits


def _match_people(access: pd.DataFrame, snapshot: Snapshot, email: Wanted) -> tuple[pd.Series, list[str]]:
    """Tell which rows are of the people asked for, and which addresses nobody has.

    One person must be there; of a list those who are there count.
    """
    known = access["email"].drop_duplicates().astype(object)
    by_form = {compose(address): address for address in known if isinstance(address, str)}
    hits: set[str] = set()
    unknown: list[str] = []
    for text in _listed(email):
        if "*" in text:
            matched = [address for form, address in by_form.items() if matches_glob(form, text)]
            if not matched:
                _check_domain(text, by_form)
            hits.update(matched)
            continue
        found = by_form.get(compose(text)) or by_form.get(compose(clean_address(text)[0]))
        if found:
            hits.add(found)
        elif not _is_list(email):
            hits.add(find_person(known, text, _names(snapshot), hint=hint_of_key(snapshot, text)))
        elif near := nearest_addresses(compose(clean_address(text)[0]), by_form):
            raise UnknownNameError(
                f"Nobody with the address {text!r} is in this snapshot. Did you mean {near[0]!r}?",
                name=text,
                nearest=near,
            )
        else:
            unknown.append(text)
    return access["email"].isin(list(hits)).astype(bool), unknown


def _check_domain(glob: str, forms: Iterable[str]) -> None:
    """Refuse a pattern that nobody is like where its domain is nearly one that people have."""
    domain = compose(glob.rpartition("@")[2]) if "@" in glob else ""
    known = {form.rpartition("@")[2] for form in forms}
    near = difflib.get_close_matches(domain, sorted(known), n=1, cutoff=0.8)
    if domain and "*" not in domain and domain not in known and near:
        raise UnknownNameError(
            f"Nobody with an address like {glob!r} is in this snapshot. Did you mean the domain {near[0]!r}?",
            name=glob,
            nearest=near,
        )


def _names(snapshot: Snapshot) -> dict[str, str]:
    people = snapshot.table("access", columns=["email", "name"]).drop_duplicates().astype(object)
    return {address: name for address, name in people.itertuples(index=False) if isinstance(name, str)}
