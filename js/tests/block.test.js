import assert from "node:assert/strict";
import test from "node:test";

import { formatBlock, parseBlock } from "../src/block.js";

test("a block as a spreadsheet copies it: quotes doubled, line breaks within a cell, an end of line at the end", () => {
  assert.deepEqual(parseBlock('a\t"x ""y""\nz"\r\nb\tc\r\n'), [["a", 'x "y"\nz'], ["b", "c"]]);
});

test("a quote that nobody closes is a character", () => {
  assert.deepEqual(parseBlock('5" disk\t"open\nb'), [['5" disk', '"open'], ["b"]]);
  assert.deepEqual(parseBlock('"a" b\tc'), [['"a" b', "c"]]);
});

test("empty cells keep their places", () => {
  assert.deepEqual(parseBlock("\ta\t\n\n\t\tb"), [["", "a", ""], [""], ["", "", "b"]]);
  assert.deepEqual(parseBlock(""), [[""]]);
});

test("what is written is read as the same cells", () => {
  const block = [["a\tb", 'q"', "line\nbreak"], ["", " x ", '"']];
  assert.deepEqual(parseBlock(formatBlock(block)), block);
  assert.equal(formatBlock([[null, 3, undefined]]), "\t3\t");
});

test("an empty last cell keeps its place: b18, copied here and pasted here, and as spreadsheets write it", () => {
  for (const block of [[["x"], [""]], [["x"], [""], [""]], [[""], [""]], [["a", "b"], ["", ""]]]) {
    assert.deepEqual(parseBlock(formatBlock(block)), block);
  }
  assert.deepEqual(parseBlock("x\r\n\r\n"), [["x"], [""]]); // Excel closes every row
  assert.deepEqual(parseBlock("x\n", "<table><tr><td>x</td></tr><tr><td></td></tr></table>"), [["x"], [""]]); // Google Sheets does not
  assert.deepEqual(parseBlock("x\r\n", "<table><tr><td>x</td></tr></table>"), [["x"]]);
  assert.deepEqual(parseBlock("x", "<table><tr><td>x</td></tr></table>"), [["x"]]);
});
