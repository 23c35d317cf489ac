from __future__ import annotations

import datetime as dt
import io
import sys
import zipfile

import openpyxl
import pandas as pd
import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st

from lsnb.errors import MissingExtraError, TableError
from lsnb.files.sheets import read_sheet, write_access_sheet, write_problems, write_sheet
from lsnb.sheets import SHEET_COLUMNS, SHEET_MEANINGS, parse_sheet, sheet_from_access
from tests.edits.company import PRODUCTION, TWINS, make_snapshot, sheet

SNAPSHOT = make_snapshot()
ENCODINGS = ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252"]

# Letters that break files, often; any other letter, sometimes.
HOSTILE = st.text(
    st.one_of(
        st.sampled_from("'\"=+-@\t\r\n ,;|_x005FA\u00a0\ufeff\uff1d\x00\x07\x1f\x85\u2028\ufffe\U0001f600"),
        st.characters(codec="utf-8"),
    ),
    max_size=12,
)
TABLES = st.integers(1, 3).flatmap(lambda width: st.lists(st.tuples(*[HOSTILE] * width), max_size=5))


def csv_bytes(text, encoding="utf-8"):
    """Write text the way a program would that was told an encoding."""
    return text.encode(encoding)


def workbook(*rows, **sheets):
    """Make a workbook with openpyxl: the rows in the first sheet, more sheets by name."""
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    for name, lines in sheets.items():
        extra = book.create_sheet(name)
        for row in lines:
            extra.append(row)
    return book


def saved(book):
    """Give the bytes of a workbook."""
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def edited(content, part, old, new):
    """Change one part of a workbook."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as source, zipfile.ZipFile(buffer, "w") as target:
        for name in source.namelist():
            target.writestr(name, source.read(name).replace(old, new) if name == part else source.read(name))
    return buffer.getvalue()


def filled(rows):
    """Leave out the rows in which nothing can be seen."""
    return [(number, row) for number, row in rows if any(cell.strip() for cell in row)]


def cells(frame):
    """List the cells of a frame by row."""
    return frame.to_numpy().tolist()


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_csv_is_read_in_every_form_that_spreadsheets_write(encoding, separator, line_end):
    """The separator, the encoding and the line ends are seen in the file itself."""
    lines = ["email,note,code", 'j\u00fcrgen@example.com,"a\u2019b,c;d\te",007', "x@example.com,NA,TRUE"]
    plain = line_end.join(line.replace('"a\u2019b,c;d\te"', "@@").replace(",", separator) for line in lines) + line_end
    frame = read_sheet(csv_bytes(plain.replace("@@", '"a\u2019b,c;d\te"'), encoding))
    assert ["email", "note", "code"] == frame.columns.tolist()
    expected = [["j\u00fcrgen@example.com", "a\u2019b,c;d\te", "007"], ["x@example.com", "NA", "TRUE"]]
    assert expected == cells(frame)
    assert [2, 3] == frame.index.tolist()
    assert "row" == frame.index.name
    assert {"string"} == {str(dtype) for dtype in frame.dtypes}


def test_the_separator_is_looked_for_outside_quotation_marks():
    """A header with commas in its names does not mislead."""
    frame = read_sheet(b'"email, first, of, all";role\na@example.com;Viewer\n')
    assert ["email, first, of, all", "role"] == frame.columns.tolist()


def test_a_separator_that_the_file_names_is_obeyed():
    """Excel's own first line is no header, and is not counted."""
    frame = read_sheet(b"sep=|\r\nemail|role\r\na@example.com|Viewer\r\n")
    assert [["a@example.com", "Viewer"]] == cells(frame)
    assert [2] == frame.index.tolist()


def test_blank_rows_are_left_out_and_counted():
    """The number of a row is the one that a person sees beside it, also with line breaks inside cells."""
    frame = read_sheet(b'\r\nemail,note\r\n\r\na@example.com,"two\r\nlines"\r\n,\r\n  ,\r\nb@example.com,\r\n')
    assert [4, 7] == frame.index.tolist()
    assert [["a@example.com", "two\r\nlines"], ["b@example.com", ""]] == cells(frame)


def test_short_rows_are_filled_and_blank_ends_are_cut():
    """Separators too many or too few at the end of a line say nothing."""
    frame = read_sheet(b"email,role,note,,\na@example.com\nb@example.com,Viewer,x,,,,\n")
    assert [["a@example.com", "", ""], ["b@example.com", "Viewer", "x"]] == cells(frame)


def test_a_row_with_more_cells_than_the_header_is_named():
    """All such rows are listed, since their cells are in the wrong columns."""
    with pytest.raises(TableError, match=r"row 3, cell 3 'c'") as caught:
        read_sheet(b"email,role\na,b\na,b,c\na,b\na,b,,d\n")
    problems = caught.value.problems
    assert problems is not None
    assert [3, 5] == problems["row"].tolist()


@pytest.mark.parametrize("text", ['email,role\n"a@example.com,Viewer\nb@example.com,Viewer\n', 'email\n"a"b\n'])
def test_an_open_quotation_mark_is_an_error(text):
    """Otherwise it would swallow the rest of the sheet, and nobody would be told."""
    with pytest.raises(TableError, match="quotation mark"):
        read_sheet(text.encode())


def test_a_header_alone_is_a_sheet_without_rows():
    """The columns are there, as text."""
    frame = read_sheet(b"email,role\n")
    assert ["email", "role"] == frame.columns.tolist()
    assert {"string"} == {str(dtype) for dtype in frame.dtypes}
    assert parse_sheet(frame, SNAPSHOT).is_clean


@pytest.mark.parametrize("content", [b"", b"\xef\xbb\xbf", b"\r\n\r\n", b",,\n,,\n", b" ; \n"])
def test_an_empty_file_is_an_error(content):
    """A file without a header is no sheet."""
    with pytest.raises(TableError, match="is empty"):
        read_sheet(content)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(60), r"\.xls"),
        (b"%PDF-1.7\n", "PDF"),
        (b"PAR1....", "Parquet"),
        (b"\x1f\x8b\x08", "gzip"),
        (b"<html><table><tr><td>email</td></tr></table></html>", "web page"),
        (b"email\n\x81\x8d\x8f\n", "Windows-1252"),
    ],
)
def test_a_file_that_is_no_sheet_is_an_error_that_says_what_to_do(content, message):
    """The content is looked at, whatever the name says."""
    with pytest.raises(TableError, match=message):
        read_sheet(content)


@pytest.mark.parametrize(
    ("part", "content", "message"),
    [
        ("mimetype", "application/vnd.oasis.opendocument.spreadsheet", r"\.ods"),
        ("xl/workbook.bin", "", r"\.xlsb"),
        ("word/document.xml", "", "Word"),
        ("access.csv", "email\n", "zip archive"),
        ("xl/workbook.xml", "<broken", "Excel workbook"),
    ],
)
def test_a_zip_that_is_no_workbook_is_an_error_that_says_what_to_do(part, content, message):
    """Other documents are zip archives too."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(part, content)
    with pytest.raises(TableError, match=message):
        read_sheet(buffer.getvalue())


def test_a_file_that_is_not_there_is_an_error_that_says_where_it_was_looked_for(tmp_path):
    """Nobody needs a trace for a misspelt name; a folder is no file either."""
    with pytest.raises(TableError, match=r"no file .*nothing\.csv"):
        read_sheet(tmp_path / "nothing.csv")
    with pytest.raises(TableError, match="cannot be read"):
        read_sheet(tmp_path)


def test_a_frame_is_read_as_text_and_stays_as_it_is():
    """Values of any type become text, blank rows go, and the frame that was handed over is not changed."""
    frame = pd.DataFrame({"email": ["a", None, "c"], "n": [7.0, None, 0.5], 3: [True, None, dt.date(2026, 1, 5)]})
    before = frame.copy()
    read = read_sheet(frame)
    assert [["a", "7", "TRUE"], ["c", "0.5", "2026-01-05"]] == cells(read)
    assert ["email", "n", "3"] == read.columns.tolist()
    assert [2, 4] == read.index.tolist()
    assert [4] == read_sheet(read.iloc[1:]).index.tolist()
    pd.testing.assert_frame_equal(before, frame)


def test_excel_cells_are_read_as_the_text_that_is_seen():
    """Numbers, dates and flags are what a person reads in the cell; text stays text."""
    book = workbook(
        ["email", "v"],
        ["a", 7],
        ["b", "007"],
        ["c", 0.1],
        ["d", dt.datetime(2026, 1, 5)],
        ["e", dt.datetime(2026, 1, 5, 10, 30)],
        ["f", True],
        ["g", "NA"],
        [None, None],
        ["i", 123456789012],
    )
    frame = read_sheet(saved(book))
    expected = ["7", "007", "0.1", "2026-01-05", "2026-01-05T10:30:00", "TRUE", "NA", "123456789012"]
    assert expected == frame["v"].tolist()
    assert [*range(2, 9), 10] == frame.index.tolist()


def test_the_sheet_named_access_is_read_where_there_is_one():
    """Otherwise the first that can be seen."""
    lines = [["email"], ["a@example.com"]]
    assert [["a@example.com"]] == cells(read_sheet(saved(workbook(["other"], ["x"], access=lines))))
    book = workbook(["hidden"], ["x"], Team=lines)
    book["Sheet"].sheet_state = "hidden"
    assert [["a@example.com"]] == cells(read_sheet(saved(book)))


def test_text_that_looks_like_a_formula_is_read_as_text():
    """A text cell with `=` in front is what somebody's name may be."""
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer) as book:
        page = book.add_worksheet()
        page.write_string(0, 0, "email")
        page.write_string(1, 0, '=HYPERLINK("x")')
    assert [['=HYPERLINK("x")']] == cells(read_sheet(buffer.getvalue()))


def test_a_formula_counts_as_what_it_shows():
    """People fill columns with formulas; the result that is stored in the file is what they see."""
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer) as book:
        page = book.add_worksheet()
        page.write_row(0, 0, ["email", "langsmith_role", "n"])
        page.write_formula(1, 0, '=LOWER("A@EXAMPLE.COM")', value="a@example.com")
        page.write_formula(1, 1, '=""', value="@@")
        page.write_formula(1, 2, "=3+4", value=7)
    content = edited(buffer.getvalue(), "xl/worksheets/sheet1.xml", b"<v>@@</v>", b"<v></v>")
    assert [["a@example.com", "", "7"]] == cells(read_sheet(content))


def test_a_formula_without_a_result_is_an_error_that_names_the_cell():
    """An empty cell means leave alone; what was never worked out must not be read as that."""
    with pytest.raises(TableError, match=r"without a stored result.*B2"):
        read_sheet(saved(workbook(["email", "langsmith_role"], ["a@example.com", "=A1"])))


@pytest.mark.parametrize("ending", [".csv", ".tsv", ".xlsx"])
@settings(max_examples=50, deadline=None)
@given(rows=TABLES)
def test_every_text_survives_the_file(ending, rows, tmp_path_factory):
    """What is written is read back letter by letter; rows without any letter are blank, and left out."""
    width = len(rows[0]) if rows else 2
    names = ["email", *[f"=column {i}" for i in range(1, width)]]
    frame = pd.DataFrame(rows, columns=names, dtype="str")
    path = write_sheet(frame, tmp_path_factory.mktemp("sheets") / f"sheet{ending}")
    read = read_sheet(path)
    assert names == read.columns.tolist()
    written = [(number, list(row)) for number, row in enumerate(rows, start=2)]
    assert filled(written) == filled(list(zip(read.index.tolist(), cells(read), strict=True)))


def test_csv_cells_that_a_spreadsheet_would_run_are_neutralised(tmp_path):
    """In the file there is an apostrophe before them, and in nothing else."""
    path = write_sheet(pd.DataFrame({"note": ["=1+1", "'tis", "-5", "plain"]}), tmp_path / "s.csv")
    assert b"\xef\xbb\xbfnote\r\n'=1+1\r\n'tis\r\n'-5\r\nplain\r\n" == path.read_bytes()


def test_excel_stores_text_as_text(tmp_path):
    """No cell of a written workbook is a formula, a link or a number, and its format keeps what is typed as text."""
    path = write_sheet(pd.DataFrame({"note": ["=1+1", "https://example.com", "007"]}), tmp_path / "s.xlsx")
    page = openpyxl.load_workbook(path)["Access"]
    assert ["s", "s", "s"] == [page.cell(row, 1).data_type for row in (2, 3, 4)]
    assert ["=1+1", "https://example.com", "007"] == [page.cell(row, 1).value for row in (2, 3, 4)]
    assert page.cell(2, 1).hyperlink is None
    assert "@" == page.cell(2, 1).number_format == page.column_dimensions["A"].number_format


def test_the_access_sheet_in_excel_helps_to_fill_it_in(tmp_path):
    """Dropdowns for roles, workspaces and actions; the header stays in sight; filters; every column is explained."""
    book = openpyxl.load_workbook(write_access_sheet(SNAPSHOT, tmp_path / "s.xlsx"))
    assert ["Access", "About the columns", "Lists"] == book.sheetnames
    assert "hidden" == book["Lists"].sheet_state
    page = book["Access"]
    assert list(SHEET_COLUMNS) == [cell.value for cell in page[1]]
    assert "A2" == page.freeze_panes
    assert "A1:F17" == page.auto_filter.ref
    rules = {str(rule.sqref): rule for rule in page.data_validations.dataValidation}
    assert {"B2:B1048576", "D2:D1048576", "E2:E1048576"} == set(rules)
    choices = [cell.value for cell in book["Lists"]["A"]]
    assert "Lists!$A$1:$A$10" == rules["B2:B1048576"].formula1
    assert "Organization Admin" == choices[0]
    assert set(TWINS) < set(choices)
    explained = {row[0].value: row[1].value for row in book["About the columns"].iter_rows(min_row=2)}
    assert explained == SHEET_MEANINGS


@pytest.mark.parametrize("ending", [".csv", ".tsv", ".xlsx"])
def test_the_access_sheet_asks_for_nothing_when_it_is_read_back(ending, tmp_path):
    """Written and read, it is the same sheet, without problems."""
    read = read_sheet(write_access_sheet(SNAPSHOT, tmp_path / f"s{ending}"))
    assert cells(sheet_from_access(SNAPSHOT)) == cells(read)
    assert parse_sheet(read, SNAPSHOT).is_clean


def test_the_access_sheet_of_one_workspace_can_be_written(tmp_path):
    """A team lead gets the rows of the own workspace."""
    read = read_sheet(write_access_sheet(SNAPSHOT, tmp_path / "s.csv", workspaces=["Production"]))
    assert {PRODUCTION} == set(read["workspace_id"])


@pytest.mark.parametrize("ending", [".csv", ".xlsx"])
def test_problems_are_written_into_the_sheet_they_came_from(ending, tmp_path):
    """Columns, rows and row numbers stay; a new column says what is wrong; it does not disturb the next reading."""
    original = tmp_path / "mine.csv"
    original.write_bytes(
        b"Email;team;Role;problem\r\ndana@example.com;=A;Edtor;old\r\n\r\nx;B;;\r\nbob@example.com;C;;\r\n"
    )
    edits = parse_sheet(read_sheet(original), SNAPSHOT)
    path = write_problems(original, edits, tmp_path / f"back{ending}")
    back = read_sheet(path)
    assert ["Email", "team", "Role", "problem"] == back.columns.tolist()
    assert [2, 4, 5] == back.index.tolist()
    assert ["=A", "B", "C"] == back["team"].tolist()
    first, second, third = back["problem"]
    assert first.startswith("langsmith_role: There is no such role")
    assert second == "email: An address has an @ in it. Write it as name@example.com."
    assert third == ""
    again = parse_sheet(back, SNAPSHOT)
    assert edits.problems.equals(again.problems)


def test_problems_of_the_header_are_written_beside_the_first_row(tmp_path):
    """There is no cell for them in the header, and they must not get lost, also when there are no rows."""
    for rows in ([], [["a", "b"]]):
        frame = sheet(*rows, columns="person role")
        path = write_problems(frame, parse_sheet(frame, SNAPSHOT), tmp_path / "back.csv")
        assert read_sheet(path)["problem"].iloc[0].startswith("email: There is no column email.")


def test_two_problems_of_one_row_are_joined(tmp_path):
    """Each is told with its column."""
    frame = sheet(["dana", "Edtor", "Production"])
    text = read_sheet(write_problems(frame, parse_sheet(frame, SNAPSHOT), tmp_path / "back.csv"))["problem"].iloc[0]
    assert 2 == len(text.split(" | "))


@pytest.mark.parametrize(
    ("name", "message"),
    [("s.ods", r"\.csv, \.tsv, \.xlsx"), ("sheet", r"\.csv, \.tsv, \.xlsx"), ("no/where/s.csv", "no folder")],
)
def test_a_file_that_cannot_be_written_is_an_error_that_says_why(name, message, tmp_path):
    """Another ending, or a folder that is not there."""
    with pytest.raises(TableError, match=message):
        write_sheet(pd.DataFrame({"email": ["a"]}), tmp_path / name)


def test_what_excel_cannot_hold_is_an_error_and_the_old_file_stays(tmp_path):
    """Nothing is cut without a word, and a failed writing leaves what was there."""
    path = write_sheet(pd.DataFrame({"email": ["a"]}), tmp_path / "s.xlsx")
    before = path.read_bytes()
    with pytest.raises(TableError, match="Row 3, email: the text has 32,768 letters"):
        write_sheet(pd.DataFrame({"email": ["a", "x" * 32_768]}), path)
    assert before == path.read_bytes()
    assert ["s.xlsx"] == [file.name for file in tmp_path.iterdir()]


def test_excel_names_the_extra_when_it_is_not_installed(monkeypatch, tmp_path):
    """The error says what to install."""
    content = saved(workbook(["email"], ["a"]))
    monkeypatch.setitem(sys.modules, "openpyxl.reader.excel", None)
    monkeypatch.setitem(sys.modules, "xlsxwriter", None)
    with pytest.raises(MissingExtraError, match=r"lsnb\[excel\]"):
        read_sheet(content)
    with pytest.raises(MissingExtraError, match=r"lsnb\[excel\]"):
        write_sheet(pd.DataFrame({"email": ["a"]}), tmp_path / "s.xlsx")
