// The editor of cells with choices: a <select> of the browser's own, or a text field with suggestions where the choices
// are many. Typing picks, screen readers know both.
import { fillSelect, make } from "./dom.js";
import { textOf } from "./table.js";

const MOST_OPTIONS = 40;
let madeLists = 0;

/** Make the control for one column: `value` is read from it, and may be set. */
export function makeControl(column, current = null) {
  const choices = column.kind === "bool" ? [true, false] : column.choices;
  const texts = choices.map(textOf);
  if (choices.length === 0) return { control: make("input", { type: "text", value: textOf(current) }), parts: [] };
  if (choices.length > MOST_OPTIONS) {
    madeLists += 1;
    const list = make("datalist", { id: `lsnb-choices-${madeLists}` }, ...texts.map((text) => new Option(text, text)));
    const input = make("input", { type: "text", value: textOf(current), attributes: { list: list.id } });
    return { control: input, parts: [list] };
  }
  const select = make("select");
  const offered = texts.includes(textOf(current)) ? texts : [textOf(current), ...texts];
  fillSelect(select, offered, offered.map((text) => text || "(empty)"));
  select.value = textOf(current);
  return { control: select, parts: [] };
}

export class ChoiceEditor {
  init(params) {
    const { control, parts } = makeControl(params.column_, params.value);
    this.params = params;
    this.control = control;
    this.isSelect = control.tagName === "SELECT";
    control.setAttribute("aria-label", params.column_.title);
    this.element = make("div", { className: "lsnb-editor" }, control, ...parts);
    this.#startWith(params.eventKey);
    this.lastKeyAt = 0;
    control.addEventListener("keydown", (event) => {
      if (event.key !== "Enter") this.lastKeyAt = event.timeStamp;
      if (this.isSelect && ["ArrowUp", "ArrowDown", "Home", "End", "PageUp", "PageDown"].includes(event.key)) event.stopPropagation();
    });
    // A choice made with the mouse is made; one passed by an arrow key may be on the way to the next.
    control.addEventListener("change", (event) => {
      if (this.isSelect && event.timeStamp - this.lastKeyAt > 200) params.stopEditing();
    });
  }

  #startWith(key) {
    if (!key || key.length !== 1) return;
    if (!this.isSelect) this.control.value = key;
    const hit = [...this.control.options ?? []].find((option) => option.value.toLowerCase().startsWith(key.toLowerCase()));
    if (hit) this.control.value = hit.value;
  }

  getGui() {
    return this.element;
  }

  afterGuiAttached() {
    this.control.focus();
    if (!this.isSelect && !this.params.eventKey) this.control.select();
    if (this.isSelect && !this.params.eventKey) {
      try {
        this.control.showPicker();
      } catch {
        // the browser opens it only right after a click
      }
    }
  }

  getValue() {
    return this.control.value;
  }

  isPopup() {
    return false;
  }
}
