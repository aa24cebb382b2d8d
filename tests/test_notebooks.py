"""What every lesson keeps to: headings, sentences without loose numbers, clean stored outputs."""

from __future__ import annotations

import ast
import re
from functools import cache
from itertools import pairwise
from pathlib import Path

import nbformat
import pytest
from bs4 import BeautifulSoup
from nbconvert import HTMLExporter

from belgrade import data
from belgrade.display import compare

ROOT = Path(__file__).resolve().parent.parent
LESSONS = sorted((ROOT / "notebooks").glob("[0-9][0-9]_*.ipynb"))
BOOKS = [
    *LESSONS,
    *sorted((ROOT / "exercises").glob("*.ipynb")),
    *sorted((ROOT / "exercises" / "keys").glob("*.ipynb")),
]
SHOWS_EXPLORER = re.compile(r"^(?:\w+ = )?explorers\.\w+\(", re.M)
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@cache
def read(path: Path) -> nbformat.NotebookNode:
    book = nbformat.read(path, as_version=4)
    nbformat.validate(book)
    return book


def markdown(path: Path) -> list[str]:
    return [cell.source for cell in read(path).cells if cell.cell_type == "markdown"]


def code(path: Path) -> list[nbformat.NotebookNode]:
    cells = [cell for cell in read(path).cells if cell.cell_type == "code"]
    return [cell for cell in cells if cell.source.strip()]


# --- structure -------------------------------------------------------------------------------


@pytest.mark.parametrize("path", BOOKS, ids=name)
def test_one_title_and_no_heading_level_skipped(path: Path) -> None:
    text = re.sub(r"```.*?```", "", "\n".join(markdown(path)), flags=re.S)
    levels = [len(marks) for marks in re.findall(r"^(#+) ", text, flags=re.M)]
    assert levels.count(1) == 1
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(levels)), levels


@pytest.mark.parametrize("path", LESSONS, ids=name)
def test_a_lesson_opens_with_what_it_is_for(path: Path) -> None:
    head = markdown(path)[0]
    number = path.name[:2]
    assert head.startswith(f"# {number} · ")
    for part in ("**The question.**", "**After this lesson you can**", "**Time.**", "**Before you"):
        assert part in head
    assert len(re.findall(r"^- ", head, flags=re.M)) == 3
    time = re.search(r"\*\*Time\.\*\* (\d+) minutes: (.*?)\. \*\*Only 25 minutes\?\*\*", head)
    assert time, "the Time line gives minutes in all, minutes for each part, and a short cut"
    parts = [int(minutes) for minutes in re.findall(r"\d+", time[2])]
    assert sum(parts) == int(time[1]) == 45


@pytest.mark.parametrize("path", LESSONS, ids=name)
def test_a_lesson_has_its_parts(path: Path) -> None:
    headings = re.findall(r"^## (?:\d+\. )?(.*)$", "\n".join(markdown(path)), flags=re.M)
    wanted = ["The claim", "Your guess", "The data", "Explore", "Read the evidence"]
    wanted += ["Method corner", "Checkpoint", "Your verdict", "What next"]
    at = [next((i for i, h in enumerate(headings) if h.startswith(part)), -1) for part in wanted]
    assert -1 not in at, dict(zip(wanted, at, strict=True))
    assert at == sorted(at)
    numbers = re.findall(r"^## (\d+)\. ", "\n".join(markdown(path)), flags=re.M)
    assert [int(number) for number in numbers] == list(range(1, len(numbers) + 1))


# --- stored outputs --------------------------------------------------------------------------

STORED = [path for path in BOOKS if path.parent.name != "exercises"]


@pytest.mark.parametrize("path", STORED, ids=name)
def test_every_code_cell_has_a_stored_reference(path: Path) -> None:
    without = [cell.source for cell in code(path) if cell.execution_count is None]
    assert not without, f"nbval would pass these cells unseen: {without}"


@pytest.mark.parametrize("path", BOOKS, ids=name)
def test_no_widget_state_error_or_standard_error_is_stored(path: Path) -> None:
    assert "widgets" not in read(path).metadata
    for cell in code(path):
        for output in cell.outputs:
            wanted = "raises-exception" in cell.metadata.get("tags", [])
            assert output.output_type != "error" or wanted, cell.source
            assert output.get("name") != "stderr", cell.source
            assert WIDGET_VIEW not in output.get("data", {}), cell.source


@pytest.mark.parametrize("path", LESSONS, ids=name)
def test_every_stored_picture_has_words(path: Path) -> None:
    for cell in code(path):
        for output in cell.outputs:
            bundle = output.get("data", {})
            page = BeautifulSoup(bundle.get("text/html", ""), "html.parser")
            assert len(page.find_all("img")) == ("image/png" in bundle), cell.source
            if page.img:
                assert page.img["alt"] == page.figcaption.get_text() == bundle["text/plain"]
                assert page.img["src"].startswith("data:image/png;base64,")
                assert len(bundle["text/plain"]) > 20, cell.source


@pytest.mark.parametrize("path", LESSONS, ids=name)
def test_every_explorer_has_a_picture_and_says_how_to_make_it_live(path: Path) -> None:
    explorers = [cell for cell in code(path) if SHOWS_EXPLORER.search(cell.source)]
    assert explorers
    for cell in explorers:
        how, picture = cell.outputs
        assert "Run this cell to choose" in how.data["text/html"]
        assert "<figure" in picture.data["text/html"]


def test_where_there_is_no_kernel_each_picture_is_shown_with_its_words() -> None:
    """Rendered by nbconvert, one lesson for all: what it renders the tests above see in each."""
    lesson = LESSONS[1]
    body, _ = HTMLExporter().from_filename(str(lesson))
    page = BeautifulSoup(body, "html.parser")
    data = [output.get("data", {}) for cell in code(lesson) for output in cell.outputs]
    words = [bundle["text/plain"] for bundle in data if "image/png" in bundle]
    assert [image["alt"] for image in page.find_all("img")] == words
    assert [caption.get_text() for caption in page.find_all("figcaption")] == words
    assert not any("widget" in str(script.attrs) for script in page.find_all("script"))


# --- numbers in the prose --------------------------------------------------------------------

MONTHS = "January|February|March|April|May|June|July|August|September|October|November|December"
# What a number in the prose may be without being computed or cited, by rule and not by list.
EXEMPT_IN_TEXT = {
    "code": r"`[^`]*`",
    "address of a link": r"\]\([^)]*\)",
    "constants of a formula": r"\$[^$\d]*(?:(?<![\d.])(?:0|1|2|100)(?![\d.])[^$\d]*)*\$",
    "time line": r"\*\*Time\.\*\*.*",
    "title and section numbers": r"^#+ \d+(?: ·|\.)",
    "list numbers": r"^\s*\d+\. ",
}
EXEMPT_IN_SENTENCE = {
    "dates": rf"\b\d{{1,2}} (?:and \d{{1,2}} )?(?:{MONTHS})\b|\b(?:{MONTHS}) \d{{1,2}}\b"
    r"|\b\d{4}-\d\d-\d\d\b",
    "years": r"\b(?:19|20)\d\d(?:s\b|[-–/]\d{2,4}\b|\b)",
    "numbered things": r"(?i)\b(?:lessons?|exercises?|questions?|chapters?|sections?|notes?|parts?"
    r"|points?|reasons?|resolutions?|articles?|steps?|rows?|corridor) \d+(?:(?:, | and | to )\d+)*",
    "ids": r"\b[A-Z]\d+(?:\.\d+)*\b",
    "names": r"\b[A-Za-z]+-?\d+\w*\b|\b\d+[A-Z]\w*\b",
    "length of a task": r"\b\d+[- ](?:minutes?|words?|points?)\b",
    "bases of a rate": r"(?i)\b(?:per|of|in|out of|for) (?:every )?(?:100|1,000|10,000|100,000)\b",
    "ends of a scale": r"\b(?:from )?[01] to (?:1|7|10|100)\b",
    "level of confidence": r"\b95 ?(?:%|per ?cent)(?= (?:confidence|margin|interval|sure))",
}
CITED = re.compile(r"\bF\d{3}\b")
NUMBER = re.compile(r"(?<![\w.])\d[\d,]*(?:\.\d+)?")


def loose_numbers(text: str) -> list[str]:
    """Return the numbers of a markdown text that are neither exempt nor figures of the report."""
    found = []
    for rule in EXEMPT_IN_TEXT.values():
        text = re.sub(rule, " ", text, flags=re.M)
    for sentence in re.split(r"(?<=[.!?])\s+(?=[A-Z*_\[(])|\n\s*\n|\n(?=- |#)", text):
        cited = CITED.findall(sentence)
        for rule in EXEMPT_IN_SENTENCE.values():
            sentence = re.sub(rule, " ", sentence)
        allowed = {value for figure in cited for value in figure_values(figure)}
        for number in NUMBER.findall(sentence):
            if float(number.replace(",", "")) not in allowed:
                found.append(f"{number} in: {' '.join(sentence.split())[:80]}")
    return found


@cache
def figure_values(figure: str) -> tuple[float, ...]:
    row = data.load("figures").set_index("figure_id").loc[figure]
    return () if row.isna()["value"] else (float(row["value"]),)


@pytest.mark.parametrize("path", LESSONS, ids=name)
def test_every_number_in_the_prose_is_computed_or_cited(path: Path) -> None:
    loose = [found for text in markdown(path) for found in loose_numbers(text)]
    assert not loose, "\n".join(loose)


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("Eleven flights came on 3 April 2020, says claim C024.", 0),
        ("Serbia got 11 planes.", 1),
        ("Serbia got 11 planes (F004).", 0),
        ("Serbia got 12 planes (F004).", 1),
        ("The MiG-29 and resolution 1244 in 2015-19 and the 1990s.", 0),
        ("Then $T = wX + (1 - w)M$ holds.", 0),
        ("Then $T = 62$ holds.", 1),
        ("It rose by 4.5% in 2019.", 1),
        ("1. Divide by *million people*.\n2. Lesson 02 goes on.", 0),
    ],
)
def test_the_number_test_tells_loose_from_exempt(text: str, count: int) -> None:
    assert len(loose_numbers(text)) == count


# --- answers to the tasks --------------------------------------------------------------------


def comparing(path: Path) -> list[nbformat.NotebookNode]:
    """Return the cells that show an answer to compare with."""
    return [cell for cell in code(path) if re.search(r"^compare\(", cell.source, flags=re.M)]


@pytest.mark.parametrize("path", LESSONS, ids=name)
def test_each_task_beside_an_explorer_has_an_answer_to_compare_with(path: Path) -> None:
    tasks: dict[str, list[int]] = {}  # heading -> tasks, answers
    heading = ""
    for cell in read(path).cells:
        if cell.cell_type == "markdown":
            for part in re.split(r"^(?=## )", cell.source, flags=re.M):
                heading = part.splitlines()[0] if part.startswith("## ") else heading
                if "Explore" in heading:
                    count = tasks.setdefault(heading, [0, 0])
                    count[0] += len(re.findall(r"^\d+\. ", part, flags=re.M))
        elif cell in comparing(path) and heading in tasks:
            pages = [output.get("data", {}).get("text/html", "") for output in cell.outputs]
            tasks[heading][1] += "".join(pages).count("<summary>Compare your answer")
    assert tasks
    assert all(answered >= asked > 0 for asked, answered in tasks.values()), tasks


@pytest.mark.parametrize("path", LESSONS, ids=name)
def test_what_is_folded_says_so_in_its_first_line(path: Path) -> None:
    """The bar that JupyterLab shows in its place has that line."""
    folded = [cell for cell in code(path) if cell.metadata.get("jupyter", {}).get("source_hidden")]
    assert folded
    assert [cell.source for cell in folded if not cell.source.startswith("# ")] == []


@pytest.mark.parametrize("path", LESSONS, ids=name)
def test_an_answer_is_folded_and_its_figures_are_computed(path: Path) -> None:
    for cell in comparing(path):
        assert cell.metadata.get("jupyter", {}).get("source_hidden"), cell.source
        for node in ast.walk(ast.parse(cell.source)):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "compare":
                for text in ast.walk(node):
                    if isinstance(text, ast.Constant) and isinstance(text.value, str):
                        assert not loose_numbers(text.value), text.value


def test_answers_to_compare_with_are_numbered_like_their_tasks(displayed: list[dict]) -> None:
    compare("One & only.")
    compare("First.", "Second.")
    shown = [output["data"] for output in displayed]
    assert shown[0]["text/plain"] == "Compare your answer: One & only."
    assert "<summary>Compare your answer</summary>" in shown[0]["text/html"]
    assert "One &amp; only." in shown[0]["text/html"]
    assert shown[1]["text/plain"].splitlines()[1] == "Compare your answer to 2: Second."
    assert shown[1]["text/html"].count("<details") == 2
