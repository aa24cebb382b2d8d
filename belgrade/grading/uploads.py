"""Files to upload: Canvas's gradebook, Moodle's grade import and its grading worksheet.

They hold the identifiers exactly as the platform gave them, since it looks students up by them,
and have no byte order mark. A student without a complete mark is left as the platform has it.

Formats: `lib/gradebook_importer.rb` of canvas-lms; `grade/import/csv` and
`mod/assign/feedback/offline` of Moodle.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from belgrade.grading.names import plain
from belgrade.grading.roster import CANVAS, MOODLE, WORKSHEET, Roster, Student
from belgrade.grading.tables import GRADED, Result, csv_text, harmless, tidy

# By these the platform tells who is meant, or they are the instructor's own words.
EXACT = {
    "id", "sis user id", "sis login id", "integration id", "root account", "section",
    "identifier", "id number", "email address", "username", "feedback comments",
    "last modified (grade)", "last modified (submission)", "grade", "maximum grade", "status",
    "grade can be changed",
}  # fmt: skip


def upload_files(
    results: list[Result], roster: Roster | None, possible: Mapping[str, float],
    titles: Mapping[str, str] | None = None, provisional: bool = False,
) -> dict[str, str]:  # fmt: skip
    """Return {file name: CSV text} for the platform that the roster comes from.

    `possible` gives the points of each exercise, `titles` their titles. A student whose written
    answers wait for marks has no mark yet, unless `provisional`. Where the platform's maximum is
    another, marks are converted to it.
    """
    if roster is None:
        return {}
    marks = {
        (r["student"], r["exercise"]): r["points"]
        for r in results
        if r["state"] == GRADED and (provisional or not r["pending_points"])
    }
    numbers = sorted(n for n in possible if possible[n] > 0)
    if roster.kind == CANVAS:
        return {"canvas.csv": _canvas(roster, marks, possible, numbers, titles or {})}
    if roster.kind == MOODLE:
        return {f"moodle_{n}.csv": _moodle(roster, marks, n, titles or {}) for n in numbers}
    if roster.kind == WORKSHEET:
        return {
            f"moodle_worksheet_{n}.csv": _worksheet(roster, marks, n, possible[n]) for n in numbers
        }
    return {}


def column_name(exercise: str, titles: Mapping[str, str]) -> str:
    """Return the name of an exercise's column in a gradebook."""
    title = titles.get(exercise, "")
    return f"Exercise {exercise}: {title}" if title else f"Exercise {exercise}"


def _canvas(roster, marks, possible, numbers, titles) -> str:
    last = roster.column("section")
    shared = range(last + 1)
    places = {n: _canvas_column(roster, n, titles.get(n, "")) for n in numbers}
    header = [roster.header[i] for i in shared]
    header += [roster.header[places[n]] if places[n] else column_name(n, titles) for n in numbers]
    top = ["    Points Possible"] + [""] * last
    worth = {}
    for n in numbers:
        there = _number(roster.possible[places[n]]) if places[n] and roster.possible else None
        worth[n] = there or possible[n]
        top.append(tidy(worth[n]))
    rows = [top]
    for student in roster.students:
        row: list[Any] = _kept(roster, student, shared)
        for n in numbers:
            before = student.row[places[n]] if places[n] else ""
            row.append(_scaled(marks, student, n, possible[n], worth[n], before))
        rows.append(row)
    return csv_text(header, rows, protect=False)


def _canvas_column(roster: Roster, exercise: str, title: str) -> int | None:
    """Return the place of the one assignment in the export that is this exercise, or None."""
    found = []
    for i, head in enumerate(roster.header):
        name = re.fullmatch(r"(.*) \(\d+\)", head.strip())
        if not name or (roster.possible and "read" in roster.possible[i]):
            continue
        words = plain(name[1])
        bare = re.sub(r"[\W_]+", " ", words).strip()
        titled = re.sub(r"[\W_]+", " ", plain(title.split(":")[0])).strip()
        number = rf"(exercise|lesson|notebook|assignment)\W*0*{int(exercise)}(?!\d)"
        if re.match(rf"{exercise}(?!\d)", words) or re.search(number, words) or (
            titled and titled in bare
        ):  # fmt: skip
            found.append(i)
    return found[0] if len(found) == 1 else None


def _moodle(roster, marks, exercise, titles) -> str:
    """Return a table for Moodle's grade import: only students with a mark.

    An empty cell there would take away a mark, and a row that Moodle cannot place stops the
    whole import.
    """
    wanted = ("first name", "firstname", "last name", "lastname", "surname", "id number",
              "username", "email address")  # fmt: skip
    shared = [i for i, t in enumerate(roster.header) if t.strip().lower() in wanted]
    header = [roster.header[i] for i in shared] + [column_name(exercise, titles)]
    rows = [
        [*_kept(roster, student, shared), tidy(marks[student.id, exercise])]
        for student in roster.students
        if (student.id, exercise) in marks
    ]
    return csv_text(header, rows, protect=False)


def _worksheet(roster, marks, exercise, most) -> str:
    grade, maximum = roster.column("grade"), roster.column("maximum grade")
    rows = []
    for student in roster.students:
        row: list[Any] = _kept(roster, student, range(len(roster.header)))
        worth = (_number(student.row[maximum]) if maximum is not None else None) or most
        row[grade] = _scaled(marks, student, exercise, most, worth, student.row[grade])
        rows.append(row)
    return csv_text(roster.header, rows, protect=False)


def _kept(roster: Roster, student: Student, places) -> list[Any]:
    """Return cells of the export: what identifies verbatim, the rest without formulas."""
    return [
        student.row[i] if roster.header[i].strip().lower() in EXACT else harmless(student.row[i])
        for i in places
    ]


def _scaled(marks, student, exercise, most, worth, before) -> Any:
    points = marks.get((student.id, exercise))
    if points is None:
        return before
    return tidy(points if worth == most else round(points * worth / most, 2))


def _number(text: str) -> float | None:
    """Return the number in a cell, with a point or a comma for decimals, or None."""
    text = text.strip().replace("\u00a0", "")
    if "," in text and "." not in text:
        text = text.replace(",", ".")
    try:
        number = float(text.replace(",", ""))
    except ValueError:
        return None
    return number if number > 0 else None
