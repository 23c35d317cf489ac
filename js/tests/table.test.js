import assert from "node:assert/strict";
import test from "node:test";

import { countsText, warningText } from "../src/status.js";
import { Table, readValue, textOf } from "../src/table.js";

const COLUMNS = [
  { name: "email", title: "E-mail", kind: "text", editable: false, is_key: true, choices: [] },
  { name: "role", title: "Role", kind: "text", editable: true, is_key: false, choices: ["Admin", "Viewer"] },
  { name: "seats", title: "Seats", kind: "number", editable: true, is_key: false, choices: [] },
];

function open({ seen = 0, client = "page" } = {}) {
  const sent = [];
  const clock = { now: 0 };
  const table = new Table((message) => sent.push(message), "page", () => clock.now);
  table.load({ client, seq: seen, steps: [0, 0], generation: 1 }, data());
  return { table, sent, clock };
}

function data(more = {}) {
  return {
    caption: "",
    can_add: true,
    can_remove: true,
    can_select: true,
    new_row: { email: null, role: "Viewer", seats: null },
    columns: COLUMNS,
    n_rows: 3,
    values: [["a@x", "b@x", "c@x"], { levels: ["Admin", "Viewer"], codes: [0, 1, 1] }, [1, 2, null]],
    changed: [],
    added: { op: "add", ids: [], rows: [] },
    removed: [],
    problems: [],
    ...more,
  };
}

const answer = (seq, more = {}) => ({ client: "page", seq, ops: [], problems: [], refused: [0, ""], steps: [1, 0], ...more });
const set = (column, ids, values) => ({ op: "set", column, ids, values });
const valueOf = (table, id, name) => table.value(table.rows.get(id), name);

test("an edit is shown at once, sent as the one cell, and pending until it is answered", () => {
  const { table, sent } = open();
  table.commit(table.filling([1], "role", "Admin"));
  assert.equal(valueOf(table, 1, "role"), "Admin");
  assert.deepEqual(sent, [{ type: "edit", ops: [set("role", [1], ["Admin"])], seq: 1, client: "page", generation: 1 }]);
  assert.equal(table.counts().pending, 1);
  table.taken(answer(1));
  assert.equal(table.counts().pending, 0);
});

test("what changes nothing is not sent, and going back to the old value is no change", () => {
  const { table, sent } = open();
  table.commit(table.filling([0], "role", "Admin"));
  assert.equal(sent.length, 0);
  table.commit(table.filling([0], "role", "Viewer"));
  table.commit(table.filling([0], "role", "Admin"));
  assert.equal(table.counts().changed, 0);
  assert.equal(table.state(table.rows.get(0)), "");
});

test("locked columns are left out, except in rows that were added", () => {
  const { table, sent } = open();
  table.commit(table.filling([0, 1], "email", "evil@x"));
  assert.equal(sent.length, 0);
  const addition = table.addition();
  table.commit([addition]);
  table.commit(table.filling(addition.ids, "email", "new@x"));
  assert.equal(valueOf(table, addition.ids[0], "email"), "new@x");
});

test("a pasted block goes to the rows as they stand, adds rows below, and says what it left out", () => {
  const { table, sent } = open();
  const { ops, left } = table.pasting([["x", "Admin", "7"], ["y", "boss", ""], ["z", "Viewer", "9", "!"]], [2, 0], ["email", "role", "seats"]);
  table.commit(ops);
  assert.deepEqual(left, { rows: 0, columns: 1, locked: 2 });
  assert.deepEqual(sent[0].ops[0], set("role", [2, 0], ["Admin", "boss"]));
  assert.deepEqual(sent[0].ops[1], set("seats", [2, 0], [7, null]));
  assert.deepEqual(sent[0].ops[2].rows, [{ email: "z", role: "Viewer", seats: 9 }]);
  assert.equal(sent.length, 1);
  assert.equal(table.counts().added, 1);
});

test("an empty cell of a pasted block empties the cell below it (b18), and adds no empty row", () => {
  const { table, sent } = open();
  const { ops } = table.pasting([["7"], [""], [""]], [0, 1], ["seats"]);
  table.commit(ops);
  assert.deepEqual(sent[0].ops[0], set("seats", [0, 1], [7, null]));
  assert.equal(table.counts().added, 0);
});

test("a block that goes past the end of a table that cannot grow is left out and counted", () => {
  const { table } = open();
  table.canAdd = false;
  assert.equal(table.pasting([["Admin"], ["Admin"]], [2], ["role"]).left.rows, 1);
});

test("Python's word on a value, and what is wrong with it, is shown", () => {
  const { table } = open();
  table.commit(table.filling([1], "role", "boss"));
  table.taken(answer(1, { problems: [[1, "role", "not a role"]] }));
  assert.equal(table.problem(table.rows.get(1), "role"), "not a role");
  assert.equal(table.state(table.rows.get(1)), "problem");
  table.commit(table.filling([1], "role", "ADMIN"));
  table.taken(answer(2, { ops: [set("role", [1], ["Admin"])], problems: [[1, "role", null]] }));
  assert.equal(valueOf(table, 1, "role"), "Admin");
  assert.equal(table.counts().problems, 0);
});

test("what Python did before it saw a pending edit does not cover that edit", () => {
  const { table } = open();
  table.commit(table.filling([1], "seats", "5"));
  table.hear({ ops: [set("seats", [1, 0], [9, 9])], problems: [], steps: [2, 0] });
  assert.equal(valueOf(table, 1, "seats"), 5);
  assert.equal(valueOf(table, 0, "seats"), 9);
  table.taken(answer(1));
  table.hear({ ops: [set("seats", [1], [7])], problems: [], steps: [2, 0] });
  assert.equal(valueOf(table, 1, "seats"), 7);
});

test("rows are marked and come back; an added one goes", () => {
  const { table } = open();
  table.commit([{ op: "remove", ids: [0, 1] }]);
  assert.equal(table.counts().removed, 2);
  table.commit([{ op: "restore", ids: [0, 2] }]);
  assert.equal(table.counts().removed, 1);
  const addition = table.addition();
  table.commit([addition]);
  table.commit([{ op: "remove", ids: addition.ids }]);
  assert.equal(table.rows.size, 3);
});

test("a table that comes again keeps what Python had not seen, and sends it again", () => {
  const { table, sent } = open();
  table.commit(table.filling([0], "seats", "8"));
  table.commit(table.filling([2], "seats", "6"));
  table.load({ client: "page", seq: 1, steps: [1, 0], generation: 1 }, data({ changed: [set("seats", [0], [8])] }));
  assert.equal(valueOf(table, 2, "seats"), 6);
  assert.deepEqual(sent.map((message) => message.seq), [1, 2, 2]);
  assert.equal(table.counts().changed, 2);
});

test("what was on its way to another table is not done to the rows of this one, and that is told", () => {
  const { table, sent } = open();
  table.commit(table.filling([0], "seats", "8"));
  table.load({ client: "", seq: 0, steps: [0, 0], generation: 2 }, data());
  assert.equal(valueOf(table, 0, "seats"), 1);
  assert.equal(sent.length, 1);
  assert.equal(table.counts().pending, 0);
  assert.match(table.note, /1 changes were not taken: the table was replaced/);
});

test("an answer to another page brings the table anew", () => {
  const { table, sent } = open();
  table.taken({ ...answer(1), client: "other" });
  assert.equal(sent.at(-1).type, "ready");
});

test("a channel that throws means that the kernel is gone: the edit is kept, told and can be copied", () => {
  const { table, clock } = open();
  table.commit(table.filling([0], "role", "Viewer"));
  table.taken(answer(1));
  table.send = () => {
    throw new Error("disposed");
  };
  table.commit(table.filling([1], "role", "Admin"));
  assert.match(warningText(table), /gone away. 1 change was not taken/);
  assert.deepEqual(table.editList({ onlyPending: true }).slice(1), [["edited", "b@x", "role", "Viewer", "Admin"]]);
  assert.equal(table.editList().length, 3);
  table.commit(table.filling([2], "role", "Admin"));
  assert.equal(valueOf(table, 2, "role"), "Viewer");
  clock.now = 9000;
  assert.equal(table.lateness(), 9000);
});

test("an answer that is late is told", () => {
  const { table, clock } = open();
  table.commit(table.filling([0], "role", "Viewer"));
  assert.equal(warningText(table), "");
  clock.now = 4500;
  assert.match(warningText(table), /1 change was not taken by Python yet/);
});

test("added and removed rows are in the list of edits", () => {
  const { table } = open();
  table.commit([table.addition({ email: "new@x" }), { op: "remove", ids: [0] }]);
  assert.deepEqual(table.editList().slice(1), [
    ["added", "new@x", "email", "", "new@x"],
    ["added", "new@x", "role", "", "Viewer"],
    ["added", "new@x", "seats", "", null],
    ["to be removed", "a@x", "", "", ""],
  ]);
});

test("values are read by their column's kind as far as that is certain", () => {
  const [text, , number] = COLUMNS;
  assert.deepEqual(["007", " ", "x "].map((raw) => readValue(text, raw)), ["007", null, "x "]);
  assert.deepEqual(["12", "-1.5", "1e5", "", "many"].map((raw) => readValue(number, raw)), [12, -1.5, "1e5", null, "many"]);
  assert.deepEqual(["Yes", "false", "maybe"].map((raw) => readValue({ kind: "bool" }, raw)), [true, false, "maybe"]);
  assert.deepEqual([true, false, null, 0].map(textOf), ["yes", "no", "", "0"]);
});

test("the line of numbers has those that the table can have", () => {
  const counts = () => ({ rows: 20000, changed: 3, added: 1, removed: 0, problems: 1 });
  const line = (more) => countsText({ counts, canEdit: true, canSelect: true, ...more }, 12, 5, 2);
  assert.equal(line({}), "20,000 rows · 12 shown · 5 selected (2 not shown) · 3 changed · 1 added · 1 problem");
  const idle = () => ({ rows: 1, changed: 0, added: 0, removed: 0, problems: 0 });
  assert.equal(line({ counts: idle, canEdit: false, canSelect: false }), "1 row · 12 shown");
});

test("a table can be edited when a column, adding or removing allows it", () => {
  const locked = COLUMNS.map((column) => ({ ...column, editable: false }));
  const of = (more) => {
    const { table } = open();
    table.load({ client: "page", seq: 0, steps: [0, 0], generation: 1 }, data(more));
    return [table.canFill, table.canEdit];
  };
  assert.deepEqual(of({ can_add: false, can_remove: false }), [true, true]);
  assert.deepEqual(of({ columns: locked }), [false, true]);
  assert.deepEqual(of({ columns: locked, can_add: false, can_remove: false }), [false, false]);
});
