"""JupyterLab in Firefox and in WebKit, Safari's engine: a lesson, its forms, and an exercise.

The width of a phone and a dark theme are tried in every run. With `pytest -m slow` both, and the
book, are tried as tablets have them, at 200%, and as readers may ask for them: dark, with less
motion, in forced colours (which WebKit does not know).
"""

from __future__ import annotations

import json
import re
import secrets
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
import test_book_live
from engines import started
from lab import FINISHED, READY, Lab
from moving import SHOWS_EXPLORER
from themes import LOW_CONTRAST, MISFITS, THEME

from belgrade.authoring.clean import KERNELSPEC
from belgrade.authoring.key import BLOCK

ROOT = Path(__file__).resolve().parents[2]
EXERCISE = "exercises/00_start_here.ipynb"
# The book's pages.
asking, folder = test_book_live.asking, test_book_live.folder
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

PHONE, TABLET, TWICE = (390, 844, 1), (820, 1180, 1), (640, 450, 2)
# Looks of the browser, one after the other in a browser of its own.
LOOKS = ("firefox", "firefox-dark-still", "firefox-forced", "webkit", "webkit-dark-still")
# What of a cell's outputs cannot be used: beyond its place, cut off, moving, or without contrast.
AMISS = """(cell => JSON.stringify([
  ...(%s)(cell),
  ...[...cell.querySelectorAll('.jp-OutputArea *')]
    .filter(each => getComputedStyle(each).animationName !== 'none')
    .map(each => `moves: ${each.outerHTML.slice(0, 150)}`),
  ...(%s)('.jp-NotebookPanel:not(.lm-mod-hidden) [data-windowed-list-index="' +
    cell.dataset.windowedListIndex + '"] .jp-OutputArea'),
]))(%s)"""
NARROW = """(() => { const app = jupyterapp;
  if (!app.shell.leftCollapsed) app.shell.collapseLeft();
  if (!app.shell.rightCollapsed) app.shell.collapseRight();
  return 1; })()"""

# Nothing in the page is to be saved.
SAVED = """(() => { for (const each of window.jupyterapp?.shell.widgets('main') ?? [])
  if (each.context) each.context.model.dirty = false;
  return 1; })()"""

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("book_live")]


class Desk:
    """JupyterLab in an engine, with the notebook that is open."""

    def __init__(self, engine: Any, lab: Lab) -> None:
        self.engine, self.lab = engine, lab

    def open(self, path: str) -> None:
        self.engine.run(SAVED)  # else JupyterLab asks whether to leave without saving
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

    def put_on(self, theme: str) -> None:
        self.engine.run(f"({THEME})('{theme}').then(() => 1)")
        self.engine.until(
            f"document.body.dataset.jpThemeLight === '{str(theme == 'Light').lower()}'"
        )

    def is_in_order(self, cell: str) -> None:
        """Wait until nothing is amiss in a cell's outputs: they take their new size in a moment."""
        end = time.monotonic() + 10
        while amiss := json.loads(self.engine.run(AMISS % (MISFITS, LOW_CONTRAST, cell))):
            assert time.monotonic() < end, amiss
            time.sleep(0.1)

    def errors(self) -> list[str]:
        wrong = json.loads(self.engine.run("JSON.stringify(window.wrong ?? [])"))
        return [each for each in wrong if not LABS_OWN.search(each)]


def written(lab: Lab) -> str:
    """Write the notebook of `CELLS`; return its path."""
    book = nbformat.v4.new_notebook(metadata={"kernelspec": KERNELSPEC})
    book.cells = [nbformat.v4.new_code_cell(source) for source in CELLS]
    nbformat.write(book, lab.root / "notebooks/engines.ipynb")
    return "notebooks/engines.ipynb"


@pytest.fixture
def desk(engine: Any, lab: Lab) -> Iterator[Desk]:
    engine.size(1280, 800)
    yield Desk(engine, lab)


@pytest.fixture(scope="module", params=LOOKS)
def looking(request: pytest.FixtureRequest) -> Iterator[Any]:
    """Give a browser that looks so, if its engine is here."""
    with started(*request.param.split("-")) as opened:
        yield opened


def use(desk: Desk, guess: str) -> None:
    """Move lists, a slider and a switch by keyboard, mouse and touch; commit a guess."""
    engine = desk.engine
    cell = desk.cell(1)
    engine.until(f"{cell}.querySelectorAll('select').length === 3")
    shown = desk.seen(cell)
    for at in (0, 1, 2):  # the third matters now that the first was moved
        engine.run(f"({cell}.querySelectorAll('select')[{at}].focus(), 1)")
        engine.press("ArrowDown")
        shown = desk.changes(cell, shown)
    desk.is_in_order(cell)

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
    desk.is_in_order(cell)

    cell = desk.cell(3)
    engine.until(f"!!{cell}.querySelector('input')")
    engine.run(f"({cell}.querySelector('input').focus(), {cell}.querySelector('input').select())")
    engine.type(guess)
    engine.press("Enter")
    said = f"You guessed {guess.replace(',', '.')}"
    engine.until(f"{cell}.querySelector('p[role=status]').textContent.includes('{said}')")
    desk.is_in_order(cell)


@pytest.mark.runs_in(
    "Firefox · WebKit",
    "JupyterLab 4.6",
    "lists, a slider, a switch by keyboard, mouse and touch; a guess; at 1280 pixels, "
    "and at 390 in the dark theme",
)
def test_explorers_and_forms_answer_in_other_engines(desk: Desk) -> None:
    desk.open(written(desk.lab))
    desk.run_all()
    assert [n for n, source in enumerate(CELLS) if SHOWS_EXPLORER.search(source)] == [1, 2]
    use(desk, "3,5")
    desk.engine.size(*PHONE)
    desk.engine.run(NARROW)
    desk.put_on("Dark")
    for number in (1, 2, 3):
        desk.is_in_order(desk.cell(number))
    cell = desk.cell(2)  # and what is too wide is seen
    picture = f"{cell}.querySelector('figure img').style"
    desk.engine.run(f"({picture}.maxWidth = 'none', {picture}.width = '3000px')")
    assert "beyond" in desk.engine.run(AMISS % (MISFITS, LOW_CONTRAST, cell))
    desk.put_on("Light")
    assert desk.errors() == []


@pytest.mark.slow
@pytest.mark.runs_in(
    "Firefox · WebKit",
    "JupyterLab 4.6 (slow)",
    "the same at 820 and 390 pixels and 200%, in both themes, dark with less motion, and "
    "(Firefox) in forced colours; a question of an exercise",
)
def test_every_size_and_look_can_be_used(looking: Any, lab: Lab) -> None:
    desk = Desk(looking, lab)
    desk.open(written(lab))
    for number, size in enumerate((TABLET, TWICE, PHONE)):
        looking.size(*size)
        looking.run(NARROW)
        desk.put_on(("Light", "Dark")[number % 2])
        desk.run_all()
        use(desk, f"{number},5")
        desk.put_on(("Dark", "Light")[number % 2])
        for cell in (1, 2, 3):
            desk.is_in_order(desk.cell(cell))
    assert desk.errors() == []
    looking.size(*TABLET)
    answer_and_check(desk)


@pytest.mark.slow
@pytest.mark.runs_in(
    "Firefox · WebKit",
    "the book (slow)",
    "explorers by keyboard, mouse and touch, a form kept; at 820 and 390 pixels and 200%, dark "
    "with less motion, and (Firefox) in forced colours",
)
def test_the_book_at_every_size_and_look(looking: Any, folder: Path, asking: Path) -> None:
    for size in (TABLET, TWICE, PHONE):
        looking.size(*size)
        test_book_live.test_other_engines_answer_as_well(looking, folder, asking)
        looking.run("(localStorage.clear(), 1)")
        for page in (folder / "explorers.html", asking):
            looking.goto(page.as_uri())
            assert looking.run("document.documentElement.scrollWidth <= innerWidth"), (page, size)
            assert json.loads(looking.run(f"JSON.stringify(({LOW_CONTRAST})('main'))")) == []


@pytest.mark.runs_in(
    "Firefox · WebKit", "JupyterLab 4.6", "a question of an exercise typed, run and checked"
)
def test_an_exercise_is_answered_in_other_engines(desk: Desk) -> None:
    answer_and_check(desk)


def answer_and_check(desk: Desk) -> None:
    """Answer the first question of an exercise and run its check."""
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
