// Blocks of cells as spreadsheets put them on the clipboard: tabs and line breaks, quotes where a cell has such itself.

/**
 * Read a block; a list of rows, each a list of texts. A line end at the end closes the last row, as Excel writes it.
 * Google Sheets writes none, so that an empty last cell is lost in the text; its table in HTML has the number of rows.
 */
export function parseBlock(text, html = "") {
  const rows = readRows(text);
  const missing = (html.match(/<tr[\s>]/gi) ?? []).length - rows.length;
  if (missing === 1 && /[\r\n]$/.test(text)) rows.push(rows[0].map(() => ""));
  return rows;
}

function readRows(text) {
  const source = text.replace(/\r\n?/g, "\n").replace(/\n$/, "");
  const rows = [[]];
  let cell = "";
  let isQuoted = false;
  const endCell = () => {
    rows.at(-1).push(cell);
    cell = "";
  };
  for (let at = 0; at < source.length; at += 1) {
    const char = source[at];
    const startsCell = at === 0 || source[at - 1] === "\t" || source[at - 1] === "\n";
    if (isQuoted && char === '"' && source[at + 1] === '"') {
      cell += '"';
      at += 1;
    } else if (isQuoted) {
      if (char === '"') isQuoted = false;
      else cell += char;
    } else if (char === '"' && startsCell && closesLater(source, at + 1)) {
      isQuoted = true;
    } else if (char === "\t") {
      endCell();
    } else if (char === "\n") {
      endCell();
      rows.push([]);
    } else {
      cell += char;
    }
  }
  endCell();
  return rows;
}

// A quote that is never closed is a plain character: 5" is a length.
function closesLater(source, from) {
  for (let at = source.indexOf('"', from); at >= 0; at = source.indexOf('"', at + 2)) {
    if (source[at + 1] !== '"') return at + 1 === source.length || source[at + 1] === "\t" || source[at + 1] === "\n";
  }
  return false;
}

/** Write a block, so that a spreadsheet reads the same cells; an empty last row would be taken for the end of the one above. */
export function formatBlock(rows) {
  const lines = rows.map((row) => row.map(formatCell).join("\t"));
  if (lines.length > 1 && lines.at(-1) === "") lines.push("");
  return lines.join("\n");
}

function formatCell(value) {
  const text = value === null || value === undefined ? "" : String(value);
  return /[\t\n\r"]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
