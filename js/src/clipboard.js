// Copying and pasting blocks of cells, as a spreadsheet does.
import { formatBlock, parseBlock } from "./block.js";
import { textOf } from "./table.js";

/** Put the range, or the focused cell, on the clipboard; say whether there was one. */
export function copy(event, { table, place }) {
  const area = place.area(event);
  if (!area) return false;
  const rows = place.rowsOf(area).map((row) => area.columns.map((name) => textOf(table.value(row, name))));
  event.clipboardData.setData("text/plain", formatBlock(rows));
  return true;
}

/** Put what is on the clipboard at the focused cell; say whether there was one, and what found no room. */
export function paste(event, { table, place, note }) {
  const area = place.area(event);
  if (!area || table.isGone) return false;
  const block = parseBlock(event.clipboardData.getData("text/plain"), event.clipboardData.getData("text/html"));
  const names = place.columnNames().slice(area.left);
  if (block.length === 1 && block[0].length === 1 && (area.bottom > area.top || area.columns.length > 1)) {
    const ids = place.rowsOf(area).map((row) => row.id);
    table.commit(area.columns.flatMap((name) => table.filling(ids, name, block[0][0])));
    return true;
  }
  const ids = [];
  for (let index = area.top; index < area.top + block.length; index += 1) ids.push(place.rowAt(index)?.id);
  const { ops, left } = table.pasting(block, ids, names);
  table.commit(ops);
  const parts = [
    left.rows ? `${left.rows} rows below the last one` : "",
    left.columns ? `${left.columns} cells beside the last column` : "",
    left.locked ? `${left.locked} cells of locked columns` : "",
  ].filter(Boolean);
  if (parts.length) note(`Not pasted: ${parts.join(", ")}.`);
  return true;
}
