"""The tables of a grading: grades.csv and questions.csv, and how all tables are written.

Made to be opened in a spreadsheet and in pandas: UTF-8 with a byte order mark, text in quotes,
numbers bare. A cell of text that a spreadsheet would take for a formula gets an apostrophe in
front, and `unescape_formula` takes it off again.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from belgrade.files import write_whole
from belgrade.grading.names import clean
from belgrade.grading.roster import Roster

GRADED, FAILED, MISSING = "graded", "failed", "missing"
NOTHING = "Nothing handed in."
NO_RESULT: Result = {"state": MISSING, "file": "", "digest": "", "master": ""}
NO_RESULT |= {
    "questions": [],
    "notes": [],
    "doubts": [],
    "points": 0,
    "pending_points": 0,
    "seconds": 0,
}
# What a spreadsheet takes for the beginning of a formula, in the wide forms of Asia as well.
FORMULA = re.compile(r"\s*'*\s*[=+\-@\t\r\n|%＝＋－＠]")
LONGEST_CELL = 32_000  # Excel's limit is 32,767 characters
GRADES = (
    "student name exercise state points max_points pending_points possible_points reason notes "
    "file seconds days_late late_points"
)
QUESTIONS = (
    "student name exercise question title status points max_points pending_points message comment "
    "seconds"
)


Result = dict[str, Any]


def escape_formula(value: Any) -> Any:
    """Return a cell that no spreadsheet takes for a formula; numbers stay numbers."""
    if isinstance(value, int | float):
        return tidy(value)
    text = clean("" if value is None else value)
    if len(text) > LONGEST_CELL:
        text = text[:LONGEST_CELL] + " …"
    return f"'{text}" if FORMULA.match(text) else text


def unescape_formula(cell: str) -> str:
    """Return what `escape_formula` was given, from what it returned."""
    return cell[1:] if cell.startswith("'") and FORMULA.match(cell) else cell


def csv_text(header: Sequence[str], rows: Iterable[Sequence[Any]], protect: bool = True) -> str:
    """Return a table as CSV. With `protect`, every cell goes through `escape_formula`."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, quoting=csv.QUOTE_NONNUMERIC)
    writer.writerow(header)
    for row in rows:
        writer.writerow([escape_formula(cell) if protect else cell for cell in row])
    return out.getvalue()


def write_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Write a table for people, in one step."""
    write_whole(path, csv_text(header, rows).encode("utf-8-sig", "replace"))


def for_each_member(result: Result) -> list[Result]:
    """Return a result for each member of the group that handed it in, or the result alone."""
    members = result.get("members") or [(result["student"], result["name"])]
    return [result | {"student": student, "name": name} for student, name in members]


def with_missing(
    results: list[Result], roster: Roster | None, possible: Mapping[str, float]
) -> list[Result]:
    """Return the results, sorted, with one of state "missing" for each enrolled student who
    handed in nothing for an exercise that somebody handed in: those in `possible`. A result of
    somebody who is not on the roster has `is_stranger`.
    """
    here = {(r["student"], r["exercise"]) for r in results}
    unplaced = {r["student"] for r in results if r["exercise"] is None}
    rows = [
        one | {"is_stranger": roster is not None and one["student"] not in roster.by_id}
        for one in results
    ]
    numbers: list[str | None] = [*sorted(possible)] or [None]
    for student in roster.students if roster else ():
        for exercise in numbers:
            if (student.id, exercise) in here:
                continue
            if student.id in unplaced and len(possible) < 2:
                continue  # the row of that file is enough
            reason = NOTHING
            if student.id in unplaced:
                reason += " Another file of this student could not be told to be any exercise."
            who = {"student": student.id, "name": student.name, "exercise": exercise}
            why = {"reason": reason, "max_points": possible.get(exercise or "", 0)}
            rows.append(NO_RESULT | who | why)
    return sorted(rows, key=lambda r: (r["exercise"] or "~", r["student"]))


def write_tables(out: Path, rows: Iterable[Result], possible: Mapping[str, float]) -> None:
    """Write grades.csv, a row a result, and questions.csv; `rows` are those with the missing."""
    grades, questions = [], []
    for r in rows:
        seconds, whole = round(r["seconds"], 2), possible.get(r["exercise"], 0)
        notes = " ".join([*r.get("doubts", []), *r["notes"]])
        more = {"possible_points": whole, "notes": notes, "seconds": seconds}
        grades.append(r | more)
        for q in r["questions"]:
            comment = (q.get("mark") or {}).get("comment", "")
            questions.append(r | q | {"comment": comment, "seconds": round(q["seconds"], 2)})
    for name, columns, table in (("grades", GRADES, grades), ("questions", QUESTIONS, questions)):
        cells = [[row.get(title) for title in columns.split()] for row in table]
        write_csv(out / f"{name}.csv", columns.split(), cells)


def tidy(number: float) -> int | float:
    """Return a number of points without the noise of sums, whole ones as integers."""
    number = round(number, 4)
    return int(number) if number == int(number) else number
