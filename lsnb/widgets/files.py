"""Tables as the bytes of a file, for download buttons."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

import pandas as pd

from lsnb.files.table_file import export_table


def table_file(frame: pd.DataFrame, name: str, ending: str) -> tuple[str, bytes]:
    """Give a table as a file of that ending (.csv, .xlsx, .parquet or .json), as its name and content.

    Raises:
        ConfigError: another ending.
        MissingExtraError: Excel needs `pip install 'lsnb[excel]'`.
    """
    safe = re.sub(r"[^\w.-]+", "-", name).strip("-") or "table"
    with tempfile.TemporaryDirectory() as folder:
        path = export_table(frame, Path(folder) / f"{safe}{ending}", title=name)
        return path.name, path.read_bytes()
