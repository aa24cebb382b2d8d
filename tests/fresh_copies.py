"""Examine many submissions of one exercise in one run: for tests that have many."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import nbformat

from belgrade.checks import examine
from belgrade.checks.assemble import about, assemble, fresh_copy

# Charts are made and judged as ever, but no pixels of them: those take longest and nobody looks.
NO_PIXELS = """from matplotlib_inline.config import InlineBackend
InlineBackend.instance(parent=get_ipython()).figure_formats = set()"""
# What `%reset -f` does to names, without its two full collections of garbage.
CLEAR = """for _name in [each for each in globals() if not each.startswith("_")]:
    if _name not in ("In", "Out", "get_ipython", "exit", "quit", "open"):
        del globals()[_name]"""

Outcomes = dict[str, tuple[str, str]]


Runner = Callable[[Any], tuple[list[dict[str, Any]], dict[str, str]]]


def examined(
    pack: dict[str, Any], submissions: list[Any], runner: Runner = examine.run
) -> list[tuple[Outcomes, list[str]]]:
    """Return for each submitted notebook ({question: (status, message)}, repairs).

    Each is put into a fresh copy of its own; the copies follow one another in one kernel, whose
    names are cleared in between. Their questions are told apart by a mark after the number.
    `runner` runs a notebook and returns records and what was lost, as nbval's does.
    """
    fresh, whole, repairs = fresh_copy(pack["notebook"], pack["checks"]), None, []
    for number, submitted in enumerate(submissions):
        notebook, mended = assemble(fresh, submitted)
        repairs.append(mended)
        for cell in notebook.cells:
            cell["id"] = f"{cell['id']}-{number}"
            if question := about(cell).get("question"):
                marked = f"{question}~{number}"
                about(cell)["question"] = marked
                if "spec" in about(cell):
                    about(cell)["spec"] = about(cell)["spec"] | {"question": marked}
                    cell.source = cell.source.replace(f'"{question}"', f'"{marked}"')
        source = NO_PIXELS if whole is None else CLEAR
        before = nbformat.v4.new_code_cell(source, id=f"before-{number}")
        if whole is None:
            whole = notebook
            whole.cells.insert(0, before)
        else:
            whole.cells += [before, *notebook.cells]
    records, lost = runner(whole)
    assert not lost
    found: list[Outcomes] = [{} for _ in submissions]
    for record in records:
        question, number = record["question"].split("~")
        if record["part"] == "" and "status" in record:
            found[int(number)][question] = record["status"], record["message"]
    return list(zip(found, repairs, strict=True))
