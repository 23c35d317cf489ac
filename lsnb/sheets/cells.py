"""Cells that a spreadsheet would run as a formula: how they are written to CSV, and how they are read back.

One apostrophe is put before such a text, and taken away again. So that every text comes back as it was, also a text
that begins with apostrophes already, the rule is about the text behind them: what is dangerous behind any number of
apostrophes gets one more on the way out, and loses one on the way in. Other texts, such as `'tis`, are never touched.
"""

from __future__ import annotations

import re

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from lsnb.tables.spec import DTYPES, text_array

MARK = "'"

#: What the known attacks begin with, also behind blanks and marks that do not show, and in the wide forms of East Asian
#: keyboards, which some spreadsheets read as the narrow ones. A tab or a line break at the start moves the cell.
_DANGEROUS = (
    r"^'*(?:[\t\r\n]|"
    r"[\x{0000}-\x{0020}\x{007F}\x{0085}\x{00A0}\x{1680}\x{180E}\x{2000}-\x{200F}\x{2028}-\x{202F}\x{205F}-\x{2064}\x{3000}\x{FEFF}]*"
    r"[=+\-@\x{FF1D}\x{FF0B}\x{FF0D}\x{FF20}])"
)
_DANGEROUS_RE = re.compile(re.sub(r"\\x\{([0-9A-F]{4})\}", r"\\u\1", _DANGEROUS))


def is_dangerous(text: str) -> bool:
    """Tell whether a spreadsheet might run this text, were it not for apostrophes before it."""
    return _DANGEROUS_RE.match(text) is not None


def neutralise(column: pd.Series) -> pd.Series:
    """Put an apostrophe before every text that a spreadsheet would run.

    Args:
        column: a text column; unknown stays unknown.

    Returns:
        A new text column; `restore` turns it back, for every text there is.
    """
    texts = text_array(column)
    marked = pc.binary_join_element_wise(pa.scalar(MARK), texts, "")
    return _to_series(pc.if_else(_are_dangerous(texts), marked, texts), column)


def restore(column: pd.Series) -> pd.Series:
    """Take away the apostrophe that `neutralise` put before a text; others stay.

    Args:
        column: a text column; unknown stays unknown.
    """
    texts = text_array(column)
    inner = pc.utf8_slice_codeunits(texts, 1)
    is_marked = pc.and_(pc.starts_with(texts, MARK), _are_dangerous(inner))
    return _to_series(pc.if_else(is_marked, inner, texts), column)


def neutralise_text(text: str) -> str:
    """Do to one text what `neutralise` does to a column."""
    return MARK + text if is_dangerous(text) else text


def restore_text(text: str) -> str:
    """Do to one text what `restore` does to a column."""
    return text[1:] if text.startswith(MARK) and is_dangerous(text[1:]) else text


def _are_dangerous(texts: pa.Array) -> pa.Array:
    return pc.match_substring_regex(texts, _DANGEROUS)


def _to_series(texts: pa.Array | pa.ChunkedArray, like: pd.Series) -> pd.Series:
    if isinstance(texts, pa.Array):
        texts = pa.chunked_array([texts])
    return pd.Series(DTYPES["text"].__from_arrow__(texts), index=like.index, name=like.name)
