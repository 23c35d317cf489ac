"""Rows about the same person and place: those that say the same are one, those that do not are a problem."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lsnb.sheets.problems import CellProblem, Problems
from lsnb.sheets.text_normalize import Codes, quoted

ORGANIZATION = -1
SET, REMOVE = 0, 1
NO_ROLE = -1


@dataclass(frozen=True, slots=True)
class RowIntents:
    """Rows that are understood, by column.

    Args:
        rows: the rows' numbers in the sheet.
        emails: per row, which address.
        places: per row, which workspace; `ORGANIZATION` for the organization.
        roles: per row, which role; `NO_ROLE` where the cell was empty, or for removals.
        actions: per row, `SET` or `REMOVE`.
        role_texts: per row, what the role cell holds.
        email_names: the addresses.
        place_names: the names of the workspaces.
    """

    rows: Codes
    emails: Codes
    places: Codes
    roles: Codes
    actions: Codes
    role_texts: list[str]
    email_names: list[str]
    place_names: list[str]

    def place_name(self, index: int) -> str:
        """Name the place of a row in a sentence."""
        place = int(self.places[index])
        return "the organization" if place == ORGANIZATION else f"'{self.place_names[place]}'"


def settle(wishes: RowIntents, problems: Problems) -> Codes:
    """Leave one row per person and place, and report the rows that contradict each other.

    Returns:
        The places (not the numbers) of the rows to keep, in the sheet's order.
    """
    keep = np.ones(len(wishes.rows), dtype=bool)
    key = wishes.emails * (len(wishes.place_names) + 1) + wishes.places + 1
    order = np.argsort(key, kind="stable")
    starts = np.flatnonzero(np.diff(key[order], prepend=-1))
    sizes = np.diff(starts, append=len(order))
    for start, size in zip(starts[sizes > 1].tolist(), sizes[sizes > 1].tolist(), strict=True):
        group = order[start : start + size]
        keep[group] = False
        if not _report_contradiction(wishes, group, problems):
            named = group[wishes.roles[group] != NO_ROLE]
            keep[(named if len(named) else group)[0]] = True
    _report_leavers(wishes, keep, problems)
    return np.flatnonzero(keep).astype(np.int64)


def _report_contradiction(wishes: RowIntents, group: Codes, problems: Problems) -> bool:
    """Report rows about one person and place that cannot all be meant; tell whether there were any."""
    email = wishes.email_names[int(wishes.emails[group[0]])]
    where = wishes.place_name(int(group[0]))
    numbers = _numbers(wishes.rows[group].tolist())
    actions = wishes.actions[group]
    if (actions != actions[0]).any():
        reason = f"Rows {numbers} both remove {email} from {where} and give a role there, or leave it."
        for index in group.tolist():
            text = "remove" if wishes.actions[index] == REMOVE else ""
            problems.add(int(wishes.rows[index]), text, CellProblem("action", reason, "Keep one of the rows."))
        return True
    named = group[wishes.roles[group] != NO_ROLE]
    if len(set(wishes.roles[named].tolist())) > 1:
        texts = quoted(dict.fromkeys(wishes.role_texts[index] for index in named.tolist()), last="and")
        numbers = _numbers(wishes.rows[named].tolist())
        reason = f"Rows {numbers} give {email} different roles in {where}: {texts}."
        for index in named.tolist():
            misfit = CellProblem("langsmith_role", reason, "Keep one of the rows; the higher role does not win.")
            problems.add(int(wishes.rows[index]), wishes.role_texts[index], misfit)
        return True
    return False


def _report_leavers(wishes: RowIntents, keep: np.ndarray[tuple[int], np.dtype[np.bool_]], problems: Problems) -> None:
    """Report workspace rows of people whom another row removes from the organization."""
    leaves = keep & (wishes.places == ORGANIZATION) & (wishes.actions == REMOVE)
    if not leaves.any():
        return
    row_of = dict(zip(wishes.emails[leaves].tolist(), wishes.rows[leaves].tolist(), strict=True))
    stays = keep & (wishes.places != ORGANIZATION) & (wishes.actions == SET)
    stays &= np.isin(wishes.emails, wishes.emails[leaves])
    for index in np.flatnonzero(stays).tolist():
        email, row = wishes.email_names[int(wishes.emails[index])], row_of[int(wishes.emails[index])]
        reason = (
            f"Row {row} removes {email} from the organization, and this row keeps them in {wishes.place_name(index)}."
        )
        hint = f"Take this row away, write 'remove' here too, or empty the action of row {row}."
        problems.add(int(wishes.rows[index]), "", CellProblem("action", reason, hint))
    keep &= ~stays & ~(leaves & np.isin(wishes.emails, wishes.emails[stays]))


def _numbers(rows: list[int]) -> str:
    """List row numbers for a sentence: 3 and 9; 3, 9 and 12; 3, 9 and 40 more."""
    if len(rows) > 6:
        return ", ".join(map(str, rows[:5])) + f" and {len(rows) - 5} more"
    return " and ".join([", ".join(map(str, rows[:-1])), str(rows[-1])])
