"""How long a lesson takes to read, run and do: a table in docs/teach.md, kept true.

Run as a script it writes the table anew.
"""

from __future__ import annotations

import html
import json
import re
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).resolve().parent.parent
LESSONS = sorted((ROOT / "notebooks").glob("[0-9][0-9]_*.ipynb"))
PAGE = ROOT / "docs" / "teach.md"
BEGIN, END = "<!-- times: begin -->", "<!-- times: end -->"

WORDS_A_MINUTE, SECONDS_A_LINE, SECONDS_A_TASK = 180, 12, 60
MINUTES = 45
LINES_IN_ALL = 8  # of an open cell
WIDEST = 80  # characters of its lines
ITEMS_A_TASK = 4  # of a form with many fields

FOLDED = re.compile(r"<details\b.*?</details>", re.S)
ANSWER = "<summary>Compare your answer"
WORD = re.compile(r"[^\W_][\w’'.,-]*")


@dataclass
class Measure:
    """What a lesson asks of a reader, in words, lines, cells and tasks."""

    words: int = 0
    folded: int = 0
    outputs: int = 0
    lines: int = 0
    cells: int = 0
    longest: int = 0
    tasks: int = 0

    @property
    def minutes(self) -> float:
        """Minutes for what is open: words of the prose, lines of code, and tasks."""
        code = self.lines * SECONDS_A_LINE / 60
        return self.words / WORDS_A_MINUTE + code + self.tasks * SECONDS_A_TASK / 60


def words(text: str) -> int:
    """Return how many words a text in Markdown or HTML has, as a reader sees it."""
    text = re.sub(r"\]\([^)]*\)|<[^>]+>", " ", text)  # addresses of links, tags
    return len(WORD.findall(html.unescape(text)))


def measure(book: nbformat.NotebookNode) -> Measure:
    """Return what a lesson asks of a reader; cells that JupyterLab hides count as folded."""
    found, exploring, asked, answers = Measure(), False, 0, 0
    for cell in book.cells:
        source = cell.source.strip()
        if cell.cell_type == "markdown":
            shown = FOLDED.sub("", source)
            found.words += words(shown)
            found.folded += words(source) - words(shown)
            for part in re.split(r"^(?=## )", shown, flags=re.M):
                if part.startswith("## "):
                    exploring = bool(re.match(r"## (?:\d+\. )?Explore", part))
                if exploring:
                    asked += len(re.findall(r"^\d+\. ", part, flags=re.M))
            answers += source.count(ANSWER)
            found.tasks += len(re.findall(r"\bTry it\b", shown))
        elif cell.cell_type == "code" and source:
            if not cell.metadata.get("jupyter", {}).get("source_hidden"):
                count = sum(bool(line.strip()) for line in source.splitlines())
                found.lines += count
                found.cells += 1
                told = sum(line.lstrip().startswith("#") for line in source.splitlines())
                found.longest = max(found.longest, count - told)  # a comment is no code
            found.tasks += len(re.findall(r"^check\(", source, flags=re.M))
            for output in cell.outputs:
                _read_output(output, found)
                answers += str(output.get("data", {}).get("text/html", "")).count(ANSWER)
    found.tasks += max(asked, answers)  # a question in the prose has its answer, too
    return found


def _read_output(output: nbformat.NotebookNode, found: Measure) -> None:
    """Count the words of an output, and what its form asks."""
    page = output.get("data", {}).get("text/html", "")
    page = re.sub(r"<(script|style)\b.*?</\1>", " ", page, flags=re.S)
    text = page or output.get("text") or output.get("data", {}).get("text/plain", "")
    shown = FOLDED.sub("", text)
    found.outputs += words(shown)
    found.folded += words(text) - words(shown)
    for asks in re.findall(r'data-asks="([^"]*)"', page):
        asked = json.loads(html.unescape(asks))
        fields = -(-len(asked.get("fields", [])) // ITEMS_A_TASK)  # rounded up
        found.tasks += len(asked.get("questions", [])) + fields


@cache
def now(path: Path) -> Measure:
    return measure(nbformat.read(path, as_version=4))


def table() -> str:
    """Return the table of all lessons as Markdown."""
    head = ["lesson", "minutes", "words", "tasks", "lines of code", "open cells", "longest"]
    head += ["folded words", "output words"]
    rows = [head, ["---:"] * len(head)]
    for path in LESSONS:
        its = now(path)
        figures = [round(its.minutes), its.words, its.tasks, its.lines, its.cells, its.longest]
        figures += [its.folded, its.outputs]
        rows.append([path.name[:2], *(f"{each:,}" for each in figures)])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def page() -> str:
    """Return the page with the table as it should be."""
    text = PAGE.read_text(encoding="utf-8")
    head, rest = text.split(BEGIN)
    return f"{head}{BEGIN}\n\n{table()}\n\n{END}{rest.split(END)[1]}"


# --- tests -----------------------------------------------------------------------------------


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_a_lesson_fits_its_minutes_and_its_cells_a_glance(path: Path) -> None:
    found = now(path)
    assert found.longest <= LINES_IN_ALL
    assert found.minutes <= MINUTES, f"{found.minutes:.1f} minutes: {found}"


def test_the_table_is_what_the_lessons_are() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "python tests/test_reading_time.py writes it"


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_open_code_is_narrow_enough_for_a_page_of_800_pixels(path: Path) -> None:
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.cell_type == "code" and not cell.metadata.get("jupyter", {}).get("source_hidden"):
            assert max(map(len, cell.source.splitlines()), default=0) <= WIDEST, cell.source


def test_what_is_folded_is_counted_apart() -> None:
    cell = nbformat.v4.new_code_cell
    output = nbformat.v4.new_output
    explorer = "## 4. Explore: a title\n\n1. Move it.\n2. Why?\n"
    fold = "<details><summary>More</summary>\n\nthree more words\n\n</details>"
    asks = html.escape(json.dumps({"fields": [{}] * 5}), quote=True)
    page = f'<div data-asks="{asks}">five fields</div>'
    book = nbformat.v4.new_notebook(
        cells=[
            nbformat.v4.new_markdown_cell(explorer + fold),
            cell("draw()\n" * 20, metadata={"jupyter": {"source_hidden": True}}),
            cell("a = 1\n\nb = 2", outputs=[output("display_data", {"text/html": page})]),
            nbformat.v4.new_markdown_cell("## 5. Read\n\n1. No task.\n\nTry it: change it."),
        ]
    )
    found = measure(book)
    assert (found.lines, found.cells, found.longest, found.folded) == (2, 1, 2, 4)
    assert (found.words, found.outputs, found.tasks) == (18, 2, 5)
    assert found.minutes == pytest.approx(18 / 180 + 2 * 12 / 60 + 5)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    print(table(), file=sys.stdout)
