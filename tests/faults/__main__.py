"""Try the whole fault matrix, print what held, and write the table of docs/safety.md: `make faults`."""

from __future__ import annotations

import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from lsnb import sandbox
from lsnb.plan.model import CHANGE_KINDS
from tests.faults.matrix import Cell, to_markdown, to_text
from tests.faults.trying import try_kind
from tests.guard import loopback_only

PAGE = Path(__file__).parents[2] / "docs" / "safety.md"
BEGIN, END = "<!-- written by make faults: begin -->", "<!-- written by make faults: end -->"
# Cells mostly wait for time limits, so more of them than processors go at once.
_PROCESSES = 4


def write_table(text: str, table: str) -> str:
    """Put a table into a page, between its marks."""
    before, rest = text.split(BEGIN)
    return f"{before}{BEGIN}\n{table}\n{END}{rest.split(END)[1]}"


def _try(kind: str) -> list[Cell]:
    loopback_only.install()
    with sandbox.start(seed="small") as server:
        return try_kind(server, kind)


def main() -> int:
    """Try everything; 1 when a cell is lost."""
    with ProcessPoolExecutor(_PROCESSES) as pool:
        cells = [cell for found in pool.map(_try, CHANGE_KINDS) for cell in found]
    sys.stdout.write(to_text(cells) + "\n")
    PAGE.write_text(write_table(PAGE.read_text("utf-8"), to_markdown(cells)), "utf-8")
    return int(any(cell.lost for cell in cells))


if __name__ == "__main__":
    sys.exit(main())
