"""What the tests of the guides share: reading a page's sections and tables, lessons, keys."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from pathlib import Path

import nbformat

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
NUMBERS = [f"{number:02}" for number in range(10)]


@cache
def text(page: str) -> str:
    return (DOCS / page).read_text(encoding="utf-8")


@cache
def notebook(folder: str, number: str) -> nbformat.NotebookNode:
    (path,) = (ROOT / folder).glob(f"{number}_*.ipynb")
    return nbformat.read(path, as_version=4)


def section(page: str, heading: str) -> str:
    """Return what stands under a heading, up to the next one of the same level or above."""
    marks = re.match(r"#+", heading)[0]
    match = re.search(
        rf"^{re.escape(heading)}.*?$\n(.*?)(?=^#{{1,{len(marks)}}} |\Z)", text(page), re.S | re.M
    )
    assert match, f"{page} has no heading {heading!r}"
    return match[1]


def rows(markdown: str) -> list[list[str]]:
    """Return the cells of every table in `markdown`, without heads and rules."""
    lines = [line for line in markdown.splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    rules = [i for i, row in enumerate(cells) if set("".join(row)) <= set("-: ")]
    heads = {i - 1 for i in rules} | set(rules)
    return [row for i, row in enumerate(cells) if i not in heads]


def points(number: str) -> dict[str, int]:
    """Return the points of each question of an exercise."""
    points = {}
    for cell in notebook("exercises/keys", number).cells:
        if "spec" in cell.metadata.get("tags", []):
            spec = tomllib.loads(cell.source)
            points[spec["question"]] = spec.get("points", 1)
    return points
