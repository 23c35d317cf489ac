// What stands below the table, and the warning above it when Python does not answer.
import { copyText, make, makeButton } from "./dom.js";
import { formatBlock } from "./block.js";

const LATE_MS = 4000;

export function isLate(table) {
  return table.lateness() > LATE_MS;
}

/** Say the numbers in a line: those that can be other than nought. */
export function countsText(table, shown, selected, hiddenSelected) {
  const counts = table.counts();
  const number = (n) => n.toLocaleString("en");
  return [
    `${number(counts.rows)} ${counts.rows === 1 ? "row" : "rows"}`,
    `${number(shown)} shown`,
    table.canSelect ? `${number(selected)} selected${hiddenSelected ? ` (${number(hiddenSelected)} not shown)` : ""}` : "",
    table.canEdit ? `${number(counts.changed)} changed` : "",
    counts.added ? `${number(counts.added)} added` : "",
    counts.removed ? `${number(counts.removed)} to remove` : "",
    table.canEdit || counts.problems ? `${number(counts.problems)} ${counts.problems === 1 ? "problem" : "problems"}` : "",
  ]
    .filter(Boolean)
    .join(" · ");
}

export function makeStatus() {
  const counts = make("span", { className: "lsnb-counts" });
  const note = make("span", { className: "lsnb-note" });
  const element = make("div", { className: "lsnb-status", attributes: { role: "status", "aria-live": "polite" } }, counts, note);
  return {
    element,
    show(text, noteText) {
      if (counts.textContent !== text) counts.textContent = text;
      if (note.textContent !== noteText) note.textContent = noteText;
    },
  };
}

/** The warning about edits that Python has not taken, with a button to copy them. */
export function makeWarning(table) {
  const text = make("span");
  const copy = makeButton("copy", "Copy edits", "Copy the edits as a table, to paste them elsewhere", async () => {
    await copyText(formatBlock(table.editList({ onlyPending: !table.isGone })));
    copy.querySelector(".lsnb-always").textContent = "Copied";
  });
  copy.querySelector(".lsnb-word").classList.replace("lsnb-word", "lsnb-always");
  const element = make("div", { className: "lsnb-warning", hidden: true, attributes: { role: "alert" } }, text, copy);
  return {
    element,
    refresh() {
      const words = warningText(table);
      element.hidden = words === "";
      if (text.textContent !== words) text.textContent = words;
      copy.hidden = table.editList().length < 2;
    },
  };
}

export function warningText(table) {
  const n = table.pending.length;
  const untaken = n === 1 ? "1 change was not taken by Python" : `${n} changes were not taken by Python`;
  if (table.isGone) {
    const lost = n > 0 ? `${untaken}, and what it had taken is gone with it. ` : "What Python had taken is gone with it. ";
    return `The kernel has gone away. ${lost}Nothing can be edited here now: copy the edits, run the cell again, and paste them.`;
  }
  return isLate(table) ? `${untaken} yet: the kernel is busy, or gone. They are kept here and sent when it answers.` : "";
}
