"""Lessons in a real JupyterLab in Chromium: run, move every control by keyboard, save, reopen."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path
from typing import Any

import pytest
from lab import Lab

ROOT = Path(__file__).resolve().parents[2]
LESSONS = sorted(path.name for path in (ROOT / "notebooks").glob("[0-9][0-9]_*.ipynb"))
SHOWS_EXPLORER = re.compile(r"^(?:\w+ = )?explorers\.\w+\(", re.M)
PICTURE = "figure[data-drawn]"
STDERR = "[data-mime-type='application/vnd.jupyter.stderr']"

pytestmark = pytest.mark.browser


def explorer_cells(lab: Lab, lesson: str) -> list[int]:
    """Return the places of the cells that call an explorer, counted from 0 over all cells."""
    content = json.loads((lab.root / "notebooks" / lesson).read_text(encoding="utf-8"))
    return [
        number
        for number, cell in enumerate(content["cells"])
        if cell["cell_type"] == "code" and SHOWS_EXPLORER.search("".join(cell["source"]))
    ]


def bring_to(page: Any, number: int) -> Any:
    """Scroll to a cell (those out of sight are not in the page) and return it."""
    page.evaluate(
        """async number => {
          const content = jupyterapp.shell.currentWidget.content;
          content.activeCellIndex = number;
          await content.scrollToItem(number, 'start');
        }""",
        number,
    )
    cell = page.locator(
        f".jp-NotebookPanel:not(.lm-mod-hidden) [data-windowed-list-index='{number}']"
    )
    cell.wait_for()
    return cell


def seen(cell: Any) -> tuple[str, str]:
    """Return what an explorer shows: the fingerprint of its picture (or none), and its sentence."""
    return tuple(
        cell.evaluate(
            """cell => [
              cell.querySelector('figure[data-drawn]')?.dataset.drawn ?? '',
              cell.querySelector('.jp-OutputArea [aria-live=polite]')?.textContent ?? '',
            ]"""
        )
    )


class Control:
    """A control of an explorer, moved by the keyboard alone."""

    def __init__(self, page: Any, cell: Any, element: Any) -> None:
        self.page, self.cell, self.element = page, cell, element
        kind = element.evaluate("each => each.type || each.getAttribute('role')")
        self.there, self.back, self.steps = "Space", "Space", 1
        if kind == "select-one":
            at, last = element.evaluate("each => [each.selectedIndex, each.options.length - 1]")
            self.there, self.back, self.steps = "ArrowDown", "ArrowUp", last - at
            if at == last:
                self.there, self.back, self.steps = "ArrowUp", "ArrowDown", last
        elif kind == "slider":
            assert element.get_attribute("aria-label"), "a slider's handle needs a name"
            ends = [element.get_attribute(f"aria-value{end}") for end in ("now", "max")]
            self.there, self.back, self.steps = "ArrowRight", "ArrowLeft", 3
            if ends[0] == ends[1]:
                self.there, self.back = "ArrowLeft", "ArrowRight"

    def move(self, seconds: float = 1.5) -> int:
        """Press until the explorer shows something else; return how often, 0 if it never did."""
        before = seen(self.cell)
        self.element.focus()
        for pressed in range(1, self.steps + 1):
            self.page.keyboard.press(self.there)
            if self._until(lambda now: now != before, seconds):
                return pressed
        self.restore(self.steps)
        return 0

    def restore(self, pressed: int) -> None:
        """Press back as often; wait until the page has settled."""
        self.element.focus()
        for _ in range(pressed):
            self.page.keyboard.press(self.back)
        self.page.wait_for_timeout(300)

    def _until(self, holds: Any, seconds: float) -> bool:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if holds(seen(self.cell)):
                return True
            self.page.wait_for_timeout(10)
        return False


def move_every_control(page: Any, cell: Any) -> None:
    """Move each control there and back with the keyboard: picture or sentence must change.

    One that matters only after another was moved is tried again with each of the others moved.
    """
    elements = cell.locator("select, input[type=checkbox], [role=slider]").all()
    controls = [Control(page, cell, element) for element in elements]
    assert controls
    silent = []
    for control in controls:
        if pressed := control.move():
            control.restore(pressed)
        else:
            silent.append(control)
    for control in silent:
        assert any(_moves_after(other, control) for other in controls if other is not control), (
            f"a control changes nothing: {control.element}"
        )


def _moves_after(other: Control, control: Control) -> bool:
    """Tell whether `control` changes what is seen at any later option of `other`."""
    for pressed in range(1, other.steps + 1):
        other.element.focus()
        other.page.keyboard.press(other.there)
        other.page.wait_for_timeout(700)
        if moved := control.move():
            control.restore(moved)
            other.restore(pressed)
            return True
    other.restore(other.steps)
    return False


@pytest.mark.parametrize("lesson", LESSONS)
def test_a_lesson_runs_and_its_explorers_move(lab: Lab, page: Any, lesson: str) -> None:
    panel = lab.open(page, f"notebooks/{lesson}")
    lab.run_all(page)
    assert panel.locator(STDERR).count() == 0
    outputs = page.evaluate(
        """() => [...jupyterapp.shell.currentWidget.content.model.cells].flatMap(
          cell => cell.type === 'code' ? cell.outputs.toJSON() : [])"""
    )
    wrong = [
        each for each in outputs if each["output_type"] == "error" or each.get("name") == "stderr"
    ]
    assert not wrong
    for number in explorer_cells(lab, lesson):
        cell = bring_to(page, number)
        cell.locator(f"{PICTURE} img").wait_for()
        move_every_control(page, cell)
        alt = cell.locator(f"{PICTURE} img").get_attribute("alt")
        assert alt == seen(cell)[1]


def test_a_saved_lesson_keeps_pictures_and_sentences(lab: Lab, page: Any) -> None:
    path = "notebooks/01_the_puzzle.ipynb"
    lab.open(page, path)
    lab.run_all(page)
    lab.command(page, "docmanager:save")
    page.evaluate("() => jupyterapp.shell.currentWidget.sessionContext.shutdown()")
    panel = lab.open(page, path)
    page.wait_for_timeout(1500)
    for number in explorer_cells(lab, "01_the_puzzle.ipynb"):
        cell = bring_to(page, number)
        cell.locator(f"{PICTURE} img").wait_for()
        drawn, words = seen(cell)
        assert drawn
        assert words
        assert cell.locator("select").count() > 0
        assert "model not found" not in cell.inner_text()
    assert panel.get_by_text("model not found").count() == 0


def test_a_lesson_as_committed_opens_with_pictures_and_without_errors(
    lab: Lab, page: Any, tmp_path: Path
) -> None:
    source = ROOT / "notebooks" / "01_the_puzzle.ipynb"
    (lab.root / "notebooks" / "fresh.ipynb").write_bytes(source.read_bytes())
    panel = lab.open(page, "notebooks/fresh.ipynb")
    for number in explorer_cells(lab, "fresh.ipynb"):
        cell = bring_to(page, number)
        # Not run yet and so not trusted: JupyterLab shows a sanitised picture, without scripts.
        cell.locator("figure img").wait_for()
        assert cell.locator("figcaption").inner_text().strip()
        assert "Run this cell to choose" in cell.inner_text()
    assert panel.get_by_text("model not found").count() == 0


def test_a_guess_is_committed_by_keyboard_and_shown_beside_the_data(lab: Lab, page: Any) -> None:
    path = "notebooks/guess.ipynb"
    (lab.root / path).write_bytes((ROOT / "notebooks" / "01_the_puzzle.ipynb").read_bytes())
    lab.open(page, path)
    lab.run_all(page)
    cells = json.loads((lab.root / path).read_text(encoding="utf-8"))["cells"]
    sources = ["".join(cell["source"]) for cell in cells]
    asked = next(n for n, text in enumerate(sources) if "journal.ask_guess" in text)
    shown = next(n for n, text in enumerate(sources) if "journal.guess(" in text)
    cell = bring_to(page, asked)
    cell.locator("input[type=number]").fill("3")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    cell.get_by_text("You guessed 3 times as many").wait_for()
    lab.run_all(page)
    assert "You guessed 3." in seen_caption(bring_to(page, shown))


def seen_caption(cell: Any) -> str:
    cell.locator("figcaption").wait_for()
    return cell.locator("figcaption").inner_text()
