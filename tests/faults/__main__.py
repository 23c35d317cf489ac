"""Try the whole fault matrix and 500 stories, print what held, and write the table of docs/safety.md: `make faults`."""

from __future__ import annotations

import os
import secrets
import sys
import traceback
from concurrent.futures import Future, ProcessPoolExecutor
from pathlib import Path

from lsnb import sandbox
from lsnb.plan.model import CHANGE_KINDS
from tests.faults.matrix import Cell, to_markdown, to_text
from tests.faults.stories import tell
from tests.faults.trying import try_kind
from tests.guard import loopback_only

PAGE = Path(__file__).parents[2] / "docs" / "safety.md"
BEGIN, END = "<!-- written by make faults: begin -->", "<!-- written by make faults: end -->"
# Cells mostly wait for time limits, so more of them than processors go at once.
_PROCESSES = 4
_PARTS = 4


def write_table(text: str, table: str) -> str:
    """Put a table into a page, between its marks."""
    before, rest = text.split(BEGIN)
    return f"{before}{BEGIN}\n{table}\n{END}{rest.split(END)[1]}"


def _try(kind: str) -> list[Cell]:
    loopback_only.install()
    with sandbox.start(seed="small") as server:
        return try_kind(server, kind)


def _tell(examples: int, seed: int) -> str:
    """Tell stories; give what broke, empty where nothing did."""
    loopback_only.install()
    try:
        tell(examples, seed)
    except BaseException as error:
        return f"{''.join(traceback.format_exception_only(error))}Again: LSNB_SEED={seed} LSNB_EXAMPLES={examples}\n"
    return ""


def main() -> int:
    """Try everything; 1 when a cell is lost or a story breaks a promise."""
    examples = int(os.environ.get("LSNB_EXAMPLES", "500"))
    seed = int(os.environ.get("LSNB_SEED") or secrets.randbelow(10**9))
    sys.stdout.write(f"stories: LSNB_SEED={seed} LSNB_EXAMPLES={examples}\n")
    with ProcessPoolExecutor(_PROCESSES) as pool:
        told: list[Future[str]] = [
            pool.submit(_tell, examples // _PARTS, seed + part) for part in range(_PARTS if examples >= _PARTS else 0)
        ]
        cells = [cell for found in pool.map(_try, CHANGE_KINDS) for cell in found]
        broken = [words for future in told if (words := future.result())]
    sys.stdout.write(to_text(cells) + "\n")
    sys.stdout.write("".join(broken) or f"{examples:,} stories told, and every promise held\n")
    PAGE.write_text(write_table(PAGE.read_text("utf-8"), to_markdown(cells)), "utf-8")
    return int(bool(broken) or any(cell.lost for cell in cells))


if __name__ == "__main__":
    sys.exit(main())
