// Secrets of created keys. They come as messages, one per press, and live in the page's fields only.
function render({ model, el }) {
  const view = Math.random().toString(36).slice(2);
  const list = document.createElement("div");
  list.className = "lsnb-secrets";
  const taken = new Map();

  const makeButton = (label, act) => {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "jupyter-button lsnb-button";
    button.textContent = label;
    button.addEventListener("click", () => act(button));
    return button;
  };

  const copy = async (field, button) => {
    try {
      await navigator.clipboard.writeText(field.value);
      button.textContent = "Copied";
    } catch {
      // Pages that are not served securely have no clipboard: select it, for the person to copy.
      field.type = "text";
      field.select();
      button.textContent = "Press Ctrl+C";
    }
    setTimeout(() => { button.textContent = "Copy"; }, 2000);
  };

  const draw = () => {
    list.replaceChildren(...model.get("rows").map((row, place) => {
      const line = document.createElement("div");
      line.className = "lsnb-secret";
      const name = document.createElement("div");
      name.className = "lsnb-secret-name";
      name.textContent = row.name;
      line.append(name);
      const field = taken.get(place);
      if (field) {
        field.setAttribute("aria-label", `Secret of ${row.name}`);
        const show = makeButton(field.type === "password" ? "Show" : "Hide", (button) => {
          field.type = field.type === "password" ? "text" : "password";
          button.textContent = field.type === "password" ? "Show" : "Hide";
        });
        line.append(field, makeButton("Copy", (button) => copy(field, button)), show);
      } else if (row.is_there) {
        const short = document.createElement("code");
        short.textContent = row.short || "…";
        const take = makeButton("Take it out, once", () => model.send({ type: "take", place, view }));
        take.setAttribute("aria-label", `Take out the secret of ${row.name}, once`);
        line.append(short, take);
      } else {
        line.append("It was taken out. It cannot be shown again; if it is lost, create another key.");
      }
      return line;
    }));
  };

  const hear = (message, buffers) => {
    if (message.type !== "secret" || message.view !== view) return;
    const field = document.createElement("input");
    field.type = "password";
    field.readOnly = true;
    field.autocomplete = "off";
    field.spellcheck = false;
    field.value = new TextDecoder().decode(buffers[0]);
    field.addEventListener("keydown", (event) => event.stopPropagation());
    taken.set(message.place, field);
    draw();
  };

  model.on("change:rows", draw);
  model.on("msg:custom", hear);
  draw();
  el.append(list);
  return () => {
    model.off("change:rows", draw);
    model.off("msg:custom", hear);
    for (const field of taken.values()) field.value = "";
    taken.clear();
  };
}

export default { render };
