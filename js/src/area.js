// A rectangle of cells between two corners. A corner is {row, column, id}: the place on the screen, and whose row it is.

/** Say whether two corners are the same cell of the same row. */
export function isSameCell(one, other) {
  return Boolean(one && other) && one.row === other.row && one.column === other.column && one.id === other.id;
}

/**
 * The rectangle that an action is about. A range that was drawn counts only while the focus is where it was then and its
 * corners are still the same rows: after a sort, a filter or a move it must not reach rows that nobody meant.
 */
export function areaAt(focus, range, columns, idAt) {
  if (!focus) return null;
  const holds = range && isSameCell(range.focus, focus) && idAt(range.from.row) === range.from.id && idAt(range.to.row) === range.to.id;
  const [from, to] = holds ? [range.from, range.to] : [focus, focus];
  const places = [columns.indexOf(from.column), columns.indexOf(to.column)];
  if (places.some((place) => place < 0)) return null;
  const rows = [from.row, to.row];
  return {
    top: Math.min(...rows),
    bottom: Math.max(...rows),
    left: Math.min(...places),
    columns: columns.slice(Math.min(...places), Math.max(...places) + 1),
  };
}

/** Move a corner by an arrow key, within the table. */
export function moveCorner(corner, key, columns, rowCount) {
  const [down, right] = { ArrowDown: [1, 0], ArrowUp: [-1, 0], ArrowRight: [0, 1], ArrowLeft: [0, -1] }[key];
  const clamp = (value, most) => Math.max(0, Math.min(most, value));
  return {
    row: clamp(corner.row + down, rowCount - 1),
    column: columns[clamp(columns.indexOf(corner.column) + right, columns.length - 1)],
  };
}
