"""The grid without a browser: what Python holds, what it tells, and what it does with what it hears."""

from __future__ import annotations

import gzip
import json
import threading

import pandas as pd
import pytest

from lsnb.errors import GridError
from lsnb.widgets import Grid, GridColumn

ROLES = ["Admin", "Editor", "Viewer"]


def make_frame():
    """Make four people, one without a role."""
    frame = pd.DataFrame(
        {
            "email": ["a@example.com", "b@example.com", "c@example.com", "d@example.com"],
            "role": ["Admin", "Viewer", None, "Editor"],
            "seats": [1, 2, 3, 4],
            "active": [True, False, True, True],
            "team": ["x", "y", "x", "y"],
        }
    )
    return frame.astype({"email": "string", "role": "string", "team": "category"})


def make_grid(frame=None, **more):
    """Make a grid that writes down what it sends."""
    columns = [
        GridColumn("email"),
        GridColumn("role", editable=True, choices=ROLES),
        GridColumn("seats", editable=True, kind="number", check=lambda seats: "too many" if seats == 99 else None),
        GridColumn("active", editable=True, kind="bool"),
        GridColumn("team", editable=True),
    ]
    settings = {"key": "email", "can_add": True, "can_remove": True, "new_row": {"role": "Viewer"}} | more
    grid = Grid(make_frame() if frame is None else frame, columns, **settings)
    grid.sent = []
    grid.send = lambda content, buffers=None: grid.sent.append((content, buffers))
    return grid


def hear(grid, **message):
    """Do what a message from the browser does, and give the last answer."""
    grid._handle_custom_msg({"client": "page", **message}, [])
    return grid.sent[-1][0] if grid.sent else None


def edit(grid, *ops, seq=1):
    """Edit as the browser does."""
    return hear(grid, type="edit", seq=seq, ops=list(ops))


def put(column, ids, values):
    """Name the operation that sets cells."""
    return {"op": "set", "column": column, "ids": ids, "values": values}


def as_lists(frame):
    """Give a frame's rows, with None for what is missing."""
    return frame.astype(object).where(frame.notna(), None).to_numpy().tolist()


def unpack(grid):
    """Ask for the table as the browser does."""
    hear(grid, type="ready")
    return json.loads(gzip.decompress(grid.sent[-1][1][0]))


def test_edits_stand_beside_the_frame():
    """An edit is a row of key, column, before and after; the DataFrame stays as it was given."""
    frame = make_frame()
    grid = make_grid(frame)
    edit(grid, put("role", [1, 2], ["Admin", "Editor"]), put("seats", [0], ["7"]))
    assert [
        ["a@example.com", "seats", 1, 7],
        ["b@example.com", "role", "Viewer", "Admin"],
        ["c@example.com", "role", None, "Editor"],
    ] == as_lists(grid.edits)
    pd.testing.assert_frame_equal(make_frame(), frame)
    assert grid.frame is frame


def test_edited_has_the_edits_and_the_dtypes():
    """The edited table keeps its index and dtypes; removed rows are gone, added ones stand at the end."""
    grid = make_grid()
    grid.set_value("b@example.com", "team", "z")
    grid.remove_rows(["a@example.com"])
    assert "new:1" == grid.add_row({"email": "e@example.com", "seats": 5, "active": True, "team": "x"})
    edited = grid.edited()
    assert [1, 2, 3, 4] == edited.index.tolist()
    assert ["b@example.com", "c@example.com", "d@example.com", "e@example.com"] == edited["email"].tolist()
    assert ["z", "x", "y", "x"] == edited["team"].tolist()
    assert "Viewer" == edited["role"].iloc[-1]
    before, after = make_frame().dtypes, edited.dtypes
    assert [before[name] for name in ("email", "role", "seats", "active")] == [
        after[name] for name in ("email", "role", "seats", "active")
    ]
    assert isinstance(after["team"], pd.CategoricalDtype)
    assert ["a@example.com"] == grid.removed


def test_a_table_without_edits_comes_back_as_it_was():
    """Nothing done, nothing changed: the same values, dtypes and index, and empty frames of edits."""
    grid = make_grid()
    pd.testing.assert_frame_equal(make_frame(), grid.edited())
    assert [0, 0, 0] == [len(grid.edits), len(grid.added), len(grid.problems)]
    assert ["key", "column", "before", "after"] == list(grid.edits.columns)
    assert ["key", *make_frame().columns] == list(grid.added.columns)


@pytest.mark.parametrize(
    ("column", "value", "dtype"),
    [
        ("seats", 2.5, "float64"),
        ("seats", "many", "object"),
        ("seats", None, "Int64"),
        ("active", None, "boolean"),
        ("active", "maybe", "object"),
    ],
)
def test_no_value_is_bent_to_fit_a_dtype(column, value, dtype):
    """A half in a column of whole numbers, a word among flags, nothing: the column takes a dtype that holds it."""
    grid = make_grid()
    grid.set_value("b@example.com", column, value)
    cell = grid.edited()[column].iloc[1]
    assert value == (None if pd.isna(cell) else cell)
    assert dtype == str(grid.edited()[column].dtype)


def test_back_to_the_old_value_is_no_edit():
    """Who types the old value again has changed nothing; an empty cell that stays empty is none either."""
    grid = make_grid()
    edit(grid, put("role", [0], ["Viewer"]))
    edit(grid, put("role", [0, 2], ["Admin", ""]), seq=2)
    assert 0 == len(grid.edits)


def test_a_missing_value_is_empty_and_stays_missing():
    """A missing cell goes to the browser as nothing, and an emptied one comes back as missing."""
    grid = make_grid()
    table = unpack(grid)
    role = table["values"][1]
    shown = [role["levels"][code] for code in role["codes"]] if isinstance(role, dict) else role
    assert ["Admin", "Viewer", None, "Editor"] == shown
    edit(grid, put("team", [0], [""]))
    assert grid.edits["after"].iloc[0] is pd.NA
    assert pd.isna(grid.edited()["team"].iloc[0])
    assert pd.isna(grid.edited()["role"].iloc[2])


def test_python_checks_every_edit_again():
    """A value that fails is kept and marked, with the reason sent to the browser; one that is put right is unmarked."""
    grid = make_grid()
    answer = edit(grid, put("role", [0], ["boss"]), put("seats", [1, 2], ["many", 99]), put("active", [3], ["maybe"]))
    assert [
        ["a@example.com", "role", "boss", "“boss” is not one of “Admin”, “Editor”, “Viewer”"],
        ["b@example.com", "seats", "many", "“many” is not a number"],
        ["c@example.com", "seats", 99, "too many"],
        ["d@example.com", "active", "maybe", "“maybe” is neither yes nor no"],
    ] == as_lists(grid.problems)
    assert [0, 1, 2, 3] == [row_id for row_id, _, _ in answer["problems"]]
    assert 4 == len(grid.edits)
    answer = edit(grid, put("role", [0], [" admin "]), seq=2)
    assert [(0, "role", None)] == answer["problems"]
    assert [put("role", [0], ["Admin"])] == answer["ops"]
    assert 3 == len(grid.problems)


def test_a_locked_column_refuses():
    """A forged message writes no locked cell, no row that is not there, no unknown column; the old value is sent back."""
    grid = make_grid()
    answer = edit(
        grid, put("email", [0], ["evil@example.com"]), put("role", [77, "x", True], ["Admin"] * 3), put("no", [0], [1])
    )
    assert [5, "email cannot be edited"] == answer["refused"]
    assert [put("email", [0], ["a@example.com"])] == answer["ops"]
    assert 0 == len(grid.edits)
    with pytest.raises(GridError, match="email cannot be edited"):
        grid.set_value("a@example.com", "email", "x")
    with pytest.raises(GridError, match="no row with the key 'z'"):
        grid.set_value("z", "role", "Admin")


def test_an_edit_is_answered_with_less_than_the_table():
    """What goes over the wire for one edit does not grow with the table."""
    n = 5_000
    grid = make_grid(
        pd.DataFrame(
            {
                "email": [f"p{i}@example.com" for i in range(n)],
                "role": "Viewer",
                "seats": 1,
                "active": True,
                "team": "x",
            }
        )
    )
    answer = edit(grid, put("role", [4_000], ["admin"]))
    assert 300 > len(json.dumps(answer))
    assert [None] == [buffers for _, buffers in grid.sent]


def test_a_message_that_comes_twice_counts_once():
    """The browser sends again what was not answered in time; Python does it once, and answers again."""
    grid = make_grid()
    addition = {"op": "add", "ids": ["page-1"], "rows": [{"email": "e@example.com"}]}
    edit(grid, addition)
    answer = edit(grid, addition)
    assert 1 == answer["seq"]
    assert ["new:1"] == grid.added["key"].tolist()


def test_undo_and_redo_go_through_the_steps_of_all_sides():
    """A step is one paste or one call, wherever it was made; taking back brings everything of it back, problems too."""
    grid = make_grid()
    edit(
        grid,
        put("role", [0, 1], ["boss", "Admin"]),
        {"op": "add", "ids": ["page-1"], "rows": [{"email": "e@example.com"}]},
    )
    grid.remove_rows(["d@example.com"])
    assert (2, 1, 1) == (len(grid.edits), len(grid.added), len(grid.removed))
    assert grid.undo()
    assert [] == grid.removed
    answer = hear(grid, type="undo", seq=2)
    assert (0, 0, 0) == (len(grid.edits), len(grid.added), len(grid.problems))
    assert (0, 2) == answer["steps"]
    assert not grid.undo()
    assert grid.redo()
    assert (2, 1, 1) == (len(grid.edits), len(grid.added), len(grid.problems))
    grid.set_value("a@example.com", "role", "Viewer")
    assert not grid.redo()


def test_added_rows():
    """An added row starts with the new row's values, may be given a key, is checked as a whole, and goes when removed."""
    grid = make_grid()
    edit(
        grid, {"op": "add", "ids": ["page-1"], "rows": [{"role": "boss"}]}, put("email", ["page-1"], ["e@example.com"])
    )
    key = grid.add_row({"email": "f@example.com"})
    assert [["new:1", "e@example.com", "boss"], ["new:2", "f@example.com", "Viewer"]] == as_lists(
        grid.added[["key", "email", "role"]]
    )
    assert [["new:1", "role"]] == as_lists(grid.problems[["key", "column"]])
    grid.remove_rows(["new:1"])
    assert [key] == grid.added["key"].tolist()
    assert 0 == len(grid.problems)
    assert 0 == len(grid.edits)


def test_rows_cannot_be_added_or_removed_where_that_is_off():
    """A table that may only be edited refuses both, from Python and from the browser."""
    grid = make_grid(can_add=False, can_remove=False)
    answer = edit(grid, {"op": "add", "ids": ["page-1"], "rows": [{}]}, {"op": "remove", "ids": [0]})
    assert 2 == answer["refused"][0]
    assert ([], 0) == (grid.removed, len(grid.added))
    with pytest.raises(GridError, match="rows cannot be added"):
        grid.add_row({})
    with pytest.raises(GridError, match="rows cannot be removed"):
        grid.remove_rows(["a@example.com"])


def test_rows_for_removal_have_no_edits_until_they_are_restored():
    """What is to go is not changed first."""
    grid = make_grid()
    grid.set_values(["a@example.com", "b@example.com"], "role", "Editor")
    grid.remove_rows(["a@example.com"])
    assert ["b@example.com"] == grid.edits["key"].tolist()
    grid.restore_rows(["a@example.com"])
    assert ["a@example.com", "b@example.com"] == grid.edits["key"].tolist()


def test_open_views_follow_python():
    """What is set in Python is sent as the small operation, with what is wrong and the steps that can be taken back."""
    grid = make_grid()
    grid.set_values(["a@example.com", "c@example.com"], "role", "boss")
    message, _ = grid.sent[-1]
    assert "ops" == message["type"]
    assert put("role", [0, 2], ["boss", "boss"]) == message["ops"][0]
    assert [0, 2] == [row_id for row_id, _, _ in message["problems"]]
    assert (1, 0) == message["steps"]


def test_who_observes_hears_of_every_change():
    """The revision goes up with each change, and callbacks get the grid; reading, ticking and nothing new do not count."""
    grid = make_grid()
    heard, called = [], []
    grid.observe(lambda change: heard.append(change.new), "revision")
    stop = grid.on_change(lambda changed: called.append(len(changed.edits)))
    edit(grid, put("role", [0], ["Viewer"]))
    edit(grid, put("role", [0], ["Viewer"]), seq=2)
    hear(grid, type="selected", ids=[3, 0])
    hear(grid, type="ready")
    grid.undo()
    stop()
    grid.redo()
    assert heard == sorted(set(heard))
    assert 3 == len(heard)
    assert [1, 0] == called
    assert ["d@example.com", "a@example.com"] == grid.selected


def test_what_a_callback_raises_is_shown():
    """The error of a callback would vanish in the kernel's log; the table says it, and the edit stays."""
    grid = make_grid()
    grid.on_change(lambda _: 1 / 0)
    edit(grid, put("role", [0], ["Viewer"]))
    assert {"type": "failed", "text": "ZeroDivisionError: division by zero"} == grid.sent[-1][0]
    assert 1 == len(grid.edits)


def test_a_check_that_fails_is_a_problem_of_the_cell():
    """A reader's own function that breaks takes no edit away."""
    grid = Grid(make_frame(), [GridColumn("role", editable=True, check=lambda role: role.nothing)], key="email")
    grid.set_value("a@example.com", "role", "x")
    assert "could not be checked: AttributeError" in grid.problems["reason"].iloc[0]
    assert 1 == len(grid.edits)


def test_marks_of_others_stand_at_their_cells():
    """Problems found elsewhere are shown, replace each other, and go when their cell is edited."""
    grid = make_grid()
    grid.mark(
        pd.DataFrame({"key": ["a@example.com", "b@example.com"], "column": ["role", pd.NA], "reason": ["no", "who?"]})
    )
    assert [["a@example.com", "role", "no"], ["b@example.com", "email", "who?"]] == as_lists(
        grid.problems[["key", "column", "reason"]]
    )
    edit(grid, put("role", [0], ["Viewer"]))
    assert ["who?"] == grid.problems["reason"].tolist()
    grid.mark(pd.DataFrame({"key": ["c@example.com"], "column": ["role"], "reason": ["none"]}))
    assert [(1, "email", None), (2, "role", "none")] == sorted(grid.sent[-1][0]["problems"])


def test_reset_forgets_the_edits_or_takes_another_table():
    """The same table without its edits, or another one; steps and problems are gone."""
    grid = make_grid()
    grid.set_value("a@example.com", "role", "boss")
    grid.reset()
    assert (0, 0, False) == (len(grid.edits), len(grid.problems), grid.undo())
    grid.reset(make_frame().head(2))
    assert 2 == len(grid.edited())
    assert 2 == json.loads(gzip.decompress(grid.sent[-1][1][0]))["n_rows"]


def test_an_edit_of_a_table_that_was_replaced_reaches_no_row_of_the_new_one():
    """Rows are named by their place: what was on its way when the table was replaced is refused, with a reason."""
    grid = make_grid()
    hear(grid, type="ready")
    old = grid.sent[-1][0]["generation"]
    grid.reset(make_frame().iloc[::-1].reset_index(drop=True))
    answer = hear(grid, type="edit", seq=1, generation=old, ops=[put("role", [0], ["Viewer"])])
    assert [1, "the table was replaced meanwhile"] == answer["refused"]
    hear(grid, type="selected", ids=[0], generation=old)
    assert ([], 0) == (grid.selected, len(grid.edits))
    hear(grid, type="edit", seq=2, generation=old + 1, ops=[put("role", [0], ["Viewer"])])
    assert ["d@example.com"] == grid.edits["key"].tolist()


def test_keys_are_the_index_or_columns():
    """Without a key the index names rows; several columns make a tuple; two rows of one key are an error."""
    frame = pd.DataFrame({"a": [1, 1], "b": ["x", "y"]}, index=["p", "q"])
    free = GridColumn("b", editable=True)
    by_index = Grid(frame, [free])
    by_index.set_value("q", "b", "z")
    assert [["q", "b", "y", "z"]] == as_lists(by_index.edits)
    by_columns = Grid(frame, ["a", free], key=["a", "b"])
    by_columns.set_value((1, "x"), "b", "z")
    assert (1, "x") == by_columns.edits["key"].iloc[0]
    with pytest.raises(GridError, match="1 rows have the same key as a row before them, the first is 1"):
        Grid(frame, key="a")


@pytest.mark.parametrize(
    ("make", "match"),
    [
        (lambda: Grid(make_frame(), ["nowhere"]), "no column 'nowhere'"),
        (lambda: Grid(make_frame(), [GridColumn("x")]), "no column 'x'"),
        (lambda: Grid(make_frame(), key="x"), "no column 'x'"),
        (lambda: Grid(make_frame(), new_row={"x": 1}), "no column 'x'"),
        (lambda: Grid(make_frame(), ["role", "role"]), "stands twice"),
        (lambda: Grid(pd.DataFrame({"key": [1]}), can_add=True), "called 'key'"),
        (lambda: make_grid().add_row({"x": 1}), "no column 'x'"),
    ],
)
def test_what_the_table_does_not_have_is_an_error(make, match):
    """A wrong name is told when the grid is made, not when somebody edits."""
    with pytest.raises(GridError, match=match):
        make()


def test_threads_may_edit_at_once():
    """Messages on several threads, with readers between: nothing is lost, and nothing breaks."""
    grid = make_grid()

    def work(name):
        for i in range(100):
            hear(
                grid,
                client=name,
                type="edit",
                seq=i + 1,
                ops=[{"op": "add", "ids": [f"{name}-{i}"], "rows": [{"email": name}]}],
            )

    threads = [threading.Thread(target=work, args=(f"t{n}",)) for n in range(4)]
    for thread in threads:
        thread.start()
    sizes = [len(grid.edited()) for _ in range(20)]
    for thread in threads:
        thread.join()
    assert sizes == sorted(sizes)
    assert 400 == len(grid.added)
    assert 400 == grid.added["key"].nunique()
    assert 400 == grid.revision


def test_all_columns_are_shown_locked_when_none_are_named():
    """Without columns everything is shown with the kind of its dtype, and nothing can be edited."""
    frame = make_frame().assign(at=pd.Timestamp("2026-11-02T09:00Z"))
    grid = Grid(frame, key="email")
    grid.sent = []
    grid.send = lambda content, buffers=None: grid.sent.append((content, buffers))
    table = unpack(grid)
    assert ["text", "text", "number", "bool", "text", "text"] == [column["kind"] for column in table["columns"]]
    assert [False] * 6 == [column["editable"] for column in table["columns"]]
    at = table["values"][5]
    assert ["2026-11-02 09:00 UTC"] == (at["levels"] if isinstance(at, dict) else sorted(set(at)))
