from __future__ import annotations

import html
import json
import re

import pandas as pd
import pytest

import lsnb
from lsnb.checks import CHECKS, run_checks
from lsnb.errors import ConfigError
from lsnb.files.audit_file import ENDINGS, save_audit
from lsnb.report.audit_html import MOST_ROWS, audit_to_html
from lsnb.report.audit_markdown import audit_to_markdown
from lsnb.report.audit_text import audit_to_text
from lsnb.report.audit_words import audit_of
from tests.checks.test_checks import POLICY, good
from tests.checks.tiny import Tiny

NASTY = "<img src=x onerror=alert(1)>|*bold*`x`\u202e"


def spoilt() -> Tiny:
    """Make an organization with alarms of every severity, something unreadable, and a name that means harm."""
    tiny = good().add("kim@free.example", "Organization Admin").add("late", state="pending", days=40)
    tiny.add_role(NASTY, "runs:read").workspaces.append("Orphan")
    return tiny.lose("access_tokens")


@pytest.fixture(scope="module")
def audited():
    """Audit it."""
    snapshot = spoilt().snapshot()
    return run_checks(snapshot, policy=POLICY), snapshot


def test_the_numbers_of_a_report_are_those_of_the_findings(audited):
    """Alarms by severity, and every check in exactly one state."""
    findings, snapshot = audited
    found = audit_of(findings, snapshot)
    alarms = findings[findings["status"] == "alarm"]["severity"].value_counts()
    assert {
        severity: int(alarms.get(severity, 0)) for severity in ("critical", "high", "medium", "low")
    } == found.alarms
    assert len(CHECKS) == sum(int(words.split()[0].replace(",", "")) for words in found.checks)
    assert found.summary == audit_of(findings.iloc[::-1], snapshot).summary


def test_a_page_has_every_alarm_with_reason_evidence_and_remedy(audited):
    """Whoever reads it needs nothing else: the gravest first, with what could not be checked."""
    findings, snapshot = audited
    page = audit_to_html(findings, snapshot)
    text = html.unescape(re.sub(r"<[^>]+>", " ", page))
    for row in findings[findings["status"] == "alarm"].itertuples():
        assert [] == [part for part in (row.id, row.fix, row.title) if part not in text]
    assert 0 < page.index("<h2>Critical</h2>") < page.index("<h2>High</h2>") < page.index("<h2>Medium</h2>")
    assert "not for this key" in page[page.index("What could not be checked") :]
    assert "Access audit of Acme" in page
    assert "does not prove compliance" in page


def test_a_page_runs_and_loads_nothing(audited):
    """No script, no address, and no text of a stranger as markup; the browser is told to forbid it too."""
    page = audit_to_html(*audited)
    assert "<script" not in page.lower()
    assert re.search(r"(src|href)\s*=\s*[\"']?\s*http", page) is None
    assert "default-src 'none'" in page
    assert "<img" not in page
    assert "&lt;img src=x onerror=alert(1)&gt;" in page
    assert "\u202e" not in page
    assert "@media print" in page
    assert "light-dark(" in page


def test_the_chart_says_in_words_what_it_draws(audited):
    """A reader of screens hears the numbers; the bars are as long as they say."""
    findings, snapshot = audited
    page = audit_to_html(findings, snapshot)
    counts = audit_of(findings).alarms
    assert f'aria-label="Alarms by severity: {", ".join(f"{n} {s}" for s, n in counts.items())}"' in page
    widths = [int(width) for width in re.findall(r'<rect [^>]*width="(\d+)"', page)]
    most = max(counts.values())
    assert [max(round(320 * n / most), 1 if n else 0) for n in counts.values()] == widths


def test_a_part_of_a_page_is_no_page(audited):
    """In a notebook it stands among other things."""
    part = audit_to_html(*audited, page=False)
    assert "<html" not in part
    assert 'class="lsnb-audit"' in part


def test_an_organization_without_alarms_gets_a_page_that_says_so():
    """Nothing found is said, with what was fine."""
    snapshot = Tiny().add("ada", "Organization Admin").add("bob", "Organization Admin").snapshot()
    page = audit_to_html(run_checks(snapshot, only=["LS-ADM-01"]), snapshot)
    assert "No check alarms" in page
    assert "What is fine" in page
    assert "<svg" not in page


def test_a_page_stays_readable_with_many_findings():
    """Of one check so many rows are shown, and the rest is counted."""
    tiny = Tiny()
    for number in range(MOST_ROWS + 5):
        tiny.add(f"p{number:03}", state="pending", days=40)
    page = audit_to_html(run_checks(tiny.snapshot(), only=["LS-INV-01"]))
    assert MOST_ROWS == page.count("<tr><td class=resource>invitation:")
    assert "and 5 more" in page


def test_text_for_a_terminal_has_every_alarm_within_its_width(audited):
    """Check by check, the gravest first, with what to do; nothing steers the terminal, and no line is too long."""
    findings, snapshot = audited
    text = audit_to_text(findings, snapshot, width=80)
    alarms = findings[findings["status"] == "alarm"]
    assert [] == [name for name in alarms["id"] if name not in text]
    assert text.index("CRITICAL") < text.index("HIGH") < text.index("MEDIUM")
    assert "\u202e" not in text
    assert all(len(line) <= 80 for line in text.splitlines() if " " in line.strip())
    assert "… and 1 more." in audit_to_text(alarms.head(2).assign(id="LS-X", severity="low"), limit=1)


def test_markdown_is_safe_in_a_pull_request(audited):
    """No markup, mention or table is broken by a name; errors are listed."""
    text = audit_to_markdown(*audited)
    assert "## Access audit of Acme" in text
    assert "<img" not in text
    assert "### Could not be checked" in text
    for line in text.splitlines():
        if line.startswith("| role:"):
            assert 4 == len(re.findall(r"(?<!\\)\|", line))


def test_markdown_lists_so_many_and_counts_the_rest():
    """A pull request is no archive."""
    tiny = Tiny()
    for number in range(25):
        tiny.add(f"p{number:03}", state="pending", days=40)
    findings = run_checks(tiny.snapshot(), only=["LS-INV-01"])
    assert "… and 5 more." in audit_to_markdown(findings)
    assert 25 == audit_to_markdown(findings, limit=None).count("| invitation:")


@pytest.mark.parametrize("ending", ENDINGS)
def test_every_form_has_all_alarms(audited, tmp_path, ending):
    """Whatever the form, the file is written whole and read back by the usual programs."""
    findings, snapshot = audited
    path = lsnb.save_audit(findings, tmp_path / f"audit{ending}", snapshot=snapshot)
    if ending == ".csv":
        back = pd.read_csv(path)
    elif ending == ".json":
        back = pd.DataFrame(json.loads(path.read_text(encoding="utf-8")))
    elif ending == ".parquet":
        back = pd.read_parquet(path)
    elif ending == ".xlsx":
        back = pd.read_excel(path, sheet_name="findings")
        assert list(CHECKS) == pd.read_excel(path, sheet_name="checks")["id"].tolist()
    else:
        text = path.read_text(encoding="utf-8")
        assert all(name in text for name in findings[findings["status"] == "alarm"]["id"])
        return
    assert findings["id"].tolist() == back["id"].tolist()
    assert findings["status"].tolist() == back["status"].tolist()


def test_another_ending_is_refused(audited, tmp_path):
    """The message lists the endings there are."""
    with pytest.raises(ConfigError, match=r"\.html, \.md, \.csv"):
        save_audit(audited[0], tmp_path / "audit.pdf")
