"""The one printer of tables and of wrapped lines as text. It measures places on the screen, not letters.

A letter of Chinese, Japanese or Korean and most emoji take two places; an accent that stands apart takes none.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Collection, Sequence

import pandas as pd
import wcwidth

from lsnb.errors.safe_text import visible_line, without_keys

GAP = "  "
#: The narrowest that a column gets before a table does not fit.
_NARROWEST = 12
# What takes one place each, so that its length is its width.
_NARROW = re.compile("[\x20-\x7e\xa1-\xac\xae-\u02ff\u2013\u2014\u2018\u2019\u201c\u201d\u2026\u2192]*")


def width_of(text: str) -> int:
    """Measure how many places a text takes on the screen."""
    return len(text) if _NARROW.fullmatch(text) else wcwidth.width(text)


def pad(text: str, width: int, *, is_right: bool = False) -> str:
    """Fill a text up with blanks to a width."""
    blanks = " " * (width - width_of(text))
    return blanks + text if is_right else text + blanks


def wrap(text: str, width: int, *, indent: str = "") -> list[str]:
    """Break a text into lines of a width, at blanks where it can; no line for a text without letters.

    Args:
        text: the text.
        width: how many places a line may take.
        indent: what stands before each line but the first.
    """
    breaking = textwrap.wrap if _NARROW.fullmatch(text) else wcwidth.wrap
    return breaking(text, width, subsequent_indent=indent, break_on_hyphens=False)


def table_lines(
    header: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    width: int | None = None,
    right: Collection[int] = (),
) -> list[str] | None:
    """Lay rows out in columns that line up below their header.

    Args:
        header: the names of the columns.
        rows: the cells, harmless and each of one line.
        width: how many places a line may take, long cells then go over several lines; as many as it needs when None.
        right: the places of the columns that end in one line rather than begin there, such as numbers.

    Returns:
        The lines; None where the width does not do for a table.
    """
    natural = [max(map(width_of, column)) for column in zip(header, *rows, strict=True)]
    widths = natural if width is None else _fit(natural, width - len(GAP) * (len(natural) - 1))
    if widths is None:
        return None
    lines = []
    for row in (header, ["-" * size for size in widths], *rows):
        lines += _row(row, widths, right)
    return lines


def frame_to_text(frame: pd.DataFrame) -> str:
    """Write a table as text: a line per row, numbers ending in one line, nothing where nothing is known.

    What would steer a terminal is written out, and keys are taken out.
    """
    columns = [frame.iloc[:, place] for place in range(frame.shape[1])]
    texts = [[_cell(value) for value in column.astype(object).where(column.notna(), "")] for column in columns]
    numbers = [
        place
        for place, column in enumerate(columns)
        if pd.api.types.is_numeric_dtype(column.dtype) and not pd.api.types.is_bool_dtype(column.dtype)
    ]
    header = [_cell(column.name) for column in columns]
    return "\n".join(table_lines(header, list(zip(*texts, strict=True)), right=numbers) or [])


def _cell(value: object) -> str:
    return visible_line(without_keys(str(value)))


def _fit(natural: list[int], room: int) -> list[int] | None:
    """Share the room out: columns keep what they need, and the widest give way first; None where it does not do."""
    widths = list(natural)
    while sum(widths) > room:
        widest = max(range(len(widths)), key=widths.__getitem__)
        if widths[widest] <= _NARROWEST:
            return None
        widths[widest] -= 1
    return widths


def _row(cells: Sequence[str], widths: Sequence[int], right: Collection[int]) -> list[str]:
    columns = [
        [cell] if width_of(cell) <= size else wrap(cell, size) or [""] for cell, size in zip(cells, widths, strict=True)
    ]
    height = max(map(len, columns), default=0)
    padded = [column + [""] * (height - len(column)) for column in columns]
    return [
        GAP.join(
            pad(line, size, is_right=place in right)
            for place, (line, size) in enumerate(zip(parts, widths, strict=True))
        ).rstrip()
        for parts in zip(*padded, strict=True)
    ]
