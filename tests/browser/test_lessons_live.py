"""Each lesson in a real JupyterLab in Chromium, opened and run once, one after the other.

It runs without an error, its explorers move by keyboard at 1280 and at 800 pixels, and what it
shows can be used by readers with other eyes and hands.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe import controls, violations
from heard import controls_in, expected_controls, explorer_in
from lab import SIZE, Lab, no_errors
from moving import (
    CONTROLS,
    LIVE_REGION,
    PICTURE,
    WATCH,
    Control,
    bring_to,
    explorer_cells,
    move_every_control,
    press,
    seen,
)
from themes import MISFITS, low_contrast, set_theme

ROOT = Path(__file__).resolve().parents[2]
LESSONS = sorted(path.name for path in (ROOT / "notebooks").glob("[0-9][0-9]_*.ipynb"))
OURS = ".jp-NotebookPanel:not(.lm-mod-hidden) .jp-OutputArea-output"
NAMED = ", ".join(
    f"{OURS} {kind}"
    for kind in ("select", "input:not([type=hidden])", "textarea", "button", "[role=slider]")
)
STDERR = "[data-mime-type='application/vnd.jupyter.stderr']"
OUTPUTS = """() => [...jupyterapp.shell.currentWidget.content.model.cells].flatMap(
  cell => cell.type === 'code' ? cell.outputs.toJSON() : [])"""
SOURCE = "at => jupyterapp.shell.currentWidget.content.model.cells.get(at).sharedModel.source"
# Rules that pandas breaks: the corner of its tables is an empty heading (docs/accessibility.md).
PANDAS = {"empty-table-header"}
# All cells, not only those in sight, are in the page.
SHOW_ALL = """() => {
  const content = jupyterapp.shell.currentWidget.content;
  content.notebookConfig = {...content.notebookConfig, windowingMode: 'none'};
}"""
# JupyterLab gives the notebook its new width a moment after the window has it.
WIDE = """() => document.querySelector('.jp-NotebookPanel:not(.lm-mod-hidden)').clientWidth > 820"""
# Words of a tooltip that stand nowhere else.
TOOLTIPS = """where => [...document.querySelectorAll(where)]
  .map(each => [each.title.trim(), each.closest('.jp-OutputArea').textContent])
  .filter(([words, all]) => words && words !== 'null' && !all.includes(words))
  .map(([words]) => words)"""
# What moves by itself.
MOVING = """where => [...document.querySelectorAll(`${where}, ${where} *`)]
  .filter(each => getComputedStyle(each).animationName !== 'none').map(each => each.outerHTML)"""

# One worker: JupyterLab is started and opened once for all lessons.
pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("live")]


@pytest.fixture(
    scope="module",
    params=LESSONS,
)
def lesson(request: pytest.FixtureRequest, lab: Lab, desk: Any) -> Iterator[tuple[Any, list]]:
    """Give the page of a lesson that has been run, and the places of its explorers."""
    path = f"notebooks/{request.param}"
    desk.set_viewport_size(SIZE)
    with no_errors(desk):
        lab.open(desk, path)
        set_theme(desk, "Light")
        lab.run_all(desk)
        desk.evaluate(WATCH)
        yield desk, explorer_cells(lab, path)


def show_all(page: Any) -> None:
    """Put all cells into the page, with what they show; usually those in sight are."""
    page.evaluate(SHOW_ALL)
    page.locator(f"{OURS} .widget-radio [role=radiogroup]").last.wait_for()


@pytest.mark.runs_in(
    "Chromium",
    "JupyterLab 4.6",
    "all lessons: every control by keyboard, at 1280, 800 and 390 pixels; what is read out",
)
def test_a_lesson_runs_and_its_explorers_move(lesson: tuple[Any, list]) -> None:
    """At 1280 pixels every control is moved; at 800, one of each explorer; at 390, all is seen."""
    page, explorers = lesson
    wrong = [
        each
        for each in page.evaluate(OUTPUTS)
        if each["output_type"] == "error" or each.get("name") == "stderr"
    ]
    assert not wrong
    assert page.locator(f".jp-NotebookPanel:not(.lm-mod-hidden) {STDERR}").count() == 0
    for number in explorers:
        cell = bring_to(page, number)
        cell.locator(f"{PICTURE} img").wait_for()
        opened = explorer_in(page.evaluate(SOURCE, number))
        assert controls_in(cell.locator(".belgrade-controls")) == expected_controls(opened)
        voice = cell.locator(LIVE_REGION).element_handle()
        assert voice.text_content() == ""
        began, picture = seen(cell), cell.locator(f"{PICTURE} img").get_attribute("src")
        controls = move_every_control(page, cell)
        assert controls, "no control changed both picture and sentence"
        controls[0].move()
        assert seen(cell) != began
        back = cell.get_by_role("button", name="Back to start")
        press(page, cell, back.element_handle(), "Enter")
        for _ in range(300):  # what the control itself still had to say is answered first
            if seen(cell) == began:
                break
            page.wait_for_timeout(100)
        assert seen(cell) == began
        assert cell.locator(f"{PICTURE} img").get_attribute("src") == picture
        words = seen(cell)[1]
        page.wait_for_function(
            "([voice, words]) => voice.isConnected && voice.textContent === words",
            arg=[voice, words],
        )
        assert cell.locator(f"{PICTURE} img").get_attribute("alt") == words
    page.set_viewport_size({"width": 800, "height": 900})
    for number in explorers:
        cell = bring_to(page, number)
        cell.locator(f"{PICTURE} img").wait_for()
        assert cell.evaluate(MISFITS) == []
        elements = cell.locator(CONTROLS).all()
        assert any(Control(page, cell, element).moves() for element in elements)
    page.set_viewport_size({"width": 390, "height": 800})
    page.evaluate("() => jupyterapp.shell.collapseLeft()")
    for number in explorers:
        cell = bring_to(page, number)
        cell.locator(f"{PICTURE} img").wait_for()
        assert cell.evaluate(MISFITS) == []
    page.evaluate("() => jupyterapp.shell.expandLeft()")


@pytest.mark.runs_in("Chromium", "JupyterLab 4.6", "all lessons: axe-core over all outputs")
def test_what_a_lesson_shows_is_accessible(lesson: tuple[Any, list]) -> None:
    page, _ = lesson
    page.set_viewport_size(SIZE)
    page.wait_for_function(WIDE)
    show_all(page)
    assert [said for rule, said in violations(page, OURS) if rule not in PANDAS] == []
    for tag, name, tabindex, group, kind in controls(page, NAMED):
        assert name, f"a control without a name: {tag}"
        assert tabindex >= 0, f"out of the keyboard's reach: {tag} {name}"
        assert group or kind != "radio", f"radio buttons without a question: {name}"
    assert page.evaluate(TOOLTIPS, f"{OURS} [title]") == []
    assert page.evaluate(MOVING, OURS) == []


@pytest.mark.runs_in("Chromium", "JupyterLab 4.6", "all lessons: at 200%, in the dark theme")
def test_a_lesson_can_be_read_at_twice_the_size_and_in_the_dark(lesson: tuple[Any, list]) -> None:
    page, _ = lesson
    show_all(page)
    # At 1280 pixels and 200%, a page is 640 pixels wide.
    page.set_viewport_size({"width": 640, "height": 800})
    assert page.locator(".jp-NotebookPanel:not(.lm-mod-hidden)").evaluate(MISFITS) == []
    set_theme(page, "Dark")
    assert [said for _, said in violations(page, OURS, ("color-contrast",))] == []
    assert low_contrast(page, OURS) == []
