// Small makers of elements. Text goes in as text: nothing here takes HTML.

const SVG = "http://www.w3.org/2000/svg";

const ICONS = {
  undo: "M6 3 2.5 6.5 6 10M3 6.5h6a4 4 0 0 1 0 8H6",
  redo: "m10 3 3.5 3.5L10 10M13 6.5H7a4 4 0 0 0 0 8h3",
  add: "M8 3v10M3 8h10",
  remove: "M3 8h10",
  restore: "M3 8a5 5 0 1 1 1.5 3.6M3 12.5V8.8h3.7",
  fill: "M8 2v9M4.5 7.5 8 11l3.5-3.5M3 14h10",
  filter: "M2.5 3.5h11L9.5 8.5V13l-3-1.5v-3z",
  copy: "M5.5 5.5h7v8h-7zM10.5 5.5v-3h-7v8h2",
  set: "m3 8.5 3 3 7-7",
};

/** Make an element with properties, attributes (those that are no properties) and children. */
export function make(tag, { attributes = {}, ...properties } = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

export function makeIcon(name) {
  const svg = document.createElementNS(SVG, "svg");
  for (const [key, value] of Object.entries({ viewBox: "0 0 16 16", width: "14", height: "14", "aria-hidden": "true" }))
    svg.setAttribute(key, value);
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", ICONS[name]);
  svg.append(path);
  return svg;
}

/** Make a button with an icon and a word; narrow tables show the icon alone. */
export function makeButton(icon, word, title, action) {
  const label = make("span", { className: "lsnb-word", textContent: word });
  const button = make("button", { type: "button", title, attributes: { "aria-label": word } }, makeIcon(icon), label);
  button.addEventListener("click", () => isOff(button) || action());
  return button;
}

/** Switch a button off or on. It stays focusable: one that vanished under a person would take the keys with it. */
export function switchOff(button, isToBeOff) {
  button.setAttribute("aria-disabled", String(isToBeOff));
}

export function isOff(button) {
  return button.getAttribute("aria-disabled") === "true";
}

/** Make a choice from values; what stands for "empty" is an option too where it may be chosen. */
export function fillSelect(select, choices, texts = choices) {
  select.replaceChildren(...choices.map((choice, at) => new Option(texts[at], choice)));
}

/** Put text on the clipboard; a page that is not served safely has only the old way. */
export async function copyText(text) {
  if (navigator.clipboard?.writeText) {
    await navigator.clipboard.writeText(text);
    return;
  }
  const area = make("textarea", { value: text });
  document.body.append(area);
  area.select();
  document.execCommand("copy");
  area.remove();
}
