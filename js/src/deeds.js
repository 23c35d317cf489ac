// What a person does to rows and cells, by button or by key.

export class Deeds {
  /** @param note shows a sentence below the table. */
  constructor(table, place, note) {
    Object.assign(this, { table, place, note });
  }

  addRow() {
    if (!this.table.canAdd) return;
    const addition = this.table.addition();
    this.table.commit([addition]);
    const node = this.place.api.getRowNode(addition.ids[0]);
    if (node && node.rowIndex === null) this.note("A row was added; the filter hides it.");
    if (!node || node.rowIndex === null) return;
    this.place.api.ensureNodeVisible(node);
    const first = this.place.columnNames().find((name) => this.table.isEditable(node.data, name));
    this.place.api.setFocusedCell(node.rowIndex, first ?? this.place.columnNames()[0]);
  }

  remove(op, rows) {
    if (!this.table.canRemove) rows = rows.filter((row) => row.isAdded);
    if (rows.length === 0) this.note("No row is ticked or in focus.");
    this.table.commit([{ op, ids: rows.map((row) => row.id) }]);
  }

  tickAll() {
    if (this.table.canSelect) this.place.api.selectAll("filtered");
  }

  fillDown(event = null) {
    const area = this.place.area(event);
    if (!area) return;
    const [first, ...rest] = this.place.rowsOf(area);
    if (rest.length === 0) this.note("Fill down needs a range of rows: Shift+arrow or Shift+click makes one.");
    const ids = rest.map((row) => row.id);
    this.table.commit(area.columns.flatMap((name) => this.table.filling(ids, name, this.table.value(first, name))));
  }

  empty(event) {
    const area = this.place.area(event);
    if (!area) return;
    const ids = this.place.rowsOf(area).map((row) => row.id);
    this.table.commit(area.columns.flatMap((name) => this.table.filling(ids, name, null)));
    this.#sayLocked(area);
  }

  #sayLocked(area) {
    const locked = area.columns.filter((name) => !this.place.rowsOf(area).some((row) => this.table.isEditable(row, name)));
    if (locked.length) this.note(`${locked.map((name) => this.table.column(name).title).join(", ")} cannot be edited.`);
  }

  toggleFlag(event) {
    const focus = this.place.focus(event);
    if (!focus || this.table.column(focus.column).kind !== "bool") return false;
    const row = this.table.rows.get(focus.id);
    this.table.commit(this.table.filling([focus.id], focus.column, this.table.value(row, focus.column) !== true));
    return true;
  }
}
