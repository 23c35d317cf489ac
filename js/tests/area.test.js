import assert from "node:assert/strict";
import test from "node:test";

import { areaAt, isSameCell, moveCorner } from "../src/area.js";

const COLUMNS = ["a", "b", "c"];
const corner = (row, column, id = row) => ({ row, column, id });
const idAt = (row) => row;

test("without a range the focused cell is the area", () => {
  assert.deepEqual(areaAt(corner(3, "b"), null, COLUMNS, idAt), { top: 3, bottom: 3, left: 1, columns: ["b"] });
  assert.equal(areaAt(null, null, COLUMNS, idAt), null);
  assert.equal(areaAt(corner(1, "gone"), null, COLUMNS, idAt), null);
});

test("a range counts from either corner", () => {
  const range = { from: corner(5, "c"), to: corner(2, "b"), focus: corner(5, "c") };
  assert.deepEqual(areaAt(corner(5, "c"), range, COLUMNS, idAt), { top: 2, bottom: 5, left: 1, columns: ["b", "c"] });
});

test("a range is over when the focus has moved, or another row is in a corner's place", () => {
  const range = { from: corner(1, "a"), to: corner(4, "a"), focus: corner(1, "a") };
  assert.equal(areaAt(corner(2, "a"), range, COLUMNS, idAt).bottom, 2);
  const sorted = (row) => 10 - row;
  assert.equal(areaAt(corner(1, "a"), range, COLUMNS, sorted).bottom, 1);
  assert.equal(areaAt(corner(1, "a", 9), range, COLUMNS, idAt).bottom, 1);
});

test("arrows move a corner and stop at the edge", () => {
  assert.deepEqual(moveCorner(corner(0, "a"), "ArrowDown", COLUMNS, 2), { row: 1, column: "a" });
  assert.deepEqual(moveCorner(corner(1, "a"), "ArrowDown", COLUMNS, 2), { row: 1, column: "a" });
  assert.deepEqual(moveCorner(corner(0, "a"), "ArrowUp", COLUMNS, 2), { row: 0, column: "a" });
  assert.deepEqual(moveCorner(corner(0, "b"), "ArrowRight", COLUMNS, 2), { row: 0, column: "c" });
  assert.deepEqual(moveCorner(corner(0, "a"), "ArrowLeft", COLUMNS, 2), { row: 0, column: "a" });
});

test("a cell is the same only with the same row in it", () => {
  assert.equal(isSameCell(corner(1, "a"), corner(1, "a")), true);
  assert.equal(isSameCell(corner(1, "a"), corner(1, "a", 7)), false);
  assert.equal(isSameCell(null, null), false);
});
