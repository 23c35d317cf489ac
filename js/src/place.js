// Where a person is in one view: the focused cell, the range that is drawn, the rows that are meant.
//
// It comes from the event's own cell, or from the focused one; both are known at once. What AG Grid reports later must
// not be used for that: a paste right after a click would go to the row clicked before.
import { areaAt, isSameCell, moveCorner } from "./area.js";

export class Place {
  constructor(table, box) {
    Object.assign(this, { table, box, api: null, range: null });
  }

  columnNames() {
    return this.api.getAllDisplayedColumns().map((column) => column.getColId()).filter((name) => this.table.place.has(name));
  }

  rowAt(index) {
    return this.api.getDisplayedRowAtIndex(index)?.data;
  }

  corner(row, column) {
    const data = this.rowAt(row);
    return data && this.table.place.has(column) ? { row, column, id: data.id } : null;
  }

  cornerOf(target) {
    const cell = target?.closest?.(".ag-cell");
    const row = cell?.closest(".ag-row");
    return cell && this.box.contains(cell) ? this.corner(Number(row.getAttribute("row-index")), cell.getAttribute("col-id")) : null;
  }

  focus(event = null) {
    const own = this.cornerOf(event?.target);
    if (own) return own;
    const cell = this.api?.getFocusedCell();
    return cell ? this.corner(cell.rowIndex, cell.column.getColId()) : null;
  }

  area(event = null) {
    return areaAt(this.focus(event), this.range, this.columnNames(), (index) => this.rowAt(index)?.id);
  }

  rowsOf(area) {
    const rows = [];
    for (let index = area.top; index <= area.bottom; index += 1) rows.push(this.rowAt(index));
    return rows;
  }

  isInRange(index, name) {
    if (!this.range || !this.api) return false;
    const area = this.area();
    return Boolean(area) && isSameCell(this.range.focus, this.focus()) && index >= area.top && index <= area.bottom && area.columns.includes(name);
  }

  setRange(range) {
    const isSeen = this.range || range;
    this.range = range;
    if (isSeen) this.api.refreshCells({ force: true });
  }

  dropRange() {
    this.setRange(null);
  }

  tickedShown() {
    return this.api.getSelectedNodes().filter((node) => node.displayed && node.rowIndex !== null);
  }

  // Ticked rows where the focus is on one of them, and otherwise those of the range: never rows far from the eye.
  rowsMeant(event = null) {
    const ticked = this.tickedShown().map((node) => node.data);
    const area = this.area(event);
    const rows = area ? this.rowsOf(area) : [];
    const isButton = event === null;
    return ticked.length && (isButton || rows.some((row) => ticked.includes(row))) ? ticked : rows;
  }

  extend(event) {
    const focus = this.focus(event);
    if (!focus) return;
    const isOwn = this.range && isSameCell(this.range.focus, focus);
    const { from, to } = isOwn ? this.range : { from: focus, to: focus };
    const moved = moveCorner(to, event.key, this.columnNames(), this.api.getDisplayedRowCount());
    this.setRange({ from, to: this.corner(moved.row, moved.column), focus });
    this.api.ensureIndexVisible(moved.row);
    this.api.ensureColumnVisible(moved.column);
  }
}
