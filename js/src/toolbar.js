// What stands above the table: buttons for what the keyboard does too, the bulk setter, the filters.
import { makeControl } from "./editors.js";
import { fillSelect, make, makeButton, switchOff } from "./dom.js";

export const SHOW = { all: "All rows", changed: "Changed rows", problem: "Rows with problems", selected: "Ticked rows" };

const KEYS = [
  ["Enter, F2 or typing", "edit the cell"],
  ["Ctrl+C, Ctrl+V", "copy and paste a block, also from Excel"],
  ["Shift+arrows, Shift+click", "extend the range"],
  ["Ctrl+D", "fill the range down"],
  ["Backspace", "empty the cells"],
  ["Delete", "mark rows for removal, again to restore"],
  ["Space", "tick the row, or switch a flag"],
  ["Insert", "add a row"],
  ["Ctrl+Z, Ctrl+Y", "undo, redo"],
  ["Ctrl+A", "tick all rows shown"],
  ["Alt+F10, Escape", "go to these buttons, and back"],
];

/** Make the toolbar; `actions` has one function for each button. */
export function makeToolbar(table, actions) {
  const buttons = {
    undo: makeButton("undo", "Undo", "Undo (Ctrl+Z)", actions.undo),
    redo: makeButton("redo", "Redo", "Redo (Ctrl+Y)", actions.redo),
    fill: makeButton("fill", "Fill down", "Put the topmost value of the range into the cells below (Ctrl+D)", actions.fill),
    add: makeButton("add", "Add row", "Add a row (Insert)", actions.add),
    remove: makeButton("remove", "Remove", "Mark the ticked rows, or those of the range, for removal (Delete)", actions.remove),
    restore: makeButton("restore", "Restore", "Take the mark for removal off again", actions.restore),
    filters: makeButton("filter", "Column filters", "Show a filter under each heading", actions.toggleFilters),
  };
  buttons.filters.setAttribute("aria-pressed", "false");
  const search = make("input", {
    type: "search",
    placeholder: "Search all columns",
    oninput: () => actions.search(search.value),
    attributes: { "aria-label": "Search all columns" },
  });
  const show = make("select", { onchange: () => actions.show(show.value), attributes: { "aria-label": "Which rows to show" } });
  fillSelect(show, Object.keys(SHOW), Object.values(SHOW));
  const setter = makeSetter(table, actions);
  const keys = make(
    "details",
    { className: "lsnb-keys" },
    make("summary", { textContent: "Keys" }),
    make("dl", {}, ...KEYS.flatMap(([key, what]) => [make("dt", { textContent: key }), make("dd", { textContent: what })])),
  );
  const history = make("span", { className: "lsnb-group" }, buttons.undo, buttons.redo);
  const element = make(
    "div",
    { className: "lsnb-toolbar", attributes: { role: "group", "aria-label": "Actions on the table" } },
    history,
    make("span", { className: "lsnb-group" }, buttons.add, buttons.remove, buttons.restore, buttons.fill),
    setter.element,
    make("span", { className: "lsnb-group lsnb-find" }, search, show, buttons.filters, keys),
  );
  // Choices of rows that can never be there are left out; where only "all" is left, so is the field.
  const offer = (isThere) => {
    for (const option of show.options) option.hidden = option.value in isThere && !isThere[option.value];
    show.hidden = !Object.values(isThere).some(Boolean);
  };
  return { element, buttons, history, search, show, offer, setter };
}

// "Set ROLE to VIEWER for 12 rows": one value for all ticked rows.
function makeSetter(table, actions) {
  const which = make("select", { attributes: { "aria-label": "Column to set" } });
  const place = make("span", { className: "lsnb-setter-value" });
  const word = make("span");
  const button = makeButton("set", "Set", "Put this value into all ticked rows that are shown", () => actions.set(which.value, control.value));
  button.classList.add("lsnb-setter-button");
  button.querySelector(".lsnb-word").classList.replace("lsnb-word", "lsnb-always");
  let control = make("input");
  const choose = () => {
    const column = table.column(which.value);
    const made = makeControl(column, column.kind === "bool" ? true : column.choices[0] ?? null);
    control = made.control;
    control.setAttribute("aria-label", `Value for ${column.title}`);
    place.replaceChildren(control, ...made.parts);
  };
  which.addEventListener("change", choose);
  const element = make("span", { className: "lsnb-group lsnb-setter" }, make("span", { textContent: "Set" }), which, word, place, button);
  word.textContent = "to";
  return {
    element,
    button,
    refresh() {
      // What has choices comes first: that is what is set for many at once.
      const free = table.columns.filter((column) => column.editable === true);
      free.sort((one, other) => (other.choices.length > 0) - (one.choices.length > 0));
      const names = free.map((column) => column.name);
      fillSelect(which, names, names.map((name) => table.column(name).title));
      if (names.length) choose();
    },
    count(n) {
      switchOff(button, n === 0 || table.isGone);
      button.querySelector(".lsnb-always").textContent = n === 0 ? "for ticked rows" : `for ${n.toLocaleString("en")} ${n === 1 ? "row" : "rows"}`;
      button.setAttribute("aria-label", `Set ${button.textContent}`);
    },
  };
}
