"""Exports: four formats, the same rows, and no text that a spreadsheet would run."""

from __future__ import annotations

import json
from pathlib import Path

import openpyxl
import pandas as pd
import pytest

import lsnb
from lsnb.errors import ConfigError
from lsnb.files.table_file import export_tables

HOSTILE = ['=HYPERLINK("http://evil.example","x")', "+1", "-1", "@SUM(A1)", "<img src=x onerror=1>", 'Ünï, "q"\n2']


@pytest.fixture
def frame():
    """Make a table with every kind of column, hostile texts and unknown values."""
    n = len(HOSTILE)
    return pd.DataFrame(
        {
            "name": pd.Series(HOSTILE, dtype="string"),
            "n": pd.Series(range(n), dtype="Int64").where(pd.Series(range(n)) != 2),
            "is_x": pd.Series([True, False, pd.NA] * 2, dtype="boolean"),
            "at": pd.to_datetime(["2026-01-02T03:04:05Z", None] * 3, utc=True).astype("datetime64[ns, UTC]"),
            "kind": pd.Categorical(["a", None] * 3),
        }
    )


def test_csv_neutralises_formulas_and_opens_in_excel(frame, tmp_path):
    """Cells that would run start with an apostrophe, and Excel sees that it is UTF-8."""
    lsnb.export_table(frame, tmp_path / "x.csv")
    content = (tmp_path / "x.csv").read_bytes()
    assert content.startswith(b"\xef\xbb\xbf")
    again = pd.read_csv(tmp_path / "x.csv", dtype=str, keep_default_na=False)
    assert ["'" + text for text in HOSTILE[:4]] + HOSTILE[4:] == again["name"].tolist()
    assert ["2026-01-02T03:04:05Z", ""] * 3 == again["at"].tolist()
    assert "" == again["n"].iloc[2]


def test_excel_keeps_text_as_text(frame, tmp_path):
    """No cell is a formula or a link; header, filter and types are there."""
    lsnb.export_table(frame, tmp_path / "x.xlsx", title="people: all/none")
    book = openpyxl.load_workbook(tmp_path / "x.xlsx")
    sheet = book.active
    assert "people_ all_none" == sheet.title
    assert "A2" == sheet.freeze_panes
    assert list(frame.columns) == [cell.value for cell in sheet[1]]
    assert HOSTILE == [row[0].value for row in sheet.iter_rows(min_row=2)]
    assert {"s"} == {row[0].data_type for row in sheet.iter_rows(min_row=2)}
    assert all(row[0].hyperlink is None for row in sheet.iter_rows(min_row=2))
    assert [True, False, None] == [row[2].value for row in sheet.iter_rows(min_row=2, max_row=4)]


def test_json_has_nulls_and_plain_values(frame, tmp_path):
    """What is unknown is null, and texts are unchanged."""
    lsnb.export_table(frame, tmp_path / "x.json")
    records = json.loads((tmp_path / "x.json").read_text())
    assert HOSTILE == [record["name"] for record in records]
    assert [0, 1, None] == [record["n"] for record in records[:3]]
    assert [True, False, None] == [record["is_x"] for record in records[:3]]


def test_parquet_keeps_the_types(frame, tmp_path):
    """Parquet reads back as it was."""
    lsnb.export_table(frame, tmp_path / "x.parquet")
    again = pd.read_parquet(tmp_path / "x.parquet")
    assert HOSTILE == again["name"].tolist()
    assert "datetime64[ns, UTC]" == str(again["at"].dtype)


def test_several_tables_go_into_one_workbook(frame, tmp_path):
    """Excel and JSON hold several tables, CSV and Parquet do not and say so."""
    export_tables({"a": frame, "b": frame.head(0)}, tmp_path / "x.xlsx")
    assert ["a", "b"] == openpyxl.load_workbook(tmp_path / "x.xlsx").sheetnames
    export_tables({"a": frame, "b": frame.head(0)}, tmp_path / "x.json")
    assert {"a", "b"} == set(json.loads((tmp_path / "x.json").read_text()))
    with pytest.raises(ConfigError, match="one table"):
        export_tables({"a": frame, "b": frame}, tmp_path / "x.csv")


def test_unknown_ending_and_missing_folder_are_said(frame, tmp_path):
    """The message lists the endings, and names the folder."""
    with pytest.raises(ConfigError, match=r"\.csv, \.xlsx"):
        lsnb.export_table(frame, tmp_path / "x.txt")
    with pytest.raises(ConfigError, match="could not be written"):
        lsnb.export_table(frame, tmp_path / "no" / "x.csv")
    assert [] == list(tmp_path.iterdir())


def test_columns_in_excel_are_as_wide_as_wide_letters_need(tmp_path):
    """A letter of Japanese takes two places, and nothing gets wider than a screen."""
    frame = pd.DataFrame({"a": ["日本語のなまえ"], "b": ["x" * 500], "c": [float("inf")]})
    lsnb.export_table(frame, tmp_path / "x.xlsx")
    sheet = openpyxl.load_workbook(tmp_path / "x.xlsx").active
    widths = [sheet.column_dimensions[name].width for name in "abc".upper()]
    assert 16 <= widths[0] < 18
    assert 60 <= widths[1] < 62
    assert "inf" == sheet["C2"].value


def test_a_text_that_is_cut_for_excel_says_so(tmp_path):
    """Excel holds 32,767 letters; the last one is a mark when there were more."""
    lsnb.export_table(pd.DataFrame({"a": ["x" * 32_767, "x" * 32_768]}), tmp_path / "x.xlsx")
    sheet = openpyxl.load_workbook(tmp_path / "x.xlsx").active
    assert ("x" * 32_767, "x" * 32_766 + "…") == (sheet["A2"].value, sheet["A3"].value)


def test_one_module_writes_excel_files():
    """What makes text safe in Excel is written once; nothing goes past it."""
    package = Path(lsnb.__file__).parent
    writers = [path for path in package.rglob("*.py") if "import xlsxwriter" in path.read_text(encoding="utf-8")]
    assert writers == [package / "files/xlsx.py"]
    assert [] == [
        path
        for path in package.rglob("*.py")
        if "to_excel(" in path.read_text(encoding="utf-8").replace("_to_excel(", "")
    ]
