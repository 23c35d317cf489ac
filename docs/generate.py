"""Write the pages of docs/ that are made from the code: `make docs`. A test fails when one is out of date."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from docs.coverage import coverage_page
from lsnb.checks import CHECKS
from lsnb.tables import SPECS, TableSpec

DOCS = Path(__file__).parent
_KINDS = {
    "text": "text (`string`)",
    "flag": "true or false (`boolean`)",
    "count": "whole number (`Int64`)",
    "number": "number (`Float64`)",
    "time": "time, UTC (`datetime64[ns, UTC]`)",
}


def tables_page() -> str:
    """Describe every table: its row, columns, types and endpoints."""
    parts = [
        "# Tables",
        "",
        "Generated from the code by `make docs`; change `lsnb/tables/` instead.",
        "",
        "Every table of a snapshot is a pandas DataFrame with exactly these columns, in this order and with these "
        "types, also when it has no rows. Times are UTC. What is unknown is missing (`<NA>`, `NaT`), never an empty "
        "text. A table that could not be read raises `UnreadableTableError` instead of being empty; `completeness` "
        "says why.",
        "",
        *(f"- [`{spec.name}`](#{spec.name}): {spec.row}" for spec in SPECS.values()),
    ]
    for spec in SPECS.values():
        parts += ["", *_table_section(spec)]
    return "\n".join(parts) + "\n"


def _table_section(spec: TableSpec) -> list[str]:
    lines = [f"## {spec.name}", "", f"**One row:** {spec.row}.", ""]
    lines += [f"Read from {', '.join(f'`{endpoint}`' for endpoint in spec.endpoints)}.", ""] if spec.endpoints else []
    key, sort = (", ".join(f"`{name}`" for name in names) for names in (spec.key, spec.sort))
    lines += [f"A row is identified by {key}; rows are sorted by {sort}.", ""]
    lines += [spec.note, ""] if spec.note else []
    lines += ["| column | type | always there | meaning |", "|---|---|---|---|"]
    for column in spec.columns:
        unit = f", in {column.unit}" if column.unit else ""
        meaning = column.meaning.replace("|", "\\|")
        always = "yes" if column.required else ""
        lines.append(f"| `{column.name}` | {_KINDS[column.kind]}{unit} | {always} | {meaning} |")
    return lines


def checks_page() -> str:
    """Describe every check: how it should be, why it matters, and what to do."""
    lines = [
        "# Checks",
        "",
        "Generated from the code by `make docs`; change `lsnb/checks/` instead.",
        "",
        "`lsnb.audit(snap)` and `lsnb audit` run them. A check that could not read what it needs says `error`, never `ok`; "
        "so does one that stopped at a value that it does not understand, and the others go on. One that the plan makes pointless "
        "says `skip`, and what the data does not decide is `info`. A check supports the "
        "named controls; that none alarms does not prove compliance.",
        "",
        "| id | severity | how it should be | why it matters | what to do | supports |",
        "|---|---|---|---|---|---|",
    ]
    for check in sorted(CHECKS.values(), key=lambda check: check.id):
        supports = "; ".join(check.frameworks) if not isinstance(check.frameworks, str) else check.frameworks
        cells = (check.title, check.why, check.fix, supports)
        texts = " | ".join(cell.replace("|", "\\|") for cell in cells)
        lines.append(f"| `{check.id}` | {check.severity} | {texts} |")
    return "\n".join(lines) + "\n"


PAGES: dict[str, Callable[[], str]] = {
    "tables.md": tables_page,
    "checks.md": checks_page,
    "langsmith-coverage.md": coverage_page,
}


def main() -> int:
    """Write every generated page."""
    for name, page in PAGES.items():
        (DOCS / name).write_text(page(), encoding="utf-8")
        sys.stdout.write(f"wrote docs/{name}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
