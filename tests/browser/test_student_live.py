"""What a student does in a real JupyterLab: a lesson with its guess, and a whole exercise."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nbformat
import pytest
from lab import Lab
from moving import LIVE_REGION, PICTURE, bring_to, explorer_cells, seen

from belgrade import explorers
from belgrade.authoring.key import BLOCK

COUNT = "() => jupyterapp.shell.currentWidget.content.model.cells.length"
CHOOSE = """(lists, indices) => indices.forEach((index, number) => {
  lists[number].selectedIndex = index;
  lists[number].dispatchEvent(new Event('change', {bubbles: true}));
})"""
ROOT = Path(__file__).resolve().parents[2]
LESSON, EXERCISE = "notebooks/01_the_puzzle.ipynb", "exercises/01_the_puzzle.ipynb"

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("student")]


@pytest.mark.runs_in("Chromium", "JupyterLab 4.6", "a lesson from its first opening to the next")
def test_a_lesson_from_its_first_opening_to_the_next(lab: Lab, page: Any) -> None:
    """As it was given out; run, with a guess by keyboard; saved; and opened without a kernel."""
    path = "notebooks/mine.ipynb"
    (lab.root / path).write_bytes((ROOT / LESSON).read_bytes())
    shown_by = explorer_cells(lab, path)
    panel = lab.open(page, path)
    for number in shown_by:
        cell = bring_to(page, number)
        # Not run yet and so not trusted: JupyterLab shows a sanitised picture, without scripts.
        cell.locator("figure img").wait_for()
        assert cell.locator("figcaption").inner_text().strip()
        assert "Run this cell to choose" in cell.inner_text()
    assert panel.get_by_text("model not found").count() == 0

    lab.run_all(page)
    sources = [cell.source for cell in nbformat.read(lab.root / path, as_version=4).cells]
    asked = next(n for n, text in enumerate(sources) if "journal.ask_guess" in text)
    shown = next(n for n, text in enumerate(sources) if "journal.guess(" in text)
    cell = bring_to(page, asked)
    box = cell.get_by_label("Your guess")
    box.click()
    page.keyboard.type("3,5")  # as on a Serbian or German keyboard
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    for told in ("p[role=status]", LIVE_REGION):
        cell.locator(told).filter(has_text="You guessed 3.5 times as many").wait_for()
    box.fill("150")
    page.keyboard.press("Enter")
    told = cell.locator(LIVE_REGION)
    told.filter(has_text="150 is outside of what is asked").wait_for()
    told.evaluate("""line => {
      window.lines = [];
      new MutationObserver(() => lines.push(line.textContent)).observe(line, {childList: true});
    }""")
    page.keyboard.press("Enter")
    page.wait_for_function("lines.at(-1)?.startsWith('150 is outside of what is asked')")
    assert page.evaluate("lines[0]") == "", "said again, or it would not be read out"
    lab.run_all(page)
    caption = bring_to(page, shown).locator("figcaption")
    caption.filter(has_text="You guessed 3.5.").wait_for()

    cell_count = page.evaluate(COUNT)
    bring_to(page, asked).locator(".cm-content").click()
    page.keyboard.press("Escape")
    for keys, change in (("dd", -1), ("z", 0)):  # outside of a cell Z brings a deleted one back
        page.keyboard.type(keys)
        assert page.evaluate(COUNT) == cell_count + change
    run_cell(page, asked).locator("p[role=status]").filter(has_text="You guessed 3.5").wait_for()

    # Two changes with nothing between them, each time: what is shown at last is what was chosen.
    explorer = explorers.aid_per_what()
    cell = bring_to(page, next(n for n, text in enumerate(sources) if "aid_per_what(" in text))
    ends = [(name, control.values()[-1]) for name, control in explorer.controls.items()][:2]
    for _ in range(10):
        for chosen in (explorer.defaults | dict(ends), explorer.defaults):
            indices = list(explorer.indices(**chosen).values())[:2]
            cell.locator("select").evaluate_all(CHOOSE, indices)
            words = explorer.view(explorer.data, **chosen)[1]
            cell.locator("figcaption").filter(has_text=words).wait_for()

    lab.command(page, "docmanager:save")
    saved = nbformat.read(lab.root / path, as_version=4)
    states = saved.metadata.widgets["application/vnd.jupyter.widget-state+json"].state
    for cell in saved.cells:
        for output in cell.get("outputs", []):
            if view := output.get("data", {}).get("application/vnd.jupyter.widget-view+json"):
                assert view["model_id"] in states, f"saved without what it shows: {cell.source}"
    lab.shut_down(page)
    page.goto("about:blank")
    panel = lab.open(page, path)
    for number in shown_by:
        cell = bring_to(page, number)
        cell.locator(f"{PICTURE} img").wait_for()
        cell.locator("select").first.wait_for()
        drawn, words = seen(cell)
        assert drawn
        assert words
    lost = panel.locator(".jp-Cell").filter(has_text="model not found")
    assert lost.all_inner_texts() == []


def run_cell(page: Any, number: int, source: str | None = None, kept: int = 0) -> Any:
    """Click into a cell, replace all but its first `kept` lines by typing, run and return it.

    Not before the last run has ended: after an error a kernel turns away what waits already.
    """
    page.wait_for_function(
        "() => jupyterapp.shell.currentWidget.sessionContext.session.kernel.status === 'idle'"
    )
    cell = bring_to(page, number)
    if cell.locator(".jp-RenderedMarkdown").is_visible():
        cell.locator(".jp-RenderedMarkdown").dblclick()
    cell.locator(".cm-content").click()
    if source is not None:
        page.keyboard.press("Control+Home")
        for _ in range(kept):
            page.keyboard.press("ArrowDown")
        page.keyboard.press("Control+Shift+End")
        for place, line in enumerate(source.splitlines()[kept:]):
            if place:
                page.keyboard.press("Enter")
                page.keyboard.press("Shift+Home")  # away with the editor's own indentation
            page.keyboard.type(line or " ")
    page.keyboard.press("Shift+Enter")
    return cell


@pytest.mark.runs_in("Chromium", "JupyterLab 4.6", "an exercise solved by typing")
def test_an_exercise_is_solved_by_typing(lab: Lab, page: Any) -> None:
    """The answers are the key's; the first half at 1280 pixels, the second at 800."""
    key = nbformat.read(ROOT / "exercises/keys/01_the_puzzle.ipynb", as_version=4)
    solved = {cell.id: BLOCK.sub(r"\2", cell.source) for cell in key.cells}
    cells = nbformat.read(ROOT / EXERCISE, as_version=4).cells
    roles = [cell.metadata.belgrade.role for cell in cells]
    lab.open(page, EXERCISE)
    lab.run_all(page)
    for number, (cell, role) in enumerate(zip(cells, roles, strict=True)):
        if number == len(cells) // 2:
            page.set_viewport_size({"width": 800, "height": 900})
        if role == "check":
            bring_to(page, number).get_by_text("○ Not attempted").wait_for()
        if role == "answer":
            lines = zip(cell.source.splitlines(), solved[cell.id].splitlines(), strict=False)
            same = [given == typed for given, typed in lines]
            run_cell(page, number, solved[cell.id], same.index(False))
        elif role == "written":
            run_cell(page, number, "Measured by its people, Serbia received more.")
        elif role == "check":
            run_cell(page, number).get_by_text("✓ Right").wait_for()
    page.keyboard.press("Control+s")
    page.wait_for_function("() => !jupyterapp.shell.currentWidget.context.model.dirty")
    last = run_cell(page, len(cells) - 1)
    last.get_by_text("will be marked by hand").wait_for(timeout=90_000)
    assert last.get_by_text("✓ Right").count() == roles.count("check")


def test_slips_are_told_in_words_and_nothing_old_is_judged(lab: Lab, page: Any) -> None:
    """A misspelt name, a change that has not run, a restart, and a file renamed while open."""
    path = "exercises/00_start_here.ipynb"
    key = nbformat.read(ROOT / "exercises/keys/00_start_here.ipynb", as_version=4)
    cells = nbformat.read(lab.root / path, as_version=4).cells
    roles = [
        (cell.metadata.belgrade.role, cell.metadata.belgrade.get("question")) for cell in cells
    ]
    answer, check = roles.index(("answer", "0.1")), roles.index(("check", "0.1"))
    right = next(BLOCK.sub(r"\2", c.source) for c in key.cells if c.id == cells[answer].id)
    lab.open(page, path)
    lab.run_all(page)

    run_cell(page, answer, right)
    run_cell(page, check).get_by_text("✓ Right").wait_for()

    bring_to(page, answer).locator(".cm-content").click()
    page.keyboard.press("Control+End")
    page.keyboard.type("  # not run since")
    run_cell(page, check).get_by_text("was changed and has not run since").wait_for()
    assert bring_to(page, check).get_by_text("Right").count() == 0

    name = right.partition(" = ")[0].splitlines()[-1]
    box = run_cell(page, answer, f"{name} = deliveries_of_italyy").locator("[data-error]")
    box.get_by_text("Python does not know the name").wait_for()
    assert box.get_by_text("NameError").is_hidden()
    box.get_by_text("What Python says").click()
    box.get_by_text("NameError").wait_for()
    run_cell(page, check).get_by_text("ended in an error (NameError)").wait_for()
    assert bring_to(page, check).get_by_text("Right").count() == 0

    run_cell(page, answer, right)
    run_cell(page, check).get_by_text("✓ Right").wait_for()
    # Saved with its checkpoint, which the server cannot make of a file that moves meanwhile.
    page.evaluate("() => jupyterapp.commands.execute('docmanager:save')")
    renamed = "exercises/00 Ana.ipynb"
    page.evaluate("names => jupyterapp.serviceManager.contents.rename(...names)", [path, renamed])
    page.wait_for_function(
        "path => jupyterapp.shell.currentWidget.context.path === path", arg=renamed
    )
    (lab.root / path).write_bytes((ROOT / path).read_bytes())  # the untouched original, as before
    last = run_cell(page, len(cells) - 1)
    last.get_by_text("Checked 00 Ana.ipynb").wait_for(timeout=90_000)
    last.get_by_text("✓ Right").wait_for()

    page.evaluate("() => jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart()")
    run_cell(page, check).get_by_text("Run the first cell again").wait_for(timeout=60_000)
