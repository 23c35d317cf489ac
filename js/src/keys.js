// What keys, mouse and clipboard mean in one view.
import { isSameCell } from "./area.js";
import { copy, paste } from "./clipboard.js";

const ARROWS = ["ArrowUp", "ArrowDown", "ArrowLeft", "ArrowRight"];

export class Keys {
  constructor({ table, place, deeds, root, box, toolbar }) {
    Object.assign(this, { table, place, deeds, root, box, toolbar, drag: null });
  }

  #isFree(event) {
    return this.place.api && this.place.api.getEditingCells().length === 0 && !event.target.closest(".ag-header");
  }

  listen() {
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
    for (const [type, action] of [["copy", (e) => copy(e, this.deeds)], ["paste", (e) => paste(e, this.deeds)]]) {
      this.box.addEventListener(type, (event) => {
        if (!this.#isFree(event) || !action(event)) return;
        event.preventDefault();
        event.stopPropagation();
      });
    }
  }

  #backToCell(event) {
    const cell = this.place.api?.getFocusedCell();
    if (!cell) return;
    event.preventDefault();
    this.place.api.setFocusedCell(cell.rowIndex, cell.column);
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
    if (isMod && event.key.toLowerCase() === "d") this.deeds.fillDown(event);
    else if (isMod && event.key.toLowerCase() === "a") this.deeds.tickAll();
    else if (event.altKey && event.key === "F10") this.toolbar.element.querySelector("button, input, select")?.focus();
    else if (event.key === "Insert") this.deeds.addRow();
    else if (event.key === "Delete" && (this.table.canRemove || this.place.rowsMeant(event).some((row) => row.isAdded))) {
      const rows = this.place.rowsMeant(event);
      this.deeds.remove(rows.every((row) => row.isRemoved) ? "restore" : "remove", rows);
    } else if (event.key === "Delete" || event.key === "Backspace") this.deeds.empty(event);
    else if (event.shiftKey && ARROWS.includes(event.key)) this.place.extend(event);
    else if (event.key === " " && this.deeds.toggleFlag(event)) return true;
    else {
      if (event.key === "Escape") this.place.dropRange();
      const focus = this.place.focus(event);
      const isTyping = (event.key.length === 1 && !isMod && event.key !== " ") || event.key === "Enter" || event.key === "F2";
      if (focus && isTyping && !this.table.isEditable(this.table.rows.get(focus.id), focus.column))
        this.deeds.note(`${this.table.column(focus.column).title} cannot be edited.`);
      return false;
    }
    return true;
  }

  #press(event) {
    if (!this.#isFree(event) || event.button !== 0) return;
    const to = this.place.cornerOf(event.target);
    if (!to) return;
    const from = this.place.focus();
    this.drag = event.shiftKey ? null : to;
    if (!event.shiftKey || !from || isSameCell(from, to)) {
      this.place.dropRange();
      return;
    }
    event.preventDefault(); // the focus stays where the range begins
    event.stopPropagation();
    this.place.setRange({ from: this.range && isSameCell(this.range.focus, from) ? this.range.from : from, to, focus: from });
  }

  #dragOver(event) {
    if (!this.drag || !(event.buttons & 1)) {
      this.drag = null;
      return;
    }
    const to = this.place.cornerOf(event.target);
    if (!to || !this.#isFree(event) || !isSameCell(this.place.focus(), this.drag)) return;
    this.place.setRange(isSameCell(to, this.drag) ? null : { from: this.drag, to, focus: this.drag });
  }

  // A click on the arrow of a cell with choices opens them; one on a flag switches it.
  #click(event) {
    if (!this.#isFree(event)) return;
    const at = this.place.cornerOf(event.target);
    if (!at) return;
    if (event.target.matches(".lsnb-flag input:enabled")) this.deeds.toggleFlag(event);
    const cell = event.target.closest(".lsnb-choice");
    if (cell && event.clientX > cell.getBoundingClientRect().right - 22)
      this.place.api.startEditingCell({ rowIndex: at.row, colKey: at.column });
  }
}
