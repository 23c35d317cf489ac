"""SCIM tokens from the sheet to the end: listed, planned, allowed by name, deleted, read back, and never taken back."""

from __future__ import annotations

import pytest

import lsnb
from lsnb.errors import TableError
from lsnb.plan.simulation import simulate as after_changes
from lsnb.report.unlock import unlock_phrase
from lsnb.sheets.kinds import FORMS, recognise
from tests.plan.outfit import rows


@pytest.fixture
def org(server, tmp_path, monkeypatch):
    """Connect to the small demo organization, with journals kept in a folder of the test's own."""
    monkeypatch.chdir(tmp_path)
    return lsnb.connect(endpoint=server.url, api_key=server.keys["admin_pat"])


@pytest.fixture
def deletion(org):
    """Ask for the deletion of the first token; give the sheet and the token's id."""
    sheet = FORMS["scim_tokens"].export(org.snapshot())
    sheet.loc[0, ["action", "note"]] = ["delete", "Okta is gone"]
    return sheet, sheet.loc[0, "token_id"]


def test_the_sheet_is_recognised_and_asks_for_nothing_by_itself(org):
    """One row per token, told from the sheet of people's tokens."""
    sheet = FORMS["scim_tokens"].export(org.snapshot())
    assert len(sheet) == len(org.snapshot().scim_tokens) > 0
    assert "scim_tokens" == recognise(sheet)
    assert org.plan(sheet).is_empty


def test_a_token_is_deleted_when_it_is_allowed_by_name(org, server, deletion):
    """Refused until then; afterwards it is gone, foretold as it is, logged by the service, and not there to be undone."""
    sheet, token_id = deletion
    refused = org.plan(sheet)
    (change,) = refused.changes
    assert ("DeleteScimToken", "high", False) == (change.kind, change.risk, change.reversible)
    assert ["irreversible"] == [verdict.rule for verdict in refused.refusals]
    assert "delete 1 SCIM token" == unlock_phrase(refused)
    assert "Okta is gone" in change.reason
    plan = org.plan(sheet, allow={f"irreversible:{change.id}": "Okta is gone"})
    foretold = after_changes(org.snapshot(), plan.changes).scim_tokens
    run = org.apply(plan, confirm=plan.fingerprint)
    assert run.is_done, str(run)
    assert token_id not in server.state.scim_tokens
    assert foretold.equals(org.snapshot().scim_tokens)
    assert "delete_scim_token" in {row["operation_name"] for row in server.state.audit}
    back = org.undo(run)
    assert back.is_empty
    assert ["cannot-come-back"] == [verdict.rule for verdict in back.warnings]
    assert "does not come back" in back.warnings[0].message


def test_a_token_that_is_gone_meanwhile_is_stale(org, server, deletion):
    """Nothing is sent, and the row says what is there."""
    sheet, token_id = deletion
    (change,) = org.plan(sheet).changes
    plan = org.plan(sheet, allow={f"irreversible:{change.id}": "Okta is gone"})
    del server.state.scim_tokens[token_id]
    run = org.apply(plan, confirm=plan.fingerprint)
    result = run.results.iloc[0]
    assert "skipped" == result["outcome"]
    assert "there is no SCIM token" in result["reason"]
    assert not [request for request in server.requests if request["method"] == "DELETE"]


@pytest.mark.parametrize(
    ("row", "column", "said"),
    [
        ({"action": "delete", "token_id": "nobody"}, "token_id", "No SCIM token"),
        ({"action": "revoke", "description": "Okta provisioning"}, "action", "There is no such action."),
        ({"action": "delete", "note": "which?"}, "token_id", "names no SCIM token"),
    ],
)
def test_what_is_wrong_is_said(org, row, column, said):
    """With the cell, and nothing is planned."""
    with pytest.raises(TableError) as error:
        org.plan({"scim_tokens": rows({"short_token": "", "token_id": "", "description": "", **row})})
    found = error.value.problems.iloc[0]
    assert column == found["column"]
    assert said in str(error.value)


def test_a_plan_names_the_token_and_wants_words_typed(org, deletion):
    """What cannot come back is typed before it is applied."""
    sheet, _ = deletion
    (change,) = org.plan(sheet).changes
    plan = org.plan(sheet, allow={f"irreversible:{change.id}": "Okta is gone"})
    for form in (plan.to_text(width=200), plan.to_html(), plan.to_csv()):
        assert change.before["short_token"][-4:] in form
    assert "1 SCIM token deleted" in plan.to_text()
    assert "takes or gives: delete 1 SCIM token" in " ".join(plan.to_text().split())
