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
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from belgrade.checks.judge.numbers import as_number
from belgrade.grading.late import counted_points
from belgrade.grading.names import clean, fold
from belgrade.grading.origin import platform_of
from belgrade.grading.roster import CANVAS, FIRST, LAST, MOODLE, WORKSHEET, Roster, Student
from belgrade.grading.tables import GRADED, Result, csv_text, escape_formula, tidy, write_csv

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
    titles: Mapping[str, str],
) -> dict[str, str]:
    """Return {file name: CSV text} for the platform that the roster comes from.

    `possible` gives the points of each exercise, `titles` their titles. A student whose written
    answers wait for marks has no mark yet. Where the platform's maximum is another, marks are
    converted to it.
    """
    if roster is None:
        return {}
    whole = (r for r in results if r["state"] == GRADED and not r["pending_points"])
    marked = {(r["student"], r["exercise"]): r for r in whole}
    gradebook, numbers = (
        _Gradebook(roster, possible, titles, marked),
        sorted(filter(possible.get, possible)),
    )
    if roster.kind == CANVAS:
        return {"canvas.csv": gradebook.canvas(numbers)}
    if roster.kind == MOODLE:
        return {f"moodle_{n}.csv": gradebook.moodle(n) for n in numbers}
    if roster.kind == WORKSHEET:
        return {f"moodle_worksheet_{n}.csv": gradebook.worksheet(n) for n in numbers}
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
    taken: set[tuple[str, str]] = set()
    for one in results:
        number, origin, group = one["exercise"], one.get("origin", ""), one.get("members")
        found = platform_of(origin, is_file=True)
        user = found["number"] if found else ""
        canvas = found is not None and "upload" in found.re.groupindex
        student = one["student"]
        known = roster.by_id.get(student) if roster else Student(student, one["name"])
        if known is None or not number or not one["digest"]:
            continue
        page, participant = pages[student, number], re.fullmatch(r"Participant (\d+)", student)
        if found and canvas and (roster or group or student == user):  # a group's goes to all of it
            name = f"{origin[: found.end('upload')]}_{number}_feedback.html"
            zips.setdefault(f"canvas_feedback_{number}.zip", {}).setdefault(name, page)
        elif participant or (found and not canvas and roster and not group):
            name = re.sub(r"[\W_]+", " ", known.name or "Participant").strip()
            id = participant[1] if participant else user
            name = f"{name or 'Participant'}_{id}_assignfeedback_file_{number}_feedback.html"
            zips.setdefault(f"moodle_feedback_{number}.zip", {})[name] = page
        elif not found:
            mail = next((key for key in (student, *known.keys) if "@" in key), "")
            name = f"{re.sub(r'[^@.+A-Za-z0-9-]', '_', mail).lstrip('.') or page.stem}.html"
            while (number, name.lower()) in taken:  # o'neil and o_neil, Ana and ana
                name = f"{page.stem}_{name}"
            taken.add((number, name.lower()))
            zips.setdefault(f"feedback_{number}.zip", {})[name] = page
            points = tidy(counted_points(one)), tidy(one["max_points"]), tidy(one["pending_points"])
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
    sentences = [f"Exercise {result['exercise']}: {tidy(result['points'])} points."]
    if result.get("days_late"):
        sentences.append(
            f"Days late: {result['days_late']}; {tidy(counted_points(result))} points count."
        )
    for q in result["questions"]:
        words = [f"{q['question']}: {tidy(q['points'])} of {tidy(q['max_points'])}.", q["message"]]
        sentences += [*words, (q.get("mark") or {}).get("comment", "")]
    line = " ".join(clean(" ".join(sentences)).split())
    return html.escape(line[:LONGEST_COMMENT], quote=False)


def column_name(exercise: str, titles: Mapping[str, str]) -> str:
    """Return the name of an exercise's column in a gradebook."""
    title = titles.get(exercise, "")
    return f"Exercise {exercise}: {title}" if title else f"Exercise {exercise}"


@dataclass(frozen=True)
class _Gradebook:
    """Tables for the platform that a roster comes from; `marked` has the results that count."""

    roster: Roster
    possible: Mapping[str, float]
    titles: Mapping[str, str]
    marked: Mapping[tuple[str, str], Result]

    def canvas(self, numbers: list[str]) -> str:
        roster, last = self.roster, self.roster.place("section")
        shared, places = range(last + 1), {n: self._column(n) for n in numbers}
        header, top = [roster.header[i] for i in shared], ["    Points Possible", *[""] * last]
        worth = {}
        for n, at in places.items():
            header.append(roster.header[at] if at else column_name(n, self.titles))
            there = roster.possible[at] if at and roster.possible else ""
            worth[n] = as_number(there.strip()) or self.possible[n]
        rows: list[list[Any]] = [[*top, *map(tidy, worth.values())]]
        for student in roster.students:
            rows.append(self._kept(student, shared))
            for n, at in places.items():
                before = student.row[at] if at else ""
                rows[-1].append(self._points(student, n, worth[n], before))
        return csv_text(header, rows, protect=False)

    def _column(self, exercise: str) -> int | None:
        """Return the place of the one assignment in the export that is this exercise, or None."""
        title = fold(self.titles.get(exercise, "").split(":")[0])
        titled = re.sub(r"[\W_]+", " ", title).strip()
        number = rf"(exercise|lesson|notebook|assignment)\W*0*{int(exercise)}(?!\d)"
        found = []
        for i, head in enumerate(self.roster.header):
            name = re.fullmatch(r"(.*) \(\d+\)", head.strip())
            if not name or (self.roster.possible and "read" in self.roster.possible[i]):
                continue
            words = fold(name[1])
            is_titled = bool(titled) and titled in re.sub(r"[\W_]+", " ", words)
            if is_titled or re.match(rf"{exercise}(?!\d)", words) or re.search(number, words):
                found.append(i)
        return found[0] if len(found) == 1 else None

    def moodle(self, exercise: str) -> str:
        """Return a table for Moodle's grade import: only students with a mark.

        An empty cell there would take away a mark, and a row that Moodle cannot place stops the
        whole import.
        """
        wanted = {*FIRST, *LAST, "id number", "username", "email address"}
        shared = [i for i, t in enumerate(self.roster.header) if t.strip().lower() in wanted]
        header = [self.roster.header[i] for i in shared] + [column_name(exercise, self.titles)]
        here = [s for s in self.roster.students if (s.id, exercise) in self.marked]
        worth = self.possible[exercise]
        rows = [[*self._kept(s, shared), self._points(s, exercise, worth, "")] for s in here]
        return csv_text(header, rows, protect=False)

    def worksheet(self, exercise: str) -> str:
        grade, maximum = self.roster.place("grade"), self.roster.column("maximum grade")
        words, rows = self.roster.column("feedback comments"), []
        for student in self.roster.students:
            row = self._kept(student, range(len(student.row)))
            most = student.row[maximum].strip() if maximum is not None else ""
            worth = as_number(most) or self.possible[exercise]
            row[grade] = self._points(student, exercise, worth, student.row[grade])
            result = self.marked.get((student.id, exercise))
            if words is not None and not row[words] and result:
                row[words] = _comment(result)  # what somebody wrote there stays
            rows.append(row)
        return csv_text(self.roster.header, rows, protect=False)

    def _kept(self, student: Student, places: Iterable[int]) -> list[Any]:
        """Return cells of the export: what identifies verbatim, the rest without formulas."""
        cells = [(self.roster.header[i].strip().lower(), student.row[i]) for i in places]
        return [cell if EXACT.fullmatch(title) else escape_formula(cell) for title, cell in cells]

    def _points(self, student: Student, exercise: str, worth: float, before: str) -> Any:
        """Return the points that count, out of `worth`; `before` where there is no mark."""
        if (result := self.marked.get((student.id, exercise))) is None:
            return before
        points, most = counted_points(result), self.possible[exercise]
        return tidy(points if worth == most else round(points * worth / most, 2))
