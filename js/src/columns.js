// From the table's columns to those of AG Grid.
import { FlagCell, ProblemCell, StateCell } from "./cells.js";
import { ChoiceEditor } from "./editors.js";
import { textOf } from "./table.js";

export const STATE = "lsnb-state";

/**
 * @param table the rows.
 * @param isInRange says whether a cell is in the range that is drawn in this view.
 * @param isNarrow whether there is no room for columns that stay in sight, and for words beside signs.
 */
export function columnDefs(table, isInRange, isNarrow) {
  const state = table.canEdit ? [stateColumn(table, isNarrow)] : []; // what can happen to no row needs no room
  return [...state, ...table.columns.map((column) => dataColumn(table, column, isInRange, isNarrow))];
}

function stateColumn(table, isNarrow) {
  return {
    colId: STATE,
    headerName: isNarrow ? "±" : "State",
    headerTooltip: "What happened to the row",
    valueGetter: ({ data }) => table.state(data),
    getQuickFilterText: () => "",
    cellRenderer: StateCell,
    width: isNarrow ? 34 : 88,
    minWidth: 34,
    flex: 0,
    pinned: isNarrow ? null : "left",
    editable: false,
    suppressMovable: true,
    cellClass: "lsnb-state-cell",
    headerClass: "lsnb-state-cell",
  };
}

function dataColumn(table, column, isInRange, isNarrow) {
  const { name } = column;
  const at = table.place.get(name);
  const isFlag = column.kind === "bool";
  const hasChoices = isFlag || column.choices.length > 0;
  const canEdit = ({ data }) => table.isEditable(data, name);
  return {
    colId: name,
    headerName: column.title,
    headerTooltip: column.help || undefined,
    valueGetter: ({ data }) => data.values[at],
    valueSetter: ({ data, newValue }) => {
      table.commit(table.filling([data.id], name, newValue));
      return false; // the table has told every view already
    },
    valueFormatter: ({ value }) => textOf(value),
    getQuickFilterText: ({ value }) => textOf(value),
    editable: canEdit,
    cellEditor: hasChoices ? ChoiceEditor : "agTextCellEditor",
    cellEditorParams: hasChoices ? { column_: column } : undefined,
    cellRendererSelector: ({ data, value }) => {
      if (data && table.problem(data, name)) {
        return { component: ProblemCell, params: { reason_: (params) => table.problem(params.data, name) ?? "" } };
      }
      const isBox = isFlag && (value === true || value === false || value === null);
      return isBox ? { component: FlagCell, params: { title_: column.title, editable_: canEdit } } : undefined;
    },
    tooltipValueGetter: ({ data }) => tooltip(table, data, name),
    cellClassRules: {
      "lsnb-dirty": ({ data }) => table.isChanged(data, name),
      "lsnb-bad": ({ data }) => Boolean(table.problem(data, name)),
      "lsnb-range": ({ node }) => isInRange(node.rowIndex, name),
      "lsnb-choice": (params) => hasChoices && !isFlag && canEdit(params),
      "lsnb-locked": (params) => !canEdit(params),
    },
    cellClass: column.kind === "number" ? "lsnb-number" : undefined,
    headerClass: column.kind === "number" ? "lsnb-number" : undefined,
    filter: column.kind === "number" ? "agNumberColumnFilter" : "agTextColumnFilter",
    filterValueGetter: column.kind === "number" ? undefined : ({ data }) => textOf(data.values[at]),
    pinned: column.pinned && !isNarrow ? "left" : null,
    ...(column.width ? { width: column.width, flex: 0, minWidth: 60 } : {}),
  };
}

function tooltip(table, row, name) {
  if (!row) return undefined;
  const was = table.isChanged(row, name) ? `was: ${textOf(table.before(row, name)) || "(empty)"}` : "";
  return [table.problem(row, name), was].filter(Boolean).join("\n") || undefined;
}
