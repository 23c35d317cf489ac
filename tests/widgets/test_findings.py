from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

import lsnb
from lsnb.errors import LsnbError
from lsnb.widgets import findings_view
from lsnb.widgets.findings import AREAS
from tests.widgets.conftest import NASTY, TIMEOUT_S
from tests.widgets.nasty import html_of, plant


@pytest.fixture
def findings(org):
    """Give what the audit finds in the demo organization."""
    return lsnb.audit(org.snapshot(audit_days=1))


@pytest.fixture
def view(findings):
    """Give the view of it."""
    made = findings_view(findings)
    yield made
    made.close()


def test_counts_are_those_of_the_audit(view, findings):
    """Every finding is counted once, under its severity and status, and the picture says the same in words."""
    counts = view.counts()
    assert len(findings) == counts.to_numpy().sum()
    n_high = len(findings[(findings["severity"] == "high") & (findings["status"] == "alarm")])
    assert n_high == counts.loc["high", "alarm"]
    assert f"{n_high} need attention" in view._picture.value


def test_filters_leave_what_they_say(view, findings):
    """Alarms are shown at first; severity, area, status and text narrow it down together."""
    assert (findings["status"] == "alarm").sum() == len(view.shown)
    found = view.filter(severity="high", area="KEY")
    assert {"high"} == set(found["severity"])
    assert {"KEY"} == {name.split("-")[1] for name in found["id"]}
    assert len(found) == len(view.grid.frame)
    assert 0 < len(view.filter(text="NEVER EXPIRES")) < len(found)
    assert len(findings) == len(view.filter(severity="all", area="all", status="all", text=""))
    with pytest.raises(LsnbError, match="There is no 'severe' to filter by"):
        view.filter(severity="severe")


def test_a_ticked_finding_is_told_in_full(view):
    """Why it matters, how it is known and what to do stand below the table."""
    place = view.filter(area="KEY", text="never expires").index[0]
    view.grid._hear(view.grid, {"type": "selected", "ids": [view.grid._cells.id_of(place)]}, [])
    view._hear(view.grid, {"type": "selected"}, [])
    finding = view.findings.loc[place]
    assert [place] == view.selected.index.tolist()
    for words in (finding["id"], finding["reason"], "Keys never expire by default.", "SOC 2 CC6.1"):
        assert words in view._details.value
    assert "<summary>Evidence</summary>" in view._details.value


def test_every_area_has_a_name():
    """No area of checks is shown by its letters only."""
    from lsnb.checks import CHECKS

    assert {check.area for check in CHECKS.values()} <= set(AREAS)


@pytest.mark.parametrize("ending", [".csv", ".xlsx", ".parquet", ".html"])
def test_what_is_shown_is_exported(view, ending, tmp_path):
    """A file has the filtered findings, and no others."""
    shown = view.filter(severity="critical")
    path = view.export(tmp_path / f"findings{ending}")
    if ending == ".html":
        text = path.read_text()
        assert all(name in text for name in shown["id"])
        assert "LS-ROL-05" not in text
    else:
        read: Any = {".csv": pd.read_csv, ".xlsx": pd.read_excel, ".parquet": pd.read_parquet}[ending]
        assert shown["id"].tolist() == read(path)["id"].tolist()


def test_filters_survive_running_the_cell_again(view, findings):
    """Another view of the same audit shows the same part of it."""
    shown = view.filter(severity="critical", text="key")
    again = findings_view(findings)
    assert shown.equals(again.shown)
    again.close()


def test_a_snapshot_is_checked_first(org, findings):
    """Given a snapshot, the view makes the audit itself, beside the notebook."""
    view = findings_view(org.snapshot(audit_days=1), org)
    assert len(findings) == len(view.findings)
    assert view.wait(TIMEOUT_S)
    view.close()


def test_ticked_findings_become_a_plan_that_repairs_them(org, server):
    """What a plan repairs is planned and applied, what it does not is listed; afterwards the finding is gone."""
    view = findings_view(org.snapshot(audit_days=1), org)
    view.filter(text="there is no such text")
    with pytest.raises(LsnbError, match="No plan repairs these findings"):
        view.plan_fixes()
    view.filter(area="ORG", text="public_sharing_disabled")
    assert ["settings"] == list(view.fixes())
    shown = view.show_fixes()
    assert ["UpdateSettings"] == [change.kind for change in shown.plan.changes]
    shown.unlock(shown.phrase)
    shown.apply().wait(TIMEOUT_S)
    assert shown.applying.run.is_done
    after = findings_view(org.snapshot(audit_days=1), org, fresh=True)
    assert after.filter(area="ORG", text="public_sharing_disabled").empty
    view.close()
    after.close()


def test_without_an_organization_nothing_is_planned(view):
    """Findings alone are for reading, and the form says what is missing."""
    with pytest.raises(LsnbError, match="There is no organization to plan for"):
        view.show_fixes()


def test_no_html_of_a_name_gets_onto_the_page(org, server):
    """What is called by HTML stays text in every text of the view, and in the page that is exported."""
    plant(server.state)
    view = findings_view(lsnb.audit(org.snapshot(audit_days=1)))
    view.filter(text="img", status="all")
    assert len(view.shown)
    for place in view.shown.index:
        view.show_details(place)
        assert "&lt;img" in view._details.value
    assert [] == [text for text in html_of(view.box) if "<img" in text]
    assert NASTY not in view.to_html()
    view.close()
