"""The form in which a notebook is committed. `make format` brings notebooks into it, a test compares with it."""

from __future__ import annotations

import copy
import sys
from pathlib import Path

import nbformat

# Which Python somebody happened to have, and which way they folded their cells, is nobody else's business.
METADATA = {
    "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
CELL_METADATA = {"tags"}  # papermill finds its parameters by tag


def cleaned(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """Return the notebook without outputs, counts, widget states and editors' leftovers."""
    clean = copy.deepcopy(notebook)
    clean.metadata = nbformat.from_dict(METADATA)
    for cell in clean.cells:
        cell.metadata = {name: value for name, value in cell.metadata.items() if name in CELL_METADATA}
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    return clean


def main(paths: list[str]) -> None:
    """Write each notebook back in its committed form."""
    for path in map(Path, paths):
        text = nbformat.writes(cleaned(nbformat.read(path, as_version=4)), version=4) + "\n"
        if path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
