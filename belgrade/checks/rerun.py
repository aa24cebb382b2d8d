"""The rerun: the student's own code once more, under other values of the parameters.

An answer that was worked out changes with them; a number that was typed in does not. An answer
key names the other values in a cell tagged `variant`, which students never get.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from belgrade.checks.assemble import about, role
from belgrade.checks.cells import copied
from belgrade.checks.fast_nbformat import nbformat
from belgrade.checks.record import MIME

if TYPE_CHECKING:
    from nbformat import NotebookNode

# The part of a question that is judged in the rerun, and the mark of its cells.
AGAIN = "again"
MESSAGE = (
    "With other values in the cell of settings your code gives another result than it should: is "
    "a value typed in where the name of a setting belongs?"
)


def with_rerun(notebook: NotebookNode, variant: str, checks: list[dict[str, Any]]) -> NotebookNode:
    """Return an assembled notebook with its rerun after its last cell.

    `variant` is the source of the parameters cell with other values, or "" where there is none;
    `checks` are those to grade against: each with the part `again` is judged in the rerun.
    A cell of it has `variant: again` in `metadata.belgrade`, and is otherwise a cell like
    any: the parameters, the set-up, the student's, and a hidden check for each question.
    """
    entries = {c["question"]: c for c in checks if c["part"] == AGAIN}
    if not (variant and entries):
        return notebook
    taken, cells = {cell["id"] for cell in notebook.cells}, []
    for cell in notebook.cells:
        if new := _again(cell, variant, entries):
            new["id"] = _free(f"{AGAIN}-{cell['id']}"[:58], taken)
            about(new)["variant"] = AGAIN
            cells.append(new)
    whole = copy.copy(notebook)
    whole.cells = [*notebook.cells, *cells]
    return whole


def _again(
    cell: NotebookNode, variant: str, entries: dict[str, dict[str, Any]]
) -> NotebookNode | None:
    """Return what a cell is in the rerun, or None where it is no part of it."""
    what, question = role(cell), about(cell).get("question")
    if cell.cell_type != "code" or what == "hidden":
        return None
    if what == "check":
        if question not in entries:
            return None
        # One check is enough: a question's further ones have their own part.
        return _check(cell, entries[question]) if not about(cell).get("part") else None
    if what == "setup" and "check_notebook(" in cell.source:
        return None
    new = copied(cell)
    new.outputs, new.execution_count = [], None
    if what == "parameters":
        new.source = variant
    return new


def _check(cell: NotebookNode, entry: dict[str, Any]) -> NotebookNode:
    reference = {"question": entry["question"], "answer": entry["reference"]}
    shown = {MIME: reference, "text/plain": "reference"}
    mark = {"question": entry["question"], "role": "hidden", "part": AGAIN, "spec": entry["spec"]}
    output = {"output_type": "display_data", "data": shown, "metadata": {}}
    # As nbformat makes them, which also validates: nearly all of the time.
    return nbformat.from_dict(
        {
            "cell_type": "code",
            "source": cell.source,
            "metadata": {"belgrade": mark},
            "execution_count": 1,
            "outputs": [output],
        }
    )


def _free(name: str, taken: set[str]) -> str:
    tried = (name if n == 0 else f"{name}-{n}" for n in range(len(taken) + 1))
    found = next(each for each in tried if each not in taken)
    taken.add(found)
    return found
