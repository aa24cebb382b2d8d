"""Every claim of the report is met by a student, or a table in the docs says why not."""

from __future__ import annotations

import re
from pathlib import Path

import nbformat

from belgrade import data, explorers

ROOT = Path(__file__).resolve().parent.parent
CLAIM = re.compile(r"\bC\d{3}\b")
ABOUT_ITSELF = {"C018", "C019", "C020", "C021", "C189"}  # the report on its publisher and author


def claims() -> set[str]:
    return set(data.load("claims")["claim_id"])


def named() -> set[str]:
    """Return the claims that a lesson, an exercise, a question or a table of evidence names."""
    books = [*ROOT.glob("notebooks/*.ipynb"), *ROOT.glob("exercises/*.ipynb")]
    cells = [cell.source for path in books for cell in nbformat.read(path, as_version=4).cells]
    tables = [*ROOT.glob("data/evidence/*.csv"), ROOT / "data" / "report" / "questions.csv"]
    texts = [path.read_text(encoding="utf-8") for path in tables]
    return set(CLAIM.findall("\n".join(cells + texts)))


def excused() -> list[str]:
    page = (ROOT / "docs" / "sources-and-limits.md").read_text(encoding="utf-8")
    section = page.split("## Claims that no lesson tests")[1].split("\n## ")[0]
    return CLAIM.findall(section)


def test_every_claim_is_named_somewhere_or_the_table_says_why_not() -> None:
    listed = excused()
    assert len(listed) == len(set(listed)), "a claim stands there twice"
    assert set(listed) == claims() - named()


def test_the_tree_shows_every_claim_of_the_argument() -> None:
    tree = explorers.argument_tree()
    shown: set[str] = set()
    for point in tree.controls["point"].values():
        words = tree.view(tree.data, point=point, under="claims")[1]
        shown |= set(CLAIM.findall(words))
    assert claims() - shown == ABOUT_ITSELF


def test_a_leaf_of_the_tree_shows_its_claims_whatever_is_chosen() -> None:
    tree = explorers.argument_tree()
    assert "C040 (fact): " in tree.view(tree.data, point="G1.05", under="points")[1]
    assert "C007" not in tree.view(tree.data, point="G0", under="points")[1].partition("Under")[2]
