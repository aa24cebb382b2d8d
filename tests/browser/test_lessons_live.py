"""Lessons in a real JupyterLab in Chromium: run, move every control by keyboard, save, reopen."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import nbformat
import pytest
from lab import Lab

from belgrade.authoring.build import BLOCK

ROOT = Path(__file__).resolve().parents[2]
LESSONS = sorted(path.name for path in (ROOT / "notebooks").glob("[0-9][0-9]_*.ipynb"))
SHOWS_EXPLORER = re.compile(r"^(?:\w+ = )?explorers\.\w+\(", re.M)
PICTURE = "figure[data-drawn]"
STDERR = "[data-mime-type='application/vnd.jupyter.stderr']"

# Neither the picture nor a control is wider than the place for it.
FITS = """cell => {
  const area = cell.querySelector('.jp-OutputArea').getBoundingClientRect();
  return [...cell.querySelectorAll('figure img, select, input, .widget-hbox')]
    .every(each => each.getBoundingClientRect().right <= area.right + 1);
}"""

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


# Counts the messages from widgets that the kernel has dealt with.
COUNT = """() => {
  const widget = jupyterapp.shell.currentWidget, kernel = widget.sessionContext.session.kernel;
  window.answered = 0;
  kernel.iopubMessage.connect((_, message) => {
    if (message.header.msg_type === 'status' && message.content.execution_state === 'idle'
        && message.parent_header.msg_type === 'comm_msg') window.answered += 1;
  });
}"""
# Waits until the kernel has answered and rests, and returns what is seen then. A slider sends two
# messages: its own value and that of its box.
ANSWER = """async (cell, count) => {
  const until = performance.now() + 20000;
  let heard = count, since = 0;
  while (performance.now() < until) {
    if (window.answered > heard) { heard = window.answered; since = performance.now(); }
    if (since && performance.now() - since > 80) return;
    await new Promise(resolve => setTimeout(resolve, 10));
  }
  throw new Error('no answer to a key');
}"""


def press(page: Any, cell: Any, element: Any, key: str) -> tuple[str, str]:
    """Press a key on a control of an explorer; return what is seen once the kernel answered."""
    count = page.evaluate("() => window.answered")
    element.focus()
    page.keyboard.press(key)
    cell.evaluate(ANSWER, count)
    return seen(cell)


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
        self.moved_both = False

    def move(self) -> int:
        """Press until the explorer shows something else; return how often, 0 if it never did."""
        before = seen(self.cell)
        for pressed in range(1, self.steps + 1):
            now = press(self.page, self.cell, self.element, self.there)
            if now != before:
                self.moved_both |= bool(now[0]) and now[0] != before[0] and now[1] != before[1]
                return pressed
        self.restore(self.steps)
        return 0

    def restore(self, pressed: int) -> None:
        """Press back as often."""
        for _ in range(pressed):
            press(self.page, self.cell, self.element, self.back)


def move_every_control(page: Any, cell: Any) -> list[Control]:
    """Move each control there and back with the keyboard: picture or sentence must change.

    One that matters only after another was moved is tried again with each of the others moved.
    Return the controls that changed both.
    """
    elements = cell.locator("select, input[type=checkbox], [role=slider]").all()
    controls = [Control(page, cell, element) for element in elements]
    assert controls
    silent = []
    for control in controls:
        before = seen(cell)
        if pressed := control.move():
            control.restore(pressed)
            assert seen(cell) == before, "the way back does not lead back"
        else:
            silent.append(control)
    for control in silent:
        assert any(_moves_after(other, control) for other in controls if other is not control), (
            f"a control changes nothing: {control.element}"
        )
    return [control for control in controls if control.moved_both]


def _moves_after(other: Control, control: Control) -> bool:
    """Tell whether `control` changes what is seen at any later option of `other`."""
    for pressed in range(1, other.steps + 1):
        press(other.page, other.cell, other.element, other.there)
        if moved := control.move():
            control.restore(moved)
            other.restore(pressed)
            return True
    other.restore(other.steps)
    return False


@pytest.mark.parametrize("lesson", LESSONS)
def test_a_lesson_runs_and_its_explorers_move(lab: Lab, page: Any, lesson: str) -> None:
    """At 1280 pixels every control is moved; at 800, one of each explorer."""
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
    page.evaluate(COUNT)
    explorers = explorer_cells(lab, lesson)
    for number in explorers:
        cell = bring_to(page, number)
        cell.locator(f"{PICTURE} img").wait_for()
        assert move_every_control(page, cell), "no control changed both picture and sentence"
        alt = cell.locator(f"{PICTURE} img").get_attribute("alt")
        assert alt == seen(cell)[1]
    page.set_viewport_size({"width": 800, "height": 900})
    for number in explorers:
        cell = bring_to(page, number)
        cell.locator(f"{PICTURE} img").wait_for()
        assert cell.evaluate(FITS), "at 800 pixels something is cut off"
        elements = cell.locator("select, input[type=checkbox], [role=slider]").all()
        assert any(Control(page, cell, element).move() for element in elements)


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


# --- an exercise, from start to all right -------------------------------------------------------


def run_cell(page: Any, number: int, source: str | None = None) -> Any:
    """Click into a cell, replace what stands there by typing `source`, and run it; return it."""
    cell = bring_to(page, number)
    if cell.locator(".jp-RenderedMarkdown").is_visible():
        cell.locator(".jp-RenderedMarkdown").dblclick()
    cell.locator(".cm-content").click()
    if source is not None:
        page.keyboard.press("Control+a")
        for place, line in enumerate(source.splitlines()):
            if place:
                page.keyboard.press("Enter")
                page.keyboard.press("Shift+Home")  # away with the editor's own indentation
            page.keyboard.type(line or " ")
    page.keyboard.press("Shift+Enter")
    return cell


def test_an_exercise_is_solved_by_typing(lab: Lab, page: Any) -> None:
    """The answers are the key's; the first half at 1280 pixels, the second at 800."""
    path = "exercises/01_the_puzzle.ipynb"
    key = nbformat.read(ROOT / "exercises/keys/01_the_puzzle.ipynb", as_version=4)
    solved = {cell.id: BLOCK.sub(r"\2", cell.source) for cell in key.cells}
    cells = nbformat.read(ROOT / path, as_version=4).cells
    roles = [cell.metadata.belgrade.role for cell in cells]
    lab.open(page, path)
    lab.run_all(page)
    for number, (cell, role) in enumerate(zip(cells, roles, strict=True)):
        if number == len(cells) // 2:
            page.set_viewport_size({"width": 800, "height": 900})
        if role == "check":
            bring_to(page, number).get_by_text("○ Not attempted").wait_for()
        if role == "answer":
            run_cell(page, number, solved[cell.id])
        elif role == "written":
            run_cell(page, number, "Measured by its people, Serbia received more.")
        elif role == "check":
            run_cell(page, number).get_by_text("✓ Right").wait_for()
    page.keyboard.press("Control+s")
    page.wait_for_function("() => !jupyterapp.shell.currentWidget.context.model.dirty")
    last = run_cell(page, len(cells) - 1)
    last.get_by_text("will be marked by hand").wait_for(timeout=90_000)
    assert last.get_by_text("✓ Right").count() == roles.count("check")
