// One view of the table: AG Grid with what stands above and below it.
import { createGrid, THEME } from "./aggrid.js";
import { isSameCell } from "./area.js";
import { columnDefs } from "./columns.js";
import { Deeds } from "./deeds.js";
import { make, switchOff } from "./dom.js";
import { Keys } from "./keys.js";
import { Place } from "./place.js";
import { countsText, isLate, makeStatus, makeWarning } from "./status.js";
import { makeToolbar } from "./toolbar.js";

const NARROW_PX = 620;
const ROW_PX = 28;
const LEAST_ROWS = 3;
const TICKS = { mode: "multiRow", checkboxes: true, headerCheckbox: true, selectAll: "filtered", enableClickSelection: false };
const ASK_AGAIN_MS = [6000, 20000];

export function render(table, model, root) {
  const view = new View(table, model, root);
  return () => view.close();
}

class View {
  constructor(table, model, root) {
    Object.assign(this, { table, model, root, api: null, showing: "all", isNarrow: false, timers: [] });
    this.columnFilters = false;
    this.caption = make("div", { className: "lsnb-caption", hidden: true });
    this.toolbar = makeToolbar(table, this.#actions());
    this.warning = makeWarning(table);
    this.status = makeStatus();
    this.box = make("div", { className: "lsnb-box" });
    this.overlay = make("div", { className: "lsnb-overlay" });
    this.middle = make("div", { className: "lsnb-middle" }, this.box, this.overlay);
    this.place = new Place(table, this.box);
    this.deeds = new Deeds(table, this.place, (text) => this.#note(text));
    this.resize = () => this.#setHeight();
    this.resize();
    model.on("change:height", this.resize);
    root.classList.add("lsnb-grid");
    root.dataset.lmSuppressShortcuts = "true"; // JupyterLab looks at this on the focused element; see also keys.js
    root.append(this.caption, this.toolbar.element, this.warning.element, this.middle, this.status.element);
    new Keys(this).listen();
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
    this.api = this.place.api = createGrid(this.box, {
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
      rowSelection: this.table.canSelect ? TICKS : undefined,
      rowBuffer: 4,
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
      onSortChanged: () => this.place.dropRange(),
      onFilterChanged: () => {
        this.place.dropRange();
        this.#say();
      },
      onSelectionChanged: () => this.#selectionChanged(),
    });
    this.toolbar.setter.refresh();
    this.#setHeight();
    this.#say();
  }

  // As high as its rows, at most what was asked for; a filter does not change it. A bar to scroll sideways takes room too.
  #setHeight() {
    const most = this.model.get("height");
    const rows = ROW_PX * Math.max(this.table.rows.size, LEAST_ROWS);
    const isSmall = this.api && rows < most;
    const extra = isSmall ? 2 + sum([".ag-header", ".ag-body-horizontal-scroll"].map((part) => this.box.querySelector(part)?.offsetHeight ?? 0)) : 0;
    const height = `${isSmall ? Math.min(most, rows + extra) : most}px`;
    if (this.middle.style.height !== height) this.middle.style.height = height;
  }

  #columnDefs() {
    const defs = columnDefs(this.table, (row, name) => this.place.isInRange(row, name), this.isNarrow);
    return defs.map((def) => ({ ...def, floatingFilter: this.columnFilters && Boolean(def.filter) }));
  }

  #show(change) {
    if (!this.api) {
      if (this.table.isLoaded) this.#build();
      else this.#say();
      return;
    }
    if (change.all) {
      this.place.range = null;
      this.api.setGridOption("columnDefs", this.#columnDefs());
      this.api.setGridOption("rowSelection", this.table.canSelect ? TICKS : undefined);
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
    this.#setHeight();
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
    this.#setHeight();
    this.root.dataset.state = table.isGone ? "gone" : isLate(table) ? "late" : table.pending.length ? "sending" : "ready";
    this.warning.refresh();
    const { buttons } = toolbar;
    toolbar.history.hidden = !table.canEdit;
    toolbar.setter.element.hidden = !(table.canSelect && table.canFill);
    toolbar.offer({ changed: table.canEdit, problem: table.canEdit, selected: table.canSelect });
    for (const [name, isThere] of [["add", table.canAdd], ["remove", table.canRemove || table.canAdd], ["restore", table.canRemove]])
      buttons[name].hidden = !isThere;
    for (const name of ["add", "remove", "restore", "fill"]) switchOff(buttons[name], table.isGone);
    buttons.fill.hidden = !table.canFill;
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
    const acting = this.place.tickedShown().length;
    toolbar.setter.count(acting);
    this.status.show(countsText(table, shown, selected.length, selected.length - acting), this.#noteText());
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
    const at = this.place.focus();
    const row = at && this.table.rows.get(at.id);
    const problem = row && this.table.problem(row, at.column);
    return problem ? `${this.table.column(at.column).title}: ${problem}` : this.table.note;
  }

  #note(text) {
    this.table.note = text;
    this.#say();
  }

  // --- where a person is

  #focusMoved() {
    if (this.place.range && !isSameCell(this.place.range.focus, this.place.focus())) this.place.dropRange();
    this.#say();
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

  // --- what a person does

  #actions() {
    return {
      undo: () => this.table.undo(),
      redo: () => this.table.redo(),
      add: () => this.deeds.addRow(),
      remove: () => this.deeds.remove("remove", this.place.rowsMeant()),
      restore: () => this.deeds.remove("restore", this.place.rowsMeant()),
      fill: () => this.deeds.fillDown(),
      set: (name, value) => this.table.commit(this.table.filling(this.place.tickedShown().map((node) => node.data.id), name, value)),
      search: (text) => this.api?.setGridOption("quickFilterText", text),
      show: (which) => this.#showOnly(which),
      toggleFilters: () => this.#toggleFilters(),
    };
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
}

function sum(numbers) {
  return numbers.reduce((total, number) => total + number, 0);
}
