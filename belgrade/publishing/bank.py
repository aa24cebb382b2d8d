"""The question bank for learning platforms: Moodle XML, and QTI 1.2 in a zip for Canvas.

The table `questions` is the one source. Formats: https://docs.moodle.org/en/Moodle_XML_format and
IMS Question & Test Interoperability 1.2.1 (https://www.imsglobal.org/question/), in which Canvas
reads a bank's name from the metadata field `bank_title`. Identifiers are made from the question's
number and the option's column, never from their words, so that a mended question stays the same.
"""

from __future__ import annotations

import hashlib
import html
import io
import itertools
import re
import textwrap
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from belgrade import UserError, data
from belgrade.publishing.links import title_of
from belgrade.publishing.templates import render

MOODLE, CANVAS = "moodle.xml", "canvas.zip"
# The right answer and the others: the column of each and of what is said to who chooses it.
COLUMNS = {"answer": "feedback"} | {f"distractor_{n}": f"feedback_{n}" for n in (1, 2, 3)}
NAME_LENGTH = 80


class BankError(UserError):
    """The bank cannot be exported; its text names the question and what to change."""


@dataclass(frozen=True)
class Option:
    """One of the answers to choose from, and what is said to those who choose it."""

    ident: str
    text: str
    is_right: bool
    feedback: str


@dataclass(frozen=True)
class Question:
    """A multiple-choice question; `about` says where to read on."""

    number: str
    ident: str
    lesson: str
    kind: str
    text: str
    options: tuple[Option, ...]
    about: str

    @property
    def name(self) -> str:
        """The question's number and first words, for lists."""
        return textwrap.shorten(f"{self.number}: {self.text}", NAME_LENGTH, placeholder=" …")


def export(root: Path, out: Path, lessons: Iterable[str] = (), name: str = "") -> list[Question]:
    """Write the bank to the folder `out`, for Moodle and for Canvas; return its questions.

    `lessons` are numbers, such as 01; all if none is given. `name` is what the bank is called on
    the platform, by default the title of the README at `root`. Raises BankError.
    """
    selected = questions(lessons)
    titles = lesson_titles(root)
    name = name or _heading(root / "README.md") or data.package()["title"]
    out.mkdir(parents=True, exist_ok=True)
    (out / MOODLE).write_bytes(moodle_xml(selected, titles, name))
    (out / CANVAS).write_bytes(zipped(qti_files(selected, titles)))
    return selected


def questions(lessons: Iterable[str] = ()) -> list[Question]:
    """Return the questions of the bank, of these lessons or of all; raise BankError."""
    table = data.load("questions")
    numbers = [number.zfill(2) for number in lessons]
    if missing := sorted(set(numbers) - set(table["lesson"])):
        raise BankError(f"The bank has no question for lesson {missing[0]}.")
    rows = table[table["lesson"].isin(numbers)] if numbers else table
    prefix = data.package()["name"]
    return [_question(prefix, row) for row in rows.to_dict("records")]


def _question(prefix: str, row: Mapping[str, Any]) -> Question:
    number = row["question_id"]
    ident = f"{prefix}-{number}"
    options = []
    for column, feedback in COLUMNS.items():
        text, feedback_text = row[column], row[feedback]
        if not (isinstance(text, str) and isinstance(feedback_text, str)):
            raise BankError(f"Question {number}: {column} or {feedback} is empty.")
        # Says nothing of which is right; a letter first, as XML wants it of an identifier.
        identifier = "o" + hashlib.sha256(f"{number} {column}".encode()).hexdigest()[:8]
        options.append(Option(identifier, text, column == "answer", feedback_text))
    if len({option.text for option in options}) < len(options):
        raise BankError(f"Question {number}: two of its options are the same.")
    # In the order that the lessons' checkpoints have.
    options.sort(key=lambda option: option.text)
    lesson, kind = row["lesson"], row["type"]
    return Question(number, ident, lesson, kind, row["question"], tuple(options), _about(row))


def _about(row: Mapping[str, Any]) -> str:
    """Return the sentence that names the claims and tables behind a question."""
    parts = []
    for column, label in (("claim_ids", "Claims of the report"), ("tables", "Tables")):
        if isinstance(row.get(column), str):
            parts.append(f"{label}: {', '.join(row[column].split(';'))}.")
    return " ".join(parts)


def lesson_titles(root: Path) -> dict[str, str]:
    """Return the titles of the lessons at `root` by their numbers."""
    paths = sorted((root / "notebooks").glob("[0-9][0-9]_*.ipynb"))
    return {path.name[:2]: title_of(path) for path in paths}


def _heading(path: Path) -> str:
    """Return the first heading of a Markdown file, or "" where there is none."""
    text = path.read_text(encoding="utf-8") if path.is_file() else ""
    found = re.search(r"^# (.*)$", text, re.M)
    return found[1] if found else ""


def moodle_xml(selected: Iterable[Question], titles: Mapping[str, str], name: str) -> bytes:
    """Return the questions as Moodle XML, in a category for each lesson below the one `name`.

    `titles` are the lessons' titles by number.
    """
    return _render("moodle.xml", lessons=_by_lesson(selected, titles), name=name)


def qti_files(selected: Iterable[Question], titles: Mapping[str, str]) -> dict[str, bytes]:
    """Return the files of an IMS content package: a question bank for each lesson, a manifest."""
    lessons = _by_lesson(selected, titles)
    manifest = _render("imsmanifest.xml", lessons=lessons, prefix=data.package()["name"])
    banks = {each["file"]: _render("lesson.xml", lesson=each) for each in lessons}
    return {"imsmanifest.xml": manifest} | banks


def _by_lesson(selected: Iterable[Question], titles: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return number, title, identifier, file and questions of each lesson that has questions."""
    prefix = data.package()["name"]
    return [
        {
            "number": number,
            "title": titles.get(number, f"Lesson {number}"),
            "ident": f"{prefix}-lesson-{number}",
            "file": f"lesson_{number}.xml",
            "questions": list(questions),
        }
        for number, questions in itertools.groupby(
            sorted(selected, key=lambda question: question.lesson), lambda question: question.lesson
        )
    ]


def _render(template: str, **values: Any) -> bytes:
    """Return a template filled in; texts are HTML there, which XML escapes once more."""
    filters = {
        "markup": lambda text: html.escape(text, quote=False),
        "paragraph": lambda text: f"<p>{html.escape(text, quote=False)}</p>",
    }
    return render(f"bank_templates/{template}", filters, **values).encode()


def zipped(files: Mapping[str, bytes]) -> bytes:
    """Return the files in a zip, the same bytes for the same files."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            entry = zipfile.ZipInfo(name)  # dated 1980
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, content)
    return buffer.getvalue()
