// The widget: one table for each model, and a view of it for each place where it is shown.
import { Table } from "./table.js";
import { render } from "./view.js";

async function unpack(buffer) {
  const packed = new Blob([buffer]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(packed).json();
}

export default () => {
  let table;
  return {
    initialize({ model }) {
      const client = `page-${Math.random().toString(36).slice(2, 10)}`;
      table = new Table((message) => model.send(message), client);
      let inOrder = Promise.resolve(); // unpacking takes a moment, and what comes after must wait for it
      const hear = (message, buffers) => {
        inOrder = inOrder.then(async () => {
          if (message.type === "table") table.load(message, await unpack(buffers[0]));
          else if (!table.isLoaded) return;
          else if (message.type === "taken") table.taken(message);
          else if (message.type === "ops") table.hear(message);
          else if (message.type === "failed") table.fail(message);
        });
      };
      // The channel to Python closed or opened; whether somebody is there shows when asked.
      const check = () => {
        const asked = table.answers;
        table.askForTable();
        setTimeout(() => table.answers === asked && table.giveUp(), 5000);
      };
      model.on("msg:custom", hear);
      model.on("comm_live_update", check);
      table.askForTable();
      return () => {
        model.off("msg:custom", hear);
        model.off("comm_live_update", check);
      };
    },
    render({ model, el }) {
      return render(table, model, el);
    },
  };
};
