"""axe-core (https://github.com/dequelabs/axe-core) over a page: what its rules find wrong."""

from __future__ import annotations

from importlib.resources import files
from typing import Any

# The package carries axe-core in one file; only that file is used of it.
AXE = (files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")
RUN = """async ([where, rules]) => {
  const options = {resultTypes: ['violations'], preload: false};
  if (rules.length) options.runOnly = {type: 'rule', values: rules};
  const found = await axe.run(where ?? document, options);
  return found.violations.flatMap(rule => rule.nodes.map(node =>
    [rule.id, `${rule.id} (${rule.impact}): ${node.html.slice(0, 200)} at ${node.target}`]));
}"""
NAMES = """async where => {
  axe.setup(document);
  const names = [...document.querySelectorAll(where)].map(each => [
    each.tagName.toLowerCase(), axe.commons.text.accessibleText(each).trim(), each.tabIndex,
    (each.closest('[role=radiogroup]')?.ariaLabel ?? '').trim(), each.type ?? '']);
  axe.teardown();
  return names;
}"""


def violations(page: Any, scope: str | None = None, rules: tuple[str, ...] = ()) -> list[list[str]]:
    """Return what axe finds wrong in the page, or in the elements of the selector `scope`.

    Each finding is its rule's name and a sentence. `rules` are the rules to try; all if none.
    """
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(AXE)
    return page.evaluate(RUN, [scope, list(rules)])


def controls(page: Any, scope: str) -> list[list[Any]]:
    """Return tag, accessible name, tabindex, name of its group and type of each control there.

    Call `violations` first.
    """
    return page.evaluate(NAMES, scope)
