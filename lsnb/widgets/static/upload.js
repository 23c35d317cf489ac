// A button that takes a file, also one dropped on it. The content travels as a message and stays in no notebook.
function render({ model, el }) {
  const input = document.createElement("input");
  input.type = "file";
  input.hidden = true;
  const button = document.createElement("button");
  button.type = "button";
  button.className = "jupyter-button lsnb-button";
  const show = () => {
    button.textContent = model.get("label");
    button.disabled = model.get("disabled");
    input.accept = model.get("accept");
  };
  const take = async files => {
    if (!files.length || model.get("disabled")) return;
    const content = await files[0].arrayBuffer();
    model.send({ type: "file", name: files[0].name }, undefined, [content]);
  };
  button.addEventListener("click", () => input.click());
  input.addEventListener("change", async () => {
    await take(input.files);
    input.value = "";
  });
  button.addEventListener("dragover", event => event.preventDefault());
  button.addEventListener("drop", event => {
    event.preventDefault();
    take(event.dataTransfer.files);
  });
  model.on("change:label", show);
  model.on("change:disabled", show);
  show();
  el.append(button, input);
  return () => {
    model.off("change:label", show);
    model.off("change:disabled", show);
  };
}
export default { render };
