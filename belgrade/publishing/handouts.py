"""Slides and one-page handouts of the lessons, and solved exercises: what a lecturer hands out.

All are made from cells that are there. What a cell is to a slide follows from its section's heading
and from what it shows: a claim's card, a form, a picture, a table. The questions for discussion are
those of the guide for lecturers, `docs/teach.md`.
"""

from __future__ import annotations

import ast
import html
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

import nbformat
from bs4 import BeautifulSoup

from belgrade import UserError
from belgrade.authoring.clean import clean, new_notebook, text_of
from belgrade.authoring.execute import execute, first_error
from belgrade.authoring.key import BLOCK, KEY_ONLY, read_questions, tag_of
from belgrade.files import write_whole
from belgrade.publishing.book.notebooks import static_html
from belgrade.publishing.templates import render

GUIDE = "docs/teach.md"
# What a slide of prose holds, in words; a table on it, in rows; a picture's tasks.
MAX_WORDS, MAX_ROWS, MAX_TASKS = 60, 7, 3
MAX_LINES = 12  # of what a cell prints
SENTENCE = re.compile(r"(?<=[.!?:])\s+(?=[A-Z*(`])")
FOLDED = re.compile(r"<details>.*?</details>", re.S)
# Of reveal.js, which the package sphinx-revealjs brings: what a deck without a network needs.
REVEAL = (
    *("dist/reveal.js", "dist/reveal.css", "dist/theme/white.css"),
    *("plugin/notes/notes.js", "LICENSE"),
)


class LessonError(UserError):
    """A lesson lacks a part that slides or a handout need; the text names both."""


@dataclass
class Picture:
    """A picture of a lesson: its heading, its image as HTML, its tasks in Markdown, or ""."""

    heading: str
    image: str
    tasks: str = ""


@dataclass
class Lesson:
    """What of a lesson goes on slides. Texts are Markdown, shown things HTML."""

    title: str
    question: str
    claims: list[str] = field(default_factory=list)
    guess: tuple[str, ...] = ()  # what goes before, question
    pictures: list[Picture] = field(default_factory=list)
    sides: list[tuple[str, str, str]] = field(default_factory=list)  # heading, prose, shown
    verdict: tuple[str, ...] = ()  # the claim, question
    discussion: list[tuple[str, str]] = field(default_factory=list)  # question, points to draw out


def read(path: Path, guide: str = "") -> Lesson:
    """Return the parts of the lesson at `path`; discussion comes from its section of `guide`.

    Raises LessonError where a part is missing.
    """
    cells = nbformat.read(path, as_version=4).cells
    title = re.search(r"^# (.*)$", cells[0].source, re.M)
    question = re.search(r"\*\*The question\.\*\* (.*)$", cells[0].source, re.M)
    lesson = Lesson(title[1] if title else "", question[1] if question else "")
    lesson.discussion = list(_discussion(guide, lesson.title))
    part = heading = text = ""
    prose: dict[str, str] = {}  # the prose right below the headings of a part
    pictures: dict[str, Picture] = {}  # the first below each heading, an explorer's if there is one
    for cell in cells:
        if cell.cell_type == "markdown":
            text = FOLDED.sub("", cell.source)
            for level, heading, below in re.findall(
                r"^(##+) (?:\d+\. )?(.*)$\n?((?:(?!##).+\n?|\n)*)", text, re.M
            ):
                part = heading if level == "##" else part
                prose[part] = prose.get(part, "") + below
                if re.match(r"What (supports|complicates|contradicts)", heading):
                    lesson.sides.append((heading, below, ""))
            continue
        for output in cell.get("outputs", []):
            soup = BeautifulSoup(output.get("data", {}).get("text/html", ""), "html.parser")
            text_plain = output.get("data", {}).get("text/plain", "")
            image, form = soup.find("img"), soup.select_one("[data-asks]")
            if image:
                tasks = re.search(r"(?:^\d+\. .*\n?)+", text, re.M)
                explorer = "explorers." in cell.source and tasks
                items = "".join(tasks[0].splitlines(True)[:MAX_TASKS]) if explorer and tasks else ""
                if heading not in pictures or (explorer and not pictures[heading].tasks):
                    pictures[heading] = Picture(heading, str(image), items)
            if text_plain.startswith("Claim C") and part == "The claim":
                lesson.claims.append(_claim(text_plain))
            if form:
                question_text = json.loads(str(form["data-asks"])).get("question", "")
                prompt = _prose(prose[part]), question_text
                if part.startswith("Your guess"):
                    lesson.guess = lesson.guess or prompt
                lesson.verdict = prompt if form["data-form"] == "verdict" else lesson.verdict
        if lesson.sides and heading == lesson.sides[-1][0] and not lesson.sides[-1][2]:
            html = "".join(_as_html(output) for output in cell.get("outputs", []))
            lesson.sides[-1] = (*lesson.sides[-1][:2], html)
    lesson.sides = [
        (heading, _prose(below, bool(html)), html) for heading, below, html in lesson.sides
    ]
    # Two: the explorers first, in the lesson's order.
    first = sorted(pictures.values(), key=lambda each: not each.tasks)[:2]
    lesson.pictures = [each for each in pictures.values() if each in first]
    required = ("title", "question", "claims", "guess", "pictures", "sides", "verdict")
    if missing := [name for name in required if not getattr(lesson, name)]:
        raise LessonError(f"{path.name} has no {missing[0]} that could go on a slide.")
    return lesson


def _claim(text: str) -> str:
    head, sentence = text.split("\n")[:2]
    return f"{sentence} ({head.split()[1]})"


def _prose(markdown: str, has_more: bool = True) -> str:
    """Return the first sentences of a text, without those about code.

    Nor one at the end that announces something, if nothing follows.
    """
    sentences: list[str] = []
    for sentence in SENTENCE.split(" ".join(markdown.split())):
        if "`" not in sentence:
            sentences.append(sentence)
        if len(" ".join(sentences).split()) > MAX_WORDS:
            break
    if not has_more and sentences and sentences[-1].endswith(":"):
        sentences.pop()
    return " ".join(sentences).removesuffix(":")


def _as_html(output: nbformat.NotebookNode) -> str:
    """Return a picture, the head of a table or of a text, or a claim, as HTML; "" for the rest."""
    data = output.get("data", {})
    soup = BeautifulSoup(data.get("text/html", ""), "html.parser")
    text_plain = data.get("text/plain", output.get("text", ""))
    if image := soup.find("img"):
        return str(image)
    if (table := soup.find("table")) and not table.find_parent("details"):
        rest = table.select("tbody tr")[MAX_ROWS:]
        for row in rest:
            row.decompose()
        if all(len(name.text) < 3 and name.text.isdigit() for name in table.select("tbody th")):
            for number in table.select("tr > :first-child"):  # of a row, which says nothing
                number.decompose()
        return static_html(str(table)) + f"<p>… and {len(rest)} more rows</p>" * bool(rest)
    if text_plain.startswith("Claim C"):
        return f"<blockquote>{html.escape(_claim(text_plain), quote=False)}</blockquote>"
    # What pandas says of a column below it is no matter of a slide.
    lines = re.sub(r"^(Name|dtype): .*$", "", text_plain, flags=re.M).rstrip().splitlines()
    text = html.escape("\n".join(lines[:MAX_LINES] + ["…"] * (len(lines) > MAX_LINES)), quote=False)
    return f"<pre>{text}</pre>" if text and not soup.contents else ""


def _discussion(guide: str, title: str) -> Iterator[tuple[str, str]]:
    """Yield the questions for discussion of a lesson, each with the points to draw out."""
    section = guide.partition(f"### {title}\n")[2].partition("\n### ")[0]
    for question, points in re.findall(r"^\d\. (.*)\n((?:   .*\n)*)", section, re.M):
        yield question, " ".join(points.split())


# --- what is written -----------------------------------------------------------------------------


def slides(root: Path, out: Path, numbers: list[str]) -> list[str]:
    """Write a deck for each lesson named, or all, and reveal.js beside them; return their names."""
    written = _pages(root, out, numbers, "slides")
    source = files("sphinx_revealjs") / "_static" / "revealjs"
    for name in REVEAL:
        with as_file(source / name) as path:
            content = path.read_text(encoding="utf-8")
        # The theme asks for fonts; any of the reader's own will do.
        write_whole(out / "reveal" / name, re.sub(r"@import [^;]*;", "", content))
    return written


def handouts(root: Path, out: Path, numbers: list[str]) -> list[str]:
    """Write a page of A4 for each lesson named, or all; return their names."""
    return _pages(root, out, numbers, "handout")


def _pages(root: Path, out: Path, numbers: list[str], template: str) -> list[str]:
    import mistune
    from markupsafe import Markup

    def rendered(markdown: str) -> Markup:
        return Markup(re.sub(r"</?a\b[^>]*>", "", str(mistune.html(markdown))))

    guide = (root / GUIDE).read_text(encoding="utf-8")
    names = []
    for path in select_notebooks(root / "notebooks", numbers):
        lesson = read(path, guide)
        page = render(f"handout_templates/{template}.html", {"markdown": rendered}, lesson=lesson)
        write_whole(out / f"{path.stem}.html", page)
        names.append(f"{path.stem}.html")
    return names


def select_notebooks(folder: Path, numbers: list[str]) -> list[Path]:
    """Return the notebooks in `folder` with these numbers, or all; raise LessonError if none is."""
    wanted = [number.zfill(2) for number in numbers]
    paths = sorted(folder.glob("[0-9][0-9]_*.ipynb"))
    if missing := sorted(set(wanted) - {path.name[:2] for path in paths}):
        raise LessonError(f"There is no notebook {missing[0]} in {folder}.")
    return [path for path in paths if not wanted or path.name[:2] in wanted]


def solutions(root: Path, out: Path, numbers: list[str], run: Any = execute) -> list[str]:
    """Write the solved exercises named, or all, run once more; return their names.

    `run` is how a notebook is run in a folder. Raises LessonError for one that ends in an error.
    """
    exercises = root.resolve() / "exercises"
    if exercises in [out.resolve(), *out.resolve().parents]:
        raise LessonError(f"{out} holds the exercises that students get: name another folder.")
    written = []
    for path in select_notebooks(exercises / "keys", numbers):
        notebook = solved(nbformat.read(path, as_version=4))
        # The table of all questions would be that of the students' notebook.
        cells = [cell for cell in notebook.cells if not cell.source.startswith("check_notebook(")]
        # Checks answer as they do to a student, which they do not while a notebook is examined.
        run(new_notebook(cells), exercises, BELGRADE_EXAM="")
        if error := next(filter(None, map(first_error, cells)), None):
            raise LessonError(f"The key {path.name} does not run: {error}")
        write_whole(out / path.name, text_of(clean(notebook)))
        written.append(path.name)
    return written


def solved(key: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """Return a key as a student may see it afterwards: solved, without what serves marking.

    What can be read is shown above its check. Outputs are those of a run to come.
    """
    questions = read_questions(key)
    kinds = {cell["id"]: each.spec["kind"] for each in questions for cell in each.tagged("check")}
    cells = [cell for cell in key.cells if tag_of(cell) not in KEY_ONLY]
    for cell in cells:
        if kinds.get(cell["id"]) in ("number", "table", "list"):
            call, lines = _check_call(cell.source), cell.source.splitlines()
            lines.insert(call.lineno - 1, f"display({ast.unparse(call.args[1])})")
            cell.source = "\n".join(lines)
        cell.metadata = nbformat.NotebookNode()
        cell.source = BLOCK.sub(lambda block: block[2].rstrip("\n"), cell.source)
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    return new_notebook(cells)


def _check_call(source: str) -> ast.Call:
    """Return the call of check in a check cell, which other statements may precede."""
    calls = (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call))
    return next(call for call in calls if ast.unparse(call.func) == "check")
