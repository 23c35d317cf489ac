// One view of the table: AG Grid, the keys, the clipboard, the range, the toolbar.
//
// Where a person is comes from the event's own cell, or from the focused one; both are known at once. What AG Grid
// reports later must not be used for that: a paste right after a click would go to the row clicked before.
import { createGrid, THEME } from "./aggrid.js";
import { areaAt, isSameCell, moveCorner } from "./area.js";
import { formatBlock, parseBlock } from "./block.js";
import { columnDefs } from "./columns.js";
import { make, switchOff } from "./dom.js";
import { countsText, isLate, makeStatus, makeWarning } from "./status.js";
import { textOf } from "./table.js";
import { makeToolbar } from "./toolbar.js";

const NARROW_PX = 620;
const ARROWS = ["ArrowUp", "ArrowDown", "ArrowLeft", "ArrowRight"];
const ASK_AGAIN_MS = [6000, 20000];

export function render(table, model, root) {
  const view = new View(table, model, root);
  return () => view.close();
}

class View {
  constructor(table, model, root) {
    Object.assign(this, { table, model, root, api: null, range: null, drag: null, showing: "all", isNarrow: false, timers: [] });
    this.columnFilters = false;
    this.caption = make("div", { className: "lsnb-caption", hidden: true });
    this.toolbar = makeToolbar(table, this.#actions());
    this.warning = makeWarning(table);
    this.status = makeStatus();
    this.box = make("div", { className: "lsnb-box" });
    this.overlay = make("div", { className: "lsnb-overlay" });
    const middle = make("div", { className: "lsnb-middle" }, this.box, this.overlay);
    this.resize = () => (middle.style.height = `${model.get("height")}px`);
    this.resize();
    model.on("change:height", this.resize);
    root.classList.add("lsnb-grid");
    root.dataset.lmSuppressShortcuts = "true"; // JupyterLab looks at this on the focused element; see also #keepKeys
    root.append(this.caption, this.toolbar.element, this.warning.element, middle, this.status.element);
    this.#listen();
    this.onChange = (change) => this.#show(change);
    table.listeners.add(this.onChange);
    this.observer = new ResizeObserver(() => this.#fit());
    this.observer.observe(root);
    this.timers.push(setInterval(() => this.#watch(), 1000));
    for (const wait of ASK_AGAIN_MS) this.timers.push(setTimeout(() => table.isLoaded || table.askForTable(), wait));
    if (table.isLoaded) this.#build();
    else this.#say();
  }

  close() {
    this.timers.forEach(clearInterval);
    this.observer.disconnect();
    this.table.listeners.delete(this.onChange);
    this.model.off("change:height", this.resize);
    this.api?.destroy();
    this.root.replaceChildren();
  }

  // --- drawing

  #build() {
    this.isNarrow = this.root.clientWidth > 0 && this.root.clientWidth < NARROW_PX;
    this.api = createGrid(this.box, {
      theme: THEME,
      rowData: [...this.table.rows.values()],
      columnDefs: this.#columnDefs(),
      defaultColDef: {
        sortable: true,
        resizable: true,
        flex: 1,
        minWidth: 110,
        cellDataType: false,
        suppressHeaderMenuButton: true,
        suppressHeaderFilterButton: true,
        suppressFloatingFilterButton: true,
      },
      getRowId: ({ data }) => String(data.id),
      rowSelection: { mode: "multiRow", checkboxes: true, headerCheckbox: true, selectAll: "filtered", enableClickSelection: false },
      selectionColumnDef: { pinned: "left", width: 36, suppressMovable: true },
      rowClassRules: { "lsnb-removed": ({ data }) => data.isRemoved, "lsnb-added": ({ data }) => data.isAdded },
      isExternalFilterPresent: () => this.showing !== "all",
      doesExternalFilterPass: (node) => this.#isShown(node),
      cacheQuickFilter: true,
      suppressModelUpdateAfterUpdateTransaction: true, // rows stay where they are while they are edited
      suppressOverlays: ["loading", "noRows", "noMatchingRows"], // our own say what to do
      stopEditingWhenCellsLoseFocus: true,
      enterNavigatesVerticallyAfterEdit: true,
      animateRows: false,
      tooltipShowDelay: 400,
      onCellFocused: () => this.#focusMoved(),
      onSortChanged: () => this.#dropRange(),
      onFilterChanged: () => {
        this.#dropRange();
        this.#say();
      },
      onSelectionChanged: () => this.#selectionChanged(),
    });
    this.toolbar.setter.refresh();
    this.#say();
  }

  #columnDefs() {
    const defs = columnDefs(this.table, (row, name) => this.#isInRange(row, name), this.isNarrow);
    return defs.map((def) => ({ ...def, floatingFilter: this.columnFilters && Boolean(def.filter) }));
  }

  #show(change) {
    if (!this.api) {
      if (this.table.isLoaded) this.#build();
      else this.#say();
      return;
    }
    if (change.all) {
      this.range = null;
      this.api.setGridOption("columnDefs", this.#columnDefs());
      this.api.setGridOption("rowData", [...this.table.rows.values()]);
      this.api.refreshCells({ force: true });
      this.toolbar.setter.refresh();
    } else {
      const update = [...change.updated].filter((row) => this.api.getRowNode(String(row.id)));
      if (change.added.length || change.dropped.length || update.length)
        this.api.applyTransaction({ add: change.added, remove: change.dropped, update });
      const drawn = new Set(this.api.getRenderedNodes().map((node) => node.data));
      const rowNodes = update.filter((row) => drawn.has(row)).map((row) => this.api.getRowNode(String(row.id)));
      if (rowNodes.length) this.api.refreshCells({ rowNodes, force: true });
    }
    this.#say();
  }

  #fit() {
    const isNarrow = this.root.clientWidth > 0 && this.root.clientWidth < NARROW_PX;
    if (isNarrow === this.isNarrow || !this.api) return;
    this.isNarrow = isNarrow;
    this.api.setGridOption("columnDefs", this.#columnDefs());
  }

  #watch() {
    if (this.table.pending.length || this.table.isGone || !this.table.isLoaded) this.#say();
  }

  // Once a frame is enough, and a reader is not told every number on the way.
  #say() {
    if (this.isSaying) return;
    this.isSaying = true;
    requestAnimationFrame(() => {
      this.isSaying = false;
      this.#sayNow();
    });
  }

  #sayNow() {
    const { table, toolbar } = this;
    this.caption.textContent = table.caption;
    this.caption.hidden = !table.caption;
    this.root.dataset.state = table.isGone ? "gone" : isLate(table) ? "late" : table.pending.length ? "sending" : "ready";
    this.warning.refresh();
    const { buttons } = toolbar;
    for (const [name, isThere] of [["add", table.canAdd], ["remove", table.canRemove || table.canAdd], ["restore", table.canRemove]])
      buttons[name].hidden = !isThere;
    for (const name of ["add", "remove", "restore", "fill"]) switchOff(buttons[name], table.isGone);
    buttons.fill.hidden = !table.columns.some((column) => column.editable === true);
    const isBusy = table.pending.length > 0;
    switchOff(buttons.undo, table.isGone || (table.steps[0] === 0 && !isBusy));
    switchOff(buttons.redo, table.isGone || (table.steps[1] === 0 && !isBusy));
    if (!this.api) {
      this.#cover(table.isGone ? "The kernel is gone: run the cell again to see the table." : "Waiting for Python to send the table. If nothing comes, run the cell again.");
      this.status.show("", "");
      return;
    }
    const shown = this.api.getDisplayedRowCount();
    const selected = this.api.getSelectedNodes();
    const acting = this.#tickedShown().length;
    toolbar.setter.count(acting);
    this.status.show(countsText(table.counts(), shown, selected.length, selected.length - acting), this.#noteText());
    if (table.rows.size === 0) this.#cover("The table has no rows.");
    else if (shown === 0) this.#cover("No rows match the filter.", "Show all rows", () => this.#clearFilters());
    else this.#cover("");
  }

  #cover(text, word = "", action = null) {
    this.overlay.hidden = text === "";
    if (this.overlay.dataset.text === text) return;
    this.overlay.dataset.text = text;
    this.overlay.replaceChildren(make("p", { textContent: text }));
    if (action) this.overlay.append(make("button", { type: "button", textContent: word, onclick: action }));
  }

  #noteText() {
    const at = this.#focus();
    const row = at && this.table.rows.get(at.id);
    const problem = row && this.table.problem(row, at.column);
    return problem ? `${this.table.column(at.column).title}: ${problem}` : this.table.note;
  }

  #note(text) {
    this.table.note = text;
    this.#say();
  }

  // --- where a person is

  #columnNames() {
    return this.api.getAllDisplayedColumns().map((column) => column.getColId()).filter((name) => this.table.place.has(name));
  }

  #rowAt(index) {
    return this.api.getDisplayedRowAtIndex(index)?.data;
  }

  #corner(row, column) {
    const data = this.#rowAt(row);
    return data && this.table.place.has(column) ? { row, column, id: data.id } : null;
  }

  #cornerOf(target) {
    const cell = target?.closest?.(".ag-cell");
    const row = cell?.closest(".ag-row");
    return cell && this.box.contains(cell) ? this.#corner(Number(row.getAttribute("row-index")), cell.getAttribute("col-id")) : null;
  }

  #focus(event = null) {
    const own = this.#cornerOf(event?.target);
    if (own) return own;
    const cell = this.api?.getFocusedCell();
    return cell ? this.#corner(cell.rowIndex, cell.column.getColId()) : null;
  }

  #area(event = null) {
    return areaAt(this.#focus(event), this.range, this.#columnNames(), (index) => this.#rowAt(index)?.id);
  }

  #rowsOf(area) {
    const rows = [];
    for (let index = area.top; index <= area.bottom; index += 1) rows.push(this.#rowAt(index));
    return rows;
  }

  #isInRange(index, name) {
    if (!this.range || !this.api) return false;
    const area = this.#area();
    return Boolean(area) && isSameCell(this.range.focus, this.#focus()) && index >= area.top && index <= area.bottom && area.columns.includes(name);
  }

  #setRange(range) {
    const isSeen = this.range || range;
    this.range = range;
    if (isSeen) this.api.refreshCells({ force: true });
  }

  #dropRange() {
    this.#setRange(null);
  }

  #focusMoved() {
    if (this.range && !isSameCell(this.range.focus, this.#focus())) this.#dropRange();
    this.#say();
  }

  #tickedShown() {
    return this.api.getSelectedNodes().filter((node) => node.displayed && node.rowIndex !== null);
  }

  #selectionChanged() {
    clearTimeout(this.telling);
    this.telling = setTimeout(() => {
      const ids = this.api.getSelectedNodes().map((node) => node.data.id);
      const place = new Map([...this.table.rows.keys()].map((id, at) => [id, at]));
      this.table.tellSelected(ids.sort((one, other) => place.get(one) - place.get(other)));
    }, 60);
    if (this.showing === "selected") this.api.onFilterChanged();
    this.#say();
  }

  // Ticked rows where the focus is on one of them, and otherwise those of the range: never rows far from the eye.
  #rowsMeant(event = null) {
    const ticked = this.#tickedShown().map((node) => node.data);
    const area = this.#area(event);
    const rows = area ? this.#rowsOf(area) : [];
    const isButton = event === null;
    return ticked.length && (isButton || rows.some((row) => ticked.includes(row))) ? ticked : rows;
  }

  // --- what a person does

  #actions() {
    return {
      undo: () => this.table.undo(),
      redo: () => this.table.redo(),
      add: () => this.#addRow(),
      remove: () => this.#remove("remove", this.#rowsMeant()),
      restore: () => this.#remove("restore", this.#rowsMeant()),
      fill: () => this.#fillDown(),
      set: (name, value) => this.table.commit(this.table.filling(this.#tickedShown().map((node) => node.data.id), name, value)),
      search: (text) => this.api?.setGridOption("quickFilterText", text),
      show: (which) => this.#showOnly(which),
      toggleFilters: () => this.#toggleFilters(),
    };
  }

  #addRow() {
    if (!this.table.canAdd) return;
    const addition = this.table.addition();
    this.table.commit([addition]);
    const node = this.api.getRowNode(addition.ids[0]);
    if (node && node.rowIndex === null) this.#note("A row was added; the filter hides it.");
    if (!node || node.rowIndex === null) return;
    this.api.ensureNodeVisible(node);
    const first = this.#columnNames().find((name) => this.table.isEditable(node.data, name));
    this.api.setFocusedCell(node.rowIndex, first ?? this.#columnNames()[0]);
  }

  #remove(op, rows) {
    if (!this.table.canRemove) rows = rows.filter((row) => row.isAdded);
    if (rows.length === 0) this.#note("No row is ticked or in focus.");
    this.table.commit([{ op, ids: rows.map((row) => row.id) }]);
  }

  #fillDown(event = null) {
    const area = this.#area(event);
    if (!area) return;
    const [first, ...rest] = this.#rowsOf(area);
    if (rest.length === 0) this.#note("Fill down needs a range of rows: Shift+arrow or Shift+click makes one.");
    const ids = rest.map((row) => row.id);
    this.table.commit(area.columns.flatMap((name) => this.table.filling(ids, name, this.table.value(first, name))));
  }

  #empty(event) {
    const area = this.#area(event);
    if (!area) return;
    const ids = this.#rowsOf(area).map((row) => row.id);
    this.table.commit(area.columns.flatMap((name) => this.table.filling(ids, name, null)));
    this.#sayLocked(area);
  }

  #sayLocked(area) {
    const locked = area.columns.filter((name) => !this.#rowsOf(area).some((row) => this.table.isEditable(row, name)));
    if (locked.length) this.#note(`${locked.map((name) => this.table.column(name).title).join(", ")} cannot be edited.`);
  }

  #copy(event) {
    const area = this.#area(event);
    if (!area) return false;
    const rows = this.#rowsOf(area).map((row) => area.columns.map((name) => textOf(this.table.value(row, name))));
    event.clipboardData.setData("text/plain", formatBlock(rows));
    return true;
  }

  #paste(event) {
    const area = this.#area(event);
    if (!area || this.table.isGone) return false;
    const block = parseBlock(event.clipboardData.getData("text/plain"));
    const names = this.#columnNames().slice(area.left);
    if (block.length === 1 && block[0].length === 1 && (area.bottom > area.top || area.columns.length > 1)) {
      const ids = this.#rowsOf(area).map((row) => row.id);
      this.table.commit(area.columns.flatMap((name) => this.table.filling(ids, name, block[0][0])));
      return true;
    }
    const ids = [];
    for (let index = area.top; index < area.top + block.length; index += 1) ids.push(this.#rowAt(index)?.id);
    const { ops, left } = this.table.pasting(block, ids, names);
    this.table.commit(ops);
    const parts = [
      left.rows ? `${left.rows} rows below the last one` : "",
      left.columns ? `${left.columns} cells beside the last column` : "",
      left.locked ? `${left.locked} cells of locked columns` : "",
    ].filter(Boolean);
    if (parts.length) this.#note(`Not pasted: ${parts.join(", ")}.`);
    return true;
  }

  #extend(event) {
    const focus = this.#focus(event);
    if (!focus) return;
    const isOwn = this.range && isSameCell(this.range.focus, focus);
    const { from, to } = isOwn ? this.range : { from: focus, to: focus };
    const moved = moveCorner(to, event.key, this.#columnNames(), this.api.getDisplayedRowCount());
    this.#setRange({ from, to: this.#corner(moved.row, moved.column), focus });
    this.api.ensureIndexVisible(moved.row);
    this.api.ensureColumnVisible(moved.column);
  }

  #toggleFlag(event) {
    const focus = this.#focus(event);
    if (!focus || this.table.column(focus.column).kind !== "bool") return false;
    const row = this.table.rows.get(focus.id);
    this.table.commit(this.table.filling([focus.id], focus.column, this.table.value(row, focus.column) !== true));
    return true;
  }

  #isShown({ data }) {
    if (this.showing === "problem") return data.problems !== null;
    if (this.showing === "selected") return Boolean(this.api.getRowNode(String(data.id))?.isSelected());
    return this.table.state(data) !== "";
  }

  #showOnly(which) {
    this.showing = which;
    this.api?.onFilterChanged();
  }

  #toggleFilters() {
    this.columnFilters = !this.columnFilters;
    this.toolbar.buttons.filters.setAttribute("aria-pressed", String(this.columnFilters));
    this.api.setGridOption("columnDefs", this.#columnDefs());
  }

  #clearFilters() {
    this.toolbar.search.value = "";
    this.toolbar.show.value = "all";
    this.showing = "all";
    this.api.setGridOption("quickFilterText", "");
    this.api.setFilterModel(null);
    this.api.onFilterChanged();
  }

  // --- keys, mouse, clipboard

  #isFree(event) {
    return this.api && this.api.getEditingCells().length === 0 && !event.target.closest(".ag-header");
  }

  #listen() {
    // Notebook shortcuts look at the focused element and would delete cells: no key leaves the table, except saving.
    this.root.addEventListener("keydown", (event) => {
      const isSave = (event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "s";
      if (!isSave) event.stopPropagation();
    });
    this.root.addEventListener("contextmenu", (event) => event.stopPropagation());
    this.toolbar.element.addEventListener("keydown", (event) => {
      if (event.key === "Escape") this.#backToCell(event);
      if (event.target === this.toolbar.search || event.target.tagName === "INPUT") return;
      if (this.#historyKey(event)) event.preventDefault();
    });
    this.box.addEventListener("keydown", (event) => this.#key(event), true);
    this.box.addEventListener("pointerdown", (event) => this.#press(event), true);
    this.box.addEventListener("pointerover", (event) => this.#dragOver(event));
    this.box.addEventListener("click", (event) => this.#click(event));
    for (const [type, action] of [["copy", (e) => this.#copy(e)], ["paste", (e) => this.#paste(e)]]) {
      this.box.addEventListener(type, (event) => {
        if (!this.#isFree(event) || !action(event)) return;
        event.preventDefault();
        event.stopPropagation();
      });
    }
  }

  #backToCell(event) {
    const cell = this.api?.getFocusedCell();
    if (!cell) return;
    event.preventDefault();
    this.api.setFocusedCell(cell.rowIndex, cell.column);
  }

  #historyKey(event) {
    const key = event.key.toLowerCase();
    if (!(event.ctrlKey || event.metaKey) || (key !== "z" && key !== "y")) return false;
    if (key === "y" || event.shiftKey) this.table.redo();
    else this.table.undo();
    return true;
  }

  #key(event) {
    if (!this.#isFree(event) || event.isComposing) return;
    if (!this.#carryOut(event)) return;
    event.preventDefault();
    event.stopPropagation();
  }

  // Says whether the key was ours; the others are AG Grid's.
  #carryOut(event) {
    const isMod = event.ctrlKey || event.metaKey;
    if (this.#historyKey(event)) return true;
    if (isMod && event.key.toLowerCase() === "d") this.#fillDown(event);
    else if (isMod && event.key.toLowerCase() === "a") this.api.selectAll("filtered");
    else if (event.altKey && event.key === "F10") this.toolbar.element.querySelector("button, input, select")?.focus();
    else if (event.key === "Insert") this.#addRow();
    else if (event.key === "Delete" && (this.table.canRemove || this.#rowsMeant(event).some((row) => row.isAdded))) {
      const rows = this.#rowsMeant(event);
      this.#remove(rows.every((row) => row.isRemoved) ? "restore" : "remove", rows);
    } else if (event.key === "Delete" || event.key === "Backspace") this.#empty(event);
    else if (event.shiftKey && ARROWS.includes(event.key)) this.#extend(event);
    else if (event.key === " " && this.#toggleFlag(event)) return true;
    else {
      if (event.key === "Escape") this.#dropRange();
      const focus = this.#focus(event);
      const isTyping = (event.key.length === 1 && !isMod && event.key !== " ") || event.key === "Enter" || event.key === "F2";
      if (focus && isTyping && !this.table.isEditable(this.table.rows.get(focus.id), focus.column))
        this.#note(`${this.table.column(focus.column).title} cannot be edited.`);
      return false;
    }
    return true;
  }

  #press(event) {
    if (!this.#isFree(event) || event.button !== 0) return;
    const to = this.#cornerOf(event.target);
    if (!to) return;
    const from = this.#focus();
    this.drag = event.shiftKey ? null : to;
    if (!event.shiftKey || !from || isSameCell(from, to)) {
      this.#dropRange();
      return;
    }
    event.preventDefault(); // the focus stays where the range begins
    event.stopPropagation();
    this.#setRange({ from: this.range && isSameCell(this.range.focus, from) ? this.range.from : from, to, focus: from });
  }

  #dragOver(event) {
    if (!this.drag || !(event.buttons & 1)) {
      this.drag = null;
      return;
    }
    const to = this.#cornerOf(event.target);
    if (!to || !this.#isFree(event) || !isSameCell(this.#focus(), this.drag)) return;
    this.#setRange(isSameCell(to, this.drag) ? null : { from: this.drag, to, focus: this.drag });
  }

  // A click on the arrow of a cell with choices opens them; one on a flag switches it.
  #click(event) {
    if (!this.#isFree(event)) return;
    const at = this.#cornerOf(event.target);
    if (!at) return;
    if (event.target.matches(".lsnb-flag input:enabled")) this.#toggleFlag(event);
    const cell = event.target.closest(".lsnb-choice");
    if (cell && event.clientX > cell.getBoundingClientRect().right - 22)
      this.api.startEditingCell({ rowIndex: at.row, colKey: at.column });
  }
}
