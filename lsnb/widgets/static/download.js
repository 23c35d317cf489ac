// A button whose file is made when it is pressed, and travels as a message: nothing of it stays in the notebook.
function render({ model, el }) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "jupyter-button lsnb-button";
  const show = () => {
    button.textContent = model.get("label");
    button.disabled = model.get("disabled");
  };
  const save = (message, buffers) => {
    if (message.type !== "file" || message.view !== view) return;
    const address = URL.createObjectURL(new Blob([buffers[0]], { type: message.kind }));
    const link = document.createElement("a");
    link.href = address;
    link.download = message.name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(address), 10000);
  };
  // Two views of one button must not both save the file.
  const view = Math.random().toString(36).slice(2);
  button.addEventListener("click", () => model.send({ type: "press", view }));
  model.on("change:label", show);
  model.on("change:disabled", show);
  model.on("msg:custom", save);
  show();
  el.append(button);
  return () => {
    model.off("change:label", show);
    model.off("change:disabled", show);
    model.off("msg:custom", save);
  };
}
export default { render };
