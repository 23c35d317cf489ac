"""The sheet of SCIM tokens, by which an identity provider writes people and groups: delete one."""

from __future__ import annotations

import pandas as pd

from lsnb.sheets.credential_index import CredentialIndex, known, records_of
from lsnb.sheets.problems import CellProblem, Problems
from lsnb.sheets.requests import Requests, ScimTokenRequest
from lsnb.sheets.table import Layout, Line, read_table
from lsnb.sheets.text_normalize import fold
from lsnb.snapshot import Snapshot
from lsnb.tables.spec import DTYPES

SCIM_TOKEN_COLUMNS: dict[str, str] = {
    "token_id": "The token, by its id. Leave it empty to go by short_token.",
    "short_token": "The token, by the part of it that may be shown.",
    "description": "What its maker wrote about it. It cannot be changed here.",
    "last_used_at": "When it was last used, UTC; empty when never. It cannot be changed.",
    "action": "Empty to leave it, or `delete`, which stops the identity provider that uses it and cannot be undone.",
    "note": "Your own words, kept with the change and shown in the plan. They change nothing.",
}
LAYOUT = Layout(
    SCIM_TOKEN_COLUMNS,
    required=("token_id|short_token|description", "action"),
    aliases={"scim token id": "token_id", "id": "token_id", "notes": "note"},
    ignored=frozenset({"created at", "updated at"}),
)


def parse_scim_tokens(frame: pd.DataFrame, snapshot: Snapshot, *, source: str = "sheet") -> Requests:
    """Read what a sheet asks of SCIM tokens, and every cell that is not understood.

    Raises:
        UnreadableTableError: the tokens could not be read.
    """
    problems = Problems(list(SCIM_TOKEN_COLUMNS))
    table = read_table(frame, LAYOUT, problems)
    book = CredentialIndex(snapshot.scim_tokens, "scim_token_id", "SCIM token", "token_id", sheet_short="short_token")
    found: dict[str, ScimTokenRequest] = {}
    for line in table.lines:
        request = _read(line, book, problems)
        if request is not None:
            found.setdefault(request.token_id, request)
    return Requests("scim_tokens", tuple(found.values()), problems.to_frame(), source, tuple(table.remarks))


def _read(line: Line, book: CredentialIndex, problems: Problems) -> ScimTokenRequest | None:
    action = fold(line["action"])
    if action not in ("", "delete"):
        hint = "Write 'delete', or leave the cell empty."
        problems.add(line.row, line.raw["action"], CellProblem("action", "There is no such action.", hint))
        return None
    row = book.find(line)
    if isinstance(row, CellProblem):
        problems.add(line.row, line.raw.get(row.column, ""), row)
        return None
    if not action:
        return None
    return ScimTokenRequest(line.row, "delete", str(row["scim_token_id"]), line["note"])


def scim_tokens_sheet(snapshot: Snapshot) -> pd.DataFrame:
    """Write the sheet of SCIM tokens: one row per token; unchanged, it asks for nothing."""
    rows = records_of(snapshot.scim_tokens)
    values = {
        "token_id": [known(row, "scim_token_id") for row in rows],
        "short_token": [known(row, "short_token") for row in rows],
        "description": [known(row, "description") for row in rows],
        "last_used_at": [known(row, "last_used_at") for row in rows],
    }
    return pd.DataFrame(
        {name: pd.Series(values.get(name, [""] * len(rows)), dtype=DTYPES["text"]) for name in SCIM_TOKEN_COLUMNS}
    )


def scim_token_choices(snapshot: Snapshot) -> dict[str, list[str]]:
    """List what can be chosen in the columns of the sheet."""
    return {"action": ["delete"]}
