// The rows of one grid in the browser, shared by all its views. Python holds the truth: what is done here is shown at
// once, sent as a small operation, and stays pending until Python has answered.

const WHOLE_OR_DECIMAL = /^[+-]?(\d{1,15}|\d*\.\d+|\d+\.\d*)$/;

export class Table {
  /**
   * @param send hands a message to Python; it may throw when nobody is there.
   * @param client a name for this page, which no other page has.
   * @param now the time in milliseconds.
   */
  constructor(send, client, now = Date.now) {
    Object.assign(this, { send, client, now });
    this.isLoaded = false;
    this.isGone = false;
    this.caption = "";
    this.columns = [];
    this.rows = new Map();
    this.steps = [0, 0];
    this.pending = [];
    this.note = "";
    this.lastSeq = 0;
    this.madeIds = 0;
    this.answers = 0;
    this.listeners = new Set();
    this.changedRows = new Set();
    this.addedRows = new Set();
    this.removedRows = new Set();
    this.problemRows = new Set();
  }

  // --- what Python says

  /** Take the whole table; of the same one, what Python has not seen yet is put on top again and sent again. */
  load(head, table) {
    // Rows are named by their place: what was done to another table must not reach this one.
    if (this.isLoaded && head.generation !== this.generation && this.pending.length) {
      this.note = `${this.pending.length} changes were not taken: the table was replaced meanwhile`;
      this.pending = [];
    }
    this.generation = head.generation;
    Object.assign(this, {
      caption: table.caption,
      canAdd: table.can_add,
      canRemove: table.can_remove,
      canSelect: table.can_select,
      newRow: table.new_row,
      columns: table.columns,
      steps: head.steps,
      isLoaded: true,
      isGone: false,
    });
    this.answers += 1;
    this.place = new Map(table.columns.map((column, at) => [column.name, at]));
    for (const set of [this.changedRows, this.addedRows, this.removedRows, this.problemRows]) set.clear();
    this.rows = rowsOf(table);
    const change = newChange();
    this.#apply([...table.changed, table.added, { op: "remove", ids: table.removed }], change);
    this.#setProblems(table.problems, change);
    const seen = head.client === this.client ? head.seq : 0;
    this.pending = this.pending.filter((sent) => sent.message.seq > seen);
    for (const sent of this.pending) {
      this.#apply(sent.message.ops ?? [], change);
      this.#post(sent.message);
    }
    this.#tell({ ...newChange(), all: true });
  }

  /** Take the answer to something that this page or another one has sent. */
  taken(message) {
    this.answers += 1;
    if (message.client !== this.client) {
      this.askForTable(); // another page edits the same grid
      return;
    }
    this.isGone = false;
    this.pending = this.pending.filter((sent) => sent.message.seq > message.seq);
    const [count, reason] = message.refused;
    if (count) this.note = `${count === 1 ? "A change was" : `${count} changes were`} not taken: ${reason}`;
    this.#update(message);
  }

  /** Take what was done in Python. */
  hear(message) {
    this.#update(message);
  }

  fail(message) {
    this.note = message.text;
    this.#tell(newChange());
  }

  #update(message) {
    const change = newChange();
    this.steps = message.steps;
    const busy = new Set(this.pending.flatMap((sent) => sent.cells));
    this.#apply(message.ops, change, busy);
    this.#setProblems(message.problems, change);
    this.#tell(change);
  }

  // --- what a person does

  /** Do operations: show them, and send them. */
  commit(ops) {
    const real = ops.map((op) => this.#withoutIdle(op)).filter((op) => op.ids.length > 0);
    if (real.length === 0 || this.isGone) return;
    const change = newChange();
    this.#apply(real, change);
    this.note = "";
    this.#ask({ type: "edit", ops: real });
    this.#tell(change);
  }

  undo() {
    this.#takeBack("undo");
  }

  redo() {
    this.#takeBack("redo");
  }

  #takeBack(type) {
    if (this.isGone) return;
    this.note = "";
    this.#ask({ type });
    this.#tell(newChange());
  }

  /** Make the operation that adds a row. */
  addition(values = {}) {
    this.madeIds += 1;
    return { op: "add", ids: [`${this.client}-${this.madeIds}`], rows: [{ ...this.newRow, ...values }] };
  }

  /** Make the operations that put one value into a column of several rows. */
  filling(ids, name, raw) {
    const free = ids.filter((id) => this.isEditable(this.rows.get(id), name));
    const value = readValue(this.column(name), raw);
    return [{ op: "set", column: name, ids: free, values: free.map(() => value) }];
  }

  /**
   * Make the operations that put a block of texts at a place.
   * @param ids the rows from that place downwards, as they stand on the screen.
   * @param names the columns from that place to the right.
   */
  pasting(block, ids, names) {
    const sets = new Map(names.map((name) => [name, { op: "set", column: name, ids: [], values: [] }]));
    const adds = [];
    const left = { rows: 0, columns: 0, locked: 0 };
    block.forEach((texts, down) => {
      const row = this.rows.get(ids[down]);
      if (!row && !this.canAdd) {
        left.rows += 1;
        return;
      }
      const values = {};
      texts.forEach((text, right) => {
        const name = names[right];
        if (name === undefined) left.columns += 1;
        else if (!this.isEditable(row, name)) left.locked += 1;
        else if (row) {
          sets.get(name).ids.push(row.id);
          sets.get(name).values.push(readValue(this.column(name), text));
        } else values[name] = readValue(this.column(name), text);
      });
      if (!row && texts.some((text) => text !== "")) adds.push(this.addition(values));
    });
    return { ops: [...sets.values(), ...adds], left };
  }

  askForTable() {
    this.#post({ type: "ready" });
  }

  tellSelected(ids) {
    this.#post({ type: "selected", ids });
  }

  #ask(message) {
    this.lastSeq += 1;
    const whole = { ...message, seq: this.lastSeq };
    this.pending.push({ message: whole, at: this.now(), cells: (message.ops ?? []).flatMap(cellsOf) });
    this.#post(whole);
  }

  #post(message) {
    try {
      this.send({ ...message, client: this.client, generation: this.generation });
    } catch {
      this.isGone = true; // the channel of a kernel that was restarted throws
    }
  }

  /** Note that nobody answers any more; the table can be read and copied, and not edited. */
  giveUp() {
    if (this.isGone) return;
    this.isGone = true;
    this.#tell(newChange());
  }

  /** For how long Python has not answered, in milliseconds. */
  lateness() {
    return this.pending.length ? this.now() - this.pending[0].at : 0;
  }

  // --- what is there

  /** Whether a column can be edited in rows that are there. */
  get canFill() {
    return this.columns.some((column) => column.editable === true);
  }

  /** Whether anything can be done to the table at all. */
  get canEdit() {
    return this.canFill || Boolean(this.canAdd || this.canRemove);
  }

  column(name) {
    return this.columns[this.place.get(name)];
  }

  value(row, name) {
    return row.values[this.place.get(name)];
  }

  isEditable(row, name) {
    const column = this.column(name);
    if (this.isGone || !column) return false;
    return column.editable === true || ((!row || row.isAdded) && (column.editable === "added" || column.is_key));
  }

  isChanged(row, name) {
    return row.base !== null && row.base.has(this.place.get(name));
  }

  before(row, name) {
    return row.base?.get(this.place.get(name));
  }

  problem(row, name) {
    return row.problems?.get(name);
  }

  state(row) {
    if (row.isRemoved) return "removed";
    if (row.problems) return "problem";
    if (row.isAdded) return "added";
    return row.base ? "edited" : "";
  }

  counts() {
    let cells = 0;
    for (const row of this.changedRows) cells += row.base.size;
    let problems = 0;
    for (const row of this.problemRows) problems += row.problems.size;
    return {
      rows: this.rows.size,
      changed: cells,
      added: this.addedRows.size,
      removed: this.removedRows.size,
      problems,
      pending: this.pending.length,
    };
  }

  /** List edits as rows of text with a heading: all of them, or only what Python has not taken. */
  editList({ onlyPending = false } = {}) {
    const busy = onlyPending ? new Set(this.pending.flatMap((sent) => sent.cells)) : null;
    const isMeant = (row, name) => !busy || busy.has(cellName(row.id, name));
    const lines = [["what", "row", "column", "before", "after"]];
    for (const row of new Set([...this.changedRows, ...this.addedRows, ...this.removedRows])) {
      const called = this.#callRow(row);
      if (row.isAdded) {
        const names = this.columns.map((column) => column.name);
        if (!busy || [undefined, ...names].some((name) => busy.has(cellName(row.id, name))))
          for (const name of names) lines.push(["added", called, name, "", this.value(row, name)]);
        continue;
      }
      for (const [at, before] of row.base ?? [])
        if (isMeant(row, this.columns[at].name)) lines.push(["edited", called, this.columns[at].name, before, row.values[at]]);
      if (row.isRemoved && isMeant(row)) lines.push(["to be removed", called, "", "", ""]);
    }
    return lines;
  }

  #callRow(row) {
    const keys = this.columns.filter((column) => column.is_key);
    return (keys.length ? keys : this.columns.slice(0, 1)).map((column) => this.value(row, column.name) ?? "").join(" / ");
  }

  // --- carrying out

  #withoutIdle(op) {
    if (op.op === "set") {
      const kept = op.ids.flatMap((id, at) => {
        const row = this.rows.get(id);
        return row && !isSame(this.value(row, op.column), op.values[at]) ? [at] : [];
      });
      return { ...op, ids: kept.map((at) => op.ids[at]), values: kept.map((at) => op.values[at]) };
    }
    if (op.op === "add") return op;
    return { ...op, ids: op.ids.filter((id) => this.rows.get(id)?.isRemoved === (op.op === "restore")) };
  }

  // What is on its way to Python will win there, because it comes later than what is heard now; so it wins here too.
  #apply(ops, change, busy = new Set()) {
    for (const op of ops) {
      op.ids.forEach((id, at) => {
        if (busy.has(cellName(id, op.column))) return;
        const row = this.rows.get(id);
        if (op.op === "add" && !row) this.#add(id, op.rows[at], change);
        else if (op.op === "set" && row) this.#set(row, this.place.get(op.column), op.values[at], change);
        else if (op.op === "remove" && row?.isAdded) this.#drop(row, change);
        else if ((op.op === "remove" || op.op === "restore") && row) {
          row.isRemoved = op.op === "remove";
          keep(this.removedRows, row, row.isRemoved);
          change.updated.add(row);
        }
      });
    }
  }

  #set(row, at, value, change) {
    if (!row.isAdded) {
      row.base ??= new Map();
      if (!row.base.has(at)) row.base.set(at, row.values[at]);
      if (isSame(row.base.get(at), value)) {
        value = row.base.get(at);
        row.base.delete(at);
      }
      if (row.base.size === 0) row.base = null;
      keep(this.changedRows, row, row.base !== null);
    }
    row.values[at] = value;
    change.updated.add(row);
  }

  #add(id, values, change) {
    const row = newRow(id, this.columns.map((column) => values[column.name] ?? null));
    row.isAdded = true;
    this.rows.set(id, row);
    this.addedRows.add(row);
    change.added.push(row);
  }

  #drop(row, change) {
    this.rows.delete(row.id);
    this.addedRows.delete(row);
    this.problemRows.delete(row);
    change.updated.delete(row);
    change.dropped.push(row);
  }

  #setProblems(problems, change) {
    for (const [id, name, reason] of problems) {
      const row = this.rows.get(id);
      if (!row) continue;
      row.problems ??= new Map();
      if (reason) row.problems.set(name, reason);
      else row.problems.delete(name);
      if (row.problems.size === 0) row.problems = null;
      keep(this.problemRows, row, row.problems !== null);
      change.updated.add(row);
    }
  }

  #tell(change) {
    for (const listener of [...this.listeners]) listener(change);
  }
}

/** Read what was typed as far as it is certain; Python reads it again, and has the last word. */
export function readValue(column, raw) {
  if (raw === null || raw === undefined || String(raw).trim() === "") return null;
  const text = String(raw);
  if (column.kind === "number" && WHOLE_OR_DECIMAL.test(text.trim())) return Number(text);
  if (column.kind === "bool" && typeof raw !== "boolean") {
    const word = text.trim().toLowerCase();
    return word === "true" || word === "yes" ? true : word === "false" || word === "no" ? false : text;
  }
  return typeof raw === "number" || typeof raw === "boolean" ? raw : text;
}

/** Say how a value is written in a cell. */
export function textOf(value) {
  if (value === null || value === undefined) return "";
  return value === true ? "yes" : value === false ? "no" : String(value);
}

function isSame(one, other) {
  return one === other || ((one ?? "") === "" && (other ?? "") === "");
}

function newRow(id, values) {
  return { id, values, base: null, problems: null, isAdded: false, isRemoved: false };
}

function newChange() {
  return { updated: new Set(), added: [], dropped: [], all: false };
}

function keep(set, item, isIn) {
  if (isIn) set.add(item);
  else set.delete(item);
}

function cellName(id, column = "") {
  return `${id}\n${column}`;
}

function cellsOf(op) {
  return op.ids.map((id) => cellName(id, op.column));
}

function rowsOf(table) {
  const lists = table.values.map((values) => (Array.isArray(values) ? values : values.codes.map((code) => values.levels[code])));
  const rows = new Map();
  for (let id = 0; id < table.n_rows; id += 1) {
    const values = new Array(lists.length);
    for (let at = 0; at < lists.length; at += 1) values[at] = lists[at][id];
    rows.set(id, newRow(id, values));
  }
  return rows;
}
