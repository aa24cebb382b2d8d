"""Examine many submissions of one exercise in one run: for tests that have many."""

from __future__ import annotations

import copy
from typing import Any

import nbformat
from one_kernel import CLEAR

from belgrade.checks.assemble import about
from belgrade.checks.examine import run as run_by_nbval  # tests replace that of examine

# Charts are made and judged as ever, but no pixels of them: those take longest and nobody looks.
NO_PIXELS = """from matplotlib_inline.config import InlineBackend
InlineBackend.instance(parent=get_ipython()).figure_formats = set()"""
# A reference is read from a chart that was drawn, since ticks come with it; answers need not be.
SKIP_DRAWING = f"""{NO_PIXELS}
from matplotlib import pyplot
pyplot.draw_all = lambda force=False: None"""


def outcomes(records: list[dict[str, Any]]) -> dict[str, tuple[str, str]]:
    """Return {question: (status, message)} of records, parts with a name left out."""
    judged = [record for record in records if record["part"] == "" and "status" in record]
    return {record["question"]: (record["status"], record["message"]) for record in judged}


def records_of(copies: list[Any]) -> list[list[dict[str, Any]]]:
    """Return the records of each assembled copy, from one run for all of them.

    The copies follow one another in one kernel, whose names are cleared in between. Their questions
    are told apart by a mark after the number.
    """
    combined = None
    for number, notebook in enumerate(copy.deepcopy(copies)):
        for cell in notebook.cells:
            cell["id"] = f"{cell['id']}-{number}"
            if question := about(cell).get("question"):
                unique = f"{question}~{number}"
                about(cell)["question"] = unique
                if "spec" in about(cell):
                    about(cell)["spec"] = about(cell)["spec"] | {"question": unique}
                    cell.source = cell.source.replace(f'"{question}"', f'"{unique}"')
        source = SKIP_DRAWING if combined is None else CLEAR
        separator = nbformat.v4.new_code_cell(source, id=f"before-{number}")
        if combined is None:
            combined = notebook
            combined.cells.insert(0, separator)
        else:
            combined.cells += [separator, *notebook.cells]
    records, aborted = run_by_nbval(combined)
    assert not aborted
    by_copy: list[list[dict[str, Any]]] = [[] for _ in copies]
    for record in records:
        question, number = record["question"].split("~")
        by_copy[int(number)].append(record | {"question": question})
    return by_copy
