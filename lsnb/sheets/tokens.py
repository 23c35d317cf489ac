"""The sheet of personal access tokens: switch one off, and on again."""

from __future__ import annotations

import pandas as pd

from lsnb.errors.safe_text import without_keys
from lsnb.sheets.credential_index import CredentialIndex, Row, known, records_of
from lsnb.sheets.problems import CellProblem, Problems
from lsnb.sheets.requests import Requests, TokenRequest
from lsnb.sheets.table import Layout, Line, read_table
from lsnb.sheets.text_normalize import fold, tidy
from lsnb.snapshot import Snapshot
from lsnb.tables.spec import DTYPES

TOKEN_COLUMNS: dict[str, str] = {
    "token_id": "The token, by its id. Leave it empty to go by short_key.",
    "short_key": "The token, by the part of it that may be shown.",
    "description": "What its owner wrote about it. It cannot be changed here.",
    "owner": "Whose token it is. It cannot be changed here.",
    "state": "`active` or `revoked`. To change it, fill in action.",
    "action": "Empty to leave it, `revoke` to switch it off, or `reinstate` to switch it on again.",
    "note": "Your own words, kept with the change and shown in the plan. They change nothing.",
}
LAYOUT = Layout(
    TOKEN_COLUMNS,
    required=("token_id|short_key|description", "action"),
    aliases={"access token id": "token_id", "id": "token_id", "email": "owner", "notes": "note"},
    ignored=frozenset(
        {"ls user id", "workspaces", "default workspace", "is revoked", "created at", "last used at", "expires at"}
    ),
)
ACTIONS = ("revoke", "reinstate")


def state_of(row: Row) -> str:
    """Tell the state of a token; empty where the server does not say."""
    revoked = row.get("is_revoked")
    return "" if revoked is None or pd.isna(revoked) else "revoked" if revoked else "active"


def parse_tokens(frame: pd.DataFrame, snapshot: Snapshot, *, source: str = "sheet") -> Requests:
    """Read what a sheet asks of personal access tokens, and every cell that is not understood.

    Raises:
        UnreadableTableError: the tokens could not be read.
    """
    problems = Problems(list(TOKEN_COLUMNS))
    table = read_table(frame, LAYOUT, problems)
    book = CredentialIndex(snapshot.access_tokens, "access_token_id", "token", "token_id")
    found: dict[str, TokenRequest] = {}
    remarks: list[tuple[str, str]] = list(table.remarks)
    for line in table.lines:
        request = _read(line, book, problems, remarks)
        if request is None:
            continue
        first = found.setdefault(request.token_id, request)
        if first.action != request.action:
            problems.add(
                line.row,
                line["action"],
                CellProblem(
                    "action", f"Row {first.row} asks for something else of this token.", "Keep one of the rows."
                ),
            )
    return Requests("tokens", tuple(found.values()), problems.to_frame(), source, tuple(remarks))


def _read(line: Line, book: CredentialIndex, problems: Problems, remarks: list[tuple[str, str]]) -> TokenRequest | None:
    action = fold(line["action"])
    if action and action not in ACTIONS:
        hint = "Write 'revoke' or 'reinstate', or leave the cell empty."
        problems.add(line.row, line.raw["action"], CellProblem("action", "There is no such action.", hint))
        return None
    row = book.find(line)
    if isinstance(row, CellProblem):
        problems.add(line.row, line.raw.get(row.column, ""), row)
        return None
    if _report_others(line, row, problems):
        return None
    state = state_of(row)
    if not action:
        wanted = fold(line["state"])
        if wanted and state and wanted != state:
            problems.add(
                line.row,
                line.raw["state"],
                CellProblem("state", f"The token is {state}.", "Write 'revoke' or 'reinstate' in action."),
            )
        return None
    if (action, state) in (("revoke", "revoked"), ("reinstate", "active")):
        remarks.append(("already-there", f"Row {line.row}: the token {known(row, 'short_key')} is {state} already."))
        return None
    return TokenRequest(
        line.row, "revoke" if action == "revoke" else "reinstate", str(row["access_token_id"]), line["note"]
    )


def _report_others(line: Line, row: Row, problems: Problems) -> bool:
    """Report cells that say another token than the one that was found: a column may have been sorted by itself."""
    facts = {"short_key": "short_key", "description": "description", "owner": "email"}
    is_other = False
    for column, name in facts.items():
        there = known(row, name)
        if line[column] and there and fold(line[column]) != fold(tidy(there)):
            reason = f"The {column} of a token cannot be changed here; it is '{without_keys(tidy(there))}'."
            hint = "Write it so, or empty the cell, if the token is meant; else write the id of the other token."
            problems.add(line.row, line.raw[column], CellProblem(column, reason, hint))
            is_other = True
    return is_other


def tokens_sheet(snapshot: Snapshot) -> pd.DataFrame:
    """Write the sheet of tokens: one row per token that the key can see; unchanged, it asks for nothing."""
    rows = records_of(snapshot.access_tokens)
    values = {
        "token_id": [known(row, "access_token_id") for row in rows],
        "short_key": [known(row, "short_key") for row in rows],
        "description": [known(row, "description") for row in rows],
        "owner": [known(row, "email") for row in rows],
        "state": [state_of(row) for row in rows],
    }
    return pd.DataFrame(
        {name: pd.Series(values.get(name, [""] * len(rows)), dtype=DTYPES["text"]) for name in TOKEN_COLUMNS}
    )


def token_choices(snapshot: Snapshot) -> dict[str, list[str]]:
    """List what can be chosen in the columns of the sheet."""
    return {"action": list(ACTIONS)}
