// HTML that comes as a message, so that it is in no saved notebook. Python has escaped every text in it.
function render({ model, el }) {
  const hear = (message) => {
    if (message.type === "html") el.innerHTML = message.html;
  };
  model.on("msg:custom", hear);
  model.send({ type: "ready" });
  return () => model.off("msg:custom", hear);
}

export default { render };
