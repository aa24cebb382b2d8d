"""JupyterLab in Firefox and in WebKit, Safari's engine: a lesson, its forms, and an exercise."""

from __future__ import annotations

import json
import re
import secrets
from pathlib import Path
from typing import Any

import nbformat
import pytest
from lab import FINISHED, READY, Lab
from moving import SHOWS_EXPLORER

from belgrade.authoring.build import BLOCK
from belgrade.authoring.clean import KERNELSPEC

ROOT = Path(__file__).resolve().parents[2]
EXERCISE = "exercises/00_start_here.ipynb"
# Each kind of control, and a form, in a notebook that runs in seconds.
CELLS = (
    "from belgrade import explorers, journal",
    "explorers.xi_or_putin()",
    "explorers.shares()",
    'journal.ask_guess("e", "How many?", unit="", minimum=0, maximum=9, step=0.5)',
)
PANEL = "document.querySelector('.jp-NotebookPanel:not(.lm-mod-hidden)')"
CELL = PANEL + """.querySelector('[data-windowed-list-index="%d"]')"""
SHOW = """(async () => { const content = jupyterapp.shell.currentWidget.content;
  content.activeCellIndex = %d; await content.scrollToItem(%d, 'start'); return 1; })()"""
SEEN = """(cell => JSON.stringify([cell.querySelector('figure[data-drawn]').dataset.drawn,
  cell.querySelector('figcaption').textContent, cell.querySelector('figure img').alt]))(%s)"""
# JupyterLab's own: a page that is left, a size that changes while it is looked at, and an extension
# for JupyterLite that students do not have.
LABS_OWN = re.compile("ResizeObserver loop|Canceled|NetworkError|Load failed|@jupyterlite")

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("book_live")]


class Desk:
    """JupyterLab in an engine, with the notebook that is open."""

    def __init__(self, engine: Any, lab: Lab) -> None:
        self.engine, self.lab = engine, lab

    def open(self, path: str) -> None:
        place = f"lab/workspaces/{secrets.token_hex(4)}/tree/{path}"
        self.engine.goto(f"{self.lab.url}/{place}?token={self.lab.token}")
        first = f"{PANEL}?.querySelector('.jp-Cell')"
        self.engine.until(f"!document.querySelector('#jupyterlab-splash') && !!{first}", 60)
        # JupyterLab takes that for current which has the focus; a headless Firefox gives it none.
        self.engine.run(f"{PANEL}.dispatchEvent(new FocusEvent('focus'))")
        self.engine.until(f"!!({READY})('{path}')", 60)

    def run_all(self) -> None:
        self.engine.run("(jupyterapp.commands.execute('notebook:run-all-cells'), 1)")
        self.engine.until(f"({FINISHED})()", 60)

    def cell(self, number: int) -> str:
        self.engine.run(SHOW % (number, number))
        self.engine.until(f"!!{CELL % number}")
        return CELL % number

    def seen(self, cell: str) -> list[str]:
        return json.loads(self.engine.run(SEEN % cell))

    def changes(self, cell: str, before: list[str]) -> list[str]:
        """Wait until picture and sentence are others; return them."""
        fingerprint = json.dumps(before[0])
        self.engine.until(f"JSON.parse({SEEN % cell})[0] !== {fingerprint}")
        after = self.seen(cell)
        assert after[1] != before[1] and after[2] == after[1]
        return after


@pytest.fixture
def desk(engine: Any, lab: Lab) -> Desk:
    return Desk(engine, lab)


def test_explorers_and_forms_answer_in_other_engines(desk: Desk) -> None:
    """Three lists one after the other, a slider, a switch by mouse and touch; a form that keeps."""
    engine, lab = desk.engine, desk.lab
    book = nbformat.v4.new_notebook(metadata={"kernelspec": KERNELSPEC})
    book.cells = [nbformat.v4.new_code_cell(source) for source in CELLS]
    nbformat.write(book, lab.root / "notebooks/engines.ipynb")
    desk.open("notebooks/engines.ipynb")
    desk.run_all()
    assert [n for n, source in enumerate(CELLS) if SHOWS_EXPLORER.search(source)] == [1, 2]

    cell = desk.cell(1)
    engine.until(f"{cell}.querySelectorAll('select').length === 3")
    shown = desk.seen(cell)
    for at in (0, 1, 2):  # the third matters now that the first was moved
        engine.run(f"({cell}.querySelectorAll('select')[{at}].focus(), 1)")
        engine.press("ArrowDown")
        shown = desk.changes(cell, shown)

    cell = desk.cell(2)
    engine.until(f"!!{cell}.querySelector('[role=slider]')")
    shown = desk.seen(cell)
    engine.run(f"({cell}.querySelector('[role=slider]').focus(), 1)")
    engine.press("ArrowRight")
    shown = desk.changes(cell, shown)
    for way in ("mouse", "touch"):
        engine.click(f"{cell}.querySelector('input[type=checkbox]')", way)
        engine.until(f"JSON.parse({SEEN % cell})[0] !== {json.dumps(shown[0])}")
        shown = desk.seen(cell)

    cell = desk.cell(3)
    engine.until(f"!!{cell}.querySelector('input')")
    engine.run(f"({cell}.querySelector('input').focus(), 1)")
    engine.type("3,5")
    engine.press("Enter")
    engine.until(f"{cell}.querySelector('p[role=status]').textContent.includes('You guessed 3.5')")
    wrong = json.loads(engine.run("JSON.stringify(window.wrong ?? [])"))
    assert [each for each in wrong if not LABS_OWN.search(each)] == []


def test_an_exercise_is_answered_in_other_engines(desk: Desk) -> None:
    engine = desk.engine
    key = nbformat.read(ROOT / "exercises/keys/00_start_here.ipynb", as_version=4)
    cells = nbformat.read(desk.lab.root / EXERCISE, as_version=4).cells
    about = [
        (cell.metadata.belgrade.role, cell.metadata.belgrade.get("question")) for cell in cells
    ]
    answer, check = about.index(("answer", "0.1")), about.index(("check", "0.1"))
    right = next(BLOCK.sub(r"\2", c.source) for c in key.cells if c.id == cells[answer].id)
    desk.open(EXERCISE)
    desk.run_all()
    cell = desk.cell(answer)
    engine.click(f"{cell}.querySelector('.cm-content')")
    engine.press("Control", "a")
    for place, line in enumerate(right.splitlines()):
        if place:
            engine.press("Enter")
            engine.press("Shift", "Home")
        engine.type(line or " ")
    engine.press("Shift", "Enter")
    desk.cell(check)
    engine.run("(jupyterapp.commands.execute('notebook:run-cell'), 1)")
    engine.until(f"{CELL % check}.innerText.includes('✓ Right')", 60)
    engine.run("(jupyterapp.shell.currentWidget.context.model.dirty = false, 1)")
