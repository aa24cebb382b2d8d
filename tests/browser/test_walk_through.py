"""A lecturer's fortnight with a real exercise, from a new question to pages that go back.

The commands are those of docs/run.md; the class is made up, in the layouts of Canvas and
of Moodle. Six hand in by default, 180 with `-m slow`.
"""

from __future__ import annotations

import csv
import json
import shutil
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nbformat
import pytest
from kept_kernel import keep_kernel
from lab import no_errors
from sandboxes import probe
from test_cases import answer_cells
from test_grading_uploads import canvas_reads, moodle_reads
from toy_class import results

from belgrade import cli
from belgrade.authoring import vary
from belgrade.checks.compiled import read_compiled

ROOT = Path(__file__).resolve().parents[2]
FILE = "00_start_here.ipynb"
TEMPLATE = "total = sum(parts)"  # the solution of a question of kind number
NAMES = ["Šćepan Đorđević", "Mila Petrović", "Ben O'Neill", "José da Silva", "Anna-Lena Groß"]
HEAD = "Identifier,Full name,Email address,Status,Grade,Maximum Grade,Grade can be changed"
MORE = "Last modified (submission),Last modified (grade),Feedback comments"
TEXT = "More facts have a note than interpretations: but a note is no proof of anything."

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("walk_through")]


@dataclass
class Course:
    """A private copy of the module, in which the lecturer has written, built and released."""

    root: Path
    said: dict[str, str] = field(default_factory=dict)

    @property
    def packed(self) -> Path:
        return self.root / "belgrade" / "checks" / "packed"


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Course]:
    """Add a question to exercise 00, build it, make four versions, release."""
    root = tmp_path_factory.mktemp("term") / "private"
    ignored = [".git", ".venv", ".*_cache", "__pycache__", "tests", "my_work", "node_modules"]
    shutil.copytree(ROOT, root, ignore=shutil.ignore_patterns(*ignored))
    with pytest.MonkeyPatch.context() as patch:
        keep_kernel(patch)
        patch.chdir(root)
        patch.setenv("BELGRADE_PACKED", str(root / "belgrade" / "checks" / "packed"))
        assert cli.main(["question", "00", "--kind", "number"]) == 0
        (root / "class.csv").write_text("student,name\ns1,Ana\n", encoding="utf-8")
        versions = ["build", "00", "--versions", "4", "--roster", "class.csv", "--out", "all"]
        assert cli.main(versions) == 0
        assert cli.main(["release", str(root.parent / "course"), "--home", "uni/course"]) == 0
        yield Course(root)


@dataclass
class Student:
    """One of the class: what the platform calls them, their version, what they get for code."""

    id: str
    name: str
    version: str
    code: float = 7.0


def class_of(platform: str, count: int) -> list[Student]:
    """Return students with the ids of a platform, each with the version that the draw gives."""
    ids = [
        f"Participant {500 + n}" if platform == "moodle" else f"{4200 + n}" for n in range(count)
    ]
    names = [f"{NAMES[n % len(NAMES)]} {n // len(NAMES) or ''}".strip() for n in range(count)]
    drawn = [vary.letter(vary.drawn_version("00", each, 4)) for each in ids]
    return [Student(*each) for each in zip(ids, names, drawn, strict=True)]


def write_roster(platform: str, students: list[Student], path: Path) -> None:
    """Write the class list as the platform exports it: a gradebook, or a grading worksheet."""
    if platform == "canvas":
        rows = [["Student", "ID", "SIS User ID", "SIS Login ID", "Section", "Exercise 00 (888)"]]
        rows += [["    Points Possible", "", "", "", "", "10.00"]]
        rows += [
            [one.name, one.id, f"S-{one.id}", f"login{one.id}", "IR101", ""] for one in students
        ]
    else:
        rows = [f"{HEAD},{MORE}".split(",")]
        for one in students:
            mail = f"{one.id.split()[1]}@example.org"
            rows += [[one.id, one.name, mail, "Submitted", "", "10.00", "Yes", "-", "-", ""]]
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)


def hand_in(course: Course, platform: str, students: list[Student], folder: Path) -> None:
    """Write what the class hands in as the zip that the platform gives.

    Of three students one has all right, one leaves a question out, and one types a number in that
    is right for these settings alone. The first hands in another's version.
    """
    first = read_compiled("00", course.packed)
    versions = [first, *(read_compiled("00", course.packed, v) for v in first["further"])]
    sources = answer_cells("00") | {"0.7": TEMPLATE}
    with zipfile.ZipFile(folder / "submissions.zip", "w") as file:
        for n, one in enumerate(students):
            version = ord(one.version) - ord("A")
            version = (version + 1) % 4 if n == 0 else version
            notebook = nbformat.read(
                folder / "versions" / vary.letter(version) / FILE, as_version=4
            )
            right = versions[version]["checks"][0]["reference"]["value"]
            for cell in notebook.cells:
                about = cell.metadata.belgrade
                if about.role == "answer":
                    cell.source = cell.source.replace("total = ...", TEMPLATE)
                    if about.question != "0.7":
                        cell.source = sources[about.question]
                    if n % 3 == 1 and about.question == "0.2":
                        cell.source, one.code = "people_sent = ...", 6.0
                    if n % 3 == 2 and about.question == "0.1":
                        cell.source, one.code = f"donor_rows = {right}", 6.4
                elif about.role == "written":
                    cell.source = TEXT
            short = one.name.lower().replace(" ", "").replace("-", "").replace("'", "")
            name = f"{short}_{one.id}_{90000 + n}_{FILE}"
            if platform == "moodle":
                name = f"{one.name}_{one.id.split()[1]}_assignsubmission_file/{FILE}"
            file.writestr(name, nbformat.writes(notebook))


def mark_all(browser: Any, form: Path, saved: Path) -> dict[str, float]:
    """Mark every answer by keyboard, save the sheet, and return what each student got."""
    context = browser.new_context(offline=True)
    page, given = context.new_page(), {}
    with no_errors(page):
        page.goto(form.as_uri())
        count = page.locator("article").count()
        for n in range(count):
            article = page.locator("article:visible")
            given[json.loads(article.get_attribute("data-fixed"))["student"]] = 1.5 + n % 2
            article.locator("h3").focus()
            for key in ("Tab", "1", "Tab", "h", "Tab", str(n % 2), "Control+Enter"):
                page.keyboard.press(key)
        assert page.inner_text("#progress") == f"{count} of {count} marked"
        with page.expect_download() as download:
            page.click("#save")
        download.value.save_as(saved)
    context.close()
    return given


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("count", [6, pytest.param(180, marks=pytest.mark.slow)])
@pytest.mark.parametrize("platform", ["canvas", "moodle"])
def test_a_fortnight(
    course: Course, platform: str, count: int, chromium: Any, tmp_path: Path
) -> None:
    students = class_of(platform, count)
    write_roster(platform, students, tmp_path / "roster.csv")
    vary.write_versions(
        "00", course.packed, [(one.id, one.name) for one in students], tmp_path / "versions"
    )
    drawn = {
        row["student"]: row["version"] for row in rows_of(tmp_path / "versions/00_versions.csv")
    }
    assert drawn == {one.id: one.version for one in students}
    hand_in(course, platform, students, tmp_path)

    grades = tmp_path / "grades"
    command = ["grade", str(tmp_path / "submissions.zip"), "--out", str(grades)]
    command += ["--roster", str(tmp_path / "roster.csv")]
    assert cli.main(command + ["--no-sandbox"] * bool(probe())) == 0
    found = results(grades)
    assert {one.id: found[one.id]["points"] for one in students} == {
        one.id: pytest.approx(one.code) for one in students
    }
    # Each is judged by the version handed in; a marker is told of one that the draw did not give.
    told = {one.id for one in students if "the draw gave version" in str(found[one.id]["repairs"])}
    assert told == {students[0].id}

    given = mark_all(chromium, grades / "marking" / "00_answers.html", tmp_path / "saved.csv")
    assert set(given) == {one.id for one in students}
    assert cli.main(["grade", "--merge", str(tmp_path / "saved.csv"), "--out", str(grades)]) == 0
    wanted = {one.id: one.code + given[one.id] for one in students}

    uploads = grades / "uploads"
    if platform == "canvas":
        rows = [row for row in rows_of(uploads / "canvas.csv") if row["ID"]]
        marks = {row["ID"]: float(row["Exercise 00 (888)"]) for row in rows}
        attachments = {one.id: {str(90000 + n)} for n, one in enumerate(students)}
        pages = canvas_reads(uploads / "canvas_feedback_00.zip", attachments)
    else:
        rows = rows_of(uploads / "moodle_worksheet_00.csv")
        marks = {row["Identifier"]: float(row["Grade"]) for row in rows}
        assert all("0.6: " in row["Feedback comments"] for row in rows)
        numbers = {int(one.id.split()[1]) for one in students}
        read = moodle_reads(uploads / "moodle_feedback_00.zip", numbers)
        pages = {f"Participant {number}": page for number, (_, page) in read.items()}
    assert marks == {student: pytest.approx(mark) for student, mark in wanted.items()}
    assert set(pages) == set(wanted)
    for one in students:
        assert f"<p>For {one.name}, on".replace("'", "&#39;") in pages[one.id]
