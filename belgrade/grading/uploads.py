"""Files to upload: marks and pages of feedback, for Canvas, for Moodle and for a mail program.

Tables hold the identifiers exactly as the platform gave them, since it looks students up by them,
and have no byte order mark. A student without a complete mark is left as the platform has it.

Formats: `lib/gradebook_importer.rb` and, for pages, `infer_comment_context_from_filename` in
`app/models/abstract_assignment.rb` of canvas-lms; `grade/import/csv`, `mod/assign/feedback/offline`
and `mod/assign/feedback/file/importziplib.php` of Moodle.
"""

from __future__ import annotations

import html
import os
import re
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from belgrade.checks.judge.numbers import as_number
from belgrade.grading.late import counts
from belgrade.grading.names import clean, plain
from belgrade.grading.origin import platform_of
from belgrade.grading.roster import CANVAS, FIRST, LAST, MOODLE, WORKSHEET, Roster, Student
from belgrade.grading.tables import GRADED, Result, csv_text, harmless, tidy, write_csv

MAIL = ("email", "name", "student", "points", "max_points", "pending_points", "file")
LONGEST_COMMENT = 4_000

# By these the platform tells who is meant, or they are the instructor's own words.
EXACT = re.compile(
    "id|sis user id|sis login id|integration id|root account|section|identifier|id number"
    "|email address|username|feedback comments|last modified [(](grade|submission)[)]|grade"
    "|maximum grade|status|grade can be changed"
)


def upload_files(
    results: list[Result],
    roster: Roster | None,
    possible: Mapping[str, float],
    titles: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """Return {file name: CSV text} for the platform that the roster comes from.

    `possible` gives the points of each exercise, `titles` their titles. A student whose written
    answers wait for marks has no mark yet. Where the platform's maximum is another, marks are
    converted to it.
    """
    if roster is None:
        return {}
    marks = {
        (r["student"], r["exercise"]): counts(r)
        for r in results
        if r["state"] == GRADED and not r["pending_points"]
    }
    numbers = sorted(n for n in possible if possible[n] > 0)
    comments = {(r["student"], r["exercise"]): _comment(r) for r in results}
    if roster.kind == CANVAS:
        return {"canvas.csv": _canvas(roster, marks, possible, numbers, titles or {})}
    if roster.kind == MOODLE:
        return {f"moodle_{n}.csv": _moodle(roster, marks, n, titles or {}) for n in numbers}
    if roster.kind == WORKSHEET:
        return {
            f"moodle_worksheet_{n}.csv": _worksheet(roster, marks, n, possible[n], comments)
            for n in numbers
        }
    return {}


def write_feedback(
    results: list[Result], roster: Roster | None, pages: Mapping[tuple[str, str], Path], out: Path
) -> set[str]:
    """Write the pages of feedback as each platform takes them; return the files' names.

    `results` has one for each student; `pages` gives the page by student and exercise. For
    what came by no platform there is a zip by mail address (or id), and a table for a mail merge.
    A page goes only to whoever the marks go to, and only for a file that was read.
    """
    zips: dict[str, dict[str, Path]] = {}
    mails: dict[str, list[list[Any]]] = {}
    for one in results:
        number, origin, group = one["exercise"], one.get("origin", ""), one.get("members")
        found = platform_of(origin, is_file=True)
        told = found["number"] if found else ""
        canvas = found is not None and "upload" in found.re.groupindex
        student = one["student"]
        known = roster.by_id.get(student) if roster else Student(student, one["name"])
        if known is None or not number or not one["digest"]:
            continue
        page, participant = pages[student, number], re.fullmatch(r"Participant (\d+)", student)
        if found and canvas and (roster or group or student == told):  # a group's goes to all of it
            name = f"{origin[: found.end('upload')]}_{number}_feedback.html"
            zips.setdefault(f"canvas_feedback_{number}.zip", {}).setdefault(name, page)
        elif participant or (found and not canvas and roster and not group):
            name = re.sub(r"[\W_]+", " ", known.name or "Participant").strip()
            id = participant[1] if participant else told
            name = f"{name or 'Participant'}_{id}_assignfeedback_file_{number}_feedback.html"
            zips.setdefault(f"moodle_feedback_{number}.zip", {})[name] = page
        elif not found:
            mail = next((key for key in (student, *known.keys) if "@" in key), "")
            name = f"{re.sub(r'[^@.+A-Za-z0-9-]', '_', mail).lstrip('.') or page.stem}.html"
            zips.setdefault(f"feedback_{number}.zip", {})[name] = page
            points = tidy(counts(one)), tidy(one["max_points"]), tidy(one["pending_points"])
            mails.setdefault(number, []).append([mail, known.name, student, *points, name])
    out.mkdir(parents=True, exist_ok=True)
    for name, entries in zips.items():
        temporary = out / f".{name}.{os.getpid()}"
        with zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED) as packed:
            for entry, page in sorted(entries.items()):
                packed.writestr(zipfile.ZipInfo(entry), page.read_bytes(), zipfile.ZIP_DEFLATED)
        temporary.replace(out / name)
    for number, rows in mails.items():
        write_csv(out / f"mail_merge_{number}.csv", MAIL, rows)
    return {*zips, *(f"mail_merge_{number}.csv" for number in mails)}


def _comment(result: Result) -> str:
    """Return what Moodle's worksheet says of a result, in a line without marks of HTML."""
    said = [f"Exercise {result['exercise']}: {tidy(result['points'])} points."]
    if result.get("days_late"):
        said.append(f"Days late: {result['days_late']}; {tidy(counts(result))} points count.")
    for q in result["questions"]:
        words = [f"{q['question']}: {tidy(q['points'])} of {tidy(q['max_points'])}.", q["message"]]
        said += [*words, (q.get("mark") or {}).get("comment", "")]
    line = " ".join(clean(" ".join(said)).split())
    return html.escape(line[:LONGEST_COMMENT], quote=False)


def column_name(exercise: str, titles: Mapping[str, str]) -> str:
    """Return the name of an exercise's column in a gradebook."""
    title = titles.get(exercise, "")
    return f"Exercise {exercise}: {title}" if title else f"Exercise {exercise}"


def _canvas(
    roster: Roster,
    marks: Mapping[tuple[str, str], float],
    possible: Mapping[str, float],
    numbers: list[str],
    titles: Mapping[str, str],
) -> str:
    last = roster.place("section")
    shared = range(last + 1)
    places = {n: _canvas_column(roster, n, titles.get(n, "")) for n in numbers}
    header = [roster.header[i] for i in shared]
    header += [roster.header[at] if at else column_name(n, titles) for n, at in places.items()]
    top: list[Any] = ["    Points Possible"] + [""] * last
    worth = {}
    for n in numbers:
        at = places[n]
        there = roster.possible[at] if at and roster.possible else ""
        worth[n] = as_number(there.strip()) or possible[n]
        top.append(tidy(worth[n]))
    rows = [top]
    for student in roster.students:
        row: list[Any] = _kept(roster, student, shared)
        for n in numbers:
            before = student.row[at] if (at := places[n]) else ""
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
        if (
            re.match(rf"{exercise}(?!\d)", words)
            or re.search(number, words)
            or (titled and titled in bare)
        ):
            found.append(i)
    return found[0] if len(found) == 1 else None


def _moodle(
    roster: Roster, marks: Mapping[tuple[str, str], float], exercise: str, titles: Mapping[str, str]
) -> str:
    """Return a table for Moodle's grade import: only students with a mark.

    An empty cell there would take away a mark, and a row that Moodle cannot place stops the
    whole import.
    """
    wanted = {*FIRST, *LAST, "id number", "username", "email address"}
    shared = [i for i, t in enumerate(roster.header) if t.strip().lower() in wanted]
    header = [roster.header[i] for i in shared] + [column_name(exercise, titles)]
    rows = [
        [*_kept(roster, student, shared), tidy(marks[student.id, exercise])]
        for student in roster.students
        if (student.id, exercise) in marks
    ]
    return csv_text(header, rows, protect=False)


def _worksheet(
    roster: Roster,
    marks: Mapping[tuple[str, str], float],
    exercise: str,
    most: float,
    comments: Mapping[tuple[str, str], str],
) -> str:
    grade, maximum = roster.place("grade"), roster.column("maximum grade")
    words = roster.column("feedback comments")
    rows = []
    for student in roster.students:
        row: list[Any] = _kept(roster, student, range(len(roster.header)))
        worth = as_number(student.row[maximum].strip() if maximum is not None else "") or most
        row[grade] = _scaled(marks, student, exercise, most, worth, student.row[grade])
        if words is not None and not row[words] and (student.id, exercise) in marks:
            row[words] = comments[student.id, exercise]  # what somebody wrote there stays
        rows.append(row)
    return csv_text(roster.header, rows, protect=False)


def _kept(roster: Roster, student: Student, places: Iterable[int]) -> list[Any]:
    """Return cells of the export: what identifies verbatim, the rest without formulas."""
    return [
        cell if EXACT.fullmatch(title.strip().lower()) else harmless(cell)
        for title, cell in ((roster.header[i], student.row[i]) for i in places)
    ]


def _scaled(
    marks: Mapping[tuple[str, str], float],
    student: Student,
    exercise: str,
    most: float,
    worth: float,
    before: str,
) -> Any:
    points = marks.get((student.id, exercise))
    if points is None:
        return before
    return tidy(points if worth == most else round(points * worth / most, 2))
