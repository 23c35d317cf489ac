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
