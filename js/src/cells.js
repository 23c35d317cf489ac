// How cells are drawn that are more than their text.
import { make } from "./dom.js";
import { textOf } from "./table.js";

const SIGNS = { removed: ["−", "remove"], problem: ["!", "problem"], added: ["+", "added"], edited: ["●", "edited"] };

/** The first column: what happened to the row, as a sign and a word. */
export class StateCell {
  init(params) {
    this.element = make("span", { className: "lsnb-state" });
    this.refresh(params);
  }

  refresh(params) {
    const [sign, word] = SIGNS[params.value] ?? ["", ""];
    this.element.dataset.state = params.value;
    const mark = make("span", { textContent: sign, attributes: { "aria-hidden": "true" } });
    this.element.replaceChildren(mark, make("span", { className: "lsnb-word", textContent: word }));
    return true;
  }

  getGui() {
    return this.element;
  }
}

/** A cell with something wrong: its value, and the reason beside it. */
export class ProblemCell {
  init(params) {
    this.element = make("span", { className: "lsnb-wrong" });
    this.refresh(params);
  }

  refresh(params) {
    const value = make("span", { className: "lsnb-value", textContent: textOf(params.value) });
    this.element.replaceChildren(value, make("span", { className: "lsnb-reason", textContent: `⚠ ${params.reason_(params)}` }));
    return true;
  }

  getGui() {
    return this.element;
  }
}

/** A flag: a box to tick. */
export class FlagCell {
  init(params) {
    this.params = params;
    this.box = make("input", { type: "checkbox", tabIndex: -1 });
    this.box.addEventListener("click", (event) => event.preventDefault()); // the table decides, then draws
    this.element = make("span", { className: "lsnb-flag" }, this.box);
    this.refresh(params);
  }

  refresh(params) {
    this.box.checked = params.value === true;
    this.box.indeterminate = params.value === null;
    this.box.disabled = !params.editable_(params);
    this.box.setAttribute("aria-label", `${params.title_}: ${textOf(params.value) || "unknown"}`);
    return true;
  }

  getGui() {
    return this.element;
  }
}
