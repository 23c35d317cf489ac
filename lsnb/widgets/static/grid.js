export default { render({ el }) { el.textContent = "The table is being built."; } };
