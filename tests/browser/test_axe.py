"""What the lessons show in a live JupyterLab, for readers with other eyes and hands."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from axe import controls, violations
from lab import Lab

ROOT = Path(__file__).resolve().parents[2]
LESSONS = sorted(path.name for path in (ROOT / "notebooks").glob("[0-9][0-9]_*.ipynb"))
OURS = ".jp-NotebookPanel:not(.lm-mod-hidden) .jp-OutputArea-output"
CONTROLS = ", ".join(
    f"{OURS} {kind}"
    for kind in ("select", "input:not([type=hidden])", "textarea", "button", "[role=slider]")
)
# Rules that pandas breaks: the corner of its tables is an empty heading (docs/accessibility.md).
PANDAS = {"empty-table-header"}
# All cells, not only those in sight, are in the page.
SHOW_ALL = """() => {
  const content = jupyterapp.shell.currentWidget.content;
  content.notebookConfig = {...content.notebookConfig, windowingMode: 'none'};
}"""
DARK = """() => jupyterapp.commands.execute('apputils:change-theme', {theme: 'JupyterLab Dark'})"""
# Words that are cut off: their box hides what does not fit.
CUT = """where => [...document.querySelectorAll(where)].filter(each => {
  const hides = ['hidden', 'clip'].includes(getComputedStyle(each).overflowX);
  return each.offsetParent && hides && each.scrollWidth > each.clientWidth + 1;
}).map(each => each.outerHTML.slice(0, 200))"""
# Words of a tooltip that stand nowhere else.
TOOLTIPS = """where => [...document.querySelectorAll(where)]
  .map(each => [each.title.trim(), each.closest('.jp-OutputArea').textContent])
  .filter(([words, all]) => words && words !== 'null' && !all.includes(words))
  .map(([words]) => words)"""

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("lesson", LESSONS)
def test_what_a_lesson_shows_live_is_accessible(lab: Lab, page: Any, lesson: str) -> None:
    lab.open(page, f"notebooks/{lesson}")
    page.evaluate(SHOW_ALL)
    lab.run_all(page)
    page.locator(f"{OURS} .widget-radio [role=radiogroup]").last.wait_for()
    assert [said for rule, said in violations(page, OURS) if rule not in PANDAS] == []
    for tag, name, tabindex, group, kind in controls(page, CONTROLS):
        assert name, f"a control without a name: {tag}"
        assert tabindex >= 0, f"out of the keyboard's reach: {tag} {name}"
        assert group or kind != "radio", f"radio buttons without a question: {name}"
    assert page.evaluate(TOOLTIPS, f"{OURS} [title]") == []
    # At 1280 pixels and 200%, a page is 640 pixels wide.
    page.set_viewport_size({"width": 640, "height": 800})
    assert page.evaluate(CUT, f"{OURS} label, {OURS} button, {OURS} p, {OURS} figcaption") == []
    page.evaluate(DARK)
    page.wait_for_function("() => document.body.dataset.jpThemeLight === 'false'")
    assert [said for _, said in violations(page, OURS, ("color-contrast",))] == []
